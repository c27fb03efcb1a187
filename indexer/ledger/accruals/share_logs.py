"""The two logs of one movement of a share token, Transfer (amount) and its twin (shares), put together again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from indexer.decode.abi import Event, RawLog
from indexer.ledger.placed import Place
from indexer.ledger.values import ZERO


class Told(NamedTuple):
    """One decoded log with its place."""

    place: Place
    raw: RawLog
    event: Event


class Twins(NamedTuple):
    """What belongs to one movement; either may be missing. *swapped*: the shares were logged first."""

    transfer: Told | None
    shares: Told | None

    @property
    def swapped(self) -> bool:
        both = self.transfer is not None and self.shares is not None
        return both and self.shares.place.log_index < self.transfer.place.log_index  # type: ignore[union-attr]

    @property
    def first(self) -> Place:
        """The place of the Transfer or, without one, of the shares."""
        told = self.transfer or self.shares
        assert told is not None  # noqa: S101 - one of them is there
        return told.place


def twins(logs: Iterable[Told], lone: Callable[[Told], bool] = lambda _: False) -> Iterator[Twins]:
    """Yield the movements of *logs* (Transfers and their twins only) in order; a *lone* log has no twin.

    A Transfer and a twin belong together where they follow each other in one transaction, in either order, and
    name the same accounts. One odd pair counts too: a Transfer from the zero account before shares that went to
    it, which is a burn that logs a mint.
    """
    waiting: Told | None = None
    for told in logs:
        if lone(told):
            if waiting is not None:
                yield _alone(waiting)
                waiting = None
            yield _alone(told)
        elif waiting is not None and _belong(waiting, told):
            yield _paired(waiting, told)
            waiting = None
        else:
            if waiting is not None:
                yield _alone(waiting)
            waiting = told
    if waiting is not None:
        yield _alone(waiting)


def _belong(one: Told, other: Told) -> bool:
    if one.place.tx_hash != other.place.tx_hash or _is_transfer(one) == _is_transfer(other):
        return False
    transfer, shares = (one, other) if _is_transfer(one) else (other, one)
    same = all(transfer.event.args[side] == shares.event.args[side] for side in ("from", "to"))
    return same or (transfer is one and transfer.event.args["from"] == ZERO == shares.event.args["to"])


def _is_transfer(told: Told) -> bool:
    return told.event.name == "Transfer"


def _paired(one: Told, other: Told) -> Twins:
    return Twins(one, other) if _is_transfer(one) else Twins(other, one)


def _alone(told: Told) -> Twins:
    return Twins(told, None) if _is_transfer(told) else Twins(None, told)
