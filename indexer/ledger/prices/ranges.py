"""The price of Ondo's RWADynamicOracle, on plain integers: it grows daily inside ranges, and no log says so.

Source of every formula: RWADynamicOracle.sol (derivePrice, _rpow, roundUpTo8, setRange, overrideRange). A
price has 18 decimals, a daily rate 27. A list of ranges is in the contract's order; one that no log or read
has told is None.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from indexer.decode.abi import Event

DAY = 86_400
ONE = 10**27
_STEP = 10**10
_WORD, _LIMIT = 32, 2**256
_MOST = 10_000


class Range(NamedTuple):
    """One range: prices from *start* (inclusive) to *end* (exclusive), in seconds.

    *close* is the price before its first day, *rate* what one day multiplies it with.
    """

    start: int
    end: int
    rate: int
    close: int


Ranges = tuple[Range | None, ...]


def power(base: int, exponent: int) -> int:
    """Return *base* to the *exponent* with 27 decimals, each product rounded half up, by squaring.

    Raises OverflowError where the contract would revert.
    """
    if base == 0:
        return 0 if exponent else ONE
    result = base if exponent % 2 else ONE
    exponent //= 2
    while exponent:
        base = _rounded_product(base, base)
        if exponent % 2:
            result = _rounded_product(result, base)
        exponent //= 2
    return result


def _rounded_product(one: int, other: int) -> int:
    product = one * other + ONE // 2
    if product >= _LIMIT:
        raise OverflowError("the oracle's power does not fit 256 bits")
    return product // ONE


def to_eight(price: int) -> int:
    """Return *price* rounded half up to eight decimals."""
    rest = price % _STEP
    return price - rest + (_STEP if rest >= _STEP // 2 else 0)


def price_in(one: Range, at: int) -> int:
    """Return the price of the range *one* at the second *at*; from its end on that of its last second.

    Raises OverflowError where the contract would revert: a range that ends before it starts, too.
    """
    days = (min(at, one.end - 1) - one.start) // DAY
    if days < 0:
        raise OverflowError("the range ends before it starts")
    return to_eight(power(one.rate, days + 1) * one.close // ONE)


def price_at(ranges: Sequence[Range | None], at: int) -> int | None:
    """Return what the oracle answers at the second *at*: the price of the newest range that has started.

    None where that range is not known, or where the contract reverts because a number does not fit 256 bits;
    0, as the contract, where none has started.
    """
    for one in reversed(ranges):
        if one is None:
            return None
        if one.start <= at:
            try:
                return price_in(one, at)
            except OverflowError:
                return None
    return 0


def reverts(ranges: Sequence[Range | None], at: int) -> bool:
    """Return whether the oracle answers nothing at the second *at* though its ranges are known."""
    newest = next((one for one in reversed(ranges) if one is None or one.start <= at), None)
    return newest is not None and price_at(ranges, at) is None


def days(ranges: Sequence[Range | None], after: int, until: int) -> Iterator[tuple[int, int | None]]:
    """Yield (second, price) for each second in (*after*, *until*] at which a range or a day of one starts."""
    turns: set[int] = set()
    for one in ranges:
        if one is not None:
            first = one.start + DAY * max((after - one.start) // DAY + 1, 0)
            turns.update(range(first, min(one.end - 1, until) + 1, DAY))
    for at in sorted(turns):
        yield at, price_at(ranges, at)


def moves(ranges: Sequence[Range | None], after: int, until: int) -> Iterator[tuple[int, int | None]]:
    """Yield (second, price) for each second in (*after*, *until*] from which the price is another."""
    held = price_at(ranges, after)
    for at, price in days(ranges, after, until):
        if price != held:
            yield at, price
            held = price


def with_range(ranges: Ranges, index: int, one: Range | None) -> Ranges:
    """Return *ranges* with *one* at *index*; those before it that nothing has told are None.

    No oracle has as many ranges as an absurd index says: behind one nothing is known.
    """
    if index >= _MOST:
        return (*ranges, None)
    filled = [*ranges, *([None] * (index + 1 - len(ranges)))]
    filled[index] = one
    return tuple(filled)


def overridden(ranges: Ranges, index: int, told: Range) -> Ranges:
    """Return *ranges* after the log RangeOverriden *told* *index*.

    The contract takes the close told for range 0 as the price of its first day, and stores the one before.
    """
    if index == 0 and told.rate == 0:
        return with_range(ranges, index, None)  # the contract cannot divide by it
    close = told.close * ONE // told.rate if index == 0 else told.close
    return with_range(ranges, index, told._replace(close=close))


def changed(ranges: Ranges, event: Event) -> Ranges:
    """Return *ranges* after the oracle's log *event*, RangeSet or RangeOverriden."""
    is_new = event.name == "RangeSet"
    told = Range(*map(event.number, _SET if is_new else _OVERRIDDEN))
    return (with_range if is_new else overridden)(ranges, event.number("index"), told)


_SET = ("start", "end", "dailyInterestRate", "prevRangeClosePrice")
_OVERRIDDEN = ("newStart", "newEnd", "newDailyInterestRate", "newPrevRangeClosePrice")


def range_of(answer: bytes | None) -> Range | None:
    """Return the range that the view ``ranges(i)`` answered; None where it answered nothing."""
    if answer is None or len(answer) < 4 * _WORD:
        return None
    words = (int.from_bytes(answer[at : at + _WORD], "big") for at in range(0, 4 * _WORD, _WORD))
    return Range(*words)
