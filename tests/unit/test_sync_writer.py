"""The writer of raw logs: what is joined, what is booked with which file, what is merged later."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from ledger_kit import CHAIN_ID
from store_kit import BOTH, NOW, ONE, certified, derivation, moves, opened, piece, segment

from indexer.floor.spans import Span
from indexer.floor.tables import CERTIFICATES, DERIVATIONS, FILES, FILTERS, LOGS, SEGMENTS
from indexer.store.book import Book
from indexer.store.lake import SEGMENT_KEY, Lake
from indexer.sync.writer import LogWriter, compact, joined, mergeable, unlist


@pytest.fixture
def home(tmp_path: Path) -> Iterator[tuple[Book, Lake]]:
    book, lake = opened(tmp_path)
    yield book, lake
    book.close()


def fetch(home: tuple[Book, Lake], *spans: tuple[int, int, tuple[int, ...]]) -> None:
    """Add an answered request per span, each flushed on its own."""
    writer = LogWriter(*home)
    for first, last, blocks in spans:
        writer.add(piece(first, last, *blocks))
        writer.flush()


def listed(book: Book) -> list[str]:
    return [row["path"] for row in book.rows(FILES) if row["unlisted_at"] is None]


def test_pieces_that_follow_each_other_are_one_run() -> None:
    """Neighbours of one filter are joined, in whichever order they came; a gap or another filter parts them."""
    pieces = [piece(6, 9), piece(20, 29), piece(0, 5), piece(10, 12, asked=BOTH)]
    runs = {tuple(each.span for each in run) for run in joined(pieces)}
    assert runs == {(Span(0, 5), Span(6, 9)), (Span(20, 29),), (Span(10, 12),)}


def test_a_flush_books_file_and_segment(home: tuple[Book, Lake]) -> None:
    """After a flush the run is one segment with its end's hash, its file is listed and holds the logs."""
    book, lake = home
    writer = LogWriter(book, lake)
    writer.add(piece(6, 9, 7))
    writer.add(piece(0, 5, 1, 5))
    writer.flush()
    (row,) = book.rows(SEGMENTS)
    assert (row["first"], row["last"], row["logs"], row["proof"]) == (0, 9, 3, "end_block")
    assert (row["last_hash"], row["endpoint"]) == (f"0x{9:064x}", "node-1")
    assert listed(book) == [row["path"]]
    assert lake.read(LOGS, [row["path"]]).equals(moves(1, 5, 7))
    assert [f["body"] for f in book.rows(FILTERS)] == [ONE.body]


def test_a_span_without_logs_has_a_segment_and_no_file(home: tuple[Book, Lake]) -> None:
    """That nothing was there is booked too; no empty file is written."""
    book, lake = home
    fetch(home, (0, 9, ()))
    assert [(row["logs"], row["path"]) for row in book.rows(SEGMENTS)] == [(0, None)]
    assert (listed(book), lake.paths()) == ([], [])


def test_nothing_is_booked_before_a_flush(home: tuple[Book, Lake]) -> None:
    """What waits in memory is neither in the book nor in the lake: a kill loses it whole."""
    book, lake = home
    LogWriter(book, lake).add(piece(0, 9, 1))
    assert (book.rows(SEGMENTS), lake.paths()) == ([], [])


def test_a_file_carries_its_segment(home: tuple[Book, Lake], tmp_path: Path) -> None:
    """A raw file says which blocks and which filter it is of, so that a lost book can be made again."""
    book, _ = home
    fetch(home, (0, 9, (1,)))
    (path,) = listed(book)
    note = json.loads(pq.read_schema(tmp_path / "lake" / path).metadata[SEGMENT_KEY])
    assert (note["first"], note["last"], note["filter_id"], note["filter"]) == (0, 9, ONE.id, ONE.body)


def test_compacting_keeps_the_rows(home: tuple[Book, Lake]) -> None:
    """Neighbours become one segment and one file with the same rows; the old files leave the manifest."""
    book, lake = home
    fetch(home, (0, 9, (1, 2)), (10, 19, ()), (20, 29, (21, 22)))
    assert compact(book, lake, CHAIN_ID, 29) == 2
    (row,) = book.rows(SEGMENTS)
    assert (row["first"], row["last"], row["logs"], row["last_hash"]) == (0, 29, 4, f"0x{29:064x}")
    assert listed(book) == [row["path"]]
    assert lake.read(LOGS, [row["path"]]).equals(moves(1, 2, 21, 22))
    assert sum(1 for each in book.rows(FILES) if each["unlisted_at"] is not None) == 2


def test_compacting_leaves_what_is_not_final(home: tuple[Book, Lake]) -> None:
    """A segment above the final block stays as it is, since a reorg may drop it."""
    book, lake = home
    fetch(home, (0, 9, (1,)), (10, 19, (11,)))
    assert compact(book, lake, CHAIN_ID, 18) == 0
    assert len(book.rows(SEGMENTS)) == 2


def test_compacting_again_changes_nothing(home: tuple[Book, Lake]) -> None:
    """What was merged is not merged again."""
    book, lake = home
    fetch(home, (0, 9, (1,)), (10, 19, (11,)))
    compact(book, lake, CHAIN_ID, 19)
    before = book.rows(FILES)
    assert compact(book, lake, CHAIN_ID, 19) == 0
    assert book.rows(FILES) == before


def test_only_neighbours_of_one_filter_are_merged(tmp_path: Path) -> None:
    """A gap or another filter between two segments keeps them apart."""
    _, lake = opened(tmp_path)
    rows = [segment(0, 9), segment(11, 19), segment(20, 29, BOTH), segment(30, 39, BOTH)]
    assert [[s["first"] for s in group] for group in mergeable(rows, lake)] == [[20, 30]]


def test_neighbours_of_another_proof_are_not_merged(tmp_path: Path) -> None:
    """A segment that is proven further keeps its proof: it is not merged with one that is not."""
    _, lake = opened(tmp_path)
    rows = [segment(0, 9), segment(10, 19, proof="bloom"), segment(20, 29, proof="bloom")]
    assert [[s["first"] for s in group] for group in mergeable(rows, lake)] == [[10, 20]]


def test_files_do_not_grow_without_end(tmp_path: Path) -> None:
    """Segments are merged up to a million logs, not beyond."""
    _, lake = opened(tmp_path)
    rows = [segment(n * 10, n * 10 + 9, logs=400_000) for n in range(5)]
    assert [[s["first"] for s in group] for group in mergeable(rows, lake)] == [[0, 10], [20, 30]]


def test_an_unlisted_file_stays_for_its_readers(home: tuple[Book, Lake]) -> None:
    """Leaving the manifest takes a time, not the file: a reader may still hold the old list."""
    book, lake = home
    fetch(home, (0, 9, (1,)))
    (path,) = listed(book)
    with book.commit() as commit:
        unlist(commit, [path])
    (row,) = book.rows(FILES)
    assert row["unlisted_at"] > NOW
    assert lake.read(LOGS, [path]).num_rows == 1


def provisional(home: tuple[Book, Lake], *blocks: int) -> None:
    """Hold blocks 0 to 9 as they came when block 4 was the last final one, and a table made of them."""
    writer = LogWriter(*home, 4)
    writer.add(piece(5, 9, *blocks))
    writer.flush()
    with home[0].commit() as commit:
        commit.put(DERIVATIONS, [derivation()])


@pytest.mark.parametrize(("before", "after"), [((7,), (7, 8)), ((7, 8), (8,)), ((), (6,)), ((7,), ())])
def test_final_logs_that_differ_take_the_place_and_outdate_what_was_made(
    home: tuple[Book, Lake], before: tuple[int, ...], after: tuple[int, ...]
) -> None:
    """A log more, a log less: the new ones are held, it is said, and what is derived of the chain is made again."""
    provisional(home, *before)
    writer = LogWriter(*home, 9)
    writer.add(piece(5, 9, *after))
    writer.flush()
    book, lake = home
    (row,) = book.rows(SEGMENTS)
    assert (row["first"], row["last"], row["final"], row["logs"]) == (5, 9, True, len(after))
    assert lake.read(LOGS, listed(book)).equals(moves(*after))
    (sentence,) = writer.changed
    assert f"{len(after)} in place of the {len(before)} that node-1 gave" in sentence
    assert book.rows(DERIVATIONS)[0]["inputs_missing"] == 1


def test_certificates_that_passed_on_other_logs_go(home: tuple[Book, Lake]) -> None:
    """They are made again by the next run; those of blocks before, and red ones, stay."""
    provisional(home, 7)
    rows = [certified(4), certified(9), certified(9, "fail")]
    with home[0].commit() as commit:
        commit.put(CERTIFICATES, rows)
    writer = LogWriter(*home, 9)
    writer.add(piece(5, 9, 8))
    writer.flush()
    assert [row["certificate_id"] for row in home[0].rows(CERTIFICATES)] == ["4 pass", "9 fail"]


def test_final_logs_that_agree_change_nothing_but_the_segment(home: tuple[Book, Lake]) -> None:
    """The same logs in two answers, of which the first ends inside the provisional span: no word, nothing outdated."""
    provisional(home, 6, 8)
    writer = LogWriter(*home, 9)
    for span in ((5, 7, 6), (8, 9, 8)):
        writer.add(piece(*span))
        writer.flush()
    book, lake = home
    assert [(s["first"], s["last"], s["final"]) for s in book.rows(SEGMENTS)] == [(5, 7, True), (8, 9, True)]
    assert lake.read(LOGS, listed(book)).num_rows == 2
    assert writer.changed == []
    assert book.rows(DERIVATIONS)[0]["inputs_missing"] == 0


def test_what_is_final_and_what_is_not_are_two_segments() -> None:
    """What lies above the final block is never joined: it is asked again, and may be of two branches."""
    runs = joined([piece(0, 2), piece(3, 4), piece(5, 7), piece(8, 9)], 4)
    assert [[tuple(each.span) for each in run] for run in runs] == [[(0, 2), (3, 4)], [(5, 7)], [(8, 9)]]
