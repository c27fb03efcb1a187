"""Ours beside the truth: supply at every block, balances and address counts at the samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from .figures import Answers, Holders, Holding, Ours
from .truth import Point, Sample, TokenTruth


class Tally(NamedTuple):
    """One comparison: how many figures, and a sentence for each that differs.

    *unknown* are our NULLs with a reason, *reverting* the figures for which the truth has none, because
    the contract's call reverts, and neither have we.
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
    """Return the comparison of *pairs*: a call that reverts wants NULL with its reason."""
    compared = unknown = reverting = 0
    differing: list[str] = []
    for pair in pairs:
        if pair.wanted is None and pair.got is None and pair.why:
            reverting += 1
        elif pair.wanted is not None and pair.got is None and pair.why:
            unknown += 1
        else:
            compared += 1
            if pair.got is None or pair.got != pair.wanted:
                differing.append(_sentence(pair))
    return Tally(what, compared, tuple(differing), unknown, reverting, note)


def _sentence(pair: Pair) -> str:
    where, wanted, got, _ = pair
    if got is None:
        return f"{where}: NULL without a reason, {'a revert' if wanted is None else wanted} wanted"
    if wanted is None:
        return f"{where}: {got}, where the contract's call reverts"
    return f"{where}: {got}, {wanted} wanted ({got - wanted:+d})"


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
    now_wanted: int | None = 0
    now_got: tuple[int | None, str | None] = (0, None)
    for block in sorted(wanted.keys() | got.keys()):
        now_wanted = wanted.get(block, now_wanted)
        now_got = got.get(block, now_got)
        yield Pair(f"block {block}", now_wanted, *now_got)


def shown_supply(truth: TokenTruth, answers: Answers) -> Tally:
    """Compare supply at every sample block as it is answered for that block."""
    pairs = [
        Pair(f"block {block}", _standing(truth.supply, block), answer.balance, answer.why)
        for block, answer in answers.supply.items()
    ]
    by_time = f", {len(answers.by_time)} of them by their time" if answers.by_time else ""
    return tally("supply as shown", pairs, f"at {len(pairs)} blocks{by_time}")


def _standing(points: Iterable[Point], block: int) -> int | None:
    value: int | None = 0
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
