"""A backfill in a process of its own that tells its parent when it has reached a point, and waits to be killed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from line_kit import Quiet, settings_for
from sqlalchemy import Engine, event

from indexer.floor.tables import READS
from indexer.sources import standing
from indexer.store import durable, journal, lake
from indexer.store.book import Book, Commit
from indexer.sync import backfill, inputs, mending, rounds, session, writer
from indexer.sync.moments import Moments
from indexer.sync.orders import Order

WAITS_FOR_KILL = 30.0


class Stop:
    """Counts how often the child passed its point; at the *after*-th time says so and waits (0: never)."""

    def __init__(self, after: int, parent: Connection) -> None:
        self._left = after
        self._parent = parent

    def passed(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._parent.send("reached")
            time.sleep(WAITS_FOR_KILL)


def _at_rename(stop: Stop) -> None:
    """A file has its name, and no manifest row yet."""
    named = lake.rename

    def rename(temporary: Path, target: Path) -> None:
        named(temporary, target)
        stop.passed()

    lake.rename = rename  # type: ignore[assignment]


def _at_instant(stop: Stop) -> None:
    """An instant has been found as a block and committed."""
    found = Moments.find_block

    async def find_block(self: Moments, *args: Any) -> Any:
        block = await found(self, *args)
        stop.passed()
        return block

    Moments.find_block = find_block  # type: ignore[method-assign]


def _at_reads(stop: Stop) -> None:
    """Reads have been committed, and nothing is derived from them yet."""
    added = inputs.add_rows

    def add_rows(*args: Any) -> None:
        added(*args)
        if READS in args:
            stop.passed()

    inputs.add_rows = add_rows


def _before(owner: Any, name: str) -> Callable[[Stop], None]:
    """A step that is about to be taken."""

    def arrange(stop: Stop) -> None:
        taken = getattr(owner, name)

        def step(*args: Any, **options: Any) -> Any:
            stop.passed()
            return taken(*args, **options)

        setattr(owner, name, step)

    return arrange


def _after(owner: Any, name: str) -> Callable[[Stop], None]:
    """A step that has just been taken."""

    def arrange(stop: Stop) -> None:
        taken = getattr(owner, name)

        def step(*args: Any, **options: Any) -> Any:
            got = taken(*args, **options)
            stop.passed()
            return got

        setattr(owner, name, step)

    return arrange


def _before_commit(stop: Stop) -> None:
    """All of a transaction is in the database, and its COMMIT is not."""
    event.listen(Engine, "commit", lambda _connection: stop.passed())


def _after_commit(stop: Stop) -> None:
    """A transaction is committed, and nobody knows yet."""
    done = Book.commit

    @contextmanager
    def commit(self: Book) -> Iterator[Commit]:
        with done(self) as open_one:
            yield open_one
        stop.passed()

    Book.commit = commit  # type: ignore[method-assign]


def _in_a_file(stop: Stop) -> None:
    """Half of a file is written under its temporary name."""
    whole = durable.write_whole

    def write_whole(target: Path, body: Any, *named: Any) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        half = target.with_name(f".{target.name}.0{durable.UNFINISHED}")
        half.write_bytes(bytes(body)[: len(body) // 2])
        stop.passed()
        whole(target, body, *named)

    durable.write_whole = journal.write_whole = write_whole  # type: ignore[assignment, attr-defined]


def _in_a_line(stop: Stop) -> None:
    """Half of a line of the journal is written."""
    added = journal.append  # type: ignore[attr-defined]

    def append(target: Path, body: bytes) -> None:
        with target.open("ab") as out:
            out.write(body[: len(body) // 2])
        stop.passed()
        added(target, body)

    journal.append = append  # type: ignore[attr-defined]


POINTS: dict[str, Callable[[Stop], None]] = {
    "rename": _at_rename,
    "instant": _at_instant,
    "reads": _at_reads,
    "half a file": _in_a_file,
    "before sync": _before(os, "fsync"),
    "after sync": _after(os, "fsync"),
    "before rename": _before(Path, "replace"),
    "after rename": _after(Path, "replace"),
    "half a line": _in_a_line,
    "after a line": _after(journal, "append"),
    "before commit": _before_commit,
    "after commit": _after_commit,
    "before delete": _before(lake.Lake, "delete"),
    "after delete": _after(lake.Lake, "delete"),
}
"""Where a child waits to be killed. A sync is that of a file, of a folder, or of the journal."""


def main(home: Path, name: str, url: str, stop_after: int, parent: Connection, point: str = "rename") -> None:
    """Backfill recording *name*; when *point* is passed the *stop_after*-th time (0: never) wait to be killed."""
    POINTS[point](Stop(stop_after, parent))
    session.KEEP_UNLISTED = timedelta(0)
    writer.FLUSH_SECONDS = 0.0
    rounds.SHARE, standing.FIRST_SPAN = 1, 10
    settings, registry = settings_for(home, [f"{name}={url}/{name}"])
    tokens = tuple(t for t in registry.tokens.values() if any(d.chain == name for d in t.deployments))
    parent.send("started")
    backfill.backfill(settings, registry, Order(tokens, chains=(name,)), Quiet())
    parent.send("done")


def mend(home: Path, name: str, stop_after: int, parent: Connection, point: str) -> None:
    """Repair the store of *home*; wait to be killed as ``main`` does."""
    del name
    POINTS[point](Stop(stop_after, parent))
    parent.send("started")
    mending.repair_store(*settings_for(home, []), Quiet())
    parent.send("done")
