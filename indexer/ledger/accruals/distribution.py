"""Distribution in kind (BENJI): a unit keeps its price, the yield is new units minted to each holder.

The ledger is that of a plain token: a dividend is a mint, or a burn where the yield was negative, and its
Transfer is there. Which mint is a dividend is a reason (ledger/reasons), for which day and at which rate a row
of ``distributions``.
"""

from __future__ import annotations

from indexer.ledger.accruals.plain import plain
from indexer.ledger.scene import Ledger, Scene


def distribution(scene: Scene) -> Ledger:
    """Return the ledger of a token that pays its yield in itself."""
    return plain(scene)
