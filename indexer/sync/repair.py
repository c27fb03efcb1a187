"""`rwa repair`: fetches again what audits failed, and derives what it changes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from indexer.config.model import Chain, Registry, Token
from indexer.config.settings import Settings
from indexer.floor.errors import NoEndpoint
from indexer.floor.tables import AUDITS
from indexer.sources.transport import Connect
from indexer.sources.websocket import way_to
from indexer.store.read import arrow_rows
from indexer.sync.audit import Audited
from indexer.sync.deriving import Place, derivation_of, derive_place
from indexer.sync.inputs import load_raw
from indexer.sync.orders import Progress
from indexer.sync.rebuild import indexed_places
from indexer.sync.repairing import named_holes, open_failures, repair_chain
from indexer.sync.restating import REPAIRED
from indexer.sync.session import Session, asking, session
from indexer.sync.whole import copy_dimensions, measure_whole


def repair(
    settings: Settings,
    registry: Registry,
    tokens: Sequence[Token],
    chains: Sequence[str] | None,
    progress: Progress,
    connect: Connect = way_to,
) -> Audited:
    """Put right what audits of the chains of *tokens* failed; return the rows of ``audits`` that it made.

    Chains of which nothing failed are not asked.
    """
    rows, troubles = list[dict[str, Any]](), list[str]()
    with session(settings, registry, progress, connect) as work:
        for name in dict.fromkeys(d.chain for token in tokens for d in token.deployments):
            chain = registry.chains.get(name)
            if (
                chain is None
                or (chains is not None and name not in chains)
                or not open_failures(work, chain.id)
            ):
                continue
            made, trouble = asyncio.run(_chain(work, chain))
            rows += made
            troubles += trouble
        measure_whole(work)
        copy_dimensions(work)
    return Audited(arrow_rows(AUDITS, rows), tuple(troubles))


async def _chain(work: Session, chain: Chain) -> tuple[list[dict[str, Any]], list[str]]:
    rows, troubles = list[dict[str, Any]](), list[str]()
    try:
        async with asking(work, chain) as evm:
            done = await repair_chain(work, evm, open_failures(work, chain.id))
            rows, troubles = done.rows, named_holes(work, evm)
            final = await evm.head(chain.finality)
            raw = load_raw(work, chain.id)
            for place in _outdated(work, chain):
                reads = bool((derivation_of(work, place) or {}).get("reads_allowed", True))
                await derive_place(work, place, raw, evm, final=final, reads=reads)
    except NoEndpoint as error:
        troubles.append(str(error))
    return rows, troubles


def _outdated(work: Session, chain: Chain) -> list[Place]:
    """Return the places of *chain* whose logs changed under their tables."""
    places = indexed_places(work, list(work.registry.tokens.values()))
    return [
        place
        for place in places
        if place.deployment.chain == chain.name
        and (derivation_of(work, place) or {}).get("config_digest") == REPAIRED
    ]
