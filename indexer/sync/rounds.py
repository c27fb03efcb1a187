"""One round on a chain: how it stands, and what is missing fetched. Backfill makes one, follow one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from indexer.config.model import Deployment, Token
from indexer.floor.errors import Halted, NoEndpoint
from indexer.floor.spans import BlockRef, Span
from indexer.floor.tables import FILTERS, SEGMENTS
from indexer.sources.evm import Evm
from indexer.sources.views import View
from indexer.sync.coverage import Book, Task, book_of, cut_tasks, missing
from indexer.sync.deriving import Place, place_of
from indexer.sync.heads import anchors_of
from indexer.sync.ingest import AskOn, Ingested, Terms, ingest
from indexer.sync.moments import Moments
from indexer.sync.orders import Order
from indexer.sync.session import Session
from indexer.sync.tips import Settled, finalise, note_head, settle, to_confirm
from indexer.sync.writer import LogWriter

SHARE = 16
"""Requests in a worker's share at the start: ingest cuts it as endpoints take more or less."""

Arrange = Callable[[list[Task]], list[Task]]
Window = tuple[int | None, int]


async def look(work: Session, evm: Evm, *, following: bool = False) -> Settled:
    """Return how the chain stands, and book it; raises Halted, NoEndpoint after booking why.

    A follower looks often and asks one endpoint at a time; a backfill looks once and asks all.
    """
    known = {"following": True} if following else {}
    try:
        settled = await settle(work, evm, everyone=not following)
    except Halted as error:
        note_head(work, evm.chain_id, None, halted=str(error), **known)
        raise
    except NoEndpoint as error:
        note_head(work, evm.chain_id, None, trouble=str(error), **known)
        raise
    note_head(work, evm.chain_id, settled.view, **known)
    return settled


async def places_of(
    work: Session, evm: Evm, wanted: Sequence[tuple[Token, Deployment]], head: BlockRef
) -> list[Place]:
    """Return the places with the start block of each contract; dates are looked for once."""
    starts = Moments(work.book, evm.chain)
    return [place_of(token, where, await starts.find(evm, where, head)) for token, where in wanted]


async def fetch(
    work: Session,
    evm: Evm,
    places: Sequence[Place],
    window: Window,
    view: View,
    order: Order,
    arrange: Arrange = list,
) -> Ingested:
    """Fetch what *places* miss in *window*, and again what was provisional and has become final."""
    final = view.final.number
    book = _book(work, evm.chain_id)
    wanted = missing_tasks(work, evm.chain_id, places, window)
    tasks = cut_tasks([*to_confirm(book, final), *at_final(wanted, final)], SHARE * evm.pool.span)
    writer = LogWriter(work.book, work.lake, final)
    got = await ingest(evm, arrange(tasks), writer, order.workers, work.progress, terms_of(view, book))
    if writer.provisional > 1:  # each may be of another branch, if the chain took one meanwhile
        with suppress(NoEndpoint):
            await settle(work, evm, everyone=True)
    finalise(work, evm.chain_id, final)
    return got


def missing_tasks(work: Session, chain_id: str, places: Sequence[Place], window: Window) -> list[Task]:
    """Return the requests, as long as spans go, for what *places* miss in *window* (first or None, last)."""
    contracts = [contract for place in places for contract in place.contracts]
    return missing(_book(work, chain_id), contracts, window[1], window[0])


def at_final(tasks: Sequence[Task], final: int) -> list[Task]:
    """Return *tasks* cut behind block *final*: what lies above is provisional."""
    parts = [(task, Span(0, final).meet(task.span)) for task in tasks]
    above = [
        Task(Span(max(task.span.first, final + 1), task.span.last), task.filter)
        for task in tasks
        if task.span.last > final
    ]
    return [*(Task(span, task.filter) for task, span in parts if span is not None), *above]


def terms_of(view: View, book: Book) -> AskOn:
    """Return whom to believe for each request: so all answers are of the branch in *view*.

    Below the final block an endpoint must have that block; above it our own block just before the request
    where we hold it. What is asked again once it is final is rather asked elsewhere.
    """
    held = {anchor.number: anchor.hash for anchor in anchors_of(book.segments)}
    again = [s for s in book.segments if not s["final"] and s["last"] <= view.final.number]

    def terms(task: Task) -> Terms:
        before = task.span.first - 1
        if before > view.final.number and before in held:
            return Terms(BlockRef(before, held[before], 0))
        told = {s["endpoint"] for s in again if task.span.overlaps(Span(s["first"], s["last"]))}
        return Terms(view.final, frozenset(name for names in told for name in names.split(",")))

    return terms


def _book(work: Session, chain_id: str) -> Book:
    return book_of(work.book.rows(SEGMENTS, chain_id=chain_id), work.book.rows(FILTERS), chain_id)
