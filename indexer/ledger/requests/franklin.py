"""Requests of BENJI: submitted to one module, settled at the end of a day by another, joined by their id.

Contracts: TransactionalModule (submits, cancels) and TransferAgentModule V1 to V5 (settles). What a
transaction is for is told only when it settles; cash amounts have 18 decimals, as prices have.
"""

from __future__ import annotations

from indexer.ledger.requests.common import Step, by_steps

_KINDS = {
    2: "subscription", 7: "subscription", 8: "subscription",
    5: "redemption", 6: "redemption", 9: "redemption", 10: "transfer",
}  # fmt: skip
"""TransactionType of the module: automatic plan, cash or share purchase; cash, share or full liquidation."""

_ID = ("transactionId",)

FRANKLIN = by_steps(
    Step("TransactionSubmitted", None, "requested", ("account",), _ID, shared=True),
    Step("TransactionCancelled", None, "cancelled", ("account",), _ID, shared=True),
    Step(
        "TransactionSettled", None, "settled", ("account",), _ID,
        units="shares", amount="amount", price="price", kind_by="transactionType", kinds=_KINDS, shared=True,
    ),
    Step(
        "TransferSettled", "transfer", "settled", ("from",), _ID,
        units="shares", receiver="to", price="price", shared=True,
    ),
)  # fmt: skip
