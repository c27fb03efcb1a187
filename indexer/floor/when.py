"""Blocks, days, times and durations as they are typed."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from indexer.floor.errors import Usage

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_DURATION = re.compile(r"([0-9]{1,9})([dw])")
_DAYS = {"d": 1, "w": 7}
_TAGS = ("finalized", "latest")
_MOST = 2**63
_TYPED = "a block such as 18000000, or a UTC day such as 2025-01-31"


def block_or_day(option: str, typed: str) -> int | date:
    """Return the block or the day that *typed* means."""
    if typed.isascii() and typed.isdecimal():
        if len(typed) > len(str(_MOST)) or int(typed) >= _MOST:
            raise Usage(f"{option} {typed} is past every block; give {_TYPED}.")
        return int(typed)
    if _DAY.fullmatch(typed):
        return _day(option, typed)
    raise Usage(f"{option} {typed!r} is neither a block nor a day; give {_TYPED}.")


def last_block(typed: str) -> int | date | str:
    """Return what --to means: a block, a day or a tag."""
    if typed in _TAGS:
        return typed
    try:
        return block_or_day("--to", typed)
    except Usage:
        raise Usage(f"--to {typed!r} is not known; give {_TYPED}, finalized, or latest.") from None


def first_block(since: str | None, first: str | None, today: date) -> int | date | None:
    """Return where a backfill starts: --from, or --since counted back from *today*; None is the start."""
    if since is not None and first is not None:
        raise Usage("--from and --since contradict each other; give one of them.")
    if first is not None:
        return block_or_day("--from", first)
    if since is None:
        return None
    match = _DURATION.fullmatch(since)
    if match is None:
        raise Usage(f"--since {since!r} is no duration; give days or weeks, such as 90d or 12w.")
    days = int(match[1]) * _DAYS[match[2]]
    if days >= today.toordinal():
        raise Usage(f"--since {since!r} reaches before the calendar; give fewer days, such as 90d.")
    return today - timedelta(days=days)


def day(option: str, typed: str | None) -> date | None:
    """Return the day that *typed* means, None where nothing was typed."""
    if typed is None:
        return None
    if not _DAY.fullmatch(typed):
        raise Usage(f"{option} {typed!r} is no day; give a UTC day such as 2025-01-31.")
    return _day(option, typed)


def instant(typed: str, option: str = "--at") -> int | date | datetime:
    """Return what *option* means: a block, a day, or a time (UTC where it names no zone) without a zone."""
    if (typed.isascii() and typed.isdecimal()) or _DAY.fullmatch(typed):
        return block_or_day(option, typed)
    try:
        at = datetime.fromisoformat(typed)
        return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
    except (ValueError, OverflowError):
        raise Usage(
            f"{option} {typed!r} is not known; give {_TYPED}, or a time such as 2025-01-31T16:00Z."
        ) from None


def _day(option: str, typed: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise Usage(f"{option} {typed!r} is not a day of the calendar; write it as YYYY-MM-DD.") from None
