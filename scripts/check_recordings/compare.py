"""Ours beside the truth: supply at every block, balances at the samples, changes by transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from .figures import Entry, Holders, Holding, Ours, Rebase
from .truth import Place, Point, Sample, TokenTruth


class Tally(NamedTuple):
    """One comparison: how many figures, and a sentence for each that differs.

    *unknown* are our NULLs with a reason, *reverting* the figures for which the truth has none.
    """

    what: str
    compared: int
    differing: tuple[str, ...] = ()
    unknown: int = 0
    reverting: int = 0
    note: str = ""


class Pair(NamedTuple):
    """One figure on both sides: None is a revert in *wanted*, NULL in *got*, which *why* must explain."""

    where: str
    wanted: int | None
    got: int | None
    why: str | None = None


def tally(what: str, pairs: Iterable[Pair], note: str = "") -> Tally:
    """Return the comparison of *pairs*."""
    compared = unknown = reverting = 0
    differing: list[str] = []
    for where, wanted, got, why in pairs:
        if wanted is None:
            reverting += 1
        elif got is None and why:
            unknown += 1
        else:
            compared += 1
            if got is None:
                differing.append(f"{where}: NULL without a reason, {wanted} wanted")
            elif got != wanted:
                differing.append(f"{where}: {got}, {wanted} wanted ({got - wanted:+d})")
    return Tally(what, compared, tuple(differing), unknown, reverting, note)


def supply(truth: TokenTruth, mine: Ours) -> Tally:
    """Compare supply at every block at which either side says that it changed."""
    got = {total.block: (total.supply, total.why) for total in mine.totals}
    return tally("supply points", _series(truth.supply, got))


def shares(truth: TokenTruth, mine: Ours) -> Tally:
    """The same for units, where the contract has shares."""
    got = {total.block: (total.units, total.why) for total in mine.totals}
    return tally("points of total shares", _series(truth.shares, got))


def _series(points: Iterable[Point], got: Mapping[int, tuple[int | None, str | None]]) -> Iterator[Pair]:
    wanted = {point.block: point.value for point in points}
    now_wanted: int | None = None
    now_got: tuple[int | None, str | None] = (0, None)
    for block in sorted(wanted.keys() | got.keys()):
        now_wanted = wanted.get(block, now_wanted)
        now_got = got.get(block, now_got)
        yield Pair(f"block {block}", now_wanted, *now_got)


def shown_supply(truth: TokenTruth, shown: Mapping[int, Holding]) -> Tally:
    """Compare supply at every sample block as it is answered for that block."""
    pairs = [
        Pair(f"block {block}", _standing(truth.supply, block), answer.balance, answer.why)
        for block, answer in shown.items()
    ]
    return tally("supply as shown", pairs, f"at {len(pairs)} blocks")


def _standing(points: Iterable[Point], block: int) -> int | None:
    value = None
    for point in points:
        if point.block <= block:
            value = point.value
    return value


Held = Mapping[int, Holders]
"""Who holds what at the end of each sample block."""


def balances(truth: TokenTruth, held: Held) -> Tally:
    """Compare every balance at every sample block; an address that one side leaves out holds nothing."""
    pairs = (
        Pair(f"block {sample.block}, {address}", sample.balances.get(address, 0), mine.balance, mine.why)
        for sample in truth.samples
        for address, mine in _each(held[sample.block], sample.balances)
    )
    return tally("balances", pairs, f"at {len(truth.samples)} blocks")


def share_balances(truth: TokenTruth, held: Held) -> Tally:
    """The same for units, where the contract has shares."""
    pairs = (
        Pair(f"block {sample.block}, {address}", sample.shares.get(address, 0), mine.units, mine.why)
        for sample in truth.samples
        if sample.shares is not None
        for address, mine in _each(held[sample.block], sample.shares)
    )
    return tally("balances in shares", pairs, f"at {len(truth.samples)} blocks")


def _each(mine: Holders, wanted: Mapping[str, int | None]) -> list[tuple[str, Holding]]:
    return [(address, mine.of(address)) for address in sorted(wanted.keys() | mine.held.keys())]


def addresses(truth: TokenTruth, held: Held) -> Tally:
    """Compare how many addresses hold at least one base unit at every sample block."""
    return tally("address counts", [_address_count(sample, held[sample.block]) for sample in truth.samples])


def _address_count(sample: Sample, mine: Holders) -> Pair:
    holdings = mine.held.values()
    why = mine.why or next((h.why for h in holdings if h.balance is None), None)
    known = sum(1 for h in holdings if h.balance)
    reverts = any(value is None for value in sample.balances.values())
    return Pair(f"block {sample.block}", None if reverts else sample.holders, None if why else known, why)


NULL_AMOUNT = "an amount of it is NULL"


def supply_by_transaction(truth: TokenTruth, mine: Ours) -> list[Tally]:
    """Compare minted less burned, with rebases, by transaction; by block where the truth has none."""
    if not truth.deltas:
        return [
            tally("changes of totalSupply by block", _block_deltas(truth.supply, net(mine, "totalSupply")))
        ]
    names = sorted({name for delta in truth.deltas.values() for name in delta})
    return [
        tally(f"changes of {name} by transaction", _deltas(name, truth.deltas, net(mine, name)))
        for name in names
    ]


def _deltas(
    name: str, wanted: Mapping[Place, Mapping[str, int]], got: Mapping[Place, int | None]
) -> Iterator[Pair]:
    places = {place for place, delta in wanted.items() if name in delta} | {
        p for p, change in got.items() if change != 0
    }
    for place in sorted(places):
        where = f"block {place[0]}, transaction {place[1]}"
        yield Pair(where, wanted.get(place, {}).get(name, 0), got.get(place, 0), NULL_AMOUNT)


def _block_deltas(points: Iterable[Point], got: Mapping[Place, int | None]) -> Iterator[Pair]:
    mine: dict[int, int | None] = {}
    for (block, _), change in got.items():
        mine[block] = _plus(mine.get(block, 0), change)
    wanted: dict[int, int | None] = {}
    last: int | None = None
    for block, value in points:
        wanted[block] = None if value is None else value - (last or 0)
        last = value
    for block in sorted(wanted.keys() | {b for b, change in mine.items() if change != 0}):
        yield Pair(f"block {block}", wanted.get(block, 0), mine.get(block, 0), NULL_AMOUNT)


def _plus(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


_SIGN = {"mint": 1, "burn": -1}


def net(mine: Ours, name: str) -> dict[Place, int | None]:
    """Return the net change of totalSupply or totalShares by transaction; None where not known."""
    of_supply = name == "totalSupply"
    changes: dict[Place, int | None] = {}
    for entry in mine.entries:
        if entry.effect in _SIGN:
            place, value = (entry.block, entry.tx_index), entry.raw if of_supply else entry.units
            signed = None if value is None else _SIGN[entry.effect] * value
            changes[place] = _plus(changes.get(place, 0), signed)
    for rebase in mine.rebases if of_supply else ():
        place = (rebase.block, rebase.tx_index)
        changes[place] = _plus(changes.get(place, 0), rebase.raw)
    return changes


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
