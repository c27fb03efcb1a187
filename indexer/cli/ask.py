"""`rwa show` and `rwa query`: answers from the tables."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.fetch import ChainsOption
from indexer.cli.optional import HERE
from indexer.cli.output import Format, FormatOption, JsonOption, chosen, emit, say
from indexer.cli.shell import Shell, registry_of, shell, tables
from indexer.floor.errors import Usage

if TYPE_CHECKING:
    import pyarrow as pa

    from indexer.config.model import Registry
    from indexer.serve.questions import Typed

QUERY_ROWS = 100_000
MOST_ROWS = 10**15
QUERY_SECONDS = 120.0


class What(StrEnum):
    """What `rwa show` answers."""

    SUPPLY = "supply"
    ROLLFORWARD = "rollforward"
    HOLDERS = "holders"
    BALANCES = "balances"
    FLOWS = "flows"
    TRANSFERS = "transfers"
    NAV = "nav"
    PRODUCT = "product"
    YIELD = "yield"
    QUEUE = "queue"
    COHORTS = "cohorts"


class Basis(StrEnum):
    """What `rwa show rollforward` is of."""

    TOTAL = "total"
    CIRCULATING = "circulating"


BRIEF: Mapping[What, tuple[str, ...]] = {
    What.SUPPLY: (
        "token", "chain_id", "as_of", "supply", "circulating", "multiplier", "certificate", "why_null",
    ),
    What.BALANCES: (
        "token", "chain_id", "as_of", "holder", "balance", "escrowed", "beneficial", "role", "label", "why_null",
    ),
    What.HOLDERS: (
        "token", "chain_id", "as_of", "day", "addresses", "holders", "entities", "entered", "exited", "top10_share",
        "nakamoto", "lower_bound", "why_null",
    ),
    What.FLOWS: (
        "token", "chain_id", "day", "effect", "reason", "evidence", "transactions", "amount", "value_usd", "parties",
        "why_null",
    ),
    What.TRANSFERS: (
        "token", "chain_id", "block_time", "tx_hash", "from_address", "to_address", "amount", "effect", "reason",
        "evidence", "why_null",
    ),
    What.NAV: (
        "token", "chain_id", "as_of", "nav", "currency", "nav_effective_at", "age_hours", "nav_stale", "kind", "value",
        "why_null",
    ),
    What.PRODUCT: (
        "product", "day", "supply", "circulating", "value_gross", "value_net", "chains_indexed", "chains_known",
        "complete", "why_incomplete",
    ),
    What.YIELD: (
        "token", "chain_id", "as_of", "yield_7d", "yield_7d_from", "yield_7d_to", "yield_30d", "yield_30d_from",
        "yield_30d_to", "yield_period", "yield_period_from", "yield_period_to", "method", "why_null",
    ),
    What.QUEUE: (
        "token", "chain_id", "as_of", "kind", "settled", "waits", "p50_seconds", "p95_seconds", "open", "open_amount",
        "oldest_open_at", "why_null",
    ),
}  # fmt: skip
"""What a table shows where an answer has more columns than a person reads at once."""


def show(  # noqa: PLR0913 - each is an option
    context: typer.Context,
    *,
    what: Annotated[What, typer.Argument(help="Which answer.", show_default=False)],
    name: Annotated[str, typer.Argument(metavar="TOKEN|PRODUCT", help="Of which token or product.")],
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="BLOCK|DAY|TIME", help="At this block, day's close or UTC time."),
    ] = None,
    first: Annotated[str | None, typer.Option("--from", metavar="DAY", help="First UTC day.")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DAY", help="Last UTC day.")] = None,
    chain: ChainsOption = None,
    product: Annotated[
        bool, typer.Option("--product", help="The name is a product's, not a token's.")
    ] = False,
    basis: Annotated[Basis, typer.Option("--basis", help="Roll-forward of this supply.")] = Basis.TOTAL,
    known_on: Annotated[
        str | None, typer.Option("--known-on", metavar="DAY", help="Days as they were published by that day.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, max=MOST_ROWS, metavar="N", help="At most so many rows.")
    ] = None,
    plot: Annotated[
        str | None,
        typer.Option("--plot", metavar="[FILE.svg|.png|.html]", help="Draw it: here, or into a file."),
    ] = None,
    wanted: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Supply, holders, flows, prices … of a token or a product.

    Example: rwa show supply ustb --at 2025-06-30

    Example: rwa show rollforward ustb --from 2025-06-01 --to 2025-06-30 --plot june.svg
    """
    how = chosen(wanted, as_json)
    if plot is not None:
        _check_plot(what, at, how)
    if what in (What.BALANCES, What.QUEUE, What.COHORTS) and (first or last):
        raise Usage(
            f"{what.value.capitalize()} is told of one moment: ask with --at for a block, a day's close or a time."
        )
    if basis is not Basis.TOTAL and what is not What.ROLLFORWARD:
        raise Usage(
            "--basis belongs to `rwa show rollforward`; `rwa show supply` has both figures side by side."
        )
    from indexer.serve.questions import Typed  # noqa: PLC0415 - help does not pay for DuckDB

    typed = Typed(name, product, tuple(chain or ()), at, first, last, limit, basis.value, known_on=known_on)
    if plot is not None:
        _plot(shell(context), what.value, typed, plot)
        return
    emit(answer(shell(context), what.value, typed), how, BRIEF.get(what, ()))


def _check_plot(what: What, at: str | None, how: Format) -> None:
    """Raise Usage where there is nothing to draw."""
    if what in (What.QUEUE, What.COHORTS):
        raise Usage(f"There is no picture of {what.value}; leave --plot out.")
    if what is What.TRANSFERS:
        raise Usage(
            "Entries of the ledger are no picture; `rwa show flows TOKEN --plot` draws them by day and reason."
        )
    if how is not Format.TABLE:
        raise Usage("--plot draws and --format prints rows; give one of the two.")
    if at is not None and what is not What.BALANCES:
        raise Usage("--plot draws days: leave --at out, or give --from and --to.")


def _plot(stood: Shell, what: str, typed: Typed, file: str) -> None:
    """Draw an answer in the terminal, or into *file*."""
    if file == HERE:
        from indexer.cli.plot import plot_lines  # noqa: PLC0415 - seldom asked for

        drawn = list(plot_lines(answer(stood, what, typed).to_pylist(), what))
        if not drawn:
            sys.stderr.write(f"{_NO_DAY}; `rwa show {what} {typed.name}` has the days of this home.\n")
        say(*drawn)
        return
    from indexer.serve import questions  # noqa: PLC0415 - help does not pay for DuckDB
    from indexer.serve.picture import picture, save, writer  # noqa: PLC0415 - same

    write = writer(file)
    settings = stood.settings()
    registry = registry_of(settings)
    asked = questions.question(registry, typed)
    with tables(settings, registry) as con:
        rows = questions.answer(con, what, asked, typed.chains)
        spec = picture(con, what, rows.to_pylist(), _title(registry, typed.name))
    if spec is None:
        raise Usage(f"{_NO_DAY}; `rwa show {what} {typed.name}` has the days of this home.")
    save(file, write(spec))
    sys.stderr.write(f"{file} is written.\n")


def _title(registry: Registry, name: str) -> str:
    """Return what a picture is called: the symbol of a token, else the name as it was typed."""
    token = registry.tokens.get(name.lower())
    return token.symbol if token else name


_NO_DAY = "There is no day to draw"


def answer(stood: Shell, what: str, typed: Typed) -> pa.Table:
    """Return the rows of one answer."""
    from indexer.serve import questions  # noqa: PLC0415 - help does not pay for DuckDB

    settings = stood.settings()
    registry = registry_of(settings)
    asked = questions.question(registry, typed)
    with tables(settings, registry) as con:
        found: pa.Table = questions.answer(con, what, asked, typed.chains)
        if found.num_rows == 0:
            sys.stderr.write(questions.covered(con, asked) + "\n")
        return found


def query(
    context: typer.Context,
    *,
    sql: Annotated[
        str, typer.Argument(metavar='"SELECT …"', help="One SELECT in DuckDB's SQL; - reads it from stdin.")
    ],
    limit: Annotated[
        int, typer.Option(min=1, max=MOST_ROWS, metavar="N", help="At most so many rows.")
    ] = QUERY_ROWS,
    timeout: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="Stop after so long.")
    ] = QUERY_SECONDS,
    wanted: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read-only SQL over all tables.

    `rwa query "SHOW TABLES"` names them, `rwa query "DESCRIBE transfers"` the columns of one.

    Example: rwa query "SELECT day, supply FROM supply_daily WHERE token = 'ustb' ORDER BY day"
    """
    from indexer.store.read import guarded  # noqa: PLC0415 - help does not pay for DuckDB

    how = chosen(wanted, as_json)
    settings = shell(context).settings()
    asked = sys.stdin.read() if sql == "-" else sql
    with tables(settings, registry_of(settings)) as con:
        rows = guarded(con, asked, limit + 1, timeout, settings.lake)
    if rows.num_rows > limit:
        sys.stderr.write(f"Only the first {limit:,} rows are shown; ask for more with --limit.\n")
    try:
        emit(rows.slice(0, limit), how)
    except OverflowError:
        raise Usage(
            "The query gives a date or a time outside the years 1 to 9999, which cannot be shown; give it as text: "
            "CAST(… AS VARCHAR)."
        ) from None
