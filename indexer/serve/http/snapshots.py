"""What is read: the home as of one commit, kept until a newer one is there and while somebody pages through it."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

from indexer.config.model import Registry
from indexer.config.settings import Settings
from indexer.floor.errors import StoreUnusable
from indexer.floor.tables import CLAIMS, ENDPOINTS, FILES, HEADS, LOGS
from indexer.serve.http.formats import streamed
from indexer.store.bookread import read_book, stamp
from indexer.store.read import listed, lock, over, told_of

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

KEPT = 16
"""Snapshots behind the newest that a cursor may still point into; each is some megabytes."""

_APART = (HEADS.name, ENDPOINTS.name, CLAIMS.name, FILES.name)
"""What changes at every look at a chain though no answer that is kept does; derived files count by their names."""


class Snapshot(NamedTuple):
    """The home as of one commit. *tag* names its figures: what has the same tag has the same answers."""

    tag: str
    con: duckdb.DuckDBPyConnection


class Snapshots:
    """The newest snapshot, and older ones by tag. Safe to use from several threads."""

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self._settings, self._registry = settings, registry
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Snapshot] = OrderedDict()
        self._stamp: object = None
        self._sound: frozenset[str] = frozenset()
        self._salt = _digest([version("rwa-indexer"), repr(registry)])

    def newest(self) -> Snapshot:
        """Return the newest snapshot; raises StoreUnusable where there is none yet."""
        with self._lock:
            if not self._kept:
                raise StoreUnusable("This home holds nothing yet that could be told; ask again in a moment.")
            return next(reversed(self._kept.values()))

    def at(self, tag: str) -> Snapshot | None:
        """Return the snapshot *tag*; None where it is gone."""
        with self._lock:
            return self._kept.get(tag)

    def refresh(self) -> bool:
        """Take a new snapshot where something was committed since the last one; returns whether it was.

        Raises Usage or StoreUnusable as ``reading`` does; the last snapshot then stays.
        """
        stamped = stamp(self._settings.home, self._settings.database)
        if stamped == self._stamp:
            return False
        book = read_book(self._settings.home, self._settings.database)
        paths = listed(book[FILES.name])
        con = over(self._settings, self._registry, book, self._sound)
        lock(con)
        self._sound = frozenset(told_of(paths))
        snapshot = Snapshot(self._tag(book, paths), con)
        with self._lock:
            self._kept.pop(snapshot.tag, None)
            self._kept[snapshot.tag] = snapshot
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._stamp = stamped
        return True

    def _tag(self, book: Mapping[str, pa.Table], paths: Mapping[str, list[str]]) -> str:
        """Return a name of all that figures are made of: the content of derived files, and the book's own rows."""
        files = [path for name, these in sorted(paths.items()) if name != LOGS.name for path in these]
        rows = (streamed(table) for name, table in sorted(book.items()) if name not in _APART)
        return _digest([self._salt, *files, *rows])


def _digest(parts: Iterable[str | bytes]) -> str:
    made = hashlib.blake2b(digest_size=10)
    for part in parts:
        body = part.encode() if isinstance(part, str) else part
        made.update(len(body).to_bytes(8, "big") + body)
    return made.hexdigest()
