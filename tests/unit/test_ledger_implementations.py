"""Upgrades that state alone tells: two looks that differ, unless an event says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ledger_kit import ALICE, BOB, CAROL, OTHER, TOKEN, deployment, run_to, scene, seconds
from observed_kit import lines, say

from indexer.ledger.figures import moment
from indexer.ledger.implementations import EIP1967, SLOT, VIEW, looks, upgrades, wanted_looks
from indexer.ledger.scene import Scene

SECOND = SLOT + (1).to_bytes(32, "big")
WHERE = replace(deployment(reads=("implementation",)), implementation_slot=1)
Seen = Mapping[tuple[int, str, bytes], int | None]


def seen(reads: Seen, last: int = 100) -> Scene:
    made = scene(where=WHERE, run=run_to(last), reads=reads)
    return made._replace(read_times={block: seconds(block) for block, _, _ in reads})


def at(block: int, target: str, call: bytes = SECOND, address: str = TOKEN) -> Seen:
    return {(block, address, call): int(target, 16)}


def test_nothing_is_looked_at_unless_the_configuration_asks() -> None:
    """Without the read there is no look; with a slot it is that slot; else EIP-1967's two and the view."""
    assert looks(deployment()) == ()
    assert looks(WHERE) == (SECOND,)
    assert looks(deployment(reads=("implementation",))) == (SLOT + EIP1967[0], SLOT + EIP1967[1], VIEW)


def test_each_frontier_is_looked_at_once() -> None:
    """A look that was taken, or that nobody could take, is not wanted again."""
    assert [(want.block.number, want.call) for want in wanted_looks(seen({}))] == [(100, SECOND)]
    assert wanted_looks(seen(at(100, ALICE))) == ()
    assert wanted_looks(seen({(100, TOKEN, SECOND): None})) == ()


def test_two_looks_that_differ_are_one_upgrade() -> None:
    """The row stands at the block where the new target was first seen, without a log."""
    rows = upgrades(seen({**at(10, ALICE), **at(20, ALICE), **at(30, BOB), **at(40, BOB)}), [])
    names = ("block_number", "block_time", "kind", "account", "tx_hash", "log_index")
    assert lines(rows, *names) == [(30, moment(seconds(30)), "implementation", BOB, None, None)]
    assert f"was {ALICE} at block 20 and is another at block 30" in str(rows[0]["detail"])


def test_the_first_look_is_no_upgrade() -> None:
    """What was there before the first look is not known."""
    assert upgrades(seen(at(10, ALICE)), []) == []


def test_an_event_between_the_looks_tells_it_already() -> None:
    """An Upgraded of the proxy in between is the row; one of another contract or time is none."""
    state = seen({**at(10, ALICE), **at(30, BOB)})
    told = [say(30, 0, "Upgraded", implementation=BOB)]
    others = [say(10, 0, "Upgraded", implementation=BOB), say(20, 0, "Upgraded", OTHER, implementation=BOB)]
    assert upgrades(state, told) == []
    assert len(upgrades(state, others)) == 1


def test_what_others_looked_at_does_not_count() -> None:
    """Another contract's slot, another call, a look beyond the frontier and a failed one are left out."""
    reads = {
        **at(10, ALICE), **at(20, BOB, address=OTHER), **at(30, BOB, VIEW), **at(200, BOB), (40, TOKEN, SECOND): None,
    }  # fmt: skip
    assert upgrades(seen(reads), []) == []


def test_one_upgrade_seen_in_two_ways_is_one_row() -> None:
    """Slot and view that change between the same blocks to the same target tell one upgrade."""
    where = deployment(reads=("implementation",))
    reads = {
        (block, TOKEN, call): int(target, 16)
        for block, target in ((10, ALICE), (20, BOB), (30, CAROL))
        for call in (SLOT + EIP1967[0], VIEW)
    }
    rows = upgrades(scene(where=where, run=run_to(100), reads=reads), [])
    assert lines(rows, "block_number", "account") == [(20, BOB), (30, CAROL)]
