"""Yield in new units: what the event tells, what really moved, and what no event tells."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from ledger_kit import ALICE, BOB, LATE, OTHER, scene
from observed_kit import entries, entry, picked, say

from indexer.floor.tables import MAX_UNITS
from indexer.ledger.distributions import distributions
from indexer.ledger.told import Told
from indexer.ledger.values import ZERO

DAY = 1_700_006_400  # 2023-11-15
RATE, PRICE = 150_000_000_000_000, 10**18


def dividend(index: int, holder: str, shares: int, **args: object) -> Told:
    given = {"account": holder, "date": DAY, "rate": RATE, "price": PRICE, "shares": shares, **args}
    return say(5, index, "DividendDistributed", OTHER, tx=0, **given)


def paid(index: int, holder: str, units: int) -> dict[str, object]:
    return entry(5, index, (ZERO, holder), units, reason="distribution", tx=0)


def test_an_event_tells_day_rate_and_price() -> None:
    """The dividend's row is where its event is, with rate and price in units of one."""
    rows = distributions(scene(), [dividend(1, ALICE, 7)], entries(paid(0, ALICE, 7)))
    assert picked(rows, "contract", "log_index", "holder", "units", "evidence") == [
        (OTHER, 1, ALICE, 7, "event")
    ]
    (row,) = rows.to_pylist()
    assert row["accrual_date"] == date(2023, 11, 15)
    assert (row["rate"], row["price"]) == (Decimal("0.00015"), 1)
    assert (row["basis_units"], row["why_null"]) == (None, "the event tells no basis")


def test_a_burn_takes_no_more_than_there_is() -> None:
    """A negative rate: the event tells the whole, the ledger what was taken, both below zero."""
    taken = entry(5, 0, (ALICE, ZERO), 4, reason="distribution", tx=0)
    rows = distributions(scene(), [dividend(1, ALICE, 9, rate=-RATE)], entries(taken))
    assert picked(rows, "told_units", "units") == [(-9, -4)]
    assert rows["rate"].to_pylist() == [Decimal("-0.00015")]


def test_the_fifth_version_tells_its_basis_and_sign() -> None:
    """isNegativeYield turns a rate without a sign; the basis is the event's."""
    event = dividend(1, ALICE, 9, isNegativeYield=True, dividendBasis=1_000)
    taken = entry(5, 0, (ALICE, ZERO), 9, reason="distribution", tx=0)
    rows = distributions(scene(), [event], entries(taken))
    assert picked(rows, "basis_units", "units", "why_null") == [(1_000, -9, None)]
    assert rows["rate"].to_pylist() == [Decimal("-0.00015")]


def test_a_dividend_that_moved_nothing_has_no_units() -> None:
    """Where no entry stands behind an event nothing moved: units are 0, not the told ones."""
    rows = distributions(scene(), [dividend(1, ALICE, 0), dividend(3, BOB, 5)], entries(paid(2, BOB, 5)))
    assert picked(rows, "holder", "units") == [(ALICE, 0), (BOB, 5)]


def test_each_entry_stands_behind_one_event() -> None:
    """Two days paid to one holder in one transaction keep their own amounts."""
    rows = distributions(
        scene(),
        [dividend(2, ALICE, 0), dividend(3, ALICE, 6), dividend(4, ALICE, 7)],
        entries(paid(0, ALICE, 7), paid(1, ALICE, 6)),
    )
    assert picked(rows, "log_index", "units") == [(2, 0), (3, 6), (4, 7)]


def test_a_pattern_has_its_basis_from_the_ledger() -> None:
    """Where no event tells, day, rate and price are NULL with the reason; the basis is what the holder had."""
    transfers = entries(
        entry(1, 0, (ZERO, ALICE), 100, reason="issuance"),
        entry(2, 0, (ALICE, BOB), 40, reason="transfer"),
        paid(0, ALICE, 3),
    )
    rows = distributions(scene(), [], transfers)
    assert picked(rows, "holder", "basis_units", "units", "evidence", "accrual_date", "rate", "price") == [
        (ALICE, 60, 3, "pattern", None, None, None)
    ]
    assert rows["why_null"].to_pylist() == ["no event tells the day, the rate and the price"]


def test_without_the_start_no_basis_is_known() -> None:
    """A run that does not hold the token's start does not know what a holder had."""
    rows = distributions(scene(run=LATE), [], entries(paid(0, ALICE, 3)))
    assert picked(rows, "basis_units", "units") == [(None, 3)]


@pytest.mark.parametrize(("told", "units"), [(10**30, 10**30), (MAX_UNITS, MAX_UNITS), (2**256 - 1, None)])
def test_large_figures(told: int, units: int | None) -> None:
    """Units up to 38 digits are exact; what is larger is NULL, never rounded."""
    rows = distributions(scene(), [dividend(1, ALICE, told)], entries())
    assert picked(rows, "told_units") == [(units,)]
    assert ("told_units cannot be held" in rows["why_null"][0].as_py()) == (units is None)


@pytest.mark.parametrize("instant", [2**256 - 1, 10**15])
def test_an_instant_beyond_the_calendar_is_null(instant: int) -> None:
    """A log may tell any number as its date."""
    rows = distributions(scene(), [dividend(1, ALICE, 1, date=instant)], entries())
    assert rows["accrual_date"].to_pylist() == [None]
