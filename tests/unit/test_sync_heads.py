"""The decision what to do next on a chain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.floor.spans import BlockRef
from indexer.sync.heads import Anchor, Fetch, Halt, Unwind, Wait, anchors_of, next_step

HELD = [Anchor(10, "0xa10", final=True), Anchor(12, "0xa12", final=False), Anchor(15, "0xa15", final=False)]
STANDS = {10: "0xa10", 12: "0xa12", 15: "0xa15"}


def head(number: int) -> BlockRef:
    return BlockRef(number, f"0x{number}", number)


def test_nothing_held_is_fetched_to_the_head() -> None:
    """A fresh chain is fetched up to its head."""
    assert next_step([], head(9), {}) == Fetch(9)


def test_a_tip_that_stands_is_built_upon() -> None:
    """Where our tip stands, what lies between it and the head is asked for."""
    assert next_step(HELD, head(20), STANDS) == Fetch(20)


@pytest.mark.parametrize(
    ("number", "standing"), [(15, STANDS), (14, {10: "0xa10", 12: "0xa12"}), (20, {10: "0xa10"})]
)
def test_no_new_block_and_a_lagging_head_are_waited_for(number: int, standing: dict[int, str]) -> None:
    """A head that stands still, that lies below our tip, or that does not tell our tip, takes nothing away."""
    assert isinstance(next_step(HELD, head(number), standing), Wait)


@pytest.mark.parametrize(
    ("standing", "above"),
    [({**STANDS, 15: "0xb"}, 12), ({10: "0xa10", 12: "0xb", 15: "0xb"}, 10)],
)
def test_another_branch_is_unwound_to_the_common_block(standing: dict[int, str], above: int) -> None:
    """What lies above the highest anchor that still stands is dropped, and nothing below."""
    assert next_step(HELD, head(20), standing) == Unwind(above)


def test_a_fork_below_finality_halts() -> None:
    """Where a final block is another one now nothing is dropped, and the sentence names both hashes."""
    step = next_step(HELD, head(20), {10: "0xb10", 12: "0xb", 15: "0xb"})
    assert isinstance(step, Halt)
    assert "0xa10" in step.why
    assert "0xb10" in step.why


def test_a_final_block_that_is_not_told_is_no_fork() -> None:
    """Where an endpoint does not tell the block that was final, nothing is dropped and nothing is halted."""
    assert isinstance(next_step(HELD, head(20), {15: "0xb15"}), Wait)


def test_two_filters_on_two_branches_are_unwound_below_both() -> None:
    """Ends of one height with two hashes are no common block, whichever of them stands."""
    held = [*HELD[:2], Anchor(15, "0xa15", final=False), Anchor(15, "0xb15", final=False)]
    assert next_step(held, head(20), STANDS) == Unwind(12)


def test_a_tip_that_stands_on_what_fell_is_unwound() -> None:
    """Answers of one round may be of two branches: the lowest that fell takes all above it along."""
    assert next_step(HELD, head(20), {**STANDS, 12: "0xb12"}) == Unwind(10)


def test_only_the_newest_final_end_is_an_anchor() -> None:
    """Final segments below the newest say nothing more; provisional ones all count."""
    ends = [(5, True), (9, True), (12, False), (11, False)]
    segments = [{"last": n, "last_hash": f"0x{n}", "final": final} for n, final in ends]
    assert anchors_of(segments) == [
        Anchor(9, "0x9", final=True), Anchor(11, "0x11", final=False), Anchor(12, "0x12", final=False),
    ]  # fmt: skip


@given(
    st.integers(1, 30), st.integers(0, 30), st.integers(-1, 30), st.integers(0, 40)
)  # heights held, the final one, the last common one, the head
def test_nothing_that_stands_is_dropped_and_nothing_that_fell_is_kept(
    tip: int, final: int, common: int, top: int
) -> None:
    """Whatever the branch: a step keeps all that stands, drops all that fell, and never touches what is final."""
    final, common = min(final, tip), min(common, tip)
    held = [Anchor(n, f"0xa{n}", final=n == final) for n in range(final, tip + 1)]
    stands = {n: f"0xa{n}" if n <= common else f"0xb{n}" for n in range(top + 1)}
    step = next_step(held, head(top), stands)
    if top < tip:
        assert isinstance(step, Wait)
    elif common == tip:
        assert step == Fetch(top) if top > tip else isinstance(step, Wait)
    elif common < final:
        assert isinstance(step, Halt)
    else:
        assert step == Unwind(common)
