"""How an endpoint's measured limits move: spans, requests at a time, requests a second. Pure functions.

Every limit that was learnt can be unlearnt: a cap that a passing fault taught is tried again after it was
obeyed for a while, and forgotten when it is old.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

FIRST_SPAN = 10_000
"""Blocks of a log request where nothing is known: what most providers serve."""

LONGEST_SPAN = 1_000_000
USUAL_RESULTS = 10_000
"""Logs in an answer that most providers stop at; kept to half of it where an endpoint's own cap is unknown."""

BRISK, SLOW = 2.0, 10.0
"""Seconds: an answer that comes sooner may be larger, one that takes longer must be smaller."""

FIRST_WINDOW = 4.0
GUESS, TOLD = 25, 400
"""Full requests after which a cap is tried again: one that was guessed, one that the endpoint stated."""

MOST_PATIENT = 6_400
OLD = timedelta(days=7)
SLOWEST = 0.2


class Learned(NamedTuple):
    """What is remembered of an endpoint between runs, as the table ``endpoints`` has it; None: not met yet."""

    endpoint: str
    max_blocks: int | None
    max_addresses: int | None
    batches: bool
    max_results: int | None = None
    max_batch: int | None = None
    span: int | None = None
    in_flight: int | None = None
    max_rate: float | None = None
    lag: int | None = None
    logs_from: int | None = None
    logs_proved_at: datetime | None = None
    no_logs_at: int | None = None
    state_depth: int | None = None
    no_state_depth: int | None = None
    block_timestamp: bool | None = None
    finalized: bool | None = None
    capped_at: datetime | None = None
    last_good_at: datetime | None = None
    last_bad_at: datetime | None = None


def believed(row: Learned, now: datetime) -> Learned:
    """Return *row* without caps that are too old to be believed."""
    if row.capped_at is None or now - row.capped_at < OLD:
        return row
    return row._replace(
        max_blocks=None, max_addresses=None, max_results=None, max_batch=None, batches=True, capped_at=None
    )


def next_span(span: int, blocks: int, logs: int, seconds: float, max_results: int | None) -> int:
    """Return how many blocks to ask for next, after an answer of *logs* logs to *blocks* blocks.

    Aims at a few seconds an answer and at half of what an endpoint gives at once.
    """
    most = max_results or USUAL_RESULTS
    if seconds > SLOW or (max_results is not None and logs > most * 4 // 5):
        return max(1, min(span, blocks) // 2)
    if blocks * 10 >= span * 9 and seconds < BRISK and logs < most * 2 // 5:
        return min(span + span // 2 + 1, LONGEST_SPAN)
    return span


def patience_with(told: bool, known: int) -> int:
    """Return after how many full requests a cap is tried again; *known* is what the last trial left."""
    return max(known, TOLD if told else GUESS)


def wider(window: float, most: int) -> float:
    """Return how many requests may be under way after one was served: one more for each round of them."""
    return min(window + 1 / window, float(most))


def narrower(window: float) -> float:
    """Return how many requests may be under way after one was refused for its rate, or timed out."""
    return max(1.0, window / 2)


def faster(rate: float, most: float) -> float | None:
    """Return the pace after a request was served, a step a second up; None where it needs no bridle any more."""
    grown = rate + most / 20 / max(rate, 1.0)
    return None if grown >= most else grown


def slower(rate: float | None, seen: float) -> float:
    """Return the pace after a refusal for the rate: half of what was kept, or was seen."""
    return max(SLOWEST, min(rate if rate is not None else seen, seen) / 2)
