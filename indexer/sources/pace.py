"""How fast an endpoint is asked once it has refused a request for the rate."""

from __future__ import annotations

import asyncio
from collections import deque

from indexer.sources.profile import faster, slower

SEEN_SECONDS = 10.0
SEEN_REQUESTS = 200
CUT_APART = 1.0
"""Seconds between two cuts: requests that were under way together are refused together."""


class Pace:
    """Spaces requests out; free of any pace until the first refusal. *most* is the pace needing no bridle."""

    def __init__(self, most: float) -> None:
        self.rate: float | None = None
        self._most = most
        self._next = 0.0
        self._cut_at: float | None = None
        self._seen: deque[float] = deque(maxlen=SEEN_REQUESTS)

    async def turn(self) -> None:
        """Wait for the next request's turn."""
        now = _clock()
        at = now if self.rate is None else max(now, self._next)
        if self.rate is not None:
            self._next = at + 1 / self.rate
        self._seen.append(at)
        if at > now:
            await asyncio.sleep(at - now)

    def served(self) -> None:
        """Take note that a request was served: a little faster."""
        if self.rate is not None:
            self.rate = faster(self.rate, self._most)

    def refused(self) -> None:
        """Take note that a request came too soon: half as fast."""
        now = _clock()
        if self._cut_at is None or now - self._cut_at >= CUT_APART:
            self._cut_at = now
            self.rate = slower(self.rate, min(self._seen_rate(now), self._most))

    def _seen_rate(self, now: float) -> float:
        recent = [at for at in self._seen if now - at <= SEEN_SECONDS]
        return len(recent) / max(now - recent[0], 1.0) if recent else 1.0


def _clock() -> float:
    return asyncio.get_running_loop().time()
