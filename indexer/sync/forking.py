"""`rwa repair --fork`: a chain whose final blocks were replaced is taken as it stands now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from indexer.config.model import Registry
from indexer.config.settings import Settings
from indexer.floor.errors import NoEndpoint
from indexer.floor.tables import SEGMENTS
from indexer.sources.evm import Evm
from indexer.sources.views import ask_views
from indexer.sync.orders import Progress
from indexer.sync.session import Session, asking, session
from indexer.sync.tips import drop_above, note_head

AT_ONCE = 50


def take_fork(settings: Settings, registry: Registry, chain: str, progress: Progress) -> int:
    """Drop what this home holds of *chain* above the last block that still stands; return that block.

    The branch with the highest head counts. What was dropped is missing then: the next backfill fetches it.
    """
    with session(settings, registry, progress) as work:
        return asyncio.run(_take(work, chain))


async def _take(work: Session, chain: str) -> int:
    async with asking(work, work.registry.chains[chain]) as evm:
        above = await _last_standing(evm, work.book.rows(SEGMENTS, chain_id=evm.chain_id))
        drop_above(work, evm.chain_id, above)
        note_head(work, evm.chain_id, None, halted=None, head_number=None)
    return above


async def _last_standing(evm: Evm, segments: Sequence[Mapping[str, Any]]) -> int:
    """Return the highest end of a segment that the chain still has; -1 where it has none."""
    ends: dict[int, set[str]] = {}
    for segment in segments:
        ends.setdefault(segment["last"], set()).add(segment["last_hash"])
    falling = sorted(ends, reverse=True)
    for first in range(0, len(falling), AT_ONCE):
        heights = falling[first : first + AT_ONCE]
        views = await ask_views(evm.pool, evm.chain.finality, heights)
        if not views:
            raise NoEndpoint(
                f"No endpoint of {evm.chain.name} answered; nothing was changed. Run it again later."
            )
        stands = max(views, key=lambda view: view.head.number).standing
        for height in heights:
            if ends[height] == {stands.get(height)}:
                return height
    return -1
