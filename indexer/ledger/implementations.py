"""Upgrades that no log tells: the implementation as state holds it, looked at once for each frontier.

Where a deployment's ``reads`` name "implementation", derive asks for the proxy's storage at its frontier: the
slot that the configuration names, or the two of EIP-1967 and the view implementation(). Each answer is kept
among the raw reads; a slot's call there is ``slot:`` and the slot's 32 bytes. Two answers that differ are an
upgrade somewhere between their blocks, unless an event tells it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from indexer.config.model import Deployment
from indexer.ledger.figures import moment
from indexer.ledger.scene import ReadWanted, Scene
from indexer.ledger.told import Told

SLOT = b"slot:"
"""What the call of a raw read begins with, where a storage slot was read."""

EIP1967 = (
    bytes.fromhex("360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc"),  # implementation
    bytes.fromhex("a3f0ad74e5423aebfd80d3ef4346578335a9a72aeaee59ff6cb3582b35133d50"),  # beacon
)
VIEW = bytes.fromhex("5c60da1b")  # implementation()

_WORD = 32
_EVENTS = ("Upgraded", "BeaconUpgraded")


def looks(deployment: Deployment) -> tuple[bytes, ...]:
    """Return the calls that tell the implementation; none where the configuration does not ask for it."""
    if "implementation" not in deployment.reads:
        return ()
    if deployment.implementation_slot is not None:
        return (SLOT + deployment.implementation_slot.to_bytes(_WORD, "big"),)
    return (*(SLOT + slot for slot in EIP1967), VIEW)


def wanted_looks(scene: Scene) -> tuple[ReadWanted, ...]:
    """Return the looks at the frontier that have not been taken."""
    frontier, address = scene.run.frontier, scene.deployment.address
    return tuple(
        ReadWanted(frontier, address, call)
        for call in looks(scene.deployment)
        if (frontier.number, address, call) not in scene.reads
    )


def upgrades(scene: Scene, events: Sequence[Told]) -> list[dict[str, object]]:
    """Return a row of ``compliance_events`` for each change between two looks that no event tells."""
    rows: dict[tuple[int, str], dict[str, object]] = {}
    for call, seen in _seen(scene).items():
        for (before, old), (after, new) in pairwise(sorted(seen.items())):
            if old != new and not _is_told(scene, events, before, after):
                row = _row(scene, call, (before, old), (after, new))
                rows.setdefault((after, _address(new)), row)
    return [rows[key] for key in sorted(rows)]


def _seen(scene: Scene) -> Mapping[bytes, dict[int, bytes]]:
    """Return what each look saw, by block, up to the frontier."""
    found: dict[bytes, dict[int, bytes]] = defaultdict(dict)
    calls = frozenset(looks(scene.deployment))
    if not calls:
        return found
    for (block, address, call), answer in scene.reads.items():
        mine = call in calls and address == scene.deployment.address and block <= scene.run.frontier.number
        if mine and answer is not None and len(answer) == _WORD:
            found[call][block] = answer
    return found


def _is_told(scene: Scene, events: Sequence[Told], before: int, after: int) -> bool:
    return any(
        told.event.name in _EVENTS
        and told.event.contract == scene.deployment.address
        and before < told.spot.block_number <= after
        for told in events
    )


def _row(scene: Scene, call: bytes, before: tuple[int, bytes], after: tuple[int, bytes]) -> dict[str, object]:
    where = f"slot 0x{call.removeprefix(SLOT).hex()}" if call.startswith(SLOT) else "implementation()"
    block = after[0]
    return {
        "token": scene.deployment.token,
        "chain_id": scene.deployment.chain_id,
        "contract": scene.deployment.address,
        "block_number": block,
        "block_time": moment(scene.read_times.get(block, scene.run.frontier.time)),
        "tx_hash": None,
        "log_index": None,
        "kind": "implementation",
        "account": _address(after[1]),
        "authority": None,
        "amount": None,
        "detail": f"{where} was {_address(before[1])} at block {before[0]} and is another at block {block}: "
        "no event tells the upgrade between them",
    }


def _address(word: bytes) -> str:
    return f"0x{word[-20:].hex()}"
