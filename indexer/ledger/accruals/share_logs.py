"""The two logs of one movement of a share token, Transfer (amount) and its twin (shares), put together again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

from indexer.decode.abi import Event, Family, RawLog, Undecodable
from indexer.ledger.accruals.scaled import Move
from indexer.ledger.placed import Place, told, undecoded_row
from indexer.ledger.scene import Scene
from indexer.ledger.values import ZERO


class Told(NamedTuple):
    """One decoded log with its place."""

    place: Place
    raw: RawLog
    event: Event


Broken = tuple[Place, str]
"""The log from which on a ledger does not hold, and why."""


def unreadable(
    scene: Scene, addresses: Collection[str], family: Family, names: Collection[str]
) -> Broken | None:
    """Return the first of the logs *names* of *addresses* that cannot be decoded, None where all can."""
    found = told(scene, addresses, family, names)
    return next(((place, event.reason) for place, _, event in found if isinstance(event, Undecodable)), None)


def earliest(*broken: Broken | None) -> Broken | None:
    """Return what comes first of *broken*."""
    return min((one for one in broken if one is not None), key=lambda one: one[0].order, default=None)


class Odd(NamedTuple):
    """Movements that had to be read one by one; where one is not whole, what is *broken* and *undecoded*."""

    twins: list[Twins]
    undecoded: list[dict[str, object]]
    broken: tuple[Place, str] | None


class Twins(NamedTuple):
    """What belongs to one movement; either may be missing."""

    transfer: Told | None
    shares: Told | None

    @property
    def first(self) -> Place:
        """The place of the Transfer or, without one, of the shares."""
        told = self.transfer or self.shares
        assert told is not None  # noqa: S101 - one of them is there
        return told.place


def read_odd(scene: Scene, family: Family, twin: str) -> Odd:
    """Return the movements that the scene's own Transfers and logs named *twin* tell.

    What cannot be decoded, and the first log without its other half, is where the ledger ends.
    """
    logs: list[Told] = []
    undecoded: list[dict[str, object]] = []
    lost: list[tuple[Place, str]] = []
    for place, raw, event in told(scene, [scene.deployment.address], family, ("Transfer", twin)):
        if isinstance(event, Undecodable):
            undecoded.append(undecoded_row(scene, place, raw, event.reason))
            lost.append((place, event.reason))
        else:
            logs.append(Told(place, raw, event))
    pairs = list(twins(logs))
    odd = next((pair for pair in pairs if pair.transfer is None or pair.shares is None), None)
    if odd is not None:
        half = odd.transfer or odd.shares
        assert half is not None  # noqa: S101 - one of them is there
        why = f"a Transfer without its {twin}" if odd.shares is None else f"a {twin} without its Transfer"
        undecoded.append(undecoded_row(scene, odd.first, half.raw, why))
        lost.append((odd.first, why))
    broken = min(lost, key=lambda one: one[0].order, default=None)
    return Odd([pair for pair in pairs if pair is not odd], undecoded, broken)


def moved(pair: Twins, units: str) -> Move:
    """Return the move of *pair*; *units* names the twin's argument that holds the shares."""
    if pair.transfer is None or pair.shares is None:
        half = pair.transfer or pair.shares
        assert half is not None  # noqa: S101 - one of them is there
        event, why = half.event, "half of what tells this entry is missing"
        return Move(pair.first, event.text("from"), event.text("to"), None, None, why=why)
    event = pair.transfer.event
    shares, amount = pair.shares.event.number(units), event.number("value")
    return Move(pair.first, event.text("from"), event.text("to"), shares, amount)


def twins(logs: Iterable[Told], lone: Callable[[Told], bool] = lambda _: False) -> Iterator[Twins]:
    """Yield the movements of *logs* (Transfers and their twins only) in order; a *lone* log has no twin.

    A Transfer and a twin belong together where they follow each other in one transaction, in either order, and
    name the same accounts. One odd pair counts too: a Transfer from the zero account before shares that went to
    it, which is a burn that logs a mint.
    """
    waiting: Told | None = None
    for log in logs:
        if lone(log):
            if waiting is not None:
                yield _alone(waiting)
                waiting = None
            yield _alone(log)
        elif waiting is not None and _belong(waiting, log):
            yield _paired(waiting, log)
            waiting = None
        else:
            if waiting is not None:
                yield _alone(waiting)
            waiting = log
    if waiting is not None:
        yield _alone(waiting)


def _belong(one: Told, other: Told) -> bool:
    if one.place.tx_hash != other.place.tx_hash or _is_transfer(one) == _is_transfer(other):
        return False
    transfer, shares = (one, other) if _is_transfer(one) else (other, one)
    same = all(transfer.event.args[side] == shares.event.args[side] for side in ("from", "to"))
    return same or (transfer is one and transfer.event.args["from"] == ZERO == shares.event.args["to"])


def _is_transfer(log: Told) -> bool:
    return log.event.name == "Transfer"


def _paired(one: Told, other: Told) -> Twins:
    return Twins(one, other) if _is_transfer(one) else Twins(other, one)


def _alone(log: Told) -> Twins:
    return Twins(log, None) if _is_transfer(log) else Twins(None, log)
