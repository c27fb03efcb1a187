"""TBILL: a vault that mints at deposit, queues redemptions and burns when it processes them.

Contracts: OpenEdenVault V2 to V5. A redemption is a move to the vault, later a burn from it (or a move back
where it is cancelled); the request's id links them. V4 and V5 let the owner mint, burn and move a holder to
a new wallet; an owner's mint says nothing of why, so it stays unclassified.
"""

from __future__ import annotations

from collections.abc import Mapping

from indexer.ledger.reasons.common import LOG, OWN, Shape, told
from indexer.ledger.values import Context, Tx, Verdict


def _premint(tx: Tx, _context: Context) -> Mapping[int, Verdict]:
    """Return migration for the mints of the set-up transaction, where V2 gave V1's holders their shares."""
    set_up = {event.contract for event in tx.events if event.name == "Initialized"}
    return {
        i: Verdict("migration", "openeden-premint@1", "event")
        for i, entry in enumerate(tx.entries)
        if entry.effect == "mint" and entry.contract in set_up
    }


def _stray(tx: Tx, _context: Context) -> Mapping[int, Verdict]:
    """Return transfer for moves to the vault that queued nothing: no request stands behind them."""
    return {
        i: Verdict("transfer", "openeden-stray@1", "default")
        for i, entry in enumerate(tx.entries)
        if entry.effect == "move" and entry.to_address == entry.contract
    }


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
        link="id",
    ),
    told(
        "openeden-process@1",
        "redemption",
        Shape("ProcessWithdraw", "burn", sender=OWN, amount="actualShare"),
        party="sender",
        link="prevId",
    ),
    told("openeden-redeem@1", "redemption", Shape("ProcessWithdraw", "burn", "sender", None, "actualShare")),
    told("openeden-redeem@1", "escrow_in", Shape("ProcessWithdraw", "move", "sender", OWN, "actualShare")),
    told(
        "openeden-withdraw@1",
        "redemption",
        Shape("Withdraw", "burn", sender="owner", amount="shares"),
        party="receiver",
    ),
    *(
        told(
            "openeden-cancel@1",
            "escrow_out",
            Shape("ProcessRedeemCancel", "move", OWN, receiver, "shares"),
            party="sender",
            link="prevId",
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
    _stray,  # after the queue's own rule
)
