"""A home has one writer at a time, and any number of readers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from line_kit import settings_for
from store_kit import opened

from indexer.floor.errors import HomeBusy, StoreUnusable
from indexer.store.home import writing
from indexer.store.read import connect

HOLD = """
import sys, time
from pathlib import Path
from indexer.store.home import writing
with writing(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other(tmp_path: Path):
    """Another process that holds the home for writing."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_writer_is_refused_at_once(other: subprocess.Popen[str], tmp_path: Path) -> None:
    """While another process writes, a second one gets HomeBusy, whose exit code is 5."""
    assert other.poll() is None
    with pytest.raises(HomeBusy, match="Another rwa process is writing to") as refused, writing(tmp_path):
        pass
    assert refused.value.exit_code == 5


def test_readers_go_on_beside_a_writer(other: subprocess.Popen[str], tmp_path: Path) -> None:
    """A reader opens and reads the home that another process is writing to."""
    assert other.poll() is None
    book, _ = opened(tmp_path)
    book.close()
    con = connect(*settings_for(tmp_path, []))
    assert con.sql("SELECT count(*) FROM segments").fetchall() == [(0,)]
    con.close()


def test_a_killed_writer_leaves_no_lock(other: subprocess.Popen[str], tmp_path: Path) -> None:
    """After kill -9 the home is free again."""
    other.kill()
    other.wait()
    with writing(tmp_path):
        assert (tmp_path / "writer.lock").exists()


def test_a_home_is_free_after_its_writer(tmp_path: Path) -> None:
    """One writer after the other is no trouble."""
    for _ in range(2):
        with writing(tmp_path / "new"):
            pass


def test_a_home_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """A path below a file is StoreUnusable, with what was being done."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnusable, match="making the home"), writing(tmp_path / "file" / "home"):
        pass
