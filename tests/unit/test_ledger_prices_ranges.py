"""The arithmetic of Ondo's range oracle."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.ledger.prices.ranges import (
    DAY,
    ONE,
    Range,
    moves,
    overridden,
    power,
    price_at,
    price_in,
    range_of,
    to_eight,
    with_range,
)

FIRST = Range(1690848000, 1693526400, 1000133680000000000000000000, 999866337867953811)
"""The first range of the oracle on Ethereum, which its constructor was given."""

SECOND = Range(1693526400, 1696118400, 1000136986301369863013698630, 1004144000000000000)
rates = st.integers(ONE, ONE + ONE // 100)
closes = st.integers(1, 10**30)
ranges_ = st.builds(
    lambda start, days, rate, close: Range(start, start + days * DAY, rate, close),
    st.integers(1, 2**33), st.integers(1, 400), rates, closes,
)  # fmt: skip


def by_bits(base: int, exponent: int) -> int:
    """Return the power as the documentation of rpow says it: bit by bit, each product rounded half up."""
    squares = [base]
    while len(squares) < exponent.bit_length():
        squares.append((squares[-1] ** 2 * 2 + ONE) // (2 * ONE))
    result = None
    for bit, square in enumerate(squares):
        if exponent >> bit & 1:
            result = square if result is None else (result * square * 2 + ONE) // (2 * ONE)
    return ONE if result is None else result


@given(rates, st.integers(0, 401))
def test_the_power_rounds_each_product_half_up(rate: int, days: int) -> None:
    """A power is that of the bits of its exponent, each product rounded half up at 27 decimals."""
    assert power(rate, days) == by_bits(rate, days)


@given(rates, st.integers(0, 401))
def test_the_power_is_near_the_true_one(rate: int, days: int) -> None:
    """What rounding adds to a power stays below one unit of the last decimal for each day, grown with it."""
    true = Fraction(rate, ONE) ** days
    assert abs(Fraction(power(rate, days), ONE) - true) <= Fraction(days + 1, ONE) * true


def test_the_power_of_nothing_is_nothing() -> None:
    """Zero to the zero is one and any other power of it zero, as in the contract."""
    assert (power(0, 0), power(0, 3), power(ONE, 0)) == (ONE, 0, ONE)


def test_a_power_that_the_contract_cannot_hold_is_refused() -> None:
    """A square beyond 256 bits reverts in the contract and is an OverflowError here."""
    with pytest.raises(OverflowError):
        power(2**150, 4)


@given(st.integers(0, 2**256))
def test_prices_are_rounded_half_up_to_eight_decimals(price: int) -> None:
    """A rounded price is a multiple of 10^10 at most half of that away, and a half goes up."""
    rounded = to_eight(price)
    assert rounded % 10**10 == 0
    assert -(10**10) // 2 < rounded - price <= 10**10 // 2 or rounded - price == 10**10 // 2


def test_a_first_day_costs_what_the_constructor_was_given() -> None:
    """The stored close of a range times its rate is the price of its first day."""
    assert price_in(FIRST, FIRST.start) == 10**18
    assert price_in(FIRST, FIRST.start + DAY - 1) == 10**18
    assert price_in(FIRST, FIRST.start + DAY) == 1000133680000000000


@given(ranges_, st.integers(0, 10**9))
def test_a_price_stands_still_from_the_end_of_its_range(one: Range, later: int) -> None:
    """From a range's end on the price is that of its last second."""
    assert price_at([one], one.end + later) == price_in(one, one.end - 1)


@given(ranges_, st.integers(0, 400), st.integers(0, DAY - 1))
def test_a_price_holds_for_a_whole_day(one: Range, day: int, second: int) -> None:
    """Within one day of a range every second has the same price, up to 10^30 and 400 days."""
    assert price_in(one, one.start + day * DAY + second) == price_in(one, one.start + day * DAY)


def test_the_newest_range_that_has_started_tells_the_price() -> None:
    """Before a new range starts the one before it holds, and from its first second on the new one."""
    both = (FIRST, SECOND)
    assert price_at(both, SECOND.start - 1) == price_in(FIRST, SECOND.start - 1)
    assert price_at(both, SECOND.start) == price_in(SECOND, SECOND.start)


def test_a_range_that_nothing_told_has_no_price() -> None:
    """Where the range in force is not known the price is None, and where none has started it is zero."""
    assert price_at((None, SECOND), SECOND.start - 1) is None
    assert price_at((None, SECOND), SECOND.start) is not None
    assert price_at((SECOND,), SECOND.start - 1) == 0


def test_overriding_the_first_range_stores_the_close_before_its_first_day() -> None:
    """Range 0 stores the told close divided by the rate, any other range stores it verbatim."""
    told = Range(FIRST.start, FIRST.end, FIRST.rate, 10**18)
    assert overridden((), 0, told) == (FIRST,)
    assert overridden((FIRST, SECOND), 1, told) == (FIRST, told)


def test_a_range_beyond_the_known_ones_leaves_a_gap() -> None:
    """The first log tells range 1: range 0 stays unknown until something tells it."""
    assert with_range((), 1, SECOND) == (None, SECOND)
    assert with_range((None, SECOND), 0, FIRST) == (FIRST, SECOND)


@given(st.lists(st.tuples(st.integers(1, 40), rates), min_size=1, max_size=4), st.integers(0, 200 * DAY))
def test_a_price_moves_only_where_moves_says(days: list[tuple[int, int]], after: int) -> None:
    """Between two moves the price is the same, and each move has the price that holds from it on."""
    start, built = 1_000_000, []
    for length, rate in days:
        built.append(Range(start, start + length * DAY, rate, 10**18))
        start += length * DAY
    after += 900_000
    steps = list(moves(built, after, start + DAY))
    held, last = price_at(built, after), after
    for at, price in [*steps, (start + DAY, price_at(built, start + DAY))]:
        assert price_at(built, at - 1) == (held if at > last else price_at(built, at - 1))
        assert price_at(built, at) == price
        held, last = price, at
    assert [at for at, _ in steps] == sorted({at for at, _ in steps})


def test_the_days_of_a_range_are_moves() -> None:
    """A range of 31 days moves the price 31 times, and its last day once more where the next begins."""
    steps = list(moves((FIRST, SECOND), FIRST.start - 1, SECOND.start))
    assert len(steps) == 32
    assert steps[0] == (FIRST.start, 10**18)
    assert steps[-1] == (SECOND.start, price_in(SECOND, SECOND.start))


def test_an_answer_of_the_view_is_a_range() -> None:
    """The view ranges(i) answers start, end, rate and close; less than that is no range."""
    answer = b"".join(part.to_bytes(32, "big") for part in FIRST)
    assert range_of(answer) == FIRST
    assert range_of(answer[:-1]) is None
    assert range_of(None) is None
