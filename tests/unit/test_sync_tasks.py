"""How a refused request is cut into smaller ones."""

from __future__ import annotations

import pytest
from ledger_kit import CHAIN_ID

from indexer.floor.filters import filter_of
from indexer.floor.spans import Span
from indexer.sources.provider_errors import Refusal
from indexer.sync.coverage import Task
from indexer.sync.tasks import smaller

ADDRESSES = tuple(f"0x{n:040x}" for n in range(5))


def task(first: int, last: int, contracts: int = 1, topics: tuple[str, ...] | None = None) -> Task:
    return Task(Span(first, last), filter_of(CHAIN_ID, ADDRESSES[:contracts], topics))


def spans(asked: Task, said: Refusal) -> list[tuple[int, int]]:
    return [tuple(each.span) for each in smaller(asked, said)]


def test_a_span_without_a_hint_is_halved() -> None:
    """Refused without a size, a span is asked in halves."""
    assert spans(task(0, 10), Refusal("range")) == [(0, 5), (6, 10)]


def test_a_size_that_the_endpoint_named_is_taken() -> None:
    """Told the largest range, the span is cut to it."""
    assert spans(task(0, 10), Refusal("range", max_blocks=4)) == [(0, 3), (4, 7), (8, 10)]


@pytest.mark.parametrize("most", [0, 11, 10**9])
def test_a_size_that_cannot_help_is_not_believed(most: int) -> None:
    """A named size that would not make the span smaller, or is none, leads to halves."""
    assert spans(task(0, 10), Refusal("range", max_blocks=most)) == [(0, 5), (6, 10)]


def test_a_suggested_span_is_taken() -> None:
    """Told a range that works, that is asked first and the rest after it."""
    assert spans(task(0, 10), Refusal("results", span=Span(0, 2))) == [(0, 2), (3, 10)]


@pytest.mark.parametrize("hint", [Span(1, 5), Span(0, 10), Span(0, 99), Span(20, 30)])
def test_a_suggested_span_that_cannot_help_is_not_believed(hint: Span) -> None:
    """A range that begins elsewhere or is no smaller leads to halves."""
    assert spans(task(0, 10), Refusal("results", span=hint)) == [(0, 5), (6, 10)]


def test_too_many_contracts_are_cut_by_contracts() -> None:
    """A refusal about the filter cuts the filter, to the number that was named; the span stays whole."""
    found = smaller(task(0, 10, contracts=5), Refusal("addresses", max_addresses=2))
    assert [each.filter.addresses for each in found] == [ADDRESSES[:2], ADDRESSES[2:4], ADDRESSES[4:]]
    assert {each.span for each in found} == {Span(0, 10)}


def test_too_many_contracts_without_a_number_are_halved() -> None:
    """Without a named number the filter is asked in halves."""
    found = smaller(task(0, 10, contracts=5), Refusal("addresses"))
    assert [len(each.filter.addresses) for each in found] == [3, 2]


def test_a_single_block_is_cut_by_contracts() -> None:
    """One block with too many results is asked contract by contract."""
    found = smaller(task(7, 7, contracts=2), Refusal("results"))
    assert [(each.span, each.filter.addresses) for each in found] == [
        (Span(7, 7), ADDRESSES[:1]),
        (Span(7, 7), ADDRESSES[1:2]),
    ]


@pytest.mark.parametrize("kind", ["results", "range", "size"])
def test_one_block_of_one_contract_cannot_be_cut(kind: str) -> None:
    """What is as small as it gets is given back as nothing: that span stays open."""
    assert smaller(task(7, 7), Refusal(kind)) == []


def test_one_contract_refused_as_too_many_cannot_be_cut() -> None:
    """An endpoint that takes not even one contract is not asked in smaller spans."""
    assert smaller(task(0, 10), Refusal("addresses")) == []


def test_topics_stay_with_the_pieces() -> None:
    """Pieces ask for the same first topics as the whole."""
    topics = ("0x" + "11" * 32,)
    found = smaller(task(7, 7, contracts=2, topics=topics), Refusal("results"))
    assert [each.filter.topics for each in found] == [topics, topics]
