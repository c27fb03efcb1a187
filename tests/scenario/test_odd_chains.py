"""Chains and homes that are not as they should be: what was good stays, what is not known says so."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from line_kit import digests_of
from own_chain import (
    BLOCK_SECONDS,
    FIRST_SECOND,
    TRANSFER,
    ZERO,
    Home,
    Named,
    account,
    block_hash,
    header,
    home_of,
    log,
    word,
    write_config,
    write_recording,
)

from indexer.cli.main import main
from indexer.serve.misbehave import Faults
from indexer.serve.recording import Recording
from indexer.serve.replay import Replay, serving
from indexer.store.home import writing

CHAIN, NUMBER = "odd", 900_099
SOUND, UNSOUND = account(0xA1), account(0xA2)
ALICE, BOB = account(1), account(2)
BLOCKS = 60


def _transfer(
    block: int, index: int, token: str, sender: str, receiver: str, amount: int
) -> dict[str, object]:
    topics = [TRANSFER, word(sender), word(receiver)]
    return log(block, index, token, topics, f"0x{amount:064x}")


LOGS = [
    _transfer(1, 0, SOUND, ZERO, ALICE, 100),
    _transfer(1, 1, UNSOUND, ZERO, ALICE, 100),
    _transfer(5, 0, UNSOUND, BOB, ALICE, 7),
    _transfer(40, 0, SOUND, ALICE, BOB, 30),
    _transfer(55, 0, SOUND, ZERO, BOB, 5),
]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(
        tmp_path / "config", CHAIN, NUMBER, [Named("sound", SOUND), Named("unsound", UNSOUND)]
    )


def _recorded(path: Path, logs: list[dict[str, object]] = LOGS) -> Recording:
    path.parent.mkdir(exist_ok=True)
    return Recording(write_recording(path, NUMBER, [header(n) for n in range(BLOCKS + 1)], logs))


def _filled(folder: Path, config: Path, recording: Recording, final_lag: int = 0, **order: object) -> Home:
    with serving(Replay([recording], final_lag=final_lag)) as url:
        home = home_of(folder, config, f"{CHAIN}={url}")
        outcome = home.backfill(**{"verify": False, **order})
    assert outcome.open_spans == ()
    return home


def test_a_token_that_goes_below_zero_is_null_and_others_are_exact(tmp_path: Path, config: Path) -> None:
    """An address that sends what it never had makes that token's stocks NULL with the reason, no other's."""
    home = _filled(tmp_path / "home", config, _recorded(tmp_path / "odd.json"))
    odd = home.rows("SELECT DISTINCT supply, why_null FROM supply_daily WHERE token = 'unsound'")
    assert [row["supply"] for row in odd] == [None]
    assert "a log may be missing" in odd[0]["why_null"]
    assert home.values("SELECT count(*) FROM transfers WHERE token = 'unsound'") == [2]
    assert home.values(
        "SELECT supply_raw FROM supply_changes WHERE token = 'sound' ORDER BY block_number"
    ) == [100, 105]
    assert home.values("SELECT balance IS NULL FROM balances WHERE token = 'sound'") == [False, False]
    products = home.rows(
        "SELECT product, max(supply * 1000000000000000000) AS raw FROM product_daily GROUP BY 1 ORDER BY 1"
    )
    assert [(row["product"], row["raw"]) for row in products] == [("sound", 105), ("unsound", None)]
    unpublished = "coverage = 'full' AND published_at IS NULL"
    for table in ("supply_daily", "holders_daily", "product_daily"):
        assert home.values(f"SELECT count(*) FROM {table} WHERE {unpublished}") == [0]


def test_a_reorganised_tip_is_fetched_again(tmp_path: Path, config: Path) -> None:
    """Blocks that were not final when fetched are asked for again; what the chain dropped goes."""
    fork = 50
    replaced = [*LOGS[:-1], _transfer(55, 0, SOUND, ZERO, BOB, 9)]
    after = _recorded(tmp_path / "after" / "odd.json", replaced)
    text = (tmp_path / "after" / "odd.json").read_text()
    for number in range(fork, BLOCKS + 1):
        text = text.replace(block_hash(number), "0xf04c" + block_hash(number)[6:])
    (tmp_path / "after" / "odd.json").write_text(text)
    after = Recording(tmp_path / "after" / "odd.json")
    home = _filled(tmp_path / "home", config, _recorded(tmp_path / "odd.json"), final_lag=20, last="latest")
    assert home.values("SELECT DISTINCT final FROM derivations") == [False]
    _filled(tmp_path / "home", config, after, final_lag=2, last="latest")
    _filled(tmp_path / "fresh", config, after, final_lag=2, last="latest")
    mended, fresh = (digests_of(tmp_path / name, config) for name in ("home", "fresh"))
    assert mended.pop("publications") != fresh.pop("publications")  # two runs published, and one
    assert mended == fresh


def test_a_day_that_was_asked_for_is_whole(tmp_path: Path, config: Path) -> None:
    """`--to DAY` gives that day's close, though no block stands at its last second."""
    day = datetime.fromtimestamp(FIRST_SECOND + 30 * BLOCK_SECONDS, UTC).date()
    home = _filled(tmp_path / "home", config, _recorded(tmp_path / "odd.json"), last=day)
    last = home.rows("SELECT * FROM supply_daily WHERE token = 'sound' ORDER BY day")[-1]
    assert (last["day"], last["coverage"], last["units"]) == (day, "full", 100)


def test_a_plan_reads_while_another_writes(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A plan is a reader: a writer does not refuse it, and it leaves nothing in the home."""
    with serving(Replay([_recorded(tmp_path / "odd.json")])) as url, writing(tmp_path / "home"):
        where = ["--home", str(tmp_path / "home"), "--config", str(config), "--rpc", f"{CHAIN}={url}"]
        assert main([*where, "plan", "sound", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["blocks"] == BLOCKS + 1
    assert not (tmp_path / "home" / "rwa.db").exists()


def test_a_damaged_file_is_named_and_mended(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A derived file that cannot be read exits 6 with what to do, and `rwa repair --store` makes it again."""
    home = _filled(tmp_path / "home", config, _recorded(tmp_path / "odd.json"))
    where = ["--home", str(tmp_path / "home"), "--config", str(config)]
    for file in (Path(home.settings.lake) / "transfers").rglob("*.parquet"):
        file.write_bytes(file.read_bytes()[:40])
    assert main([*where, "show", "transfers", "sound"]) == 6
    assert "rwa repair --store" in capsys.readouterr().err
    assert main([*where, "repair", "--store"]) == 0
    capsys.readouterr()
    assert main([*where, "show", "transfers", "sound", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 3


def test_two_databases_do_not_share_a_lake(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A lake belongs to one database: another would delete files that the first still lists."""
    recording = _recorded(tmp_path / "odd.json")
    home = _filled(tmp_path / "home", config, recording)
    with serving(Replay([recording])) as url:
        where = ["--home", str(tmp_path / "other"), "--lake", home.settings.lake, "--config", str(config)]
        assert main([*where, "--rpc", f"{CHAIN}={url}", "backfill", "sound"]) == 2
    assert "belongs to another database" in capsys.readouterr().err


def test_a_window_that_ends_before_it_begins_is_refused(tmp_path: Path, config: Path) -> None:
    """--from behind --to is the user's slip: exit 2, nothing asked."""
    where = ["--home", str(tmp_path / "home"), "--config", str(config)]
    assert main([*where, "backfill", "sound", "--from", "300", "--to", "200"]) == 2


def test_a_block_that_no_endpoint_serves_exits_4(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A limit that binds a single block leaves that span open and named; the rest is kept."""
    crowded = [_transfer(7, n, SOUND, ZERO, ALICE, 1) for n in range(20)]
    recording = _recorded(tmp_path / "odd.json", [*LOGS[:1], *crowded])
    with serving(Replay([recording], Faults(result_cap=10, result_cap_one_block=True))) as url:
        where = ["--home", str(tmp_path / "home"), "--config", str(config), "--rpc", f"{CHAIN}={url}"]
        assert main([*where, "backfill", "sound"]) == 4
    assert "block 7 stays open" in capsys.readouterr().err
