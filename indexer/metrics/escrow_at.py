"""What is behind escrows at a point: whose it still is, as steps/escrow_claims.sql and steps/escrow_days.sql say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from indexer.ledger.supply import Rate
from indexer.metrics.answers_at import Holding, Point
from indexer.metrics.models import query

if TYPE_CHECKING:
    import duckdb


class Claims(NamedTuple):
    """Units that requesters have behind escrows, by requester, and by escrow what those explain, in base units.

    *raw* is by requester, each claim turned by the rate and cut; *explained* by escrow. Both are empty where
    the rate is not known.
    """

    units: Mapping[str, int]
    raw: Mapping[str, int]
    explained: Mapping[str, int]


def claims(con: duckdb.DuckDBPyConnection, at: Point, found: Sequence[Holding]) -> Claims:
    """Return the claims that stand at *at*; those behind an escrow that holds less than them do not."""
    held = {one.holder: one.units for one in found}
    behind: dict[str, dict[str, int]] = defaultdict(dict)
    for escrow, holder, units in con.execute(query("claims_at"), at.cut.values).fetchall():
        if units:
            behind[escrow][holder] = int(units)
    units_of: dict[str, int] = defaultdict(int)
    raw: dict[str, int] = defaultdict(int)
    explained: dict[str, int] = defaultdict(int)
    rate = None if at.rate is None else Rate(at.rate.numerator, at.rate.denominator)
    for escrow, owners in behind.items():
        if sum(owners.values()) <= held.get(escrow, 0):
            for holder, units in owners.items():
                units_of[holder] += units
                if rate is not None:
                    raw[holder] += rate.of(units)
                    explained[escrow] += rate.of(units)
    return Claims(units_of, raw, explained)
