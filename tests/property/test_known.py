"""What was known on a day is what stood then: versions of a table, told only by the last one and its restatements."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.floor.tables import FLOWS_DAILY, RESTATEMENTS, SUPPLY_DAILY, Table, arrow_schema
from indexer.metrics.known import as_known, daily_tables, figures_of, kinds_of
from indexer.sync.restating import restated

FIRST = date(2025, 6, 1)
NOON = datetime(2025, 6, 10, 12)  # noqa: DTZ001 - UTC, as tables hold it
FIGURES = {"supply_daily": ("supply", "units", "value"), "flows_daily": ("amount", "transfers", "value_usd")}
FILLED: Mapping[str, Any] = {"text": "x", "int": 0, "bool": False, "day": FIRST, "time": NOON}
Version = Mapping[tuple[Any, ...], Mapping[str, Any]]


def figures(table: Table) -> st.SearchStrategy[Mapping[str, Any]]:
    """Three figures of a row, each a small number or NULL where the table allows it."""
    kinds = {c.name: c for c in table.columns}
    numbers = {
        name: st.integers(0, 3) if not kinds[name].nullable else st.none() | st.integers(0, 3)
        for name in FIGURES[table.name]
    }
    return st.fixed_dictionaries(numbers)


def versions(table: Table) -> st.SearchStrategy[list[Version]]:
    """The same few days in up to four versions; a row may come and go where it has a kind beside its day."""
    days = [FIRST + timedelta(days=n) for n in range(3)]
    kinds = [("mint", "issuance", "event"), ("burn", "redemption", "input")] if kinds_of(table) else [()]
    keys = [(place, day, *kind) for place in ("a", "b") for day in days for kind in kinds]
    if kinds_of(table):
        last = {("z", days[-1], *kinds[0]): {"amount": 1, "transfers": 1, "value_usd": None}}
        version = st.dictionaries(st.sampled_from(keys), figures(table)).map(lambda rows: rows | last)
    else:
        version = st.fixed_dictionaries({key: figures(table) for key in keys})
    return st.lists(version, min_size=1, max_size=4)


def arrow(table: Table, version: Version) -> pa.Table:
    """The rows of *version*, all published on the day after their own, with what else the table wants."""
    rows = []
    for (place, day, *kind), told in version.items():
        row = {c.name: None if c.nullable else FILLED.get(c.kind, Decimal(0)) for c in table.columns}
        row |= {
            "token": place,
            "chain_id": "eip155:1",
            "day": day,
            **dict(zip(kinds_of(table), kind, strict=True)),
        }
        row |= {name: told[name] for name in told}
        row["published_at"] = datetime.combine(day, NOON.time()) + timedelta(days=1)
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=arrow_schema(table))


def told(rows: pa.Table, table: Table) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """The figures by key; a row of a kind that has none is as good as no row."""
    key = ("token", "day", *kinds_of(table))
    found = {tuple(r[k] for k in key): tuple(r[f] for f in figures_of(table)) for r in rows.to_pylist()}
    return {k: v for k, v in found.items() if not kinds_of(table) or any(one is not None for one in v)}


def check(table: Table, history: list[Version]) -> None:
    tables = [arrow(table, version) for version in history]
    moments = [NOON + timedelta(days=10 * n) for n in range(1, len(tables))]
    changes = [
        row
        for old, new, at in zip(tables, tables[1:], moments, strict=False)
        for row in restated(table, old, new, "late data", at)
    ]
    for number, wanted in enumerate(tables):
        with duckdb.connect(":memory:") as con:
            show(con, table, tables[-1], changes)
            as_known(con, (NOON + timedelta(days=10 * number + 1)).date())
            found = con.sql(f"SELECT * FROM {table.name}").to_arrow_table()
        assert told(found, table) == told(wanted, table), number


@settings(max_examples=25, deadline=None)
@given(versions(SUPPLY_DAILY))
def test_a_stock_is_told_as_it_stood(history: list[Version]) -> None:
    """Of each version, asked for a day on which it stood, every figure is that version's."""
    check(SUPPLY_DAILY, history)


@settings(max_examples=25, deadline=None)
@given(versions(FLOWS_DAILY))
def test_a_flow_of_a_kind_that_came_or_went_is_told_as_it_stood(history: list[Version]) -> None:
    """Rows that are gone are there again, and rows that came later are not."""
    check(FLOWS_DAILY, history)


@pytest.mark.parametrize(("on", "rows"), [(FIRST, 0), (FIRST + timedelta(days=1), 1)])
def test_a_day_is_known_once_it_is_published(on: date, rows: int) -> None:
    """On the day before it was published a day has no row; on that day it has."""
    version = {("a", FIRST): {"supply": 1, "units": 1, "value": None}}
    with duckdb.connect(":memory:") as con:
        show(con, SUPPLY_DAILY, arrow(SUPPLY_DAILY, version), [])
        as_known(con, on)
        assert con.sql("SELECT count(*) FROM supply_daily").fetchall() == [(rows,)]


def show(con: duckdb.DuckDBPyConnection, table: Table, rows: pa.Table, changes: list[dict[str, Any]]) -> None:
    """Show every daily table, empty but for *table*, and what was restated."""
    for each in daily_tables():
        con.register(f"arrow_{each.name}", rows if each is table else arrow_schema(each).empty_table())
        con.execute(f"CREATE VIEW {each.name} AS SELECT * FROM arrow_{each.name}")
    con.register("restatements", pa.Table.from_pylist(changes, schema=arrow_schema(RESTATEMENTS)))
