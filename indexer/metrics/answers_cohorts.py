"""What `rwa show cohorts` answers: holders by the month they came in, and how many of them stayed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from indexer.floor.errors import Usage
from indexer.metrics.answers_at import Cut, Question, cuts, gap, point
from indexer.metrics.models import query

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

NOBODY = "nobody has held it so far"


def cohorts(con: duckdb.DuckDBPyConnection, q: Question) -> pa.Table:
    """Return a row for each cohort and month since: how many entered, and how many of them held at its close.

    Up to the last day that is over, or the day asked. Where holdings are not known, a row has the reason.
    """
    import pyarrow as pa  # noqa: PLC0415 - help does not pay for Arrow

    if q.at is not None and q.day is None:
        raise Usage("Cohorts are told by month: ask for a day with --at, or without it.")
    rows = [row for cut in cuts(con, q) for row in _rows(con, cut)]
    text, day, count = pa.string(), pa.date32(), pa.int64()
    columns: list[tuple[str, pa.DataType]] = [
        ("token", text), ("chain_id", text), ("cohort", day), ("month", day), ("as_of_day", day), ("entered", count),
        ("retained", count), ("exited", count), ("retained_share", pa.float64()), ("why_null", text),
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=pa.schema(columns))


def _rows(con: duckdb.DuckDBPyConnection, cut: Cut) -> list[dict[str, Any]]:
    named = {"token": cut.token, "chain_id": cut.chain_id}
    at = point(con, cut)
    why = cut.why_null or (at.why_null if at.units is None else gap(con, at))
    if why is not None or cut.until is None:
        return [named | {"why_null": why or NOBODY}]
    values = {"token": cut.token, "chain_id": cut.chain_id, "last": _last_day(cut)}
    found = con.sql(query("cohorts_at"), params=values).to_arrow_table().to_pylist()
    return [named | row for row in found] or [named | {"why_null": NOBODY}]


def _last_day(cut: Cut) -> date:
    """Return the last day that is over at the cut."""
    assert cut.until is not None  # noqa: S101 - the caller looked
    return (cut.until + timedelta(seconds=1)).date() - timedelta(days=1)
