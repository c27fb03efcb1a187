"""Puts right what an audit failed: the span's logs are replaced in one commit, or it becomes a hole that is named.

The derivations of the tokens that may read them are marked as out of date in that commit, so that a run which ends
right behind it loses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import pyarrow as pa

from indexer.floor.spans import BlockRef, Span, subtract
from indexer.floor.tables import AUDITS, DERIVATIONS, FILES, FILTERS, LOGS, SEGMENTS
from indexer.ledger.figures import moment
from indexer.sources.evm import Evm
from indexer.store.book import Commit
from indexer.store.lake import LakeFile
from indexer.sync.audit import prove_parts, raise_proof
from indexer.sync.audits import Part, audit_row, logs_in, parts_of, strength
from indexer.sync.coverage import Book, Task, book_of
from indexer.sync.proving import Finding
from indexer.sync.restating import REPAIRED
from indexer.sync.session import Session, now
from indexer.sync.writer import file_row, passed_since, uncertify, unlist, written

Row = Mapping[str, Any]

REST = timedelta(hours=1)
"""How long a follower leaves a hole alone that nobody could settle."""


class Mended(NamedTuple):
    """What a repair did: the rows of ``audits`` it made, and the findings that became holes."""

    rows: list[dict[str, Any]]
    holes: list[Finding]

    @property
    def changed(self) -> bool:
        return any(row["verdict"] == "repaired" for row in self.rows) or bool(self.holes)


async def repair_chain(work: Session, evm: Evm, failed: Sequence[Row]) -> Mended:
    """Put right the spans of *failed*, rows of ``audits``; each is proved again, elsewhere where that can be.

    What failed once and cannot be settled now is not kept: it is a hole until it can.
    """
    done = Mended([], [])
    for row in failed:
        book = held_book(work, evm.chain_id)
        parts = parts_of(book, _sharing(work, book, row), row["level"], Span(row["first"], row["last"]))
        found, _ = await prove_parts(work, evm, parts)
        for (made, finding), part in zip(found, parts, strict=False):
            if finding.verdict == "unknown":
                finding = finding._replace(verdict="failed", right=None)  # noqa: PLW2901 - once wrong
                with work.book.commit() as commit:
                    commit.put(AUDITS, [made | {"verdict": "failed"}])
            more = await settle_finding(work, evm, part, finding)
            done.rows.extend(more.rows or [made])
            done.holes.extend(more.holes)
        _done_with(work, row, parts)
    return done


async def settle_finding(work: Session, evm: Evm, part: Part, finding: Finding) -> Mended:
    """Make of a *finding* that failed what can be made: the right logs, or a hole."""
    if finding.verdict != "failed":
        return Mended([], [])
    segment = _now(work, part)
    if segment is None:
        return Mended([], [])
    if finding.right is not None:
        return Mended([_replace(work, segment, finding)], [])
    await _open(work, evm, segment, finding)
    return Mended([], [finding])


def _now(work: Session, part: Part) -> dict[str, Any] | None:
    """Return the segment that holds the part's span now: an earlier repair may have replaced it."""
    rows = work.book.rows(SEGMENTS, chain_id=part.unit.filter.chain_id, filter_id=part.unit.filter.id)
    span = part.unit.span
    return next((s for s in rows if s["first"] <= span.first and span.last <= s["last"]), None)


def _replace(work: Session, segment: dict[str, Any], finding: Finding) -> dict[str, Any]:
    """Give *segment* the right logs of the finding's span, in one commit; return the row of ``audits``."""
    span = finding.unit.span
    assert finding.right is not None  # noqa: S101 - the caller looked
    right = logs_in(finding.right, span)
    held = work.lake.read(LOGS, [segment["path"]] if segment["path"] else [])
    logs = pa.concat_tables(
        [logs_in(held, Span(0, span.first - 1)), right, logs_in(held, Span(span.last + 1, segment["last"]))]
    )
    endpoints = {*segment["endpoint"].split(","), *((finding.endpoint or "").split(", "))} - {""}
    fresh = segment | {"endpoint": ",".join(sorted(endpoints)), "logs": logs.num_rows, "path": None}
    fresh, file = written(work.lake, fresh | {"fetched_at": now()}, logs, finding.unit.filter.body)
    row = audit_row(finding._replace(verdict="repaired"), right, now())
    readers = readers_of(work, segment["chain_id"], finding.unit.filter.addresses)
    certificates = passed_since(work.book, segment["chain_id"], span.first, {r["token"] for r in readers})
    with work.book.commit() as commit:
        _swap(commit, segment, [(fresh, file)])
        commit.put(AUDITS, [row])
        _outdate(commit, readers)
        uncertify(commit, certificates)
    raise_proof(work, fresh, logs)
    return row


async def _open(work: Session, evm: Evm, segment: dict[str, Any], finding: Finding) -> None:
    """Take the finding's span out of *segment*: nobody knows its logs, so it is a hole."""
    span = finding.unit.span
    held = work.lake.read(LOGS, [segment["path"]] if segment["path"] else [])
    pieces: list[tuple[dict[str, Any], LakeFile | None]] = []
    if span.first > segment["first"]:
        (header,) = await evm.headers(Span(span.first - 1, span.first - 1), pin=finding.unit.end)
        before = header.block
        pieces.append(_piece(work, segment, held, Span(segment["first"], before.number), before, finding))
    if span.last < segment["last"]:
        pieces.append(_piece(work, segment, held, Span(span.last + 1, segment["last"]), None, finding))
    readers = readers_of(work, segment["chain_id"], finding.unit.filter.addresses)
    certificates = passed_since(work.book, segment["chain_id"], span.first, {r["token"] for r in readers})
    with work.book.commit() as commit:
        _swap(commit, segment, pieces)
        _outdate(commit, readers)
        uncertify(commit, certificates)


def _piece(
    work: Session, segment: dict[str, Any], held: pa.Table, span: Span, end: BlockRef | None, finding: Finding
) -> tuple[dict[str, Any], LakeFile | None]:
    logs = logs_in(held, span)
    row = segment | {"first": span.first, "last": span.last, "logs": logs.num_rows, "path": None}
    if end is not None:
        row |= {"last_hash": end.hash, "last_time": moment(end.time)}
    return written(work.lake, row, logs, finding.unit.filter.body)


def _swap(commit: Commit, segment: Row, pieces: Sequence[tuple[dict[str, Any], LakeFile | None]]) -> None:
    """Replace *segment* by *pieces*, and its file by theirs."""
    paths = {file.path for _, file in pieces if file is not None}
    commit.remove(SEGMENTS, [{name: segment[name] for name in SEGMENTS.key}])
    commit.put(SEGMENTS, [row for row, _ in pieces])
    unlist(commit, [segment["path"]] if segment["path"] and segment["path"] not in paths else [])
    commit.put(FILES, [file_row(file) for _, file in pieces if file is not None])


def readers_of(work: Session, chain_id: str, addresses: Iterable[str]) -> list[dict[str, Any]]:
    """Return the derivations of the tokens that have a contract among *addresses* on the chain."""
    changed = set(addresses)
    found = []
    for row in work.book.rows(DERIVATIONS, chain_id=chain_id):
        token = work.registry.tokens.get(row["token"])
        for where in token.deployments if token else ():
            group = {where.address, *(companion.address for companion in where.companions)}
            if where.chain_id == chain_id and group & changed:
                found.append(row)
    return found


def _outdate(commit: Commit, readers: Iterable[Row]) -> None:
    """Mark derivations as made from other logs than are held now: they are made again."""
    for row in readers:
        commit.update(DERIVATIONS, row, config_digest=REPAIRED)


def named_holes(work: Session, evm: Evm) -> list[str]:
    """Return a sentence for each span that failed an audit and is held no more."""
    book = held_book(work, evm.chain_id)
    return [
        f"{evm.chain.name} blocks {Span(row['first'], row['last'])} are a hole: {row['detail']}. Nothing settles it; "
        f"name another endpoint with --rpc {evm.chain.name}=URL,URL and run `rwa backfill` again."
        for row in open_failures(work, evm.chain_id)
        if not _sharing(work, book, row)
    ]


def open_failures(work: Session, chain_id: str) -> list[dict[str, Any]]:
    """Return the rows of ``audits`` of a chain that failed and can be proved again."""
    rows = work.book.rows(AUDITS, chain_id=chain_id, verdict="failed")
    return [row for row in rows if strength(row["level"]) > 0]


def held_book(work: Session, chain_id: str) -> Book:
    return book_of(work.book.rows(SEGMENTS, chain_id=chain_id), work.book.rows(FILTERS), chain_id)


def _sharing(work: Session, book: Book, row: Row) -> list[Row]:
    """Return the segments that hold blocks of *row* for one of the contracts that its filter asked for.

    After a hole was fetched again these may be of another filter.
    """
    bodies = work.book.rows(FILTERS, filter_id=row["filter_id"])
    asked = {address for body in bodies for address, _ in json.loads(body["body"])}
    span = Span(row["first"], row["last"])
    return [
        s
        for s in book.segments
        if span.overlaps(Span(s["first"], s["last"])) and not asked.isdisjoint(book.filters[s["filter_id"]])
    ]


def _done_with(work: Session, row: Row, parts: Sequence[Part]) -> None:
    """Forget *row* where the same blocks now stand under other names, and have rows of their own."""
    mine = {(part.unit.filter.id, part.unit.span.first) for part in parts}
    if (row["filter_id"], row["first"]) in mine:
        return
    if not subtract(Span(row["first"], row["last"]), [part.unit.span for part in parts]):
        with work.book.commit() as commit:
            commit.remove(AUDITS, [{name: row[name] for name in AUDITS.key}])


def without_lately_unknown(
    work: Session, chain_id: str, parts: Sequence[Part], rest: timedelta
) -> list[Part]:
    """Return *parts* without those that nobody could settle within the last *rest*."""
    recent = {
        (row["filter_id"], row["level"], row["first"])
        for row in work.book.rows(AUDITS, chain_id=chain_id, verdict="unknown")
        if now() - row["fetched_at"] < rest
    }
    return [p for p in parts if (p.unit.filter.id, p.unit.level, p.unit.span.first) not in recent]


def without_resting(work: Session, chain_id: str) -> Callable[[list[Task]], list[Task]]:
    """Return what takes out of requests the spans that failed so lately that asking again would tell nothing new."""
    recent = now() - REST
    spans = [Span(r["first"], r["last"]) for r in open_failures(work, chain_id) if r["fetched_at"] > recent]
    return lambda tasks: [Task(span, task.filter) for task in tasks for span in subtract(task.span, spans)]
