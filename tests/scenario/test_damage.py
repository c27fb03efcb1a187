"""What is lost or damaged on disk: said in a sentence with exit code 6, mended by a command, the tables as before."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from line_kit import CONFIG, Quiet, differing, digests_of, run, settings_for

from indexer.cli.main import main
from indexer.store.read import read_book
from indexer.sync.mending import repair_store
from indexer.sync.rebooking import Found

NAME = "stbt"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A home that was filled and certified, and the digests of its tables."""
    home = tmp_path_factory.mktemp("whole") / "home"
    run(home, NAME, verify=True)
    return home, digests_of(home)


@pytest.fixture
def home(whole: tuple[Path, dict[str, str]], tmp_path: Path) -> Path:
    """A copy of that home, to be damaged."""
    return Path(shutil.copytree(whole[0], tmp_path / "home"))


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


DAMAGES = pytest.mark.parametrize("damage", [flip, cut, lose])


def test_a_sound_home_is_left_as_it_is(home: Path, whole: tuple[Path, dict[str, str]]) -> None:
    """Nothing is found, nothing is changed."""
    before = read_book(home, f"sqlite:///{home / 'rwa.db'}")["files"]
    assert {found.state for found in repair(home)} == {"ok"}
    assert read_book(home, f"sqlite:///{home / 'rwa.db'}")["files"].equals(before)
    assert differing(whole[1], digests_of(home)) == []


def test_a_lost_database_is_made_again(
    home: Path, whole: tuple[Path, dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command says so; after the repair every table is as before, and a backfill has nothing to fetch."""
    for file in home.glob("rwa.db*"):
        file.unlink()
    for command in ("status", "backfill", "verify"):
        assert rwa(home, command) == 6
        assert "rwa repair --store" in capsys.readouterr().err
    assert not (home / "rwa.db").exists()
    assert rwa(home, "repair", "--store") == 0
    assert differing(whole[1], digests_of(home)) == []
    assert run(home, NAME, verify=True).requests < 20
    assert differing(whole[1], digests_of(home)) == []
