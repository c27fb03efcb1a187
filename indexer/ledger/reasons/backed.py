"""bTokens and xStocks: minted ahead to the issuer's own wallets, sold by a plain Transfer, burned by the burner.

Contracts: BackedToken, BackedAutoFeeToken in every version, WrappedBackedToken (ERC-4626), the CCIP bridge,
which locks in a custody wallet and releases from it. The tokens have no event of their own for a mint or a
burn: the roles of addresses tell, and a mint to anybody else by the call of the minter's function. A customer
redeems by sending to the burner, to the issuer's wallet or to the token itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from indexer.decode.abi import selector_of
from indexer.ledger.reasons.common import (
    Shape,
    by_agent,
    by_role,
    calls_within,
    link_of,
    pair,
    party_of,
    unexplained,
    word,
)
from indexer.ledger.reasons.wraps import vault
from indexer.ledger.values import Context, Entry, Event, Tx, Verdict

_ISSUERS = frozenset({"issuer_float", "burner"})


def _bridge(tx: Tx, context: Context) -> Mapping[int, Verdict]:
    """Return the legs that the bridge tells; the message's id is the link on both chains.

    A release names the token and may be rescaled by the multipliers of two chains, so its amount is not
    compared; a lock names only the token's number, so its amount is. Where the custody wallet is known, only
    what goes to it or comes from it is a leg: a bridge may pass tokens on.
    """
    held = {role.address for role in context.deployment.roles if role.role == "bridge_locker"}

    def of_token(event: Event) -> bool:
        return event.args["token"] == context.deployment.address

    sent = Shape("MessageSent", "move", amount="amount", companion=True)
    received = Shape("MessageReceived", "move", None, "tokenReceiver", companion=True, when=of_token)
    found = {}
    for i, event in pair(tx, sent, lambda entry: not held or entry.to_address in held):
        party = party_of(tx.entries[i], event.text("tokenReceiver"))
        found[i] = _leg(tx, event, "bridge_lock", "destinationChainSelector", party)
    for i, event in pair(tx, received, lambda entry: not held or entry.from_address in held):
        found[i] = _leg(tx, event, "bridge_release", "sourceChainSelector", None)
    return found


def _leg(tx: Tx, event: Event, reason: str, chain: str, party: str | None) -> Verdict:
    link = link_of(tx, event, "messageId")
    return Verdict(reason, "backed-bridge@1", "event", party, link, f"ccip:{event.number(chain)}")


def _stock(tx: Tx, context: Context) -> Mapping[int, Verdict]:
    """Return what the issuer's wallets tell: stock made and withdrawn, sales from it, and redemptions."""

    def roles(address: str) -> frozenset[str]:
        return context.roles_at(address, tx.block_time) & _ISSUERS

    found = {}
    for i in unexplained(tx, "mint", "burn", "move"):
        told = _TOLD[tx.entries[i].effect](tx.entries[i], roles)
        if told is not None:
            reason, role = told
            found[i] = Verdict(reason, f"backed-{role}@1", "role")
    return found


_Told = tuple[str, str] | None
_Roles = Callable[[str], frozenset[str]]


def _minted(entry: Entry, roles: _Roles) -> _Told:
    return ("premint", "float") if "issuer_float" in roles(entry.to_address) else None


def _burned(entry: Entry, roles: _Roles) -> _Told:
    """Return retire for stock. What the burner or the token itself holds was sent there to be redeemed."""
    held = roles(entry.from_address)
    if "burner" in held or entry.from_address == entry.contract:
        return "redemption", "burner"
    return ("retire", "float") if held else None


def _moved(entry: Entry, roles: _Roles) -> _Told:
    """Return a sale from stock, or a customer's way to redemption; moves among the issuer's own are neither."""
    giver, taker = roles(entry.from_address), roles(entry.to_address)
    if giver and taker:
        return "transfer", "own"
    if "issuer_float" in giver:
        return "issuance", "float"
    if taker or entry.to_address == entry.contract:
        return ("escrow_in", "queue") if not giver else None
    return None


_TOLD: Mapping[str, Callable[[Entry, _Roles], _Told]] = {"mint": _minted, "burn": _burned, "move": _moved}


def _mint(tx: Tx, context: Context) -> Mapping[int, Verdict] | None:
    """Return issuance for mints to others that the input of the minter's call shows."""
    left = [] if context.token.wraps else unexplained(tx, "mint")
    if left and not tx.asked:
        return None
    selector = selector_of(("backed_token",), "mint(address,uint256)")
    mints = ((i, tx.entries[i].to_address, tx.entries[i].amount) for i in left)
    return {
        i: Verdict("issuance", "backed-mint@1", "input")
        for i, receiver, amount in mints
        if amount is not None and any(calls_within(tx, selector, word(receiver), word(amount)))
    }


RULES = (*vault("backed"), _bridge, _stock, by_role, _mint, by_agent)
