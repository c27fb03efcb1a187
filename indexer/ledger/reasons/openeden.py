"""TBILL, USDO and cUSDO: a vault with a queue, an express that mints and burns, and a wrapper.

Contracts: OpenEdenVault V2 to V5, USDOExpress V1 and V2, cUSDO, Chainlink's pool. TBILL's redemption is a
move to the vault, later a burn from it (or a move back where it is cancelled). USDO is burned at the request
and minted back where it is cancelled. The request's id links the legs. V4 and V5 of the vault let the owner
mint, burn and move a holder to a new wallet; an owner's mint says nothing of why, so it stays unclassified.
"""

from __future__ import annotations

from collections.abc import Mapping

from indexer.ledger.reasons.bridges import POOL
from indexer.ledger.reasons.common import (
    LOG,
    OWN,
    REQUEST,
    Rule,
    Shape,
    by_agent,
    by_role,
    pair,
    party_of,
    told,
    unexplained,
)
from indexer.ledger.reasons.wraps import vault
from indexer.ledger.values import Context, Tx, Verdict


def _premint(tx: Tx, _context: Context) -> Mapping[int, Verdict]:
    """Return migration for the mints of the set-up transaction, where V2 gave V1's holders their shares."""
    set_up = {event.contract for event in tx.events if event.name == "Initialized"}
    return {
        i: Verdict("migration", "openeden-premint@1", "event")
        for i, entry in enumerate(tx.entries)
        if entry.effect == "mint" and entry.contract in set_up
    }


def _withdraw(tx: Tx, context: Context) -> Mapping[int, Verdict]:
    """Return redemption for TBILL's Withdraw; cUSDO's has the same words and is an unwrap."""
    if context.token.accrual == "erc4626":
        return {}
    return {
        i: Verdict(
            "redemption", "openeden-withdraw@1", "event", party_of(tx.entries[i], event.text("receiver"))
        )
        for i, event in pair(tx, Shape("Withdraw", "burn", sender="owner", amount="shares"))
    }


def _stray(tx: Tx, _context: Context) -> Mapping[int, Verdict]:
    """Return transfer for moves to the vault that queued nothing: no request stands behind them."""
    return {
        i: Verdict("transfer", "openeden-stray@1", "default")
        for i in unexplained(tx, "move")
        if tx.entries[i].to_address == tx.entries[i].contract
    }


def _express(rule: str, reason: str, shape: Shape, party: str | None = None, link: str | None = None) -> Rule:
    """Return the rule of an event of USDO's express; the token's own Mint and Burn say no more than the entry."""
    return told(f"openeden-{rule}@1", reason, shape._replace(companion=True), party, link)


_USDO = (
    _express("instant-mint", "issuance", Shape("InstantMint", "mint", None, "to", "receiveAmt"), "from"),
    # It is minted to the express, which wraps it for the customer at once.
    _express("instant-mint", "issuance", Shape("InstantMintAndWrap", "mint", None, OWN, "usdoAmt"), "from"),
    _express("instant-redeem", "redemption", Shape("InstantRedeem", "burn", "from", None, "reqAmt")),
    _express("manual-redeem", "redemption", Shape("ManualRedeem", "burn", "from", None, "reqAmt")),
    _express(
        "redeem-request",
        "redemption",
        Shape("AddToRedemptionQueue", "burn", "from", None, "usdoAmt"),
        link=REQUEST + "id",
    ),
    *(
        _express(
            "redeem-cancel",
            "reversal",
            Shape("ProcessRedemptionCancel", "mint", None, receiver, "usdoAmt"),
            link=REQUEST + "id",
        )
        for receiver in ("from", "to")
    ),
)

RULES = (
    told(
        "openeden-deposit@1",
        "issuance",
        Shape("ProcessDeposit", "mint", receiver="receiver", amount="shares"),
        party="sender",
    ),
    told("openeden-deposit@1", "issuance", Shape("Deposit", "mint", receiver="receiver", amount="shares")),
    told(
        "openeden-queue@1",
        "escrow_in",
        Shape("AddToWithdrawalQueue", "move", "sender", OWN, "shares"),
        link=REQUEST + "id",
    ),
    told(
        "openeden-process@1",
        "redemption",
        Shape("ProcessWithdraw", "burn", sender=OWN, amount="actualShare"),
        party="sender",
        link=REQUEST + "prevId",
    ),
    told("openeden-redeem@1", "redemption", Shape("ProcessWithdraw", "burn", "sender", None, "actualShare")),
    told("openeden-redeem@1", "escrow_in", Shape("ProcessWithdraw", "move", "sender", OWN, "actualShare")),
    _withdraw,
    *(
        told(
            "openeden-cancel@1",
            "escrow_out",
            Shape("ProcessRedeemCancel", "move", OWN, receiver, "shares"),
            party="sender",
            link=REQUEST + "prevId",
        )
        for receiver in ("sender", "receiver")
    ),
    told(
        "openeden-reissue@1",
        "recovery",
        Shape("ReIssue", "burn", sender="oldWallet", amount="amount"),
        party="newWallet",
        link=LOG,
    ),
    told(
        "openeden-reissue@1",
        "recovery",
        Shape("ReIssue", "mint", receiver="newWallet", amount="amount"),
        party="oldWallet",
        link=LOG,
    ),
    told("openeden-admin-burn@1", "forced", Shape("BurnFrom", "burn", sender="from", amount="amount")),
    told("openeden-admin-mint@1", "unclassified", Shape("MintTo", "mint", receiver="to", amount="amount")),
    _premint,
    *_USDO,
    *vault("openeden"),
    *POOL,
    _stray,  # after the queue's own rule
    by_role,
    by_agent,
)
