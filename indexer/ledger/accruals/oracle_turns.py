"""The steps of an oracle's price as a share token sees them: by its oracle's logs, by time, and by reads.

Which oracle is in force the token's OracleSet tells. A rate oracle logs every price. A range oracle logs its
ranges and moves by time inside them (prices/ranges.py); the first range comes from its constructor and is in no
log: ``ranges(0)`` tells it where that may be read, else the price is read at the first block of each day for
which no logged range holds. While an oracle is paused its price reverts. A read tells the price at its block's
end, so where a later log of that block changes the price it tells nothing of what moved before.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from indexer.decode.abi import Event, load_family, selector_of
from indexer.floor.spans import BlockRef
from indexer.ledger.accruals.scaled import Turn
from indexer.ledger.accruals.share_logs import Broken, earliest, unreadable
from indexer.ledger.placed import Place, placed, told
from indexer.ledger.prices.ranges import (
    DAY,
    Range,
    Ranges,
    changed,
    days,
    moves,
    price_at,
    range_of,
)
from indexer.ledger.scene import Needs, ReadWanted, Scene
from indexer.ledger.supply import Rate

RANGE, RATE = "ondo_range_oracle", ("ondo_rate_oracle", "ondo_price_oracle")
SHARES = 10_000
"""Shares of one base unit of the wrapped token: BPS_DENOMINATOR of rUSDY.sol and rOUSG.sol."""

_TOKEN_VIEWS = ("getOUSGPrice",)
_PRICES = {
    "RWAPriceSet": ("oldPrice", "newPrice"),
    "RWAExternalComparisonCheckPriceSet": ("oldRWAPrice", "newRWAPrice"),
}
_STEPS = ("OracleSet", "RangeSet", "RangeOverriden", "Paused", "Unpaused", *_PRICES)
_PAUSED = "the oracle is paused, so the contract's views revert"
_SILENT = "the oracle's price at this time is in no log, and no node told it"


class _Oracle(NamedTuple):
    """What is known of one oracle at a log: its ranges or its price, and whether it is paused."""

    ranges: Ranges = (None,)
    price: int | None = None
    paused: bool = False


class _Stage(NamedTuple):
    """What holds from a log of the token or its oracles on."""

    place: Place
    address: str | None
    oracle: _Oracle
    is_range: bool


class _Silent(NamedTuple):
    """An instant of a stage whose price no log tells; *until* is where the next stage begins."""

    stage: _Stage
    at: int
    until: Place | None

    @property
    def own(self) -> bool:
        """Whether it is the stage's own log."""
        return self.at == self.stage.place.time


def rate_of(price: int) -> Rate:
    """Return what a share is worth at *price*, which has 18 decimals."""
    return Rate(price, 10**18 * SHARES, 0, 4)


def oracle_turns(scene: Scene) -> list[Turn] | Needs:
    """Return the steps of the price, or the instants and reads without which it is not known."""
    born = next(placed(scene, [scene.deployment.address]), None)
    if born is None or scene.run.why_null is not None:
        return []
    first = _first_range(scene)
    if isinstance(first, Needs):
        return first
    stages = list(_stages(scene, born[0], first))
    nexts = [*(after.place for after in stages[1:]), None]
    last = scene.run.frontier.time
    silent = [one for stage, after in zip(stages, nexts, strict=True) for one in _silent(stage, after, last)]
    asked = _asked(scene, silent)
    if isinstance(asked, Needs):
        return asked
    return [
        turn
        for stage, after in zip(stages, nexts, strict=True)
        for turn in _turns(scene, stage, after, asked)
    ]


def unreadable_steps(scene: Scene) -> Broken | None:
    """Return the first log of an oracle, or of the token that names one, that cannot be decoded."""
    oracles = unreadable(scene, _companions(scene), load_family((RANGE, *RATE)), _STEPS)
    return earliest(
        oracles, unreadable(scene, [scene.deployment.address], load_family(("rousg",)), ["OracleSet"])
    )


def _companions(scene: Scene) -> dict[str, bool]:
    """Return the oracles among the companions, and whether each has ranges."""
    return {
        c.address: RANGE in c.events
        for c in scene.deployment.companions
        if RANGE in c.events or any(family in c.events for family in RATE)
    }


def _stages(scene: Scene, born: Place, first: Mapping[str, Range | None]) -> Iterator[_Stage]:
    """Yield what holds from the token's first log on, and from each log that changes it."""
    own, oracles = scene.deployment.address, _companions(scene)
    events = _events(scene, own, oracles)
    known = {a: _Oracle((first.get(a),), _price_before(events, a)) for a in oracles}
    switch = next((event for _, event in events if event.name == "OracleSet"), None)
    force = _only_one(scene, born, oracles) if switch is None else switch.text("oldOracle")

    def stage(place: Place) -> _Stage:
        if force is None:
            every = tuple(one for oracle in known.values() for one in oracle.ranges)
            return _Stage(place, None, _Oracle(every), is_range=False)
        return _Stage(place, force, known.get(force, _Oracle()), oracles.get(force, False))

    before = [event for event in events if event[0].order <= born.order]
    for _, event in before:
        force = _took(known, force, event)
    yield stage(born)
    for place, event in events[len(before) :]:
        force = _took(known, force, event)
        if event.name == "OracleSet" or force in (None, event.contract):
            yield stage(place)


def _only_one(scene: Scene, born: Place, oracles: Collection[str]) -> str | None:
    """Return the oracle that must be in force while no log names one: of several the only one that was there
    before the token, for each logs its roles when it is made."""
    if len(oracles) == 1:
        return next(iter(oracles))
    there = {raw.address for place, raw in placed(scene, oracles) if place.order < born.order}
    return there.pop() if len(there) == 1 else None


def _took(known: dict[str, _Oracle], force: str | None, event: Event) -> str | None:
    """Note *event* in *known* and return the oracle in force after it."""
    if event.name == "OracleSet":
        return event.text("newOracle")
    known[event.contract] = _after(known[event.contract], event)
    return force


def _price_before(events: Sequence[tuple[Place, Event]], oracle: str) -> int | None:
    """Return the price that a rate oracle had before its first log, which tells the old one too."""
    for _, event in events:
        if event.contract == oracle and event.name in _PRICES:
            return event.number(_PRICES[event.name][0])
    return None


def _events(scene: Scene, own: str, oracles: dict[str, bool]) -> list[tuple[Place, Event]]:
    family = load_family(("rousg", RANGE, *RATE))
    found = [(place, event) for place, _, event in told(scene, [own, *oracles], family, _STEPS)]
    return [
        (place, event)
        for place, event in found
        if isinstance(event, Event) and (event.contract in oracles) != (event.name == "OracleSet")
    ]


def _after(oracle: _Oracle, event: Event) -> _Oracle:
    """Return what is known of *oracle* after its log *event*."""
    if event.name in _PRICES:
        return oracle._replace(price=event.number(_PRICES[event.name][1]))
    if event.name in ("Paused", "Unpaused"):
        return oracle._replace(paused=event.name == "Paused")
    return oracle._replace(ranges=changed(oracle.ranges, event))


def _price(stage: _Stage, at: int) -> int | None:
    """Return the price at the second *at*, as far as logs and ``ranges(0)`` tell it."""
    return price_at(stage.oracle.ranges, at) if stage.is_range else stage.oracle.price


def _silent(stage: _Stage, after: Place | None, last: int) -> list[_Silent]:
    """Return the instants from the stage's log up to the next whose price no log tells: its own, and each day's.

    Where it is not known which oracle is in force, they are also those at which one of them moves.
    """
    if stage.oracle.paused:
        return []
    start, end = stage.place.time, last if after is None else after.time
    instants = {start, *range(start - start % DAY + DAY, end + 1, DAY)}
    if stage.address is None:
        instants.update(at for at, _ in days(stage.oracle.ranges, start, end))
    return [_Silent(stage, at, after) for at in sorted(instants) if _price(stage, at) is None]


def _first_range(scene: Scene) -> Mapping[str, Range | None] | Needs:
    """Return the first range of each range oracle, where it may be read: it stays in the contract's state.

    What was read behind the frontier does not count: a log that is not here may have changed it until then.
    """
    if "ranges" not in scene.deployment.reads:
        return {}
    call = selector_of((RANGE,), "ranges(uint256)") + bytes(32)
    frontier = scene.run.frontier
    found: dict[str, Range | None] = {}
    wanted = []
    for address in (a for a, is_range in _companions(scene).items() if is_range):
        held = [key for key in scene.reads if key[1:] == (address, call) and key[0] <= frontier.number]
        if not held:
            wanted.append(ReadWanted(frontier, address, call))
        elif not _is_overridden(scene, address):
            found[address] = range_of(scene.reads[max(held)])
    return Needs(reads=tuple(wanted)) if wanted else found


def _is_overridden(scene: Scene, oracle: str) -> bool:
    """Say whether the first range was changed later, so that the state no longer tells what it was."""
    events = told(scene, [oracle], load_family((RANGE,)), ("RangeOverriden",))
    return any(isinstance(event, Event) and event.number("index") == 0 for _, _, event in events)


def _asked(scene: Scene, silent: Sequence[_Silent]) -> dict[_Silent, int | None] | Needs:
    """Return the price at each silent instant as a node tells it; empty where none may be asked.

    An instant is left out where nothing moves between it and the next stage in the block that would tell it.
    """
    view = next((v for v in scene.deployment.reads if v in ("getPrice", *_TOKEN_VIEWS)), None)
    if view is None:
        return dict.fromkeys(silent)
    unknown = sorted({s.at for s in silent if not s.own and s.at not in scene.moments})
    if unknown:
        return Needs(moments=tuple(unknown))
    calls: dict[_Silent, tuple[BlockRef, str, bytes] | None] = {}
    moved = _moved(scene)
    for one in silent:
        place = one.stage.place
        block = BlockRef(place.block, place.block_hash, place.time) if one.own else scene.moments[one.at]
        target = _target(scene, view, one.stage)
        if block is None or target is None:
            calls[one] = None
        elif one.until is None or one.until.block != block.number:
            calls[one] = (block, *target)
        elif _any_between(moved, place.order if one.own else (block.number, -1), one.until.order):
            calls[one] = None
    missing = [
        ReadWanted(*asked)
        for asked in dict.fromkeys(calls.values())
        if asked is not None and (asked[0].number, *asked[1:]) not in scene.reads
    ]
    if missing:
        return Needs(reads=tuple(missing))
    return {
        one: None if asked is None else scene.word(asked[0].number, *asked[1:])
        for one, asked in calls.items()
    }


def _moved(scene: Scene) -> list[tuple[int, int]]:
    """Return where the token's units moved, in order."""
    names = ("TransferShares", "SharesBurnt")
    logs = told(scene, [scene.deployment.address], load_family(("rousg",)), names)
    return [place.order for place, _, _ in logs]


def _any_between(moved: Sequence[tuple[int, int]], after: tuple[int, int], until: tuple[int, int]) -> bool:
    return bisect_right(moved, after) < bisect_left(moved, until)


def _target(scene: Scene, view: str, stage: _Stage) -> tuple[str, bytes] | None:
    if view in _TOKEN_VIEWS:
        return scene.deployment.address, selector_of(("rousg",), f"{view}()")
    return None if stage.address is None else (stage.address, selector_of((RANGE,), f"{view}()"))


def _turns(
    scene: Scene, stage: _Stage, after: Place | None, asked: Mapping[_Silent, int | None]
) -> Iterator[Turn]:
    """Yield the stage's own step and those by time up to the next stage."""
    place, contract = stage.place, stage.address or scene.deployment.address
    if stage.oracle.paused:
        yield Turn(place.time, place, None, "log", contract, _PAUSED, reverts=True)
        return
    last = scene.run.frontier.time
    silent = _silent(stage, after, last)
    steps = {one.at: (asked[one], "read") for one in silent if one in asked}
    if place.time not in {one.at for one in silent}:
        steps[place.time] = _price(stage, place.time), "log"
    if stage.is_range:
        end = last if after is None else after.time
        moving = moves(stage.oracle.ranges, place.time, end)
        steps |= {at: (price, "time") for at, price in moving if price is not None or at not in steps}
    for at, (price, cause) in sorted(steps.items()):
        yield _turn(at, place if at == place.time else None, price, cause, contract)


def _turn(time: int, place: Place | None, price: int | None, cause: str, contract: str) -> Turn:
    rate = None if price is None else rate_of(price)
    announced = time if cause == "log" else None
    return Turn(time, place, rate, cause, contract, _SILENT if rate is None else None, announced=announced)
