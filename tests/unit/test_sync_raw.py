"""Raw rows out of the lake and into it: each log once and in order, each transaction and read once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from ledger_kit import CHAIN_ID, MOVE, OTHER, TOKEN, logs_of, run_to, transfer, tx_hash
from store_kit import BOTH, NOW, end, moves, opened, piece

from indexer.floor.spans import Span
from indexer.floor.tables import FILES, READS, TRANSACTIONS
from indexer.ledger.figures import rows_of
from indexer.ledger.scene import Run
from indexer.ledger.values import Call
from indexer.store.book import Book
from indexer.store.lake import Lake
from indexer.sync.raw import RawLogs, add_rows, clash_of, in_order, load_calls, load_reads
from indexer.sync.writer import LogWriter, Piece


@pytest.fixture
def home(tmp_path: Path) -> Iterator[tuple[Book, Lake]]:
    book, lake = opened(tmp_path)
    yield book, lake
    book.close()


def places(logs: pa.Table) -> list[tuple[int, int]]:
    return list(zip(logs["block_number"].to_pylist(), logs["log_index"].to_pylist(), strict=True))


def call_row(block: int, text: str = "0xabcdef0123", target: str | None = TOKEN) -> dict[str, object]:
    return {
        "chain_id": CHAIN_ID, "tx_hash": tx_hash(block, 0), "block_number": block, "tx_index": 0,
        "from_address": OTHER, "to_address": target, "selector": text[:10], "input": text,
    }  # fmt: skip


def read_row(block: int, result: bytes | None) -> dict[str, object]:
    return {
        "chain_id": CHAIN_ID, "block_number": block, "block_hash": bytes(32), "block_time": NOW,
        "address": bytes.fromhex(TOKEN[2:]), "call": b"\x18\x16\x0d\xdd", "result": result,
        "error": None if result else "reverted", "endpoint": "node-1", "fetched_at": NOW,
    }  # fmt: skip


def test_logs_come_in_order_and_once() -> None:
    """Rows of two filters that both held a contract are one row, in order of block and log."""
    rows = [
        transfer(2, 1, MOVE, 5),
        transfer(1, 0, MOVE, 5),
        transfer(2, 0, MOVE, 5),
        transfer(2, 1, MOVE, 5),
    ]
    assert places(in_order(logs_of(*rows))) == [(1, 0), (2, 0), (2, 1)]


def test_logs_in_order_stay_as_they_are() -> None:
    """A table that is in order already is given back itself."""
    logs = moves(1, 2, 3)
    assert in_order(logs) is logs


@pytest.mark.parametrize("blocks", [(), (7,)])
def test_no_log_and_one_log_are_in_order(blocks: tuple[int, ...]) -> None:
    """Tables too short to be out of order pass."""
    assert in_order(moves(*blocks)).num_rows == len(blocks)


def test_logs_of_overlapping_filters_come_once(home: tuple[Book, Lake]) -> None:
    """A contract that was asked for by two filters over the same blocks has each log once."""
    writer = LogWriter(*home)
    writer.add(piece(0, 9, 3, 5))
    writer.add(piece(4, 12, 5, 11, asked=BOTH))
    writer.flush()
    assert places(RawLogs(*home, CHAIN_ID).of([TOKEN], run_to())) == [(3, 0), (5, 0), (11, 0)]


def test_only_the_run_and_the_group_are_taken(home: tuple[Book, Lake]) -> None:
    """Logs outside the run and of other contracts are left out."""
    rows = [transfer(block, 0, MOVE, 5, address=TOKEN if block % 2 else OTHER) for block in range(1, 10)]
    writer = LogWriter(*home)
    writer.add(Piece(BOTH, Span(0, 9), logs_of(*rows), end(9), "node-1"))
    writer.flush()
    run = Run(3, end(7), holds_start=True, why_null=None)
    assert places(RawLogs(*home, CHAIN_ID).of([TOKEN], run)) == [(3, 0), (5, 0), (7, 0)]
    assert RawLogs(*home, "eip155:1").of([TOKEN], run).num_rows == 0


def test_calls_come_back_as_they_went(home: tuple[Book, Lake]) -> None:
    """Sender, target and input of a transaction survive; one that made a contract has no target."""
    add_rows(*home, TRANSACTIONS, CHAIN_ID, rows_of(TRANSACTIONS, [call_row(1), call_row(2, target=None)]))
    assert load_calls(*home, CHAIN_ID) == {
        tx_hash(1, 0): Call(OTHER, TOKEN, bytes.fromhex("abcdef0123")),
        tx_hash(2, 0): Call(OTHER, None, bytes.fromhex("abcdef0123")),
    }


def test_reads_come_back_as_they_went(home: tuple[Book, Lake]) -> None:
    """An answer of 256 bits keeps every digit, and a revert is None."""
    rows = [read_row(1, (2**256 - 1).to_bytes(32, "big")), read_row(2, None)]
    add_rows(*home, READS, CHAIN_ID, rows_of(READS, rows))
    assert load_reads(*home, CHAIN_ID) == {
        (1, TOKEN, b"\x18\x16\x0d\xdd"): (2**256 - 1).to_bytes(32, "big"),
        (2, TOKEN, b"\x18\x16\x0d\xdd"): None,
    }


def test_rows_that_are_held_stay(home: tuple[Book, Lake]) -> None:
    """Added again with other words, a transaction is as it was first, and the chain has one listed file."""
    book, lake = home
    add_rows(book, lake, TRANSACTIONS, CHAIN_ID, rows_of(TRANSACTIONS, [call_row(2)]))
    again = rows_of(TRANSACTIONS, [call_row(2, "0xffffffff"), call_row(1)])
    add_rows(book, lake, TRANSACTIONS, CHAIN_ID, again)
    assert {k: c.input.hex() for k, c in load_calls(book, lake, CHAIN_ID).items() if c} == {
        tx_hash(1, 0): "abcdef0123",
        tx_hash(2, 0): "abcdef0123",
    }
    assert sum(1 for row in book.rows(FILES) if row["unlisted_at"] is None) == 1


def test_adding_nothing_writes_nothing(home: tuple[Book, Lake]) -> None:
    """No row, no file."""
    book, lake = home
    add_rows(book, lake, TRANSACTIONS, CHAIN_ID, rows_of(TRANSACTIONS, []))
    assert (book.rows(FILES), lake.paths()) == ([], [])


def test_two_rows_for_one_place_clash_only_where_they_differ() -> None:
    """The same log of two filters is no clash; another log at its place, or another hash of its block, is."""
    one, same, other = transfer(2, 1, MOVE, 5), transfer(2, 1, MOVE, 5), transfer(2, 1, MOVE, 6)
    first = transfer(1, 0, MOVE, 5)
    assert clash_of(logs_of(first)) is None
    assert clash_of(logs_of(one, first, same)) is None
    assert clash_of(logs_of(one, first, other)) == 2
    forked = logs_of(first, one)
    hashes = pa.array([forked["block_hash"][0].as_py(), b"\x99" * 32], pa.binary(32))
    two = logs_of(transfer(2, 0, MOVE, 5), one)
    assert clash_of(two) is None
    assert clash_of(two.set_column(two.schema.get_field_index("block_hash"), "block_hash", hashes)) == 2
