"""Closed ranges of blocks and their arithmetic. A range is never a pair of loose integers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Span(NamedTuple):
    """Blocks first..last, both included; first <= last."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __str__(self) -> str:
        return f"{self.first}..{self.last}" if self.first != self.last else f"{self.first}"

    def overlaps(self, other: Span) -> bool:
        return self.first <= other.last and other.first <= self.last

    def meet(self, other: Span) -> Span | None:
        """Return the blocks in both, or None."""
        first, last = max(self.first, other.first), min(self.last, other.last)
        return Span(first, last) if first <= last else None


class BlockRef(NamedTuple):
    """A block by number, hash (0x text) and time (seconds since 1970)."""

    number: int
    hash: str
    time: int


def merge(spans: Iterable[Span]) -> list[Span]:
    """Return the same blocks as the fewest spans, in order; neighbours are joined."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.first <= merged[-1].last + 1:
            merged[-1] = Span(merged[-1].first, max(merged[-1].last, span.last))
        else:
            merged.append(span)
    return merged


def subtract(wanted: Span, held: Iterable[Span]) -> list[Span]:
    """Return the blocks of *wanted* that no span of *held* has, in order."""
    missing: list[Span] = []
    first = wanted.first
    for span in merge(held):
        if span.last < first:
            continue
        if span.first > wanted.last:
            break
        if span.first > first:
            missing.append(Span(first, span.first - 1))
        first = span.last + 1
    if first <= wanted.last:
        missing.append(Span(first, wanted.last))
    return missing


def cut(span: Span, size: int) -> Iterator[Span]:
    """Yield *span* in pieces of at most *size* blocks, in order."""
    for first in range(span.first, span.last + 1, size):
        yield Span(first, min(first + size - 1, span.last))


def halve(span: Span) -> tuple[Span, Span]:
    """Return the two halves of a span of at least two blocks."""
    middle = (span.first + span.last) // 2
    return Span(span.first, middle), Span(middle + 1, span.last)
