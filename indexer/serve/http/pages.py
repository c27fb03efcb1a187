"""One request for rows: the snapshot it reads, the cache it may be answered from, and the page it gets."""

from __future__ import annotations

import base64
import binascii
import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from cachetools import LRUCache

from indexer.floor.errors import Usage
from indexer.serve.http.formats import Form, Page, written
from indexer.serve.http.snapshots import Snapshot, Snapshots

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

SECONDS = 30.0
"""How long an answer may take."""
ROOM = 64 * 1024 * 1024
"""Bytes of answers that are kept for the next who asks the same, and as many of their rows."""

AS_OF = """
    SELECT d.token, d.chain_id, d.frontier_block AS block_number, d.frontier_time AS block_time, d.final, d.why_null,
           c.verdict AS certificate, c.block_number AS certified_block
    FROM derivations d LEFT JOIN (
        SELECT token, chain_id, arg_max(verdict, (block_number, fetched_at)) AS verdict,
               max(block_number) AS block_number
        FROM certificates GROUP BY token, chain_id
    ) c USING (token, chain_id)
    WHERE $tokens IS NULL OR list_contains(CAST($tokens AS VARCHAR[]), d.token)
    ORDER BY d.token, d.chain_id
"""


class Gone(Exception):
    """The page that a cursor points into is no longer kept."""


class Late(Exception):
    """An answer took too long and was stopped."""


class Ask(NamedTuple):
    """What a request wants. *key* names it in full but for the page; *tokens* are those it is about, None for all.

    *rows* returns all of them, or where *windowed* those from an offset on, at most so many; *note* says what there
    is where there are none.
    """

    key: str
    form: Form
    limit: int
    cursor: str | None
    tokens: Sequence[str] | None
    rows: Callable[[duckdb.DuckDBPyConnection, int, int], pa.Table]
    windowed: bool = False
    note: Callable[[duckdb.DuckDBPyConnection], str] | None = None


class Body(NamedTuple):
    """What goes out: its bytes, its tag for the next time, and the cursor of the page that follows."""

    content: bytes | None
    etag: str
    following: str | None


class Pages:
    """Answers questions from snapshots, and keeps what it answered while there is room."""

    def __init__(self, snapshots: Snapshots) -> None:
        self.snapshots = snapshots
        self._lock = threading.Lock()
        self._bodies: LRUCache[tuple[object, ...], Body] = LRUCache(ROOM, getsizeof=_size)
        self._tables: LRUCache[tuple[str, str], pa.Table] = LRUCache(
            ROOM, getsizeof=lambda rows: rows.nbytes + 1
        )

    def answer(self, ask: Ask, known: str) -> Body:
        """Return the page that *ask* wants, without content where *known* (If-None-Match) has its tag already.

        Raises Gone where its cursor points into a snapshot that is no longer kept, Late where it takes too long.
        """
        snapshot, offset = self._place(ask.cursor)
        etag = _etag(snapshot.tag, ask, offset)
        if etag in known:
            return Body(None, etag, None)
        at = (snapshot.tag, ask.key, ask.form, ask.limit, offset)
        with self._lock:
            body = self._bodies.get(at)
        return body or self._made(at, ask, snapshot, offset, etag)

    def fresh(self, ask: Ask) -> tuple[bytes, str | None]:
        """Return the page of *ask* from the newest snapshot, and the cursor of the next; nothing is kept."""
        snapshot, offset = self._place(ask.cursor)
        return self._page(ask, snapshot, offset)

    def _page(self, ask: Ask, snapshot: Snapshot, offset: int) -> tuple[bytes, str | None]:
        rows = self._window(ask, snapshot, offset)
        following = cursor(snapshot.tag, offset + ask.limit) if rows.num_rows > ask.limit else None
        with bounded(snapshot.con) as con:
            as_of = as_of_rows(con, ask.tokens)
            note = ask.note(con) if ask.note is not None and rows.num_rows == 0 else None
        return written(Page(rows.slice(0, ask.limit), as_of, following, note), ask.form), following

    def _made(self, at: tuple[object, ...], ask: Ask, snapshot: Snapshot, offset: int, etag: str) -> Body:
        content, following = self._page(ask, snapshot, offset)
        body = Body(content, etag, following)
        if len(content) <= ROOM // 4:
            with self._lock:
                self._bodies[at] = body
        return body

    def _window(self, ask: Ask, snapshot: Snapshot, offset: int) -> pa.Table:
        """Return the rows from *offset* on, one more than the page takes where there are more."""
        at = (snapshot.tag, ask.key)
        with self._lock:
            rows = self._tables.get(at)
        if rows is None:
            with bounded(snapshot.con) as con:
                rows = ask.rows(con, offset, ask.limit + 1)
            if ask.windowed:
                return rows
            if rows.nbytes <= ROOM // 4:
                with self._lock:
                    self._tables[at] = rows
        return rows.slice(offset, ask.limit + 1)

    def _place(self, typed: str | None) -> tuple[Snapshot, int]:
        if typed is None:
            return self.snapshots.newest(), 0
        tag, offset = read_cursor(typed)
        snapshot = self.snapshots.at(tag)
        if snapshot is None:
            raise Gone
        return snapshot, offset


def _size(body: Body) -> int:
    return len(body.content or b"") + 1


def _etag(tag: str, ask: Ask, offset: int) -> str:
    asked = hashlib.blake2b(
        f"{ask.key}\0{ask.form}\0{ask.limit}\0{offset}".encode(), digest_size=6
    ).hexdigest()
    return f'"{tag}-{asked}"'


def cursor(tag: str, offset: int) -> str:
    """Return the cursor of the rows from *offset* on, in the snapshot *tag*."""
    return base64.urlsafe_b64encode(f"{tag}.{offset}".encode()).decode().rstrip("=")


def read_cursor(typed: str) -> tuple[str, int]:
    """Return what a cursor says; raises Usage where it is none of ours."""
    try:
        said = base64.b64decode(typed + "=" * (-len(typed) % 4), altchars=b"-_", validate=True).decode(
            "ascii"
        )
    except (binascii.Error, ValueError):
        said = ""
    tag, _, offset = said.partition(".")
    if not (offset.isascii() and offset.isdecimal() and len(offset) < 12):
        raise Usage("cursor is not one that this server gave; take `next` of the page before.")
    return tag, int(offset)


@contextmanager
def bounded(con: duckdb.DuckDBPyConnection, seconds: float = SECONDS) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a cursor of *con* whose query is stopped after *seconds*; raises Late then."""
    import duckdb  # noqa: PLC0415 - help does not pay for DuckDB

    own = con.cursor()
    timer = threading.Timer(seconds, own.interrupt)
    timer.start()
    try:
        yield own
    except duckdb.InterruptException:
        raise Late from None
    finally:
        timer.cancel()
        own.close()


def as_of_rows(con: duckdb.DuckDBPyConnection, tokens: Sequence[str] | None) -> list[Mapping[str, Any]]:
    """Return through which block each token on each chain is told, and its last certificate."""
    values = {"tokens": None if tokens is None else list(tokens)}
    found: list[Mapping[str, Any]] = con.sql(AS_OF, params=values).to_arrow_table().to_pylist()
    return found
