"""Whether a chain is as it should be: a pure judgement over how it stood when it was last looked at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

STALL = timedelta(minutes=10)
STALL_BLOCKS = 30
"""A head that stands still for longer than either is no pause between two blocks."""

OK = "ok"


class Health(NamedTuple):
    """One word for people and monitors, and a sentence where it is not ok."""

    state: str
    why: str | None = None

    @property
    def red(self) -> bool:
        return self.state not in (OK, "not followed")


def health(head: Mapping[str, Any] | None, block_ms: int | None, at: datetime) -> Health:
    """Return how a chain is by its row of ``heads`` at the wall clock *at*.

    States: ok, not followed, halted (it contradicts what was final), failing (nobody served the last look),
    stalled (its head stands still), silent (the follower has not looked for too long: it may have died).
    """
    if head is None or not (head["following"] or head["halted"]):
        return Health("not followed")
    if head["halted"]:
        return Health("halted", head["halted"])
    limit = max(STALL, STALL_BLOCKS * timedelta(milliseconds=block_ms or 0))
    unseen, still = at - head["seen_at"], at - head["advanced_at"]
    if unseen > limit:
        return Health(
            "silent", f"its follower has not looked at it for {_long(unseen)}: see whether it still runs"
        )
    if still <= limit:
        return Health(OK)
    if head["trouble"]:
        return Health("failing", head["trouble"])
    return Health("stalled", f"its head has stood still for {_long(still)}: see what another endpoint says")


def _long(time: timedelta) -> str:
    minutes = int(time.total_seconds()) // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
