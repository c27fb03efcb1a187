"""ERC-4626 vaults (cUSDO, wrappers, Maple pools): a unit is a share of the vault, the yield is in assets per share.

The ledger is that of a plain token: a share moves by Transfer alone, and a Deposit or Withdraw always comes
with one. Assets per share (convertToAssets, or Maple's convertToExitAssets) move without a log of the vault,
so they are a price (ledger/prices) and never enter the ledger.

One vault's first deposit also mints a few shares to the zero account for ever (BOOTSTRAP_MINT of MaplePool.sol):
they count in totalSupply and in balanceOf(0x0), and their Transfer goes from the zero account to itself.
"""

from __future__ import annotations

from indexer.ledger.accruals.plain import plain
from indexer.ledger.scene import Ledger, Scene


def erc4626(scene: Scene) -> Ledger:
    """Return the ledger of a vault's shares."""
    return plain(scene, zero_to_zero="mint")
