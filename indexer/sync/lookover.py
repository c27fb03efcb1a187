"""A quick look over the store for `rwa doctor`: the database's pages, the files' ends, the journal."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from alembic.script import ScriptDirectory

from indexer.config.settings import Settings
from indexer.floor.errors import StoreUnusable
from indexer.floor.tables import CLAIMS, FILES
from indexer.store.book import JOURNALED, alembic_config, sqlite_path
from indexer.store.journal import Journal
from indexer.store.lake import Lake
from indexer.store.trouble import store_errors

Seen = tuple[str, str, str, str, str | None]
"""What was looked at, of what, how it stands, in words, and what to do."""

REPAIR = "Run `rwa repair --store`."
LOOKS = "Run `rwa repair --store`, which reads every file, and says what is lost."


def looked_at(settings: Settings, book: Mapping[str, pa.Table]) -> Iterator[Seen]:
    """Yield how the database, the lake and its journal stand; sizes and ends are looked at, no content."""
    lake = Lake(settings.lake)
    yield _database(settings)
    yield _files(lake, [row for row in book[FILES.name].to_pylist() if row["unlisted_at"] is None])
    yield _journal(Journal(lake.folder or settings.home), book)


def _database(settings: Settings) -> Seen:
    if not settings.database.startswith("sqlite"):
        return ("database", "postgresql", "ok", "can be read", None)
    path = sqlite_path(settings.database)
    newest = ScriptDirectory.from_config(alembic_config()).get_current_head()
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as con:
            said = con.execute("PRAGMA quick_check(1)").fetchone()[0]
            row = con.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        said, row = str(error), None
    if said != "ok":
        return ("database", str(path), "fail", f"is damaged ({str(said).splitlines()[-1]})", REPAIR)
    held = row[0] if row else None
    if held != newest:
        remedy = "Run `rwa backfill` with this version once; it brings the schema up to date."
        return ("database", str(path), "warn", f"schema {held}, this version has {newest}", remedy)
    return ("database", str(path), "ok", f"its pages are whole, schema {held}", None)


def _files(lake: Lake, listed: list[dict[str, Any]]) -> Seen:
    """Return whether each listed file is there and ends as a file with its rows does."""
    wrong = [row["path"] for row in listed if not _ends_well(lake, row)]
    if wrong:
        detail = f"{len(wrong)} of {len(listed)} files are missing or cut off, the first is {wrong[0]}"
        return ("lake", "files", "fail", detail, LOOKS)
    return ("lake", "files", "ok", f"{len(listed)} files, all there", None)


def _ends_well(lake: Lake, row: Mapping[str, Any]) -> bool:
    if lake.folder is None:
        return lake.size(row["path"]) > 0
    try:
        with store_errors("looking at a file"), (lake.folder / row["path"]).open("rb") as file:
            rows = int(pq.read_metadata(file).num_rows)
    except (StoreUnusable, pa.ArrowException):
        return False
    return rows == int(row["rows"])


def _journal(journal: Journal, book: Mapping[str, pa.Table]) -> Seen:
    """Return whether the journal is whole and knows the last commit."""
    told = journal.read()
    last = [row["owner"] for row in book[CLAIMS.name].to_pylist() if row["claim"] == JOURNALED]
    if told.damage is not None or not any(entry.name == name for name in last for entry in told.entries):
        why = told.damage or "it does not know the last commit"
        return (
            "lake",
            "journal",
            "warn",
            why,
            "The next command that writes begins it anew from the database.",
        )
    return ("lake", "journal", "ok", f"{len(told.entries)} commits since it began", None)
