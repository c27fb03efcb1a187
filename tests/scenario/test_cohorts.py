"""Cohorts of holders: a plain walk over the balances of days gives the same."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from line_kit import run, settings_for

from indexer.floor.errors import Usage
from indexer.metrics.answers import Question, cohorts
from indexer.store.read import connect

NOT_HOLDERS = {"issuer_float", "burner", "bridge_locker", "redeem_wallet", "escrow", "wrapper"}


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    home = tmp_path_factory.mktemp("cohorts") / "home"
    run(home, "tbill")
    return connect(*settings_for(home, []))


def walked(con: duckdb.DuckDBPyConnection, last: date) -> dict[tuple[date, date], tuple[int, int]]:
    """Entered and retained by cohort and month, holder by holder and month by month."""
    roles = con.execute("SELECT address, role FROM address_roles WHERE token = 'tbill'").fetchall()
    others = {address for address, role in roles if role in NOT_HOLDERS} | {"0x" + "0" * 40}
    days: dict[str, list[tuple[date, int]]] = defaultdict(list)
    for holder, day, units in con.execute(
        "SELECT holder, day, units FROM balance_days ORDER BY day"
    ).fetchall():
        if holder not in others and day <= last:
            days[holder].append((day, int(units)))
    found: dict[tuple[date, date], tuple[int, int]] = {}
    for told in days.values():
        first = next((day for day, units in told if units > 0), None)
        month = first and first.replace(day=1)
        while month is not None and month <= last:
            following = (month + timedelta(days=32)).replace(day=1)
            close = min(following - timedelta(days=1), last)
            held = [units for day, units in told if day <= close][-1:]
            entered, retained = found.get((first.replace(day=1), month), (0, 0))
            found[first.replace(day=1), month] = (entered + 1, retained + (bool(held) and held[0] > 0))
            month = following
    return found


@pytest.mark.parametrize("at", [None, date(2024, 6, 30), date(2024, 7, 15)])
def test_cohorts_are_those_of_a_plain_walk(con: duckdb.DuckDBPyConnection, at: date | None) -> None:
    """Now, at a month's end and in its middle, every cohort has as many holders as a plain walk finds."""
    rows = cohorts(con, Question(tokens=("tbill",), at=at)).to_pylist()
    wanted = walked(con, rows[-1]["as_of_day"])
    assert {(r["cohort"], r["month"]): (r["entered"], r["retained"]) for r in rows} == wanted
    assert at is None or rows[-1]["as_of_day"] == at
    assert all(r["entered"] == r["retained"] + r["exited"] for r in rows)
    assert len(rows) > 2


def test_a_block_is_no_month(con: duckdb.DuckDBPyConnection) -> None:
    """A block or a time is refused with what to ask instead."""
    with pytest.raises(Usage, match="told by month"):
        cohorts(con, Question(tokens=("tbill",), at=100))


def test_nobody_is_said(tmp_path: Path) -> None:
    """A token that nobody has held yet has a row that says so."""
    run(tmp_path, "stbt", last=2)
    rows = cohorts(connect(*settings_for(tmp_path, [])), Question(tokens=("stbt",))).to_pylist()
    assert all(row["entered"] is None and row["why_null"] for row in rows)
