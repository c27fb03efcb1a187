"""From which day on a place's metrics must be computed again: what it was made of, and is made of now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    import numpy.typing as npt

Rows = Sequence[Mapping[str, Any]]

TIMES: Mapping[str, tuple[str, ...]] = {
    "transfers": ("block_time",),
    "supply_changes": ("effective_at",),
    "rebases": ("effective_at",),
    "navs": ("effective_at", "published_at"),
    "distributions": ("block_time", "accrual_date"),
}
"""Derived tables that daily figures are made of, and the times that may date a row."""

_MOST = 8e37
"""Gross units up to which no sum of a run from a day on can pass 38 digits where one of all days does not."""


class State(NamedTuple):
    """What a place was or is derived to: its derivation, its derived tables and its publications."""

    row: Mapping[str, Any]
    derived: Mapping[str, pa.Table]
    publications: Rows


def first_changed_day(
    was: State, now: State, held: Mapping[str, pa.Table], certificates: Rows
) -> date | None:
    """Return the first day whose figures may differ; None where all of them must be computed.

    *held* are the committed metrics. A day that the opening of a run from a day on could not tell is no answer: there
    must be a close before it, and units must be known for all.
    """
    if not _are_alike(was.row, now.row) or not _is_plain(now.derived, held):
        return None
    days: list[date | None] = [_open_day(was.row), _open_day(now.row), _certified(held, certificates)]
    days.append(_published(was.publications, now.publications))
    days += [_differs(name, was.derived[name], now.derived[name]) for name in TIMES]
    if not was.derived["entity_wallets"].equals(now.derived["entity_wallets"]):
        days.append(date.min)
    day: date = min(day for day in days if day is not None)
    closed = held["supply_daily"]["day"]
    first = pc.min(closed).as_py()
    return day if first is not None and day > first else None


def _are_alike(was: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Say whether both are made by the same code from the same configuration, and nothing of them is unknown."""
    same = all(was[name] == row[name] for name in ("code_version", "config_digest", "first_block"))
    return same and all(r["holds_start"] and r["why_null"] is None for r in (was, row))


def _is_plain(derived: Mapping[str, pa.Table], held: Mapping[str, pa.Table]) -> bool:
    balances, units = held["balances"], derived["transfers"]["units"]
    if not balances.num_rows or balances["units"].null_count:
        return False
    gross = pc.sum(pc.abs(units.cast(pa.float64()))).as_py() or 0.0
    return bool(gross < _MOST)


def _open_day(row: Mapping[str, Any]) -> date:
    """Return the first day that is not covered to its last second."""
    covered: datetime = row["covered_until"]
    return (covered + timedelta(seconds=1)).date()


def _certified(held: Mapping[str, pa.Table], certificates: Rows) -> date | None:
    """Return the day of the newest certificate: it and what follows may be told otherwise, no day before it."""
    told = held["supply_daily"]["certificate"]
    if not pc.any(pc.not_equal(told, "none")).as_py() and not certificates:
        return None
    return max((row["block_time"].date() for row in certificates), default=date.min)


def _published(was: Rows, now: Rows) -> date | None:
    """Return the first day that is published otherwise."""
    before = {(row["through_day"], row["published_at"]) for row in was}
    after = {(row["through_day"], row["published_at"]) for row in now}
    if before == after:
        return None
    if before - after or not before:
        return date.min
    days: list[date] = [day for day, _ in after - before]
    days.append(max(day for day, _ in before) + timedelta(days=1))
    return min(days)


def _differs(name: str, was: pa.Table, now: pa.Table) -> date | None:
    """Return the first day that a row dates of which only one of the tables has; None where there is none."""
    if was.equals(now):
        return None
    same = _common(was, now)
    rest = [table.slice(same) for table in (was, now)]
    if name != "transfers":
        rest = _apart(*rest)
    days: list[date] = []
    for rows in rest:
        for column in TIMES[name]:
            first = pc.min(rows[column]).as_py() if rows.num_rows else None
            if first is not None:
                days.append(first.date() if isinstance(first, datetime) else first)
    return min(days) if days else None


def _common(was: pa.Table, now: pa.Table) -> int:
    """Return how many rows at the beginning are the same in both."""
    size = min(was.num_rows, now.num_rows)
    for name in was.column_names:
        one, other = (table[name].slice(0, size) for table in (was, now))
        if not one.equals(other):
            equal = pc.fill_null(pc.equal(one, other), fill_value=False)
            both = pc.or_(equal, pc.and_(pc.is_null(one), pc.is_null(other)))
            found: npt.NDArray[Any] = both.to_numpy()
            size = int(found.argmin()) if not found.all() else size
    return int(size)


def _apart(was: pa.Table, now: pa.Table) -> list[pa.Table]:
    """Return the rows of each that the other has not."""
    import duckdb  # noqa: PLC0415 - help does not pay for DuckDB

    with duckdb.connect(":memory:") as con:
        con.register("was", was)
        con.register("now_", now)
        pairs = (("was", "now_"), ("now_", "was"))
        return [con.sql(f"SELECT * FROM {a} EXCEPT ALL SELECT * FROM {b}").to_arrow_table() for a, b in pairs]
