"""``distributions``: yield paid in new units, a row a holder, or taken where the yield was negative.

What moved is the ledger's: an entry whose reason is distribution. A transfer agent that logs
DividendDistributed tells day, rate, price and the units that the formula gave; a burn takes no more than
the holder has, and nothing moves where the formula gives less than one unit. Where no event tells a
distribution (a pattern found it), day, rate and price are not known, and that is said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from indexer.floor.tables import DISTRIBUTIONS
from indexer.ledger.figures import held, moment, rows_of, token_units
from indexer.ledger.holdings import holdings
from indexer.ledger.scene import Scene
from indexer.ledger.told import Spot, Told

DIVIDEND = "DividendDistributed"
DISTRIBUTION_NAMES = frozenset({DIVIDEND})

SCALE = 18
"""Decimals of the transfer agent's rates and prices."""

_SILENT = "no event tells the day, the rate and the price"
_COLUMNS = (
    "contract", "block_number", "block_time", "tx_hash", "log_index", "effect", "from_address", "to_address", "units",
    "evidence",
)  # fmt: skip


class _Paid(NamedTuple):
    """An entry of the ledger: its row in ``transfers``; *units* are negative where they were taken, None where
    they are not known."""

    row: int
    spot: Spot
    holder: str
    units: int | None
    evidence: str


def distributions(scene: Scene, events: Sequence[Told], transfers: pa.Table) -> pa.Table:
    """Return the table, in the order of the chain."""
    waiting: dict[tuple[str, str], list[_Paid]] = defaultdict(list)
    entries = _paid(transfers)
    for paid in entries:
        waiting[paid.spot.tx_hash, paid.holder].append(paid)
    rows = []
    for told in events:
        if told.event.name == DIVIDEND:
            alike = waiting[told.spot.tx_hash, cast("str", told.event.args["account"])]
            rows.append(_told_row(scene, told, alike))
    left = [paid for many in waiting.values() for paid in many]
    before = holdings(transfers, complete=scene.run.holds_start).before
    rows += [_silent_row(scene, paid, before(paid.holder, paid.row)) for paid in left]
    rows.sort(key=lambda row: (row["block_number"], row["log_index"]))
    return rows_of(DISTRIBUTIONS, rows)


def _paid(transfers: pa.Table) -> list[_Paid]:
    supply = pc.is_in(transfers["effect"], value_set=pa.array(["mint", "burn"]))
    at = np.flatnonzero(pc.and_(pc.equal(transfers["reason"], "distribution"), supply).to_numpy())
    rows = transfers.take(pa.array(at))
    seconds = pc.divide(rows["block_time"].cast(pa.int64()), 1_000_000)
    rows = rows.set_column(rows.column_names.index("block_time"), "block_time", seconds)
    found = []
    for row, *place, effect, sender, receiver, units, evidence in zip(
        at.tolist(), *(rows[name].to_pylist() for name in _COLUMNS), strict=True
    ):
        moved = None if units is None else int(units) if effect == "mint" else -int(units)
        found.append(_Paid(row, Spot(*place), receiver if effect == "mint" else sender, moved, evidence))
    return found


def _told_row(scene: Scene, told: Told, alike: list[_Paid]) -> dict[str, object]:
    """Return the row of a dividend that is told; its entry is taken out of *alike*."""
    args = told.event.args
    rate, price = cast("int", args["rate"]), cast("int", args["price"])
    taken = bool(args.get("isNegativeYield", rate < 0))
    given = -cast("int", args["shares"]) if taken else cast("int", args["shares"])
    paid = next((p for p in alike if p.units == given), None)
    if paid is None and taken:
        paid = next((p for p in alike if p.units is not None and given < p.units < 0), None)
    if paid is not None:
        alike.remove(paid)
    basis = cast("int | None", args.get("dividendBasis"))
    figures = {
        "accrual_date": _day(cast("int", args["date"])),
        "rate": _scaled(-abs(rate) if taken else rate),
        "basis_units": held(basis),
        "told_units": held(given),
        "units": held(0 if paid is None else paid.units),
        "price": _scaled(price),
    }
    lost = [name for name, figure in figures.items() if figure is None and name != "basis_units"]
    reasons = ["the event tells no basis"] if basis is None else []
    reasons += [f"{', '.join(lost)} cannot be held"] if lost else []
    return {
        **_common(scene, told.spot),
        **figures,
        "holder": args["account"],
        "evidence": "event",
        "why_null": "; ".join(reasons) or None,
    }


def _silent_row(scene: Scene, paid: _Paid, basis: int | None) -> dict[str, object]:
    return {
        **_common(scene, paid.spot),
        "holder": paid.holder,
        "basis_units": held(basis),
        "units": held(paid.units),
        "evidence": paid.evidence,
        "why_null": _SILENT,
    }


def _common(scene: Scene, spot: Spot) -> dict[str, object]:
    return {
        "token": scene.deployment.token,
        "chain_id": scene.deployment.chain_id,
        **spot._asdict(),
        "block_time": moment(spot.block_time),
    }


def _scaled(value: int) -> Decimal | None:
    return token_units(value, SCALE)


def _day(seconds: int) -> date | None:
    """Return the UTC day of an instant that a log tells, or None where it is none of our calendar."""
    try:
        return datetime.fromtimestamp(seconds, UTC).date()
    except (OverflowError, OSError, ValueError):
        return None
