"""Requests of Maple's pools: shares wait with a withdrawal manager until it redeems or returns them.

Contracts: MaplePool, WithdrawalManagerCyclical (until December 2023), WithdrawalManagerQueue (since). The
queue numbers its requests; before it a holder had one at a time. What the pool tells is an echo wherever the
manager tells more. RequestRemoved also ends a request that was processed to its end.
"""

from __future__ import annotations

from indexer.ledger.requests.common import Step, by_steps

_OUT = "redemption"

_QUEUE = (
    Step("RequestCreated", _OUT, "requested", ("owner",), ("requestId",), units="shares"),
    Step("RequestDecreased", _OUT, "changed", (), ("requestId",), units="shares"),
    Step("RequestProcessed", _OUT, "settled", ("owner",), ("requestId",), units="shares", amount="assets"),
    Step("RequestRemoved", _OUT, "cancelled", (), ("requestId",), echo=("settled",)),
)

_CYCLICAL = (
    Step("WithdrawalUpdated", _OUT, "changed", ("account_",), units="lockedShares_", by_holder=True),
    # The pool's manager has the same event in other words, and a topic does not tell whose words it was.
    *(
        Step("WithdrawalProcessed", _OUT, "settled", (holder,), units=units, amount=amount, by_holder=True)
        for holder, units, amount in (
            ("account_", "sharesToRedeem_", "assetsToWithdraw_"),
            ("owner_", "redeemableShares_", "resultingAssets_"),
        )
    ),
    Step("WithdrawalCancelled", _OUT, "cancelled", ("account_",), by_holder=True),
)

_POOL = (
    Step(
        "RedemptionRequested", _OUT, "requested", ("owner_",),
        units="escrowedShares_", own=True, by_holder=True, echo=("requested",),
    ),
    Step(
        "Withdraw", _OUT, "settled", ("owner_", "receiver_"),
        units="shares_", receiver="receiver_", amount="assets_", own=True, by_holder=True, echo=("settled",),
    ),
    Step(
        "SharesRemoved", _OUT, "cancelled", ("owner_",),
        units="shares_", own=True, by_holder=True, echo=("cancelled", "changed"),
    ),
)  # fmt: skip

MAPLE = by_steps(*_QUEUE, *_CYCLICAL, *_POOL)
