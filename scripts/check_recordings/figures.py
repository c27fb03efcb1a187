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


class Rebase(NamedTuple):
    """One step of the multiplier that a log told; *raw* is what supply changed by."""

    block: int
    tx_index: int
    day: str
    raw: int | None
    why: str | None = None


class Total(NamedTuple):
    """Supply and units after a change; None where not known, and then *why* says why."""

    block: int
    cause: str
    supply: int | None
    units: int | None
    why: str | None


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


class Ours(NamedTuple):
    """The ledger of one token. *totals* stand in order."""

    token: str
    chain_id: str
    decimals: int
    entries: tuple[Entry, ...]
    rebases: tuple[Rebase, ...]
    totals: tuple[Total, ...]


class Answers(NamedTuple):
    """What `rwa show --at` answers at each sample block: supply, and who holds what."""

    supply: Mapping[int, Holding]
    held: Mapping[int, Holders]
