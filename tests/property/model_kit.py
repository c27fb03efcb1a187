"""What every model of a contract is made of: who holds what, and refusing."""

from __future__ import annotations

from collections import defaultdict

from played import Reverted

from indexer.config.model import Companion
from indexer.ledger.values import ZERO

ONE = 10**18


def require(holds: object) -> None:
    if not holds:
        raise Reverted


class Book:
    """Who holds how many of what a contract counts."""

    def __init__(self) -> None:
        self.of: dict[str, int] = defaultdict(int)
        self.total = 0

    def move(self, sender: str, receiver: str, units: int) -> None:
        """Move units; the zero account mints and burns."""
        require(sender == ZERO or self.of[sender] >= units)
        if sender == ZERO:
            self.total += units
        else:
            self.of[sender] -= units
        if receiver == ZERO:
            self.total -= units
        else:
            self.of[receiver] += units


def companion(address: str, *events: str) -> Companion:
    return Companion(name=events[0], address=address, events=events, topics=None, start=None)
