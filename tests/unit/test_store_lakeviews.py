"""Files that older versions wrote are read in today's columns."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from indexer.floor.tables import DERIVED, HOLDERS_DAILY, METRICS, Table, arrow_schema
from indexer.store.lakeviews import shown
from indexer.store.read import view


def written(
    folder: Path, table: Table, name: str, without: tuple[str, ...] = (), why: str | None = None
) -> str:
    """Write a row of *table* as a version had it that did not know *without*; return the file."""
    schema = pa.schema([field for field in arrow_schema(table) if field.name not in without])
    row = [pa.array([why if field.name == "why_null" else None], field.type) for field in schema]
    path = folder / f"{name}.parquet"
    pq.write_table(pa.Table.from_arrays(row, names=schema.names), path)
    return str(path)


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:")


def test_a_column_that_a_file_lacks_is_null_with_a_reason(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Beside a file of today an old one is read too; its rows say what makes the figures."""
    files = [
        written(tmp_path, HOLDERS_DAILY, "a", ("hhi", "gini"), "too few"),
        written(tmp_path, HOLDERS_DAILY, "b"),
        written(tmp_path, HOLDERS_DAILY, "c", ("hhi", "why_null")),
    ]
    view(con, HOLDERS_DAILY, files)
    rows = con.sql("SELECT hhi, gini, why_null FROM holders_daily").fetchall()
    assert sorted(rows, key=str) == [
        (None, None, "made by an older version, without hhi, why_null: run `rwa rebuild`"),
        (None, None, "too few; made by an older version, without hhi, gini: run `rwa rebuild`"),
        (None, None, None),
    ]


@pytest.mark.parametrize("table", [*DERIVED, *METRICS], ids=lambda table: table.name)
def test_old_files_have_the_declared_types(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, table: Table
) -> None:
    """A file that has the key alone is shown as a file of today is."""
    old = written(tmp_path, table, "old", tuple(n for n in table.names if n not in table.key))
    new = written(tmp_path, table, "new")
    kinds = [con.sql(f"SELECT * FROM {shown(con, table, [one])}").types for one in (old, new)]
    assert kinds[0] == kinds[1]


def test_files_of_today_are_read_as_they_are(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Where nothing is missing nothing stands between the query and the files."""
    file = written(tmp_path, HOLDERS_DAILY, "a")
    assert shown(con, HOLDERS_DAILY, [file]) == f"read_parquet(['{file}'])"
