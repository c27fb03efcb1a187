"""Many rows into SQL, beside the ORM: executemany on SQLite, COPY on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection
from sqlalchemy import Table as SqlTable

_CHUNK = 50_000


def insert_arrow(connection: Connection, table: SqlTable, rows: pa.Table) -> None:
    """Insert *rows*, whose columns are those of *table*, within the caller's transaction."""
    names = [column.name for column in table.columns if column.name in rows.column_names]
    quoted = ", ".join(f'"{name}"' for name in names)
    write = _copy if connection.dialect.name == "postgresql" else _executemany
    for first in range(0, rows.num_rows, _CHUNK):
        write(connection, f'"{table.name}" ({quoted})', rows.slice(first, _CHUNK).select(names))


def _executemany(connection: Connection, into: str, rows: pa.Table) -> None:
    values = zip(*(_plain(column) for column in rows.columns), strict=True)
    marks = ", ".join("?" * rows.num_columns)
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    driver.executemany(f"INSERT INTO {into} VALUES ({marks})", values)


def _copy(connection: Connection, into: str, rows: pa.Table) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    with driver.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
        for row in zip(*(column.to_pylist() for column in rows.columns), strict=True):
            copy.write_row(row)


def _plain(column: pa.ChunkedArray) -> Iterator[Any]:
    """Yield SQLite's form of a column: what SQLAlchemy would bind, without its cost per row."""
    convert = _converter(column.type)
    if convert is None:
        return iter(column.to_pylist())
    return (None if value is None else convert(value) for value in column.to_pylist())


def _converter(kind: pa.DataType) -> Callable[[Any], Any] | None:
    if pa.types.is_decimal(kind):
        return lambda value: format(value, "f")
    if pa.types.is_timestamp(kind):
        return lambda value: value.isoformat(sep=" ", timespec="microseconds")
    if pa.types.is_date(kind):
        return lambda value: value.isoformat()
    if pa.types.is_boolean(kind):
        return int
    return None
