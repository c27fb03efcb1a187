"""NAV tokens (OUSG, USDY, USTB, USCC, TBILL, funds with a price): a unit stays a unit, the yield is in its price.

The ledger is that of a plain token: balances move by Transfer alone. What one unit is worth is told by the
deployment's price sources (ledger/prices) and never enters the ledger.
"""

from __future__ import annotations

from indexer.ledger.accruals.plain import plain
from indexer.ledger.scene import Ledger, Scene


def nav(scene: Scene) -> Ledger:
    """Return the ledger of a token whose price, not its balances, earns."""
    return plain(scene)
