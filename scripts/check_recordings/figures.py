"""Our side of a comparison as plain values, in base units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Entry(NamedTuple):
    """One entry of the ledger; *raw* and *units* are None where not known, and then *why* says why."""

    block: int
    tx_index: int
    day: str
    effect: str
    reason: str
    raw: int | None
    units: int | None
    why: str | None = None
    evidence: str = ""


class Rebase(NamedTuple):
    """One step of the multiplier; *raw* is what supply changed by.

    *tx_index* is None where time moved it: then *block* is the first one at or after its instant.
    """

    block: int
    tx_index: int | None
    day: str
    raw: int | None
    why: str | None = None


class Total(NamedTuple):
    """Supply and units after a change; None where not known, and then *why* says why.

    *rounding* is what the contract's rounding adds to the booked amounts, *bound* the most that it can.
    """

    block: int
    cause: str
    supply: int | None
    units: int | None
    why: str | None
    rounding: int | None = None
    bound: int | None = None


class Day(NamedTuple):
    """A row of the roll-forward: *flows* sums all movements with rounding; None where not known.

    *over* is false for the day that the chain ends in, which has no figures.
    """

    day: str
    opening: int | None
    flows: int | None
    closing: int | None
    supply: int | None
    why: str | None
    over: bool = True


class Holding(NamedTuple):
    """What an address holds; None where not known."""

    balance: int | None
    units: int | None
    why: str | None


class Holders(NamedTuple):
    """Who holds what at one moment; an address left out holds nothing, or is not known for the reason *why*."""

    held: Mapping[str, Holding]
    why: str | None = None

    def of(self, address: str) -> Holding:
        nothing = Holding(0, 0, None) if self.why is None else Holding(None, None, self.why)
        return self.held.get(address, nothing)


class Crossing(NamedTuple):
    """What a token's legs say of its way to one chain: arrivals, those with a departure, and what is under way."""

    arrivals: int
    matched: int
    in_transit: int | None


class Ours(NamedTuple):
    """The ledger of one token. *totals* and *rollforward* stand in order."""

    token: str
    chain_id: str
    decimals: int
    entries: tuple[Entry, ...]
    rebases: tuple[Rebase, ...]
    totals: tuple[Total, ...]
    rollforward: tuple[Day, ...] = ()
    crossing: Crossing = Crossing(0, 0, None)


class Answers(NamedTuple):
    """What `rwa show --at` answers at each sample block: supply, and who holds what.

    *by_time* are the blocks whose time it did not know, so that it was asked for that time.
    """

    supply: Mapping[int, Holding]
    held: Mapping[int, Holders]
    by_time: frozenset[int] = frozenset()
