"""What `rwa show product` answers: a product over all its tokens and chains, by day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.floor.errors import Usage
from indexer.metrics.answers_at import Question
from indexer.metrics.models import query

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_ALL = 2**62


def product(con: duckdb.DuckDBPyConnection, q: Question) -> pa.Table:
    """Return the rows of product_daily for the days asked, of every product that a token in question belongs to."""
    if q.at is not None and q.day is None:
        raise Usage(
            "A product is told by day, since its chains have no block in common: ask for a day with --at, or for days "
            "with --from and --to."
        )
    if q.chain_ids is not None:
        raise Usage("A product is shown over all its chains; `rwa show supply` takes --chain.")
    first, last = (q.day, q.day) if q.day else (q.first, q.last)
    most = _ALL if q.limit is None else q.limit
    values = {"tokens": list(q.tokens), "first": first, "last": last, "most": most}
    return con.sql(query("product_days_of"), params=values).to_arrow_table()
