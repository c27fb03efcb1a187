"""Swarm: offers through an escrow, in three generations, and the xToken wrapper.

Contracts: DOTCManager (2021), Dotc V1, Dotc V2 with its escrow, XTokenWrapper. A trade is a secondary transfer,
never an issuance. The events of the generations share names with other arguments; a fill names neither the
asset nor the maker, which its CreatedOffer tells: ids count for their contract. Amounts are not compared on the
way out, because fees are kept back and the first generations scale some. Tokens have no event of their own, so
a mint or a burn says nothing of why; the wrapper has none either, so its role and the call tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from indexer.decode.abi import selector_of
from indexer.ledger.reasons.common import (
    OWN,
    REQUEST,
    Shape,
    calls_within,
    link_of,
    pair,
    party_of,
    unexplained,
    word,
)
from indexer.ledger.values import Context, Entry, Event, Tx, Verdict

_FILLS = (("CreatedOrder", "orderedBy"), ("TakenOffer", "takenBy"), ("TakenOffer", "taker"))
_ID = REQUEST + "offerId"


def _made(tx: Tx, context: Context) -> Mapping[int, Verdict]:
    """Return escrow_in for what makers put into escrow."""

    def gives(event: Event) -> bool:
        return _given(event) == context.deployment.address

    custody = _custody(tx, context)
    shape = Shape("CreatedOffer", "move", sender="maker", companion=True, when=gives)
    pairs = pair(tx, shape, lambda entry: custody(entry.to_address))
    return {i: Verdict("escrow_in", "swarm-offer@1", "event", None, link_of(tx, e, _ID)) for i, e in pairs}


def _given(event: Event) -> str:
    """Return the asset that a CreatedOffer gives, in the words of its generation."""
    if "tokenIn" in event.args:
        return event.text("tokenIn")
    whole = cast("tuple[Any, ...]", event.args.get("dotcOffer", ()))
    return str((whole[2] if whole else cast("tuple[Any, ...]", event.args["depositAsset"]))[1]).lower()


def _filled(tx: Tx, context: Context) -> Mapping[int, Verdict]:
    """Return transfer for what takers get out of escrow; the party is the maker, whose tokens they were."""
    custody = _custody(tx, context)
    found = {}
    for name, taker in _FILLS:
        shape = Shape(name, "move", None, taker, companion=True)
        for i, event in pair(tx, shape, lambda entry: custody(entry.from_address)):
            maker = _maker(context, event)
            party = None if maker is None else party_of(tx.entries[i], maker)
            found[i] = Verdict("transfer", "swarm-fill@1", "event", party, link_of(tx, event, _ID))
    return found


def _cancelled(tx: Tx, context: Context) -> Mapping[int, Verdict]:
    """Return escrow_out for what goes back to the maker; only the offer says who that is."""
    custody = _custody(tx, context)
    out = [i for i in unexplained(tx, "move") if custody(tx.entries[i].from_address)]
    found: dict[int, Verdict] = {}
    for event in tx.events:
        if event.name in ("CanceledOffer", "AdminRemoveOffer"):
            maker = _maker(context, event)
            back = (i for i in out if i not in found and maker in (None, tx.entries[i].to_address))
            i = min(back, key=partial(_distance, tx, event), default=None)
            if i is not None:
                found[i] = Verdict("escrow_out", "swarm-cancel@1", "event", None, link_of(tx, event, _ID))
    return found


def _distance(tx: Tx, event: Event, position: int) -> int:
    return abs(tx.entries[position].log_index - event.log_index)


def _escrow(tx: Tx, _context: Context) -> Mapping[int, Verdict]:
    """Return what the second generation's escrow tells itself, where its dOTC is not heard."""
    legs = (
        ("escrow_in", Shape("OfferDeposited", "move", "maker", OWN, "amount", companion=True)),
        (
            "escrow_out",
            Shape("OfferCancelled", "move", OWN, "maker", "amountToWithdraw", companion=True),
        ),
        ("transfer", Shape("OfferWithdrawn", "move", OWN, "taker", "amount", companion=True)),
        ("fee", Shape("FeesWithdrew", "move", OWN, "to", "amountToWithdraw", companion=True)),
    )
    return {
        i: Verdict(reason, "swarm-escrow@1", "event", None, link_of(tx, event, _ID))
        for reason, shape in legs
        for i, event in pair(tx, shape)
    }


def _custody(tx: Tx, context: Context) -> Callable[[str], bool]:
    """Return whether an address holds what is offered: an escrow by its role, or a contract that speaks here."""
    speakers = {event.contract for event in tx.events}
    return lambda address: address in speakers or "escrow" in context.roles_at(address, tx.block_time)


def _maker(context: Context, event: Event) -> str | None:
    made = context.opened.get((event.contract, event.args["offerId"]))
    return None if made is None else made.text("maker")


def _wrapped(tx: Tx, context: Context) -> Mapping[int, Verdict] | None:
    """Return wrap and unwrap: of the native token by the wrapper's role, of the xToken by the call's input."""
    found = {}
    for i in unexplained(tx, "move"):
        entry = tx.entries[i]
        sides = (
            "wrapper" in context.roles_at(a, tx.block_time) for a in (entry.from_address, entry.to_address)
        )
        match tuple(sides):
            case (False, True):
                found[i] = Verdict("wrap", "swarm-wrapper@1", "role")
            case (True, False):
                found[i] = Verdict("unwrap", "swarm-wrapper@1", "role")
    changes = unexplained(tx, "mint", "burn") if context.token.wraps else []
    if changes and not tx.asked:
        return None
    for i in changes:
        reason = _called(tx, tx.entries[i])
        if reason is not None:
            found[i] = Verdict(reason, "swarm-wrapper@1", "input")
    return found


def _called(tx: Tx, entry: Entry) -> str | None:
    """Return wrap or unwrap where the call asks the wrapper for as much."""
    reason = "wrap" if entry.effect == "mint" else "unwrap"
    selector = selector_of(("swarm_wrapper",), f"{reason}(address,uint256)")
    if entry.amount is None:
        return None
    asked = word(entry.amount)
    return reason if any(call[36:68] == asked for call in calls_within(tx, selector)) else None


RULES = (_made, _filled, _cancelled, _escrow, _wrapped)
