"""How the limits of an endpoint move with what it answers."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from indexer.sources.pace import Pace
from indexer.sources.profile import (
    LONGEST_SPAN,
    OLD,
    SLOWEST,
    Learned,
    believed,
    faster,
    narrower,
    next_span,
    slower,
    wider,
)

NOW = datetime(2026, 1, 8, tzinfo=UTC).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("blocks", "logs", "seconds", "most", "span"),
    [
        (1_000, 0, 0.1, None, 1_501),
        (1_000, 0, 5.0, None, 1_000),
        (1_000, 0, 20.0, None, 500),
        (300, 0, 0.1, None, 1_000),
        (300, 0, 20.0, None, 150),
        (1_000, 5_000, 0.1, None, 1_000),
        (1_000, 5_000, 0.1, 20_000, 1_501),
        (1_000, 19_000, 0.1, 20_000, 500),
        (1, 0, 20.0, None, 1),
    ],
)
def test_a_span_aims_at_a_few_seconds_and_half_of_the_results(blocks, logs, seconds, most, span):
    """A brisk full answer with few logs asks for more, a slow one or one near the cap for half."""
    assert next_span(max(blocks, 1_000) if blocks > 1 else 1, blocks, logs, seconds, most) == span


def test_a_span_is_bounded():
    """However quick an endpoint, a request has an end."""
    assert next_span(LONGEST_SPAN, LONGEST_SPAN, 0, 0.1, None) == LONGEST_SPAN


def test_old_caps_are_forgotten():
    """A cap of a week ago says nothing of today; what is no cap stays."""
    row = Learned("a", 500, 20, batches=False, max_batch=1, state_depth=9, capped_at=NOW - OLD)
    assert believed(row, NOW) == Learned("a", None, None, batches=True, state_depth=9)
    assert believed(row, NOW - timedelta(seconds=1)) == row


def test_a_window_opens_by_one_a_round_and_halves():
    """Requests under way grow by one for each round that was served, and halve after a refusal."""
    window = 4.0
    for _ in range(4):
        window = wider(window, 12)
    assert 4.9 < window < 5.0
    assert (wider(12.0, 12), narrower(5.0), narrower(1.0)) == (12.0, 2.5, 1.0)


def test_a_pace_halves_and_grows_until_it_needs_no_bridle():
    """After a refusal half of what was seen is kept; a full pace is no bridle."""
    assert (slower(None, 8.0), slower(3.0, 8.0), slower(0.1, 8.0)) == (4.0, 1.5, SLOWEST)
    assert faster(4.0, 10.0) == 4.125
    assert faster(9.99, 10.0) is None


def test_requests_keep_the_pace():
    """Once refused, requests go out one by one at the pace that is left; refusals together count once."""

    async def run():
        pace, times = Pace(10.0), []
        for _ in range(20):
            await pace.turn()
        pace.refused()
        pace.refused()
        rate = pace.rate
        for _ in range(3):
            await pace.turn()
            times.append(asyncio.get_running_loop().time())
        return rate, times[-1] - times[0]

    rate, took = asyncio.run(run())
    assert rate == 5.0
    assert took == pytest.approx(0.4, abs=0.1)
