"""The book of audits: which spans of which segments are proven, which are left, and what proof a segment has.

Pure functions over the rows of ``segments``, ``filters`` and ``audits``. A verdict counts for exactly the logs it was
given on, which a digest names; so it outlives merged files and dies with a log that changes.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from indexer.floor.spans import BlockRef, Span, merge, subtract
from indexer.sources.witness import HEADERS
from indexer.sync.coverage import Book, filter_by_id, seconds
from indexer.sync.proving import LEVELS, Finding, Unit

Row = Mapping[str, Any]

CHUNK = {"agreed": 10_000, "bloom": 1_000, "receipts": 250}
"""Blocks that are audited at once and so far can be lost by an interruption."""

GOOD = ("pass", "repaired", "exception")
"""Verdicts after which a span is not asked again."""


class Part(NamedTuple):
    """A piece of a segment that is to be proved, and the segment."""

    segment: Row
    unit: Unit


class Cost(NamedTuple):
    """Requests that an audit makes, at least and at most, and the blocks that it looks at."""

    blocks: int
    least: int
    most: int


def parts_of(
    book: Book,
    segments: Iterable[Row],
    level: str,
    window: Span | None = None,
    *,
    provisional: bool = False,
) -> list[Part]:
    """Return *segments* in pieces to be proved at *level*, within *window*.

    Those above the final block are left out unless *provisional*, since they are fetched again. Pieces begin at
    whole multiples of their size, so that another run cuts the same.
    """
    size = CHUNK[level]
    found = []
    for segment in segments:
        whole = Span(segment["first"], segment["last"])
        span = whole if window is None else whole.meet(window)
        if span is None or not (segment["final"] or provisional):
            continue
        asked = filter_by_id(book, segment["filter_id"])
        end = BlockRef(segment["last"], segment["last_hash"], seconds(segment["last_time"]))
        for number in range(span.first // size, span.last // size + 1):
            piece = span.meet(Span(number * size, (number + 1) * size - 1))
            if piece is not None:
                served = frozenset(segment["endpoint"].split(","))
                found.append(Part(segment, Unit(asked, piece, level, served, end)))
    return found


def strength(level: str) -> int:
    """Return how much a level proves, from 0 on; of what is no level of proof -1."""
    return LEVELS.index(level) if level in LEVELS else -1


def standing(audits: Iterable[Row], segment: Row, logs: pa.Table) -> list[Row]:
    """Return the good verdicts on the blocks of *segment* that were given on the *logs* that it holds now."""
    whole = Span(segment["first"], segment["last"])
    return [
        row
        for row in audits
        if row["filter_id"] == segment["filter_id"]
        and row["verdict"] in GOOD
        and strength(row["level"]) > 0
        and (met := whole.meet(Span(row["first"], row["last"]))) is not None
        and row["logs_digest"] == digest_of(logs_in(logs, met))
    ]


def unproven(good: Iterable[Row], part: Part) -> list[Part]:
    """Return *part* without the blocks that the verdicts *good* cover at its level or a stronger one."""
    level = strength(part.unit.level)
    spans = [Span(row["first"], row["last"]) for row in good if strength(row["level"]) >= level]
    return [part._replace(unit=part.unit._replace(span=span)) for span in subtract(part.unit.span, spans)]


def sampled(parts: Sequence[Part], share: float | None, seed: str) -> list[Part]:
    """Return the parts that *share* (of all, or their number) draws with *seed*; the same parts for the same seed."""
    if share is None or not parts:
        return list(parts)
    count = share if isinstance(share, int) else max(1, round(share * len(parts)))
    draw = random.Random(seed)  # noqa: S311 - a sample that can be drawn again, no secret
    chosen = sorted(draw.sample(range(len(parts)), min(count, len(parts))))
    return [parts[at] for at in chosen]


def cost_of(parts: Iterable[Part]) -> Cost:
    """Return what proving *parts* costs; at most every block's receipts are asked for beside its header."""
    blocks = least = most = 0
    for part in parts:
        size = len(part.unit.span)
        blocks += size
        asked = 1 if part.unit.level == "agreed" else -(-size // HEADERS)
        least += asked
        most += asked + size
    return Cost(blocks, least, most)


def digest_of(logs: pa.Table) -> str:
    """Return a digest of *logs*: which they are, and in which blocks."""
    names = (
        "block_number",
        "block_hash",
        "tx_hash",
        "log_index",
        "address",
        "topic0",
        "topic1",
        "topic2",
        "topic3",
        "data",
    )
    made = hashlib.blake2b(digest_size=16)
    for row in zip(*(logs[name].to_pylist() for name in names), strict=True):
        made.update(repr(row).encode())
    return made.hexdigest()


def logs_in(logs: pa.Table, span: Span) -> pa.Table:
    """Return those of *logs* that lie in *span*."""
    number = logs["block_number"]
    return logs.filter(pc.and_(pc.greater_equal(number, span.first), pc.less_equal(number, span.last)))


def audit_row(finding: Finding, logs: pa.Table, at: datetime, seed: str | None = None) -> dict[str, Any]:
    """Return *finding* on *logs*, those that are held of its span, as a row of ``audits``."""
    unit = finding.unit
    return {
        "chain_id": unit.filter.chain_id,
        "filter_id": unit.filter.id,
        "level": unit.level,
        "first": unit.span.first,
        "last": unit.span.last,
        "verdict": finding.verdict,
        "detail": finding.detail,
        "logs": logs.num_rows,
        "added": finding.added,
        "removed": finding.removed,
        "logs_digest": digest_of(logs),
        "parent_hash": finding.parent_hash,
        "last_hash": finding.last_hash,
        "seed": seed,
        "endpoint": finding.endpoint,
        "fetched_at": at,
    }


def proof_of(segment: Row, good: Sequence[Row]) -> str:
    """Return the strongest level that the verdicts *good* make for all of *segment*, headers linked to its end."""
    whole = Span(segment["first"], segment["last"])
    for level in ("receipts", "bloom", "agreed"):
        rows = [row for row in good if strength(row["level"]) >= strength(level)]
        covered = merge(Span(row["first"], row["last"]) for row in rows)
        if not subtract(whole, covered) and _linked(segment, rows):
            return level
    return LEVELS[0]


def _linked(segment: Row, rows: Iterable[Row]) -> bool:
    """Return whether the headers behind *rows* are one chain that ends in the segment's last block."""
    told = [row for row in rows if row["last_hash"]]
    ends = {row["last"]: row["last_hash"] for row in told} | {segment["last"]: segment["last_hash"]}
    return all(
        row["parent_hash"] == ends.get(row["first"] - 1, row["parent_hash"])
        and ends[row["last"]] == row["last_hash"]
        for row in told
    )
