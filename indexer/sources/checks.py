"""Logs held against the question: what cannot be the answer to it is refused, whole columns at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from indexer.floor.filters import Filter
from indexer.floor.spans import BlockRef, Span
from indexer.floor.tables import LOGS, arrow_schema
from indexer.sources.bloom import may_hold
from indexer.sources.logjson import BadAnswer
from indexer.sources.provider_errors import Refusal, Refused

_MICROS = 10**6


def checked(logs: pa.Table, span: Span, wanted: Filter, end: BlockRef) -> pa.Table:
    """Return *logs* in order of block and log index, or raise BadAnswer where they cannot be what was asked.

    *end* is the header of the span's last block as the same endpoint gave it.
    """
    if not logs.num_rows:
        return logs
    _refuse_foreign(logs, span, wanted)
    logs = _in_order(logs)
    _refuse_contradictions(logs, end)
    return logs


def hold(name: str, seen: BlockRef | None, pin: BlockRef) -> None:
    """Hold the block that the endpoint *name* has at the height of *pin* against it; Refused where it is another."""
    if seen is None or seen.number != pin.number:
        raise BadAnswer(f"{name} has not block {pin.number} yet.")
    if seen.hash != pin.hash:
        refusal = Refusal("forked", text=f"{name} has another block {pin.number} than the chain we follow.")
        raise Refused(refusal, refusal.text)


def in_bloom(logs: pa.Table, end: BlockRef, bloom: int | None) -> pa.Table:
    """Return *logs*, or raise BadAnswer where one of the last block is not in the *bloom* of its header.

    A bloom never lacks a log of its block, except on the few chains whose configuration says so. None
    where the node tells no bloom.
    """
    if bloom is None or not logs.num_rows:
        return logs
    last = logs.filter(pc.equal(logs["block_number"], end.number)).select(["address", "topic0", "log_index"])
    for address, topic, index in zip(*(column.to_pylist() for column in last.columns), strict=True):
        if not may_hold(bloom, address, None if topic is None else [topic]):
            raise BadAnswer(
                f"log {index} of block {end.number} is not in the bloom of the block's own header. If every endpoint "
                "says so, the chain's blooms are wrong: set blooms = false for it in chains.toml."
            )
    return logs


def untimed_blocks(logs: pa.Table) -> dict[int, str]:
    """Return the hash (0x text) of each block whose logs came without a time."""
    missing = logs.filter(pc.is_null(logs["block_time"]))
    numbers, first = np.unique(missing["block_number"].to_numpy(), return_index=True)
    hashes: list[Any] = missing["block_hash"].take(first).to_pylist()
    return {int(n): f"0x{h.hex()}" for n, h in zip(numbers, hashes, strict=True)}


def timed(logs: pa.Table, headers: Mapping[int, BlockRef], end: BlockRef) -> pa.Table:
    """Return *logs* in the schema of ``logs``, their missing times filled from *headers*.

    Times that run backwards, differ within a block or pass the end block's are refused.
    """
    if headers:
        numbers = np.array(sorted(headers), dtype=np.int64)
        times = np.array([headers[int(n)].time * _MICROS for n in numbers]).astype("datetime64[us]")
        blocks = logs["block_number"].to_numpy()
        place = np.minimum(np.searchsorted(numbers, blocks), len(numbers) - 1)
        filled = pc.coalesce(logs["block_time"], pa.array(times[place], mask=numbers[place] != blocks))
        logs = logs.set_column(logs.schema.get_field_index("block_time"), "block_time", filled)
    if logs["block_time"].null_count:
        raise BadAnswer("logs without a time came, and their headers did not.")
    _refuse_odd_times(logs, end)
    return pa.Table.from_arrays(logs.columns, schema=arrow_schema(LOGS))


def _refuse_foreign(logs: pa.Table, span: Span, wanted: Filter) -> None:
    blocks = logs["block_number"].to_numpy()
    outside = blocks[(blocks < span.first) | (blocks > span.last)]
    if len(outside):
        raise BadAnswer(f"a log of block {outside[0]} lies outside the asked span {span}.")
    asked = pa.array([bytes.fromhex(a[2:]) for a in wanted.addresses], pa.binary(20))
    foreign = logs["address"].filter(pc.invert(pc.is_in(logs["address"], value_set=asked)))
    if len(foreign):
        raise BadAnswer(f"a log of 0x{foreign[0].as_py().hex()} lies outside the asked filter.")
    if wanted.topics is not None:
        topics = pa.array([bytes.fromhex(t[2:]) for t in wanted.topics], pa.binary(32))
        if not pc.all(pc.is_in(logs["topic0"], value_set=topics)).as_py():
            raise BadAnswer("a log has a first topic that was not asked for.")


def _in_order(logs: pa.Table) -> pa.Table:
    block, index = logs["block_number"].to_numpy(), logs["log_index"].to_numpy()
    if not _ascending(block, index).all():
        logs = logs.take(np.lexsort((index, block)))
        block, index = logs["block_number"].to_numpy(), logs["log_index"].to_numpy()
        rising = _ascending(block, index)
        if not rising.all():
            row = int(np.argmin(rising))
            raise BadAnswer(f"log {index[row]} of block {block[row]} came twice.")
    return logs


def _ascending(block: npt.NDArray[Any], index: npt.NDArray[Any]) -> npt.NDArray[Any]:
    same_block = block[1:] == block[:-1]
    rising: npt.NDArray[Any] = np.where(same_block, index[1:] > index[:-1], block[1:] > block[:-1])
    return rising


def _refuse_contradictions(logs: pa.Table, end: BlockRef) -> None:
    """Refuse two hashes of one block, another hash than the end block's, transactions that do not add up."""
    block, place = logs["block_number"].to_numpy(), logs["tx_index"].to_numpy()
    together = block[1:] == block[:-1]
    split = together & ~_same_as_before(logs["block_hash"])
    if split.any():
        raise BadAnswer(f"block {block[int(np.argmax(split))]} came with two hashes.")
    last = logs["block_hash"][-1].as_py()
    if block[-1] == end.number and "0x" + last.hex() != end.hash:
        raise BadAnswer(f"the logs of block {end.number} carry another hash than its header.")
    same_place = place[1:] == place[:-1]
    odd = together & ((place[1:] < place[:-1]) | (same_place != _same_as_before(logs["tx_hash"])))
    if odd.any():
        raise BadAnswer(f"the transactions of block {block[int(np.argmax(odd))]} contradict their order.")


def _refuse_odd_times(logs: pa.Table, end: BlockRef) -> None:
    if not logs.num_rows:
        return
    block = logs["block_number"].to_numpy()
    time = logs["block_time"].to_numpy().astype(np.int64)
    together = block[1:] == block[:-1]
    odd = (time[1:] < time[:-1]) | (together & (time[1:] != time[:-1]))
    if odd.any():
        raise BadAnswer(
            f"the time of block {block[1:][int(np.argmax(odd))]} contradicts the block before it."
        )
    newest = int(time[-1])
    if newest > end.time * _MICROS or (block[-1] == end.number and newest != end.time * _MICROS):
        raise BadAnswer(f"the time of block {block[-1]} contradicts the header of block {end.number}.")


def _same_as_before(column: pa.ChunkedArray[Any]) -> npt.NDArray[Any]:
    """Return for each row but the first whether its 32 bytes equal those of the row before."""
    # Joining the chunks of a column that has one copies it.
    array: Any = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    whole = np.frombuffer(array.buffers()[1], dtype=np.uint64).reshape(-1, 4)
    rows = whole[array.offset : array.offset + len(array)]
    same: npt.NDArray[Any] = (rows[1:] == rows[:-1]).all(axis=1)
    return same
