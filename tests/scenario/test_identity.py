"""However the blocks were fetched, the tables are the same."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest
from homes import Homes
from line_kit import RECORDINGS, config_with_all_contracts, differing, digests_of, run, settings_for

from indexer.serve.misbehave import Faults
from indexer.store.read import read_book
from indexer.sync.coverage import Task

SEED = 20_261_124


@pytest.fixture(scope="module")
def plain_runs(homes: Homes) -> dict[str, dict[str, str]]:
    """The digests of an unbroken run against a well-behaved endpoint."""
    return {name: homes.plain(name).digests for name in ("ustb", "stbt")}


@pytest.mark.parametrize("name", ["ustb", "stbt"])
@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(Faults(range_cap=1), id="range cap 1"),
        pytest.param(Faults(range_cap=7), id="range cap 7"),
        pytest.param(Faults(range_cap=500), id="range cap 500"),
        pytest.param(Faults(result_cap=50), id="result cap 50 over one block"),
        pytest.param(Faults(error_rate=0.2, range_cap=40, seed=SEED), id="20 % of requests fail"),
        pytest.param(Faults(rate_limit=25, range_cap=20), id="rate limit"),
        pytest.param(Faults(no_block_timestamp=True, no_batch=True), id="no timestamps, no batches"),
    ],
)
def test_limits_and_failures_leave_the_tables_as_they_are(
    name: str, faults: Faults, plain_runs: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    """A cap, failing requests and a rate limit change how rows are fetched, not the rows."""
    assert run(tmp_path, name, faults).open_spans == ()
    assert differing(plain_runs[name], digests_of(tmp_path)) == []


def _reversed(tasks: list[Task]) -> list[Task]:
    return tasks[::-1]


def _shuffled(tasks: list[Task]) -> list[Task]:
    return random.Random(SEED).sample(tasks, len(tasks))


@pytest.mark.parametrize("arrange", [_reversed, _shuffled])
def test_the_order_of_requests_leaves_the_tables_as_they_are(
    arrange: object, plain_runs: dict[str, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spans may come in any order, each committed on its own."""
    monkeypatch.setattr("indexer.sync.rounds.SHARE", 1)
    monkeypatch.setattr("indexer.sources.standing.FIRST_SPAN", 9)
    monkeypatch.setattr("indexer.sync.writer.FLUSH_SECONDS", 0.0)
    assert run(tmp_path, "stbt", arrange=arrange).open_spans == ()  # type: ignore[arg-type]
    assert differing(plain_runs["stbt"], digests_of(tmp_path)) == []


def test_an_address_cap_leaves_the_tables_as_they_are(tmp_path: Path) -> None:
    """A filter of many contracts is cut to the two that an endpoint takes."""
    file = json.loads(gzip.decompress((RECORDINGS / "ustb.json.gz").read_bytes()))
    config = config_with_all_contracts(tmp_path / "config", "ustb", [a.lower() for a in file["contracts"]])
    run(tmp_path / "free", "ustb", config=config)
    run(tmp_path / "capped", "ustb", Faults(address_cap=2, range_cap=100), config=config)
    free, capped = (digests_of(tmp_path / home, config) for home in ("free", "capped"))
    assert differing(free, capped) == []
    settings, _ = settings_for(tmp_path / "capped", [], config)
    asked = read_book(settings.home, settings.database)["filters"]["body"].to_pylist()
    assert max(len(json.loads(body)) for body in asked) == 2


def test_only_blocks_that_no_endpoint_serves_stay_open(tmp_path: Path) -> None:
    """A result cap that binds single blocks leaves those open, named, and fetches the rest."""
    outcome = run(tmp_path, "ustb", Faults(result_cap=100, result_cap_one_block=True))
    file = json.loads(gzip.decompress((RECORDINGS / "ustb.json.gz").read_bytes()))
    token = file["tokens"]["USTB"]["address"].lower()
    per_block: dict[int, int] = {}
    for log in file["logs"]:
        if log["address"].lower() == token:
            per_block[int(log["blockNumber"], 16)] = per_block.get(int(log["blockNumber"], 16), 0) + 1
    crowded = sorted(block for block, logs in per_block.items() if logs > 100)
    assert crowded
    assert len(outcome.open_spans) == len(crowded)
    for block, sentence in zip(crowded, sorted(outcome.open_spans, key=_block), strict=True):
        assert f"block {block} stays open" in sentence
    assert outcome.results[0].frontier_block == crowded[0] - 1


def _block(sentence: str) -> int:
    return int(sentence.split("block ")[1].split(" ", maxsplit=1)[0])


def test_a_window_and_then_the_rest_give_the_same_tables(
    plain_runs: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    """A backfill up to a block, resumed later, ends where an unbroken one does."""
    run(tmp_path, "ustb", last=200)
    assert run(tmp_path, "ustb").open_spans == ()
    same = {name: d for name, d in plain_runs["ustb"].items() if name != "publications"}
    assert differing(same, digests_of(tmp_path)) == []
