"""Bridges that several platforms use: Chainlink's token pools, whose four events name what they did.

Contracts: CCIP TokenPool 1.5 (BurnMint and LockRelease). A pool burns or locks what it was sent, and mints or
releases to the addressee; the message's id and the other chain stand in logs of the router, not of the pool.
"""

from __future__ import annotations

from indexer.ledger.reasons.common import OWN, Rule, Shape, told

_POOL = (
    ("bridge_out", Shape("Burned", "burn", OWN, None, "amount", companion=True)),
    ("bridge_in", Shape("Minted", "mint", None, "recipient", "amount", companion=True)),
    ("bridge_lock", Shape("Locked", "move", None, OWN, "amount", companion=True)),
    ("bridge_release", Shape("Released", "move", OWN, "recipient", "amount", companion=True)),
)

POOL: tuple[Rule, ...] = tuple(told("ccip-pool@1", reason, shape) for reason, shape in _POOL)
