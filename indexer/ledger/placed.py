"""Logs one by one with their place, for the few contracts whose every log has a meaning of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from indexer.decode.abi import Event, Family, RawLog, Undecodable, decode_event
from indexer.ledger.scene import Scene


class Place(NamedTuple):
    """Where a log stands."""

    time: int
    block: int
    block_hash: str
    tx_hash: str
    tx_index: int
    log_index: int

    @property
    def order(self) -> tuple[int, int]:
        """What sorts logs of one chain."""
        return self.block, self.log_index


def placed(
    scene: Scene, addresses: Collection[str], topics: Collection[bytes] | None = None
) -> Iterator[tuple[Place, RawLog]]:
    """Yield the logs of *addresses* that have a topic, one of *topics* where they are given, in their order."""
    wanted = pa.array([bytes.fromhex(address[2:]) for address in addresses], pa.binary(20))
    mask = pc.is_in(scene.logs["address"], value_set=wanted)
    if topics is not None:
        mask = pc.and_(
            mask, pc.is_in(scene.logs["topic0"], value_set=pa.array(sorted(topics), pa.binary(32)))
        )
    yield from read_logs(scene.logs.filter(mask))


_SLICE = 1_024
"""Logs that become Python objects at a time: who wants the first alone pays for no more."""


def read_logs(rows: pa.Table) -> Iterator[tuple[Place, RawLog]]:
    """Yield those of the raw logs *rows* that have a topic, in their order."""
    for first in range(0, rows.num_rows, _SLICE):
        yield from _read(rows.slice(first, _SLICE))


def _read(rows: pa.Table) -> Iterator[tuple[Place, RawLog]]:
    seconds = pc.divide(rows["block_time"].cast(pa.int64()), 1_000_000).to_pylist()
    names = ("block_number", "block_hash", "tx_hash", "tx_index", "log_index", "address")
    columns = [rows[name].to_pylist() for name in (*names, "topic0", "topic1", "topic2", "topic3", "data")]
    for time, block, block_hash, tx_hash, tx_index, log_index, address, *words, data in zip(
        seconds, *columns, strict=True
    ):
        given = tuple(topic for topic in words if topic is not None)
        if given:
            place = Place(time, block, f"0x{block_hash.hex()}", f"0x{tx_hash.hex()}", tx_index, log_index)
            yield place, RawLog(f"0x{address.hex()}", log_index, given, data)


def told(
    scene: Scene, addresses: Collection[str], family: Family, names: Collection[str] | None = None
) -> Iterator[tuple[Place, RawLog, Event | Undecodable]]:
    """Yield the logs of *addresses* that *family* knows, decoded; only the events *names* where given."""
    topics = [topic for topic, name in family.topics.items() if names is None or name in names]
    for place, raw in placed(scene, addresses, topics):
        event = decode_event(family, raw)
        if event is not None:
            yield place, raw, event


def undecoded_row(scene: Scene, place: Place, raw: RawLog, reason: str) -> dict[str, object]:
    """Return the row of ``undecoded`` that says why *raw* cannot be held."""
    return {
        "token": scene.deployment.token,
        "chain_id": scene.deployment.chain_id,
        "block_number": place.block,
        "tx_hash": place.tx_hash,
        "log_index": place.log_index,
        "address": raw.address,
        "topic0": f"0x{raw.topics[0].hex()}",
        "reason": reason,
    }
