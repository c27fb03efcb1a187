"""Metrics from a day on: what lies before stands as one opening row a holder, so that closed days cost nothing.

The models know nothing of it. Their inputs are cut at the first changed day of each place, and in place of all that
lay before stand, at the close before, one mint a holder, one request a claim behind an escrow, the last change of
supply and the last price. The rows of that day are thrown away. Yields reach back further than a day and are cut on
their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from indexer.floor.tables import (
    ACTIVITY_DAILY,
    BALANCES,
    METRICS,
    NAVS,
    PRODUCT_DAILY,
    REBASES,
    SUPPLY_CHANGES,
    TABLES,
    TRANSFERS,
    YIELDS_DAILY,
    arrow_schema,
)
from indexer.metrics.models import COMPUTED, models, statement
from indexer.metrics.runner import compute, show_before

if TYPE_CHECKING:
    import duckdb

_HERE = Path(__file__).parent / "openings"
_WINDOW = 29
"""Days before a day that its rolling figures reach back."""

OPENED = ("supply_rollforward", "supply_daily")
"""Tables whose rows of the opening day would be found by an audit: nothing moved there, and yet all is there."""

Key = tuple[str, str]


def compute_since(
    con: duckdb.DuckDBPyConnection, cuts: Mapping[Key, date], held: Mapping[str, pa.Table]
) -> dict[str, pa.Table]:
    """Return the metric rows of every (token, chain id) of *cuts* from its day on; balances and requests whole.

    *con* shows the models' inputs, whole. *held* are the committed tables that were made of what lies before the
    cuts and maybe more: `balances`, `activity_daily`, and the `transfers` that balances were made of from the cuts on.
    Every place must have had a close before its day, with units known for all; of one token all cuts are alike.
    """
    _put(con, "cuts", _cuts(cuts))
    _put(con, "held_balances", held[BALANCES.name])
    _put(con, "held_transfers", held[TRANSFERS.name])
    _claims(con)
    opening = {name: con.sql(_sql(name)).to_arrow_table() for name in ("firsts", "holders")}
    for name, rows in opening.items():
        _put(con, name, rows)
    _put(con, "yield_cuts", con.sql(_sql("yield_cuts")).to_arrow_table())
    cut = {name: _made(con, name) for name in ("transfers", "supply_changes", "navs")}
    cut[REBASES.name] = _since(con, REBASES.name, "effective_at")
    _show(con, _reaching_back(con))
    made = dict(compute(con, [YIELDS_DAILY.name]))
    _show(con, cut)
    show_before(con, _activity(held[ACTIVITY_DAILY.name], cuts))
    made |= compute(con, [t.name for t in METRICS if t not in (YIELDS_DAILY, PRODUCT_DAILY)])
    con.register("made_yields", made[YIELDS_DAILY.name])
    con.execute(f"CREATE TABLE {COMPUTED}.{YIELDS_DAILY.name} AS SELECT * FROM made_yields")
    made[BALANCES.name] = _dated(con, made[BALANCES.name], opening["holders"])
    for name in OPENED:
        con.execute(
            f"DELETE FROM {COMPUTED}.{name} AS m USING cuts c"
            " WHERE m.token = c.token AND m.chain_id = c.chain_id AND m.day < CAST(c.starts_at AS DATE)"
        )
    return {name: from_days(rows, cuts) for name, rows in made.items()}


def from_days(rows: pa.Table, cuts: Mapping[Key, date], *, before: bool = False) -> pa.Table:
    """Return the rows of days from the cut of their place on, or those before; a table without days is left whole.

    Rows over all chains go by the first cut of their token.
    """
    if "day" not in rows.column_names or "token" not in rows.column_names:
        return rows
    days = dict(cuts)
    for (token, _), day in cuts.items():
        days[token, "all"] = min(day, days.get((token, "all"), day))
    table = pa.table(
        {
            "token": pa.array([token for token, _ in days], pa.string()),
            "chain_id": pa.array([chain for _, chain in days], pa.string()),
            "cut": pa.array(list(days.values()), pa.date32()),
            "at": pa.array(range(len(days)), pa.int32()),
        }
    )
    if len(days) == 1 or len(set(days.values())) == 1:
        day = pa.scalar(next(iter(days.values())), pa.date32())
        return rows.filter(pc.less(rows["day"], day) if before else pc.greater_equal(rows["day"], day))
    import duckdb  # noqa: PLC0415 - help does not pay for DuckDB

    sign = "<" if before else ">="
    with duckdb.connect(":memory:") as con:
        con.register("rows", rows)
        con.register("cut_days", table)
        found: pa.Table = con.sql(
            "SELECT r.* FROM rows r JOIN cut_days c ON c.token = r.token AND c.chain_id = r.chain_id"
            f" WHERE r.day {sign} c.cut"
        ).to_arrow_table()
    return found.cast(rows.schema)


def _cuts(cuts: Mapping[Key, date]) -> pa.Table:
    starts = [datetime(day.year, day.month, day.day) for day in cuts.values()]  # noqa: DTZ001 - UTC, as tables hold it
    time = pa.timestamp("us")
    return pa.table(
        {
            "token": pa.array([token for token, _ in cuts], pa.string()),
            "chain_id": pa.array([chain for _, chain in cuts], pa.string()),
            "starts_at": pa.array(starts, time),
            "closes_at": pa.array([start - timedelta(seconds=1) for start in starts], time),
        }
    )


def _sql(name: str) -> str:
    return (_HERE / f"{name}.sql").read_text(encoding="utf-8")


def _put(con: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    con.register(f"given_{name}", rows)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM given_{name}")
    con.unregister(f"given_{name}")


def _claims(con: duckdb.DuckDBPyConnection) -> None:
    """Leave the claims behind escrows that stood before the cuts, by the models' own step."""
    con.execute(f"DROP SCHEMA IF EXISTS {COMPUTED} CASCADE")
    con.execute(f"CREATE SCHEMA {COMPUTED}")
    con.execute(f"CREATE TABLE {COMPUTED}.transfers AS {_sql('asked')}")
    con.execute(
        f"CREATE TABLE {COMPUTED}.calendar_dates AS {statement(models()['calendar_dates'].path, frozenset())}"
    )
    own = frozenset({"transfers", "entries", "calendar_dates"})
    con.execute(f"CREATE TABLE {COMPUTED}.entries AS {statement(models()['entries'].path, own)}")
    rows = con.sql(statement(models()["escrow_claims"].path, own)).to_arrow_table()
    _put(con, "asked", con.sql(f"SELECT * FROM {COMPUTED}.transfers").to_arrow_table())
    _put(con, "routed", con.sql(_sql("routed")).to_arrow_table())
    con.execute(f"DROP SCHEMA {COMPUTED} CASCADE")
    _put(con, "escrow_claims", rows)


def _made(con: duckdb.DuckDBPyConnection, name: str) -> pa.Table:
    schema = arrow_schema(TABLES[name])
    rows = con.sql(f"SELECT {', '.join(schema.names)} FROM ({_sql(name)})").to_arrow_table()
    return rows.cast(schema)


def _since(con: duckdb.DuckDBPyConnection, name: str, time: str) -> pa.Table:
    """Return the rows of *name* from the cut of their place on."""
    schema = arrow_schema(TABLES[name])
    columns = ", ".join(f"r.{column}" for column in schema.names)
    rows = con.sql(
        f"SELECT {columns} FROM {name} r JOIN cuts c ON c.token = r.token AND c.chain_id = r.chain_id"
        f" WHERE r.{time} >= c.starts_at"
    ).to_arrow_table()
    return rows.cast(schema)


def _show(con: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table]) -> None:
    for name, rows in tables.items():
        con.register(f"cut_{name}", rows)
        con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM cut_{name}")


def _reaching_back(con: duckdb.DuckDBPyConnection) -> dict[str, pa.Table]:
    """Return the inputs of yields: one change of supply begins the days, and prices and steps reach back to it."""
    schema = arrow_schema(SUPPLY_CHANGES)
    told = {"token": "token", "chain_id": "chain_id", "effective_at": "starts_at", "cause": "'mint'"}
    blank = {"text": "''", "bool": "FALSE"}
    columns = ", ".join(
        f"{told.get(c.name, 'NULL' if c.nullable else blank.get(c.kind, '0'))} AS {c.name}"
        for c in SUPPLY_CHANGES.columns
    )
    days = con.sql("SELECT * FROM cuts").to_arrow_table()
    _put(con, "cuts", con.sql("SELECT *, starts_at AS closes_at FROM yield_cuts").to_arrow_table())
    made = {
        TRANSFERS.name: arrow_schema(TRANSFERS).empty_table(),
        SUPPLY_CHANGES.name: con.sql(f"SELECT {columns} FROM yield_cuts").to_arrow_table().cast(schema),
        NAVS.name: _made(con, NAVS.name),
        REBASES.name: _since(con, REBASES.name, "effective_at"),
    }
    _put(con, "cuts", days)
    return made


def _activity(rows: pa.Table, cuts: Mapping[Key, date]) -> pa.Table:
    """Return the adjusted volume of the days before the cuts that a window of the days since reaches."""
    rows = from_days(rows, cuts, before=True)
    rows = from_days(rows, {key: day - timedelta(days=_WINDOW) for key, day in cuts.items()})
    return rows.select(["token", "chain_id", "day", "volume_adjusted"])


def _dated(con: duckdb.DuckDBPyConnection, balances: pa.Table, holders: pa.Table) -> pa.Table:
    """Return *balances* with first_seen and last_active of who was there before the cut."""
    con.register("made_balances", balances)
    con.register("made_holders", holders)
    rows = con.sql(
        "SELECT b.* REPLACE (CASE WHEN h.holder IS NULL OR b.first_seen > c.closes_at THEN b.first_seen"
        " ELSE h.first_seen END AS first_seen,"
        " CASE WHEN h.holder IS NULL OR b.last_active > c.closes_at THEN b.last_active ELSE h.last_active END"
        " AS last_active)"
        " FROM made_balances b JOIN cuts c ON c.token = b.token AND c.chain_id = b.chain_id"
        " LEFT JOIN made_holders h ON h.token = b.token AND h.chain_id = b.chain_id AND h.holder = b.holder"
        f" ORDER BY {', '.join('b.' + name for name in BALANCES.key)}"
    ).to_arrow_table()
    return rows.cast(balances.schema)
