"""Dividends that no event names: what a batch of mints looks like when it pays holders by what they hold.

A payment gives every holder the same small share of what it held. So three holders who got the same share on
one day prove a rate, and whoever else got that share that day was paid by it. All else stays open: a batch
that could be either is unsure, never a distribution.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import partial
from itertools import islice, takewhile
from typing import NamedTuple

from indexer.ledger.holdings import DAY, Holdings, Minted
from indexer.ledger.values import Context, Tx

LARGEST = Fraction(1, 100)
"""The largest share of a balance that one payment can be: a month at 12 % a year; the funds pay 4 to 5 %."""

AGREE = Fraction(1, 10_000)
"""How far two equal rates may lie apart: thirty days rounded to cents on a payment of a few thousand dollars
stay below it, while two unrelated purchases below LARGEST meet so closely once in many thousand pairs."""

TELLING = 10_000
"""Units that a mint must have to tell a rate: below, the rounding of one unit alone is more than AGREE."""

PROOF = 3
"""Holders with one rate that prove it: that three purchases of a day agree by chance is out of the question."""

PAIR_UNITS = 1_000_000
"""Two holders prove it too where both got at least this many units and agree to the rounding of one unit."""

SATURDAY = 5


class Share(NamedTuple):
    """What one mint gave, beside what its holder had before."""

    row: int
    address: str
    units: int
    held: int

    @property
    def rate(self) -> Fraction:
        return Fraction(self.units, self.held)


def shares_of(mints: Iterable[Minted], holdings: Holdings) -> list[Share]:
    """Return the mints that could be a payment: to a holder, and small against what it held, or nothing."""
    known = ((mint, holdings.before(mint.address, mint.row)) for mint in mints)
    found = (Share(*mint, held) for mint, held in known if held is not None and held > 0)
    return [share for share in found if share.rate <= LARGEST]


def paid_rows(tx: Tx, context: Context) -> frozenset[int]:
    """Return the rows of *tx*'s mints that were paid at a rate which the day's mints prove."""
    own = [
        Minted(e.row, e.to_address, e.units) for e in tx.entries if e.effect == "mint" and e.units is not None
    ]
    asked = shares_of(own, context.holdings)
    if not asked:
        return frozenset()
    rows = {mint.row for mint in own}
    others = (mint for mint in context.holdings.minted(tx.block_time // DAY) if mint.row not in rows)
    rates = _proven([*asked, *shares_of(others, context.holdings)])
    return frozenset(share.row for share in asked if any(_paid_at(rate, share) for rate in rates))


def business_day(time: int) -> bool:
    """Return whether a time in seconds falls on Monday to Friday, UTC; holidays are not known here."""
    return (time // DAY + 3) % 7 < SATURDAY  # 1970-01-01 was a Thursday


def _proven(pool: Sequence[Share]) -> list[Fraction]:
    """Return the rates that enough holders of *pool* got."""
    telling = sorted((share for share in pool if share.units >= TELLING), key=lambda share: share.rate)
    proven = (
        share.rate
        for at, share in enumerate(telling)
        if _is_proven(share, takewhile(partial(_alike, share.rate), islice(telling, at, None)))
    )
    return list(dict.fromkeys(proven))


def _is_proven(share: Share, alike: Iterable[Share]) -> bool:
    """Say whether enough holders got the rate of *share*; no more of those *alike* are looked at than it takes."""
    holders: set[str] = set()
    exact: set[str] = set()
    for other in alike:
        holders.add(other.address)
        if min(share.units, other.units) >= PAIR_UNITS and _exactly(share, other):
            exact.add(other.address)
        if len(holders) >= PROOF or len(exact) > 1:
            return True
    return False


def _alike(rate: Fraction, other: Share) -> bool:
    return other.rate - rate <= AGREE * rate


def _exactly(one: Share, other: Share) -> bool:
    return abs(one.rate - other.rate) <= Fraction(1, one.held) + Fraction(1, other.held)


def _paid_at(rate: Fraction, share: Share) -> bool:
    return abs(share.units - rate * share.held) <= max(Fraction(1), AGREE * share.units)
