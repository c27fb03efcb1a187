"""Endpoints that leave out logs: what is lost is found by audits and certificates, and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from line_kit import CONFIG, Quiet, differing, digests_of, recording, run, settings_for

from indexer.floor.tables import AUDITS, SEGMENTS
from indexer.serve.misbehave import Faults
from indexer.serve.replay import Replay, serving
from indexer.store.read import connect
from indexer.sync.audit import AuditOrder, audit, plan_audit
from indexer.sync.backfill import backfill
from indexer.sync.orders import Order, Outcome
from indexer.sync.repair import repair

NAME = "ustb"
TOKEN = "ustb"


def lost_log() -> tuple[int, int]:
    """Return block and place of a transfer in the middle of the recording."""
    transfer = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    address = settings_for(Path("nowhere"), [])[1].tokens[TOKEN].deployments[0].address
    logs = [log for log in recording(NAME).logs if log.topics[:1] == (transfer,) and log.address == address]
    log = logs[len(logs) // 2]
    return log.block, log.log_index


@contextmanager
def endpoints(*faults: Faults) -> Iterator[str]:
    """Serve the recording from as many endpoints as there are *faults*; give what --rpc takes."""
    with ExitStack() as stack:
        urls = [stack.enter_context(serving(Replay([recording(NAME)], f))) for f in faults]
        yield f"{NAME}=" + ",".join(f"{url}/{NAME}" for url in urls)


def fill(home: Path, rpc: str, *, verify: bool = False, proof: str = "end_block") -> tuple[Outcome, list[str]]:
    progress = Quiet()
    settings, registry = settings_for(home, [rpc])
    tokens = (registry.tokens[TOKEN],)
    order = Order(tokens, chains=(NAME,), verify=verify, proof=proof)
    return backfill(settings, registry, order, progress), progress.notes


def audited(home: Path, rpc: str, **order):
    settings, registry = settings_for(home, [rpc])
    return audit(settings, registry, AuditOrder((registry.tokens[TOKEN],), **order), Quiet())


def repaired(home: Path, rpc: str):
    settings, registry = settings_for(home, [rpc])
    return repair(settings, registry, (registry.tokens[TOKEN],), None, Quiet())


def table(home: Path, name: str) -> list[dict]:
    settings, registry = settings_for(home, [])
    with connect(settings, registry) as con:
        return con.sql(f"SELECT * FROM {name}").to_arrow_table().to_pylist()


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """The tables of a run that nobody lied to."""
    home = tmp_path_factory.mktemp("clean")
    with endpoints(Faults()) as rpc:
        fill(home, rpc)
    return digests_of(home)


@pytest.mark.parametrize("level", ["agreed", "bloom", "receipts"])
def test_a_lost_log_is_found_and_put_right(tmp_path, clean, level):
    """An endpoint that drops a log served the home; an honest one shows it, and the tables become those of a clean run."""
    liar = Faults(drop_logs=frozenset({lost_log()}))
    with endpoints(liar) as rpc:
        fill(tmp_path, rpc)
    assert differing(digests_of(tmp_path), clean)
    with endpoints(liar, Faults()) as rpc:
        found = audited(tmp_path, rpc, level=level).rows.to_pylist()
        assert [row["added"] for row in found if row["verdict"] == "failed"] == [1]
        made = repaired(tmp_path, rpc)
    assert [row["verdict"] for row in made.rows.to_pylist()] == ["repaired"]
    assert differing(digests_of(tmp_path), clean) == []
