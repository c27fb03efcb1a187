"""Backfill: fetch what is missing, derive, measure, certify. The only place that composes the stages."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from indexer.config.model import Chain, Deployment, Registry, Token
from indexer.config.settings import Settings
from indexer.floor.errors import Halted, NoEndpoint, Usage
from indexer.floor.spans import BlockRef
from indexer.floor.tables import ENDPOINTS, FILTERS, MOMENTS, SEGMENTS
from indexer.floor.together import together
from indexer.sources.evm import Evm
from indexer.sources.transport import Connect
from indexer.sources.views import View, ask_view
from indexer.sources.websocket import way_to
from indexer.store.read import read_book
from indexer.sync.certify import verify_place
from indexer.sync.deriving import Place, derivation_of, derive_place
from indexer.sync.healing import mend_all, prove_fetched, suspicious
from indexer.sync.inputs import load_raw
from indexer.sync.moments import Moments
from indexer.sync.orders import Order, Outcome, Progress, Result
from indexer.sync.repairing import named_holes
from indexer.sync.rounds import Arrange, fetch, look, missing_tasks, places_of
from indexer.sync.session import Session, asking, session, take_on
from indexer.sync.whole import copy_dimensions, measure_whole
from indexer.sync.writer import compact


class Chained(NamedTuple):
    """What one chain of a run reached."""

    results: list[Result]
    troubles: list[str]
    halted: list[str]
    requests: int


def backfill(
    settings: Settings,
    registry: Registry,
    order: Order,
    progress: Progress,
    arrange: Arrange = list,
    connect: Connect = way_to,
) -> Outcome:
    """Bring the order's tokens up to its last block; what was fetched is kept whatever fails.

    *arrange* may change the order of the requests; the tables do not depend on it. *connect* gives the way
    to an endpoint.
    """
    check(registry, order)
    with session(settings, registry, progress, connect) as work:
        take_on(work, order.tokens)
        chains = asyncio.run(_all_chains(work, order, arrange))
        measure_whole(work)
        copy_dimensions(work)
    return Outcome(
        tuple(result for chain in chains for result in chain.results),
        tuple(trouble for chain in chains for trouble in chain.troubles),
        tuple(sentence for chain in chains for sentence in chain.halted),
        sum(chain.requests for chain in chains),
    )


def plan(settings: Settings, registry: Registry, order: Order, progress: Progress) -> list[dict[str, Any]]:
    """Return what a backfill would fetch, a row per chain and filter, the most requests first.

    Only heads and the dates of starts are asked for; no log is fetched. A plan reads the home and works on a
    copy of its book, so that it neither waits for a writer nor writes.
    """
    check(registry, order)
    with TemporaryDirectory() as folder, session(_aside(settings, folder), registry, progress) as work:
        _copy_book(settings, work)
        rows = asyncio.run(_plan_all(work, order))
    return sorted(rows, key=lambda row: -row["requests"])


def _aside(settings: Settings, folder: str) -> Settings:
    """Return the same settings with an empty home in *folder*."""
    home = Path(folder)
    return replace(settings, home=home, database=f"sqlite:///{home / 'rwa.db'}", lake=str(home / "lake"))


def _copy_book(settings: Settings, work: Session) -> None:
    try:
        book = read_book(settings.home, settings.database)
    except Usage:
        return  # a fresh home has fetched nothing
    with work.book.commit() as commit:
        for table in (SEGMENTS, FILTERS, MOMENTS, ENDPOINTS):
            commit.put(table, book[table.name].to_pylist())


def deployments_of(registry: Registry, order: Order) -> dict[str, list[tuple[Token, Deployment]]]:
    """Return the indexed deployments that the order names, by chain."""
    out: dict[str, list[tuple[Token, Deployment]]] = {}
    for token in order.tokens:
        for deployment in token.deployments:
            chosen = order.chains is None or deployment.chain in order.chains
            if deployment.indexed and chosen and deployment.chain in registry.chains:
                out.setdefault(deployment.chain, []).append((token, deployment))
    return out


def check(registry: Registry, order: Order) -> None:
    first, last = order.first, order.last
    if type(first) is type(last) and first > last:  # type: ignore[operator] # both blocks, or both days
        raise Usage(f"--from {first} lies behind --to {last}; give an earlier --from, or a later --to.")
    for name in order.chains or ():
        if name not in registry.chains:
            known = ", ".join(sorted(registry.chains))
            raise Usage(f"No chain is called {name!r}. There are: {known}.")
    if not deployments_of(registry, order):
        names = ", ".join(token.id for token in order.tokens) or "no token"
        raise Usage(f"Nothing to do: {names} has no indexed deployment on the chains asked for.")


async def _all_chains(work: Session, order: Order, arrange: Arrange) -> list[Chained]:
    by_chain = deployments_of(work.registry, order)
    return await together(
        _one_chain(work, work.registry.chains[name], places, order, arrange)
        for name, places in by_chain.items()
    )


async def _one_chain(
    work: Session, chain: Chain, wanted: Sequence[tuple[Token, Deployment]], order: Order, arrange: Arrange
) -> Chained:
    """Run all stages of one chain; a chain that cannot go on does not stop the others."""
    results: list[Result] = []
    troubles: list[str] = []
    halted: list[str] = []
    requests = 0
    try:
        async with asking(work, chain) as evm:
            try:
                view = (await look(work, evm)).view
                places, last, first = await _scope(work, evm, wanted, order, view)
                got = await fetch(work, evm, places, (first, last), view, order, arrange)
                troubles += got.open_spans
                compact(work.book, work.lake, chain.id, view.final.number)
                if got.stopped is not None:
                    raise NoEndpoint(got.stopped)
                troubles += await prove_fetched(work, evm, places, order.proof)
                await _derive_and_verify(work, evm, places, view.final, order, results)
                troubles += named_holes(work, evm)
            finally:
                requests = evm.pool.requests
    except NoEndpoint as error:
        troubles.append(str(error))
    except Halted as error:
        halted.append(str(error))
    return Chained(results, troubles, halted, requests)


async def _scope(
    work: Session, evm: Evm, wanted: Sequence[tuple[Token, Deployment]], order: Order, view: View
) -> tuple[list[Place], int, int | None]:
    """Return the places with their start blocks, and the window that the order names."""
    starts = Moments(work.book, evm.chain)
    head = view.final if order.last == "finalized" else view.head
    places = await places_of(work, evm, wanted, head)
    last = head.number
    if not isinstance(order.last, str):
        last = await starts.window_end(evm, order.last, head)
    first = None if order.first is None else await starts.window_start(evm, order.first, head)
    if first is not None and first > last:
        work.progress.note(
            f"{evm.chain.name}: the window begins behind its end, block {last}; nothing is fetched."
        )
    return places, last, first


async def _derive_and_verify(
    work: Session, evm: Evm, places: Sequence[Place], final: BlockRef, order: Order, results: list[Result]
) -> None:
    """Add how far each place is to *results*: what is done counts though a later place may fail."""
    chain = evm.chain
    raw = load_raw(work, chain.id)
    work.progress.start(f"tables {chain.name}", len(places), "tokens")
    suspects: list[tuple[Place, dict[str, Any]]] = []
    for place in places:
        row = await derive_place(work, place, raw, evm, final=final, reads=order.reads, cause=order.cause)
        verdict = None
        if row is not None and order.verify:
            certificate = await verify_place(work, place, evm, again=False)
            verdict = certificate["verdict"]
            if suspicious(work, place, certificate):
                suspects.append((place, certificate))
        results.append(_result(chain, place, row, verdict))
        work.progress.advance(f"tables {chain.name}", 1)
    mended = await mend_all(work, evm, places, suspects, final=final, reads=order.reads)
    for at, place in enumerate(places):
        if place.key in mended:
            results[at] = _result(chain, place, derivation_of(work, place), mended[place.key]["verdict"])


def _result(chain: Chain, place: Place, row: dict[str, Any] | None, verdict: str | None) -> Result:
    if row is None:
        return Result(place.key[0], chain.name, chain.id, None, None, verdict, "no block is covered yet")
    notes = [row["why_null"]] if row["why_null"] else []
    if row["inputs_missing"]:
        notes.append(
            f"{row['inputs_missing']} transactions or reads could not be had; another endpoint may have them"
        )
    return Result(
        place.key[0],
        chain.name,
        chain.id,
        row["frontier_block"],
        row["frontier_time"],
        verdict,
        "; ".join(notes) or None,
    )


async def _plan_all(work: Session, order: Order) -> list[dict[str, Any]]:
    rows = []
    for name, wanted in deployments_of(work.registry, order).items():
        chain = work.registry.chains[name]
        async with asking(work, chain) as evm:
            view = await ask_view(evm.pool, chain.finality, [])
            places, last, first = await _scope(work, evm, wanted, order, view)
            most_blocks = evm.pool.span
            rate = sum(endpoint.rate for endpoint in evm.pool.endpoints)
            rows += [
                {
                    "chain": name,
                    "chain_id": chain.id,
                    "contracts": len(task.filter.addresses),
                    "first": task.span.first,
                    "last": task.span.last,
                    "blocks": len(task.span),
                    "requests": -(-len(task.span) // most_blocks),
                    "hours": round(-(-len(task.span) // most_blocks) / rate / 3600, 2),
                }
                for task in missing_tasks(work, chain.id, places, (first, last))
            ]
    return rows
