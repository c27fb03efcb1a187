"""What is covered, what is missing, and how the missing is asked for. Pure functions over small values."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any, NamedTuple

from indexer.config.model import Deployment
from indexer.floor.filters import Filter, filter_of
from indexer.floor.spans import BlockRef, Span, cut, merge, subtract
from indexer.ledger.scene import Run

Topics = tuple[str, ...] | None


class Contract(NamedTuple):
    """A contract whose logs are wanted from *start* on; *topics* None asks for all of them."""

    address: str
    topics: Topics
    start: int


class Task(NamedTuple):
    """One request for logs."""

    span: Span
    filter: Filter


class Book(NamedTuple):
    """The book of progress of one chain: its segments, what each filter asked for, and which blocks it has."""

    chain_id: str
    segments: Sequence[Mapping[str, Any]]
    filters: Mapping[str, Mapping[str, frozenset[str | None]]]
    spans: Mapping[str, Sequence[Span]]


def book_of(
    segments: Iterable[Mapping[str, Any]], filters: Iterable[Mapping[str, Any]], chain_id: str
) -> Book:
    """Return the book of *chain_id* from the rows of the two tables."""
    mine = [s for s in segments if s["chain_id"] == chain_id]
    spans: dict[str, list[Span]] = defaultdict(list)
    for segment in mine:
        spans[segment["filter_id"]].append(Span(segment["first"], segment["last"]))
    bodies = {f["filter_id"]: _topics(f["body"]) for f in filters if f["filter_id"] in spans}
    return Book(chain_id, mine, bodies, {name: merge(held) for name, held in spans.items()})


def _topics(body: str) -> Mapping[str, frozenset[str | None]]:
    """Return what a filter asked for: the first topics of each address, None being all of them."""
    asked: dict[str, set[str | None]] = defaultdict(set)
    for address, topic in json.loads(body):
        asked[address].add(topic)
    return {address: frozenset(topics) for address, topics in asked.items()}


def filter_by_id(book: Book, filter_id: str) -> Filter:
    """Return a filter that was asked for, as it was asked."""
    asked = book.filters[filter_id]
    topics = {topic for topics in asked.values() for topic in topics if topic is not None}
    return filter_of(book.chain_id, asked, topics or None)


def covered(book: Book, address: str, topics: Topics) -> list[Span]:
    """Return the blocks for which *address* was asked for all of *topics*, by any filter."""
    wanted: set[str | None] = {None} if topics is None else set(topics)
    spans: list[Span] = []
    for name, held in book.spans.items():
        asked = book.filters[name].get(address, frozenset())
        if None in asked or (asked and wanted <= asked):
            spans += held
    return merge(spans)


def missing(book: Book, contracts: Sequence[Contract], last: int, first: int | None = None) -> list[Task]:
    """Return the requests that cover *contracts* up to *last*, the fewest for whole spans.

    Contracts that miss the same blocks are asked for together; one that started later is in no earlier
    request. *first* narrows the window.
    """
    by_topics: dict[Topics, dict[str, list[Span]]] = defaultdict(dict)
    for contract in contracts:
        start = contract.start if first is None else max(contract.start, first)
        if start > last:
            continue
        gaps = subtract(Span(start, last), covered(book, contract.address, contract.topics))
        held = by_topics[contract.topics].setdefault(contract.address, [])
        by_topics[contract.topics][contract.address] = merge([*held, *gaps])
    return [
        Task(span, filter_of(book.chain_id, addresses, topics))
        for topics, gaps_of in by_topics.items()
        for span, addresses in _together(gaps_of)
    ]


def _together(gaps_of: Mapping[str, Sequence[Span]]) -> list[tuple[Span, tuple[str, ...]]]:
    """Return the elementary spans with the addresses that miss them; equal neighbours are joined."""
    edges = sorted({edge for gaps in gaps_of.values() for s in gaps for edge in (s.first, s.last + 1)})
    out: list[tuple[Span, tuple[str, ...]]] = []
    for first, after in pairwise(edges):
        span = Span(first, after - 1)
        addresses = tuple(a for a, gaps in sorted(gaps_of.items()) if any(g.overlaps(span) for g in gaps))
        if not addresses:
            continue
        if out and out[-1][1] == addresses and out[-1][0].last + 1 == span.first:
            out[-1] = (Span(out[-1][0].first, span.last), addresses)
        else:
            out.append((span, addresses))
    return out


def cut_tasks(tasks: Iterable[Task], blocks: int) -> list[Task]:
    """Return *tasks* in pieces of at most *blocks* blocks."""
    return [Task(span, task.filter) for task in tasks for span in cut(task.span, blocks)]


def run_of(book: Book, contracts: Sequence[Contract], final: int | None) -> tuple[Run, bool] | None:
    """Return the covered run that derive takes, and whether its frontier is final; None where none is.

    The run that holds the first contract's start, else the last one. *contracts* begins with the token
    itself; a companion that starts later counts as covered before its start.
    """
    token = contracts[0]
    common: list[Span] | None = None
    for contract in contracts:
        spans = covered(book, contract.address, contract.topics)
        if contract.start > token.start:
            spans = merge([*spans, Span(token.start, contract.start - 1)])
        common = spans if common is None else _meet(common, spans)
    if not common:
        return None
    chosen = next((s for s in common if s.first <= token.start <= s.last), common[-1])
    frontier = _end(book, chosen)
    if frontier is None:
        return None
    holds = chosen.first <= token.start
    why = None if holds else "history starts before the first covered block"
    run = Run(max(chosen.first, token.start) if holds else chosen.first, frontier, holds, why)
    return run, final is not None and frontier.number <= final


def _meet(left: Sequence[Span], right: Sequence[Span]) -> list[Span]:
    return merge(met for a in left for b in right if (met := a.meet(b)) is not None)


def _end(book: Book, run: Span) -> BlockRef | None:
    """Return the last block of *run* whose hash the book knows: some segment ends there."""
    ends = [s for s in book.segments if run.first <= s["last"] <= run.last]
    if not ends:
        return None
    best = max(ends, key=lambda s: s["last"])
    return BlockRef(best["last"], best["last_hash"], seconds(best["last_time"]))


def seconds(moment: datetime) -> int:
    """Return a UTC moment without zone as whole seconds since 1970."""
    return int(moment.replace(tzinfo=UTC).timestamp())


def open_holes(book: Book, contracts: Sequence[Contract], last: int) -> list[Span]:
    """Return the blocks up to *last* that some contract of the group misses."""
    gaps = []
    for contract in contracts:
        if contract.start <= last:
            gaps += subtract(Span(contract.start, last), covered(book, contract.address, contract.topics))
    return merge(gaps)


def starts_of(
    deployment: Deployment, floor: date | None, block: Callable[[int | date | None], int]
) -> dict[str, int]:
    """Return the start block of every contract of the group, by address; *block* turns a date into one.

    A start that is missing is the token's own, the token's is the chain's floor.
    """
    token = block(deployment.start if deployment.start is not None else floor)
    starts = {deployment.address: token}
    for companion in deployment.companions:
        starts[companion.address] = token if companion.start is None else block(companion.start)
    return starts


def group_of(deployment: Deployment, starts: Mapping[str, int]) -> list[Contract]:
    """Return the contracts of a token's group, the token first; *starts* maps addresses to blocks."""
    group = [Contract(deployment.address, None, starts[deployment.address])]
    group += [Contract(c.address, c.topics, starts[c.address]) for c in deployment.companions]
    return group
