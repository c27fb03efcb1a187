"""`rwa show` and `rwa query`: answers from the tables."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.fetch import ChainsOption
from indexer.cli.output import Format, FormatOption, JsonOption, chosen, emit, say
from indexer.cli.shell import Shell, absent, chains_for, named, registry_of, shell, tables
from indexer.floor.errors import Usage
from indexer.floor.when import day, instant

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from indexer.metrics.answers import Question

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
    limit: Annotated[
        int | None, typer.Option(min=1, max=MOST_ROWS, metavar="N", help="At most so many rows.")
    ] = None,
    plot: Annotated[bool, typer.Option("--plot", help="Draw supply instead of printing rows.")] = False,
    wanted: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Supply, holders, flows, prices … of a token or a product.

    Example: rwa show supply ustb --at 2025-06-30
    """
    how = chosen(wanted, as_json)
    if plot and (what is not What.SUPPLY or at is not None or how is not Format.TABLE):
        raise Usage(
            "--plot draws supply over days: `rwa show supply TOKEN --plot`, without --at or a format."
        )
    if at is not None and (first or last):
        raise Usage("--at asks for one moment, --from and --to for days; give one of the two.")
    if what is What.BALANCES and (first or last):
        raise Usage("Balances are those of one moment: ask with --at for a block, a day's close or a time.")
    if basis is not Basis.TOTAL and what is not What.ROLLFORWARD:
        raise Usage(
            "--basis belongs to `rwa show rollforward`; `rwa show supply` has both figures side by side."
        )
    typed = (at, first, last)
    rows = answer(
        shell(context), what.value, (name, product, tuple(chain or ())), typed, (limit, basis.value)
    )
    if plot:
        from indexer.cli.plot import plot_lines  # noqa: PLC0415 - seldom asked for

        drawn = list(plot_lines(rows.to_pylist()))
        if not drawn:
            sys.stderr.write(
                f"There is no day to draw; `rwa show supply {name}` has the days of this home.\n"
            )
        say(*drawn)
        return
    emit(rows, how, BRIEF.get(what, ()))


def answer(
    stood: Shell,
    what: str,
    scope: tuple[str, bool, tuple[str, ...]],
    typed: tuple[str | None, str | None, str | None],
    shape: tuple[int | None, str],
) -> pa.Table:
    """Return the rows of one answer.

    *scope* is name, --product and --chain, *typed* --at, --from, --to, *shape* --limit and --basis.
    """
    from indexer.metrics import answers  # noqa: PLC0415 - help does not pay for DuckDB

    settings = stood.settings()
    registry = registry_of(settings)
    name, product, chains = scope
    tokens = named(registry, [name], product=product)
    at, first, last = typed
    question: Question = answers.Question(
        tokens=tuple(token.id for token in tokens),
        chain_ids=tuple(registry.chains[chain].id for chain in chains_for(registry, chains) or ()) or None,
        at=None if at is None else instant(at),
        first=day("--from", first),
        last=day("--to", last),
        limit=shape[0],
        basis=shape[1],
    )
    if question.first and question.last and question.first > question.last:
        raise Usage(f"--from {first} lies after --to {last}; give an earlier --from, or a later --to.")
    with tables(settings, registry) as con:
        _refuse_absent(con, question, chains)
        found: pa.Table = answers.ANSWERS[what](con, question)
        if found.num_rows == 0:
            sys.stderr.write(_covered(con, question.tokens))
        return found


def _refuse_absent(con: duckdb.DuckDBPyConnection, q: Question, chains: tuple[str, ...]) -> None:
    """Raise Usage where nothing of *q* is in the home: no rows would read as nothing happened."""
    rows = con.execute(
        "SELECT token, chain_id, chain FROM derivations JOIN chains USING (chain_id)"
    ).fetchall()
    held = [(chain_id, chain) for token, chain_id, chain in rows if token in q.tokens]
    if not held:
        raise Usage(absent(q.tokens))
    if q.chain_ids and not {chain_id for chain_id, _ in held} & set(q.chain_ids):
        has = ", ".join(sorted({chain for _, chain in held}))
        raise Usage(
            f"This home has {' and '.join(q.tokens)} on {has}, not on {', '.join(chains)}; leave --chain out, or "
            f"fetch that chain first: `rwa backfill {' '.join(q.tokens)} --chain {chains[0]}`."
        )


def _covered(con: duckdb.DuckDBPyConnection, tokens: tuple[str, ...]) -> str:
    """Return the sentence that says which days the home has of *tokens*."""
    days = (
        "SELECT MIN(day), MAX(day) FROM activity_daily WHERE LIST_CONTAINS(CAST($tokens AS VARCHAR[]), token)"
    )
    first, last = con.execute(days, {"tokens": list(tokens)}).fetchall()[0]
    has = f"from {first} to {last}" if first else "without a day that has an event"
    return f"This home has {' and '.join(tokens)} {has}.\n"


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
