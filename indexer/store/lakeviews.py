"""Parquet files as SQL reads them: in the declared columns, also where an older version wrote some of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from indexer.floor.tables import RAW, Table

if TYPE_CHECKING:
    import duckdb

SQL_TYPES = {
    "text": "VARCHAR",
    "int": "BIGINT",
    "bool": "BOOLEAN",
    "time": "TIMESTAMP",
    "day": "DATE",
    "bytes": "BLOB",
    "bytes20": "BLOB",
    "bytes32": "BLOB",
    "units": "DECIMAL(38, 0)",
    "amount": "DECIMAL(38, 18)",
    "money": "DECIMAL(38, 6)",
    "ratio": "DOUBLE",
}

WHY = "why_null"


def shown(con: duckdb.DuckDBPyConnection, table: Table, uris: Sequence[str]) -> str:
    """Return what to select from to have the rows of *uris*, which are one or more files of *table*.

    A column that a file lacks is NULL, and `why_null`, where the table has it, says what makes it.
    """
    if table in RAW:  # of one shape for ever, and by far the most files
        return _read(uris)
    had = _columns(con, uris)
    old = [uri for uri in uris if set(table.names) - had[uri]]
    if not old:
        return _read(uris)
    shapes: dict[frozenset[str], list[str]] = {}
    for uri in uris:
        shapes.setdefault(had[uri], []).append(uri)
    return f"({' UNION ALL '.join(_select(table, has, these) for has, these in shapes.items())})"


def _columns(con: duckdb.DuckDBPyConnection, uris: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return the columns of each file."""
    found = con.execute(
        f"SELECT file_name, list(name) FROM parquet_schema([{', '.join(map(text, uris))}]) GROUP BY file_name"
    ).fetchall()
    return {file: frozenset(names) for file, names in found}


def _select(table: Table, has: frozenset[str], uris: Sequence[str]) -> str:
    lacks = [column.name for column in table.columns if column.name not in has]
    cells = []
    for column in table.columns:
        cell = f'"{column.name}"' if column.name in has else f"CAST(NULL AS {SQL_TYPES[column.kind]})"
        if lacks and column.name == WHY:
            cell = f"concat_ws('; ', {cell}, {text(_reason(lacks))})"
        cells.append(f'{cell} AS "{column.name}"')
    return f"SELECT {', '.join(cells)} FROM {_read(uris)}"


def _reason(lacks: Sequence[str]) -> str:
    return f"made by an older version, without {', '.join(lacks)}: run `rwa rebuild`"


def _read(uris: Sequence[str]) -> str:
    return f"read_parquet([{', '.join(map(text, uris))}])"


def text(value: str) -> str:
    """Return an SQL string literal."""
    return "'" + value.replace("'", "''") + "'"
