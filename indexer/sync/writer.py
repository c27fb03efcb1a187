"""The one writer of raw logs: finished spans are joined in memory and committed as segments."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pyarrow as pa

from indexer.floor.filters import Filter
from indexer.floor.spans import BlockRef, Span
from indexer.floor.tables import CERTIFICATES, DERIVATIONS, FILES, FILTERS, LOGS, SEGMENTS
from indexer.ledger.figures import moment
from indexer.store.book import Book, Commit
from indexer.store.lake import Lake, LakeFile
from indexer.verify.certificate import SETTLED

FLUSH_SECONDS = 5.0
"""How long finished spans may wait in memory: what a kill loses."""
FLUSH_LOGS = 1_000_000
MERGE_LOGS = 1_000_000
MERGE_BYTES = 128 * 1024 * 1024
MERGE_MANY = 8
"""So many neighbours are merged even where most of the rows are in one file already."""
PROOF = "end_block"


class Piece(NamedTuple):
    """One answered request: its logs in order, and the block that proves it."""

    filter: Filter
    span: Span
    logs: pa.Table
    end: BlockRef
    endpoint: str


class LogWriter:
    """Collects pieces of one chain and commits them: joined neighbours make one segment and one file.

    *final* is the chain's last final block; None where all of them are. *changed* has a sentence for each
    time that what came for final blocks was not what had come before they were final.
    """

    def __init__(self, book: Book, lake: Lake, final: int | None = None) -> None:
        self._book = book
        self._lake = lake
        self._final = final
        self.changed: list[str] = []
        self.provisional = 0
        """Segments above the final block that were committed."""
        self._pieces: list[Piece] = []
        self._logs = 0
        self._flushed = time.monotonic()

    def add(self, piece: Piece) -> None:
        self._pieces.append(piece)
        self._logs += piece.logs.num_rows
        if self._logs >= FLUSH_LOGS or time.monotonic() - self._flushed >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write files, then book them with their segments in one transaction."""
        runs = joined(self._pieces, self._final)
        self._pieces, self._logs = [], 0
        if runs:
            written = [self._write(run) for run in runs]
            held = self._provisional(runs)
            changed = self._changed(held, runs)
            chain_id = runs[0][0].filter.chain_id
            derived = self._book.rows(DERIVATIONS, chain_id=chain_id) if changed else []
            first = min((s["first"] for s in held), default=0)
            certificates = passed_since(self._book, chain_id, first) if changed else []
            with self._book.commit() as commit:
                _drop(commit, held)
                outdate(commit, derived)
                uncertify(commit, certificates)
                for run, (segment, file) in zip(runs, written, strict=True):
                    _put(commit, run[0].filter, segment, file)
            self.changed += changed
            self.provisional += sum(not segment["final"] for segment, _ in written)
        self._flushed = time.monotonic()

    def _changed(self, held: Sequence[Mapping[str, Any]], runs: Sequence[Sequence[Piece]]) -> list[str]:
        """Return a sentence for each provisional segment whose logs are not what *runs* have in its place."""
        told = []
        for segment in held:
            before = self._lake.read(LOGS, [segment["path"]] if segment["path"] else [])
            had = kept = 0
            same = True
            for piece in (p for run in runs for p in run if p.filter.id == segment["filter_id"]):
                span = piece.span.meet(Span(segment["first"], segment["last"]))
                if span is not None:
                    old, new = _within(before, span), _within(piece.logs, span)
                    had, kept, same = had + old.num_rows, kept + new.num_rows, same and old.equals(new)
            if not same:
                told.append(
                    f"{segment['chain_id']}: blocks {segment['first']} to {segment['last']} are final and have other "
                    f"logs now: {kept} in place of the {had} that {segment['endpoint']} gave before. What is made of "
                    "them is made again."
                )
        return told

    def _provisional(self, runs: Sequence[Sequence[Piece]]) -> list[dict[str, Any]]:
        """Return the held segments whose place *runs* take: fetched before they were final, and now again."""
        spans = [(run[0].filter.id, Span(run[0].span.first, run[-1].span.last)) for run in runs]
        held = (
            self._book.rows(SEGMENTS, chain_id=runs[0][0].filter.chain_id) if self._final is not None else []
        )
        return [
            s
            for s in held
            if not s["final"]
            and any(s["filter_id"] == f and span.overlaps(Span(s["first"], s["last"])) for f, span in spans)
        ]

    def _write(self, run: Sequence[Piece]) -> tuple[dict[str, Any], LakeFile | None]:
        logs = pa.concat_tables([piece.logs for piece in run])
        endpoints = ",".join(sorted({piece.endpoint for piece in run}))
        segment = {
            "chain_id": run[0].filter.chain_id,
            "filter_id": run[0].filter.id,
            "first": run[0].span.first,
            "last": run[-1].span.last,
            "last_hash": run[-1].end.hash,
            "last_time": moment(run[-1].end.time),
            "endpoint": endpoints,
            "logs": logs.num_rows,
            "proof": PROOF,
            "final": self._final is None or run[-1].span.last <= self._final,
            "path": None,
            "fetched_at": datetime.now(UTC).replace(tzinfo=None),
        }
        return written(self._lake, segment, logs, run[0].filter.body)


def written(
    lake: Lake, segment: dict[str, Any], logs: pa.Table, body: str
) -> tuple[dict[str, Any], LakeFile | None]:
    """Write *logs* and return the segment with its path, and the file; a span without logs has none."""
    if logs.num_rows == 0:
        return segment, None
    note = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in segment.items()}
    file = lake.write(LOGS, logs, {**note, "filter": body})
    return {**segment, "path": file.path}, file


def outdate(commit: Commit, derivations: Iterable[Mapping[str, Any]]) -> None:
    """Mark *derivations* as lacking inputs, so that they are made again whatever else stays the same."""
    for row in derivations:
        commit.update(DERIVATIONS, row, inputs_missing=max(1, row["inputs_missing"]))


def passed_since(
    book: Book, chain_id: str, first: int, tokens: Collection[str] | None = None
) -> list[dict[str, Any]]:
    """Return the certificates of *tokens* (None: of all) that passed at block *first* or later."""
    return [
        row
        for row in book.rows(CERTIFICATES, chain_id=chain_id)
        if row["verdict"] in SETTLED
        and row["block_number"] >= first
        and (tokens is None or row["token"] in tokens)
    ]


def uncertify(commit: Commit, certificates: Iterable[Mapping[str, Any]]) -> None:
    """Remove *certificates*: they passed on logs that are others now. The next run certifies again."""
    commit.remove(CERTIFICATES, [{"certificate_id": row["certificate_id"]} for row in certificates])


def _within(logs: pa.Table, span: Span) -> pa.Table:
    """Return the logs of *span*, in order, as one chunk: so that equal ones compare equal."""
    number = logs["block_number"].to_numpy()
    return logs.filter(pa.array((number >= span.first) & (number <= span.last))).combine_chunks()


def joined(pieces: Iterable[Piece], final: int | None = None) -> list[list[Piece]]:
    """Return pieces of one filter that follow each other as one run; runs in (filter, block) order.

    What is provisional, above block *final*, is never joined: the end of each answer tells of its branch.
    """
    by_filter: dict[str, list[Piece]] = defaultdict(list)
    for piece in pieces:
        by_filter[piece.filter.id].append(piece)
    runs: list[list[Piece]] = []
    for _, mine in sorted(by_filter.items()):
        mine.sort(key=lambda piece: piece.span)
        for piece in mine:
            last = runs[-1][-1] if runs else None
            follows = last and last.filter == piece.filter and last.span.last + 1 == piece.span.first
            if last and follows and (final is None or piece.span.last <= final):
                runs[-1].append(piece)
            else:
                runs.append([piece])
    return runs


def compact(book: Book, lake: Lake, chain_id: str, final: int) -> int:
    """Merge final neighbouring segments into files of a useful size; return how many segments went.

    The rows stay the same; files stay in the hundreds.
    """
    bodies = {row["filter_id"]: row["body"] for row in book.rows(FILTERS, chain_id=chain_id)}
    segments = [s for s in book.rows(SEGMENTS, chain_id=chain_id) if s["final"] and s["last"] <= final]
    gone = 0
    for group in mergeable(segments, lake):
        paths = [s["path"] for s in group if s["path"]]
        logs = lake.read(LOGS, paths)
        endpoints = ",".join(sorted({name for s in group for name in s["endpoint"].split(",")}))
        whole = {
            **group[-1],
            "first": group[0]["first"],
            "endpoint": endpoints,
            "logs": logs.num_rows,
            "path": None,
        }
        segment, file = written(lake, whole, logs, bodies[whole["filter_id"]])
        with book.commit() as commit:
            commit.remove(SEGMENTS, [{k: s[k] for k in SEGMENTS.key} for s in group])
            commit.put(SEGMENTS, [segment])
            if file is not None:
                commit.put(FILES, [file_row(file)])
            unlist(commit, [path for path in paths if file is None or path != file.path])
        gone += len(group) - 1
    return gone


def mergeable(segments: Iterable[dict[str, Any]], lake: Lake) -> list[list[dict[str, Any]]]:
    """Return the groups of two or more neighbours of one filter that fit one file."""
    groups: list[list[dict[str, Any]]] = []
    logs = size = 0
    for segment in sorted(segments, key=lambda s: (s["filter_id"], s["first"])):
        last = groups[-1][-1] if groups else None
        weight = lake.size(segment["path"]) if segment["path"] else 0
        follows = (
            last is not None
            and last["filter_id"] == segment["filter_id"]
            and last["last"] + 1 == segment["first"]
            and last["proof"] == segment["proof"]
            and logs + segment["logs"] <= MERGE_LOGS
            and size + weight <= MERGE_BYTES
        )
        if follows:
            groups[-1].append(segment)
            logs, size = logs + segment["logs"], size + weight
        else:
            groups.append([segment])
            logs, size = segment["logs"], weight
    return [group for group in groups if _worth_merging(group)]


def _worth_merging(group: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether merging saves more than it costs: no large file is written again for a small one."""
    logs = [segment["logs"] for segment in group]
    return len(group) > 1 and (len(group) >= MERGE_MANY or max(logs) * 2 <= sum(logs))


def unlist(commit: Commit, paths: Iterable[str]) -> None:
    """Take files out of the manifest; they are deleted later, when no reader can hold them."""
    now = datetime.now(UTC).replace(tzinfo=None)
    for path in paths:
        commit.update(FILES, {"path": path}, unlisted_at=now)


def file_row(file: LakeFile) -> dict[str, Any]:
    """Return *file* as a row of the manifest."""
    return {**file._asdict(), "unlisted_at": None}


def _drop(commit: Commit, segments: Sequence[Mapping[str, Any]]) -> None:
    commit.remove(SEGMENTS, [{k: s[k] for k in SEGMENTS.key} for s in segments])
    unlist(commit, [s["path"] for s in segments if s["path"]])


def _put(commit: Commit, asked: Filter, segment: dict[str, Any], file: LakeFile | None) -> None:
    commit.put(FILTERS, [{"filter_id": asked.id, "chain_id": asked.chain_id, "body": asked.body}])
    commit.put(SEGMENTS, [segment])
    if file is not None:
        commit.put(FILES, [file_row(file)])
