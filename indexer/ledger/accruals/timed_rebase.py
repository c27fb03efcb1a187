"""Timed rebase (Backed auto-fee tokens, xStocks): a multiplier that a fee lowers as time passes, without a log.

    shares = amount · 1e18 // multiplier      balance = shares · multiplier // 1e18

Source: BackedAutoFeeTokenImplementation.sol. After each period the multiplier is cut by the fee; a call that
changes state writes the new one down first and logs MultiplierUpdated. Fee, period and the start of the first
period are in no log, nor is a scheduled multiplier that takes effect. So getCurrentMultiplier is read at the
first block of every period and from every announced time on; between two reads that agree, with no log in
between, nothing can have moved, for a fee only lowers it, and those periods are not read. Nor is a block that
logs MultiplierUpdated: its first one is what the contract found, unless units moved before it; then what was
written down last still held.

Periods are UTC days, unless the deployment allows the reads of periodLength and lastTimeFeeApplied, which say
where they begin.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from indexer.decode.abi import Event, load_family, selector_of, topics_of
from indexer.floor.spans import BlockRef
from indexer.ledger.accruals.movements import Numbers, movements
from indexer.ledger.accruals.scaled import Move, Steps, Story, Turn, place_of, scaled, unfit
from indexer.ledger.accruals.share_logs import earliest, moved, read_odd, unreadable
from indexer.ledger.figures import LOGS_A_BLOCK, integers, order_of
from indexer.ledger.placed import Place, placed, told
from indexer.ledger.scene import Ledger, Needs, ReadWanted, Scene
from indexer.ledger.supply import Rate

ONE = 10**18
DAY = 86_400
SHORTEST = 3_600
"""Seconds of the shortest fee period that is followed: each may cost a read."""

FAMILIES = ("erc20", "backed_autofee")
VIEW = "getCurrentMultiplier"
_RATES = ("MultiplierUpdated", "MultiplierScheduled", "MultiplierScheduleOverridden")
_NOT_READ = f"the multiplier moves by time and no node told {VIEW}"


class Period(NamedTuple):
    """Fee periods: one begins at every second that leaves *phase* when divided by *length*."""

    length: int
    phase: int

    def starts(self, after: int, until: int) -> range:
        """Return the seconds in (*after*, *until*] at which a period begins."""
        first = after + 1 + (self.phase - after - 1) % self.length
        return range(first, until + 1, self.length)


def timed_rebase(scene: Scene) -> Ledger | Needs:
    """Return the ledger in shares, or the instants and reads without which the multiplier is not known."""
    found = movements(scene, topics_of(FAMILIES, ["TransferShares"])[0])
    odd = read_odd(scene._replace(logs=found.odd), load_family(FAMILIES), "TransferShares")
    moves = [moved(pair, "value") for pair in odd.twins]
    turns = _turns(scene, np.sort(np.concatenate([order_of(found.entries), _orders(moves)])))
    if isinstance(turns, Needs):
        return turns
    doubts = list(_doubts(scene, found.entries, moves, Steps(turns)))
    if doubts:
        first = min(doubts, key=lambda turn: turn.order)
        turns = [*(turn for turn in turns if turn.order < first.order), first]
    steps = unreadable(scene, [scene.deployment.address], load_family(FAMILIES), _RATES)
    return scaled(scene, Story(moves, turns, odd.undecoded, earliest(odd.broken, steps), found.entries))


def _orders(moves: Sequence[Move]) -> Numbers:
    return np.array([m.place.block * LOGS_A_BLOCK + m.place.log_index for m in moves], dtype=np.int64)


def _doubts(scene: Scene, entries: pa.Table, moves: Sequence[Move], steps: Steps) -> Iterator[Turn]:
    """Yield, for each movement that the multiplier known at it does not explain, that it is not known there."""
    units, amounts = integers(entries["units"]), integers(entries["amount_raw"])
    for first, last, rate in steps.along(entries):
        for row in range(first, last) if rate is not None else ():
            if _unexplained(rate, units[row], amounts[row]):
                yield unfit(scene, place_of(entries, row), "multiplier")
    for move in moves:
        if _unexplained(steps.at(move.place), move.units, move.amount):
            yield unfit(scene, move.place, "multiplier")


def _unexplained(rate: Rate | None, units: int | None, amount: int | None) -> bool:
    if rate is None or units is None or amount is None:
        return False
    return not rate.explains(units, amount)


def _turns(scene: Scene, moved: Numbers) -> list[Turn] | Needs:
    born = next(placed(scene, [scene.deployment.address]), None)
    if born is None or scene.run.why_null is not None:
        return []
    logged = [
        (place, event)
        for place, _, event in told(scene, [scene.deployment.address], load_family(FAMILIES), _RATES)
        if isinstance(event, Event)
    ]
    reading = _Reading(scene, born[0], logged, moved)
    if VIEW not in scene.deployment.reads:
        return [reading.unknown(f"the multiplier moves by time and {VIEW} may not be read")]
    return reading.turns()


class _Reading:
    """Asks for the multiplier where no log tells it, the fewest times."""

    def __init__(
        self,
        scene: Scene,
        born: Place,
        logged: Sequence[tuple[Place, Event]],
        moved: Numbers,
    ) -> None:
        self._scene = scene
        self._born = born
        self._updates = [(place, event) for place, event in logged if event.name == "MultiplierUpdated"]
        self._announced = _announced(logged)
        self._orders = [place.order for place, _ in self._updates]
        self._moved = moved
        self._call = selector_of(FAMILIES, f"{VIEW}()")

    def unknown(self, why: str) -> Turn:
        return Turn(self._born.time, self._born, None, "read", self._scene.deployment.address, why)

    def turns(self) -> list[Turn] | Needs:
        """Return the steps of the multiplier, or what must be asked first."""
        period = self._period()
        if not isinstance(period, Period):
            return period if isinstance(period, Needs) else [self.unknown(_NOT_READ)]
        if period.length < SHORTEST:
            return [self.unknown("its fee periods are too short to be read one by one")]
        until = self._scene.run.frontier.time
        instants = set(period.starts(self._born.time, until))
        instants |= {at for at in self._announced if self._born.time < at <= until}
        stretches = self._stretches(sorted(instants))
        answers = self._ask({end for stretch in stretches for end in (stretch[0], stretch[-1])})
        if isinstance(answers, Needs):
            return answers
        doubted = [s for s in stretches if answers[s[0]] != answers[s[-1]] or answers[s[0]] is None]
        answers = self._ask({*answers, *(at for stretch in doubted for at in stretch)})
        if isinstance(answers, Needs):
            return answers
        return self._all(stretches, answers)

    def _all(self, stretches: Sequence[Sequence[int]], answers: Mapping[int, int | None]) -> list[Turn]:
        own = self._scene.deployment.address
        told = {self._born.time: self._word(self._block_of_birth())}
        told |= {at: answers.get(at, answers[stretch[0]]) for stretch in stretches for at in stretch}
        turns = [
            self._turn(at, value, self._born if at == self._born.time else None) for at, value in told.items()
        ]
        order = sorted(told)
        for place, event in self._updates:
            # Where the period's own multiplier is not known, neither is how long the logged one holds.
            if told[order[bisect_right(order, place.time) - 1]] is not None:
                rate = Rate(event.number("value"), ONE)
                turns.append(Turn(place.time, place, rate, "log", own, announced=place.time))
        return turns

    def _turn(self, time: int, value: int | None, place: Place | None) -> Turn:
        rate = None if value is None else Rate(value, ONE)
        announced = self._announced.get(time)
        why = _NOT_READ if rate is None else None
        kind = "accrual" if place is not None or announced is not None else "fee"
        return Turn(
            time, place, rate, "read", self._scene.deployment.address, why, kind=kind, announced=announced
        )

    def _period(self) -> Period | Needs | None:
        views = ("periodLength", "lastTimeFeeApplied")
        if not all(view in self._scene.deployment.reads for view in views):
            return Period(DAY, 0)
        frontier, own = self._scene.run.frontier, self._scene.deployment.address
        calls = [selector_of(FAMILIES, f"{view}()") for view in views]
        missing = [
            ReadWanted(frontier, own, call)
            for call in calls
            if (frontier.number, own, call) not in self._scene.reads
        ]
        if missing:
            return Needs(reads=tuple(missing))
        length, applied = (self._scene.word(frontier.number, own, call) for call in calls)
        return Period(length, applied % length) if length and applied is not None else None

    def _stretches(self, instants: Sequence[int]) -> list[list[int]]:
        """Return *instants* cut wherever a log or an announced time may move the multiplier."""
        cuts = sorted({*self._announced, *(place.time for place, _ in self._updates)})
        out: list[list[int]] = []
        for before, at in pairwise([self._born.time, *instants]):
            moved = any(before <= cut <= at for cut in cuts)
            if moved or not out:
                out.append([at])
            else:
                out[-1].append(at)
        return out

    def _ask(self, instants: set[int]) -> dict[int, int | None] | Needs:
        scene = self._scene
        unknown = sorted(at for at in instants if at not in scene.moments)
        if unknown:
            return Needs(moments=tuple(unknown))
        blocks = {at: scene.moments[at] for at in instants}
        wanted = [block for block in blocks.values() if block is not None and self._first(block) is None]
        own = scene.deployment.address
        missing = {
            block for block in [*wanted, self._block_of_birth()]
            if (block.number, own, self._call) not in scene.reads
        }  # fmt: skip
        if missing:
            return Needs(reads=tuple(ReadWanted(block, own, self._call) for block in sorted(missing)))
        return {at: None if block is None else self._at(block) for at, block in blocks.items()}

    def _first(self, block: BlockRef) -> int | None:
        """Return the position of the first update that *block* logs."""
        at = bisect_left(self._orders, (block.number, 0))
        return at if at < len(self._orders) and self._orders[at][0] == block.number else None

    def _at(self, block: BlockRef) -> int | None:
        """Return the multiplier that the first log or call of *block* found."""
        first = self._first(block)
        if first is None:
            return self._word(block)
        update = block.number * LOGS_A_BLOCK + self._orders[first][1]
        at = int(np.searchsorted(self._moved, block.number * LOGS_A_BLOCK))
        if at < len(self._moved) and self._moved[at] < update:
            first -= 1
        return self._updates[first][1].number("value") if first >= 0 else self._word(self._block_of_birth())

    def _block_of_birth(self) -> BlockRef:
        return BlockRef(self._born.block, self._born.block_hash, self._born.time)

    def _word(self, block: BlockRef) -> int | None:
        return self._scene.word(block.number, self._scene.deployment.address, self._call)


def _announced(logged: Sequence[tuple[Place, Event]]) -> dict[int, int]:
    """Return the times that the token announced for a new multiplier, each with when it did."""
    out = {}
    for place, event in logged:
        if event.name == "MultiplierScheduled":
            out[event.number("activationTime")] = place.time
        elif event.name == "MultiplierScheduleOverridden":
            out[event.number("newActivationTime")] = place.time
    return out
