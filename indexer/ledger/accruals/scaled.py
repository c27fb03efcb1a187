"""Tokens whose balances are units times a rate: moves and steps of the rate in, the ledger out.

    balance = (units × numerator + addend) // denominator, supply the same of the total units

A mint or burn changes units; what it changes the supply by differs from its amount by the contract's own
rounding. With rate n ÷ d, units that are off by less than one from amount · d ÷ n are worth less than n ÷ d base
units, and each of the two divisions cuts less than one: so the rounding is at most ⌈n ÷ d⌉ + 1 base units.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from indexer.config.model import Deployment
from indexer.floor.tables import REBASES, UNDECODED
from indexer.ledger.accruals.plain import ENTRY_SCHEMA
from indexer.ledger.figures import (
    LOGS_A_BLOCK,
    TOO_LARGE,
    held,
    integers,
    moment,
    order_of,
    rows_of,
    token_units,
)
from indexer.ledger.placed import Place
from indexer.ledger.scene import Ledger, Scene
from indexer.ledger.supply import OVERBURNED, Change, Rate, supply_rows
from indexer.ledger.values import ZERO


class Move(NamedTuple):
    """Units that moved; *amount* is in base units as the token logged it, None where not known.

    An entry that the token logged and that moved nothing has *effect* ``none`` and no units.
    """

    place: Place
    sender: str
    receiver: str
    units: int | None
    amount: int | None
    entry: int = 0
    why: str | None = None
    nothing: bool = False

    @property
    def effect(self) -> str:
        minted, burned = self.sender == ZERO, self.receiver == ZERO
        if self.nothing or (minted and burned):
            return "none"
        return "mint" if minted else "burn" if burned else "move"


class Turn(NamedTuple):
    """A step of the rate: at a log (*place*), or at an instant (*time*) before the first block from then on.

    *rate* None: not known, for the reason *why*; *reverts* says that the contract itself does not answer.
    """

    time: int
    place: Place | None
    rate: Rate | None
    cause: str
    contract: str
    why: str | None = None
    kind: str = "accrual"
    announced: int | None = None
    reverts: bool = False

    @property
    def order(self) -> tuple[int, int, int]:
        return (self.time, self.place.block, self.place.log_index) if self.place else (self.time, -1, -1)


class Steps:
    """The rate in force at a log."""

    def __init__(self, turns: Iterable[Turn]) -> None:
        self._turns = sorted(turns, key=lambda turn: turn.order)
        self._orders = [turn.order for turn in self._turns]

    def along(self, entries: pa.Table) -> Iterator[tuple[int, int, Rate | None]]:
        """Yield (first row, row behind the last, rate) for the stretches of *entries*, which are in order."""
        order = order_of(entries)
        times = pc.divide(entries["block_time"].cast(pa.int64()), 1_000_000).to_numpy()
        begins = [
            int(np.searchsorted(times, turn.time))
            if turn.place is None
            else int(np.searchsorted(order, turn.place.block * LOGS_A_BLOCK + turn.place.log_index))
            for turn in self._turns
        ]
        rates = [None, *(turn.rate for turn in self._turns)]
        for first, last, rate in zip([0, *begins], [*begins, len(order)], rates, strict=True):
            if first < last:
                yield first, last, rate

    def at(self, place: Place) -> Rate | None:
        """Return the rate after the last step up to *place*; None where it is not known."""
        at = bisect_right(self._orders, (place.time, place.block, place.log_index))
        return self._turns[at - 1].rate if at else None


def unfit(scene: Scene, place: Place, what: str) -> Turn:
    """Return the step from which the rate is not known, since the units that moved at *place* contradict it."""
    why = (
        f"the shares that moved in transaction {place.tx_hash} do not fit the {what} known here; "
        "it may have changed without a log"
    )
    return Turn(place.time, place, None, "log", scene.deployment.address, why)


class Story(NamedTuple):
    """What the logs and reads tell: moves and turns in any order, what could not be held, and from which log
    on the units are lost, and why. *entries* are further moves, as a table: where there are many."""

    moves: Sequence[Move]
    turns: Sequence[Turn]
    undecoded: Sequence[dict[str, object]] = ()
    broken: tuple[Place, str] | None = None
    entries: pa.Table = ENTRY_SCHEMA.empty_table()


def scaled(scene: Scene, story: Story) -> Ledger:
    """Return the ledger of *story*."""
    teller = _Teller(scene, story)
    steps: list[Move | Turn] = [*story.moves, *_changes_of(story.entries), *story.turns]
    for step in sorted(steps, key=_order):
        if isinstance(step, Turn):
            teller.turn(step)
        else:
            teller.move(step)
    teller.end()
    entries = [_entry(scene.deployment, move) for move in sorted(story.moves, key=_order)]
    columns = [pa.array([row.get(f.name) for row in entries], f.type) for f in ENTRY_SCHEMA]
    both = pa.concat_tables([story.entries, pa.table(columns, schema=ENTRY_SCHEMA)])
    return Ledger(
        entries=both.sort_by([(name, "ascending") for name in ("block_number", "log_index", "entry")]),
        supply_changes=supply_rows(scene.deployment, teller.changes),
        rebases=rows_of(REBASES, teller.rebases),
        undecoded=rows_of(UNDECODED, list(story.undecoded)),
    )


def place_of(entries: pa.Table, row: int) -> Place:
    """Return the place of one row of *entries*; they do not hold the block's hash."""
    names = ("block_number", "tx_hash", "tx_index", "log_index")
    block, tx_hash, tx_index, log_index = (entries[name][row].as_py() for name in names)
    return Place(entries["block_time"][row].value // 1_000_000, block, "", tx_hash, tx_index, log_index)


def _changes_of(entries: pa.Table) -> list[Move]:
    """Return the mints and burns of *entries*: all that the totals need."""
    rows = entries.filter(pc.is_in(entries["effect"], value_set=pa.array(["mint", "burn"])))
    seconds = pc.divide(rows["block_time"].cast(pa.int64()), 1_000_000).to_pylist()
    names = ("block_number", "tx_hash", "tx_index", "log_index", "from_address", "to_address")
    columns = [rows[name].to_pylist() for name in names]
    figures = [integers(rows[name]) for name in ("units", "amount_raw")]
    return [
        Move(Place(time, block, "", tx_hash, tx_index, log), sender, receiver, units, amount, why=why)
        for time, block, tx_hash, tx_index, log, sender, receiver, units, amount, why in zip(
            seconds, *columns, *figures, rows["why_null"].to_pylist(), strict=True
        )
    ]


def _order(step: Move | Turn) -> tuple[int, int, int, int]:
    if isinstance(step, Turn):
        return (*step.order, 0)
    return step.place.time, step.place.block, step.place.log_index, step.entry + 1


class _Teller:
    """Follows total units and the rate through the steps and notes the totals after each change."""

    def __init__(self, scene: Scene, story: Story) -> None:
        self.changes: list[Change] = []
        self.rebases: list[dict[str, Any]] = []
        self._where = scene.deployment
        self._lost = scene.run.why_null
        self._broken = story.broken
        self._units = 0
        self._turn: Turn | None = None
        self._known: Rate | None = None
        """The last rate that was known: the first one is no step."""
        self._expected: int | None = 0
        """The supply that the last known total and what was booked since make."""

    def turn(self, turn: Turn) -> None:
        """Take a step of the rate; what it changes the supply by is the rebase."""
        self._break(turn.order)
        before, rate_before = self._supply(), self._turn and self._turn.rate
        self._turn = turn
        after = self._supply()
        if turn.rate == rate_before and before == after:
            return
        if self._expected is None or after is None:
            amount, why = None, "the supply before it is not known"
        else:
            amount, why = after - self._expected, None
        stepped = self._known is not None and turn.rate != self._known
        if turn.rate is not None and (stepped or amount != 0):
            self.rebases.append(_rebase(self._where, turn, turn.rate, amount, why))
        self._known = turn.rate or self._known
        if after is not None:
            self._expected = after
        self._note(turn.place, turn.time, "rebase")

    def move(self, move: Move) -> None:
        """Take a mint or a burn; a move between accounts leaves the totals."""
        self._break((move.place.time, move.place.block, move.place.log_index))
        sign = {"mint": 1, "burn": -1}.get(move.effect)
        if sign is None:
            return
        booked = None if move.amount is None else sign * move.amount
        if move.units is None:
            self._lost = self._lost or move.why or "the units of an entry are not known"
        else:
            self._units += sign * move.units
        if self._units < 0 and self._lost is None:
            self._lost = f"{OVERBURNED} from block {move.place.block} on"
        self._expected = None if self._expected is None or booked is None else self._expected + booked
        after, rounding, bound = self._supply(), 0, self._bound()
        if after is not None and self._expected is not None:
            rounding, self._expected = after - self._expected, after
        elif after is not None:
            self._expected = after
        self._note(move.place, move.place.time, move.effect, rounding, bound)

    def end(self) -> None:
        """Note that the ledger ended early, where it did after the last step."""
        if self._broken is not None:
            place, _ = self._broken
            self._break((place.time, place.block, place.log_index + 1))

    def _break(self, at: tuple[int, int, int]) -> None:
        if self._broken is None:
            return
        place, reason = self._broken
        if (place.time, place.block, place.log_index) < at:
            self._broken = None
            if self._lost is None:
                self._lost = f"block {place.block} log {place.log_index} cannot be held: {reason}"
                self._note(place, place.time, "undecoded")

    def _supply(self) -> int | None:
        turn = self._turn
        if self._lost is not None or (turn is not None and turn.reverts):
            return None
        if turn is None or turn.rate is None:
            return 0 if self._units == 0 else None
        return turn.rate.of(self._units)

    def _bound(self) -> int:
        rate = self._turn and self._turn.rate
        return 0 if rate is None else -(-rate.numerator // rate.denominator) + 1

    def _why(self) -> str:
        told = self._turn.why if self._turn is not None else None
        return self._lost or told or "the rate of units to tokens is not known"

    def _note(self, place: Place | None, time: int, cause: str, rounding: int = 0, bound: int = 0) -> None:
        supply = self._supply()
        rate = self._turn.rate if self._turn is not None and supply is not None else None
        was_read = self._turn is not None and self._turn.cause == "read" and supply is not None
        self.changes.append(
            Change(
                time,
                None if place is None else place.block,
                None if place is None else place.log_index,
                cause,
                None if self._lost is not None else self._units,
                supply,
                rate,
                None if supply is not None else self._why(),
                0,
                rounding,
                bound,
                rate_read=was_read,
            )
        )


def _entry(where: Deployment, move: Move) -> dict[str, Any]:
    amount = token_units(move.amount, where.decimals or 0)
    why = None
    if move.units is None or move.amount is None:
        why = move.why or "the amount of this entry is not known"
    elif amount is None:
        why = TOO_LARGE
    return {
        "token": where.token,
        "chain_id": where.chain_id,
        "contract": where.address,
        "block_number": move.place.block,
        "block_time": moment(move.place.time),
        "tx_hash": move.place.tx_hash,
        "tx_index": move.place.tx_index,
        "log_index": move.place.log_index,
        "entry": move.entry,
        "from_address": move.sender,
        "to_address": move.receiver,
        "amount_raw": held(move.amount),
        "amount": amount,
        "units": held(move.units),
        "effect": move.effect,
        "why_null": why,
    }


def _rebase(where: Deployment, turn: Turn, rate: Rate, amount: int | None, why: str | None) -> dict[str, Any]:
    place = turn.place
    return {
        "token": where.token,
        "chain_id": where.chain_id,
        "contract": turn.contract,
        "effective_at": moment(turn.time),
        "announced_at": None if turn.announced is None else moment(turn.announced),
        "block_number": None if place is None else place.block,
        "tx_hash": None if place is None else place.tx_hash,
        "log_index": None if place is None else place.log_index,
        "kind": turn.kind,
        "cause": turn.cause,
        "numerator": held(rate.numerator),
        "denominator": held(rate.denominator),
        "multiplier": rate.multiplier,
        "min_units": held(rate.min_units),
        "addend": held(rate.addend),
        "amount": token_units(amount, where.decimals or 0),
        "why_null": why,
    }
