"""What is covered, what is missing, and which run derive takes."""

from __future__ import annotations

import pytest
from ledger_kit import ALICE, BOB, CHAIN_ID, OTHER, TOKEN, TRANSFER
from store_kit import BOTH, ONE, end, filter_row, segment

from indexer.floor.filters import Filter, filter_of
from indexer.floor.spans import BlockRef, Span
from indexer.ledger.scene import Run
from indexer.sync.coverage import (
    Book,
    Contract,
    Task,
    book_of,
    covered,
    cut_tasks,
    missing,
    open_holes,
    run_of,
    seconds,
)

SHARED = filter_of(CHAIN_ID, [OTHER], ["0x" + TRANSFER])
OURS = Contract(TOKEN, None, 10)


def book(*asked: tuple[int, int, Filter]) -> Book:
    """Return the book of segments (first, last, filter)."""
    filters = {each for _, _, each in asked}
    segments = [segment(first, last, each) for first, last, each in asked]
    return book_of(segments, [filter_row(each) for each in filters], CHAIN_ID)


def run(first: int, last: int) -> Run:
    return Run(first, end(last), holds_start=True, why_null=None)


def test_neighbours_of_any_filter_are_one_span() -> None:
    """A contract is covered where some filter held it, and spans that touch are one."""
    assert covered(book((1, 5, ONE), (6, 9, BOTH), (20, 21, ONE)), TOKEN, None) == [Span(1, 9), Span(20, 21)]


def test_another_contract_s_segments_cover_nothing() -> None:
    """ "No events here" is not "not looked here": a filter covers only the contracts it names."""
    assert covered(book((1, 5, ONE)), OTHER, None) == []


def test_a_filter_with_topics_does_not_cover_all_logs() -> None:
    """Asked for one topic, a contract is covered for that topic alone."""
    held = book((1, 5, SHARED))
    assert covered(held, OTHER, ("0x" + TRANSFER,)) == [Span(1, 5)]
    assert covered(held, OTHER, None) == []
    assert covered(held, OTHER, ("0x" + TRANSFER, "0x" + "11" * 32)) == []


def test_all_logs_cover_each_topic() -> None:
    """Asked for all logs, a contract is covered for any topic."""
    assert covered(book((1, 5, ONE)), TOKEN, ("0x" + TRANSFER,)) == [Span(1, 5)]


def test_segments_of_another_chain_are_not_ours() -> None:
    """The book of a chain leaves out the segments of others."""
    rows = [segment(1, 5), segment(6, 9, chain_id="eip155:1")]
    held = book_of(rows, [filter_row(ONE)], CHAIN_ID)
    assert covered(held, TOKEN, None) == [Span(1, 5)]


def test_nothing_is_missing_twice() -> None:
    """What is covered is not asked again: only the holes are, from the contract's start on."""
    found = missing(book((5, 20, ONE), (31, 40, ONE)), [OURS], 50)
    assert found == [Task(Span(21, 30), ONE), Task(Span(41, 50), ONE)]


def test_contracts_that_miss_the_same_are_asked_together() -> None:
    """One request for all contracts of a span; one that started later is in no earlier request."""
    found = missing(book(), [OURS, Contract(OTHER, None, 30)], 50)
    assert found == [Task(Span(10, 29), ONE), Task(Span(30, 50), BOTH)]


def test_a_contract_wanted_by_two_tokens_is_asked_once() -> None:
    """Two groups that share a contract make one request, from the earlier start on."""
    assert missing(book(), [OURS, OURS._replace(start=20)], 50) == [Task(Span(10, 50), ONE)]


def test_topics_are_a_request_of_their_own() -> None:
    """Shared infrastructure is asked with its topics, beside the request for all logs of the others."""
    shared = Contract(OTHER, ("0x" + TRANSFER,), 10)
    assert missing(book(), [OURS, shared], 50) == [Task(Span(10, 50), ONE), Task(Span(10, 50), SHARED)]


@pytest.mark.parametrize(
    ("first", "last", "wanted"), [(20, 50, Span(20, 50)), (5, 50, Span(10, 50)), (60, 50, None)]
)
def test_a_window_narrows_what_is_missing(first: int, last: int, wanted: Span | None) -> None:
    """A window that begins before the start begins at it; one that ends before it begins is nothing."""
    assert missing(book(), [OURS], last, first) == ([] if wanted is None else [Task(wanted, ONE)])


def test_tasks_are_cut_to_the_size_of_a_request() -> None:
    """Pieces of at most so many blocks, together the whole span."""
    assert [task.span for task in cut_tasks([Task(Span(0, 10), ONE)], 4)] == [
        Span(0, 3),
        Span(4, 7),
        Span(8, 10),
    ]


def test_derive_takes_the_run_that_holds_the_start() -> None:
    """Behind a hole nothing is guessed: of two runs the one with the token's start is taken, up to the hole."""
    assert run_of(book((10, 20, ONE), (30, 90, ONE)), [OURS], 100) == (run(10, 20), True)


def test_a_run_begins_with_the_token() -> None:
    """Blocks that were covered before the token's start are none of its history."""
    assert run_of(book((0, 20, ONE)), [OURS], 100) == (run(10, 20), True)


def test_without_the_start_derive_takes_the_last_run() -> None:
    """Where no run holds the start the last one is taken, and says that history starts late."""
    found = run_of(book((12, 20, ONE), (30, 90, ONE)), [OURS], 100)
    why = "history starts before the first covered block"
    assert found == (Run(30, end(90), holds_start=False, why_null=why), True)


def test_every_contract_of_the_group_must_be_covered() -> None:
    """The frontier is where the first contract of the group stops being covered."""
    group = [OURS, Contract(OTHER, None, 10)]
    assert run_of(book((10, 90, ONE), (10, 40, filter_of(CHAIN_ID, [OTHER]))), group, 100) == (
        run(10, 40),
        True,
    )


def test_a_companion_that_starts_later_is_covered_before() -> None:
    """A contract that did not exist yet cannot have been missed."""
    group = [OURS, Contract(OTHER, None, 50)]
    held = book((10, 90, ONE), (50, 90, filter_of(CHAIN_ID, [OTHER])))
    assert run_of(held, group, 100) == (run(10, 90), True)


def test_a_companion_that_was_not_asked_ends_the_run_before_it() -> None:
    """Where a later companion is missing there is no frontier with a known hash, so nothing is derived."""
    group = [OURS, Contract(OTHER, None, 50)]
    assert run_of(book((10, 90, ONE)), group, 100) is None


@pytest.mark.parametrize(("final", "wanted"), [(20, True), (19, False), (None, False)])
def test_a_frontier_is_final_up_to_the_final_block(final: int | None, wanted: bool) -> None:
    """A frontier above the final block, or where that is not known, is not final."""
    found = run_of(book((10, 20, ONE)), [OURS], final)
    assert found == (run(10, 20), wanted)


def test_nothing_covered_is_no_run() -> None:
    """A group of which no block is covered has nothing to derive."""
    assert run_of(book(), [OURS], 100) is None


def test_holes_are_what_any_contract_misses() -> None:
    """The holes of a group are those of all its contracts together, each from its own start."""
    group = [OURS, Contract(OTHER, None, 50)]
    assert open_holes(book((10, 60, ONE), (71, 90, ONE)), group, 90) == [Span(50, 90)]
    assert open_holes(book((10, 90, BOTH)), group, 90) == []


def test_times_are_utc_whatever_the_machine_says() -> None:
    """A time of the book, which has no zone, is seconds of UTC."""
    assert seconds(segment(1, 1_750_000_000)["last_time"]) == 1_750_000_000
    assert BlockRef(*end(7)).time == 7


def test_a_filter_is_named_by_its_contents() -> None:
    """The order and the spelling of addresses do not change a filter's id; another address does."""
    ids = [
        filter_of(CHAIN_ID, addresses).id
        for addresses in ([ALICE, BOB], [BOB, ALICE.upper().replace("0X", "0x")])
    ]
    assert ids[0] == ids[1] != filter_of(CHAIN_ID, [ALICE]).id
