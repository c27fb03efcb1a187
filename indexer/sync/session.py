"""A writer's session on one home: the lock, the book, the lake, and the chains as they are asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from indexer.config.model import Chain, Registry, Token
from indexer.config.settings import Settings, endpoints_of
from indexer.floor.errors import NoEndpoint, Usage
from indexer.floor.process import for_many_rows
from indexer.floor.tables import CLAIMS, ENDPOINTS, FILES
from indexer.sources.evm import Evm
from indexer.sources.pool import Pool
from indexer.sources.profile import Learned
from indexer.sources.transport import Connect
from indexer.sources.websocket import way_to
from indexer.store.book import Book, sqlite_path
from indexer.store.bookread import lost
from indexer.store.home import writing
from indexer.store.journal import Journal
from indexer.store.lake import UNFINISHED, Lake
from indexer.sync.orders import HELD, Progress

PAIRED = "lake"
"""The claim that names the lake of a database."""

KEEP_UNLISTED = timedelta(hours=1)
"""How long an unlisted file stays: a reader that listed it before may still read it."""

CLOCK_SLACK = timedelta(minutes=1)
"""How far a clock may be set back, by those who keep it, without a word."""


class Session(NamedTuple):
    """What a writing command works with."""

    settings: Settings
    registry: Registry
    book: Book
    lake: Lake
    progress: Progress
    connect: Connect = way_to


@contextmanager
def session(
    settings: Settings, registry: Registry, progress: Progress, connect: Connect = way_to
) -> Iterator[Session]:
    """Hold the home for writing; raises HomeBusy where another writer holds it, or its database.

    *connect* gives the way to an endpoint.
    """
    with for_many_rows(), ExitStack() as locks:
        for folder in folders_of(settings):
            locks.enter_context(writing(folder))
        lake = Lake(settings.lake)
        refuse_lost(settings, lake)
        book = Book(settings.database)
        try:
            pair(book, lake)
            book.keep(Journal(lake.folder or settings.home))
            tell_clock(book, progress, now())
            tidy(book, lake, now())
            yield Session(settings, registry, book, lake, progress, connect)
        finally:
            book.close()


def no_endpoint(chain: Chain) -> NoEndpoint:
    """Return what is wrong with a chain that has no endpoint, and what mends it."""
    return NoEndpoint(
        f"No endpoint is known for {chain.name}. Give one: --rpc {chain.name}=https://…, "
        f"or set RWA_RPC_{chain.name.upper().replace('-', '_')}."
    )


@asynccontextmanager
async def asking(work: Session, chain: Chain) -> AsyncIterator[Evm]:
    """Give the source of *chain*; what was learnt of its endpoints is remembered at the end."""
    endpoints = endpoints_of(chain, work.settings)
    if not endpoints:
        raise no_endpoint(chain)
    chain = replace(chain, endpoints=endpoints)
    rows = work.book.rows(ENDPOINTS, chain_id=chain.id)
    learned = [Learned(**{name: row[name] for name in Learned._fields}) for row in rows]
    async with Pool(chain, learned, on_note=work.progress.note, connect=work.connect, wall=now) as pool:
        evm, dropped = Evm(chain, pool), False
        try:
            yield evm
        except GeneratorExit:  # the loop ended without it, so there is no clock any more
            dropped = True
            raise
        finally:
            if not dropped:
                remember(work.book, evm)


def folders_of(settings: Settings) -> list[Path]:
    """Return the folders that a writer holds: the home, and that of an SQLite database, which another home may name."""
    home, database = settings.home.absolute(), settings.database
    return list(
        dict.fromkeys([home, *([sqlite_path(database).parent] if database.startswith("sqlite") else [])])
    )


def refuse_lost(settings: Settings, lake: Lake) -> None:
    """Raise StoreUnusable where the database is gone and its lake is there: a new one would know nothing of it."""
    if not settings.database.startswith("sqlite"):
        return
    path = sqlite_path(settings.database)
    if path.exists() and path.stat().st_size:
        return
    if lake.mark() is not None and lake.folder == settings.home.absolute() / "lake":
        raise lost(path)


def pair(book: Book, lake: Lake) -> None:
    """Bind a lake to the one database that lists its files; raises Usage where it belongs to another.

    Two databases on one lake would delete each other's files.
    """
    rows = book.rows(CLAIMS, claim=PAIRED)
    marked = lake.mark()
    if marked is not None and (not rows or rows[0]["owner"] != marked):
        raise Usage(
            f"The lake {lake.root} belongs to another database. Name that one with --database, or choose "
            "another --lake; if its database is lost, `rwa repair --store` makes it again from the lake."
        )
    if marked is None and any(row["unlisted_at"] is None for row in book.rows(FILES)):
        raise Usage(
            f"The database lists files of another lake than {lake.root}. Name that lake with --lake, or choose "
            "another --database."
        )
    mine = rows[0]["owner"] if rows else uuid4().hex
    if not rows:
        with book.commit() as commit:
            commit.put(CLAIMS, [{"claim": PAIRED, "owner": mine, "fetched_at": now()}])
    if marked is None:
        lake.mark(mine)


def take_on(work: Session, tokens: Iterable[Token]) -> None:
    """Book that this home holds *tokens*, before anything of them is fetched."""
    held = {row["claim"] for row in work.book.rows(CLAIMS, owner=HELD)}
    fresh = [claim for token in tokens if (claim := f"token {token.id}") not in held]
    with work.book.commit() as commit:
        commit.put(CLAIMS, [{"claim": claim, "owner": HELD, "fetched_at": now()} for claim in fresh])


def now() -> datetime:
    """Return the wall clock as UTC without zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def tell_clock(book: Book, progress: Progress, at: datetime) -> None:
    """Say where the wall clock stands before what was committed already: it was set back, or was ahead then."""
    newest = max((row["fetched_at"] for row in book.rows(CLAIMS)), default=at)
    if newest - at > CLOCK_SLACK:
        progress.note(
            f"The clock of this machine went back by {timedelta(seconds=round((newest - at).total_seconds()))} since "
            "the last commit; set it. What is fetched is dated by it; no figure depends on it, and a day is never "
            "published before an earlier one."
        )


def tidy(book: Book, lake: Lake, at: datetime) -> None:
    """Delete files that left the manifest long ago, and the unfinished ones of a killed writer.

    A whole file that no manifest lists stays: it may be all that is left of a lost database. A file that left it
    in the future, by a clock that was ahead, leaves it now. Where the clock jumped ahead by an hour a reader may find
    its file gone, and says that running again helps.
    """
    listed = book.rows(FILES)
    ahead = [row for row in listed if row["unlisted_at"] and row["unlisted_at"] > at + CLOCK_SLACK]
    if ahead:
        with book.commit() as commit:
            for row in ahead:
                commit.update(FILES, row, unlisted_at=at)
    old = [row for row in listed if row["unlisted_at"] and row["unlisted_at"] < at - KEEP_UNLISTED]
    unfinished = [p for p, changed in lake.paths() if p.endswith(UNFINISHED) and changed < at - KEEP_UNLISTED]
    for path in [*(row["path"] for row in old), *unfinished]:
        lake.delete(path)
    if old:
        with book.commit() as commit:
            commit.remove(FILES, [{"path": row["path"]} for row in old])


def remember(book: Book, evm: Evm) -> None:
    """Keep what was learnt of the endpoints of *evm*, as far as the book has it not."""
    held = {row["endpoint"]: row for row in book.rows(ENDPOINTS, chain_id=evm.chain_id)}
    fresh = [
        row
        for row in (learned._asdict() for learned in evm.pool.learned())
        if any(held.get(row["endpoint"], {}).get(name) != value for name, value in row.items())
    ]
    if not fresh:
        return
    with book.commit() as commit:
        commit.put(ENDPOINTS, [{"chain_id": evm.chain_id, "fetched_at": now(), **row} for row in fresh])
