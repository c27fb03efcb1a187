"""What every platform's rules share: pairing events with entries, reading a call, and the roles of addresses.

A rule looks at a whole transaction and speaks of the entries it knows, because several events of one
transaction (a bulk mint) belong to several entries and each event may be used once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from indexer.ledger.values import Context, Entry, Event, Tx, Verdict

Rule = Callable[[Tx, Context], Mapping[int, Verdict] | None]
"""A pure function: what it can say of the transaction's entries, by their position.

None where it must know the transaction's call first and nobody was asked for it yet.
"""

OWN = "@contract"
"""In a shape: the contract that emitted the event, in place of one of its arguments."""

LOG = "@log"
"""As a link: the transaction and the log index of the event, the same for every leg that it explains."""

REQUEST = "@request:"
"""Before an argument's name, or several with colons between, as a link: the id of a request, which counts for
the contract that tells it. A part that begins with = stands for itself: what the contract counts apart."""


class Shape(NamedTuple):
    """Which entries an event explains: the arguments that must equal an entry's accounts and amount.

    A name left None is not compared; an amount may be a function of the event. *companion* allows an event
    of another contract than the token's; *when* says which events of that name count.
    """

    event: str
    effect: str
    sender: str | None = None
    receiver: str | None = None
    amount: str | Callable[[Event], object] | None = None
    companion: bool = False
    when: Callable[[Event], bool] | None = None


def pair(tx: Tx, shape: Shape, among: Callable[[Entry], bool] | None = None) -> list[tuple[int, Event]]:
    """Return (position of an entry, event) for the events of *shape*, each event and entry at most once.

    As many entries as events of one key are paired in their order. Where their numbers differ, each event
    takes the entry nearest in log order, of two equally near the earlier one. *among* says which entries count.
    """
    events: dict[tuple[object, ...], list[Event]] = {}
    for event in tx.events:
        if event.name == shape.event and (shape.when is None or shape.when(event)):
            key = _event_key(event, shape)
            if key is not None:
                events.setdefault(key, []).append(event)
    if not events:
        return []
    entries: dict[tuple[object, ...], list[int]] = {}
    for position, entry in enumerate(tx.entries):
        if entry.effect == shape.effect and (among is None or among(entry)):
            entries.setdefault(_entry_key(entry, shape), []).append(position)
    return [match for key, told_of in events.items() for match in _match(tx, entries.get(key, []), told_of)]


def _match(tx: Tx, positions: list[int], events: list[Event]) -> Iterator[tuple[int, Event]]:
    if len(positions) == len(events):
        yield from zip(positions, events, strict=True)
        return
    for event in events:
        if positions:
            yield _take_nearest(positions, tx.entries, event.log_index), event


def told(rule: str, reason: str, shape: Shape, party: str | None = None, link: str | None = None) -> Rule:
    """Return the rule that an event of *shape* says *reason*; *party* and *link* name its arguments."""

    def speak(tx: Tx, _context: Context) -> Mapping[int, Verdict]:
        return {
            i: Verdict(
                reason,
                rule,
                "event",
                None if party is None else party_of(tx.entries[i], event.text(party)),
                None if link is None else link_of(tx, event, link),
            )
            for i, event in pair(tx, shape)
        }

    return speak


def party_of(entry: Entry, customer: str) -> str | None:
    """Return *customer* where the entry does not name it already."""
    return None if customer in (entry.from_address, entry.to_address) else customer


def link_of(tx: Tx, event: Event, name: str) -> str | None:
    """Return what joins the legs that *event* explains: an id it carries, or its own place. Zero is no id."""
    if name == LOG:
        return f"{tx.hash}:{event.log_index}"
    if name.startswith(REQUEST):
        parts = name.removeprefix(REQUEST).split(":")
        own = [part[1:] if part.startswith("=") else _spelled(event.args[part]) for part in parts]
        return None if None in own else ":".join([event.contract, *map(str, own)])
    return _spelled(event.args[name])


def _spelled(value: object) -> str | None:
    if not isinstance(value, bytes):
        return str(value)
    return f"0x{value.hex()}" if any(value) else None


def word(value: str | int) -> bytes:
    """Return an address or an unsigned integer as a call carries it: 32 bytes."""
    return (int(value, 16) if isinstance(value, str) else value).to_bytes(32, "big")


def calls_within(tx: Tx, selector: bytes, *words: bytes) -> Iterator[bytes]:
    """Yield each call of *selector* that the input carries, with all that follows it.

    *words* are its first arguments. The transaction's own call counts, and so does one that a multisig, a
    batch or a timelock passes on: all of them carry the inner call's bytes as they are.
    """
    if tx.call is None:
        return
    needle = selector + b"".join(words)
    at = tx.call.input.find(needle)
    while at >= 0:
        yield tx.call.input[at:]
        at = tx.call.input.find(needle, at + 1)


def unexplained(tx: Tx, *effects: str) -> list[int]:
    """Return the positions of the entries with one of *effects* that no earlier rule has explained."""
    return [i for i, entry in enumerate(tx.entries) if entry.effect in effects and i not in tx.known]


_AGENTS = {
    ("bridge_locker", "mint"): "bridge_in",
    ("bridge_locker", "burn"): "bridge_out",
    ("operator", "mint"): "issuance",
    ("operator", "burn"): "redemption",
}
"""What a change of supply is by the role of who asked for it; a bridge's word goes before an operator's."""


def by_agent(tx: Tx, context: Context) -> Mapping[int, Verdict] | None:
    """Return what the roles of the transaction's sender and target say of mints and burns without an event.

    For platforms whose managers and bridges may mint and burn without a word of their own.
    """
    agents = {role.address for role in context.deployment.roles if role.role in {r for r, _ in _AGENTS}}
    left = unexplained(tx, "mint", "burn")
    if not left or not agents:
        return {}
    if not tx.asked:
        return None
    if tx.call is None:
        return {}
    asking = {tx.call.sender, tx.call.target} - {tx.entries[i].contract for i in left}
    held = frozenset().union(*(context.roles_at(a, tx.block_time) for a in asking if a is not None))
    return {
        i: Verdict(_AGENTS[role, tx.entries[i].effect], f"agent-{role}@1", "role")
        for role in ("operator", "bridge_locker")
        if role in held
        for i in left
    }


def by_role(tx: Tx, context: Context) -> Mapping[int, Verdict]:
    """Return what the dated roles of an entry's accounts say of it."""
    found = {}
    for i, entry in enumerate(tx.entries):
        sender = context.roles_at(entry.from_address, tx.block_time)
        receiver = context.roles_at(entry.to_address, tx.block_time)
        verdict = _role_verdict(entry.effect, sender, receiver)
        if verdict is not None:
            found[i] = verdict
    return found


_CUSTODY = {
    "redeem_wallet": ("escrow_in", "escrow_out"),
    "escrow": ("escrow_in", "escrow_out"),
    "bridge_locker": ("bridge_lock", "bridge_release"),
}
"""Roles that hold tokens for others: the reason on the way in, and on the way back."""

_BURNERS = {"redeem_wallet": "redemption", "burner": "redemption", "bridge_locker": "bridge_out"}
"""What it means that an address with the role burns what it holds."""


def _role_verdict(effect: str, sender: frozenset[str], receiver: frozenset[str]) -> Verdict | None:
    if effect == "burn":
        burners = [role for role in _BURNERS if role in sender]
        return Verdict(_BURNERS[burners[0]], f"role-{burners[0]}@1", "role") if burners else None
    if effect != "move":
        return None
    for role, (way_in, way_back) in _CUSTODY.items():
        if (role in sender) != (role in receiver):
            return Verdict(way_in if role in receiver else way_back, f"role-{role}@1", "role")
    return None


def _entry_key(entry: Entry, shape: Shape) -> tuple[object, ...]:
    return (
        None if shape.companion else entry.contract,
        None if shape.sender is None else entry.from_address,
        None if shape.receiver is None else entry.to_address,
        None if shape.amount is None else entry.amount,
    )


def _event_key(event: Event, shape: Shape) -> tuple[object, ...] | None:
    """Return the key that an entry must have; None where the event lacks an argument of the shape."""
    key: list[object] = [None if shape.companion else event.contract]
    for name in (shape.sender, shape.receiver, shape.amount):
        if name is None:
            key.append(None)
        elif callable(name):
            key.append(name(event))
        elif name == OWN:
            key.append(event.contract)
        elif name in event.args:
            key.append(event.args[name])
        else:
            return None
    return tuple(key)


def _take_nearest(positions: list[int], entries: tuple[Entry, ...], log_index: int) -> int:
    """Remove from *positions* (in log order) the entry nearest to *log_index*, and return it."""
    at = bisect_left(positions, log_index, key=lambda i: entries[i].log_index)
    before = None if at == 0 else log_index - entries[positions[at - 1]].log_index
    after = None if at == len(positions) else entries[positions[at]].log_index - log_index
    if after is None or (before is not None and before <= after):
        at -= 1
    return positions.pop(at)
