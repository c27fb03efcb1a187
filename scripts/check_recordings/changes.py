"""What changed supply, beside the truth: by transaction, by block, by day; and that each NULL says why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .compare import Pair, Tally, tally
from .figures import Day, Entry, Ours, Rebase
from .truth import Place, TokenTruth

NULL_AMOUNT = "an amount of it is NULL"
_SIGN = {"mint": 1, "burn": -1}


def changes(truth: TokenTruth, mine: Ours) -> list[Tally]:
    """Compare minted less burned by transaction where the truth has it, and with rebases by block."""
    names = sorted({name for delta in truth.deltas.values() for name in delta})
    by_transaction = [
        tally(f"changes of {name} by transaction", _deltas(name, truth.deltas, net(mine, name)))
        for name in names
    ]
    by_block = tally("changes of totalSupply by block", _block_deltas(truth, mine))
    return [*by_transaction, by_block]


def _deltas(
    name: str, wanted: Mapping[Place, Mapping[str, int]], got: Mapping[Place, int | None]
) -> Iterator[Pair]:
    places = {place for place, delta in wanted.items() if name in delta} | {
        p for p, change in got.items() if change != 0
    }
    for place in sorted(places):
        where = f"block {place[0]}, transaction {place[1]}"
        yield Pair(where, wanted.get(place, {}).get(name, 0), got.get(place, 0), NULL_AMOUNT)


def _block_deltas(truth: TokenTruth, mine: Ours) -> Iterator[Pair]:
    """Yield each block's change. Where the call reverts for a while, all up to its next answer is one change.

    Ours is not known where the supply before or after it is not.
    """
    wanted = {point.block: point.value for point in truth.supply}
    got = net_by_block(mine)
    totals = {total.block: total for total in mine.totals}
    last, gap = 0, False
    doubt: str | None = None
    before: str | None = None
    booked: int | None = 0
    for block in sorted(wanted.keys() | totals.keys() | {b for b, change in got.items() if change != 0}):
        booked = _plus(booked, got.get(block, 0))
        if block in totals:
            doubt = totals[block].why if totals[block].supply is None else None
        known = wanted.get(block, None if gap else last)
        if known is None:
            gap = True
            continue
        change = None if gap and booked is None else known - last
        why = before or doubt
        yield Pair(f"block {block}", change, None if why else booked, why or NULL_AMOUNT)
        last, gap, before, booked = known, False, doubt, 0


def net(mine: Ours, name: str) -> dict[Place, int | None]:
    """Return the net change of totalSupply or totalShares by transaction; None where not known."""
    of_supply = name == "totalSupply"
    found: dict[Place, int | None] = {}
    for entry in mine.entries:
        if entry.effect in _SIGN:
            place = (entry.block, entry.tx_index)
            value = entry.raw if of_supply else entry.units
            found[place] = _plus(found.get(place, 0), _signed(entry, value))
    for rebase in mine.rebases if of_supply else ():
        if rebase.tx_index is not None:
            place = (rebase.block, rebase.tx_index)
            found[place] = _plus(found.get(place, 0), rebase.raw)
    return found


def net_by_block(mine: Ours) -> dict[int, int | None]:
    """Return minted less burned with rebases and rounding, by block; None where not known."""
    found: dict[int, int | None] = {}
    for entry in mine.entries:
        if entry.effect in _SIGN:
            found[entry.block] = _plus(found.get(entry.block, 0), _signed(entry, entry.raw))
    for rebase in mine.rebases:
        found[rebase.block] = _plus(found.get(rebase.block, 0), rebase.raw)
    for total in mine.totals:
        rounding = 0 if total.rounding is None else total.rounding
        found[total.block] = _plus(found.get(total.block, 0), rounding)
    return found


def _signed(entry: Entry, value: int | None) -> int | None:
    return None if value is None else _SIGN[entry.effect] * value


def _plus(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def explained(mine: Ours) -> Tally:
    """Return how many of our amounts are NULL; one without a reason differs."""
    rows: list[Entry | Rebase] = [*mine.entries, *mine.rebases]
    nulls = [row for row in rows if row.raw is None]
    bare = [
        f"block {row.block}, transaction {row.tx_index}: NULL without a reason"
        for row in nulls
        if not row.why
    ]
    return Tally("amounts that are NULL", 0, tuple(bare), len(nulls) - len(bare))


def days(mine: Ours) -> Tally:
    """Return how many days of the roll-forward add up: to the closing, from the one before, to the supply."""
    wrong = [sentence for day in mine.rollforward for sentence in _wrong(day)]
    for before, after in zip(mine.rollforward, mine.rollforward[1:], strict=False):
        if None not in (before.closing, after.opening) and before.closing != after.opening:
            wrong.append(
                f"{after.day}: opens with {after.opening}, {before.day} closed with {before.closing}"
            )
    over = [day for day in mine.rollforward if day.over]
    known = sum(1 for day in over if None not in (day.opening, day.flows, day.closing))
    return Tally("roll-forward days", known, tuple(wrong), len(over) - known)


def _wrong(day: Day) -> Iterator[str]:
    if (
        None not in (day.opening, day.flows, day.closing)
        and (day.opening or 0) + (day.flows or 0) != day.closing
    ):
        yield f"{day.day}: {day.opening} and {day.flows} do not make {day.closing}"
    if day.closing != day.supply:
        yield f"{day.day}: closes with {day.closing}, but the supply is {day.supply}"
    if None in (day.opening, day.flows, day.closing) and not day.why:
        yield f"{day.day}: NULL without a reason"


def crossing(truth: TokenTruth, mine: Ours) -> list[Tally]:
    """Compare what is under way to this chain at the end, where both chains are there and the truth has it."""
    arrivals, matched, in_transit = mine.crossing
    if truth.in_flight is None or in_transit is None:
        return []
    note = f"{matched} of {arrivals} arrivals found their departure"
    found = tally("in transit at the end", [Pair("at the end", truth.in_flight, in_transit)], note)
    lost = () if matched == arrivals else (f"{arrivals - matched} arrivals without a departure",)
    return [found._replace(differing=(*found.differing, *lost))]


def rounding(mine: Ours) -> Tally:
    """Return how many changes of supply keep their rounding within the bound that the accrual states."""
    stated = [total for total in mine.totals if total.rounding is not None]
    wrong = [
        f"block {total.block}: rounding {total.rounding}, bound {total.bound}"
        for total in stated
        if abs(total.rounding or 0) > (total.bound or 0)
    ]
    largest = max((abs(total.rounding or 0) for total in stated), default=0)
    note = f"at most {largest} base units" if largest else ""
    return Tally("rounding within its bound", len(stated), tuple(wrong), note=note)
