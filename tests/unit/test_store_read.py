"""The read path: every table is there, and a user's query reads the tables and nothing else."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from ledger_kit import CHAIN_ID
from line_kit import settings_for
from store_kit import ONE, moves, opened, piece, segment

from indexer.floor.errors import StoreUnusable, Usage
from indexer.floor.tables import BOOK, FILES, LOGS, TABLES, arrow_schema
from indexer.store.read import arrow, connect, guarded, read_book, reading
from indexer.sync.writer import LogWriter, compact

SECONDS = 20.0


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with three logs and nothing derived."""
    return filled(tmp_path)


def filled(folder: Path) -> Path:
    book, lake = opened(folder)
    writer = LogWriter(book, lake)
    writer.add(piece(0, 9, 1, 2, 3))
    writer.flush()
    book.close()
    return folder


@pytest.fixture
def con(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    made = connect(*settings_for(home, []))
    yield made
    made.close()


@pytest.fixture(scope="module")
def nearly_empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A reader of such a home, which no test changes."""
    made = connect(*settings_for(filled(tmp_path_factory.mktemp("home")), []))
    yield made
    made.close()


def test_tables_of_another_version_are_a_sentence(home: Path) -> None:
    """Where an older version made the file that lacks a column which is asked for, `rwa rebuild` is named."""
    book, _ = opened(home)
    rows = [row | {"schema_digest": "older"} for row in book.rows(FILES)]
    with book.commit() as commit:
        commit.put(FILES, rows)
    book.close()
    settings, registry = settings_for(home, [])
    with pytest.raises(Usage, match="rwa rebuild"), reading(settings, registry) as con:
        con.execute("SELECT new_column FROM logs")


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_its_declared_columns(nearly_empty: duckdb.DuckDBPyConnection, name: str) -> None:
    """A table without a row is empty, not missing: its columns and their types are the declared ones."""
    found = arrow(nearly_empty.sql(f'SELECT * FROM "{name}" LIMIT 0')).schema
    declared = arrow_schema(TABLES[name])
    assert found.names == declared.names
    widened = {"fixed_size_binary[20]": "binary", "fixed_size_binary[32]": "binary"}
    wanted = [widened.get(str(field.type), str(field.type)) for field in declared]
    assert [str(field.type).replace("large_", "") for field in found] == wanted


def test_rows_are_read_from_the_lake(con: duckdb.DuckDBPyConnection) -> None:
    """What a writer booked is what a reader gets."""
    assert con.sql("SELECT block_number FROM logs ORDER BY 1").fetchall() == [(1,), (2,), (3,)]
    assert con.sql("SELECT first, last, logs FROM segments").fetchall() == [(0, 9, 3)]


def test_a_reader_keeps_what_it_opened(home: Path, con: duckdb.DuckDBPyConnection) -> None:
    """Files that leave the manifest behind an open reader are still read by it."""
    book, lake = opened(home)
    writer = LogWriter(book, lake)
    writer.add(piece(10, 19, 11))
    writer.flush()
    compact(book, lake, CHAIN_ID, 19)
    book.close()
    assert con.sql("SELECT count(*) FROM logs").fetchall() == [(3,)]
    again = connect(*settings_for(home, []))
    assert again.sql("SELECT count(*) FROM logs").fetchall() == [(4,)]
    again.close()


def test_a_home_without_data_says_what_to_run(tmp_path: Path) -> None:
    """Reading before the first backfill is Usage, with an example."""
    with pytest.raises(Usage, match=r"There is no data in .* yet"):
        connect(*settings_for(tmp_path, []))


def test_a_damaged_book_is_said(tmp_path: Path) -> None:
    """A database that cannot be read is StoreUnusable with what to do."""
    (tmp_path / "rwa.db").write_bytes(b"no database" * 1_000)
    with pytest.raises(StoreUnusable, match="cannot be read"):
        connect(*settings_for(tmp_path, []))


def test_the_book_is_read_with_its_types(home: Path) -> None:
    """Times, texts and numbers of SQLite come back as they were declared."""
    book = read_book(home, f"sqlite:///{home / 'rwa.db'}")
    assert set(book) == {table.name for table in BOOK}
    (row,) = book["segments"].to_pylist()
    wanted = segment(0, 9, logs=3)
    assert {k: row[k] for k in ("filter_id", "first", "last_time")} == {
        k: wanted[k] for k in ("filter_id", "first", "last_time")
    }
    assert row["filter_id"] == ONE.id


def test_a_query_is_bounded(con: duckdb.DuckDBPyConnection) -> None:
    """At most so many rows come back, whatever the query asks for."""
    assert guarded(con, "SELECT * FROM logs -- all of them", 2, SECONDS).num_rows == 2


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('{other}')",
        "SELECT * FROM read_csv('{other}')",
        "SELECT * FROM '{other}'",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM sqlite_scan('{book}', 'files')",
        "SELECT * FROM read_parquet('https://example.com/x.parquet')",
        "SELECT * FROM read_text('{lake}/../secret.csv')",
    ],
)
def test_a_query_reads_no_other_file(home: Path, con: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Files outside the lake, the book and the network are out of reach."""
    secret = home / "secret.csv"
    secret.write_text("a\n1\n")
    filled = sql.format(other=secret, folder=home, book=home / "rwa.db", lake=home / "lake")
    with pytest.raises(Usage):
        guarded(con, filled, 10, SECONDS)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP VIEW logs",
        "DROP VIEW logs",
        "CREATE TABLE mine AS SELECT 1",
        "INSERT INTO segments SELECT * FROM segments",
        "DELETE FROM segments",
        "COPY (SELECT 1) TO 'out.csv'",
        "ATTACH 'other.db'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "PRAGMA memory_limit = '1TB'",
        "",
        "SELEC 1",
        "SELECT 1) UNION ALL (SELECT 2",
    ],
)
def test_only_one_select_is_taken(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Several statements, writes, settings and what is no SQL are Usage."""
    with pytest.raises(Usage):
        guarded(con, sql, 10, SECONDS)
    assert con.sql("SELECT count(*) FROM segments").fetchall() == [(1,)]


def test_a_query_that_takes_too_long_is_stopped(con: duckdb.DuckDBPyConnection) -> None:
    """After its seconds a query ends with a sentence that says so."""
    endless = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range % 7 = b.range % 5"
    began = time.monotonic()
    with pytest.raises(Usage, match=r"took longer than 0\.2 seconds"):
        guarded(con, endless, 1, 0.2)
    assert time.monotonic() - began < 10


def test_the_read_path_imports_no_writer() -> None:
    """Reading needs neither web3 nor SQLAlchemy nor SQLModel."""
    code = (
        "import sys, indexer.store.read; print(sorted({'web3', 'sqlalchemy', 'sqlmodel'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_raw_rows_are_lossless(con: duckdb.DuckDBPyConnection) -> None:
    """What DuckDB reads of the raw logs is byte for byte what was written."""
    found = arrow(con.sql("SELECT * FROM logs ORDER BY block_number")).to_pylist()
    assert found == moves(1, 2, 3).select(LOGS.names).to_pylist()
