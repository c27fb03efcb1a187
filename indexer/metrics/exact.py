"""exact_balance: the one product of the metrics that needs 256 bits, as a function for DuckDB.

Balance of a holder of a rebasing token = (units × numerator + addend) // denominator, as the contract computes it.
The factors have up to 38 digits each, so the product is made of Python integers. DuckDB reads the annotations of the
function it is given, so pyarrow is imported here at once: import this module late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from duckdb import func

if TYPE_CHECKING:
    import duckdb

NAME = "exact_balance"
_LIMIT = 10**38


def share(units: int, numerator: int, denominator: int, addend: int = 0) -> int | None:
    """Return (units × numerator + addend) // denominator; None where it does not exist or passes 38 digits."""
    if denominator == 0:
        return None
    product = (units * numerator + addend) // denominator
    return product if -_LIMIT < product < _LIMIT else None


def _integers(column: pa.ChunkedArray | pa.Array) -> list[int | None]:
    """Return the whole numbers of a decimal128(38, 0) column, read from their sixteen bytes."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    held = array.buffers()[1]
    data = b"" if held is None else held.to_pybytes()[16 * array.offset :]
    read = [int.from_bytes(data[16 * i : 16 * i + 16], "little", signed=True) for i in range(len(array))]
    if array.null_count == 0:
        return list(read)
    return [value if known else None for value, known in zip(read, array.is_valid().to_pylist(), strict=True)]


def _decimals(values: list[int | None]) -> pa.Array:
    """Return the whole numbers as a decimal128(38, 0) column."""
    data = b"".join((value or 0).to_bytes(16, "little", signed=True) for value in values)
    known = pa.array([value is not None for value in values], pa.bool_())
    return pa.Array.from_buffers(pa.decimal128(38, 0), len(values), [known.buffers()[1], pa.py_buffer(data)])


def exact_balances(
    units: pa.ChunkedArray, numerator: pa.ChunkedArray, denominator: pa.ChunkedArray, addend: pa.ChunkedArray
) -> pa.Array:
    """Return the balance of each row; NULL where a factor is NULL or *share* has no answer."""
    rows = zip(*map(_integers, (units, numerator, denominator, addend)), strict=True)
    return _decimals(
        [
            None if u is None or n is None or d is None or a is None else share(u, n, d, a)
            for u, n, d, a in rows
        ]
    )


def register(con: duckdb.DuckDBPyConnection) -> None:
    """Make exact_balance known to *con*, once."""
    known = con.execute("SELECT count(*) FROM duckdb_functions() WHERE function_name = ?", [NAME]).fetchall()
    if known == [(0,)]:
        con.create_function(
            NAME,
            exact_balances,
            ["DECIMAL(38,0)"] * 4,
            "DECIMAL(38,0)",
            type=func.ARROW,
            null_handling=func.SPECIAL,
        )
