"""Logs of a price contract, decoded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from indexer.decode.abi import Event, Family, RawLog, Undecodable, decode_event, load_family, topics_of
from indexer.ledger.prices.picked import Pick
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
        """Return the argument *name*, a number, of a log that can be read."""
        assert self.event is not None  # noqa: S101 - only such logs are asked
        return self.event.number(name)


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
    pick: Pick | None = None,
) -> list[Told]:
    """Return the logs of *events* that the contract *address* emitted, in order; only those that *pick* chooses."""
    family = load_family(families)
    logs = logs_from(scene, address)
    topics = pa.array(topics_of(families, events), pa.binary(32))
    logs = logs.filter(pc.is_in(logs["topic0"], value_set=topics))
    if pick and logs.num_rows:
        logs = logs.filter(pick(logs, family))
    times = pc.divide(logs["block_time"].cast(pa.int64()), 1_000_000).to_pylist()
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
