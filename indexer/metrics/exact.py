"""exact_balance and exact_value: the two products of the metrics that need 256 bits, as functions for DuckDB.

Balance of a holder of a rebasing token = (units × numerator + addend) // denominator, as the contract computes it;
value = token units × price, cut to 6 decimals. The factors have up to 38 digits each, so the products are made of
Python integers. DuckDB reads the annotations of the function it is given, so pyarrow is imported here at once:
import this module late.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context
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


def register(con: duckdb.DuckDBPyConnection) -> None:
    """Make exact_balance and exact_value known to *con*, once."""
    known = con.execute("SELECT count(*) FROM duckdb_functions() WHERE function_name = ?", [NAME]).fetchall()
    if known != [(0,)]:
        return
    functions: tuple[tuple[str, Callable[..., pa.Array], str, int, str], ...] = (
        (NAME, exact_balances, "DECIMAL(38,0)", 4, "DECIMAL(38,0)"),
        (VALUE_NAME, exact_values, "DECIMAL(38,18)", 2, "DECIMAL(38,6)"),
    )
    for name, function, takes, count, gives in functions:
        con.create_function(
            name, function, [takes] * count, gives, type=func.ARROW, null_handling=func.SPECIAL
        )
