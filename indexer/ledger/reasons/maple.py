"""Maple's pools: deposits, redemptions that wait with a manager, and copies on other chains.

Contracts: MaplePool V2, PoolManager, WithdrawalManager (cyclical until December 2023, a queue since), and
Chainlink's pools, which lock on Ethereum and mint the copies. The pool's own RedemptionRequested moves shares
to whoever manages withdrawals then; the queue burns from itself and names the requester, the cyclical one
hands the shares back first. The router deposits for a customer and passes the shares on.
"""

from __future__ import annotations

from collections.abc import Mapping

from indexer.ledger.reasons.bridges import POOL
from indexer.ledger.reasons.common import OWN, Shape, link_of, pair, party_of, told
from indexer.ledger.reasons.common import REQUEST as ID
from indexer.ledger.values import ZERO, Context, Event, Tx, Verdict

_DEPOSIT = Shape("Deposit", "mint", receiver="owner_", amount="shares_")
_BOOTSTRAP = tuple(
    # Both accounts are the zero account, so the ledger may see no change of hands in it.
    Shape("BootstrapMintPerformed", effect, amount="bootStrapMintAmount_")
    for effect in ("mint", "none")
)
_REQUESTS = tuple(
    Shape(event, "move", sender="owner_", amount="escrowedShares_")
    for event in ("RedemptionRequested", "WithdrawRequested")
)
_REMOVED = Shape("SharesRemoved", "move", receiver="owner_", amount="shares_")
_WITHDRAW = Shape("Withdraw", "burn", sender="owner_", amount="shares_")


def _deposit(tx: Tx, _context: Context) -> Mapping[int, Verdict]:
    """Return issuance for deposits; the party is who got the shares from a router that passed them on."""
    return {
        i: Verdict("issuance", "maple-deposit@1", "event", _passed_on(tx, i, event.text("caller_")))
        for i, event in pair(tx, _DEPOSIT)
    }


def _passed_on(tx: Tx, position: int, caller: str) -> str | None:
    """Return to whom the depositor, where it is the receiver itself, moved just as many shares next."""
    mint = tx.entries[position]
    if mint.to_address != caller:
        return None
    later = (entry for entry in tx.entries[position + 1 :] if entry.effect == "move")
    return next(
        (e.to_address for e in later if e.from_address == caller and e.amount == mint.amount),
        None,
    )


def _bootstrap(tx: Tx, _context: Context) -> Mapping[int, Verdict]:
    """Return issuance for the units that a pool's first deposit leaves with the zero account for ever.

    The first depositor paid for them: it is the party.
    """
    pairs = [m for shape in _BOOTSTRAP for m in pair(tx, shape, lambda entry: entry.to_address == ZERO)]
    return {i: Verdict("issuance", "maple-bootstrap@1", "event", event.text("caller_")) for i, event in pairs}


def _request(tx: Tx, _context: Context) -> Mapping[int, Verdict]:
    """Return escrow_in for shares that wait for their redemption, with the queue's id where it has one."""
    return {
        i: Verdict(
            "escrow_in", "maple-request@1", "event", None, _id(tx, "RequestCreated", event.text("owner_"))
        )
        for shape in _REQUESTS
        for i, event in pair(tx, shape)
    }


def _removed(tx: Tx, _context: Context) -> Mapping[int, Verdict]:
    """Return escrow_out for shares that a request gives back."""
    pairs = pair(tx, _REMOVED)
    ends = [event for event in tx.events if event.name in ("RequestDecreased", "RequestRemoved")]
    link = link_of(tx, ends[0], ID + "requestId") if len(ends) == len(pairs) == 1 else None
    return {i: Verdict("escrow_out", "maple-removed@1", "event", None, link) for i, _ in pairs}


def _withdraw(tx: Tx, _context: Context) -> Mapping[int, Verdict]:
    """Return redemption for burns; the party is the requester that the queue names, else the payee."""
    queue = dict(pair(tx, Shape("RequestProcessed", "burn", OWN, None, "shares", companion=True)))
    found = {}
    for i, event in pair(tx, _WITHDRAW):
        processed = queue.get(i)
        customer = event.text("receiver_") if processed is None else processed.text("owner")
        link = None if processed is None else link_of(tx, processed, ID + "requestId")
        found[i] = Verdict("redemption", "maple-withdraw@1", "event", party_of(tx.entries[i], customer), link)
    return found


def _id(tx: Tx, name: str, owner: str) -> str | None:
    """Return the id of the one request that the queue logs for *owner* in this transaction."""
    own: list[Event] = [e for e in tx.events if e.name == name and e.args["owner"] == owner]
    return link_of(tx, own[0], ID + "requestId") if len(own) == 1 else None


RULES = (
    _bootstrap,
    _deposit,
    _request,
    _removed,
    _withdraw,
    # The cyclical manager hands shares back to be burned from their owner.
    *(
        told("maple-handed-back@1", "escrow_out", Shape(event, "move", None, owner, amount, companion=True))
        for event, owner, amount in (
            ("WithdrawalProcessed", "account_", "sharesToRedeem_"),
            ("RedeemProcessed", "owner_", "redeemableShares_"),
            ("WithdrawalProcessed", "owner_", "redeemableShares_"),
        )
    ),
    *POOL,
)
