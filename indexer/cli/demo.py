"""`rwa demo`: the main job from end to end on recorded chains, with nothing to set up."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from indexer.cli.ask import BRIEF, What, answer
from indexer.cli.derive import failed
from indexer.cli.fetch import judge
from indexer.cli.output import Format, Sheet, emit, say
from indexer.cli.progress import progress
from indexer.cli.shell import Shell, registry_of, shell
from indexer.floor.assets import config_dir, recordings_dir
from indexer.floor.errors import Mismatch, Usage

if TYPE_CHECKING:
    import pyarrow as pa

    from indexer.sync.orders import Outcome

RECORDINGS = ("ustb", "stbt", "tbill")
TOKENS = ("ustb", "stbt", "wstbt", "tbill")
HOME = "rwa-demo"
MARK = ".rwa-demo"
"""Stands in every home that the demo made: another folder's content is never touched."""

_CERTIFICATE = ("token", "supply", "contract_supply", "holders_checked", "holders_wrong", "verdict", "reason")

_INTRO = """\
These are recorded chains: the issuers' real contracts of USTB, STBT, wSTBT and TBILL, run on a local
node with simulated activity. A local JSON-RPC endpoint plays them; nothing leaves this machine."""


class Section(NamedTuple):
    """One answer that the demo prints: of what, for how many days, and what it means."""

    what: What
    token: str
    chain: str
    days: int
    meaning: str


_SECTIONS = (
    Section(What.SUPPLY, "ustb", "ustb", 5, "at the close of each day; the last row is the newest block."),
    Section(What.ROLLFORWARD, "stbt", "stbt", 4, "opening + movements = closing; interest is `rebased`."),
    Section(What.HOLDERS, "tbill", "tbill", 5, "holders are the addresses without issuer and escrow roles."),
    Section(What.FLOWS, "ustb", "ustb", 3, "what moved, why, and on what evidence."),
)

_NEXT = """\

Ask this home, for example:
  {rwa} --home {home} show supply stbt --plot
  {rwa} --home {home} show balances tbill --limit 10
  {rwa} --home {home} query "SELECT token, reason, count(*) AS n FROM transfers GROUP BY ALL ORDER BY ALL"
The same on mainnet, with your own endpoint, into ./rwa-data:
  {rwa} --rpc ethereum=https://… backfill ustb
  {rwa} show supply ustb"""


def demo(
    context: typer.Context,
    home: Annotated[
        str | None, typer.Option(metavar="DIR", help=f"Where the data goes; ./{HOME} if not given.")
    ] = None,
) -> None:
    """Backfill, verify and show recorded chains.

    The whole line, without an endpoint or a key of your own.

    Running it again on the same folder fetches nothing and changes nothing.

    Example: rwa demo --home my-demo
    """
    stood = shell(context)
    place = Path(home or stood.home or HOME)
    say(_INTRO, "")
    with _endpoint() as rpc:
        _prepare(place)
        here = Shell(
            home=str(place),
            database=f"sqlite:///{place.absolute() / 'rwa.db'}",
            lake=str(place.absolute() / "lake"),
            config=str(config_dir()),
            rpc=rpc,
            sql="all",
            quiet=stood.quiet,
        )
        certificates = _run(here)
    for section in _SECTIONS:
        _print(here, section)
    say(_NEXT.format(home=place, rwa=_command()))
    wrong = failed(certificates)
    if wrong:
        raise Mismatch(f"Events and contract differ: {', '.join(wrong)}.")


def _command() -> str:
    """Return how `rwa` is called from here: it may lie in an environment that is not active."""
    if shutil.which("rwa"):
        return "rwa"
    return f"{sys.executable} -m indexer" if sys.argv[0].endswith("__main__.py") else sys.argv[0]


def _print(here: Shell, section: Section) -> None:
    from indexer.serve.questions import Typed  # noqa: PLC0415 - help does not pay for DuckDB

    rows = answer(here, section.what, Typed(section.token, chains=(section.chain,)))
    rows = _last_days(rows, section.days)
    say("", f"{section.what.value} of {section.token}: {section.meaning}")
    names = [name for name in BRIEF.get(section.what, rows.column_names) if name in rows.column_names]
    emit(rows.select(names), Format.TABLE)


@contextmanager
def _endpoint() -> Iterator[tuple[str, ...]]:
    """Play the recorded chains while the context lasts; yields what --rpc takes."""
    from indexer.serve.recording import Recording  # noqa: PLC0415 - help does not load the server
    from indexer.serve.replay import Replay, serving  # noqa: PLC0415 - same

    paths = [recordings_dir() / f"{name}.json.gz" for name in RECORDINGS]
    with serving(Replay([Recording(path) for path in paths])) as base_url:
        yield tuple(f"{name}={base_url}/{name}" for name in RECORDINGS)


def _prepare(home: Path) -> None:
    """Lay the recorded chains' configuration into the home, so that later commands know them too."""
    from indexer.store.trouble import store_errors  # noqa: PLC0415 - help does not pay for the store

    mark = home / MARK
    if home.exists() and not mark.exists() and not (home.is_dir() and not any(home.iterdir())):
        raise Usage(f"{home} holds something else; name an empty folder with `rwa demo --home DIR`.")
    with store_errors(f"making the home {home}"):
        home.mkdir(parents=True, exist_ok=True)
        mark.touch()
        shutil.copytree(recordings_dir() / "config", home / "config", dirs_exist_ok=True)


def _run(here: Shell) -> pa.Table:
    """Backfill and verify; prints how far each token is, and its certificates."""
    from indexer.sync.backfill import backfill  # noqa: PLC0415 - help does not pay for the line
    from indexer.sync.certify import verify  # noqa: PLC0415 - same
    from indexer.sync.orders import Order  # noqa: PLC0415 - same

    settings = here.settings()
    registry = registry_of(settings)
    tokens = tuple(registry.tokens[name] for name in TOKENS)
    with progress(quiet=here.quiet) as told:
        outcome = backfill(settings, registry, Order(tokens, verify=False), told)
        certificates = verify(settings, registry, tokens, None, told)
    say(f"Fetched in {outcome.requests:,} JSON-RPC requests, written to Parquet and SQLite in {here.home}.")
    emit(_reached(outcome), Format.TABLE)
    say("", "Certificates: supply and balances from events, compared with the contract's own state.")
    emit(certificates.select(_CERTIFICATE), Format.TABLE)
    judge(outcome)
    return certificates


def _reached(outcome: Outcome) -> Sheet:
    """Return how far each token is; its verdict comes with the certificates."""
    names = ("token", "chain", "frontier_block", "frontier_time", "note")
    return Sheet(names, [tuple(getattr(result, name) for name in names) for result in outcome.results])


def _last_days(rows: pa.Table, days: int) -> pa.Table:
    """Return the rows of the last *days* days, and those without a day."""
    import pyarrow.compute as pc  # noqa: PLC0415 - help does not pay for Arrow

    known = pc.unique(rows["day"]).drop_null().sort()
    if len(known) <= days:
        return rows
    first = known[len(known) - days]
    late = pc.greater_equal(rows["day"], first)
    return rows.filter(pc.fill_null(late, fill_value=True))
