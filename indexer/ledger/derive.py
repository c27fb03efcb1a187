"""Derive: raw rows of one token on one chain to its tables. A pure function: same input, same rows."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from indexer.ledger.accruals import ACCRUALS
from indexer.ledger.attribution import attribute
from indexer.ledger.legs import told_legs
from indexer.ledger.observed import observe
from indexer.ledger.scene import Ledger, Needs, Scene


class Derived(NamedTuple):
    """The derived tables of one token on one chain."""

    transfers: pa.Table
    bridge_legs: pa.Table
    rebases: pa.Table
    supply_changes: pa.Table
    undecoded: pa.Table
    distributions: pa.Table
    navs: pa.Table
    request_events: pa.Table
    compliance_events: pa.Table
    entity_wallets: pa.Table

    def tables(self) -> dict[str, pa.Table]:
        """Return the tables by name."""
        return self._asdict()


def account(scene: Scene) -> Ledger | Needs:
    """Return the ledger by the token's accrual, or what must be fetched first."""
    return ACCRUALS[scene.token.accrual](scene)


def interpret(scene: Scene, ledger: Ledger) -> Derived | Needs:
    """Return the tables: the ledger with a reason for every entry, or what must be fetched first."""
    attributed = attribute(scene, ledger.entries)
    if isinstance(attributed, Needs):
        return attributed
    observed = observe(scene, attributed.transfers)
    if isinstance(observed, Needs):
        return observed
    undecoded = pa.concat_tables([ledger.undecoded, attributed.undecoded])
    return Derived(
        attributed.transfers,
        told_legs(attributed.transfers),
        ledger.rebases,
        ledger.supply_changes,
        undecoded.sort_by([("block_number", "ascending"), ("log_index", "ascending")]),
        *observed,
    )


def derive(scene: Scene) -> Derived | Needs:
    """Return the tables, or what must be fetched first: both steps in one."""
    ledger = account(scene)
    return ledger if isinstance(ledger, Needs) else interpret(scene, ledger)
