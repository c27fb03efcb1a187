import asyncio

import pytest

from indexer.sync.limits import largest


class Node:
    """An endpoint that serves spans of at most *cap* blocks, and counts what it was asked."""

    def __init__(self, cap):
        self.cap = cap
        self.asked = []

    async def answers(self, blocks):
        self.asked.append(blocks)
        return blocks <= self.cap


@pytest.mark.parametrize("cap", [1, 7, 10, 499, 500, 2_000, 99_999])
def test_the_largest_span_is_found_within_a_tenth(cap):
    """The span that is told works, and is at least nine tenths of the cap."""
    node = Node(cap)
    found = asyncio.run(largest(node.answers, 100_000))
    assert cap * 0.9 - 1 <= found <= cap
    assert len(node.asked) <= 12


def test_a_node_without_a_cap_is_asked_for_the_most():
    """Where nothing is refused the answer is the most that was to be tried."""
    assert asyncio.run(largest(Node(10**9).answers, 5_000)) == 5_000


def test_a_node_that_serves_no_logs_is_zero():
    """Where one block is refused too, nothing works."""
    node = Node(0)
    assert asyncio.run(largest(node.answers, 100_000)) == 0
    assert node.asked == [1]
