"""What else the logs tell: distributions, prices, requests, compliance and entities. A pure function each."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from indexer.ledger.compliance import COMPLIANCE_NAMES, compliance_events
from indexer.ledger.distributions import DISTRIBUTION_NAMES, distributions
from indexer.ledger.entities import ENTITY_NAMES, entity_wallets
from indexer.ledger.implementations import upgrades, wanted_looks
from indexer.ledger.navs import price_rows
from indexer.ledger.requests import request_events, request_names
from indexer.ledger.scene import Needs, Scene
from indexer.ledger.told import told


class Observed(NamedTuple):
    """The tables beside the ledger."""

    distributions: pa.Table
    navs: pa.Table
    request_events: pa.Table
    compliance_events: pa.Table
    entity_wallets: pa.Table


def observe(scene: Scene, transfers: pa.Table) -> Observed | Needs:
    """Return the tables beside the ledger, or the reads without which a price or an upgrade is not known."""
    navs = price_rows(scene)
    if isinstance(navs, Needs):
        return navs._replace(reads=(*navs.reads, *wanted_looks(scene)))
    if looks := wanted_looks(scene):
        return Needs(reads=looks)
    events = told(scene, DISTRIBUTION_NAMES | request_names(scene) | COMPLIANCE_NAMES | ENTITY_NAMES)
    return Observed(
        distributions=distributions(scene, events, transfers),
        navs=navs,
        request_events=request_events(scene, events, transfers),
        compliance_events=compliance_events(scene, events, upgrades(scene, events)),
        entity_wallets=entity_wallets(scene, events),
    )
