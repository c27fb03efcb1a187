"""What was found of endpoints, in words and as it is remembered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from indexer.config.model import Registry
from indexer.config.settings import Settings
from indexer.floor.errors import HomeBusy, Usage
from indexer.floor.tables import ENDPOINTS
from indexer.sources.endpoint import BATCH
from indexer.sources.profile import Learned
from indexer.store.read import read_book
from indexer.sync.examine import Health
from indexer.sync.limits import LONGEST_SPAN, Probe
from indexer.sync.orders import Progress
from indexer.sync.session import now, session

_OLD_STATE: Mapping[bool | None, str] = {
    True: "old state: yes",
    False: "old state: no",
    None: "old state: not told",
}


def lags(found: Sequence[Health]) -> dict[tuple[str, str], int]:
    """Return how many blocks each endpoint (chain, name) is behind the newest head of its chain."""
    newest: dict[str, int] = {}
    for health in found:
        if health.head is not None:
            newest[health.chain] = max(newest.get(health.chain, 0), health.head.number)
    return {
        (health.chain, health.endpoint): newest[health.chain] - health.head.number
        for health in found
        if health.head is not None
    }


def told(health: Health, lag: int | None) -> Iterator[str]:
    """Yield what is known of an endpoint, each with its unit."""
    yield f"{health.latency_ms} ms"
    if health.head is not None:
        yield f"head {health.head.number}"
        if lag:
            yield f"{lag:,} blocks behind"
        yield f"final {health.final}" if health.final is not None else "no finalized block"
    if health.probe is None:
        yield _OLD_STATE[health.old_state]
    else:
        yield from _measured(health.probe)


def _measured(probe: Probe) -> Iterator[str]:
    most = " or more" if probe.blocks >= LONGEST_SPAN else ""
    yield f"logs of {probe.blocks:,} blocks{most}"
    if probe.refused is not None and probe.refused.max_results is not None:
        yield f"{probe.refused.max_results:,} logs at once"
    yield f"batches of {probe.batch} requests{' or more' if probe.batch >= BATCH else ''}"
    canaries = len(probe.held) + len(probe.lacked)
    if canaries:
        yield f"{len(probe.held)} of {canaries} canaries"
    if probe.lacked:
        yield f"no logs of block {', '.join(f'{block:,}' for block in probe.lacked)}"
    if probe.state is None:
        yield "no state"
    else:
        yield (
            "state of every block" if probe.whole_state else f"state of {probe.state:,} blocks below the head"
        )
    if probe.timed is not None:
        yield "logs with times" if probe.timed else "logs without times"
    if probe.refused is not None:
        yield f"more is refused: {probe.refused.text}"


def remember(
    settings: Settings, registry: Registry, found: Sequence[Health], progress: Progress
) -> str | None:
    """Keep what was measured, where the home holds something already; return why it was not kept."""
    if not any(health.probe is not None for health in found):
        return None
    try:
        read_book(settings.home, settings.database)
    except Usage:
        return "the home holds nothing yet"
    try:
        with session(settings, registry, progress) as work:
            held = {(row["chain_id"], row["endpoint"]): row for row in work.book.rows(ENDPOINTS)}
            behind, at = lags(found), now()
            rows = []
            for health in found:
                chain_id = registry.chains[health.chain].id
                old = held.get((chain_id, health.endpoint))
                lag = behind.get((health.chain, health.endpoint))
                if health.probe is not None:
                    row = measured(health, health.probe, lag, old, at)
                    rows.append({"chain_id": chain_id, "fetched_at": at, **row._asdict()})
            with work.book.commit() as commit:
                commit.put(ENDPOINTS, rows)
    except HomeBusy:
        return "another process writes to the home"
    return None


def measured(
    health: Health, probe: Probe, lag: int | None, old: Mapping[str, Any] | None, at: datetime
) -> Learned:
    """Return the row of an endpoint as it was measured; what was not measured stays as it was."""
    known = Learned(health.endpoint, None, None, batches=True)
    if old is not None:
        known = Learned(**{name: old[name] for name in Learned._fields})
    stated = probe.refused.max_blocks if probe.refused is not None else None
    capped = probe.refused is not None and probe.refused.kind == "range" and probe.blocks > 0
    results = None if probe.refused is None else probe.refused.max_results
    return known._replace(
        max_blocks=max(probe.blocks, stated or 0) if capped else None,
        max_results=results or known.max_results,
        batches=probe.batch > 1,
        max_batch=probe.batch if probe.batch < BATCH else None,
        lag=lag,
        logs_from=min((block for block in probe.held if block > max(probe.lacked, default=-1)), default=None),
        no_logs_at=max(probe.lacked, default=None),
        logs_proved_at=at if probe.held or probe.lacked else None,
        state_depth=probe.state,
        no_state_depth=None
        if probe.state is None or probe.whole_state
        else probe.state + probe.state // 10 + 1,
        block_timestamp=known.block_timestamp if probe.timed is None else probe.timed,
        finalized=health.final is not None if health.tagged else None,
        capped_at=at if capped else None,
        last_good_at=at,
    )
