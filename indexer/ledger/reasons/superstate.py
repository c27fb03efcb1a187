"""USTB and USCC: five contract versions behind one proxy, each with its own words for a burn.

Contracts: SuperstateToken V1 to V5 and Redemption V1, V2. Versions 1 to 3 have one event, Burn(burner, from,
amount), for a redemption by the holder, for a redemption by a spender (transferFrom to the token itself) and
for the admin's seizure: who asked for it is in the transaction's input alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from indexer.decode.abi import selector_of
from indexer.ledger.reasons.common import OWN, Shape, calls_within, pair, party_of, told, word
from indexer.ledger.values import ZERO, Context, Entry, Event, Tx, Verdict

_BURN = Shape("Burn", "burn", sender="from", amount="amount")
_BRIDGE = Shape("Bridge", "burn", sender="src", amount="amount")


def _early_burn(tx: Tx, _context: Context) -> Mapping[int, Verdict] | None:
    burns = [(i, event) for i, event in pair(tx, _BURN) if i not in tx.known]
    if burns and not tx.asked:
        return None
    return {i: _who_burned(tx, tx.entries[i], event) for i, event in burns}


def _who_burned(tx: Tx, entry: Entry, event: Event) -> Verdict:
    """Return forced where the input calls the admin's burn, redemption where the holder acted."""
    rule = "superstate-burn@1"
    family = ("superstate_token",)
    holder, amount = word(entry.from_address), word(event.number("amount"))
    if any(calls_within(tx, selector_of(family, "burn(address,uint256)"), holder, amount)):
        return Verdict("forced", rule, "input")
    if event.text("burner") == entry.from_address:
        return Verdict("redemption", rule, "event")
    transfer = selector_of(family, "transferFrom(address,address,uint256)")
    if any(calls_within(tx, transfer, holder, word(entry.contract), amount)):
        return Verdict("redemption", rule, "input")
    if tx.call is not None and tx.call.sender == entry.from_address:
        return Verdict("redemption", rule, "input")
    return Verdict("unclassified", rule, "event")


def _bridge(tx: Tx, _context: Context) -> Mapping[int, Verdict]:
    return {
        i: Verdict(
            "bridge_out",
            "superstate-bridge@1",
            "event",
            _addressee(tx.entries[i], event),
            other_chain=_destination(event),
        )
        for i, event in pair(tx, _BRIDGE)
    }


def _addressee(entry: Entry, event: Event) -> str | None:
    """Return who gets the shares on the other side, else who asked for them to go, where not the holder."""
    addressee = event.text("ethDestinationAddress")
    return party_of(entry, event.text("caller") if addressee == ZERO else addressee)


def _mint(tx: Tx, context: Context) -> Mapping[int, Verdict]:
    """Return issuance for a Mint without a Subscribe where the token is native.

    A copy on another chain is minted by the same event when shares come over by Bridge: there it says nothing.
    """
    if context.deployment.kind == "burn_mint":
        return {}
    shape = Shape("Mint", "mint", receiver="to", amount="amount")
    return {i: Verdict("issuance", "superstate-mint@1", "event") for i, _ in pair(tx, shape)}


def _destination(event: Event) -> str:
    """Return where the shares went. An id is an EVM chain's only where an EVM address goes with it."""
    chain = event.number("chainId")
    if chain == 0:
        return "book-entry"
    return f"superstate:{chain}" if event.text("ethDestinationAddress") == ZERO else f"eip155:{chain}"


RULES = (
    told(
        "superstate-subscribe@1",
        "issuance",
        Shape("Subscribe", "mint", receiver="subscriber", amount="superstateTokenOutAmount"),
    ),
    told(
        "superstate-subscribe@1",
        "issuance",
        Shape("SubscribeV2", "mint", receiver="to", amount="superstateTokenOutAmount"),
        party="subscriber",
    ),
    _mint,
    *(
        told(
            "superstate-redemption-contract@1",
            reason,
            Shape(event, effect, sender, receiver, "superstateTokenInAmount", companion=True),
            party="redeemer",
        )
        for event in ("Redeem", "RedeemV2")
        for reason, effect, sender, receiver in (
            ("redemption", "burn", OWN, None),
            ("escrow_in", "move", "redeemer", OWN),
        )
    ),
    told("superstate-admin-burn@1", "forced", Shape("AdminBurn", "burn", sender="src", amount="amount")),
    told("superstate-redeem@1", "redemption", Shape("OffchainRedeem", "burn", sender="src", amount="amount")),
    _bridge,
    _early_burn,
)
