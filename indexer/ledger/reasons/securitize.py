"""BUIDL and BUIDL-I: DSToken's Issue, Burn and Seize, whose meaning stands in a reason text, if anywhere.

Contracts: DSToken V2 to V4, SecuritizeBridge, the on- and off-ramps, DSTokenClassSwap. No event names a
dividend: it is paid as a bulk issue, so only its pattern tells it (dividends.py). That an issue came over a
bridge is told by the bridge's own log or, without it, by the reason in the input.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import cast

from indexer.decode.abi import decode_call, load_family
from indexer.ledger.holdings import Minted
from indexer.ledger.reasons.common import (
    LOG,
    Shape,
    calls_within,
    link_of,
    pair,
    party_of,
    told,
)
from indexer.ledger.reasons.dividends import business_day, paid_rows, shares_of
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
            other_chain=f"wormhole:{event.number(chain)}",
        )
        for shape, reason, chain in legs
        for i, event in pair(tx, shape)
        if event.text("dsToken") == tx.entries[i].contract
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


def _issue(tx: Tx, context: Context) -> Mapping[int, Verdict] | None:
    issues = [i for i, _ in pair(tx, _ISSUE) if i not in tx.known]
    if issues and not tx.asked:
        return None
    asked = _issues_over_bridge(tx) if issues else Counter()
    found = {}
    for i in issues:
        wanted = (tx.entries[i].to_address, tx.entries[i].amount)
        if asked[wanted]:
            asked[wanted] -= 1
            found[i] = Verdict("bridge_in", "securitize-issue-reason@1", "input")
    rest = [i for i in issues if i not in found]
    paid_at = paid_rows(tx, context) if rest else frozenset()
    paid = [i for i in rest if tx.entries[i].row in paid_at]
    bought = [i for i in rest if tx.entries[i].row not in paid_at]
    found.update(dict.fromkeys(paid, _DIVIDEND))
    found.update(dict.fromkeys(bought, _rest(tx, context, bought, beside=len(paid))))
    return found


_DIVIDEND = Verdict("distribution", "securitize-dividend@1", "pattern")
_UNSURE = Verdict("unclassified", "securitize-issue@1", "event")


def _rest(tx: Tx, context: Context, issues: list[int], *, beside: int) -> Verdict:
    """Return what issues are that no proven rate paid; *beside* is how many of the batch one did.

    One holder's is a purchase, by its shape alone where it is no more than a payment's share. So is a batch that
    no payment can be: with a holder who held nothing, or with more than such a share. A batch of small shares to
    holders is unsure, but for a few odd ones in a payment: holders who came or went within its period. Without
    the call nothing says that an issue did not come over the bridge: then it is an issuance by default.
    """
    told = "default" if tx.call is None else "event"
    mints = [
        Minted(e.row, e.to_address, e.units) for e in (tx.entries[i] for i in issues) if e.units is not None
    ]
    before = [context.holdings.before(mint.address, mint.row) for mint in mints]
    small = len(shares_of(mints, context.holdings)) == len(issues)
    if beside:
        whole = small and beside >= len(issues) and business_day(tx.block_time) and _by_operator(tx, context)
        return _DIVIDEND if whole else _UNSURE
    if len({tx.entries[i].to_address for i in issues}) == 1:
        return Verdict("issuance", "securitize-issue@1", "pattern" if small else told)
    if small or not mints or None in before:
        return _UNSURE
    return Verdict("issuance", "securitize-issue@1", "pattern" if any(before) else told)


def _by_operator(tx: Tx, context: Context) -> bool:
    return tx.call is not None and "operator" in context.roles_at(tx.call.sender, tx.block_time)


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
        (e.contract, e.text("omnibusWallet"), e.args["value"]): e
        for e in tx.events
        if e.name == "OmnibusBurn"
    }
    found = {}
    for i, event in pair(tx, _BURN):
        entry = tx.entries[i]
        omnibus = behind.get((event.contract, entry.from_address, entry.amount))
        party = None if omnibus is None else party_of(entry, omnibus.text("who"))
        if _is(event.text("reason"), _BRIDGED):
            found[i] = Verdict("bridge_out", "securitize-burn-reason@1", "event", party)
        elif _is(event.text("reason"), *_REDEEMED):
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
