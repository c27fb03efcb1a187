"""BUIDL and BUIDL-I: DSToken's Issue, Burn and Seize, whose meaning stands in a reason text, if anywhere.

Contracts: DSToken V2 to V4, SecuritizeBridge, the on- and off-ramps, DSTokenClassSwap. No event names a
dividend: it is paid as a bulk issue. An issue to one holder is an issuance; several issues in one transaction
stay unclassified here. That an issue came over a bridge is told by the bridge's own log or, without it, by
the reason in the input.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import cast

from indexer.decode.abi import decode_call, load_family
from indexer.ledger.reasons.common import (
    LOG,
    Shape,
    calls_within,
    link_of,
    number,
    pair,
    party_of,
    text,
    told,
)
from indexer.ledger.values import Context, Tx, Verdict

_ISSUE = Shape("Issue", "mint", receiver="to", amount="value")
_BURN = Shape("Burn", "burn", sender="burner", amount="value")
_BRIDGED = "bridge"
_REDEEMED = ("redemption", "redeem")
_REASONED = ("issueTokensCustom", "issueTokensWithMultipleLocks")


def _bridge(tx: Tx, _context: Context) -> Mapping[int, Verdict]:
    """Return the legs that the bridge's own log tells. Its chain ids are Wormhole's."""
    sent = Shape("DSTokenBridgeSend", "burn", "investorWallet", None, "value", companion=True)
    received = Shape("DSTokenBridgeReceive", "mint", None, "investorWallet", "value", companion=True)
    legs = ((sent, "bridge_out", "targetChainId"), (received, "bridge_in", "sourceChainId"))
    return {
        i: Verdict(
            reason,
            "securitize-bridge@1",
            "event",
            other_chain=f"wormhole:{number(event, chain)}",
        )
        for shape, reason, chain in legs
        for i, event in pair(tx, shape)
        if text(event, "dsToken") == tx.entries[i].contract
    }


def _class_swap(tx: Tx, _context: Context) -> Mapping[int, Verdict]:
    """Return the leg here of a swap between share classes: the other class moves as much the other way.

    The other class's own Issue or Burn stands in the same transaction; the Burn's place is the link.
    """
    found = {}
    for effect, here, there in (("mint", _ISSUE, "Burn"), ("burn", _BURN, "Issue")):
        own = {entry.contract for entry in tx.entries}
        others = [event for event in tx.events if event.name == there and event.contract not in own]
        for i, event in pair(tx, here):
            other = next((o for o in others if o.args["value"] == event.args["value"]), None)
            if other is not None:
                others.remove(other)
                link = link_of(tx, other if effect == "mint" else event, LOG)
                found[i] = Verdict("class_swap", "securitize-class-swap@1", "event", link=link)
    return found


def _issue(tx: Tx, _context: Context) -> Mapping[int, Verdict]:
    issues = pair(tx, _ISSUE)
    asked = _issues_over_bridge(tx) if issues else Counter()
    bridged = set()
    for i, _ in issues:
        wanted = (tx.entries[i].to_address, tx.entries[i].amount)
        if asked[wanted]:
            asked[wanted] -= 1
            bridged.add(i)
    holders = {tx.entries[i].to_address for i, _ in issues if i not in bridged}
    over = Verdict("bridge_in", "securitize-issue-reason@1", "input")
    plain = Verdict("issuance" if len(holders) == 1 else "unclassified", "securitize-issue@1", "event")
    return {i: over if i in bridged else plain for i, _ in issues}


def _issues_over_bridge(tx: Tx) -> Counter[tuple[str, int | None]]:
    """Return how often the input issues (to, value) with the bridge as its reason."""
    family = load_family(("dstoken",))
    asked: Counter[tuple[str, int | None]] = Counter()
    for spec in family.functions.values():
        if spec.name in _REASONED:
            for call in calls_within(tx, spec.selector):
                decoded = decode_call(family, call)
                if decoded is not None and _is(cast("str", decoded[1]["_reason"]), _BRIDGED):
                    asked[cast("str", decoded[1]["_to"]), cast("int", decoded[1]["_value"])] += 1
    return asked


def _burn(tx: Tx, context: Context) -> Mapping[int, Verdict]:
    """Return what the burn's own reason text says; of any other text nothing is made."""
    behind = {
        (e.contract, text(e, "omnibusWallet"), e.args["value"]): e
        for e in tx.events
        if e.name == "OmnibusBurn"
    }
    found = {}
    for i, event in pair(tx, _BURN):
        entry = tx.entries[i]
        omnibus = behind.get((event.contract, entry.from_address, entry.amount))
        party = None if omnibus is None else party_of(entry, text(omnibus, "who"))
        if _is(text(event, "reason"), _BRIDGED):
            found[i] = Verdict("bridge_out", "securitize-burn-reason@1", "event", party)
        elif _is(text(event, "reason"), *_REDEEMED):
            found[i] = Verdict("redemption", "securitize-burn-reason@1", "event", party)
        elif "redeem_wallet" in context.roles_at(entry.from_address, tx.block_time):
            found[i] = Verdict("redemption", "securitize-burn@1", "role", party)
    return found


def _is(reason: str, *words: str) -> bool:
    return reason.strip().casefold() in words


RULES = (
    _bridge,
    _class_swap,
    told(
        "securitize-on-ramp@1",
        "issuance",
        Shape("Swap", "mint", None, "newWalletTo", "dsTokenValue", companion=True),
        party="from",
    ),
    told(
        "securitize-off-ramp@1",
        "redemption",
        Shape("RedemptionCompleted", "burn", amount="dsTokenValue", companion=True),
        party="redeemer",
    ),
    told(
        "securitize-off-ramp@1",
        "escrow_in",
        Shape("RedemptionCompleted", "move", sender="redeemer", amount="dsTokenValue", companion=True),
    ),
    _issue,
    _burn,
    told(
        "securitize-seize@1", "forced", Shape("Seize", "move", sender="from", receiver="to", amount="value")
    ),
)
