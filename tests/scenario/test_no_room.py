"""A disk that takes no more, a home that may not be written: said with exit code 6, and gone on from later."""

from __future__ import annotations

import ctypes
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from homes import Homes
from line_kit import CONFIG, differing, digests_of, recording
from sqlalchemy import Connection, event

from indexer.floor.errors import StoreUnusable
from indexer.floor.tables import MOMENTS
from indexer.serve.replay import Replay, serving
from indexer.store.book import Book

NAME = "stbt"
TOKENS = ("stbt", "wstbt")
STORE_UNUSABLE = 6


def rwa(
    home: Path, *arguments: str, first: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, which does *first* before anything else."""
    command = [sys.executable, "-m", "indexer", "--home", str(home), "--config", str(CONFIG), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=first)


@pytest.fixture(scope="module")
def whole(homes: Homes) -> Path:
    return homes.certified(NAME).home


def test_a_disk_that_is_full_stops_and_is_gone_on_from(tmp_path: Path, whole: Path) -> None:
    """Stopped at six sizes that a file may have, each with its remedy; with room again the tables are whole."""
    home = tmp_path / "home"
    stopped = 0
    with serving(Replay([recording(NAME)])) as url:
        for kilobytes in (4, 40, 150, 400, 700, 1_300):
            done = rwa(
                home, "--rpc", f"{NAME}={url}/{NAME}", "backfill", *TOKENS, first=partial(limit, kilobytes)
            )
            assert done.returncode in (0, STORE_UNUSABLE), done.stderr
            assert "Traceback" not in done.stderr
            if done.returncode:
                stopped += 1
                assert "run the same command again" in done.stderr
                assert "size of" in done.stderr
        assert stopped > 3
        done = rwa(home, "--rpc", f"{NAME}={url}/{NAME}", "backfill", *TOKENS)
        assert done.returncode == 0, done.stderr
    assert differing(digests_of(whole), digests_of(home)) == []


def limit(kilobytes: int) -> None:
    """No file of this process may become larger: a disk that is full for whoever is root too."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024, kilobytes * 1024))


def test_a_database_that_is_full_commits_nothing_of_a_transaction(tmp_path: Path) -> None:
    """SQLite's own "disk is full" within a transaction: nothing of it stays, and the sentence has the room."""
    book = Book(f"sqlite:///{tmp_path / 'rwa.db'}")

    @event.listens_for(book._engine, "begin")
    def small(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # what there is already stays

    at = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    row = {"chain_id": "c", "block_number": 1, "block_hash": "0x" + "ab" * 300, "block_time": at}
    rows = [{**row, "instant": at + timedelta(seconds=n)} for n in range(2_000)]
    with (
        pytest.raises(StoreUnusable, match=r"the disk is full \([\d,.]+ MiB free at .*\)"),
        book.commit() as commit,
    ):
        commit.put(MOMENTS, rows)
    assert book.rows(MOMENTS) == []
    book.close()


PR_CAPBSET_DROP = 24
DAC_OVERRIDE, DAC_READ_SEARCH = 1, 2


def bound() -> None:
    """Give up what lets root pass by permissions, for the program that is started next; others have no such right."""
    libc = ctypes.CDLL(None)
    for right in (DAC_OVERRIDE, DAC_READ_SEARCH):
        libc.prctl(PR_CAPBSET_DROP, right, 0, 0, 0)


@pytest.fixture
def sealed(tmp_path: Path, whole: Path) -> Iterator[Path]:
    """A filled home that nobody may write to, its owner included."""
    home = Path(shutil.copytree(whole, tmp_path / "home"))
    _seal(home, 0o555, 0o444)
    yield home
    _seal(home, 0o755, 0o644)


def _seal(home: Path, folder: int, file: int) -> None:
    for path in [home, *home.rglob("*")]:
        path.chmod(folder if path.is_dir() else file)


def contents(home: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in home.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "command", [("backfill", *TOKENS), ("metrics",), ("rebuild",), ("repair", "--store")]
)
def test_a_writer_is_refused_by_a_home_that_may_not_be_written(
    sealed: Path, command: tuple[str, ...]
) -> None:
    """Exit code 6, a sentence with the remedy, and not a byte changed."""
    before = contents(sealed)
    done = rwa(sealed, *command, first=bound)
    assert (done.returncode, done.stdout) == (STORE_UNUSABLE, ""), done.stderr
    assert "choose another --home" in done.stderr
    assert "Traceback" not in done.stderr
    assert contents(sealed) == before


def test_readers_read_a_home_that_may_not_be_written(sealed: Path) -> None:
    """Readers are never refused: status, show and query answer, and leave no file behind."""
    before = contents(sealed)
    for command in (("status",), ("show", "supply", "stbt"), ("query", "SELECT count(*) FROM logs")):
        done = rwa(sealed, *command, first=bound)
        assert done.returncode == 0, done.stderr
        assert done.stdout
    assert contents(sealed) == before


def test_a_home_in_a_folder_that_may_not_be_written_cannot_be_made(tmp_path: Path) -> None:
    """A fresh home that cannot be made is exit code 6, with the remedy."""
    tmp_path.chmod(0o555)
    try:
        done = rwa(tmp_path / "home", "backfill", *TOKENS, first=bound)
    finally:
        tmp_path.chmod(0o755)
    assert done.returncode == STORE_UNUSABLE, done.stderr
    assert "choose another --home" in done.stderr


def test_a_lake_that_may_not_be_written_stops_before_the_book(tmp_path: Path) -> None:
    """Only the lake refuses: exit code 6, and the database lists nothing that is not there."""
    home = tmp_path / "home"
    (home / "lake").mkdir(parents=True)
    (home / "lake").chmod(0o555)
    with serving(Replay([recording(NAME)])) as url:
        done = rwa(home, "--rpc", f"{NAME}={url}/{NAME}", "backfill", *TOKENS, first=bound)
        (home / "lake").chmod(0o755)
        assert done.returncode == STORE_UNUSABLE, done.stderr
        assert "choose another --home" in done.stderr
        assert rwa(home, "--rpc", f"{NAME}={url}/{NAME}", "backfill", *TOKENS).returncode == 0
