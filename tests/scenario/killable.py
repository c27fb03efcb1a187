"""A backfill in a process of its own that tells its parent when a file has its name and no manifest row yet.

Arguments: home, recording, URL, and after how many renames to stop and wait to be killed (0: never).
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from line_kit import Quiet, settings_for

from indexer.store import lake
from indexer.sync import backfill, writer
from indexer.sync.orders import Order

WAITS_FOR_KILL = 30.0


def main() -> None:
    home, name, url, stop_after = sys.argv[1:]
    renames = 0
    named = lake.rename

    def rename(temporary: Path, target: Path) -> None:
        nonlocal renames
        named(temporary, target)
        renames += 1
        if renames == int(stop_after):
            sys.stdout.write("renamed\n")
            sys.stdout.flush()
            time.sleep(WAITS_FOR_KILL)

    lake.rename = rename  # type: ignore[assignment]
    writer.FLUSH_SECONDS = 0.0
    backfill.BLOCKS = 10
    settings, registry = settings_for(Path(home), [f"{name}={url}/{name}"])
    tokens = tuple(t for t in registry.tokens.values() if any(d.chain == name for d in t.deployments))
    sys.stdout.write("started\n")
    sys.stdout.flush()
    backfill.backfill(settings, registry, Order(tokens, chains=(name,)), Quiet())
    sys.stdout.write("done\n")
    sys.stdout.flush()


main()
