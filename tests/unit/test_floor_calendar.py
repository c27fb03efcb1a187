"""Calendar rows."""

from datetime import date, datetime

from indexer.floor.calendar import utc_days


def test_days_follow_without_a_gap():
    """Each day ends where the next one starts, through a leap day."""
    rows = utc_days(date(2024, 2, 28), date(2024, 3, 1)).to_pylist()
    assert [row["day"] for row in rows] == [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)]
    assert [row["ends_at"] for row in rows[:-1]] == [row["starts_at"] for row in rows[1:]]
    assert rows[1]["starts_at"] == datetime.fromisoformat("2024-02-29")


def test_one_day_is_one_row():
    """First and last are both included."""
    assert utc_days(date(2024, 1, 1), date(2024, 1, 1)).num_rows == 1
