"""Raw rows of a chain, out of the lake and into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from indexer.decode.columns import whole
from indexer.floor.spans import BlockRef, Span
from indexer.floor.tables import FILES, LOGS, READS, TRANSACTIONS, Table
from indexer.ledger.scene import Run
from indexer.ledger.values import Call
from indexer.store.book import Book
from indexer.store.lake import Lake
from indexer.sync.writer import file_row, unlist

WORD = 32
ReadKey = tuple[int, str, bytes]


KEPT_LOGS = 2_000_000
"""Logs of read files that stay in memory, since the tokens of a chain share files."""


class _File(NamedTuple):
    """A file's logs; *places* says for each log which of *contracts* it is of.

    So each token of a chain costs a comparison of numbers a log, not of addresses.
    """

    logs: pa.Table
    contracts: list[bytes]
    places: npt.NDArray[np.int32]


class RawLogs:
    """The logs of one chain, file by file."""

    def __init__(self, book: Book, lake: Lake, chain_id: str) -> None:
        self._lake = lake
        rows = book.rows(FILES, table_name=LOGS.name, chain_id=chain_id)
        self._files = [row for row in rows if row["unlisted_at"] is None]
        self._kept: dict[str, _File] = {}

    def of(self, addresses: Sequence[str], run: Run) -> pa.Table:
        """Return the logs of *addresses* within *run*, in (block, log index) order, each once."""
        return in_order(self._held(addresses, run))

    def clash(self, addresses: Sequence[str], run: Run) -> int | None:
        """Return the first block of which two rows are held that cannot both be so; None where all can."""
        return clash_of(self._held(addresses, run))

    def _held(self, addresses: Sequence[str], run: Run) -> pa.Table:
        wanted = {bytes.fromhex(address[2:]) for address in addresses}
        blocks = Span(run.first, run.frontier.number)
        parts = []
        for row in self._files:
            if not blocks.overlaps(Span(row["first"], row["last"])):
                continue
            file = self._read(row["path"])
            keep = np.array([contract in wanted for contract in file.contracts], dtype=np.bool_)[file.places]
            if row["first"] < blocks.first or row["last"] > blocks.last:
                number = file.logs["block_number"].to_numpy()
                keep &= (number >= blocks.first) & (number <= blocks.last)
            parts.append(file.logs if keep.all() else file.logs.filter(pa.array(keep)))
        return pa.concat_tables(parts) if parts else self._lake.read(LOGS, [])

    def _read(self, path: str) -> _File:
        if path not in self._kept:
            logs = self._lake.read(LOGS, [path])
            while (
                self._kept
                and sum(file.logs.num_rows for file in self._kept.values()) + logs.num_rows > KEPT_LOGS
            ):
                self._kept.pop(next(iter(self._kept)))
            coded = whole(logs["address"]).dictionary_encode()
            self._kept[path] = _File(logs, coded.dictionary.to_pylist(), coded.indices.to_numpy())
        return self._kept[path]


def clash_of(logs: pa.Table) -> int | None:
    """Return the first block with two different logs at one place, or with two hashes; None where there is none.

    Two filters may have held one contract, so the same log may be there twice; a different one never.
    """
    if logs.num_rows < 2:
        return None
    key = pc.add(pc.multiply(logs["block_number"], 1 << 24), logs["log_index"])
    if pc.min(pc.pairwise_diff(whole(key))).as_py() <= 0:
        logs = logs.take(pc.sort_indices(key))
    before, after = logs.slice(0, logs.num_rows - 1), logs.slice(1)

    def differs(name: str) -> pa.ChunkedArray:
        left, right = before[name], after[name]
        apart = pc.fill_null(pc.not_equal(left, right), fill_value=False)
        return pc.or_(apart, pc.xor(pc.is_null(left), pc.is_null(right)))

    same_block = pc.equal(before["block_number"], after["block_number"])
    same_place = pc.and_(same_block, pc.equal(before["log_index"], after["log_index"]))
    wrong = pc.and_(same_block, differs("block_hash"))
    for name in ("tx_hash", "tx_index", "address", "topic0", "topic1", "topic2", "topic3", "data"):
        wrong = pc.or_(wrong, pc.and_(same_place, differs(name)))
    found = after["block_number"].filter(wrong)
    return int(found[0].as_py()) if len(found) else None


def in_order(logs: pa.Table) -> pa.Table:
    """Return *logs* by (block, log index) without repeats: two filters may have held one contract."""
    key = pc.add(pc.multiply(logs["block_number"], 1 << 24), logs["log_index"])
    steps = pc.pairwise_diff(whole(key))
    if logs.num_rows < 2 or pc.min(steps).as_py() > 0:
        return logs
    order = pc.sort_indices(key)
    key = key.take(order).combine_chunks()
    fresh = pc.fill_null(pc.not_equal(pc.pairwise_diff(key), 0), fill_value=True)
    return logs.take(order.filter(fresh))


def hints_of(logs: pa.Table, moments: Sequence[int]) -> list[BlockRef]:
    """Return the blocks with a log nearest before and after each of *moments* (seconds)."""
    times = pc.divide(logs["block_time"].cast(pa.int64()), 1_000_000).to_numpy()
    after = np.searchsorted(times, np.array(moments))
    rows = sorted({int(row) for at in after for row in (at - 1, at) if 0 <= row < len(times)})
    picked = logs.select(["block_number", "block_hash"]).take(pa.array(rows, pa.int64()))
    numbers, hashes = (picked[name].to_pylist() for name in picked.column_names)
    return [
        BlockRef(block, f"0x{digest.hex()}", int(times[row]))
        for row, block, digest in zip(rows, numbers, hashes, strict=True)
    ]


def load_calls(book: Book, lake: Lake, chain_id: str) -> dict[str, Call | None]:
    """Return the calls of the transactions held, by hash."""
    rows = lake.read(TRANSACTIONS, _paths(book, TRANSACTIONS, chain_id))
    columns = [rows[name].to_pylist() for name in ("tx_hash", "from_address", "to_address", "input")]
    return {
        tx_hash: Call(sender, target, bytes.fromhex(text[2:]))
        for tx_hash, sender, target, text in zip(*columns, strict=True)
    }


def number(result: bytes | None) -> int | None:
    """Return the first word of what a view answered; None where it answered less: that is no number."""
    return int.from_bytes(result[:WORD], "big") if result is not None and len(result) >= WORD else None


def load_reads(book: Book, lake: Lake, chain_id: str) -> dict[ReadKey, bytes | None]:
    """Return the answers of the reads held; None where the call reverted."""
    rows = lake.read(READS, _paths(book, READS, chain_id))
    columns = [rows[name].to_pylist() for name in ("block_number", "address", "call", "result")]
    return {
        (block, f"0x{address.hex()}", call): result
        for block, address, call, result in zip(*columns, strict=True)
    }


def load_read_times(book: Book, lake: Lake, chain_id: str) -> dict[int, int]:
    """Return the time, in seconds, of each block that a read is pinned to."""
    rows = lake.read(READS, _paths(book, READS, chain_id))
    seconds = pc.divide(rows["block_time"].cast(pa.int64()), 1_000_000)
    return dict(zip(rows["block_number"].to_pylist(), seconds.to_pylist(), strict=True))


def add_rows(book: Book, lake: Lake, table: Table, chain_id: str, rows: pa.Table) -> None:
    """Add raw *rows* to the chain's one file of *table*; a row that is held already stays."""
    if rows.num_rows == 0:
        return
    paths = _paths(book, table, chain_id)
    held = lake.read(table, paths)
    both = pa.concat_tables([held, rows.cast(held.schema)])
    file = lake.write(table, _first_of_each(both, table), {"chain_id": chain_id})
    with book.commit() as commit:
        unlist(commit, [path for path in paths if path != file.path])
        commit.put(FILES, [file_row(file)])


def forget_from(book: Book, lake: Lake, table: Table, chain_id: str, first: int) -> None:
    """Drop the chain's rows of *table* from block *first* on: they came from blocks that are no more."""
    paths = _paths(book, table, chain_id)
    held = lake.read(table, paths)
    kept = held.filter(pc.less(held["block_number"], first))
    if kept.num_rows == held.num_rows:
        return
    file = lake.write(table, kept, {"chain_id": chain_id})
    with book.commit() as commit:
        unlist(commit, [path for path in paths if path != file.path])
        commit.put(FILES, [file_row(file)])


def _first_of_each(rows: pa.Table, table: Table) -> pa.Table:
    """Return *rows* in key order, the first of those with the same key."""
    seen: dict[tuple[object, ...], int] = {}
    for at, key in enumerate(zip(*(rows[name].to_pylist() for name in table.key), strict=True)):
        seen.setdefault(key, at)
    return rows.take(pa.array([seen[key] for key in sorted(seen)], pa.int64()))


def _paths(book: Book, table: Table, chain_id: str) -> list[str]:
    rows: Sequence[Mapping[str, object]] = book.rows(FILES, table_name=table.name, chain_id=chain_id)
    return [str(row["path"]) for row in rows if row["unlisted_at"] is None]
