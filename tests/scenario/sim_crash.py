"""Kills and power cuts: the program dies at a chosen step, and what it does after that never reaches the disk."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from indexer.store import lake as lake_module
from indexer.store.book import Book, Commit
from indexer.store.lake import Lake


class Killed(SystemExit):
    """The process is no more. No `except Exception` of the program can hold it."""


class Mortal:
    """Counts the steps of a run and ends it at the one that was drawn; 0 is never.

    Steps of the event loop are counted apart from those of the store, which are few and matter more.
    """

    def __init__(self, at_await: int = 0, at_store: int = 0) -> None:
        self._left = {"await": at_await, "store": at_store}
        self.died: str | None = None

    def passed(self, kind: str, where: str) -> None:
        """Die here, if it is time; a store never works for the dead."""
        if self.died is not None:
            if kind == "store":
                raise Killed(self.died)
            return
        self._left[kind] -= 1
        if self._left[kind] == 0:
            self.died = where
            raise Killed(where)

    def on_await(self) -> None:
        self.passed("await", "await")


class Disk:
    """What of a folder would survive a power cut: files and names that were synced, and what a run found."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._whole: set[int] = set()
        self._names: set[Path] = set()

    def starts(self) -> None:
        """Book what lies there as a run begins: it has been written back since."""
        self._names |= {path for path in self._folder.rglob("*") if path.is_file()}
        self._whole |= {path.stat().st_ino for path in self._names if path.exists()}

    def synced(self, fd: int) -> None:
        """Book that what *fd* is open on has been synced."""
        self._whole.add(os.fstat(fd).st_ino)
        path = Path(f"/proc/self/fd/{fd}").readlink()
        if path.is_dir():
            self._names |= set(path.iterdir())

    def cut(self, draw: random.Random) -> int:
        """Lose what was not synced; return how many files that were."""
        lost = 0
        for path in sorted(self._folder.rglob("*")):
            if not path.is_file():
                continue
            if path.stat().st_ino not in self._whole:
                with path.open("r+b") as file:
                    file.truncate(draw.randint(0, path.stat().st_size // 2))
                lost += 1
            elif path not in self._names:
                path.unlink()
                lost += 1
        return lost


@contextmanager
def mortal(steps: Mortal, disk: Disk, kills: Counter[str]) -> Iterator[None]:
    """Let *steps* see every step of the store within the block, and end the block quietly where it dies."""
    disk.starts()
    write, delete, mark, commit = Lake.write, Lake.delete, Lake.mark, Book.commit
    rename, fsync = lake_module.rename, os.fsync

    def before(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **named: Any) -> Any:
            steps.passed("store", f"before {name}")
            done = real(*args, **named)
            steps.passed("store", f"after {name}")
            return done

        return run

    def synced(fd: int) -> None:
        steps.passed("store", "before fsync")
        fsync(fd)
        disk.synced(fd)

    @contextmanager
    def committing(book: Book) -> Iterator[Commit]:
        steps.passed("store", "before commit")
        with commit(book) as open_one:
            yield open_one
            steps.passed("store", "inside commit")
        steps.passed("store", "after commit")

    Lake.write = before("write", write)  # type: ignore[method-assign]
    Lake.delete = before("delete", delete)  # type: ignore[method-assign]
    Lake.mark = before("mark", mark)  # type: ignore[method-assign]
    Book.commit = committing  # type: ignore[method-assign,assignment]
    lake_module.rename = before("rename", rename)
    os.fsync = synced  # type: ignore[assignment]
    try:
        yield
    except Killed:
        kills[str(steps.died)] += 1
    finally:
        Lake.write, Lake.delete, Lake.mark = write, delete, mark  # type: ignore[method-assign]
        Book.commit, lake_module.rename, os.fsync = commit, rename, fsync  # type: ignore[method-assign]
