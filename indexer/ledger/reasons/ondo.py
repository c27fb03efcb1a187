"""USDY, OUSG, their rebasing forms and Global Markets: reasons stand in the logs of managers and bridges.

Contracts: RWAHub managers, CashManager, OUSGInstantManager, the xManager instant managers, GMTokenManager,
Axelar's and LayerZero's bridges, rUSDY, rOUSG and mUSD. RWAHub burns at the request, not at its completion.
Rebasing variants mint to the manager and burn from it, so the customer is the event's. A mint by the admin's
multisig has no event: it is an issuance only where its sender or target has a role, else unclassified.
"""

from __future__ import annotations

from collections.abc import Mapping

from indexer.decode.abi import selector_of
from indexer.ledger.reasons.common import (
    OWN,
    REQUEST,
    Rule,
    Shape,
    by_agent,
    calls_within,
    link_of,
    pair,
    party_of,
    told,
    unexplained,
    word,
)
from indexer.ledger.reasons.wraps import false_mint, shares_unwrap, shares_wrap
from indexer.ledger.values import Context, Event, Tx, Verdict

_SUBSCRIPTIONS: tuple[tuple[str, str, str, str | None], ...] = (
    ("MintCompleted", "user", "rwaAmountOut", "depositId"),
    ("MintCompleted", "user", "cashAmountOut", "epochClaimedFrom:user"),
    ("InstantMintOUSG", "sender", "ousgAmountOut", None),
    ("InstantMintRebasingOUSG", "sender", "ousgAmountOut", None),
    ("Subscription", "subscriber", "rwaAmount", None),
    ("AdminSubscription", "recipient", "rwaAmount", None),
)
"""Event, customer, amount, and what makes up the request's id where there is one."""

_REDEMPTIONS: tuple[tuple[str, str, str, str | None], ...] = (
    ("RedemptionRequested", "user", "rwaAmountIn", "redemptionId"),
    ("RedemptionRequested", "user", "cashAmountIn", "epoch:user"),
    ("RedemptionRequestedServicedOffChain", "user", "rwaTokenAmountIn", "redemptionId"),
    ("InstantRedemptionOUSG", "sender", "ousgAmountIn", None),
    ("InstantRedemptionRebasingOUSG", "sender", "ousgAmountIn", None),
    ("Redemption", "redeemer", "rwaAmount", None),
)


def _subscription(event: str, customer: str, amount: str, request: str | None) -> tuple[Rule, ...]:
    """Return the rules of a mint to the customer or, where it is wrapped at once, to the manager."""
    return tuple(
        told(
            "ondo-subscription@1",
            "issuance",
            Shape(event, "mint", None, to, amount, companion=True),
            customer,
            None if request is None else f"{REQUEST}=subscription:{request}",
        )
        for to in (customer, OWN)
    )


def _redemption(event: str, customer: str, amount: str, request: str | None) -> tuple[Rule, ...]:
    """Return the rules of the burn, from the customer or from the manager, and of the move that fed it."""
    link = None if request is None else f"{REQUEST}=redemption:{request}"
    burns = tuple(
        told(
            "ondo-redemption@1",
            "redemption",
            Shape(event, "burn", by, None, amount, companion=True),
            customer,
            link,
        )
        for by in (customer, OWN)
    )
    moved = Shape(event, "move", customer, OWN, amount, companion=True)
    return (*burns, told("ondo-redemption@1", "escrow_in", moved, link=link))


def _bridge_out(tx: Tx, context: Context) -> Mapping[int, Verdict]:
    """Return the burns that a bridge asked for, with the chain they went to where the log tells it."""
    found = {}
    for i, event in pair(tx, Shape("BridgeInitiated", "burn", "user", None, "amount", companion=True)):
        chain = f"eip155:{event.number('chainId')}"
        other = None if chain == context.deployment.chain_id else chain
        found[i] = Verdict("bridge_out", "ondo-bridge@1", "event", other_chain=other)
    for i, event in pair(tx, Shape("OFTSent", "burn", "fromAddress", None, "amountSentLD", companion=True)):
        found[i] = _layerzero(tx, i, event, "bridge_out", ("fromAddress", "dstEid"))
    return found


def _bridge_in(tx: Tx, _context: Context) -> Mapping[int, Verdict]:
    found = {}
    for i, _ in pair(tx, Shape("BridgeCompleted", "mint", None, "user", "amount", companion=True)):
        found[i] = Verdict("bridge_in", "ondo-bridge@1", "event")
    for i, event in pair(
        tx, Shape("OFTReceived", "mint", None, "toAddress", "amountReceivedLD", companion=True)
    ):
        found[i] = _layerzero(tx, i, event, "bridge_in", ("toAddress", "srcEid"))
    return found


def _layerzero(tx: Tx, position: int, event: Event, reason: str, names: tuple[str, str]) -> Verdict:
    """Return the verdict of one leg. The guid is the same on both chains: it is the link."""
    customer, chain = names
    party = party_of(tx.entries[position], event.text(customer))
    other = f"layerzero:{event.number(chain)}"
    return Verdict(reason, "ondo-bridge@1", "event", party, link_of(tx, event, "guid"), other)


_BUY, _SELL = 0, 1


def _trade(tx: Tx, context: Context) -> Mapping[int, Verdict]:
    """Return the mints and burns of Global Markets' trades. A trade names a user's id, never an address."""
    found = {}
    for side, effect, reason in ((_BUY, "mint", "issuance"), (_SELL, "burn", "redemption")):

        def of_side(event: Event, side: int = side) -> bool:
            return event.args["side"] == side and event.args["asset"] == context.deployment.address

        shape = Shape("TradeExecuted", effect, amount="quantity", companion=True, when=of_side)
        for i, _ in pair(tx, shape):
            found[i] = Verdict(reason, "ondo-gm-trade@1", "event")
    return found


def _admin_mint(tx: Tx, context: Context) -> Mapping[int, Verdict]:
    """Return issuance for what Global Markets' admin minted by the manager's own function."""

    def of_token(event: Event) -> bool:
        return event.args["rwaToken"] == context.deployment.address

    shape = Shape("AdminMint", "mint", None, "recipient", "rwaAmount", companion=True, when=of_token)
    return {i: Verdict("issuance", "ondo-gm-admin-mint@1", "event") for i, _ in pair(tx, shape)}


def _admin_burn(tx: Tx, context: Context) -> Mapping[int, Verdict] | None:
    """Return forced for burns by the burner's function of USDY and OUSG, which only the input shows."""
    left = unexplained(tx, "burn") if {"usdy", "ousg"} & {*context.token.events} else []
    if left and not tx.asked:
        return None
    selector = selector_of(("usdy",), "burn(address,uint256)")
    amounts = ((i, tx.entries[i].from_address, tx.entries[i].amount) for i in left)
    return {
        i: Verdict("forced", "ondo-admin-burn@1", "input")
        for i, account, amount in amounts
        if amount is not None and any(calls_within(tx, selector, word(account), word(amount)))
    }


RULES = (
    *(rule for told_by in _SUBSCRIPTIONS for rule in _subscription(*told_by)),
    *(rule for told_by in _REDEMPTIONS for rule in _redemption(*told_by)),
    told(
        "ondo-refund@1",
        "reversal",
        Shape("RefundIssued", "mint", None, "user", "cashAmountOut", companion=True),
        link=REQUEST + "=redemption:epoch:user",
    ),
    _bridge_out,
    _bridge_in,
    _trade,
    _admin_mint,
    false_mint,
    shares_wrap,
    shares_unwrap,
    _admin_burn,
    by_agent,
)
