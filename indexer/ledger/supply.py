"""The running total: one row of ``supply_changes`` after each change."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa

from indexer.config.model import Deployment
from indexer.floor.tables import MAX_UNITS, SUPPLY_CHANGES
from indexer.ledger.figures import TOO_LARGE, held, moment, ratio, rows_of, token_units

OVERBURNED = "more is burned than was ever minted"
"""How the reason begins where a total falls below zero: a log may be missing."""


class Rate(NamedTuple):
    """How a contract turns units into base units: (units × numerator + addend) // denominator.

    *finer* is how many decimals a unit has beyond the token's own.
    """

    numerator: int
    denominator: int
    addend: int = 0
    finer: int = 0

    def of(self, units: int) -> int:
        """Return the base units of *units*."""
        return (units * self.numerator + self.addend) // self.denominator

    def explains(self, units: int, amount: int) -> bool:
        """Say whether *units* may have moved for *amount*: either is the other, floored."""
        if self.of(units) == amount:
            return True
        return bool(self.numerator) and amount * self.denominator // self.numerator == units

    @property
    def multiplier(self) -> Decimal | None:
        """Token units that one whole unit is worth, cut to 18 decimals; None where that does not fit."""
        return ratio(self.numerator * 10**self.finer, self.denominator)

    @property
    def min_units(self) -> int | None:
        """The least units worth one base unit; None where no units are."""
        return max(-(-(self.denominator - self.addend) // self.numerator), 0) if self.numerator else None


ONE = Rate(1, 1)
"""A unit is a base unit."""


class Change(NamedTuple):
    """The totals after one change; *units* and *supply* (base units) are None where not known.

    *block_number* and *log_index* are None where time alone made the change. *rate* turns a holder's units
    into a balance, and *rate_read* says that a view told it, no log. *rounding* is the change of supply less
    what was booked for it, at most *bound*.
    """

    time: int
    block_number: int | None
    log_index: int | None
    cause: str
    units: int | None
    supply: int | None
    rate: Rate | None
    why_null: str | None
    reads_used: int = 0
    rounding: int = 0
    bound: int = 0
    rate_read: bool = False


def supply_rows(deployment: Deployment, changes: list[Change]) -> pa.Table:
    """Return *changes* as the table ``supply_changes``; what does not fit is NULL with its reason."""
    return rows_of(SUPPLY_CHANGES, [_row(deployment, change) for change in changes])


def _row(deployment: Deployment, change: Change) -> dict[str, Any]:
    decimals = deployment.decimals or 0
    supply, rate = token_units(change.supply, decimals), change.rate
    why = change.why_null
    if why is None and any(
        v is not None and v > MAX_UNITS for v in (change.units, change.supply, *(rate or ())[:3])
    ):
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
        "numerator": held(rate and rate.numerator),
        "denominator": held(rate and rate.denominator),
        "addend": held(rate and rate.addend),
        "min_units": held(rate and rate.min_units),
        "multiplier": rate and rate.multiplier,
        "rounding": None if change.supply is None else held(change.rounding),
        "rounding_bound": held(change.bound),
        "reads_used": change.reads_used,
        "rate_read": change.rate_read,
        "why_null": why,
    }
