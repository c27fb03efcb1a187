"""Business days: which days a market or a country is closed, and how many open days lie between two days."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches
from functools import lru_cache

from indexer.floor.errors import Usage

WEEKDAYS = "weekdays"
DEFAULT = "XSIF"
"""SIFMA's recommended closings of the market in US government securities, which most of these funds hold."""


class Business:
    """The business days of one calendar."""

    def __init__(self, name: str, closed: Iterable[date]) -> None:
        import numpy as np  # noqa: PLC0415 - help does not pay for numpy

        self.name = name
        self._calendar = np.busdaycalendar(holidays=np.array(sorted(closed), dtype="datetime64[D]"))
        self._between = lru_cache(maxsize=100_000)(self._count)

    def between(self, first: date, last: date) -> int:
        """Return how many business days *last* is after *first*; a closed day counts as the next open one."""
        return self._between(first, last)

    def _count(self, first: date, last: date) -> int:
        import numpy as np  # noqa: PLC0415 - help does not pay for numpy

        begin, end = (
            np.busday_offset(day.isoformat(), 0, roll="forward", busdaycal=self._calendar)
            for day in (first, last)
        )
        return int(np.busday_count(begin, end, busdaycal=self._calendar))


def business_days(name: str, first: date, last: date) -> Business:
    """Return the business days of calendar *name* for the years around *first*..*last*.

    *name* is ``weekdays``, or a market or country that the package holidays knows: XSIF, NYSE, ECB, US, CH, …
    """
    if name.lower() == WEEKDAYS:
        return Business(WEEKDAYS, ())
    import holidays  # noqa: PLC0415 - slow to load

    code = name.upper()
    years = range(first.year - 1, last.year + 2)
    if code in holidays.list_supported_financial():
        return Business(code, holidays.financial_holidays(code, years=years))
    if code in holidays.list_supported_countries():
        return Business(code, holidays.country_holidays(code, years=years))
    known = [WEEKDAYS, *holidays.list_supported_financial(), *holidays.list_supported_countries()]
    close = get_close_matches(code, known, n=3)
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    raise Usage(
        f"--calendar {name!r} is not known.{hint} Give {WEEKDAYS}, a market such as XSIF (US government securities), "
        "NYSE or ECB, or a country such as US or CH."
    )
