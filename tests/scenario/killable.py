"""A backfill in a process of its own that tells its parent when it has reached a point, and waits to be killed."""

from __future__ import annotations

import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from line_kit import Quiet, settings_for

from indexer.floor.tables import READS
from indexer.store import lake
from indexer.sync import backfill, inputs, writer
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


POINTS: dict[str, Callable[[Stop], None]] = {"rename": _at_rename, "instant": _at_instant, "reads": _at_reads}


def main(home: Path, name: str, url: str, stop_after: int, parent: Connection, point: str = "rename") -> None:
    """Backfill recording *name*; when *point* is passed the *stop_after*-th time (0: never) wait to be killed."""
    POINTS[point](Stop(stop_after, parent))
    writer.FLUSH_SECONDS = 0.0
    backfill.BLOCKS = 10
    settings, registry = settings_for(home, [f"{name}={url}/{name}"])
    tokens = tuple(t for t in registry.tokens.values() if any(d.chain == name for d in t.deployments))
    parent.send("started")
    backfill.backfill(settings, registry, Order(tokens, chains=(name,)), Quiet())
    parent.send("done")
