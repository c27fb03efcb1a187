"""What else the logs tell: distributions, prices, requests, compliance and entities. A pure function each."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from indexer.floor.tables import (
    COMPLIANCE_EVENTS,
    DISTRIBUTIONS,
    ENTITY_WALLETS,
    NAVS,
    REQUEST_EVENTS,
    arrow_schema,
)
from indexer.ledger.navs import price_rows
from indexer.ledger.scene import Needs, Scene


class Observed(NamedTuple):
    """The tables beside the ledger."""

    distributions: pa.Table
    navs: pa.Table
    request_events: pa.Table
    compliance_events: pa.Table
    entity_wallets: pa.Table


def observe(scene: Scene, transfers: pa.Table) -> Observed | Needs:
    """Return the tables beside the ledger, or the reads without which a price is not known."""
    del transfers
    navs = price_rows(scene)
    if isinstance(navs, Needs):
        return navs
    tables = (DISTRIBUTIONS, NAVS, REQUEST_EVENTS, COMPLIANCE_EVENTS, ENTITY_WALLETS)
    made = {table.name: arrow_schema(table).empty_table() for table in tables}
    return Observed(**{**made, "navs": navs})
