"""A database made again from its lake: from the journal, else from what raw files tell of themselves."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pyarrow as pa

from indexer.config.model import Registry
from indexer.config.settings import Settings
from indexer.floor.errors import StoreUnusable, Usage
from indexer.floor.spans import Span
from indexer.floor.tables import CLAIMS, FILES, FILTERS, LOGS, RAW, SEGMENTS, TABLES, Table
from indexer.store.book import JOURNALED, Book, sqlite_path
from indexer.store.durable import sync_folder
from indexer.store.intact import check_revision
from indexer.store.journal import KEPT, Act, Journal
from indexer.store.lake import SEGMENT_KEY, Lake, schema_digest
from indexer.store.trouble import store_errors
from indexer.sync.orders import HELD
from indexer.sync.session import PAIRED, now

BUILDING = ".building"
PARTS = ("", "-wal", "-shm")
"""The files of an SQLite database: one without the others is another database."""


class Found(NamedTuple):
    """One thing that was looked at: what it is, how much of it, how it stands, and what to do next."""

    subject: str
    many: int
    state: str
    detail: str
    next: str | None = None


def mend_database(settings: Settings, registry: Registry) -> list[Found]:
    """Check the database, and make it again where it is lost or damaged; nothing of it is deleted.

    Raises StoreUnusable where a newer version wrote it, Usage where there is neither database nor lake.
    """
    lake = Lake(settings.lake)
    if not settings.database.startswith("sqlite"):
        return _mend_server(settings, registry, lake)
    path = sqlite_path(settings.database)
    _clear(path.with_name(f"{path.name}{BUILDING}"))  # of a repair that was killed
    trouble = sqlite_trouble(path)
    building = path.with_name(f"{path.name}{BUILDING}")
    if trouble is None and not _is_blank(settings.database, lake):
        trouble = _against_journal(settings, lake, building)
        if trouble is None:
            detail = f"{path.name}: every page is whole, and the rows are those of the journal"
            return [Found("database", 1, "ok", detail), *_mark_again(settings, lake)]
    if (
        trouble in ("is missing", "is empty")
        and lake.mark() is None
        and not _journal(settings, lake).path.exists()
    ):
        raise Usage(f"There is no data in {settings.home} yet, so there is nothing to repair.")
    trouble = trouble or "knows nothing of the lake"
    made = _made_again(f"sqlite:///{building}", settings, registry, lake)
    aside = _swap(path, building)
    kept = f"; what was there is kept as {aside.name}" if aside else ""
    return [Found("database", 1, "made again", f"{path.name} {trouble}{kept}"), *made]


def sqlite_trouble(path: Path) -> str | None:
    """Return what is wrong with the SQLite database *path*; None where every page and index of it is whole."""
    if not path.exists():
        return "is missing"
    if path.stat().st_size == 0:
        return "is empty"
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=30)) as con:
            said = [str(row[0]) for row in con.execute("PRAGMA integrity_check(3)")]
            if said != ["ok"]:
                return f"is damaged ({said[0].splitlines()[-1]})"
            if con.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
                row = con.execute("SELECT version_num FROM alembic_version").fetchone()
                check_revision(None if row is None else str(row[0]), f"The database {path}")
    except sqlite3.OperationalError as error:
        if "malformed" not in str(error):
            why = f"The database {path} cannot be checked: {error}. Check the disk and its rights."
            raise StoreUnusable(why) from error
        return f"is damaged ({error})"
    except sqlite3.DatabaseError as error:
        return f"is damaged ({error})"
    return None


def _against_journal(settings: Settings, lake: Lake, building: Path) -> str | None:
    """Return in how many rows the database differs from its journal; None where in none, or where it has none.

    SQLite keeps no checksum of a cell, the journal has one of each line.
    """
    told = _journal(settings, lake).read()
    book, again = Book(settings.database), Book(f"sqlite:///{building}")
    try:
        last = book.rows(CLAIMS, claim=JOURNALED)
        if told.damage is not None or not last or told.entries[-1].name != last[0]["owner"]:
            return None
        with again.commit() as commit:
            for act in told.acts():
                commit.do(act)
        differing = {table.name: _difference(book, again, table) for table in KEPT}
    finally:
        book.close()
        again.close()
        _clear(building)
    wrong = [f"{many} of {name}" for name, many in differing.items() if many]
    return f"has other rows than its journal ({', '.join(wrong)})" if wrong else None


def _difference(book: Book, again: Book, table: Table) -> int:
    """Return how many rows of *table* are in one of the two alone."""
    try:
        rows = [set(map(repr, one.rows(table))) for one in (book, again)]
    except StoreUnusable:
        return 1  # a cell that cannot even be read
    return len(rows[0] ^ rows[1])


def _clear(database: Path) -> None:
    for part in PARTS:
        database.with_name(f"{database.name}{part}").unlink(missing_ok=True)


def _mend_server(settings: Settings, registry: Registry, lake: Lake) -> list[Found]:
    """Fill a PostgreSQL database that knows nothing of its lake; its own pages are its own to check."""
    if not _is_blank(settings.database, lake):
        return [Found("database", 1, "ok", "knows its lake"), *_mark_again(settings, lake)]
    made = _made_again(settings.database, settings, registry, lake)
    return [Found("database", 1, "made again", "knew nothing of the lake"), *made]


def _is_blank(database: str, lake: Lake) -> bool:
    """Say whether the database belongs to no lake while this lake belonged to a database."""
    book = Book(database)
    try:
        return lake.mark() is not None and not book.rows(CLAIMS, claim=PAIRED) and not book.rows(SEGMENTS)
    finally:
        book.close()


def _mark_again(settings: Settings, lake: Lake) -> Iterator[Found]:
    """Write again whose the lake is, where that was lost and files that the database lists are there."""
    if lake.mark() is not None:
        return
    book = Book(settings.database)
    try:
        mine = book.rows(CLAIMS, claim=PAIRED)
        listed = [row["path"] for row in book.rows(FILES) if row["unlisted_at"] is None]
    finally:
        book.close()
    if mine and any(lake.size(path) for path in listed):
        lake.mark(mine[0]["owner"])
        yield Found("lake", 1, "mended", "it had lost the name of its database")


def _made_again(url: str, settings: Settings, registry: Registry, lake: Lake) -> list[Found]:
    """Fill the database *url* with what the lake remembers; from here on the lake is its own, and no other's."""
    acts, how = remembered(settings, registry, lake)
    owner = uuid4().hex
    book = Book(url)
    try:
        with book.commit() as commit:
            for act in acts:
                commit.do(act)
            commit.put(CLAIMS, [{"claim": PAIRED, "owner": owner, "fetched_at": now()}])
        spans = book.rows(SEGMENTS)
        held = book.rows(CLAIMS, owner=HELD)
    finally:
        book.close()
    lake.mark(owner)
    logs = sum(row["logs"] for row in spans)
    return [how, Found("book", len(spans), "made again", f"spans with {logs:,} logs, of {len(held)} tokens")]


def remembered(settings: Settings, registry: Registry, lake: Lake) -> tuple[Sequence[Act], Found]:
    """Return what the lake remembers of its book, and from where."""
    told = _journal(settings, lake).read()
    acts = told.acts()
    if told.damage is None:
        end = "; its last line was cut off before its commit" if told.torn else ""
        return acts, Found("journal", len(told.entries), "ok", f"commits, whole{end}")
    held = {row["path"] for act in acts if act.table is FILES for row in act.rows}
    more = list(from_files(lake, registry, held))
    detail = f"{told.damage}; what raw files tell of themselves stands in for it"
    lost = "spans without logs, certificates, publications and imports since are lost: `rwa backfill`, and import again"
    return [*acts, *more], Found("journal", len(told.entries), "damaged", detail, lost)


def from_files(lake: Lake, registry: Registry, known: Iterable[str] = ()) -> Iterator[Act]:
    """Yield what raw files tell: logs their segment and filter, of reads and transactions each chain's newest."""
    segments: list[dict[str, Any]] = []
    others: list[tuple[datetime, dict[str, Any]]] = []
    for path, changed in lake.paths():
        table = TABLES.get(path.partition("/")[0])
        if table not in RAW or path in set(known) or not path.endswith(".parquet"):
            continue
        try:
            with store_errors("reading what a file tells of itself"), lake.opened(path) as file:
                note = json.loads((file.schema_arrow.metadata or {}).get(SEGMENT_KEY, b"{}"))
                rows = file.metadata.num_rows
        except (StoreUnusable, pa.ArrowException):
            continue  # a damaged file tells nothing; what it held is fetched again
        row = _file_row(path, table.name, note, rows)
        if table is LOGS:
            segments.append({**note, "path": path, "file": row})
        else:
            others.append((changed, row))
    newest = {(row["table_name"], row["chain_id"]): row for _, row in sorted(others, key=lambda one: one[0])}
    yield Act("put", FILES, list(newest.values()))
    filters = {}
    for segment in without_overlap(segments):
        yield Act("put", FILES, [segment.pop("file")])
        filters[segment["filter_id"]] = (segment["chain_id"], segment.pop("filter"))
        typed = {name: datetime.fromisoformat(segment[name]) for name in ("last_time", "fetched_at")}
        yield Act("put", SEGMENTS, [{**segment, **typed}])
    for filter_id, (chain_id, body) in filters.items():
        yield Act("put", FILTERS, [{"filter_id": filter_id, "chain_id": chain_id, "body": body}])
    bodies = " ".join(body for _, body in filters.values())
    tokens = [
        t.id for t in registry.tokens.values() if any(d.address.lower() in bodies for d in t.deployments)
    ]
    yield Act("put", CLAIMS, [{"claim": f"token {t}", "owner": HELD, "fetched_at": now()} for t in tokens])


def without_overlap(segments: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the segments of which no two of a filter share a block: the newest, and of merged ones the whole."""
    newest = sorted(segments, key=lambda s: (s["fetched_at"], s["last"] - s["first"]), reverse=True)
    taken: dict[str, list[Span]] = {}
    out = []
    for segment in newest:
        span = Span(segment["first"], segment["last"])
        if not any(span.overlaps(other) for other in taken.setdefault(segment["filter_id"], [])):
            taken[segment["filter_id"]].append(span)
            out.append(segment)
    return out


def _file_row(path: str, table: str, note: dict[str, Any], rows: int) -> dict[str, Any]:
    return {
        "path": path,
        "table_name": table,
        "chain_id": note.get("chain_id"),
        "token": note.get("token"),
        "first": note.get("first"),
        "last": note.get("last"),
        "rows": rows,
        "schema_digest": schema_digest(TABLES[table]),
        "unlisted_at": None,
    }


def _journal(settings: Settings, lake: Lake) -> Journal:
    return Journal(lake.folder or settings.home)


def _swap(path: Path, building: Path) -> Path | None:
    """Give the new database its name, after setting aside what had it; return where that is."""
    aside = None
    with store_errors("giving the new database its name", path.parent):
        stamp = now().strftime("%Y%m%dT%H%M%S%f")
        for part in PARTS:
            old = path.with_name(f"{path.name}{part}")
            if old.exists():
                aside = path.with_name(f"{path.name}.damaged-{stamp}")
                old.replace(path.with_name(f"{path.name}.damaged-{stamp}{part}"))
        building.replace(path)
        sync_folder(path.parent)
    return aside
