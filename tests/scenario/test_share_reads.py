"""STBT without transaction inputs: a pinned read where the configuration allows it, said as such."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from homes import Homes
from line_kit import CONFIG, RECORDINGS, Quiet, digests_of, recording, run, settings_for

from indexer.serve.misbehave import Faults
from indexer.serve.replay import Replay, serving
from indexer.store.read import connect
from indexer.sync.backfill import backfill
from indexer.sync.certify import verify
from indexer.sync.orders import Order


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return json.loads(gzip.decompress((RECORDINGS / "stbt.json.gz").read_bytes()))


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recordings' configuration, where STBT may read its total supply."""
    folder = tmp_path_factory.mktemp("reads") / "config"
    shutil.copytree(CONFIG, folder)
    file = folder / "platforms" / "matrixdock.toml"
    text = file.read_text()
    file.write_text(
        text.replace("  start      = 0\n", '  start      = 0\n  reads      = ["totalSupply"]\n', 1)
    )
    return folder


def _supply_at(truth: dict[str, Any], block: int) -> int:
    """The contract's total supply after *block*."""
    changes = truth["truth"]["per_block_changes"]["STBT"]["totalSupply"]
    return [int(value) for changed, value in changes if int(changed) <= block][-1]


def _frontier_after_an_unsolved_step(truth: dict[str, Any]) -> int:
    """The first sampled block behind a mint or burn that no later total tells, up to that block."""
    token = truth["tokens"]["STBT"]["address"].lower()
    told = "0x2de232542b5e46095f9201d87c29ba9afb81780177592a791c24967bd51529a7"
    shares = "0x9d9c909296d9c674451c0c24f02cb64981eb3b727f99865939192f880a755dcb"
    zero = "0x" + "0" * 64
    samples = sorted(int(sample["block"]) for sample in truth["truth"]["samples"])
    open_since = None
    seen_mint = False
    for log in truth["logs"]:
        block, topics = int(log["blockNumber"], 16), log["topics"]
        if open_since is not None and (later := [s for s in samples if open_since <= s < block]):
            return later[0]
        if log["address"].lower() != token:
            continue
        if topics[0] == told:
            open_since = None
        elif topics[0] == shares and zero in topics[1:]:
            open_since = (open_since or block) if seen_mint else None
            seen_mint = True
    raise AssertionError("the recording has no such block")


def test_reads_give_the_supply_that_inputs_would(truth: dict[str, Any], config: Path, tmp_path: Path) -> None:
    """Where no input is at hand and reads are allowed, the last supply of every block is the contract's."""
    run(tmp_path, "stbt", Faults(no_input=True), config=config)
    settings, registry = settings_for(tmp_path, [], config)
    with connect(settings, registry) as con:
        rows = con.execute(
            "SELECT block_number, arg_max(supply_raw, log_index) FROM supply_changes WHERE token = 'stbt' "
            "GROUP BY block_number"
        ).fetchall()
        reads = con.execute("SELECT count(*) FROM reads").fetchall()[0][0]
    assert [block for block, supply in rows if supply != _supply_at(truth, block)] == []
    assert reads > 0


def test_a_figure_that_rests_on_a_read_is_not_called_a_pass(
    truth: dict[str, Any], config: Path, tmp_path: Path
) -> None:
    """A supply compared with the read it was made from is `read`; its shares are certified."""
    head = _frontier_after_an_unsolved_step(truth)
    replay = Replay([recording("stbt")], Faults(no_input=True), head=head)
    with serving(replay) as url:
        settings, registry = settings_for(tmp_path, [f"stbt={url}"], config)
        backfill(settings, registry, Order((registry.tokens["stbt"],), verify=False), Quiet())
        row = verify(settings, registry, [registry.tokens["stbt"]], None, Quiet()).to_pylist()[0]
    assert row["verdict"] == "read"
    assert row["reads_used"] == 1
    assert row["units"] == row["contract_units"]
    assert row["holders_wrong"] == 0


def test_inputs_that_come_later_mend_the_figures(tmp_path: Path, homes: Homes) -> None:
    """A run against a poor endpoint, then one against a better, ends where the better alone does."""
    good = homes.plain("stbt").digests
    run(tmp_path, "stbt", Faults(no_input=True))
    assert digests_of(tmp_path)["supply_changes"] != good["supply_changes"]
    run(tmp_path, "stbt")
    assert digests_of(tmp_path) == good
