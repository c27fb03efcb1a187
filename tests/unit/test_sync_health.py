"""What `rwa status` says of a chain that is followed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from indexer.sync.health import health

NOW = datetime(2026, 1, 9, tzinfo=UTC).replace(tzinfo=None)
LONG = NOW - timedelta(hours=3)


def head(**known: Any) -> dict[str, Any]:
    usual = {"halted": None, "trouble": None, "following": True, "advanced_at": NOW, "seen_at": NOW}
    return usual | known


@pytest.mark.parametrize(
    ("row", "state"),
    [
        (None, "not followed"),
        (head(following=False, advanced_at=LONG), "not followed"),
        (head(), "ok"),
        (head(trouble="node-1 did not answer."), "ok"),
        (head(trouble="node-1 did not answer.", advanced_at=LONG), "failing"),
        (head(advanced_at=LONG), "stalled"),
        (head(advanced_at=LONG, seen_at=LONG), "silent"),
        (head(following=False, halted="it forked."), "halted"),
    ],
)
def test_a_chain_is_what_its_last_look_says(row: dict[str, Any] | None, state: str) -> None:
    """Halted before silent before failing before stalled; a short pause is nothing."""
    found = health(row, 12_000, NOW)
    assert found.state == state
    assert (found.why is None) == (state in {"ok", "not followed"})
    assert found.red == (state not in {"ok", "not followed"})


@pytest.mark.parametrize(("block_ms", "state"), [(None, "stalled"), (12_000, "stalled"), (60_000, "ok")])
def test_slow_chains_may_take_longer(block_ms: int | None, state: str) -> None:
    """Eleven minutes without a block are a stall where blocks take seconds, and none where they take a minute."""
    assert health(head(advanced_at=NOW - timedelta(minutes=11)), block_ms, NOW).state == state
