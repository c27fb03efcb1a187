"""The book: one commit is one transaction, and its schema is the one that is declared."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from ledger_kit import CHAIN_ID
from sqlalchemy import create_engine
from sqlmodel import SQLModel
from store_kit import BOTH, NOW, ONE, filter_row, segment

from indexer.floor.errors import StoreUnusable, Usage
from indexer.floor.tables import BOOK, ENDPOINTS, FILTERS, SEGMENTS
from indexer.store.book import Book, Commit
from indexer.store.sqltables import COPIED, MODELS


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    made = Book(url(tmp_path))
    yield made
    made.close()


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'rwa.db'}"


class Stopped(Exception):
    """A test's own reason to leave a transaction."""


def test_a_migrated_database_is_what_the_models_declare(book: Book, tmp_path: Path) -> None:
    """Alembic finds nothing that the migrations have forgotten: no table, column, type or index."""
    assert MODELS
    assert book.rows(SEGMENTS) == []
    with create_engine(url(tmp_path)).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_drift_would_be_found(book: Book, tmp_path: Path) -> None:
    """A database that lacks a column or an index of the models is told apart: the comparison can fail."""
    assert book.rows(SEGMENTS) == []
    with closing(sqlite3.connect(tmp_path / "rwa.db")) as con:
        con.execute("ALTER TABLE transfers DROP COLUMN link")
        con.execute("DROP INDEX ix_balances")
    with create_engine(url(tmp_path)).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = {difference[0] for difference in compare_metadata(context, SQLModel.metadata)}
    assert found == {"add_column", "add_index"}


def test_every_declared_table_is_there(book: Book, tmp_path: Path) -> None:
    """The database has the book and the copies, and beside Alembic's own nothing else."""
    assert book.rows(SEGMENTS) == []
    with closing(sqlite3.connect(tmp_path / "rwa.db")) as con:
        names = {name for (name,) in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert names == {table.name for table in (*BOOK, *COPIED)} | {"alembic_version"}


def test_opening_again_keeps_the_rows(book: Book, tmp_path: Path) -> None:
    """A database that is up to date is opened as it is."""
    with book.commit() as commit:
        commit.put(SEGMENTS, [segment(0, 9)])
    again = Book(url(tmp_path))
    assert again.rows(SEGMENTS) == [segment(0, 9)]
    again.close()


def test_a_commit_is_all_or_nothing(book: Book) -> None:
    """What was written before an error in the same commit is not there."""
    with book.commit() as commit:
        commit.put(SEGMENTS, [segment(0, 9)])
    with pytest.raises(Stopped), book.commit() as commit:
        half(commit)
    assert (book.rows(SEGMENTS), book.rows(FILTERS)) == ([segment(0, 9)], [])


def half(commit: Commit) -> None:
    commit.remove(SEGMENTS, [{"chain_id": CHAIN_ID}])
    commit.put(FILTERS, [filter_row(ONE)])
    raise Stopped


def test_a_commit_is_not_seen_before_its_end(book: Book, tmp_path: Path) -> None:
    """A reader beside an open commit sees the rows of before, without waiting."""
    with book.commit() as commit:
        commit.put(SEGMENTS, [segment(0, 9)])
        with closing(sqlite3.connect(f"file:{tmp_path / 'rwa.db'}?mode=ro", uri=True, timeout=0)) as con:
            assert con.execute("SELECT count(*) FROM segments").fetchone() == (0,)
    assert len(book.rows(SEGMENTS)) == 1


def test_put_replaces_the_row_with_the_same_key(book: Book) -> None:
    """Chain, filter and first block name a segment: put again it is replaced, beside it nothing changes."""
    with book.commit() as commit:
        commit.put(SEGMENTS, [segment(0, 9), segment(10, 19), segment(0, 9, BOTH)])
        commit.put(SEGMENTS, [segment(0, 9, logs=7)])
    found = {(row["filter_id"], row["first"]): row["logs"] for row in book.rows(SEGMENTS)}
    assert found == {(ONE.id, 0): 7, (ONE.id, 10): 0, (BOTH.id, 0): 0}


def test_remove_takes_the_rows_with_the_given_values(book: Book) -> None:
    """Rows that differ in one of the values stay."""
    with book.commit() as commit:
        commit.put(SEGMENTS, [segment(0, 9), segment(10, 19)])
        commit.remove(SEGMENTS, [{"chain_id": CHAIN_ID, "first": 10}])
    assert [row["first"] for row in book.rows(SEGMENTS)] == [0]


def test_update_sets_values_of_one_row(book: Book) -> None:
    """Only the named row, and of it only the named values, change."""
    with book.commit() as commit:
        commit.put(SEGMENTS, [segment(0, 9), segment(10, 19)])
        commit.update(SEGMENTS, segment(10, 19), proof="audited")
    assert [row["proof"] for row in book.rows(SEGMENTS)] == ["end_block", "audited"]


def test_rows_come_in_key_order_and_as_asked(book: Book) -> None:
    """Rows are sorted by their key and narrowed to the given values, with their types."""
    other = segment(0, 9, chain_id="eip155:1")
    learnt = {
        "chain_id": CHAIN_ID, "endpoint": "node-1", "max_blocks": None, "max_addresses": 2**40, "batches": False,
        "fetched_at": NOW,
    }  # fmt: skip
    with book.commit() as commit:
        commit.put(SEGMENTS, [segment(10, 19), segment(0, 9), other])
        commit.put(ENDPOINTS, [learnt])
    assert [row["first"] for row in book.rows(SEGMENTS, chain_id=CHAIN_ID)] == [0, 10]
    assert book.rows(ENDPOINTS) == [dict.fromkeys(ENDPOINTS.names) | learnt]


def test_a_damaged_database_says_what_to_do(tmp_path: Path) -> None:
    """A file that is no database is StoreUnusable with a remedy, not a traceback."""
    (tmp_path / "rwa.db").write_bytes(b"no database at all, however long it is" * 100)
    with pytest.raises(
        StoreUnusable, match="opening the database: the database is damaged; run `rwa repair --store`"
    ):
        Book(url(tmp_path))


def test_an_unknown_database_is_refused_without_its_password() -> None:
    """Another kind of URL is Usage; what may be a password is not repeated."""
    with pytest.raises(Usage, match="postgresql") as refused:
        Book("mysql://me:secret@host/name")
    assert "secret" not in str(refused.value)
