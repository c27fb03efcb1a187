"""What is kept of an endpoint between runs, and taken up again: loop time here, wall clock there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from indexer.sources.canaries import VALID_SECONDS, Canaries
from indexer.sources.endpoint import BATCH
from indexer.sources.profile import Learned, believed
from indexer.sources.standing import Standing


class Now(NamedTuple):
    """One moment on the event loop's clock and on the wall."""

    loop: float
    wall: datetime

    def on_wall(self, at: float | None) -> datetime | None:
        """Return the wall clock's time at the loop's moment *at*."""
        return None if at is None else self.wall - timedelta(seconds=self.loop - at)

    def on_loop(self, at: datetime | None) -> float | None:
        """Return the loop's moment at the wall clock's time *at*; one to come counts as now."""
        return None if at is None else self.loop - max((self.wall - at).total_seconds(), 0.0)


def recall(standing: Standing, row: Learned, canaries: Canaries, now: Now) -> None:
    """Take up in *standing* and *canaries* what *row* remembers, as far as it is still to be believed."""
    row = believed(row, now.wall)
    standing.max_blocks, standing.max_addresses = row.max_blocks, row.max_addresses
    standing.max_results, standing.span = row.max_results, row.span
    standing.window = float(row.in_flight or standing.window)
    standing.state_depth, standing.no_state_depth = row.state_depth, row.no_state_depth
    standing.capped_at = now.on_loop(row.capped_at)
    standing.good_at, standing.bad_at = now.on_loop(row.last_good_at), now.on_loop(row.last_bad_at)
    endpoint = standing.endpoint
    endpoint.batch = min(row.max_batch or BATCH, endpoint.batch) if row.batches else 1
    endpoint.block_timestamp, endpoint.finalized = row.block_timestamp, row.finalized
    endpoint.pace.rate = row.max_rate
    proved = now.on_loop(row.logs_proved_at)
    if proved is not None and now.loop - proved < VALID_SECONDS:
        canaries.restore(row.endpoint, row.logs_from, held=True, at=proved)
        canaries.restore(row.endpoint, row.no_logs_at, held=False, at=proved)


def remembered(standing: Standing, canaries: Canaries, head: int | None, now: Now) -> Learned:
    """Return the row to keep of *standing*; *head* is the newest that any endpoint of the chain named."""
    endpoint = standing.endpoint
    logs_from, no_logs_at = canaries.depth(endpoint.name, now.loop)
    own = endpoint.head
    return Learned(
        endpoint=endpoint.name,
        max_blocks=standing.max_blocks,
        max_addresses=standing.max_addresses,
        batches=endpoint.batch > 1,
        max_results=standing.max_results,
        max_batch=endpoint.batch if endpoint.batch < BATCH else None,
        span=standing.span,
        in_flight=int(standing.window),
        max_rate=endpoint.pace.rate,
        lag=None if own is None or head is None else head - own,
        logs_from=logs_from,
        logs_proved_at=now.on_wall(canaries.proved_at(endpoint.name)),
        no_logs_at=no_logs_at,
        state_depth=standing.state_depth,
        no_state_depth=standing.no_state_depth,
        block_timestamp=endpoint.block_timestamp,
        finalized=endpoint.finalized,
        capped_at=now.on_wall(standing.capped_at) or (now.wall if endpoint.batch < BATCH else None),
        last_good_at=now.on_wall(standing.good_at),
        last_bad_at=now.on_wall(standing.bad_at),
    )
