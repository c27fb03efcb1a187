"""The running total: one row of ``supply_changes`` after each change."""

from __future__ import annotations

from typing import Any, NamedTuple

import pyarrow as pa

from indexer.config.model import Deployment
from indexer.floor.tables import MAX_UNITS, SUPPLY_CHANGES
from indexer.ledger.figures import TOO_LARGE, held, moment, rows_of, token_units


class Change(NamedTuple):
    """The totals after one change; *units* and *supply* (base units) are None where not known."""

    time: int
    block_number: int
    log_index: int
    cause: str
    units: int | None
    supply: int | None
    min_units: int | None
    why_null: str | None
    reads_used: int = 0


def supply_rows(deployment: Deployment, changes: list[Change]) -> pa.Table:
    """Return *changes* as the table ``supply_changes``; what does not fit is NULL with its reason."""
    return rows_of(SUPPLY_CHANGES, [_row(deployment, change) for change in changes])


def _row(deployment: Deployment, change: Change) -> dict[str, Any]:
    decimals = deployment.decimals or 0
    supply = token_units(change.supply, decimals)
    why = change.why_null
    if why is None and any(v is not None and v > MAX_UNITS for v in (change.units, change.supply)):
        why = "the total has more than 38 digits"
    elif why is None and change.supply is not None and supply is None:
        why = TOO_LARGE
    return {
        "token": deployment.token,
        "chain_id": deployment.chain_id,
        "contract": deployment.address,
        "effective_at": moment(change.time),
        "block_number": change.block_number,
        "log_index": change.log_index,
        "cause": change.cause,
        "units": held(change.units),
        "supply_raw": held(change.supply),
        "supply": supply,
        "min_units": held(change.min_units),
        "reads_used": change.reads_used,
        "why_null": why,
    }
