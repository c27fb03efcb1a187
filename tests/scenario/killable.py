"""A backfill in a process of its own that tells its parent when a file has its name and no manifest row yet."""

from __future__ import annotations

import time
from multiprocessing.connection import Connection
from pathlib import Path

from line_kit import Quiet, settings_for

from indexer.store import lake
from indexer.sync import backfill, writer
from indexer.sync.orders import Order

WAITS_FOR_KILL = 30.0


def main(home: Path, name: str, url: str, stop_after: int, parent: Connection) -> None:
    """Backfill recording *name*; after *stop_after* renames (0: never) say so and wait to be killed."""
    renames = 0
    named = lake.rename

    def rename(temporary: Path, target: Path) -> None:
        nonlocal renames
        named(temporary, target)
        renames += 1
        if renames == stop_after:
            parent.send("renamed")
            time.sleep(WAITS_FOR_KILL)

    lake.rename = rename  # type: ignore[assignment]
    writer.FLUSH_SECONDS = 0.0
    backfill.BLOCKS = 10
    settings, registry = settings_for(home, [f"{name}={url}/{name}"])
    tokens = tuple(t for t in registry.tokens.values() if any(d.chain == name for d in t.deployments))
    parent.send("started")
    backfill.backfill(settings, registry, Order(tokens, chains=(name,)), Quiet())
    parent.send("done")
