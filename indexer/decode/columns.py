"""Raw Arrow columns turned into what people and SQL read, a whole column at a time.

Everything here works on the columns' memory through numpy: no Python object is made per row. Amounts stay
integers: a 256-bit word is four 64-bit limbs, and the two low ones are a decimal128 as they stand.
"""

from __future__ import annotations

from binascii import hexlify
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from indexer.floor.tables import DIGITS, MAX_UNITS

Values: TypeAlias = "pa.Array[Any]"
Column: TypeAlias = "pa.Array[Any] | pa.ChunkedArray[Any]"
Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

WORD = 32
"""Bytes of an EVM word."""

_ADDRESS = 20
_MAX_HIGH, _MAX_LOW = divmod(MAX_UNITS, 2**64)


def whole(column: Column) -> Values:
    """Return a column as one array; one of a single chunk is not copied."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def fixed(column: Column) -> Bytes:
    """Return a fixed-width binary column as a matrix of bytes, one row each; a NULL's bytes mean nothing."""
    values = whole(column)
    width = values.type.byte_width
    first = values.offset * width
    return _memory(values, 1)[first : first + len(values) * width].reshape(len(values), width)


def present(column: Column) -> Mask:
    """Return where a column is not NULL."""
    values = whole(column)
    if not values.null_count:
        return np.ones(len(values), dtype=np.bool_)
    return np.asarray(values.is_valid().to_numpy(zero_copy_only=False), dtype=np.bool_)


def equal(rows: Bytes, wanted: bytes) -> Mask:
    """Return where a row's bytes are *wanted*; the width is a multiple of eight."""
    limbs = np.ascontiguousarray(rows).view(np.uint64).reshape(len(rows), len(wanted) // 8)
    return np.asarray((limbs == np.frombuffer(wanted, dtype=np.uint64)).all(axis=1), dtype=np.bool_)


def lengths(column: Column) -> npt.NDArray[np.int64]:
    """Return how many bytes each value of a binary column has; NULL has none."""
    return np.diff(_offsets(whole(column))).astype(np.int64)


def words(column: Column, rows: npt.NDArray[np.int64]) -> Bytes:
    """Return the first word of a binary column in *rows*, each of which holds at least one."""
    values = whole(column)
    if not len(rows):
        return np.empty((0, WORD), dtype=np.uint8)
    memory = _memory(values, 2)
    every = np.ndarray((len(memory) - WORD + 1,), dtype=f"V{WORD}", buffer=memory.data, strides=(1,))
    return every[_offsets(values)[rows]].view(np.uint8).reshape(len(rows), WORD)


def clean_addresses(topics: Bytes) -> Mask:
    """Return where a word is an address: its first twelve bytes are zero."""
    return np.asarray(~topics[:, : WORD - _ADDRESS].any(axis=1), dtype=np.bool_)


def address_text(rows: Bytes) -> Values:
    """Return addresses (or the words that end in them) as lower-case 0x text."""
    return hex_text(rows[:, -_ADDRESS:])


def hex_text(rows: Bytes) -> Values:
    """Return each row's bytes as lower-case 0x text."""
    count, width = rows.shape
    size = 2 + 2 * width
    text = np.empty((count, size), dtype=np.uint8)
    text[:, 0], text[:, 1] = ord("0"), ord("x")
    text[:, 2:] = np.frombuffer(hexlify(np.ascontiguousarray(rows).data), dtype=np.uint8).reshape(
        count, 2 * width
    )
    offsets = np.arange(0, (count + 1) * size, size, dtype=np.int32)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets.data), pa.py_buffer(text.data))


def fits_units(numbers: Bytes) -> Mask:
    """Return where a big-endian word is an amount of at most 38 digits."""
    limbs = _limbs(numbers)
    high, low = limbs[:, 2], limbs[:, 3]
    small = (high < _MAX_HIGH) | ((high == _MAX_HIGH) & (low <= _MAX_LOW))
    return np.asarray(~limbs[:, :2].any(axis=1) & small, dtype=np.bool_)


def units(numbers: Bytes) -> Values:
    """Return big-endian words that fit as decimal128(38, 0), exactly."""
    limbs = _limbs(numbers)
    pairs = np.empty((len(numbers), 2), dtype=np.uint64)
    pairs[:, 0], pairs[:, 1] = limbs[:, 3], limbs[:, 2]
    kind = pa.decimal128(DIGITS, 0)
    return pa.Array.from_buffers(kind, len(numbers), [None, pa.py_buffer(pairs.data)])


def _limbs(numbers: Bytes) -> npt.NDArray[np.uint64]:
    """Return each word as four 64-bit numbers, the highest first."""
    return np.ascontiguousarray(numbers).view(">u8").reshape(len(numbers), 4).astype(np.uint64)


def _offsets(values: Values) -> npt.NDArray[np.int32]:
    if not len(values):
        return np.zeros(1, dtype=np.int32)
    return _memory(values, 1).view(np.int32)[values.offset : values.offset + len(values) + 1]


def _memory(values: Values, number: int) -> Bytes:
    """Return one buffer of an array as bytes."""
    memory = values.buffers()[number]
    if memory is None:
        return np.empty(0, dtype=np.uint8)
    return np.frombuffer(memoryview(memory), dtype=np.uint8)
