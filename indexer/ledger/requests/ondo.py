"""Requests of Ondo's tokens: five generations of managers.

Contracts: CashManager (by epoch), RWAHub (USDYManager, OUSGManager), OUSGInstantManager, the xManagers, and
Global Markets' GMTokenManager. A redemption burns at the request. An instant manager that also wraps tells
the units of both tokens. Hubs and epochs number subscriptions and redemptions apart, under equal ids, so the
kind is part of the id. A deposit or burn that was proved by hand has the proof's hash as its id.
"""

from __future__ import annotations

from indexer.ledger.requests.common import Step, by_steps

_IN, _OUT = "subscription", "redemption"
_EPOCH = ("epoch", "user")

_CASH_MANAGER = (
    Step(
        "MintRequested", _IN, "requested", ("user",), _EPOCH,
        amount="collateralAmountDeposited", fee="feeAmount",
    ),
    Step(
        "MintCompleted", _IN, "settled", ("user",), ("epochClaimedFrom", "user"),
        units="cashAmountOut", amount="collateralAmountDeposited", price="exchangeRate",
    ),
    Step("RedemptionRequested", _OUT, "requested", ("user",), _EPOCH, units="cashAmountIn"),
    Step(
        "RedemptionCompleted", _OUT, "settled", ("user",), _EPOCH,
        units="cashAmountRequested", amount="collateralAmountReturned",
    ),
    Step("RefundIssued", _OUT, "refunded", ("user",), _EPOCH, units="cashAmountOut"),
)  # fmt: skip

_HUB = (
    Step(
        "MintRequested", _IN, "requested", ("user",), ("depositId",),
        amount="collateralAmountDeposited", fee="feeAmount",
    ),
    Step(
        "DepositProofAdded", _IN, "requested", ("user",), ("txHash",),
        amount="depositAmountAfterFee", fee="feeAmount",
    ),
    Step("PriceIdSetForDeposit", _IN, "approved", (), ("depositIdSet",)),
    Step("ClaimableTimestampSet", _IN, "claimable", (), ("depositId",)),
    Step("DepositorOverwritten", _IN, "changed", ("newDepositor",), ("depositId",), amount="newDepositAmount"),
    Step(
        "MintCompleted", _IN, "settled", ("user",), ("depositId",),
        units="rwaAmountOut", amount="collateralAmountDeposited", price="price",
    ),
    Step("RedemptionRequested", _OUT, "requested", ("user",), ("redemptionId",), units="rwaAmountIn"),
    Step(
        "RedemptionRequestedServicedOffChain", _OUT, "requested", ("user",), ("redemptionId",),
        units="rwaTokenAmountIn",
    ),
    Step("RedemptionProofAdded", _OUT, "requested", ("user",), ("txHash",), units="rwaAmountBurned"),
    Step("PriceIdSetForRedemption", _OUT, "approved", (), ("redemptionIdSet",)),
    Step(
        "RedeemerOverwritten", _OUT, "changed", ("newRedeemer",), ("redemptionId",),
        units="newRWATokenAmountBurned",
    ),
    Step(
        "RedemptionCompleted", _OUT, "settled", ("user",), ("redemptionId",),
        units="rwaAmountRequested", amount="collateralAmountReturned", price="price", fee="feeAmount",
    ),
    Step(
        "RedemptionCompleted", _OUT, "settled", ("user",), ("redemptionId",),
        units="rwaAmountRequested", amount="collateralAmountReturned", price="price",
    ),
)  # fmt: skip

_INSTANT = (
    Step(
        "InstantMintOUSG", _IN, "settled", ("sender",),
        units="ousgAmountOut", amount="usdcAmountIn", rebasing=False,
    ),
    *(
        Step(
            "InstantMintRebasingOUSG", _IN, "settled", ("sender",),
            units=units, amount="usdcAmountIn", rebasing=rebasing,
        )
        for units, rebasing in (("rousgAmountOut", True), ("ousgAmountOut", False))
    ),
    Step(
        "InstantRedemptionOUSG", _OUT, "settled", ("sender",),
        units="ousgAmountIn", amount="usdcAmountOut", rebasing=False,
    ),
    *(
        Step(
            "InstantRedemptionRebasingOUSG", _OUT, "settled", ("sender",),
            units=units, amount="usdcAmountOut", rebasing=rebasing,
        )
        for units, rebasing in (("rousgAmountIn", True), ("ousgAmountIn", False))
    ),
)  # fmt: skip

_X_MANAGER = (
    Step(
        "Subscription", _IN, "settled", ("subscriber",),
        units="rwaAmount", asset="depositToken", amount="depositAmount", fee="fee", rebasing=False,
    ),
    Step(
        "Redemption", _OUT, "settled", ("redeemer",),
        units="rwaAmount", asset="receivingToken", amount="receiveTokenAmount", fee="fee", rebasing=False,
    ),
    Step("AdminSubscription", _IN, "settled", ("recipient",), units="rwaAmount", rebasing=False),
)  # fmt: skip

_GLOBAL_MARKETS = (
    Step(
        "TradeExecuted",
        "trade",
        "settled",
        (),
        ("executionId",),
        units="quantity",
        price="price",
        only="asset",
    ),
    Step("AdminMint", _IN, "settled", ("recipient",), units="rwaAmount", only="rwaToken"),
)


def _apart(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return *steps* with their kind in the id: a manager numbers subscriptions and redemptions apart."""
    return tuple(step._replace(apart=step.kind) if step.request else step for step in steps)


ONDO = by_steps(*_apart(_CASH_MANAGER), *_apart(_HUB), *_INSTANT, *_X_MANAGER, *_GLOBAL_MARKETS)
