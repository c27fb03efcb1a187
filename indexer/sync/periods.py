"""Daily figures as files of a period each, so that a new day writes the files of its own period and no other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from indexer.floor.tables import Table

MONTHLY = 200_000
"""From so many rows on a year of one table of one place is a file a month, else one file."""

DECEMBER = 12


class Period(NamedTuple):
    """The rows of the days *first*..*last*, written as YYYYMMDD; without days both are None."""

    first: int | None
    last: int | None
    rows: pa.Table


def periods(table: Table, rows: pa.Table) -> Iterator[Period]:
    """Yield *rows* by period, those without days whole."""
    if not rows.num_rows:
        return
    if "day" not in table.names:
        yield Period(None, None, rows)
        return
    years = pc.year(rows["day"])
    for year in sorted(pc.unique(years).to_pylist()):
        part = rows.filter(pc.equal(years, year))
        if part.num_rows < MONTHLY:
            yield Period(year * 10_000 + 101, year * 10_000 + 1231, part)
            continue
        months = pc.month(part["day"])
        for month in sorted(pc.unique(months).to_pylist()):
            yield Period(_number(year, month), _last(year, month), part.filter(pc.equal(months, month)))


def reaches(file: Mapping[str, Any], since: date | None) -> bool:
    """Say whether a listed file may hold days from *since* on; one that names no days may."""
    return since is None or file["last"] is None or file["last"] >= number(since)


def number(day: date) -> int:
    """Return *day* as YYYYMMDD."""
    return day.year * 10_000 + day.month * 100 + day.day


def _number(year: int, month: int) -> int:
    return number(date(year, month, 1))


def _last(year: int, month: int) -> int:
    following = date(year + month // DECEMBER, month % DECEMBER + 1, 1)
    return number(following - timedelta(days=1))
