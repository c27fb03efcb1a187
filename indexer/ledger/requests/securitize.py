"""Requests of Securitize's DSTokens: its on-ramp and off-ramp, which settle at once.

Contracts: the on-ramp and off-ramp of bc-on-off-ramp, and the older SecuritizeSwap. A redemption by a
transfer to a redemption wallet has no event of its own; ``transfers`` tells it as escrow_in.
"""

from __future__ import annotations

from indexer.ledger.requests.common import Step, by_steps

_IN, _OUT = "subscription", "redemption"

SECURITIZE = by_steps(
    Step(
        "Swap", _IN, "settled", ("from",),
        units="dsTokenValue", receiver="newWalletTo", asset="liquidityToken", amount="liquidityValue",
        price="rate", fee="fee",
    ),
    Step(
        "Swap", _IN, "settled", ("_from",),
        units="_dsTokenValue", receiver="_newWalletTo", amount="_stableCoinValue",
    ),
    Step("Buy", _IN, "settled", ("_from",), units="_dsTokenAmount", amount="_stableCoinAmount", price="_navRate"),
    Step(
        "RedemptionCompleted", _OUT, "settled", ("redeemer",),
        units="dsTokenValue", asset="liquidityToken", amount="liquidityValue", price="rate", fee="fee",
    ),
)  # fmt: skip
