"""`rwa import`: what files tell goes into the book, apart from what chains tell, and figures follow."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from indexer.config.model import Registry, Token
from indexer.config.settings import Settings
from indexer.config.told import FORMATS, Asked, parse
from indexer.floor.errors import Usage
from indexer.floor.tables import CLAIMS, DERIVATIONS, LABELS, Table
from indexer.store.read import read_book
from indexer.sync.deriving import whole_claim
from indexer.sync.orders import Progress
from indexer.sync.remeasuring import due
from indexer.sync.session import now, session
from indexer.sync.whole import measure_whole

Row = Mapping[str, Any]


class File(NamedTuple):
    """A file as it was given: its kind, its name, its bytes, and who its figures are from where it does not say."""

    kind: str
    name: str
    data: bytes
    source: str | None = None

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


class Change(NamedTuple):
    """What an import does: rows to put, rows that they replace, and rows that stand already."""

    added: tuple[dict[str, Any], ...]
    replaced: tuple[Row, ...]
    unchanged: tuple[Row, ...]


def import_file(
    settings: Settings, registry: Registry, file: File, progress: Progress, *, dry_run: bool = False
) -> list[dict[str, object]]:
    """Import all of *file*, or nothing of it, and compute again what depends on it; return what was done.

    With *dry_run* the file is checked and compared with the book, and nothing is written.
    """
    table = FORMATS[file.kind].table
    rows = parse(file.kind, file.name, file.data, Asked(registry, file.source, now().date()))
    if dry_run:
        return [
            _summary(file, table, changes(table, _held(settings, table), rows, file, now()), (), dry_run=True)
        ]
    with session(settings, registry, progress) as work:
        change = changes(table, work.book.rows(table), rows, file, now())
        tokens: Sequence[str] = ()
        if change.added:
            here = {row["token"] for row in work.book.rows(DERIVATIONS)}
            tokens = [t.id for t in _concerned(table, registry, change.added) if t.id in here]
            with work.book.commit() as commit:
                for row in change.replaced:
                    commit.update(table, row, superseded_at=now(), superseded_by=file.digest)
                commit.put(table, change.added)
                commit.put(CLAIMS, [claim for token in tokens for claim in (due(token), whole_claim(token))])
        measure_whole(work)
    return [_summary(file, table, change, tokens, dry_run=False)]


def changes(table: Table, held: Iterable[Row], rows: Iterable[Row], file: File, at: datetime) -> Change:
    """Return what *rows* change of the rows *held*: what is told again in the same words changes nothing."""
    names = [name for name in table.key if name != "file_digest"]
    figures = [c.name for c in table.columns if c.name not in table.key and c.name not in _PROVENANCE]
    standing = {tuple(row[name] for name in names): row for row in held if row["superseded_at"] is None}
    added, replaced, unchanged = [], [], []
    for row in rows:
        before = standing.get(tuple(row[name] for name in names))
        if before is not None and all(before[name] == row[name] for name in figures):
            unchanged.append(row)
            continue
        if before is not None:
            replaced.append(before)
        provenance = {"file": file.name, "file_digest": file.digest, "imported_at": at}
        added.append({**row, **provenance, "superseded_at": None, "superseded_by": None})
    return Change(tuple(added), tuple(replaced), tuple(unchanged))


_PROVENANCE = frozenset(("file", "line", "imported_at", "superseded_at", "superseded_by"))


def _held(settings: Settings, table: Table) -> list[dict[str, Any]]:
    try:
        rows: list[dict[str, Any]] = read_book(settings.home, settings.database)[table.name].to_pylist()
    except Usage:
        return []  # a fresh home holds nothing
    return rows


def _concerned(table: Table, registry: Registry, rows: Iterable[Row]) -> list[Token]:
    """Return the tokens whose figures depend on *rows*; on a label no figure does."""
    if table is LABELS:
        return []
    named = {(row["scope"], row["name"]) for row in rows}
    return [t for t in registry.tokens.values() if {("token", t.id), ("product", t.product)} & named]


def _summary(
    file: File, table: Table, change: Change, tokens: Sequence[str], *, dry_run: bool
) -> dict[str, object]:
    note = "dry run: nothing was written" if dry_run else None
    return {
        "file": file.name,
        "table": table.name,
        "rows": len(change.added) + len(change.unchanged),
        "added": len(change.added) - len(change.replaced),
        "replaced": len(change.replaced),
        "unchanged": len(change.unchanged),
        "note": f"computed again: {', '.join(tokens)}" if tokens else note,
    }
