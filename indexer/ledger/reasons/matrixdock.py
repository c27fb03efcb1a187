"""STBT and wSTBT: issues, redemptions, seizures, and the wrapper.

Contracts: STBT, STBTv2, WSTBT. STBT logs amounts recomputed from shares, so its events are paired by account
and place, not by amount. A redeemer sends STBT to the issuer, who burns it later: that burn names the issuer.
A wrap shows on both ledgers, and both legs carry the same link.
"""

from __future__ import annotations

from indexer.ledger.reasons.common import LOG, OWN, Rule, Shape, told


def _wraps(event: str, reason: str, effect: str, *, into: bool) -> tuple[Rule, Rule]:
    """Return the rules of the wrapper's own entry and of the wrapped token's move."""
    rule = f"matrixdock-{reason}@1"
    debited, credited = (None, "sender") if into else ("sender", None)
    giver, taker = ("sender", OWN) if into else (OWN, "sender")
    return (
        told(rule, reason, Shape(event, effect, debited, credited, "shares"), link=LOG),
        told(rule, reason, Shape(event, "move", giver, taker, companion=True), link=LOG),
    )


RULES = (
    told("matrixdock-issue@1", "issuance", Shape("Issued", "mint", receiver="_to")),
    told("matrixdock-redeem@1", "redemption", Shape("Redeemed", "burn", sender="_from")),
    told("matrixdock-seizure@1", "forced", Shape("ControllerRedemption", "burn", sender="_tokenHolder")),
    told(
        "matrixdock-seizure@1", "forced", Shape("ControllerTransfer", "move", sender="_from", receiver="_to")
    ),
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
    *_wraps("Wrap", "wrap", "mint", into=True),
    *_wraps("Unwrap", "unwrap", "burn", into=False),
)
