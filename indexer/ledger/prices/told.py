"""Logs of a price contract, decoded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from indexer.decode.abi import Event, Family, RawLog, Undecodable, decode_event, load_family, topics_of
from indexer.ledger.placed import Place, read_logs
from indexer.ledger.prices.picked import Pick
from indexer.ledger.scene import Scene


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
    return [_told(family, place, raw) for place, raw in read_logs(logs)]


def _told(family: Family, place: Place, raw: RawLog) -> Told:
    event = decode_event(family, raw)
    where = (place.block, place.time, place.tx_hash, place.log_index)
    if isinstance(event, Undecodable):
        return Told(*where, None, f"block {place.block} log {place.log_index} cannot be read: {event.reason}")
    return Told(*where, event)
