"""Endpoints that leave out logs: what is lost is found by audits and certificates, and comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from line_kit import CONFIG, Quiet, differing, digests_of, recording, settings_for

from indexer.cli.audit import judge
from indexer.cli.main import main
from indexer.floor.errors import Mismatch
from indexer.floor.tables import AUDITS, ENDPOINTS, arrow_schema
from indexer.serve.misbehave import Faults
from indexer.serve.replay import Replay, serving
from indexer.store.read import connect
from indexer.sync.audit import Audited, AuditOrder, audit, plan_audit
from indexer.sync.backfill import backfill, deployments_of
from indexer.sync.follow import Followed, one_round
from indexer.sync.orders import Order, Outcome
from indexer.sync.repair import repair
from indexer.sync.session import Session, asking, session, take_on

NAME = "ustb"
TOKEN = "ustb"
TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"


def lost_log(*, minted: bool = False) -> tuple[int, int]:
    """Return block and place of a transfer in the middle of the recording, or of a mint."""
    address = settings_for(Path("nowhere"), [])[1].tokens[TOKEN].deployments[0].address
    logs = [log for log in recording(NAME).logs if log.topics[:1] == (TRANSFER,) and log.address == address]
    logs = [log for log in logs if (int(log.topics[1], 16) == 0) == minted and log.topics[1] != log.topics[2]]
    log = logs[len(logs) // 2]
    return log.block, log.log_index


@contextmanager
def endpoints(*faults: Faults) -> Iterator[str]:
    """Serve the recording from as many endpoints as there are *faults*; give what --rpc takes."""
    with ExitStack() as stack:
        urls = [stack.enter_context(serving(Replay([recording(NAME)], f))) for f in faults]
        yield f"{NAME}=" + ",".join(f"{url}/{NAME}" for url in urls)


def fill(
    home: Path, rpc: str, *, verify: bool = False, proof: str = "end_block"
) -> tuple[Outcome, list[str]]:
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


def apart(home: Path, clean: dict[str, str]) -> list[str]:
    """Return the tables that differ from those of a clean run, but for the memory of what was wrong."""
    return [
        name for name in differing(digests_of(home), clean) if name not in ("certificates", "restatements")
    ]


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """The tables of a run that nobody lied to."""
    home = tmp_path_factory.mktemp("clean")
    with endpoints(Faults()) as rpc:
        fill(home, rpc)
    return digests_of(home)


@pytest.mark.parametrize("level", ["agreed", "bloom", "receipts"])
def test_a_lost_log_is_found_and_put_right(tmp_path, clean, level):
    """A liar served the home, an honest endpoint shows what is lost, and the tables become those of a clean run."""
    liar = Faults(drop_logs=frozenset({lost_log()}))
    with endpoints(liar) as rpc:
        fill(tmp_path, rpc)
    assert apart(tmp_path, clean)
    with endpoints(liar, Faults()) as rpc:
        found = audited(tmp_path, rpc, level=level).rows.to_pylist()
        assert [row["added"] for row in found if row["verdict"] == "failed"] == [1]
        made = repaired(tmp_path, rpc)
    assert [row["verdict"] for row in made.rows.to_pylist()] == ["repaired"]
    assert apart(tmp_path, clean) == []
    assert [row["verdict"] for row in table(tmp_path, "certificates")] == ["pass"]


def test_a_higher_proof_while_fetching_leaves_nothing_out(tmp_path, clean):
    """With --proof bloom a backfill from a liar and an honest endpoint gives the tables of a clean run at once."""
    with endpoints(Faults(drop_logs=0.02), Faults()) as rpc:
        fill(tmp_path, rpc, proof="bloom")
    assert apart(tmp_path, clean) == []
    assert {row["proof"] for row in table(tmp_path, "segments")} == {"bloom"}


@pytest.fixture(scope="module")
def certified_clean(tmp_path_factory):
    """The tables of a run that nobody lied to, with its certificate."""
    home = tmp_path_factory.mktemp("certified")
    with endpoints(Faults()) as rpc:
        fill(home, rpc, verify=True)
    return digests_of(home)


def test_a_red_certificate_mends_itself(tmp_path, certified_clean):
    """The contract's old state leads to the block, its receipts give the log back, and the certificate passes."""
    block, place = lost_log(minted=True)
    with endpoints(Faults(drop_logs=frozenset({(block, place)}))) as rpc:
        outcome, notes = fill(tmp_path, rpc, verify=True)
    assert [result.verdict for result in outcome.results] == ["pass"]
    assert any(f"blocks {block}..{block} were repaired: 1 logs added" in note for note in notes), notes
    assert apart(tmp_path, certified_clean) == []


def test_a_red_certificate_mends_itself_without_old_state(tmp_path, certified_clean):
    """Where no node keeps old state, another endpoint's answer leads to what is missing."""
    liar = Faults(drop_logs=frozenset({lost_log()}), no_old_state=5, receipts_too=True)
    with endpoints(liar) as rpc:
        fill(tmp_path, rpc)
    with endpoints(liar, Faults(no_old_state=5)) as rpc:
        outcome, _ = fill(tmp_path, rpc, verify=True)
    assert [result.verdict for result in outcome.results] == ["pass"]
    assert apart(tmp_path, certified_clean) == []


def test_several_lost_logs_are_put_right_one_after_the_other(tmp_path, certified_clean):
    """A share of all logs that one endpoint lost comes back, as far as another has them."""
    with endpoints(Faults(drop_logs=0.01, seed=3), Faults()) as rpc:
        outcome, _ = fill(tmp_path, rpc, verify=True)
    assert [result.verdict for result in outcome.results] == ["pass"]
    assert apart(tmp_path, certified_clean) == []


def test_without_an_honest_endpoint_the_certificate_stays_red(tmp_path):
    """A lone endpoint that lost a log everywhere leaves a red certificate whose reason says what to do."""
    with endpoints(Faults(drop_logs=frozenset({lost_log()}), receipts_too=True)) as rpc:
        outcome, _ = fill(tmp_path, rpc, verify=True)
    assert outcome.mismatch
    (certificate,) = table(tmp_path, "certificates")
    assert certificate["verdict"] == "fail"
    assert "could not be mended" in certificate["reason"]
    assert f"--rpc {NAME}=URL,URL" in certificate["reason"]
    assert {row["verdict"] for row in table(tmp_path, "audits")} <= {"pass", "unknown"}


def test_what_nobody_settles_is_a_named_hole(tmp_path, clean):
    """Two endpoints that lost different logs of one block agree on nothing: the span is held no more, until an honest
    third comes."""
    block, place = lost_log()
    others = [log.log_index for log in recording(NAME).logs if log.block == block and log.log_index != place]
    assert others, "the block holds another log"
    one = Faults(drop_logs=frozenset({(block, place)}), receipts_too=True)
    two = Faults(drop_logs=frozenset({(block, others[0])}), receipts_too=True)
    with endpoints(one, two) as rpc:
        outcome, _ = fill(tmp_path, rpc, proof="agreed")
        assert any("are a hole" in sentence for sentence in outcome.open_spans)
        again, _ = fill(tmp_path, rpc)
        assert any("are a hole" in sentence for sentence in again.open_spans)
    assert all(not s["first"] <= block <= s["last"] for s in table(tmp_path, "segments"))
    with endpoints(one, two, Faults()) as rpc:
        last, _ = fill(tmp_path, rpc)
    assert last.open_spans == ()
    assert apart(tmp_path, clean) == []


def test_what_is_proven_is_not_asked_again(tmp_path):
    """An audit that was made once makes no further request, and neither does a weaker one."""
    replay = Replay([recording(NAME)], Faults())
    with serving(replay) as url:
        rpc = f"{NAME}={url}/{NAME}"
        fill(tmp_path, rpc)
        audited(tmp_path, rpc, level="receipts")
        replay.reset(NAME)
        assert audited(tmp_path, rpc, level="receipts").rows.num_rows == 0
        assert audited(tmp_path, rpc, level="bloom").rows.num_rows == 0
        assert replay.counts(NAME)["method"] == {}
    assert {row["proof"] for row in table(tmp_path, "segments")} == {"receipts"}


def test_a_plan_asks_nobody(tmp_path):
    """What an audit costs is said without a request, and less once a part is proven."""
    with endpoints(Faults()) as rpc:
        fill(tmp_path, rpc)
        settings, registry = settings_for(tmp_path, [f"{NAME}=http://127.0.0.1:9/"])
        order = AuditOrder((registry.tokens[TOKEN],), level="bloom")
        before = sum(row["requests"] for row in plan_audit(settings, registry, order))
        audited(tmp_path, rpc, level="bloom", last=300)
    (row,) = plan_audit(settings, registry, order._replace(first=0, last=350))
    assert before == 9
    assert (row["first"], row["last"]) == (301, 350)


def command(home: Path, rpc: str, *words: str) -> int:
    return main(["--home", str(home), "--config", str(CONFIG), "--rpc", rpc, "-q", *words])


def test_the_exit_code_says_what_an_audit_found(tmp_path, capsys):
    """0 where all is proven, 3 where something failed, 4 where nobody could settle it; repaired it is 0 again."""
    with endpoints(Faults(drop_logs=frozenset({lost_log()}))) as rpc:
        fill(tmp_path, rpc)
        assert command(tmp_path, rpc, "audit", TOKEN) == 4
        capsys.readouterr()
        assert command(tmp_path, rpc, "audit", TOKEN, "--proof", "bloom", "--json") == 3
        (row,) = json.loads(capsys.readouterr().out)
        assert (row["verdict"], row["added"]) == ("failed", 1)
        assert command(tmp_path, rpc, "repair", TOKEN) == 0
        assert command(tmp_path, rpc, "audit", TOKEN, "--proof", "bloom") == 0
    assert {row["cause"] for row in table(tmp_path, "restatements")} == {"repair"}


def test_a_repair_that_leaves_a_certificate_red_is_a_mismatch():
    """Every failed span was put right and a figure is wrong all the same: exit code 3, with the sentence."""
    nothing = arrow_schema(AUDITS).empty_table()
    with pytest.raises(Mismatch, match="ustb on ethereum: the certificate says fail"):
        judge(Audited(nothing, (), ("ustb on ethereum: the certificate says fail.",)))
    judge(Audited(nothing, ()))


def test_a_file_that_is_not_what_its_name_says_fails(tmp_path):
    """A damaged file is found without a request, and its span is not believed."""
    with endpoints(Faults()) as rpc:
        fill(tmp_path, rpc)
        (listed,) = [row for row in table(tmp_path, "files") if row["table_name"] == "logs"]
        file = tmp_path / "lake" / listed["path"]
        body = bytearray(file.read_bytes())
        body[len(body) // 2] ^= 1
        file.write_bytes(body)
        found = audited(tmp_path, rpc, level="bloom").rows.to_pylist()
    assert [(row["level"], row["verdict"]) for row in found] == [("file", "failed")]
    assert "rwa repair --store" in found[0]["detail"]


def test_an_interrupted_audit_goes_on(tmp_path):
    """What was proved before an endpoint went away is not asked again, and the rest is said to be open."""
    with endpoints(Faults()) as rpc:
        fill(tmp_path, rpc)
        audited(tmp_path, rpc, level="receipts", last=249)
        rest = audited(tmp_path, rpc, level="receipts").rows.to_pylist()
    assert [(row["first"], row["verdict"]) for row in rest] == [(250, "pass")]
    assert {row["proof"] for row in table(tmp_path, "segments")} == {"receipts"}


def followed(home: Path, rpc: str, rounds: int) -> list[str]:
    """Make so many rounds of a follower; return its notes."""
    progress = Quiet()
    settings, registry = settings_for(home, [rpc])
    order = Order((registry.tokens[TOKEN],), chains=(NAME,), last="latest")

    async def go(work: Session) -> None:
        held = Followed(deployments_of(registry, order)[NAME])
        async with asking(work, registry.chains[NAME]) as evm:
            for _ in range(rounds):
                await one_round(work, evm, held, order)
            progress.notes.append(f"{len(work.book.rows(ENDPOINTS))} endpoints kept")

    with session(settings, registry, progress) as work:
        take_on(work, order.tokens)
        asyncio.run(go(work))
    return progress.notes


def test_a_follower_mends_a_red_certificate(tmp_path, certified_clean):
    """The first certificate of a follower that a liar served leads to the lost mint, and the tables are right."""
    with endpoints(Faults(drop_logs=frozenset({lost_log(minted=True)}))) as rpc:
        notes = followed(tmp_path, rpc, 1)
    assert any("1 logs added" in note for note in notes)
    assert notes[-1] == "1 endpoints kept"  # by then, not only at the end
    assert "supply_daily" not in apart(tmp_path, certified_clean)


def test_a_follower_leaves_a_hole_alone_for_a_while(tmp_path):
    """Blocks that nobody could settle are not asked again round after round, and stay a hole."""
    block, place = lost_log()
    other = next(
        log.log_index for log in recording(NAME).logs if log.block == block and log.log_index != place
    )
    replays = [
        Replay([recording(NAME)], Faults(drop_logs=frozenset({(block, lost)}), receipts_too=True))
        for lost in (place, other)
    ]
    with serving(replays[0]) as one, serving(replays[1]) as two:
        rpc = f"{NAME}={one}/{NAME},{two}/{NAME}"
        fill(tmp_path, rpc, proof="agreed")
        followed(tmp_path, rpc, 1)
        for replay in replays:
            replay.reset(NAME)
        followed(tmp_path, rpc, 3)
        asked = [replay.counts(NAME)["method"] for replay in replays]
    assert all("eth_getLogs" not in methods and "eth_getBlockReceipts" not in methods for methods in asked)
    assert all(not s["first"] <= block <= s["last"] for s in table(tmp_path, "segments"))
