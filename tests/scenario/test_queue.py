"""The redemption queue at any moment: the waits and ages of a plain count over the steps."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from line_kit import run, settings_for

from indexer.metrics.answers import Question, queue
from indexer.store.read import connect

DAY = 86_400
OPEN = {"requested", "changed", "approved", "claimable"}
Step = tuple[str, str, str, int | None, datetime]


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    home = tmp_path_factory.mktemp("queue") / "home"
    run(home, "tbill")
    return connect(*settings_for(home, []))


def counted(steps: list[Step], until: datetime, kind: str) -> dict[str, Any]:
    """Requests of one kind at *until*, counted one after the other."""
    requests: dict[str, list[Step]] = {}
    for step in steps:
        if step[0] == kind and step[4] <= until:
            requests.setdefault(step[1], []).append(step)
    waits = sorted(
        int((told[-1][4] - told[0][4]).total_seconds())
        for told in requests.values()
        if len(told) > 1 and told[-1][2] == "settled"
    )
    waiting = [told for told in requests.values() if told[-1][2] in OPEN]
    ages = [int((until - told[0][4]).total_seconds()) for told in waiting]
    units = [max(step[3] for step in told if step[3] is not None) for told in waiting]
    return {
        "requests": len(requests),
        "waits": len(waits),
        "p50_seconds": waits[-(-len(waits) * 50 // 100) - 1] if waits else None,
        "p95_seconds": waits[-(-len(waits) * 95 // 100) - 1] if waits else None,
        "open": len(ages),
        "open_under_1d": sum(age < DAY for age in ages),
        "open_1d_to_3d": sum(DAY <= age < 3 * DAY for age in ages),
        "open_3d_to_7d": sum(3 * DAY <= age < 7 * DAY for age in ages),
        "open_over_7d": sum(age >= 7 * DAY for age in ages),
        "oldest_open_seconds": max(ages, default=None),
        "open_amount": Decimal(sum(units)) / 10**6,
    }


def test_the_queue_is_that_of_a_plain_count(con: duckdb.DuckDBPyConnection) -> None:
    """At the close of every tenth day each kind has the counts, waits and ages of the steps so far."""
    steps: list[Step] = con.execute(
        "SELECT kind, coalesce(request_id, concat(tx_hash, ':', log_index)), phase, CAST(units AS HUGEINT), block_time"
        " FROM request_events ORDER BY block_number, log_index"
    ).fetchall()
    first, last = steps[0][4].date(), steps[-1][4].date() - timedelta(days=1)
    seen_open = 0
    for number in range(0, (last - first).days + 1, 10):
        at = first + timedelta(days=number)
        until = datetime.combine(at, datetime.min.time()) + timedelta(days=1, seconds=-1)
        rows = queue(con, Question(tokens=("tbill",), at=at)).to_pylist()
        assert {row["kind"] for row in rows} == {step[0] for step in steps if step[4] <= until}
        for row in rows:
            wanted = counted(steps, until, row["kind"])
            assert {name: row[name] for name in wanted} == wanted, (at, row["kind"])
            seen_open += row["open"]
    assert seen_open > 0


def test_the_age_is_that_at_the_moment_asked(con: duckdb.DuckDBPyConnection) -> None:
    """The same request is a day older a day later, as long as it waits."""
    requested = con.execute(
        "SELECT min(first_at) FROM requests WHERE kind = 'redemption' AND is_open"
    ).fetchall()[0][0]
    ages = [
        row["oldest_open_seconds"]
        for hours in (1, 25)
        for row in queue(con, Question(tokens=("tbill",), at=requested + timedelta(hours=hours))).to_pylist()
        if row["kind"] == "redemption"
    ]
    assert ages == [3_600, 25 * 3_600]


def test_a_token_without_requests_says_so(tmp_path: Path) -> None:
    """No queue is NULL with a reason, not an empty one."""
    run(tmp_path, "stbt", last=20)
    [row] = list(
        queue(
            connect(*settings_for(tmp_path, [])), Question(tokens=("stbt",), at=date(2023, 9, 6))
        ).to_pylist()
    )
    assert row["open"] is None
    assert row["why_null"]
