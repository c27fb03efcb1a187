"""Requests of USTB and USCC: subscriptions and redemptions that settle at once, and bridges that leave.

Contracts: SuperstateToken V3 to V5, Redemption V1 and V2. Where the redemption contract burns, the customer
is named by its own event alone, so the token's is an echo. What is paid for an OffchainRedeem is not on
the chain; a Bridge has left this one, and no contract tells its arrival.
"""

from __future__ import annotations

from indexer.ledger.requests.common import Step, by_steps

_IN, _OUT = "subscription", "redemption"

SUPERSTATE = by_steps(
    Step(
        "Subscribe", _IN, "settled", ("subscriber",),
        units="superstateTokenOutAmount", asset="stablecoin", amount="stablecoinInAmount",
        fee=("stablecoinInAmount", "stablecoinInAmountAfterFee"),
    ),
    Step(
        "SubscribeV2", _IN, "settled", ("subscriber",),
        units="superstateTokenOutAmount", receiver="to", asset="stablecoin",
        amount="stablecoinInAmountBeforeFee",
        fee=("stablecoinInAmountBeforeFee", "stablecoinInAmountAfterFee"),
    ),
    Step("Redeem", _OUT, "settled", ("redeemer",), units="superstateTokenInAmount", amount="usdcOutAmount"),
    Step(
        "RedeemV2", _OUT, "settled", ("redeemer",),
        units="superstateTokenInAmount", receiver="to", amount="usdcOutAmountAfterFee",
        fee=("usdcOutAmountBeforeFee", "usdcOutAmountAfterFee"),
    ),
    Step("OffchainRedeem", _OUT, "settled", ("src",), units="amount", echo=("settled",)),
    Step("Bridge", "bridge", "settled", ("src",), units="amount"),
)  # fmt: skip
