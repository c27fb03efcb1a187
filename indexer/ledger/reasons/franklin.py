"""BENJI: every mint and burn is told by the transfer agent, a contract beside the token.

Contracts: TransferAgentModule V1 to V5, MoneyMarketFund. One transaction settles purchases and pays dividends
of the same accounts, and the agent logs now before, now after the token's Transfer. So each event takes the
nearest entry of its account and amount, and an entry is told once. A negative rate burns at most what the
account holds, while its event tells the uncapped figure: that burn is the one which empties the account.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from indexer.ledger.reasons.common import LOG, Shape, link_of, told
from indexer.ledger.values import ZERO, Context, Entry, Event, Tx, Verdict

_SETTLED = {
    1: {"mint": "adjustment", "burn": "adjustment"},
    2: {"mint": "issuance"},
    3: {"mint": "distribution", "burn": "distribution"},
    4: {"mint": "distribution"},
    5: {"burn": "redemption"},
    6: {"burn": "redemption"},
    7: {"mint": "issuance"},
    8: {"mint": "issuance"},
    9: {"burn": "redemption"},
    10: {"move": "transfer"},
    11: {"burn": "bridge_out"},
    12: {"mint": "bridge_in"},
}
"""The module's TransactionType: adjustment; automatic plan; dividend, and reinvested; cash, share and (9) full
liquidation around cash and share purchase; share transfer; to and from another chain (their numbers presumed)."""


class _Leg(NamedTuple):
    """What an event may tell of an entry: by effect the reason, between which accounts, of which amount."""

    event: Event
    rule: str
    reasons: Mapping[str, str]
    sender: str | None
    receiver: str | None
    amount: int
    link: str | None = None
    capped: bool = False


def _legs(tx: Tx) -> Iterator[_Leg]:
    for event in tx.events:
        if event.name in _READERS:
            yield from _READERS[event.name](tx, event)


def _settled(tx: Tx, event: Event) -> Iterator[_Leg]:
    reasons = _SETTLED.get(event.number("transactionType"), {})
    link = link_of(tx, event, "transactionId")
    yield from _either(event, "franklin-settled@1", reasons, event.number("shares"), link)


def _dividend(_tx: Tx, event: Event) -> Iterator[_Leg]:
    """Yield the payment of an account: a mint or, where the yield was negative, a burn that its balance caps."""
    account, rule = event.text("account"), "franklin-dividend@1"
    negative = event.number("rate") < 0 or bool(event.args.get("isNegativeYield"))
    if negative:
        yield _Leg(
            event, rule, {"burn": "distribution"}, account, ZERO, abs(event.number("shares")), capped=True
        )
    else:
        yield _Leg(event, rule, {"mint": "distribution"}, ZERO, account, event.number("shares"))


def _adjusted(_tx: Tx, event: Event) -> Iterator[_Leg]:
    """Yield either sign: the event has none, the Transfer beside it has."""
    reasons = {"mint": "adjustment", "burn": "adjustment"}
    yield from _either(event, "franklin-adjusted@1", reasons, event.number("amount"), None)


def _either(
    event: Event, rule: str, reasons: Mapping[str, str], amount: int, link: str | None
) -> Iterator[_Leg]:
    account = event.text("account")
    sides = {"mint": (ZERO, account), "burn": (account, ZERO)}
    for effect, reason in reasons.items():
        if effect in sides:
            yield _Leg(event, rule, {effect: reason}, *sides[effect], amount, link)


def _recovered(tx: Tx, event: Event) -> Iterator[_Leg]:
    """Yield the legs of a recovery: a burn and a mint or, since V5, a plain move. They share a link."""
    lost, new = event.text("fromAccount"), event.text("toAccount")
    amount, link, rule = event.number("amount"), link_of(tx, event, LOG), "franklin-recovered@1"
    yield _Leg(event, rule, {"burn": "recovery"}, lost, ZERO, amount, link)
    yield _Leg(event, rule, {"mint": "recovery"}, ZERO, new, amount, link)
    yield _Leg(event, rule, {"move": "recovery"}, lost, new, amount, link)


def _transferred(tx: Tx, event: Event) -> Iterator[_Leg]:
    link = link_of(tx, event, "transactionId")
    parties = event.text("from"), event.text("to")
    yield _Leg(event, "franklin-settled@1", {"move": "transfer"}, *parties, event.number("shares"), link)


_READERS = {
    "TransactionSettled": _settled,
    "DividendDistributed": _dividend,
    "BalanceAdjusted": _adjusted,
    "AccountRecovered": _recovered,
    "AssetRecovered": _recovered,
    "TransferSettled": _transferred,
}


def _agent(tx: Tx, context: Context) -> Mapping[int, Verdict]:
    """Return what the transfer agent's events say; amounts that are equal come before a capped one."""
    found: dict[int, Verdict] = {}
    legs = list(_legs(tx))
    spoken: set[int] = set()
    for capped in (False, True):
        for n, leg in enumerate(legs):
            if n in spoken or (capped and not leg.capped):
                continue
            near = [
                (abs(entry.log_index - leg.event.log_index), entry.log_index, i)
                for i, entry in enumerate(tx.entries)
                if i not in found and _fits(leg, entry, context, capped=capped)
            ]
            if near:
                i = min(near)[2]
                spoken.add(n)
                found[i] = _verdict(leg, tx.entries[i])
    return found


def _fits(leg: _Leg, entry: Entry, context: Context, *, capped: bool) -> bool:
    if entry.effect not in leg.reasons or entry.amount is None:
        return False
    if (entry.from_address, entry.to_address) != (leg.sender, leg.receiver):
        return False
    if not capped:
        return entry.amount == leg.amount
    held = context.holdings.before(entry.from_address, entry.row)
    return entry.amount < leg.amount and held in (None, entry.amount)


def _verdict(leg: _Leg, entry: Entry) -> Verdict:
    """Return the verdict; the party of a recovery's leg is the account on its other side."""
    other = None
    if leg.event.name in ("AccountRecovered", "AssetRecovered") and entry.effect != "move":
        other = leg.event.text("toAccount" if entry.effect == "burn" else "fromAccount")
    return Verdict(leg.reasons[entry.effect], leg.rule, "event", other, leg.link)


RULES = (
    told(
        "franklin-instant-cx@1",
        "bridge_in",
        Shape("InstantCXTransferIn", "mint", receiver="account", amount="amount"),
    ),
    told(
        "franklin-instant-cx@1",
        "bridge_out",
        Shape("InstantCXTransferOut", "burn", sender="account", amount="amount"),
    ),
    told(
        "franklin-instant@1",
        "transfer",
        Shape("InstantTransfer", "move", sender="from", receiver="to", amount="amount"),
    ),
    _agent,
)
