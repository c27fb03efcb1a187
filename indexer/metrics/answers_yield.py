"""What `rwa show yield` answers: yields by day, with the observations that they are made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.metrics.answers_at import Question, cuts
from indexer.metrics.models import query

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_ALL = 2**62
NO_DAY = "no day of it was over by then"


def yields(con: duckdb.DuckDBPyConnection, q: Question) -> pa.Table:
    """Return the rows of yields_daily for the days asked; at a block or a time, that of the last day over by then.

    *as_of* names the day or the point; *day* is the day whose close the row tells.
    """
    first, last = (q.day, q.day) if q.day else (q.first, q.last)
    values: dict[str, object] = {
        "tokens": list(q.tokens),
        "chain_ids": None if q.chain_ids is None else list(q.chain_ids),
        "first": first,
        "last": last,
        "until": None,
        "most": _ALL if q.limit is None else q.limit,
    }
    days: pa.Table = con.sql(query("yield_days_of"), params=values).to_arrow_table()
    if q.at is None or q.day is not None:
        return days
    return _at(con, q, days.schema)


def _at(con: duckdb.DuckDBPyConnection, q: Question, schema: pa.Schema) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415 - help does not pay for Arrow

    rows = []
    for cut in cuts(con, q):
        named = {"token": cut.token, "chain_id": cut.chain_id, "as_of": cut.as_of}
        values = {
            "tokens": [cut.token], "chain_ids": [cut.chain_id], "first": None, "last": None, "until": cut.until,
            "most": 1,
        }  # fmt: skip
        if cut.why_null is not None or cut.until is None:
            rows.append(named | {"why_null": cut.why_null or NO_DAY})
            continue
        found = con.sql(query("yield_days_of"), params=values).to_arrow_table().to_pylist()
        rows += [row | named for row in found] or [named | {"why_null": NO_DAY}]
    return pa.Table.from_pylist(rows, schema=schema)
