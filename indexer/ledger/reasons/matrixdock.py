"""STBT, wSTBT, XAUm and XAGm: issues, redemptions, seizures, the wrapper, and gold that crosses chains.

Contracts: STBT, STBTv2, WSTBT, MToken. STBT logs amounts recomputed from shares, so its events are paired by account
and place, not by amount. A redeemer sends STBT to the issuer, who burns it later: that burn names the issuer.
A wrap shows on both ledgers, and both legs carry the same link. MToken's mintTo is called twice, first to ask
(MintRequest), then to mint with a bare Transfer: that it is an issue stands in the second call's input alone.
Its redemption burns from the operator and names the customer; a bridge burns here and mints there.
"""

from __future__ import annotations

from collections.abc import Mapping

from indexer.decode.abi import keccak, selector_of
from indexer.ledger.reasons.common import LOG, OWN, Rule, Shape, calls_within, told, unexplained, word
from indexer.ledger.values import Context, Tx, Verdict


def _wraps(event: str, reason: str, effect: str, *, into: bool) -> tuple[Rule, Rule]:
    """Return the rules of the wrapper's own entry and of the wrapped token's move."""
    rule = f"matrixdock-{reason}@1"
    debited, credited = (None, "sender") if into else ("sender", None)
    giver, taker = ("sender", OWN) if into else (OWN, "sender")
    return (
        told(rule, reason, Shape(event, effect, debited, credited, "shares"), link=LOG),
        told(rule, reason, Shape(event, "move", giver, taker, companion=True), link=LOG),
    )


def _mint_to(tx: Tx, context: Context) -> Mapping[int, Verdict] | None:
    """Return issuance for the mints that a call of mintTo asks for; no log tells them.

    The link is the request's own name, the hash of receiver, amount and nonce, as RequestRevoked tells it.
    """
    left = unexplained(tx, "mint") if "mtoken" in context.token.events else []
    if left and not tx.asked:
        return None
    selector = selector_of(("mtoken",), "mintTo(address,uint256,uint256)")
    found = {}
    for i in left:
        contract, receiver, amount = tx.entries[i].contract, tx.entries[i].to_address, tx.entries[i].amount
        named = b"" if amount is None else word(receiver) + word(amount)
        call = next(calls_within(tx, selector, named), None) if named else None
        if call is not None:
            link = f"{contract}:0x{keccak(call[4:100]).hex()}"
            found[i] = Verdict("issuance", "matrixdock-mint-to@1", "input", link=link)
    return found


_MTOKEN = (
    told("matrixdock-redeem@1", "redemption", Shape("Redeem", "burn", amount="amount"), party="customer"),
    told(
        "matrixdock-bridge@1",
        "bridge_out",
        Shape("CCSendToken", "burn", sender="sender", amount="value"),
        party="receiver",
    ),
    told(
        "matrixdock-bridge@1",
        "bridge_in",
        Shape("CCReceiveToken", "mint", receiver="receiver", amount="value"),
        party="sender",
    ),
    # The custody fee of silver: it is minted to the fee's collector, whose address the log does not repeat.
    told("matrixdock-reconcile@1", "fee", Shape("ReconcileSupply", "mint", amount="amount")),
    _mint_to,
)

RULES = (
    told("matrixdock-issue@1", "issuance", Shape("Issued", "mint", receiver="_to")),
    told("matrixdock-redeem@1", "redemption", Shape("Redeemed", "burn", sender="_from")),
    told("matrixdock-seizure@1", "forced", Shape("ControllerRedemption", "burn", sender="_tokenHolder")),
    told(
        "matrixdock-seizure@1", "forced", Shape("ControllerTransfer", "move", sender="_from", receiver="_to")
    ),
    *_wraps("Wrap", "wrap", "mint", into=True),
    *_wraps("Unwrap", "unwrap", "burn", into=False),
    *_MTOKEN,
)
