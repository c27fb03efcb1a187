"""What `rwa show queue` answers: how long requests waited until they were settled, and which still wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from indexer.floor.tables import SCALE
from indexer.metrics.answers_at import Cut, Question, cuts, in_tokens
from indexer.metrics.models import query

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

NO_REQUESTS = "its contracts have told no request so far"
NO_UNITS = "a request that waits does not tell its units"
COUNTS = (
    "requests", "settled", "cancelled", "waits", "p50_seconds", "p95_seconds", "open", "open_under_1d", "open_1d_to_3d",
    "open_3d_to_7d", "open_over_7d", "oldest_open_seconds",
)  # fmt: skip


def queue(con: duckdb.DuckDBPyConnection, q: Question) -> pa.Table:
    """Return a row for each kind of request: counts, the wait to settlement in seconds, and what is open by age.

    At the point asked, a day standing for its close, or now. A token whose contracts tell no request has one row with
    the reason.
    """
    import pyarrow as pa  # noqa: PLC0415 - help does not pay for Arrow

    rows = [row for cut in cuts(con, q) for row in _rows(con, cut)]
    kinds: dict[str, pa.DataType] = {
        **dict.fromkeys(("token", "chain_id", "as_of", "kind"), pa.string()),
        **dict.fromkeys(COUNTS, pa.int64()),
        "oldest_open_at": pa.timestamp("us"),
        "open_amount": pa.decimal128(38, SCALE),
        "why_null": pa.string(),
    }
    return pa.Table.from_pylist(rows, schema=pa.schema(list(kinds.items())))


def _rows(con: duckdb.DuckDBPyConnection, cut: Cut) -> list[dict[str, Any]]:
    named = {"token": cut.token, "chain_id": cut.chain_id, "as_of": cut.as_of}
    if cut.why_null is not None or cut.until is None:
        return [named | {"why_null": cut.why_null or NO_REQUESTS}]
    found = con.sql(query("queue_at"), params=cut.values).to_arrow_table().to_pylist()
    return [named | _told(row, cut) for row in found] or [named | {"why_null": NO_REQUESTS}]


def _told(row: dict[str, Any], cut: Cut) -> dict[str, Any]:
    units = row.pop("open_units")
    amount = None if units is None else in_tokens(int(units), cut.decimals)
    return row | {"open_amount": amount, "why_null": NO_UNITS if units is None else None}
