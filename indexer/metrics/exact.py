"""Products of the metrics that need more than 128 bits, as functions for DuckDB: balances, values, yields.

Balance of a holder of a rebasing token = (units × numerator + addend) // denominator, as the contract computes it;
value = token units × price, cut to 6 decimals; a yield is the quotient of two indexes, each a product of three
factors. They have up to 38 digits each, so the products are made of Python integers, and a quotient of two whole
numbers is rounded once. DuckDB reads the annotations of the function it is given, so pyarrow is imported here at once:
import this module late.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Context
from inspect import Parameter, Signature
from typing import TYPE_CHECKING

import pyarrow as pa
from duckdb import func

from indexer.floor.tables import MONEY_SCALE, SCALE
from indexer.ledger.figures import decimals, integers

if TYPE_CHECKING:
    import duckdb

NAME = "exact_balance"
VALUE_NAME = "exact_value"
_LIMIT = 10**38
EXACT = Context(prec=80)
_CUT: int = 10 ** (2 * SCALE - MONEY_SCALE)
GROWTH = 10**30
"""One, as the digits of a growth: 30 decimals."""

_YEAR = 365


def share(units: int, numerator: int, denominator: int, addend: int = 0) -> int | None:
    """Return (units × numerator + addend) // denominator; None where it does not exist or passes 38 digits."""
    if denominator == 0:
        return None
    product = (units * numerator + addend) // denominator
    return product if -_LIMIT < product < _LIMIT else None


def worth(amount: int, price: int) -> int | None:
    """Return amount × price, both with 18 decimals, cut to 6 decimals; None where it passes 38 digits."""
    product: int = abs(amount * price) // _CUT
    if product >= _LIMIT:
        return None
    return product if amount * price >= 0 else -product


def exact_balances(
    units: pa.ChunkedArray, numerator: pa.ChunkedArray, denominator: pa.ChunkedArray, addend: pa.ChunkedArray
) -> pa.Array:
    """Return the balance of each row; NULL where a factor is NULL or *share* has no answer."""
    rows = zip(*map(integers, (units, numerator, denominator, addend)), strict=True)
    return decimals(
        [
            None if u is None or n is None or d is None or a is None else share(u, n, d, a)
            for u, n, d, a in rows
        ]
    )


def exact_values(amount: pa.ChunkedArray, price: pa.ChunkedArray) -> pa.Array:
    """Return the value of each row; NULL where a factor is NULL or *worth* has no answer."""
    rows = zip(integers(amount), integers(price), strict=True)
    return decimals([None if a is None or p is None else worth(a, p) for a, p in rows], MONEY_SCALE)


def rest(amount: int, price: int) -> int:
    """Return the digits of amount × price that *worth* cuts off, with 36 decimals."""
    return amount * price % _CUT


def carry(value: int, rests: int) -> int | None:
    """Return *value* with what the cut digits of its parts sum to; None where it passes 38 digits."""
    total: int = value + rests // _CUT
    return total if total < _LIMIT else None


def growth(
    before: int, rate: int | None, price: int | None, units: int | None, basis: int | None
) -> int | None:
    """Return what a unit that was *before* is after a payment of *rate* at *price*, else of *units* on *basis*.

    Nothing changes where neither quotient is known. None where it passes 38 digits or nothing is left.
    """
    gained, held = (rate, price) if rate is not None and price else (units, basis)
    if gained is None or not held:
        return before
    after = before * (held + gained) // held
    return after if 0 < after < _LIMIT else None


def index(price: int, multiplier: int, grown: int) -> int | None:
    """Return price × multiplier × growth with 18 decimals, cut; None where it passes 38 digits."""
    product = price * multiplier * grown // (10**SCALE * GROWTH)
    return product if product < _LIMIT else None


def gain(factors: Sequence[int]) -> tuple[int, int] | None:
    """Return the change of the index and the index that it started from, as whole numbers of one scale.

    *factors* are price, numerator, denominator and growth at the end, then at the start. None where the index
    started from nothing.
    """
    price, numerator, denominator, grown, *start = factors
    end = price * numerator * grown * start[2]
    began = start[0] * start[1] * start[3] * denominator
    return (end - began, began) if began > 0 and end >= 0 else None


def simple_yield(*factors: int) -> float | None:
    """Return the change of *gain* over its days × 365 ÷ days; the last factor is the days."""
    *found, days = factors
    made = gain(found)
    if made is None or days <= 0:
        return None
    try:
        return made[0] * _YEAR / (made[1] * days)
    except OverflowError:
        return None


def _each(function: Callable[..., int | None], scale: int) -> Callable[..., pa.Array]:
    """Return *function* over columns, as decimals; NULL where a factor is."""

    def columns(*given: pa.ChunkedArray) -> pa.Array:
        rows = zip(*map(integers, given), strict=True)
        return decimals([None if None in row else function(*row) for row in rows], scale)

    return columns


def _ratios(function: Callable[..., float | None]) -> Callable[..., pa.Array]:
    """Return *function* over columns, as doubles; NULL where a factor is."""

    def columns(*given: pa.ChunkedArray) -> pa.Array:
        rows = zip(*map(integers, given), strict=True)
        return pa.array([None if None in row else function(*row) for row in rows], pa.float64())

    return columns


_UNITS = "DECIMAL(38,0)"
_AMOUNT = "DECIMAL(38,18)"
_INDEX = [_AMOUNT, _UNITS, _UNITS, _UNITS]
_FUNCTIONS: tuple[tuple[str, Callable[..., pa.Array], Sequence[str], str], ...] = (
    (NAME, exact_balances, [_UNITS] * 4, _UNITS),
    (VALUE_NAME, exact_values, [_AMOUNT] * 2, "DECIMAL(38,6)"),
    ("exact_rest", _each(rest, 0), [_AMOUNT] * 2, _UNITS),
    ("exact_carry", _each(carry, MONEY_SCALE), ["DECIMAL(38,6)", _UNITS], "DECIMAL(38,6)"),
    ("exact_index", _each(index, SCALE), [_AMOUNT, _AMOUNT, _UNITS], _AMOUNT),
    ("exact_yield", _ratios(simple_yield), [*_INDEX, *_INDEX, _UNITS], "DOUBLE"),
)


def register(con: duckdb.DuckDBPyConnection) -> None:
    """Make these functions known to *con*, once."""
    known = con.execute("SELECT count(*) FROM duckdb_functions() WHERE function_name = ?", [NAME]).fetchall()
    if known != [(0,)]:
        return
    for name, function, takes, gives in _FUNCTIONS:
        names = [Parameter(f"column_{place}", Parameter.POSITIONAL_ONLY) for place in range(len(takes))]
        vars(function)["__signature__"] = Signature(names)  # DuckDB counts them
        con.create_function(name, function, [*takes], gives, type=func.ARROW, null_handling=func.SPECIAL)
