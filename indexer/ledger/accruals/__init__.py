"""Accruals: how a token's events change units and what the units are worth. One module each, one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from indexer.ledger.accruals.distribution import distribution
from indexer.ledger.accruals.dstoken import dstoken
from indexer.ledger.accruals.erc4626 import erc4626
from indexer.ledger.accruals.multiplier_rebase import multiplier_rebase
from indexer.ledger.accruals.nav import nav
from indexer.ledger.accruals.plain import plain
from indexer.ledger.accruals.price_rebase import price_rebase
from indexer.ledger.accruals.share_rebase import share_rebase
from indexer.ledger.accruals.timed_rebase import timed_rebase
from indexer.ledger.scene import Ledger, Needs, Scene

ACCRUALS: Mapping[str, Callable[[Scene], Ledger | Needs]] = {
    "plain": plain,
    "share_rebase": share_rebase,
    "price_rebase": price_rebase,
    "multiplier_rebase": multiplier_rebase,
    "timed_rebase": timed_rebase,
    "dstoken": dstoken,
    "erc4626": erc4626,
    "nav": nav,
    "distribution": distribution,
}
