"""A writer's session on one home: the lock, the book, the lake, and the chains as they are asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from indexer.config.model import Chain, Registry
from indexer.config.settings import Settings, endpoints_of
from indexer.floor.errors import NoEndpoint
from indexer.floor.process import for_many_rows
from indexer.floor.tables import ENDPOINTS, FILES
from indexer.sources.evm import Evm
from indexer.sources.pool import Learned, Pool
from indexer.store.book import Book
from indexer.store.home import writing
from indexer.store.lake import UNFINISHED, Lake
from indexer.sync.orders import Progress

KEEP_UNLISTED = timedelta(hours=1)
"""How long an unlisted file stays: a reader that listed it before may still read it."""


class Session(NamedTuple):
    """What a writing command works with."""

    settings: Settings
    registry: Registry
    book: Book
    lake: Lake
    progress: Progress


@contextmanager
def session(settings: Settings, registry: Registry, progress: Progress) -> Iterator[Session]:
    """Hold the home for writing; raises HomeBusy where another writer holds it."""
    with for_many_rows(), writing(settings.home):
        book = Book(settings.database)
        try:
            lake = Lake(settings.lake)
            tidy(book, lake, now())
            yield Session(settings, registry, book, lake, progress)
        finally:
            book.close()


@asynccontextmanager
async def asking(work: Session, chain: Chain) -> AsyncIterator[Evm]:
    """Give the source of *chain*; what was learnt of its endpoints is remembered at the end."""
    endpoints = endpoints_of(chain, work.settings)
    if not endpoints:
        raise NoEndpoint(
            f"No endpoint is known for {chain.name}. Give one: --rpc {chain.name}=https://…, "
            f"or set RWA_RPC_{chain.name.upper().replace('-', '_')}."
        )
    chain = replace(chain, endpoints=endpoints)
    rows = work.book.rows(ENDPOINTS, chain_id=chain.id)
    learned = [Learned(r["endpoint"], r["max_blocks"], r["max_addresses"], r["batches"]) for r in rows]
    async with Pool(chain, learned, on_note=work.progress.note) as pool:
        try:
            yield Evm(chain, pool)
        finally:
            _remember(work.book, chain, pool.learned(), learned)


def now() -> datetime:
    """Return the wall clock as UTC without zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def tidy(book: Book, lake: Lake, at: datetime) -> None:
    """Delete files that left the manifest long ago, and the unfinished ones of a killed writer.

    A whole file that no manifest lists stays: it may be all that is left of a lost database.
    """
    listed = book.rows(FILES)
    old = [row for row in listed if row["unlisted_at"] and row["unlisted_at"] < at - KEEP_UNLISTED]
    unfinished = [p for p, changed in lake.paths() if p.endswith(UNFINISHED) and changed < at - KEEP_UNLISTED]
    for path in [*(row["path"] for row in old), *unfinished]:
        lake.delete(path)
    if old:
        with book.commit() as commit:
            commit.remove(FILES, [{"path": row["path"]} for row in old])


def _remember(book: Book, chain: Chain, learned: list[Learned], before: list[Learned]) -> None:
    fresh = [row for row in learned if row not in before]
    if not fresh:
        return
    with book.commit() as commit:
        commit.put(ENDPOINTS, [{"chain_id": chain.id, "fetched_at": now(), **row._asdict()} for row in fresh])
