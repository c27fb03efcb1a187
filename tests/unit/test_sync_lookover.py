"""What `rwa doctor` sees of the store without reading it all."""

from __future__ import annotations

from pathlib import Path

import pytest
from line_kit import Quiet, settings_for
from store_kit import piece

from indexer.store.bookread import read_book
from indexer.sync.lookover import looked_at
from indexer.sync.session import session
from indexer.sync.writer import LogWriter


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with session(*settings_for(tmp_path, []), Quiet()) as work:
        writer = LogWriter(work.book, work.lake)
        writer.add(piece(0, 9, 1, 2))
        writer.flush()
    return tmp_path


def states(home: Path, book: dict[str, object] | None = None) -> dict[str, str]:
    settings, _ = settings_for(home, [])
    held = book or read_book(settings.home, settings.database)
    return {seen[1].rpartition("/")[2]: seen[2] for seen in looked_at(settings, held)}  # type: ignore[arg-type]


def test_a_sound_store_is_ok(home: Path) -> None:
    """Database, files and journal are each looked at, and each is well."""
    assert states(home) == {"rwa.db": "ok", "files": "ok", "journal": "ok"}


@pytest.mark.parametrize("keep", [None, 0, 100])
def test_a_file_that_is_gone_or_cut_off_is_seen(home: Path, keep: int | None) -> None:
    """By its end alone: no content is read."""
    file = next((home / "lake" / "logs").rglob("*.parquet"))
    if keep is None:
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:keep])
    assert states(home)["files"] == "fail"


def test_a_damaged_page_is_seen(home: Path) -> None:
    """SQLite's quick check finds a page that is none."""
    settings, _ = settings_for(home, [])
    book = read_book(settings.home, settings.database)
    body = bytearray((home / "rwa.db").read_bytes())
    body[4096 * 3 : 4096 * 9] = b"\xff" * 4096 * 6
    (home / "rwa.db").write_bytes(body)
    assert states(home, book)["rwa.db"] == "fail"  # type: ignore[arg-type]


def test_a_journal_that_does_not_know_the_last_commit_is_seen(home: Path) -> None:
    """Without its journal a database could not be made again."""
    (home / "lake" / "journal.jsonl").unlink()
    assert states(home)["journal"] == "warn"
