"""Kills and power cuts: the program dies at a chosen step, and what it does after that never reaches the disk."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sim_loop import Clock

from indexer.store import durable
from indexer.store.book import Book, Commit
from indexer.store.lake import Lake


class Killed(SystemExit):
    """The process is no more. No `except Exception` of the program can hold it."""


class Dead(GeneratorExit):
    """What the dead meet at the store: Python lets go of a coroutine that ends with it, without a word."""


class Ended(SystemExit):
    """The process is told to end, and may put itself in order."""


class Mortal:
    """Counts the steps of a run and ends it at the one that was drawn; 0 is never.

    Steps of the event loop are counted apart from those of the store, which are few and matter more. At
    *until* on the *clock* it is told to end.
    """

    def __init__(
        self, at_await: int = 0, at_store: int = 0, clock: Clock | None = None, until: float | None = None
    ):
        self._left = {"await": at_await, "store": at_store}
        self._clock, self._until = clock, until
        self.died: str | None = None
        self.ended = False
        self.stores: list[Book | Lake] = []

    def passed(self, kind: str, where: str) -> None:
        """Die here, if it is time; a store never works for the dead."""
        if self.died is not None:
            if kind == "store":
                raise Dead
            return
        self._left[kind] -= 1
        if self._left[kind] == 0:
            self.died = where
            for store in self.stores:
                _bury(store)
            raise Killed(where)

    def on_await(self) -> None:
        self.passed("await", "await")
        over = self._until is not None and self._clock is not None and self._clock.now >= self._until
        if over and not self.ended and self.died is None:
            self.ended = True
            raise Ended


def _bury(store: Book | Lake) -> None:
    """Let *store* serve nobody any more, not even a coroutine that Python takes apart long after."""

    def dead(*_: Any, **__: Any) -> Any:
        raise Dead

    for name in ("commit", "rows", "keep", "write", "read", "delete", "mark", "paths"):
        if hasattr(store, name):
            setattr(store, name, dead)


class Disk:
    """What of a folder would survive a power cut: what was synced, and what a run found."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sizes: dict[int, int] = {}
        self._names: set[Path] = set()

    def starts(self) -> None:
        """Book what lies there as a run begins: it has been written back since."""
        found = [path for path in self._folder.rglob("*") if path.is_file()]
        self._names = set(found)
        self._sizes = {path.stat().st_ino: path.stat().st_size for path in found}

    def synced(self, fd: int) -> None:
        """Book that what *fd* is open on has been synced."""
        held = os.fstat(fd)
        self._sizes[held.st_ino] = held.st_size
        path = Path(f"/proc/self/fd/{fd}").readlink()
        if path.is_dir():
            self._names |= set(path.iterdir())

    def cut(self, draw: random.Random) -> int:
        """Lose what was not synced; return how many files that were."""
        lost = 0
        for path in sorted(self._folder.rglob("*")):
            if not path.is_file():
                continue
            held = path.stat()
            synced = self._sizes.get(held.st_ino, 0)
            if synced < held.st_size:
                with path.open("r+b") as file:
                    file.truncate(draw.randint(synced, held.st_size - 1))
                lost += 1
            if path not in self._names:
                path.unlink()
                lost += 1
        return lost


@contextmanager
def mortal(steps: Mortal, disk: Disk, kills: Counter[str]) -> Iterator[None]:
    """Let *steps* see every step of the store within the block, and end the block quietly where it dies."""
    disk.starts()
    write, delete, mark, commit = Lake.write, Lake.delete, Lake.mark, Book.commit
    rename, fsync = durable.rename, os.fsync
    opened = Book.__init__, Lake.__init__

    def born(init: Callable[..., None]) -> Callable[..., None]:
        def run(store: Any, *args: Any) -> None:
            steps.stores.append(store)
            init(store, *args)

        return run

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

    Book.__init__, Lake.__init__ = map(born, opened)  # type: ignore[method-assign]
    Lake.write = before("write", write)  # type: ignore[method-assign]
    Lake.delete = before("delete", delete)  # type: ignore[method-assign]
    Lake.mark = before("mark", mark)  # type: ignore[method-assign]
    Book.commit = committing  # type: ignore[method-assign,assignment]
    durable.rename = before("rename", rename)
    os.fsync = synced  # type: ignore[assignment]
    try:
        yield
    except Killed:
        kills[str(steps.died)] += 1
    except (Dead, Ended):
        kills[str(steps.died)] += steps.died is not None
    finally:
        Book.__init__, Lake.__init__ = opened  # type: ignore[method-assign]
        Lake.write, Lake.delete, Lake.mark = write, delete, mark  # type: ignore[method-assign]
        Book.commit, durable.rename, os.fsync = commit, rename, fsync  # type: ignore[method-assign]
