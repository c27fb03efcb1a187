"""Logs of a price contract, decoded; on request thinned to the first of each price and day before that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from indexer.decode.abi import (
    Event,
    EventSpec,
    Family,
    RawLog,
    Undecodable,
    decode_event,
    load_family,
    topics_of,
)
from indexer.decode.columns import WORD, Mask, whole
from indexer.ledger.prices.ranges import DAY
from indexer.ledger.scene import Scene

_NAMES = (
    "block_number", "tx_hash", "log_index", "topic0", "topic1", "topic2", "topic3", "data",
)  # fmt: skip


class Told(NamedTuple):
    """One log with its place; *event* is None where *why* says why it cannot be read."""

    block: int
    time: int
    tx_hash: str
    log_index: int
    event: Event | None
    why: str | None = None

    def number(self, name: str) -> int:
        """Return the argument *name*, a number."""
        value = self.event.args[name] if self.event else None
        assert isinstance(value, int)  # noqa: S101 - the ABI says so
        return value


def logs_from(scene: Scene, address: str) -> pa.Table:
    """Return the logs of the contract *address*."""
    return scene.logs.filter(
        pc.equal(scene.logs["address"], pa.scalar(bytes.fromhex(address[2:]), pa.binary(20)))
    )


def told(
    scene: Scene,
    address: str,
    families: Sequence[str],
    events: Sequence[str],
    thin: Mapping[str, str] | None = None,
    only: tuple[str, bytes] | None = None,
) -> list[Told]:
    """Return the logs of *events* that the contract *address* emitted, in order.

    *only* names an argument and the word that it must be; the other logs are not decoded.

    *thin* names for each event the argument that is its price: of the logs of one day that tell the same
    price in a row only the first is returned, and only those are decoded.
    """
    family = load_family(families)
    logs = logs_from(scene, address)
    topics = pa.array(topics_of(families, events), pa.binary(32))
    logs = logs.filter(pc.is_in(logs["topic0"], value_set=topics))
    if only and logs.num_rows:
        logs = logs.filter(_having(logs, family, *only))
    if thin and logs.num_rows:
        logs = logs.filter(pa.array(_fresh(logs, family, thin)))
    times = _seconds(logs)
    rows = zip(times, *(logs[name].to_pylist() for name in _NAMES), strict=True)
    return [_told(family, address, row) for row in rows]


def _told(
    family: Family, address: str, row: tuple[int, int, bytes, int, bytes, bytes, bytes, bytes, bytes]
) -> Told:
    time, block, tx_hash, log_index, *topics, data = row
    given = tuple(topic for topic in topics if isinstance(topic, bytes))
    event = decode_event(family, RawLog(address, log_index, given, data))
    place = (block, time, f"0x{tx_hash.hex()}", log_index)
    if isinstance(event, Undecodable):
        return Told(*place, None, f"block {block} log {log_index} cannot be read: {event.reason}")
    return Told(*place, event)


def _seconds(logs: pa.Table) -> list[int]:
    times: list[int] = pc.divide(logs["block_time"].cast(pa.int64()), 1_000_000).to_pylist()
    return times


def _fresh(logs: pa.Table, family: Family, thin: Mapping[str, str]) -> Mask:
    """Return which *logs* tell another price than the log before them, or are the first of their day."""
    prices = pa.nulls(logs.num_rows, pa.binary())
    for specs in family.events.values():
        for spec in specs:
            place = _place(spec, thin.get(spec.name))
            if place is not None:
                mine = pc.equal(logs["topic0"], pa.scalar(spec.topic0, pa.binary(32)))
                prices = pc.if_else(mine, pc.binary_slice(logs["data"], place, place + WORD), prices)
    codes = whole(prices).dictionary_encode(null_encoding="encode").indices.to_numpy()
    days = np.array(_seconds(logs)) // DAY
    first = np.ones(logs.num_rows, dtype=np.bool_)
    first[1:] = (np.diff(codes) != 0) | (np.diff(days) != 0)
    return first


def _having(logs: pa.Table, family: Family, name: str, word: bytes) -> pa.ChunkedArray:
    """Return where the argument *name* is *word*; a log too short to hold it stays, to be refused by name."""
    held = pc.greater_equal(logs["block_number"], 0)
    for specs in family.events.values():
        for spec in specs:
            place = _place(spec, name)
            if place is not None:
                mine = pc.equal(logs["topic0"], pa.scalar(spec.topic0, pa.binary(32)))
                found = pc.binary_slice(logs["data"], place, place + WORD)
                other = pc.and_(pc.not_equal(found, word), pc.equal(pc.binary_length(found), WORD))
                held = pc.and_not(held, pc.and_(mine, other))
    return held


def _place(spec: EventSpec, name: str | None) -> int | None:
    """Return where the data holds the argument *name*; None where it holds none of that name."""
    place = 0
    for argument in spec.arguments:
        if not argument.indexed:
            if argument.name == name:
                return place
            place += WORD * (argument.words or 1)
    return None
