"""`rwa repair`: fetches again what audits failed, derives what it changes, and certifies that."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from indexer.config.model import Chain, Registry, Token
from indexer.config.settings import Settings
from indexer.floor.errors import NoEndpoint
from indexer.floor.tables import AUDITS
from indexer.sources.evm import Evm
from indexer.sources.transport import Connect
from indexer.sources.websocket import way_to
from indexer.store.read import arrow_rows
from indexer.sync.audit import Audited
from indexer.sync.certify import verify_place
from indexer.sync.deriving import Place, derivation_of, derive_place
from indexer.sync.healing import mend_all, suspicious
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

    Chains of which nothing failed are not asked. What changed is derived and certified again.
    """
    done: list[_Done] = []
    with session(settings, registry, progress, connect) as work:
        for name in dict.fromkeys(d.chain for token in tokens for d in token.deployments):
            chain = registry.chains.get(name)
            if (
                chain is None
                or (chains is not None and name not in chains)
                or not open_failures(work, chain.id)
            ):
                continue
            done.append(asyncio.run(_chain(work, chain)))
        measure_whole(work)
        copy_dimensions(work)
    return Audited(
        arrow_rows(AUDITS, [row for one in done for row in one.rows]),
        tuple(trouble for one in done for trouble in one.troubles),
        tuple(red for one in done for red in one.red),
    )


@dataclass(slots=True)
class _Done:
    """What came of one chain: rows of ``audits``, and sentences on what could not be done and what stays red."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    red: list[str] = field(default_factory=list)


async def _chain(work: Session, chain: Chain) -> _Done:
    done = _Done()
    try:
        async with asking(work, chain) as evm:
            done.rows = (await repair_chain(work, evm, open_failures(work, chain.id))).rows
            done.troubles = named_holes(work, evm)
            done.red = await _certified(work, evm)
    except NoEndpoint as error:
        done.troubles.append(str(error))
    return done


async def _certified(work: Session, evm: Evm) -> list[str]:
    """Derive and certify what the repair touched, and mend what is in doubt; return what is said of the red ones."""
    final = await evm.head(evm.chain.finality)
    places = _places(work, evm.chain)
    suspects, found = [], dict[tuple[str, str], dict[str, Any]]()
    raw = load_raw(work, evm.chain_id)
    every = True
    for place in places:
        held = derivation_of(work, place) or {}
        if held.get("config_digest") != REPAIRED:
            continue
        reads = bool(held.get("reads_allowed", True))
        every = every and reads
        if await derive_place(work, place, raw, evm, final=final, reads=reads) is None:
            continue
        found[place.key] = await verify_place(work, place, evm, again=False)
        if suspicious(work, place, found[place.key]):
            suspects.append((place, found[place.key]))
    if suspects:
        found |= await mend_all(work, evm, places, suspects, final=final, reads=every)
    said = {
        key: f"{key[0]} on {evm.chain.name}: the certificate at block {row['block_number']} says {row['verdict']}"
        + (f": {row['reason'].rstrip('.')}." if row["reason"] else ".")
        for key, row in found.items()
    }
    red = [said[key] for key, row in found.items() if row["verdict"] == "fail"]
    for sentence in said.values():
        if sentence not in red:
            work.progress.note(sentence)
    return red


def _places(work: Session, chain: Chain) -> list[Place]:
    places = indexed_places(work, list(work.registry.tokens.values()))
    return [place for place in places if place.deployment.chain == chain.name]
