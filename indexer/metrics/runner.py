"""Runs the metric models and their audits on DuckDB, over views that the caller has registered."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from indexer.floor.errors import Permanent, Usage
from indexer.floor.tables import METRICS, TABLES, Table, arrow_schema
from indexer.metrics.models import COMPUTED, audits, models, needed, statement

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

INPUTS = (
    "transfers", "rebases", "supply_changes", "request_events", "entity_wallets", "undecoded", "derivations",
    "calendar", "products", "tokens", "deployments", "address_roles", "certificates", "publications", "bridge_legs",
    "external_supply", "navs", "distributions", "activity_before",
)  # fmt: skip
"""The views that must be there: all rows of the tokens in question, of each token all chains at once."""


_MOST = 20
"""How many rows of one audit are returned; the rest are counted."""


BEFORE = "activity_before"
"""The input that only a run from a day on has rows of: adjusted volume of the days before."""


class Break(NamedTuple):
    """One row of an audit: which audit, of which token and chain, and what does not hold."""

    audit: str
    token: str
    chain_id: str
    detail: str


def model_order() -> list[str]:
    """Return the names of the stored models, each after all that it reads."""
    return [name for name, model in models().items() if not model.is_step]


def compute(
    con: duckdb.DuckDBPyConnection, only: Sequence[str] | None = None, given: Collection[str] = ()
) -> Iterator[tuple[str, pa.Table]]:
    """Yield (table name, its rows sorted by key) for every metric table, or for those named in *only*.

    Metrics *given* are not computed: the caller shows their rows as views. The rows also stay in *con*, in
    the schema `computed`, until the next run: ``audit`` reads them there.
    """
    from indexer.metrics import exact  # noqa: PLC0415 - it imports Arrow

    wanted = _wanted(only)
    exact.register(con)
    con.execute(f"DROP SCHEMA IF EXISTS {COMPUTED} CASCADE")
    con.execute(f"CREATE SCHEMA {COMPUTED}")
    _check_calendar(con)
    show_before(con)
    run = needed(wanted, frozenset(given))
    waiting = {name: {other for other in run if name in models()[other].reads} for name in run - wanted}
    for name, model in models().items():
        if name in run:
            con.execute(f"CREATE TABLE {COMPUTED}.{name} AS {statement(model.path, run)}")
            _finish(con, name)
            if name in wanted:
                yield name, _rows(con, TABLES[name])
            _drop_read(con, waiting, name)


def show_before(con: duckdb.DuckDBPyConnection, rows: pa.Table | None = None) -> None:
    """Show *rows* as what went before the days of a run; none where nobody showed any."""
    columns = "token VARCHAR, chain_id VARCHAR, day DATE, volume_adjusted DECIMAL(38, 18)"
    con.execute(f"CREATE TEMP TABLE IF NOT EXISTS {BEFORE} ({columns})")
    if rows is not None:
        con.register("rows_before", rows)
        con.execute(f"CREATE OR REPLACE TEMP TABLE {BEFORE} AS SELECT * FROM rows_before")
        con.unregister("rows_before")


def _drop_read(con: duckdb.DuckDBPyConnection, waiting: dict[str, set[str]], made: str) -> None:
    """Drop the steps that nobody reads any more after *made*: their memory is the next one's."""
    for name, readers in list(waiting.items()):
        readers.discard(made)
        if not readers and name != made:
            con.execute(f"DROP TABLE {COMPUTED}.{name}")
            del waiting[name]


def _finish(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Put what Python makes of the rows of a step in their place: figures of concentration, growth by payments."""
    from indexer.metrics.concentration import concentrate  # noqa: PLC0415 - it imports Arrow and numpy
    from indexer.metrics.growing import grow  # noqa: PLC0415 - same

    finish = {"concentration": concentrate, "growth": grow}.get(name)
    if finish is None:
        return
    made = finish(con, f"{COMPUTED}.{name}")
    con.register("made_of_rows", made)
    con.execute(f"CREATE OR REPLACE TABLE {COMPUTED}.{name} AS SELECT * FROM made_of_rows")
    con.unregister("made_of_rows")


def audit(con: duckdb.DuckDBPyConnection, only: Collection[str] | None = None) -> list[Break]:
    """Return the rows that the audit queries find, or those named in *only*; none where the metrics hold together.

    Of each audit the first twenty; the detail of the last says how many more there are. Reads what
    ``compute`` left in *con*; where it left nothing, the metric tables that *con* shows.
    """
    rows = con.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", [COMPUTED]
    ).fetchall()
    computed = frozenset(name for (name,) in rows)
    found: list[Break] = []
    for path in audits():
        if only is not None and path.stem not in only:
            continue
        rows = con.sql(statement(path, computed)).order("token, chain_id, detail").fetchall()
        found.extend(Break(path.stem, *row) for row in rows[:_MOST])
        if len(rows) > _MOST:
            last = found[-1]
            found[-1] = last._replace(detail=f"{last.detail}; and {len(rows) - _MOST} more rows")
    return found


def _wanted(only: Sequence[str] | None) -> frozenset[str]:
    names = {table.name for table in METRICS}
    unknown = sorted(set(only or ()) - names)
    if unknown:
        raise Usage(f"No metric is called {', '.join(unknown)}. There are: {', '.join(sorted(names))}.")
    return frozenset(only or names)


def _check_calendar(con: duckdb.DuckDBPyConnection) -> None:
    """Refuse a calendar that does not hold every day of the inputs: rows outside would be lost in silence."""
    rows = con.execute(
        "WITH instants AS ("
        " SELECT block_time AS instant FROM transfers UNION ALL SELECT effective_at FROM supply_changes"
        " UNION ALL SELECT effective_at FROM rebases UNION ALL SELECT frontier_time FROM derivations)"
        " SELECT min(instant), max(instant), (SELECT min(starts_at) FROM calendar WHERE boundary = 'utc'),"
        " (SELECT max(ends_at) FROM calendar WHERE boundary = 'utc') FROM instants"
    ).fetchall()
    first, last, starts, ends = rows[0]
    if first is not None and (starts is None or first < starts or last >= ends):
        raise Permanent(
            f"The metrics cannot be computed: the calendar holds {starts} to {ends}, the rows need {first} to {last}. "
            "Make the calendar from the first event's day to the frontier's."
        )


def _rows(con: duckdb.DuckDBPyConnection, table: Table) -> pa.Table:
    """Return the computed rows of *table* in its declared schema, sorted by its key."""
    schema = arrow_schema(table)
    order = ", ".join(table.key)
    rows = con.sql(
        f"SELECT {', '.join(table.names)} FROM {COMPUTED}.{table.name} ORDER BY {order}"
    ).to_arrow_table()
    for column, made in zip(schema, rows.schema, strict=True):
        if column.type != made.type:
            raise Permanent(
                f"{table.name}.sql makes {column.name} as {made.type}, declared is {column.type}."
            )
        if not column.nullable and rows[column.name].null_count:
            raise Permanent(
                f"{table.name}.sql leaves {column.name} without a value, which the table does not allow."
            )
    return rows.cast(schema)
