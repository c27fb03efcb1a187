"""Published figures that change are told; what was not published may change as it likes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from indexer.floor.tables import FLOWS_DAILY, SUPPLY_CHANGES, SUPPLY_DAILY, Table, arrow_schema
from indexer.sync.restating import LATE, cause_of, restated

AT = datetime(2026, 1, 9, tzinfo=UTC).replace(tzinfo=None)
PUBLISHED = datetime(2026, 1, 5, tzinfo=UTC).replace(tzinfo=None)


def rows(table: Table, *given: dict[str, Any]) -> pa.Table:
    """Return rows of *table*; what is not given is NULL, or an empty value where NULL is not allowed."""
    blank = {"text": "", "int": 0, "bool": False, "ratio": 0.0}
    usual = {c.name: None if c.nullable else blank.get(c.kind, Decimal(0)) for c in table.columns}
    usual |= {"token": "t", "chain_id": "eip155:1"}
    return pa.Table.from_pylist([usual | row for row in given], schema=arrow_schema(table))


def supply(day: int, units: int | None, published: datetime | None = PUBLISHED) -> dict[str, Any]:
    return {"day": date(2026, 1, day), "units": units, "published_at": published}


def told(table: Table, old: pa.Table, new: pa.Table) -> list[tuple[Any, ...]]:
    names = ("day", "column_name", "old_value", "new_value", "cause")
    return [tuple(row[n] for n in names) for row in restated(table, old, new, LATE, AT)]


def test_a_published_figure_that_changes_is_told() -> None:
    """The day, the column, both values as exact text and the cause."""
    old = rows(SUPPLY_DAILY, supply(1, 10**30), supply(2, 5))
    new = rows(SUPPLY_DAILY, supply(1, 10**30 + 1), supply(2, 5))
    assert told(SUPPLY_DAILY, old, new) == [(date(2026, 1, 1), "units", str(10**30), str(10**30 + 1), LATE)]


def test_what_was_not_published_changes_in_silence() -> None:
    """A provisional day is no statement yet, nor is a day that only the new rows have."""
    old = rows(SUPPLY_DAILY, supply(1, 5), supply(2, 5, None))
    new = rows(SUPPLY_DAILY, supply(1, 5), supply(2, 6), supply(3, 7))
    assert told(SUPPLY_DAILY, old, new) == []


def test_a_figure_that_becomes_unknown_is_told() -> None:
    """NULL in the place of a published number is a restatement too, and so is a row that is gone."""
    old = rows(SUPPLY_DAILY, supply(1, 5), supply(2, 5))
    new = rows(SUPPLY_DAILY, supply(1, None))
    assert [(row[0].day, *row[1:4]) for row in told(SUPPLY_DAILY, old, new)] == [
        (1, "units", "5", None), (2, "units", "5", None),
    ]  # fmt: skip


def test_a_flow_that_comes_late_is_told_with_what_names_it() -> None:
    """A flow of a published day that was not there before has no old value; its name has reason and evidence."""
    flow = {"day": date(2026, 1, 1), "effect": "mint", "reason": "issuance", "evidence": "event"}
    old = rows(FLOWS_DAILY, {**flow, "transfers": 1, "published_at": PUBLISHED})
    late = {**flow, "reason": "bridge_in", "transfers": 2, "published_at": PUBLISHED}
    new = rows(FLOWS_DAILY, {**flow, "transfers": 1, "published_at": PUBLISHED}, late)
    found = {name: (old, new) for _, name, old, new, _ in told(FLOWS_DAILY, old, new)}
    assert found["transfers (mint, bridge_in, event)"] == (None, "2")


def test_tables_without_days_are_not_restated() -> None:
    """Only daily figures are published."""
    empty = arrow_schema(SUPPLY_CHANGES).empty_table()
    assert restated(SUPPLY_CHANGES, empty, empty, LATE, AT) == []


def test_the_cause_is_the_code_before_the_configuration_before_the_rest() -> None:
    """What differs between two derivations says why; where nothing does the caller knows."""
    held = {"code_version": "1", "config_digest": "a"}
    assert cause_of(held, {"code_version": "2", "config_digest": "b"}, "repair") == "code"
    assert cause_of(held, {"code_version": "1", "config_digest": "b"}, "repair") == "config"
    assert cause_of(held, held, "repair") == "repair"
    assert cause_of(None, held, LATE) == LATE
