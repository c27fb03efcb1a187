"""The journal: every commit's act is in it before the commit, and what was not committed is left out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from ledger_kit import CHAIN_ID
from store_kit import BOTH, NOW, ONE, filter_row, opened, segment

from indexer.floor.errors import StoreUnusable
from indexer.floor.tables import (
    BOOK,
    CLAIMS,
    DERIVATIONS,
    ENDPOINTS,
    EXTERNAL_SUPPLY,
    FILES,
    FILTERS,
    MOMENTS,
    PUBLICATIONS,
    SEGMENTS,
    Table,
)
from indexer.store import journal as journals
from indexer.store.book import Book, Commit
from indexer.store.journal import KEPT, NONE, Act, Entry, Journal, chained

MADE_AGAIN = {"files", "derivations", "claims", "endpoints", "heads"}
"""Tables that a journal does not tell whole: derived again, asked again, or (files, claims) told in part."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[tuple[Book, Journal]]:
    book, lake = opened(tmp_path)
    assert lake.folder is not None
    journal = Journal(lake.folder)
    book.keep(journal)
    yield book, journal
    book.close()


class Stopped(Exception):
    """A test's own reason to leave a transaction."""


def half(commit: Commit) -> None:
    commit.put(SEGMENTS, [segment(0, 9)])
    raise Stopped


def again(journal: Journal, folder: Path) -> Book:
    """Return a fresh database in which the journal's acts were done."""
    book = Book(f"sqlite:///{folder / 'again.db'}")
    with book.commit() as commit:
        for act in journal.read().acts():
            commit.do(act)
    return book


def test_every_table_of_the_book_is_told_or_made_again() -> None:
    """Who adds a table to the book must say which: kept in the journal, or made again without it."""
    assert {table.name for table in BOOK} == {table.name for table in KEPT} | (
        MADE_AGAIN & {table.name for table in BOOK}
    )


def test_acts_done_again_give_the_same_rows(home: tuple[Book, Journal], tmp_path: Path) -> None:
    """Rows put, updated and removed come back with their types, from the journal alone."""
    book, journal = home
    told = {
        "scope": "token", "name": "t", "chain": "stellar", "day": date(2026, 1, 1), "supply": Decimal("1.5"),
        "source": "s", "file": "f", "file_digest": "d", "line": 1, "imported_at": NOW, "superseded_at": None,
        "superseded_by": None,
    }  # fmt: skip
    with book.commit() as commit:
        commit.put(FILTERS, [filter_row(ONE)])
        commit.put(SEGMENTS, [segment(0, 9), segment(10, 19, final=False)])
        commit.put(EXTERNAL_SUPPLY, [told])
    with book.commit() as commit:
        commit.update(SEGMENTS, segment(10, 19), final=True)
        commit.remove(SEGMENTS, [{"chain_id": CHAIN_ID, "filter_id": ONE.id, "first": 0}])
    made = again(journal, tmp_path)
    for table in KEPT:
        assert made.rows(table) == book.rows(table)
    assert len(made.rows(SEGMENTS)) == 1
    made.close()


def test_only_what_is_not_made_again_is_told(home: tuple[Book, Journal]) -> None:
    """Of files those of raw rows, of claims the tokens held; nothing of endpoints."""
    book, journal = home
    file = {"chain_id": CHAIN_ID, "token": None, "first": 0, "last": 9, "rows": 1, "schema_digest": "x"}
    paths = {"logs": "logs/c/0-9-aa.parquet", "transfers": "transfers/t/c/bb.parquet"}
    with book.commit() as commit:
        for name, path in paths.items():
            commit.put(FILES, [{**file, "path": path, "table_name": name, "unlisted_at": None}])
        for claim in ("token t", "whole t"):
            commit.put(CLAIMS, [{"claim": claim, "owner": "x", "fetched_at": NOW}])
    rows = [(act.table, row) for act in journal.read().acts() for row in act.rows]
    assert [row["path"] for table, row in rows if table is FILES] == [paths["logs"]]
    assert [row["claim"] for table, row in rows if table is CLAIMS] == ["token t"]


def test_a_commit_that_fails_is_left_out(home: tuple[Book, Journal], tmp_path: Path) -> None:
    """An act whose commit never came about has none that follows it; the next commit passes it by."""
    book, journal = home
    with book.commit() as commit:
        commit.put(SEGMENTS, [segment(0, 9)])
    last = journal.read().entries[-1].name
    journal.add(last, [Act("put", SEGMENTS, [segment(10, 19, BOTH)])])  # and then the process was killed
    with book.commit() as commit:
        commit.put(SEGMENTS, [segment(20, 29)])
    made = again(journal, tmp_path)
    assert [row["first"] for row in made.rows(SEGMENTS)] == [0, 20]
    made.close()


def test_a_rolled_back_transaction_tells_nothing(home: tuple[Book, Journal]) -> None:
    """What raised before its end is not in the journal."""
    book, journal = home
    before = journal.read()
    with pytest.raises(Stopped), book.commit() as commit:
        half(commit)
    assert journal.read() == before


def test_a_journal_that_cannot_be_written_stops_the_commit(
    home: tuple[Book, Journal], tmp_path: Path
) -> None:
    """Without its act there is no commit: the row is in neither, and the sentence says why."""
    book, journal = home
    journal.path.unlink()
    journal.path.mkdir()
    with pytest.raises(StoreUnusable, match="committing to the database"), book.commit() as commit:
        commit.put(SEGMENTS, [segment(0, 9)])
    assert book.rows(SEGMENTS) == []


def test_half_a_line_at_the_end_is_passed_by(home: tuple[Book, Journal], tmp_path: Path) -> None:
    """A kill within a write leaves half a line: it is told, left out, and the next act stands on a line of its own."""
    book, journal = home
    with book.commit() as commit:
        commit.put(SEGMENTS, [segment(0, 9)])
    with journal.path.open("ab") as out:
        out.write(b"\n0123456789abcdef half of an a")
    assert (journal.read().torn, journal.read().damage) == (True, None)
    with book.commit() as commit:
        commit.put(SEGMENTS, [segment(10, 19)])
    made = again(journal, tmp_path)
    assert [row["first"] for row in made.rows(SEGMENTS)] == [0, 10]
    assert not journal.read().torn
    made.close()


@pytest.mark.parametrize("line", [0, 1, 2])
def test_a_flipped_bit_is_noticed(home: tuple[Book, Journal], line: int) -> None:
    """A damaged line that others follow is damage, and what stands before it is still told."""
    book, journal = home
    for first in (0, 10, 20):
        with book.commit() as commit:
            commit.put(SEGMENTS, [segment(first, first + 9)])
    lines = journal.path.read_bytes().split(b"\n\n")
    lines[line] = lines[line].replace(b'"', b"'", 1) if b'"' in lines[line] else lines[line][:-1]
    journal.path.write_bytes(b"\n\n".join(lines))
    told = journal.read()
    assert told.damage is not None
    assert len(told.entries) == line


def test_a_long_journal_begins_anew(
    home: tuple[Book, Journal], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond its size it is replaced by the state of that time, in one step; no row is lost."""
    monkeypatch.setattr(journals, "ROLL_BYTES", 2_000)
    book, journal = home
    for first in range(0, 400, 10):
        with book.commit() as commit:
            commit.put(SEGMENTS, [segment(first, first + 9)])
    assert len(journal.read().entries) < 20
    made = again(journal, tmp_path)
    assert made.rows(SEGMENTS) == book.rows(SEGMENTS)
    made.close()


def test_a_journal_goes_on_where_a_process_ended(tmp_path: Path) -> None:
    """Opened again, the journal is the same one; of another database it begins anew and the old one stays aside."""
    book, lake = opened(tmp_path)
    assert lake.folder is not None
    book.keep(Journal(lake.folder))
    with book.commit() as commit:
        commit.put(SEGMENTS, [segment(0, 9)])
    book.close()
    before = Journal(lake.folder).read()
    book, _ = opened(tmp_path)
    book.keep(Journal(lake.folder))
    book.close()
    assert Journal(lake.folder).read() == before
    other = Book(f"sqlite:///{tmp_path / 'other.db'}")
    other.keep(Journal(lake.folder))
    other.close()
    assert Journal(lake.folder).read().acts() == []
    assert [path.suffix for path in lake.folder.glob("*.old")] == [".old"]


def test_an_act_names_the_commit_that_it_follows() -> None:
    """The chain of names tells what was committed, whichever acts lie in between."""
    lines = [
        Entry("a", NONE, "[]"),
        Entry("b", "a", "[]"),
        Entry("c", "a", "[]"),
        None,
        Entry("d", "c", "[]"),
    ]
    told = chained(lines)
    assert ([entry.name for entry in told.entries], told.damage, told.torn) == (["a", "c", "d"], None, False)
    broken = chained([Entry("a", NONE, "[]"), None, Entry("d", "c", "[]")])
    assert ([entry.name for entry in broken.entries], broken.damage is None) == (["a"], False)


@pytest.mark.parametrize("table", [DERIVATIONS, ENDPOINTS])
def test_what_is_made_again_is_not_told(table: Table) -> None:
    """Derivations and what was learnt of endpoints cost no journal."""
    assert journals.kept([Act("put", table, [dict.fromkeys(table.names, "x")])]) == []


def test_publications_and_instants_are_told() -> None:
    """When a day was published cannot be told again by anything; instants cost requests."""
    acts = [Act("put", table, [dict.fromkeys(table.names, "x")]) for table in (PUBLICATIONS, MOMENTS)]
    assert journals.kept(acts) == acts
