"""What one unit becomes payment by payment: each is a quotient of whole numbers, and the next begins from the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.ledger.figures import decimals, integers
from indexer.metrics.exact import GROWTH, growth

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

KEPT = ("token", "chain_id", "day", "known_at", "evidence", "breaks")


def grow(con: duckdb.DuckDBPyConnection, rows: str) -> pa.Table:
    """Return the table *rows* of steps/growth.sql with the column growth in place of its factors."""
    table = con.sql(f"SELECT * FROM {rows} ORDER BY token, chain_id, day").to_arrow_table()
    places = zip(table["token"].to_pylist(), table["chain_id"].to_pylist(), strict=True)
    factors = zip(*(integers(table[name]) for name in ("rate", "price", "units", "basis_units")), strict=True)
    made: list[int | None] = []
    place: tuple[str, str] | None = None
    grown: int | None = None
    for here, told in zip(places, factors, strict=True):
        if here != place:
            place, grown = here, GROWTH
        grown = None if grown is None else growth(grown, *told)
        made.append(grown)
    return table.select(KEPT).append_column("growth", decimals(made))
