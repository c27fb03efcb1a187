"""`rwa reconcile`: what somebody reports of a token, beside what the chain tells."""

from __future__ import annotations

import hashlib
import sys
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from indexer.cli.bring import read_file
from indexer.cli.output import FormatOption, JsonOption, chosen, csv_text, emit, sheet
from indexer.cli.shell import named, registry_of, shell, tables
from indexer.config.select import absent
from indexer.floor.cells import safe
from indexer.floor.errors import Mismatch, Usage
from indexer.floor.when import day

if TYPE_CHECKING:
    from indexer.config.model import Token
    from indexer.serve.reconciling import Given, Outcome

BRIEF = (
    "status", "kind", "chain", "day", "reported", "ours", "difference", "our_day", "shift", "evidence", "lines", "why",
)  # fmt: skip
MOST_FAULTS = 20
MOST_SHIFT = 30


def reconcile(  # noqa: PLR0913 - each is an option
    context: typer.Context,
    *,
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="CSV with a header; - reads it from stdin.", show_default=False),
    ],
    token: Annotated[
        str, typer.Option("--token", metavar="T", help="The token it tells of.", show_default=False)
    ],
    tolerance: Annotated[
        str, typer.Option("--tolerance", metavar="AMOUNT|digits", help="Largest difference that matches.")
    ] = "0",
    shift: Annotated[
        int,
        typer.Option("--shift", min=0, max=MOST_SHIFT, metavar="N", help="Look so many business days away."),
    ] = 5,
    calendar: Annotated[
        str,
        typer.Option(
            "--calendar", metavar="NAME", help="Whose business days: a market, a country, weekdays."
        ),
    ] = "XSIF",
    first: Annotated[
        str | None,
        typer.Option("--from", metavar="DAY", help="What is on chain from this day on is compared."),
    ] = None,
    last: Annotated[
        str | None,
        typer.Option("--to", metavar="DAY", help="Up to this day; those of the file if not given."),
    ] = None,
    report: Annotated[
        list[str] | None,
        typer.Option("--report", metavar="FILE.csv|.html", help="Also write this; repeatable."),
    ] = None,
    differences: Annotated[
        bool, typer.Option("--differences", help="Print only rows that do not match.")
    ] = False,
    wanted: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare what an issuer, an administrator or rwa.xyz reports with what the chain tells.

    FILE has the columns day, kind, amount and, if wanted, chain (empty: all chains of the token together). Kinds are
    supply, circulating, holders, nav and value at a day's close, and flows by their reason: issuance, redemption,
    distribution, fee, bridge_out … Several rows of one flow and day are added, or matched one by one.

    Exit code 3 where anything does not match; 2 where all that could be read matches and some rows could not.
    --tolerance digits accepts what rounding to the digits of the report explains.

    Example: rwa reconcile june.csv --token ustb --report june.html --report june-compared.csv
    """
    from indexer.serve.reconciling import COLUMNS, compared  # noqa: PLC0415 - help does not pay for it

    how = chosen(wanted, as_json)
    writers = [(path, _writer(path)) for path in report or []]
    settings = shell(context).settings()
    registry = registry_of(settings)
    meant = _token(registry, token)
    days = (day("--from", first), day("--to", last))
    given = _read(file, (registry, meant), _tolerance(tolerance), (shift, calendar), days)
    with tables(settings, registry) as con:
        outcome = compared(con, meant, given)
    if not outcome.proofs:
        raise Usage(absent([meant.id]))
    for path, write in writers:
        _save(path, write(given, outcome))
    rows = [row for row in outcome.rows if not (differences and row["status"] == "matched")]
    emit(sheet(rows, COLUMNS), how, BRIEF)
    _say(given, outcome)


def _token(registry: Any, name: str) -> Token:
    tokens = named(registry, [name])
    if len(tokens) != 1:
        ids = ", ".join(token.id for token in tokens)
        raise Usage(f"--token {name} means several tokens ({ids}); reconcile each with a report of its own.")
    return tokens[0]


def _tolerance(typed: str) -> Decimal | None:
    """Return the largest difference that matches; None where the digits of the report decide."""
    if typed == "digits":
        return None
    try:
        value = Decimal(typed)
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or value < 0:
        raise Usage(f"--tolerance {typed!r} is no amount; give one such as 0.01, or the word digits.")
    return value


def _read(
    file: str,
    scope: tuple[Any, Token],
    tolerance: Decimal | None,
    reach: tuple[int, str],
    days: tuple[date | None, date | None],
) -> Given:
    from indexer.config.reported import Asked, read_report  # noqa: PLC0415 - help does not pay for it
    from indexer.ledger.values import REASONS  # noqa: PLC0415 - same
    from indexer.serve.reconciling import Given  # noqa: PLC0415 - same
    from indexer.verify.business import business_days  # noqa: PLC0415 - same
    from indexer.verify.findings import Terms  # noqa: PLC0415 - same

    name, data = read_file(file)
    today = datetime.now(UTC).date()
    read = read_report(name, data, Asked(*scope, REASONS, today))
    told = [row.day for row in read.rows] or [today]
    first, last = days
    if first and last and first > last:
        raise Usage(f"--from {first} lies after --to {last}; give an earlier --from, or a later --to.")
    calendar = business_days(
        reach[1], min(told + ([first] if first else [])), max(told + ([last] if last else []))
    )
    terms = Terms(tolerance, reach[0], calendar, first, last)
    return Given(name, hashlib.sha256(data).hexdigest(), read, terms)


def _writer(path: str) -> Any:
    ending = Path(path).suffix.lower()
    if ending not in _WRITERS:
        raise Usage(f"--report {path} ends in neither .csv nor .html; name a file that does.")
    return _WRITERS[ending]


def _csv(given: Given, outcome: Outcome) -> str:
    from indexer.serve.reconciling import COLUMNS  # noqa: PLC0415 - help does not pay for it

    del given
    return csv_text(sheet(outcome.rows, COLUMNS))


def _html(given: Given, outcome: Outcome) -> str:
    from indexer.serve.reconciling import html_of  # noqa: PLC0415 - help does not pay for it

    return html_of(given, outcome)


_WRITERS = {".csv": _csv, ".html": _html}


def _save(path: str, content: str) -> None:
    try:
        Path(path).write_text(content, encoding="utf-8")
    except OSError as error:
        raise Usage(f"{path} cannot be written ({error.strerror}); name another --report.") from None


def _say(given: Given, outcome: Outcome) -> None:
    """Tell what a reader of the rows must know, and raise what the exit code says."""
    from indexer.serve.reconciling import notes_of, verdict  # noqa: PLC0415 - help does not pay for it

    report = given.report
    for fault in report.faults[:MOST_FAULTS]:
        sys.stderr.write(f"Not read: {safe(fault)}\n")
    if len(report.faults) > MOST_FAULTS:
        sys.stderr.write(f"And {len(report.faults) - MOST_FAULTS} more rows were not read.\n")
    for note in notes_of(report, outcome):
        sys.stderr.write(f"{safe(note)}\n")
    said = verdict(outcome, report)
    if outcome.counts["matched"] < sum(outcome.counts.values()):
        raise Mismatch(f"{given.name} and the chain differ. {said}")
    if report.faults:
        raise Usage(f"{said} Mend these lines and run it again.")
    sys.stderr.write(said + "\n")
