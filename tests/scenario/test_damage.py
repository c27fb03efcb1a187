"""What is lost or damaged on disk: said in a sentence with exit code 6, mended by a command, the tables as before."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from homes import Filled, Homes
from line_kit import CONFIG, Quiet, differing, digests_of, recording, run, settings_for

from indexer.cli.main import main
from indexer.serve.replay import Replay, serving
from indexer.store.journal import KEPT
from indexer.store.journal import NAME as JOURNAL
from indexer.store.read import read_book
from indexer.sync.backfill import backfill
from indexer.sync.mending import repair_store
from indexer.sync.orders import Order
from indexer.sync.rebooking import Found

NAME = "stbt"


@pytest.fixture(scope="module")
def whole(homes: Homes) -> Filled:
    """A home that was filled and certified, and the digests of its tables."""
    return homes.certified(NAME)


@pytest.fixture
def home(whole: Filled, tmp_path: Path) -> Path:
    """A copy of that home, to be damaged."""
    return whole.copy(tmp_path / "home")


def rwa(home: Path, *arguments: str) -> int:
    return main(["--home", str(home), "--config", str(CONFIG), *arguments])


def repair(home: Path) -> list[Found]:
    return repair_store(*settings_for(home, []), Quiet())


def file_of(home: Path, table: str) -> Path:
    return min((home / "lake" / table).rglob("*.parquet"))


def flip(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[len(body) // 3] ^= 4
    path.write_bytes(body)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def lose(path: Path) -> None:
    path.unlink()


def blank(path: Path) -> None:
    path.write_bytes(b"")


DAMAGES = pytest.mark.parametrize("damage", [flip, cut, lose, blank])
DATABASE = "rwa.db"


def scribble(path: Path) -> None:
    """Overwrite the middle of every third page but the first: pages that no database could have written."""
    body = bytearray(path.read_bytes())
    for at in range(2 * PAGE, len(body), 3 * PAGE):
        body[at : at + PAGE] = bytes([at // PAGE % 251]) * PAGE
    path.write_bytes(body)


def behead(path: Path) -> None:
    path.write_bytes(b"no database at all" + path.read_bytes()[18:])


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 // PAGE * PAGE])


PAGE = 4096


def kept(home: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of the book that nothing else tells, whole: with wall clocks and names of endpoints."""
    book = read_book(home, f"sqlite:///{home / DATABASE}")
    return {table.name: sorted(book[table.name].to_pylist(), key=repr) for table in KEPT}


def lose_database(home: Path) -> None:
    for file in home.glob(f"{DATABASE}*"):
        file.unlink()


def test_a_sound_home_is_left_as_it_is(home: Path, whole: Filled) -> None:
    """Nothing is found, nothing is changed."""
    before = read_book(home, f"sqlite:///{home / DATABASE}")["files"]
    assert {found.state for found in repair(home)} == {"ok"}
    assert read_book(home, f"sqlite:///{home / DATABASE}")["files"].equals(before)
    assert differing(whole.digests, digests_of(home)) == []


def test_a_fresh_folder_has_nothing_to_repair(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is neither database nor lake, that is said, and nothing is made."""
    assert rwa(tmp_path / "home", "repair", "--store") == 2
    assert "nothing to repair" in capsys.readouterr().err
    assert not (tmp_path / "home" / DATABASE).exists()


def test_a_lost_database_is_made_again(home: Path, whole: Filled, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command says so; after the repair every table and row is as before, and nothing is fetched again."""
    book = kept(home)
    lose_database(home)
    for command in ("status", "backfill", "verify"):
        assert rwa(home, command) == 6
        assert "rwa repair --store" in capsys.readouterr().err
    assert not (home / DATABASE).exists()
    assert rwa(home, "repair", "--store") == 0
    assert kept(home) == book
    assert differing(whole.digests, digests_of(home)) == []
    assert asked_for_logs(home) == 0
    assert differing(whole.digests, digests_of(home)) == []


def asked_for_logs(home: Path) -> int:
    """Backfill *home* from its recording; return how often logs were asked for."""
    replay = Replay([recording(NAME)])
    with serving(replay) as url:
        settings, registry = settings_for(home, [f"{NAME}={url}/{NAME}"])
        tokens = tuple(t for t in registry.tokens.values() if any(d.chain == NAME for d in t.deployments))
        backfill(settings, registry, Order(tokens, chains=(NAME,)), Quiet())
    return replay.counts(NAME)["method"].get("eth_getLogs", 0)


@pytest.mark.parametrize("damage", [scribble, behead, halve, blank])
def test_a_damaged_database_is_set_aside_and_made_again(
    home: Path,
    whole: Filled,
    damage: Callable[[Path], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Readers and writers say so, the old file is kept under another name, and the tables are as before."""
    book = kept(home)
    damage(home / DATABASE)
    left = (home / DATABASE).read_bytes()
    for command in (("status",), ("backfill",)):
        if rwa(home, *command) != 0:
            assert "rwa repair --store" in capsys.readouterr().err
    assert rwa(home, "repair", "--store") == 0
    (aside,) = (file for file in home.glob(f"{DATABASE}.damaged-*") if file.name[-4:] not in ("-wal", "-shm"))
    assert aside.stat().st_size == len(left)
    assert kept(home) == book
    assert differing(whole.digests, digests_of(home)) == []


def test_a_log_of_another_database_does_not_stay(home: Path, whole: Filled) -> None:
    """A write-ahead log that is left without its database is set aside with it, not played into the new one."""
    (home / DATABASE).unlink()
    (home / f"{DATABASE}-wal").write_bytes(b"left" * 5_000)
    repair(home)
    assert differing(whole.digests, digests_of(home)) == []
    assert "-wal" in {file.name[-4:] for file in home.glob(f"{DATABASE}.damaged-*")}


@pytest.mark.parametrize("damage", [flip, cut, lose])
def test_without_its_journal_raw_files_tell_what_they_are(
    home: Path, whole: Filled, damage: Callable[[Path], None]
) -> None:
    """With database and journal both lost, the spans that have logs are known, and a backfill fetches the others."""
    damage(home / "lake" / JOURNAL)
    lose_database(home)
    found = {one.subject: one for one in repair(home)}
    if damage is not cut:
        assert found["journal"].state == "damaged"
    rows = read_book(home, f"sqlite:///{home / DATABASE}")["segments"].to_pylist()
    assert sum(row["logs"] for row in rows) > 0
    asked_for_logs(home)
    run(home, NAME, verify=True)
    assert differing(whole.digests, digests_of(home)) == []


def test_imports_and_certificates_are_not_lost_with_the_database(home: Path, tmp_path: Path) -> None:
    """What only files and old states tell is in the lake's journal too: every row and clock comes back."""
    labels = tmp_path / "labels.csv"
    labels.write_text(f"chain,address,label,source\n{NAME},0x{'11' * 20},Alice,me\n")
    assert rwa(home, "import", "labels", str(labels)) == 0
    book = kept(home)
    assert all(book[name] for name in ("labels", "certificates", "publications", "segments"))
    lose_database(home)
    repair(home)
    assert kept(home) == book


def test_the_database_that_was_lost_is_refused_afterwards(home: Path, tmp_path: Path) -> None:
    """Once the lake has a new database, the old one, found again, does not get to delete its files."""
    old = tmp_path / "found" / DATABASE
    old.parent.mkdir()
    (home / DATABASE).rename(old)
    repair(home)
    assert (
        main(["--home", str(home), "--config", str(CONFIG), "--database", f"sqlite:///{old}", "metrics"]) == 2
    )


def test_a_lake_that_lost_its_name_gets_it_back(home: Path, whole: Filled) -> None:
    """The mark that binds a lake to its database is written again where the listed files are there."""
    (home / "lake" / "database-id").unlink()
    assert rwa(home, "metrics") == 2
    assert "mended" in {one.state for one in repair(home)}
    assert rwa(home, "metrics") == 0
    assert differing(whole.digests, digests_of(home)) == []


@DAMAGES
def test_damaged_tables_are_made_again(
    home: Path,
    whole: Filled,
    damage: Callable[[Path], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A derived file that is not what was written is exit code 6 with its name; the repair derives it again."""
    for table in ("transfers", "supply_daily", "holders_daily", "product_daily", "bridge_legs"):
        for path in (home / "lake" / table).rglob("*.parquet"):
            damage(path)
    assert rwa(home, "show", "supply", "stbt") == 6
    said = capsys.readouterr().err
    assert "The file " in said
    assert "rwa repair --store" in said
    assert rwa(home, "repair", "--store") == 0
    assert differing(whole.digests, digests_of(home)) == []


def test_a_cell_that_is_another_is_noticed(home: Path, whole: Filled) -> None:
    """SQLite keeps no checksum of a cell; against its journal the database has another row, and is made again."""
    book = kept(home)
    with closing(sqlite3.connect(home / DATABASE)) as con, con:
        con.execute("UPDATE segments SET last = last + 1 WHERE rowid = (SELECT max(rowid) FROM segments)")
    (database, *_) = repair(home)
    assert database.state == "made again"
    assert "2 of segments" in database.detail
    assert kept(home) == book
    assert differing(whole.digests, digests_of(home)) == []


@pytest.mark.parametrize(
    ("table", "damage"), [("logs", flip), ("logs", lose), ("transactions", cut), ("transactions", lose)]
)
def test_a_damaged_raw_file_is_fetched_again(
    home: Path,
    whole: Filled,
    table: str,
    damage: Callable[[Path], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its span is a hole that `rwa status` shows, what was derived stands, and a backfill fetches just what is lost."""
    damage(file_of(home, table))
    assert rwa(home, "query", f"SELECT count(*) FROM {table}") == 6
    assert rwa(home, "rebuild") == 6
    assert capsys.readouterr().err.count("rwa repair --store") == 2
    found = repair(home)
    assert [one.next for one in found if one.state == "lost"]
    assert differing(whole.digests, digests_of(home)) in ([], [table], [table, "derivations"])
    capsys.readouterr()
    assert rwa(home, "status", "--json") == 0
    holes = {row["holes"] for row in json.loads(capsys.readouterr().out)}
    assert holes == ({1} if table == "logs" else {0})
    assert (asked_for_logs(home) > 0) == (table == "logs")
    assert differing(whole.digests, digests_of(home)) == []
    assert (damage is lose) != bool(list((home / "lake" / "damaged").rglob("*.parquet")))
