"""Closed ranges of blocks, and filters named by what they ask."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from indexer.floor.filters import filter_of
from indexer.floor.spans import Span, cut, halve, merge, subtract

SPANS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 9)).map(lambda pair: Span(pair[0], pair[0] + pair[1]))
)


def blocks(spans):
    return {block for span in spans for block in range(span.first, span.last + 1)}


@given(SPANS)
def test_merged_spans_hold_the_same_blocks_and_do_not_touch(spans):
    """Merging joins neighbours and loses no block."""
    merged = merge(spans)
    assert blocks(merged) == blocks(spans)
    assert all(left.last + 1 < right.first for left, right in pairwise(merged))


@given(SPANS, st.integers(0, 60), st.integers(0, 30))
def test_what_is_missing_is_what_is_not_held(held, first, length):
    """Subtraction gives just the wanted blocks that no span holds, in order."""
    wanted = Span(first, first + length)
    missing = subtract(wanted, held)
    assert blocks(missing) == blocks([wanted]) - blocks(held)
    assert missing == merge(missing)


@given(st.integers(0, 1000), st.integers(1, 500), st.integers(1, 70))
def test_pieces_make_up_the_span(first, length, size):
    """A span cut in pieces has no piece too large and every block once."""
    span = Span(first, first + length - 1)
    pieces = list(cut(span, size))
    assert sum(map(len, pieces)) == len(span)
    assert blocks(pieces) == blocks([span])
    assert max(map(len, pieces)) <= size


def test_halves_meet_in_the_middle():
    """Two blocks are two halves of one."""
    assert halve(Span(7, 8)) == (Span(7, 7), Span(8, 8))


def test_a_filter_has_one_name_in_whatever_order_it_is_asked():
    """Order, case and repeats of addresses and topics do not matter; chain and topics do."""
    one = filter_of("eip155:1", ["0xAB", "0xcd"], ["0x2", "0x1"])
    assert one.id == filter_of("eip155:1", ["0xcd", "0xab", "0xAB"], ["0x1", "0x2"]).id
    others = {
        filter_of("eip155:2", ["0xab", "0xcd"], ["0x1", "0x2"]).id,
        filter_of("eip155:1", ["0xab", "0xcd"]).id,
    }
    assert one.id not in others
    assert len(others) == 2
