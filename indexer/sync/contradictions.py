"""What is found without any request: files that are not what their name says, rows that contradict each other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from indexer.floor.tables import FILES, FILTERS, LOGS, SEGMENTS
from indexer.store.intact import flaws
from indexer.sync.coverage import Book, book_of
from indexer.sync.raw import clash_of
from indexer.sync.session import Session, now


def flawed_files(work: Session) -> list[dict[str, Any]]:
    """Return a row of ``audits`` for each listed file that is missing or is not what its name says."""
    folder = work.lake.folder
    if folder is None:
        return []
    listed = {row["path"]: row for row in work.book.rows(FILES) if row["unlisted_at"] is None}
    found = []
    for flaw in flaws(folder, list(listed)):
        row = listed[flaw.path]
        detail = f"The file {flaw.path} {flaw.what}. Run `rwa repair --store`."
        found.append(
            _row(row["chain_id"] or "all", flaw.path, "file", detail, row["first"] or 0, row["last"] or 0)
        )
    return found


def contradictions(work: Session, chains: Sequence[str], unreadable: Collection[str]) -> list[dict[str, Any]]:
    """Return a row of ``audits`` for each segment whose rows contradict its book or another segment's.

    Files in *unreadable* are left out: they have rows of their own.
    """
    found = []
    for chain_id in chains:
        book = book_of(work.book.rows(SEGMENTS, chain_id=chain_id), work.book.rows(FILTERS), chain_id)
        parts = []
        for segment in book.segments:
            if segment["path"] in unreadable:
                continue
            logs = work.lake.read(LOGS, [segment["path"]] if segment["path"] else [])
            why = _own(segment, logs)
            if why:
                place = segment["first"], segment["last"]
                found.append(_row(chain_id, segment["filter_id"], "rows", why, *place, logs=logs.num_rows))
            parts.append(logs)
        clash = clash_of(pa.concat_tables(parts)) if parts else None
        if clash is not None:
            detail = (
                f"Two different logs are held for one place of block {clash}, or two hashes of it. `rwa audit --proof "
                f"receipts --from {clash} --to {clash}` and `rwa repair` settle it."
            )
            found += [
                _row(chain_id, s["filter_id"], "rows", detail, clash, clash) for s in _holding(book, clash)
            ]
    return found


def _holding(book: Book, block: int) -> list[Mapping[str, Any]]:
    return [s for s in book.segments if s["first"] <= block <= s["last"]]


def _own(segment: Mapping[str, Any], logs: pa.Table) -> str | None:
    """Return what is wrong with the rows of one segment beside its book, if anything."""
    if logs.num_rows != segment["logs"]:
        return f"The book lists {segment['logs']} logs, the file has {logs.num_rows}."
    if logs.num_rows:
        reach = pc.min_max(logs["block_number"]).as_py()
        if reach["min"] < segment["first"] or reach["max"] > segment["last"]:
            return f"The file has logs of blocks {reach['min']} to {reach['max']}, outside the segment."
    return None


def _row(
    chain_id: str, filter_id: str, level: str, detail: str, first: int, last: int, *, logs: int = 0
) -> dict[str, Any]:
    return {
        "chain_id": chain_id, "filter_id": filter_id, "level": level, "first": first, "last": last,
        "verdict": "failed", "detail": detail, "logs": logs, "added": 0, "removed": 0, "logs_digest": "",
        "parent_hash": None, "last_hash": None, "seed": None, "endpoint": None, "fetched_at": now(),
    }  # fmt: skip
