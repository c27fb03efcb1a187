"""ERC-4626 vaults (cUSDO, wrappers, Maple pools): a unit is a share of the vault, the yield is in assets per share.

The ledger is that of a plain token: a share moves by Transfer alone, and a Deposit or Withdraw always comes
with one. Assets per share (convertToAssets, or Maple's convertToExitAssets) move without a log of the vault,
so they are a price (ledger/prices) and never enter the ledger.
"""

from __future__ import annotations

from indexer.ledger.accruals.plain import plain
from indexer.ledger.scene import Ledger, Scene


def erc4626(scene: Scene) -> Ledger:
    """Return the ledger of a vault's shares."""
    return plain(scene)
