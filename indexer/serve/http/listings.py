"""Tables as they are, filtered by what their columns allow: no figure is made here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from indexer.floor.tables import (
    ACTIVITY_DAILY,
    CERTIFICATES,
    CHAINS,
    DEPLOYMENTS,
    PLATFORMS,
    PRODUCTS,
    REQUESTS,
    RESTATEMENTS,
    SEGMENTS,
    TERMS,
    TOKENS,
    TRANSFERS,
    Table,
)

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

LISTED: Mapping[str, Table] = {
    "tokens": TOKENS,
    "products": PRODUCTS,
    "platforms": PLATFORMS,
    "chains": CHAINS,
    "deployments": DEPLOYMENTS,
    "terms": TERMS,
    "activity": ACTIVITY_DAILY,
    "transfers": TRANSFERS,
    "requests": REQUESTS,
    "certificates": CERTIFICATES,
    "segments": SEGMENTS,
    "restatements": RESTATEMENTS,
}
"""What is listed, by the last word of its path."""

_TIMES = ("day", "block_time", "last_time", "first_at", "effective_at")
"""Columns that from and to speak of, the first that a table has."""


class Wanted(NamedTuple):
    """Filters; None is everything. *first* and *last* are UTC days, both included."""

    tokens: Sequence[str] | None = None
    chain_ids: Sequence[str] | None = None
    first: date | None = None
    last: date | None = None


def time_of(table: Table) -> str | None:
    """Return the column of *table* that days are asked of; None where it has none."""
    return next((name for name in _TIMES if name in table.names), None)


def rows(con: duckdb.DuckDBPyConnection, offset: int, most: int, *, table: Table, wanted: Wanted) -> pa.Table:
    """Return rows of *table* in the order of its key, from *offset* on, at most *most*."""
    conditions, values = _conditions(table, wanted)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    columns = ", ".join(f'"{name}"' for name in table.names)
    key = ", ".join(f'"{name}"' for name in _ordered(table))
    sql = f'SELECT {columns} FROM "{table.name}"{where} ORDER BY {key} LIMIT {most} OFFSET {offset}'
    return con.sql(sql, params=values).to_arrow_table()


def _ordered(table: Table) -> Sequence[str]:
    """Return the columns that rows are sorted by: time first where a table is read as a history."""
    time = time_of(table)
    return table.key if time is None else (time, *(name for name in table.key if name != time))


def _conditions(table: Table, wanted: Wanted) -> tuple[list[str], dict[str, object]]:
    conditions: list[str] = []
    values: dict[str, object] = {}
    if wanted.tokens is not None and "token" in table.names:
        conditions.append("list_contains(CAST($tokens AS VARCHAR[]), token)")
        values["tokens"] = list(wanted.tokens)
    if wanted.chain_ids is not None and "chain_id" in table.names:
        conditions.append("list_contains(CAST($chain_ids AS VARCHAR[]), chain_id)")
        values["chain_ids"] = list(wanted.chain_ids)
    time = time_of(table)
    if wanted.first is not None and time:
        conditions.append(f'"{time}" >= CAST($first AS DATE)')
        values["first"] = wanted.first
    if wanted.last is not None and time:
        conditions.append(f'"{time}" < CAST($last AS DATE) + INTERVAL 1 DAY')
        values["last"] = wanted.last
    return conditions, values
