"""The small values that ledger, accruals and reason rules pass to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from indexer.config.model import Deployment, Token
from indexer.decode.abi import Event
from indexer.ledger.holdings import UNKNOWN, Holdings

__all__ = ["REASONS", "ZERO", "Call", "Context", "Entry", "Event", "Tx", "Verdict"]

ZERO = "0x" + "0" * 40


class Entry(NamedTuple):
    """One entry of the ledger as the rules see it. *row* is its row in ``transfers``; *amount* is in base
    units, *units* in what the ledger conserves; each is None where it is not known."""

    row: int
    contract: str
    log_index: int
    from_address: str
    to_address: str
    amount: int | None
    effect: str
    units: int | None = None


class Call(NamedTuple):
    """The transaction's own call: who sent it, to which contract, with which input (selector first)."""

    sender: str
    target: str | None
    input: bytes


class Tx(NamedTuple):
    """One transaction: its entries of one token and the decoded events of the token's group, in log
    order. *call* is None where no endpoint had it and while *asked* is false: then nobody was asked yet.
    *known* are the positions of the entries that an earlier rule explained."""

    hash: str
    block_number: int
    block_time: int
    tx_index: int
    entries: tuple[Entry, ...]
    events: tuple[Event, ...]
    call: Call | None
    asked: bool = True
    known: frozenset[int] = frozenset()


class Context(NamedTuple):
    """What a rule may know beside the transaction.

    ``roles_at(address, time)`` returns the roles of an address at a time in seconds; it is empty for an
    address without one. *holdings* tell what an address held before an entry. *opened* has, by contract and
    id, the earlier events that tell what a later one names only by its id.
    """

    token: Token
    deployment: Deployment
    roles_at: Callable[[str, int], frozenset[str]]
    holdings: Holdings = UNKNOWN
    opened: Mapping[tuple[str, object], Event] = MappingProxyType({})


class Verdict(NamedTuple):
    """What an entry was, by which rule, on what evidence."""

    reason: str
    rule: str
    evidence: str
    party: str | None = None
    link: str | None = None
    other_chain: str | None = None


REASONS = (
    "issuance", "redemption", "distribution", "fee", "premint", "retire", "bridge_out", "bridge_in",
    "bridge_lock", "bridge_release", "class_swap", "wrap", "unwrap", "forced", "recovery", "migration",
    "escrow_in", "escrow_out", "reversal", "adjustment", "transfer", "unclassified",
)  # fmt: skip
