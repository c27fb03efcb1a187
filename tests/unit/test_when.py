from datetime import date, datetime

import pytest

from indexer.floor.errors import Usage
from indexer.floor.when import block_or_day, day, first_block, instant, last_block

TODAY = date(2025, 6, 30)


def test_digits_are_a_block():
    """A number is a block."""
    assert block_or_day("--from", "18000000") == 18000000


def test_a_date_is_a_day():
    """YYYY-MM-DD is a day."""
    assert block_or_day("--from", "2025-01-31") == date(2025, 1, 31)


@pytest.mark.parametrize("typed", ["yesterday", "-5", "1e6", "2025-02-30", "٣", "", "0x10"])
def test_what_is_neither_is_refused_with_what_was_typed(typed):
    """Anything else is refused, with the option and the value in the sentence."""
    with pytest.raises(Usage, match="--from") as caught:
        block_or_day("--from", typed)
    assert repr(typed) in str(caught.value)


@pytest.mark.parametrize("tag", ["finalized", "latest"])
def test_the_end_may_be_a_tag(tag):
    """--to takes the two tags besides blocks and days."""
    assert last_block(tag) == tag


def test_another_tag_is_refused():
    """--to pending is no end of a backfill."""
    with pytest.raises(Usage, match="finalized"):
        last_block("pending")


def test_since_counts_days_back():
    """--since 90d starts ninety days before today, 2w two weeks."""
    assert first_block("90d", None, TODAY) == date(2025, 4, 1)
    assert first_block("2w", None, TODAY) == date(2025, 6, 16)


def test_nothing_typed_is_the_start():
    """Without --from and --since a backfill starts at the deployment."""
    assert first_block(None, None, TODAY) is None


def test_since_and_from_contradict():
    """Both at once are refused."""
    with pytest.raises(Usage, match="contradict"):
        first_block("90d", "5", TODAY)


@pytest.mark.parametrize("since", ["90", "d", "3m", "99999999d", "9" * 5000 + "d", "٣d"])
def test_a_duration_needs_its_unit(since):
    """A bare number, an unknown unit and a span longer than the calendar are refused."""
    with pytest.raises(Usage, match="--since"):
        first_block(since, None, TODAY)


def test_a_time_with_a_zone_becomes_utc():
    """A time is turned into UTC and carries no zone."""
    assert instant("2025-01-31T16:00+02:00") == datetime(2025, 1, 31, 14, 0)  # noqa: DTZ001 - UTC without a zone


@pytest.mark.parametrize("typed", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_that_utc_has_not_is_refused(typed):
    """A zone that leads out of the calendar is no time."""
    with pytest.raises(Usage, match="is not known"):
        instant(typed)


def test_a_time_without_a_zone_is_utc():
    """A time that names no zone is UTC already."""
    assert instant("2025-01-31T16:00") == datetime(2025, 1, 31, 16, 0)  # noqa: DTZ001 - UTC without a zone


def test_a_time_that_is_none_is_refused():
    """What is no block, day or time is refused."""
    with pytest.raises(Usage, match="--at"):
        instant("noon")


def test_a_day_option_takes_no_block():
    """--from of `rwa show` speaks of days only."""
    with pytest.raises(Usage, match="no day"):
        day("--from", "18000000")
