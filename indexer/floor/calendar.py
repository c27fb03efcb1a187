"""Calendar rows: the only place that knows when a day begins. SQL joins them and never reckons with zones."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from indexer.floor.tables import CALENDAR, arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa

UTC_DAYS = "utc"


def utc_days(first: date, last: date) -> pa.Table:
    """Return the rows of the boundary `utc` for *first*..*last*, both included."""
    import pyarrow as pa  # noqa: PLC0415 - help does not pay for Arrow

    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    starts = [datetime.combine(day, time()) for day in days]
    columns = [
        [UTC_DAYS] * len(days),
        days,
        starts,
        [start + timedelta(days=1) for start in starts],
    ]
    return pa.Table.from_arrays(
        [pa.array(values, field.type) for values, field in zip(columns, arrow_schema(CALENDAR), strict=True)],
        schema=arrow_schema(CALENDAR),
    )
