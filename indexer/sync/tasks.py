"""How a refused request is cut. A pure function from what was asked and what was said to what is asked next."""

from __future__ import annotations

from indexer.floor.filters import filter_of
from indexer.floor.spans import Span, cut, halve
from indexer.sources.provider_errors import Refusal
from indexer.sync.coverage import Task


def smaller(task: Task, said: Refusal) -> list[Task]:
    """Return *task* in smaller requests, in order; an empty list where it cannot be cut any more.

    By addresses where the refusal is about the filter, else by blocks: to the size that the endpoint
    named, to the span that it suggested, or in halves. A single block is cut by its addresses.
    """
    blocks, addresses = len(task.span), len(task.filter.addresses)
    if said.kind == "addresses" and addresses > 1:
        return _by_addresses(task, said.max_addresses)
    if said.kind == "addresses" and addresses == 1:
        return []
    if blocks > 1:
        return [Task(span, task.filter) for span in _by_blocks(task.span, said)]
    return _by_addresses(task, None) if addresses > 1 else []


def _by_blocks(span: Span, said: Refusal) -> list[Span]:
    if said.max_blocks is not None and 0 < said.max_blocks < len(span):
        return list(cut(span, said.max_blocks))
    told = said.span
    if told is not None and told.first == span.first and span.first <= told.last < span.last:
        return [Span(span.first, told.last), Span(told.last + 1, span.last)]
    return list(halve(span))


def _by_addresses(task: Task, most: int | None) -> list[Task]:
    all_of = task.filter.addresses
    size = most if most is not None and 0 < most < len(all_of) else (len(all_of) + 1) // 2
    return [
        Task(task.span, filter_of(task.filter.chain_id, all_of[first : first + size], task.filter.topics))
        for first in range(0, len(all_of), size)
    ]
