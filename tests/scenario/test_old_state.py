"""Endpoints that forget state, and tips that are dropped, under tokens whose rate is read."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from homes import Filled, Homes
from line_kit import CONFIG, RECORDINGS, Quiet, differing, digests_of, run, settings_for

from indexer.serve.misbehave import Faults
from indexer.serve.recording import Recording
from indexer.serve.replay import Replay, serving
from indexer.store.read import connect
from indexer.sync.backfill import backfill
from indexer.sync.orders import Order

DEPTH = 20
"""Blocks behind the head whose state the poor endpoint still has."""

LATER = 43_200
"""Seconds that the blocks of the other branch come later."""


class Silent(NamedTuple):
    """A token whose rate no log tells, from which block on, and a token of the same chain that needs no read."""

    token: str
    silent_from: int
    other: str


SILENT = {
    "backed": Silent("spyx", 0, "bib01"),
    "rusdy_audit2023": Silent("rusdy", 0, "usdy"),
    "rousg": Silent("rousg", 235, "ousg"),
}
Good = Callable[[str], Filled]


@pytest.fixture(scope="module")
def good(homes: Homes) -> Good:
    """Each file in a home of its own, from an endpoint with all state."""
    return homes.plain


@pytest.fixture(scope="module")
def poor(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The same from an endpoint that has the state of the last blocks alone; the last fact fills its gaps."""

    @cache
    def filled(name: str) -> Path:
        home = tmp_path_factory.mktemp(f"poor-{name}")
        run(home, name, Faults(no_old_state=DEPTH))
        return home

    return filled


def rows(home: Path, sql: str) -> list[tuple[Any, ...]]:
    settings, registry = settings_for(home, [])
    with connect(settings, registry) as con:
        return con.execute(sql).fetchall()


@pytest.mark.parametrize("name", SILENT)
def test_without_state_supply_is_null_and_never_wrong(
    name: str, good: Good, poor: Callable[[str], Path]
) -> None:
    """What is told without state is what all state tells; the rest is NULL with a reason; shares are known."""
    sql = (
        "SELECT effective_at, block_number, log_index, units, supply_raw, why_null, reads_used FROM supply_changes "
        f"WHERE token = '{SILENT[name].token}'"
    )
    known = {row[:3]: row for row in rows(good(name).home, sql)}
    found = rows(poor(name), sql)
    wrong = [row for row in found if row[4] is not None and row[:3] in known and row[4] != known[row[:3]][4]]
    assert wrong == []
    assert [row for row in found if row[3] is None or (row[4] is None) != (row[5] is not None)] == []
    assert [row for row in found if row[:3] in known and row[3] != known[row[:3]][3]] == []
    assert any(row[4] is None for row in found)
    early = [row for row in found if row[1] is not None and row[1] < SILENT[name].silent_from]
    assert [row for row in early if row[4] is None] == []


@pytest.mark.parametrize("name", SILENT)
def test_other_tokens_do_without_state(name: str, good: Good, poor: Callable[[str], Path]) -> None:
    """A token of the same chain whose figures need no read has every row it has with all state."""
    for table in ("transfers", "supply_changes", "supply_daily", "balance_days", "flows_daily"):
        columns = "* EXCLUDE (published_at)" if table.endswith("daily") else "*"
        sql = f"SELECT {columns} FROM {table} WHERE token = '{SILENT[name].other}' ORDER BY ALL"
        assert rows(poor(name), sql) == rows(good(name).home, sql), table


@pytest.mark.parametrize("name", SILENT)
def test_state_that_comes_later_fills_the_gaps(name: str, good: Good, poor: Callable[[str], Path]) -> None:
    """The next backfill, from an endpoint with all state, ends where that endpoint alone does."""
    missing = f"SELECT inputs_missing > 0 FROM derivations WHERE token = '{SILENT[name].token}'"
    assert rows(poor(name), missing) == [(True,)]
    run(poor(name), name)
    assert rows(poor(name), missing) == [(False,)]
    history = {"publications", "restatements"}  # what was said before, and is another history here
    whole = {table: digest for table, digest in good(name).digests.items() if table not in history}
    assert differing(whole, digests_of(poor(name))) == []


def _branch(raw: dict[str, Any], fork: int, token: str) -> str:
    """Return the recording with other blocks from *fork* on: later, and with another multiplier."""
    text = json.dumps(raw)
    for block in raw["blocks"]:
        if int(block["number"], 16) >= fork:
            text = text.replace(block["hash"], "0xf04c" + block["hash"][6:])
    other: dict[str, Any] = json.loads(text)
    for row, field in [
        *((b, "timestamp") for b in other["blocks"]),
        *((g, "blockTimestamp") for g in other["logs"]),
    ]:
        number = int(row["number" if field == "timestamp" else "blockNumber"], 16)
        if number >= fork:
            row[field] = hex(int(row[field], 16) + LATER)
    series = other["truth"]["per_block_changes"][token]["multiplier"]
    for change in series:
        if change[0] >= fork:
            change[1] = str(int(change[1]) + 10**9)
    return json.dumps(other)


def _tip(home: Path, path: Path, head: int, final_lag: int) -> None:
    """Backfill up to the newest block of the chain in the file *path*."""
    with serving(Replay([Recording(path)], head=head, final_lag=final_lag)) as url:
        settings, registry = settings_for(home, [f"backed={url}"], CONFIG)
        tokens = tuple(t for t in registry.tokens.values() if any(d.chain == "backed" for d in t.deployments))
        outcome = backfill(
            settings, registry, Order(tokens, chains=("backed",), verify=False, last="latest"), Quiet()
        )
    assert outcome.open_spans == ()


def test_reads_and_instants_of_a_dropped_tip_go(tmp_path: Path) -> None:
    """A multiplier, an instant and a transaction of blocks that the chain dropped are asked for again."""
    fork, head = 212, 240
    raw = json.loads(gzip.decompress((RECORDINGS / "backed.json.gz").read_bytes()))
    before, after = tmp_path / "before" / "backed.json", tmp_path / "after" / "backed.json"
    for path, text in ((before, json.dumps(raw)), (after, _branch(raw, fork, "SPYx"))):
        path.parent.mkdir()
        path.write_text(text)
    home, fresh = tmp_path / "home", tmp_path / "fresh"
    _tip(home, before, head - 15, 40)
    _tip(home, before, head, 40)
    dropped = set(rows(home, f"SELECT block_hash FROM reads WHERE block_number >= {fork}"))
    instants = set(rows(home, f"SELECT instant, block_hash FROM moments WHERE block_number >= {fork}"))
    assert dropped
    assert instants
    assert rows(home, f"SELECT count(*) FROM transactions WHERE block_number >= {fork}") != [(0,)]
    _tip(home, after, head, 2)
    _tip(fresh, after, head, 2)
    whole = {table: digest for table, digest in digests_of(fresh).items() if table != "publications"}
    assert differing(whole, digests_of(home)) == []
    assert not dropped & set(rows(home, "SELECT block_hash FROM reads"))
    assert not instants & set(rows(home, "SELECT instant, block_hash FROM moments"))
