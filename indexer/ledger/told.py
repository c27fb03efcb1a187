"""What the group's contracts tell beside transfers: wanted logs, decoded once, with their places."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from indexer.decode.abi import Event, Family, RawLog, decode_event, load_family
from indexer.ledger.placed import Place, read_logs
from indexer.ledger.scene import Scene

COMMON = ("access", "proxy")
"""Event families that any contract may speak, whatever its configuration names."""


class Spot(NamedTuple):
    """Where a row comes from: the log's contract and place; *block_time* is in seconds."""

    contract: str
    block_number: int
    block_time: int
    tx_hash: str
    log_index: int


class Told(NamedTuple):
    """A decoded log and where it stands."""

    spot: Spot
    event: Event


def told(scene: Scene, names: Collection[str]) -> list[Told]:
    """Return the group's logs whose events are called one of *names*, in order.

    They are picked by topic, a whole column at a time, so the many transfers cost nothing here. A log that
    does not fit its ABI is left out: ``undecoded`` tells it.
    """
    families = families_of(scene)
    topics = sorted({t for family in families.values() for t, name in family.topics.items() if name in names})
    wanted = pc.is_in(scene.logs["topic0"], value_set=pa.array(topics, pa.binary(32)))
    found = (_told(families, *log) for log in read_logs(scene.logs.filter(wanted)))
    return [told for told in found if told is not None and told.event.name in names]


def families_of(scene: Scene) -> Mapping[str, Family]:
    """Return what each contract's logs are decoded with: its own families, so that none speaks for another.

    Every companion may log a Transfer: what a wrapper pays out is told by the other token's.
    """
    names: dict[str, dict[str, None]] = defaultdict(dict)
    names[scene.deployment.address].update(dict.fromkeys(scene.token.events))
    for companion in scene.deployment.companions:
        names[companion.address].update(dict.fromkeys((*companion.events, "erc20")))
    return {address: load_family((*own, *COMMON)) for address, own in names.items()}


def _told(families: Mapping[str, Family], place: Place, raw: RawLog) -> Told | None:
    event = decode_event(families[raw.address], raw) if raw.address in families else None
    if not isinstance(event, Event):
        return None
    return Told(Spot(event.contract, place.block, place.time, place.tx_hash, place.log_index), event)
