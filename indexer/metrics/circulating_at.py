"""What circulates at a point: supply less the balances of the issuer's own addresses, as steps/circulating_days.sql."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from indexer.metrics.answers_at import Point, balance_raw, gap, in_tokens
from indexer.metrics.models import query

if TYPE_CHECKING:
    import duckdb

NO_LIST = "no list of the issuer's own addresses is known"


def circulating(con: duckdb.DuckDBPyConnection, at: Point) -> tuple[Decimal | None, str | None]:
    """Return what circulates at *at* in token units, else None and why."""
    if at.supply_raw is None:
        return None, at.why_null
    (_, roles), *named = con.execute(query("named_at"), at.cut.values).fetchall()
    if not roles:
        return None, NO_LIST
    if named and (why := gap(con, at)) is not None:
        return None, why
    balances = [balance_raw(int(units), at) for _, units in named]
    known = [balance for balance in balances if balance is not None]
    if len(known) < len(balances):
        return None, "there are no units to share the supply by"
    return in_tokens(at.supply_raw - sum(known), at.cut.decimals), None
