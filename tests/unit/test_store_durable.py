"""The order of a commit: a file's bytes, its name, its folder, the journal, and only then the database."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from store_kit import opened, piece

from indexer.floor.errors import StoreUnusable
from indexer.store import durable
from indexer.store.book import Book
from indexer.store.durable import append, write_whole
from indexer.store.journal import Journal
from indexer.store.trouble import store_errors
from indexer.sync.writer import LogWriter


class Recorder:
    """Writes down each sync, rename and COMMIT of this process, with what it was of."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.steps: list[tuple[str, str]] = []
        self._fsync, self._replace = os.fsync, Path.replace

    def fsync(self, number: int) -> None:
        self._fsync(number)
        self.steps.append(("sync", self._shown(Path(f"/proc/self/fd/{number}").readlink())))

    def replace(self, source: Path, target: Path) -> Path:
        made = self._replace(source, target)
        self.steps.append(("name", self._shown(target)))
        return made

    def commit(self, _connection: object) -> None:
        self.steps.append(("commit", ""))

    def _shown(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    made = Recorder(tmp_path)
    monkeypatch.setattr(os, "fsync", made.fsync)

    def replace(source: Path, target: Path) -> Path:
        return made.replace(source, target)

    monkeypatch.setattr(Path, "replace", replace)
    event.listen(Engine, "commit", made.commit)
    yield made
    event.remove(Engine, "commit", made.commit)


def test_a_commit_comes_after_everything_that_it_rests_on(tmp_path: Path, recorder: Recorder) -> None:
    """Bytes, name, folders (also those just made), journal, COMMIT: each is on disk before the next begins."""
    book, lake = opened(tmp_path)
    assert lake.folder is not None
    book.keep(Journal(lake.folder))
    recorder.steps.clear()
    writer = LogWriter(book, lake)
    writer.add(piece(0, 9, 1))
    writer.flush()
    book.close()
    (path,) = (file for file, _ in lake.paths() if file.endswith(".parquet"))
    folder = Path(f"lake/{path}").parent
    kinds = [(kind, what.removesuffix(".part")) for kind, what in recorder.steps]
    assert (kinds[0][0], kinds[1]) == ("sync", ("name", f"lake/{path}"))
    assert Path(path).name in kinds[0][1]
    assert kinds[2:] == [
        ("sync", folder.as_posix()),
        ("sync", folder.parent.as_posix()),
        ("sync", "lake"),
        ("sync", "lake/journal.jsonl"),
        ("commit", ""),
    ]


def test_a_journal_that_begins_is_whole_before_it_has_its_name(tmp_path: Path, recorder: Recorder) -> None:
    """Its first line is synced, then named, then the folder, and then the database knows of it."""
    book, lake = opened(tmp_path)
    assert lake.folder is not None
    recorder.steps.clear()
    book.keep(Journal(lake.folder))
    book.close()
    kinds = [kind for kind, _ in recorder.steps]
    assert kinds == ["sync", "name", "sync", "sync", "commit"]
    assert recorder.steps[1] == ("name", "lake/journal.jsonl")


def test_sqlite_syncs_every_commit(tmp_path: Path) -> None:
    """A write-ahead log with synchronous=FULL: a COMMIT that returned is on disk."""
    book = Book(f"sqlite:///{tmp_path / 'rwa.db'}")
    with book._engine.connect() as connection:
        told = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("synchronous", "journal_mode")
        ]
    book.close()
    assert told == [2, "wal"]


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk the half-written file is taken away, so that it does not take the room of the next try."""

    def full(_number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(tmp_path / "file", b"body")
    assert list(tmp_path.iterdir()) == []


def test_a_line_that_fails_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be added whole is not added: the file ends where it did."""
    (tmp_path / "file").write_bytes(b"before")

    def full(_number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(durable.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        append(tmp_path / "file", b"after")
    assert (tmp_path / "file").read_bytes() == b"before"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, r"the disk is full \([\d,.]+ MiB free at .*\); free some space"),
        (errno.EDQUOT, "the disk quota is used up"),
        (errno.EROFS, "choose another --home"),
        (errno.EACCES, "choose another --home"),
        (errno.EFBIG, "ulimit -f"),
        (errno.EIO, "rwa repair --store"),
    ],
)
def test_each_refusal_of_the_disk_says_what_to_do(tmp_path: Path, number: int, words: str) -> None:
    """The sentence has what was being done, what is wrong, and the remedy."""
    with (
        pytest.raises(StoreUnusable, match=f"While writing x: .*{words}"),
        store_errors("writing x", tmp_path),
    ):
        raise OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("database or disk is full", "the disk is full"),
        ("disk I/O error", "whether a limit on the size of files is set"),
        ("attempt to write a readonly database", "cannot be written"),
        ("database disk image is malformed", "rwa repair --store"),
    ],
)
def test_each_refusal_of_sqlite_says_what_to_do(said: str, words: str) -> None:
    """What SQLite says, and SQLAlchemy passes on, becomes the same sentences."""
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415 - only here

    with pytest.raises(StoreUnusable, match=words), store_errors("committing"):
        raise OperationalError("", None, sqlite3.OperationalError(said))
