"""Which two legs are one crossing: a pure function over what left and what arrived.

What is certain is matched first: a link that both legs carry, then the same accounts and amount in the order
they came, then what only one pair can be. Where two could be it nothing is matched: a leg stays open rather
than guessed at. An arrival never comes before its departure.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

OUT, IN = "out", "in"
BOOK_ENTRY = "book-entry"
SEVERAL = "several legs of this amount could be its other end"


class Leg(NamedTuple):
    """One end of a crossing. *block_time* is in seconds, *amount* in 10^-18 token units.

    *sender* and *receiver* are the accounts that departed and that arrive, where the leg tells them. A
    *candidate* is a mint or burn that no rule explains: it is matched only with a leg that a rule told.
    """

    token: str
    chain_id: str
    block_number: int
    block_time: int
    tx_hash: str
    log_index: int
    entry: int
    direction: str
    amount: int
    sender: str | None = None
    receiver: str | None = None
    link: str | None = None
    other_chain: str | None = None
    candidate: bool = False


class Pair(NamedTuple):
    """Two legs of one crossing, and what joined them: link, accounts, receiver, near, amount, transaction."""

    out: Leg
    into: Leg
    by: str


class Limits(NamedTuple):
    """How far legs may lie apart, in seconds and in 10^-18 token units."""

    window: int
    tolerance: int = 0


class Matched(NamedTuple):
    """The pairs in the order of arrival, and the legs that are left, each with why where more is known."""

    pairs: tuple[Pair, ...]
    unmatched: tuple[tuple[Leg, str | None], ...]


Key = Callable[[Leg], Hashable | None]
Rule = Callable[[Sequence[Leg], Limits], Iterator[Pair]]


class _Side(NamedTuple):
    """What decides, beside a key, whether two legs can be one crossing."""

    chain_id: str
    other: str | None
    linked: bool
    candidate: bool


def match(legs: Iterable[Leg], limits: Limits) -> Matched:
    """Return which *legs* of one token belong together. The order of *legs* does not matter.

    Where rules tell what arrives on a chain, a mint there that they do not explain is no arrival; so with
    what departs.
    """
    given = sorted(legs, key=_order)
    telling = {(leg.chain_id, leg.direction) for leg in given if not leg.candidate}
    left = [leg for leg in given if not (leg.candidate and (leg.chain_id, leg.direction) in telling)]
    pairs: list[Pair] = []
    for candidates, rules in ((False, _TOLD), (True, _CANDIDATES)):
        for rule in rules:
            found = list(rule([leg for leg in left if candidates or not leg.candidate], limits))
            taken = {leg for pair in found for leg in (pair.out, pair.into)}
            left = [leg for leg in left if leg not in taken]
            pairs += found
    pairs.sort(key=lambda pair: _order(pair.into))
    return Matched(tuple(pairs), tuple(_explained(left, limits)))


def swaps(legs: Iterable[Leg]) -> Iterator[Pair]:
    """Yield the candidates that are one swap between two tokens: as much in as out, in one transaction.

    Where an amount stands more than once on a side of a transaction, nothing is said of it.
    """
    by_place: dict[tuple[str, str, int], dict[str, list[Leg]]] = defaultdict(lambda: {OUT: [], IN: []})
    for leg in sorted(legs, key=_order):
        if leg.candidate and leg.amount:
            by_place[leg.chain_id, leg.tx_hash, leg.amount][leg.direction].append(leg)
    for sides in by_place.values():
        if len(sides[OUT]) == len(sides[IN]) == 1 and sides[OUT][0].token != sides[IN][0].token:
            yield Pair(sides[OUT][0], sides[IN][0], "transaction")


def _order(leg: Leg) -> tuple[int, bool, str, int, int, int]:
    """Return what sorts legs by time and place on their chain; of one second, what departs comes first."""
    return leg.block_time, leg.direction == IN, leg.chain_id, leg.block_number, leg.log_index, leg.entry


def _side(leg: Leg) -> _Side:
    # Only EVM chain ids name a chain here; other numberings (Wormhole's, LayerZero's) name none of ours.
    named = leg.other_chain if leg.other_chain and leg.other_chain.startswith("eip155:") else None
    return _Side(leg.chain_id, named, leg.link is not None, leg.candidate)


def _fit(out: _Side, into: _Side) -> bool:
    """Say whether legs of these sides can be one crossing. Two links that differ name two crossings."""
    return (
        out.chain_id != into.chain_id
        and out.other in (None, into.chain_id)
        and into.other in (None, out.chain_id)
        and not (out.linked and into.linked)
        and not (out.candidate and into.candidate)
    )


def _linked(legs: Sequence[Leg], _limits: Limits) -> Iterator[Pair]:
    """Yield the pairs that share a link which nothing else carries, however late and whatever was charged."""
    by_link: dict[str, list[Leg]] = defaultdict(list)
    for leg in legs:
        if leg.link is not None:
            by_link[leg.link].append(leg)
    for ends in by_link.values():
        if [leg.direction for leg in ends] == [OUT, IN] and ends[0].chain_id != ends[1].chain_id:
            yield Pair(ends[0], ends[1], "link")


def _first_come(key: Key, by: str) -> Rule:
    """Return the rule that of equal departures the first arrives first; from two chains it could be either."""

    def rule(legs: Sequence[Leg], limits: Limits) -> Iterator[Pair]:
        waiting: dict[Hashable, dict[_Side, deque[Leg]]] = defaultdict(lambda: defaultdict(deque))
        for leg in _open(legs):
            name = key(leg)
            if name is None:
                continue
            if leg.direction == OUT:
                waiting[name][_side(leg)].append(leg)
                continue
            queues = [q for side, q in waiting[name].items() if _fit(side, _side(leg))]
            for queue in queues:
                while queue and queue[0].block_time < leg.block_time - limits.window:
                    queue.popleft()
            live = [queue for queue in queues if queue]
            if len(live) == 1:
                yield Pair(live[0].popleft(), leg, by)

    return rule


def _only(key: Key, by: str) -> Rule:
    """Return the rule that two legs belong together where neither could belong to another."""

    def rule(legs: Sequence[Leg], limits: Limits) -> Iterator[Pair]:
        piles = _Piles(_open(legs), key)
        for leg in legs:
            outs = piles.others(leg, limits.window) if leg.direction == IN else []
            if len(outs) == 1 and piles.others(outs[0], limits.window) == [leg]:
                yield Pair(outs[0], leg, by)

    return rule


def _near(legs: Sequence[Leg], limits: Limits) -> Iterator[Pair]:
    """Yield the pairs with one receiver whose amounts differ within the tolerance, where only they do."""
    if not limits.tolerance:
        return
    piles: Mapping[str, dict[str | None, list[Leg]]] = {OUT: defaultdict(list), IN: defaultdict(list)}
    for leg in sorted(_open(legs), key=lambda one: (one.amount, _order(one))):
        if leg.receiver is not None:
            piles[leg.direction][leg.receiver].append(leg)

    def others(leg: Leg) -> list[Leg]:
        pile = piles[OUT if leg.direction == IN else IN][leg.receiver]
        first = bisect_left(pile, leg.amount - limits.tolerance, key=lambda one: one.amount)
        found: list[Leg] = []
        for other in pile[first:]:
            if other.amount > leg.amount + limits.tolerance or len(found) > 1:
                break
            out, into = (other, leg) if leg.direction == IN else (leg, other)
            if _fit(_side(out), _side(into)) and 0 <= into.block_time - out.block_time <= limits.window:
                found.append(other)
        return found

    for leg in legs:
        outs = others(leg) if leg.direction == IN and leg.receiver is not None else []
        if len(outs) == 1 and others(outs[0]) == [leg]:
            yield Pair(outs[0], leg, "near")


class _Piles:
    """Legs by key, direction and side, in the order of time: who could be the other end of a leg."""

    def __init__(self, legs: Iterable[Leg], key: Key) -> None:
        self._key = key
        self._piles: dict[tuple[str, Hashable], dict[_Side, list[Leg]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for leg in legs:
            name = key(leg)
            if name is not None:
                self._piles[leg.direction, name][_side(leg)].append(leg)

    def others(self, leg: Leg, window: int) -> list[Leg]:
        """Return the legs that could be the other end of *leg*, at most two."""
        name, side = self._key(leg), _side(leg)
        found: list[Leg] = []
        if name is None:
            return found
        if leg.direction == IN:
            direction, first, last = OUT, leg.block_time - window, leg.block_time
        else:
            direction, first, last = IN, leg.block_time, leg.block_time + window
        for there, pile in self._piles.get((direction, name), {}).items():
            if _fit(there, side) if leg.direction == IN else _fit(side, there):
                start = bisect_left(pile, first, key=lambda one: one.block_time)
                end = bisect_right(pile, last, key=lambda one: one.block_time)
                found += pile[start : min(end, start + 2)]
        return found[:2]


def _open(legs: Iterable[Leg]) -> Iterator[Leg]:
    """Yield the legs that can have another end on a chain."""
    return (leg for leg in legs if leg.other_chain != BOOK_ENTRY)


def _accounts(leg: Leg) -> Hashable | None:
    return None if leg.sender is None or leg.receiver is None else (leg.sender, leg.receiver, leg.amount)


def _receiver(leg: Leg) -> Hashable | None:
    return None if leg.receiver is None else (leg.receiver, leg.amount)


def _amount(leg: Leg) -> Hashable | None:
    return leg.amount or None


def _explained(left: Sequence[Leg], limits: Limits) -> Iterator[tuple[Leg, str | None]]:
    """Yield the legs that are left, with the reason where another leg could have been the end of each."""
    piles = _Piles(_open(left), _amount)
    for leg in left:
        could = leg.other_chain != BOOK_ENTRY and piles.others(leg, limits.window)
        yield leg, SEVERAL if could else None


def _named(leg: Leg) -> Hashable | None:
    """Return the amount together with the chain that it goes to, which a told leg names."""
    named = _side(leg).other
    if not leg.amount or (named is None and not leg.candidate):
        return None
    return leg.amount


_TOLD: tuple[Rule, ...] = (
    _linked,
    _first_come(_accounts, "accounts"),
    _first_come(_receiver, "receiver"),
    _near,
    _only(_amount, "amount"),
)
"""Between legs that rules told, the surest first."""

_CANDIDATES: tuple[Rule, ...] = (
    _only(_receiver, "receiver"),
    _near,
    _only(_named, "amount"),
)
"""Where one leg is a candidate: only what nothing else could be; by amount alone only on the chain named."""
