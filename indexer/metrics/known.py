"""Daily figures as they were known on a past day: what was published by then, before what was restated since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from indexer.floor.tables import METRICS, Table

if TYPE_CHECKING:
    import duckdb

FIGURES = frozenset({"int", "units", "amount", "money", "ratio"})
"""Kinds of columns whose changes are told in restatements."""

_PLACE = ("token", "product", "chain_id", "day")


def figures_of(table: Table) -> list[str]:
    """Return the columns of *table* whose changes are told in restatements."""
    return [c.name for c in table.columns if c.name not in table.key and c.kind in FIGURES]


def kinds_of(table: Table) -> list[str]:
    """Return the columns that name a row beside its place and day, such as the reason of a flow."""
    return [name for name in table.key if name not in _PLACE]


def labelled(figure: str, kinds: Sequence[str]) -> str:
    """Return how restatements name a figure of a row: ``amount (mint, issuance, event)``."""
    return f"{figure} ({', '.join(kinds)})" if kinds else figure


def daily_tables() -> list[Table]:
    """Return the tables whose days are published."""
    return [table for table in METRICS if {"day", "published_at"} <= set(table.names)]


def as_known(con: duckdb.DuckDBPyConnection, on: date) -> None:
    """Put each daily table as it was known at the close of the UTC day *on* in place of what *con* shows.

    A day that was published later is left out. A figure that was restated later is the one before. Text beside a
    restated figure (its reason, its certificate) was not kept: why_null then names the restatement.
    """
    for table in daily_tables():
        # A temporary table hides the view of the same name.
        con.execute(f'CREATE TEMP TABLE "known_{table.name}" AS {_statement(table)}', {"on": on})
        con.execute(f'CREATE TEMP VIEW "{table.name}" AS SELECT * FROM "known_{table.name}"')


def _statement(table: Table) -> str:
    """Return the SELECT of *table* as known at the close of the day $on.

    Of the restatements after that moment the first one of a figure has its value then. A row that is gone since is
    there again; one whose kind did not exist then is left out.
    """
    kinds = kinds_of(table)
    place = "product" if "token" not in table.names else "token"
    row_kinds = "concat_ws(', ', " + ", ".join(f't."{name}"' for name in kinds) + ")" if kinds else "''"
    at_chain = " AND t.chain_id = m.chain_id" if "chain_id" in table.names else ""
    columns = ", ".join(_column(table, column.name, column.kind, kinds, place) for column in table.columns)
    any_figure = " OR ".join(f'"{name}" IS NOT NULL' for name in figures_of(table))
    kept = f"WHERE restated IS NULL OR {any_figure}" if kinds else ""
    names = ", ".join(f'"{name}"' for name in table.names)
    return f"""
        WITH moved AS (
            SELECT token, chain_id, day, regexp_extract(column_name, '^([^ ]+)', 1) AS figure,
                   regexp_extract(column_name, '^[^ ]+ \\((.*)\\)$', 1) AS kinds,
                   first(old_value ORDER BY fetched_at) AS old_value, first(cause ORDER BY fetched_at) AS cause,
                   min(fetched_at) AS moved_at
            FROM restatements
            WHERE table_name = '{table.name}' AND fetched_at >= CAST($on AS DATE) + INTERVAL 1 DAY
            GROUP BY ALL
        ), m AS (
            SELECT token, chain_id, day, kinds, map(list(figure), list(old_value)) AS old,
                   min(moved_at) AS moved_at, first(cause ORDER BY moved_at) AS cause
            FROM moved GROUP BY token, chain_id, day, kinds
        ), t AS (
            SELECT * FROM {table.name} WHERE published_at < CAST($on AS DATE) + INTERVAL 1 DAY
        ), joined AS (
            SELECT {columns}, m.moved_at AS restated
            FROM t FULL JOIN m ON t."{place}" = m.token{at_chain} AND t.day = m.day AND {row_kinds} = m.kinds
        )
        SELECT {names} FROM joined {kept}
    """


def _column(table: Table, name: str, kind: str, kinds: Sequence[str], place: str) -> str:
    """Return the SQL of one column of a row that may have been restated, or be gone."""
    now = f't."{name}"'
    if name == place:
        now = f"coalesce({now}, m.token)"
    elif name in ("chain_id", "day"):
        now = f"coalesce({now}, m.{name})"
    elif name in kinds:
        now = f"coalesce({now}, string_split(m.kinds, ', ')[{kinds.index(name) + 1}])"
    elif name in figures_of(table):
        now = f"CASE WHEN map_contains(m.old, '{name}') THEN CAST(m.old['{name}'] AS {_SQL[kind]}) ELSE {now} END"
    elif name in _BESIDE:
        now = f"CASE WHEN m.moved_at IS NULL THEN {now} ELSE {_BESIDE[name]} END"
    return f'{now} AS "{name}"'


_BESIDE = {
    "why_null": "concat('as published before it was restated on ', CAST(m.moved_at AS DATE), ' (', m.cause, '); the"
    " reason known then is not kept')",
    "certificate": "'none'",
}
"""Text beside a restated figure."""

_SQL = {
    "int": "BIGINT",
    "units": "DECIMAL(38, 0)",
    "amount": "DECIMAL(38, 18)",
    "money": "DECIMAL(38, 6)",
    "ratio": "DOUBLE",
}
