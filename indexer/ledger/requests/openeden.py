"""Requests of TBILL and USDO: their redemption queues, and subscriptions that settle at once.

Contracts: OpenEdenVault V2 to V5, USDOExpress V1 and V2. TBILL's queue holds the shares until it burns
them; USDO is burned at the request, and a cancel mints it back.
"""

from __future__ import annotations

from indexer.ledger.requests.common import Step, by_steps

_IN, _OUT = "subscription", "redemption"

OPENEDEN = by_steps(
    Step(
        "AddToWithdrawalQueue", _OUT, "requested", ("sender",), ("id",), units="shares", receiver="receiver"
    ),
    *(
        Step(
            "ProcessWithdraw", _OUT, "settled", ("sender",), ("prevId",),
            units="actualShare", receiver="receiver", amount="actualAssets", fee=fee,
        )
        for fee in ("totalFee", "txFee")
    ),
    Step("ProcessRedeemCancel", _OUT, "cancelled", ("sender",), ("prevId",), units="shares", receiver="receiver"),
    *(
        Step(
            "ProcessDeposit", _IN, "settled", ("sender",),
            units="shares", receiver="receiver", amount="assets", fee=fee,
        )
        for fee in ("totalFee", "txsFee")
    ),
    Step("AddToRedemptionQueue", _OUT, "requested", ("from",), ("id",), units="usdoAmt", receiver="to"),
    Step(
        "ProcessRedeem", _OUT, "settled", ("from",), ("id",),
        units="usdoAmt", receiver="to", amount="usdcAmt", fee="fee",
    ),
    Step("ProcessRedemptionCancel", _OUT, "cancelled", ("from",), ("id",), units="usdoAmt", receiver="to"),
    Step(
        "InstantMint", _IN, "settled", ("from",),
        units="receiveAmt", receiver="to", asset="underlying", amount="reqAmt", fee="fee",
    ),
    Step(
        "InstantMintAndWrap", _IN, "settled", ("from",),
        units="usdoAmt", receiver="to", asset="underlying", amount="reqAmt", fee="fee",
    ),
    Step(
        "InstantRedeem", _OUT, "settled", ("from",),
        units="reqAmt", receiver="to", amount="receiveAmt", fee="fee",
    ),
    Step("ManualRedeem", _OUT, "settled", ("from",), units="reqAmt", amount="receiveAmt", fee="fee"),
)  # fmt: skip
