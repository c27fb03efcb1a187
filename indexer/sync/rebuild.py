"""`rwa rebuild` and `rwa metrics`: the tables again from what the lake holds, without a request."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from indexer.config.model import Registry, Token
from indexer.config.settings import Settings
from indexer.floor.tables import DERIVATIONS
from indexer.sync.batches import commit_measured, parts_of
from indexer.sync.deriving import (
    Place,
    derivation_of,
    derive_place,
    place_of,
)
from indexer.sync.inputs import load_raw
from indexer.sync.moments import Moments
from indexer.sync.orders import Outcome, Progress, Result
from indexer.sync.session import Session, session
from indexer.sync.whole import claimed_tokens, copy_dimensions, measure_whole


def rebuild(settings: Settings, registry: Registry, tokens: Sequence[Token], progress: Progress) -> Outcome:
    """Derive *tokens* again from raw rows and compute their metrics."""
    with session(settings, registry, progress) as work:
        places = indexed_places(work, tokens)
        progress.start("tables", len(places), "tokens")
        results = []
        for place in places:
            raw = load_raw(work, place.deployment.chain_id)
            held = derivation_of(work, place)
            reads = bool(held["reads_allowed"]) if held else True
            asyncio.run(derive_place(work, place, raw, None, final=None, reads=reads, force=True))
            results.append(_result(work, place))
            progress.advance("tables", 1)
        measure_whole(work)
        copy_dimensions(work)
    return Outcome(tuple(results))


def recompute(settings: Settings, registry: Registry, tokens: Sequence[Token], progress: Progress) -> Outcome:
    """Compute the metric tables of *tokens* again from the derived ones."""
    with session(settings, registry, progress) as work:
        places = [place for place in indexed_places(work, tokens) if derivation_of(work, place)]
        progress.start("metrics", len(places), "tokens")
        due = claimed_tokens(work)
        for part in parts_of(work, places):
            commit_measured(work, part)
            progress.advance("metrics", len(part))
        results = [_result(work, place) for place in places]
        measure_whole(work, {place.token.id for place in places} - due)
        copy_dimensions(work)
    return Outcome(tuple(results))


def indexed_places(work: Session, tokens: Sequence[Token]) -> list[Place]:
    """Return the places of *tokens* that this home has derived."""
    places = []
    for token in tokens:
        for deployment in token.deployments:
            if work.book.rows(DERIVATIONS, token=token.id, chain_id=deployment.chain_id):
                starts = Moments(work.book, work.registry.chains[deployment.chain])
                places.append(place_of(token, deployment, starts.of(deployment)))
    return places


def _result(work: Session, place: Place) -> Result:
    row = derivation_of(work, place) or {}
    return Result(
        place.key[0],
        place.deployment.chain,
        place.deployment.chain_id,
        row.get("frontier_block"),
        row.get("frontier_time"),
        None,
        row.get("why_null"),
    )
