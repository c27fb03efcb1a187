"""What is found without any request: files that are not what their name says, rows that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from indexer.floor.tables import FILES, FILTERS, LOGS, SEGMENTS
from indexer.store.intact import flaws
from indexer.sync.coverage import book_of
from indexer.sync.session import Session, now

CONTENT = ("block_hash", "tx_hash", "tx_index", "address", "topic0", "topic1", "topic2", "topic3", "data")
SHOWN = 3


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


def contradictions(work: Session, chains: Sequence[str]) -> list[dict[str, Any]]:
    """Return a row of ``audits`` for each segment whose rows contradict its book or another segment's.

    A log that two filters held is there twice, the same; twice and different is a lie of one of the two.
    """
    found = []
    for chain_id in chains:
        book = book_of(work.book.rows(SEGMENTS, chain_id=chain_id), work.book.rows(FILTERS), chain_id)
        parts = []
        for segment in book.segments:
            logs = _readable(work, segment["path"])
            if logs is None:
                continue  # the file's own row says so
            why = _own(segment, logs)
            if why:
                place = segment["first"], segment["last"]
                found.append(_row(chain_id, segment["filter_id"], "rows", why, *place, logs=logs.num_rows))
            parts.append(
                logs.append_column("filter_id", pa.array([segment["filter_id"]] * logs.num_rows, pa.string()))
            )
        if parts:
            found += _between(chain_id, pa.concat_tables(parts))
    return found


def _readable(work: Session, path: str | None) -> pa.Table | None:
    from indexer.floor.errors import StoreUnusable  # noqa: PLC0415

    try:
        return work.lake.read(LOGS, [path] if path else [])
    except StoreUnusable:
        return None


def _own(segment: Mapping[str, Any], logs: pa.Table) -> str | None:
    """Return what is wrong with the rows of one segment beside its book, if anything."""
    if logs.num_rows != segment["logs"]:
        return f"The book lists {segment['logs']} logs, the file has {logs.num_rows}."
    if logs.num_rows:
        reach = pc.min_max(logs["block_number"]).as_py()
        if reach["min"] < segment["first"] or reach["max"] > segment["last"]:
            return f"The file has logs of blocks {reach['min']} to {reach['max']}, outside the segment."
    return None


def _between(chain_id: str, logs: pa.Table) -> Iterator[dict[str, Any]]:
    """Yield a row for each filter whose logs have the place of another log, or the block of another hash."""
    seen: dict[tuple[int, int], tuple[Any, str]] = {}
    hashes: dict[int, tuple[bytes, str]] = {}
    wrong: dict[str, list[int]] = {}
    names = ("block_number", "log_index", *CONTENT, "filter_id")
    for block, index, *content, filter_id in zip(*(logs[name].to_pylist() for name in names), strict=True):
        first, other = seen.setdefault((block, index), (content, filter_id))
        block_hash, also = hashes.setdefault(block, (content[0], filter_id))
        if first != content or block_hash != content[0]:
            for one in {filter_id, other, also}:
                wrong.setdefault(one, []).append(block)
    for filter_id, blocks in sorted(wrong.items()):
        shown = ", ".join(str(block) for block in sorted(set(blocks))[:SHOWN])
        detail = f"Two different logs are held for one place, or two hashes for one block, at block {shown}."
        yield _row(chain_id, filter_id, "rows", detail, min(blocks), max(blocks))


def _row(
    chain_id: str, filter_id: str, level: str, detail: str, first: int, last: int, *, logs: int = 0
) -> dict[str, Any]:
    return {
        "chain_id": chain_id, "filter_id": filter_id, "level": level, "first": first, "last": last,
        "verdict": "failed", "detail": detail, "logs": logs, "added": 0, "removed": 0, "logs_digest": "",
        "parent_hash": None, "last_hash": None, "seed": None, "endpoint": None, "fetched_at": now(),
    }  # fmt: skip
