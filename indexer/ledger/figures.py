"""Base units to token units, and rows to tables. Integers and decimals only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from indexer.floor.tables import DIGITS, MAX_UNITS, SCALE, Table, arrow_schema

_EXACT = Context(prec=80)
TOO_LARGE = "the amount in token units does not fit DECIMAL(38,18)"


def moment(seconds: int) -> datetime:
    """Return seconds since 1970 as a UTC time without zone, as the tables hold it."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def token_units(raw: int | None, decimals: int) -> Decimal | None:
    """Return *raw* base units in token units, or None where it is None or does not fit 38 digits."""
    if raw is None or abs(raw) * 10 ** (SCALE - decimals) > MAX_UNITS:
        return None
    return Decimal(raw).scaleb(-decimals, _EXACT)


def held(raw: int | None) -> Decimal | None:
    """Return *raw* as a DECIMAL(38,0), or None where it does not fit."""
    return None if raw is None or abs(raw) > MAX_UNITS else Decimal(raw)


def ratio(numerator: int, denominator: int) -> Decimal | None:
    """Return numerator ÷ denominator cut to 18 decimals, or None where it does not exist or fit."""
    if denominator == 0:
        return None
    scaled = numerator * 10**SCALE // denominator
    return None if abs(scaled) > MAX_UNITS else Decimal(scaled).scaleb(-SCALE, _EXACT)


def token_units_column(raw: pa.Array, decimals: int) -> pa.Array:
    """Return a decimal128(38, 0) column in token units; NULL where it does not fit.

    The integers are read again with *decimals* decimals, which costs nothing, and brought to scale 18.
    """
    limit = pa.scalar(Decimal(MAX_UNITS // 10 ** (SCALE - decimals)), pa.decimal128(DIGITS, 0))
    fits = pc.less_equal(raw, limit)
    if pc.all(fits).as_py() is False:
        raw = pc.if_else(fits, raw, pa.scalar(None, raw.type))
    again = pa.Array.from_buffers(
        pa.decimal128(DIGITS, decimals), len(raw), raw.buffers(), offset=raw.offset, null_count=-1
    )
    return again.cast(pa.decimal128(DIGITS, SCALE))


def integers(column: pa.ChunkedArray | pa.Array) -> list[int | None]:
    """Return the digits of a decimal128 column as whole numbers, read from their sixteen bytes."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    held = array.buffers()[1]
    data = b"" if held is None else held.to_pybytes()[16 * array.offset :]
    read = [int.from_bytes(data[16 * i : 16 * i + 16], "little", signed=True) for i in range(len(array))]
    if array.null_count == 0:
        return list(read)
    return [value if known else None for value, known in zip(read, array.is_valid().to_pylist(), strict=True)]


def decimals(values: list[int | None], scale: int = 0) -> pa.Array:
    """Return the whole numbers as the digits of a decimal128 column with *scale* decimals."""
    data = b"".join((value or 0).to_bytes(16, "little", signed=True) for value in values)
    known = pa.array([value is not None for value in values], pa.bool_())
    return pa.Array.from_buffers(
        pa.decimal128(DIGITS, scale), len(values), [known.buffers()[1], pa.py_buffer(data)]
    )


LOGS_A_BLOCK = 1 << 24
"""More logs than a block can have."""


def order_of(rows: pa.Table) -> npt.NDArray[np.int64]:
    """Return one number a row that sorts as (block, log index) does."""
    numbers = rows["block_number"].to_numpy() * LOGS_A_BLOCK + rows["log_index"].to_numpy()
    return np.asarray(numbers, dtype=np.int64)


def rows_of(table: Table, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return *rows* as *table* declares it; a missing column is NULL."""
    schema = arrow_schema(table)
    columns = [pa.array([row.get(f.name) for row in rows], f.type) for f in schema]
    return pa.table(columns, schema=schema)
