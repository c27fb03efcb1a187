"""One round on a chain: how it stands, and what is missing fetched. Backfill makes one, follow one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from indexer.config.model import Deployment, Token
from indexer.floor.errors import Halted, NoEndpoint
from indexer.floor.spans import BlockRef, Span
from indexer.floor.tables import FILTERS, SEGMENTS
from indexer.sources.evm import Evm
from indexer.sources.views import View
from indexer.sync.coverage import Book, Task, book_of, cut_tasks, missing
from indexer.sync.deriving import Place, place_of
from indexer.sync.heads import Anchor, anchors_of
from indexer.sync.ingest import Ingested, Pin, ingest
from indexer.sync.moments import Moments
from indexer.sync.orders import Order
from indexer.sync.session import Session
from indexer.sync.tips import Settled, finalise, note_head, settle, to_confirm
from indexer.sync.writer import LogWriter

BLOCKS = 10_000
"""Blocks of a request where no smaller limit is known: what most providers serve."""

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
    wanted = missing_tasks(work, evm.chain_id, places, window)
    tasks = [*to_confirm(_book(work, evm.chain_id), final), *at_final(wanted, final)]
    got = await ingest(
        evm, arrange(cut_tasks(tasks, SHARE * evm.pool.span)), LogWriter(work.book, work.lake, final),
        order.workers, work.progress, pin_of(view, anchors_of(work.book.rows(SEGMENTS, chain_id=evm.chain_id))),
    )  # fmt: skip
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


def pin_of(view: View, anchors: Sequence[Anchor]) -> Pin:
    """Return which block an endpoint must have for a request: so all answers are of the branch in *view*.

    Below the final block that is the final block; above it our own block just before the request where we
    hold it.
    """
    held = {anchor.number: anchor.hash for anchor in anchors}

    def pin(task: Task) -> BlockRef:
        before = task.span.first - 1
        if before > view.final.number and before in held:
            return BlockRef(before, held[before], 0)
        return view.final

    return pin


def _book(work: Session, chain_id: str) -> Book:
    return book_of(work.book.rows(SEGMENTS, chain_id=chain_id), work.book.rows(FILTERS), chain_id)
