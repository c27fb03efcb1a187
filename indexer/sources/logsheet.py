"""Logs as they are read, shape by shape and row by row, laid out at once in the order of the answer.

Each value is written to its place in the columns' own memory, so nothing is sorted or joined afterwards.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from indexer.floor.tables import LOGS, arrow_schema

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Cells: TypeAlias = npt.NDArray[Any]
"""Values of one column: int64, or void of the value's width."""

Row: TypeAlias = Mapping[str, int | bytes | None]

_MICROS = 10**6


def schema() -> pa.Schema:
    """Return the schema of parsed logs: that of ``logs``, but block_time may be NULL."""
    declared = arrow_schema(LOGS)
    at = declared.get_field_index("block_time")
    return declared.set(at, declared.field(at).with_nullable(nullable=True))


_CHAINLESS = schema().remove(0)
_WIDTHS = {f.name: f.type.byte_width for f in _CHAINLESS if pa.types.is_fixed_size_binary(f.type)}
_NUMBERS = tuple(f.name for f in _CHAINLESS if pa.types.is_int64(f.type) or pa.types.is_timestamp(f.type))
_NULLABLE = tuple(f.name for f in _CHAINLESS if f.nullable)


class _Piece(NamedTuple):
    """Data of one width: which rows, and their bytes."""

    rows: Rows
    data: Cells


class Sheet:
    """Room for *count* logs. A row's columns are known once it was put; every row must be put once."""

    def __init__(self, count: int) -> None:
        self._columns: dict[str, Cells] = {name: np.zeros(count, np.int64) for name in _NUMBERS}
        self._columns |= {name: np.zeros(count, f"V{width}") for name, width in _WIDTHS.items()}
        self._known: dict[str, Mask] = {name: np.zeros(count, np.bool_) for name in _NULLABLE}
        self._sizes: Rows = np.zeros(count, np.int64)
        self._pieces: list[_Piece] = []

    def put(self, rows: Rows, columns: Mapping[str, Cells]) -> None:
        """Write *columns* of logs of one shape; a nullable column that is missing is NULL there.

        ``block_time`` comes in seconds. A time of zero above block 0 is one that the node does not know.
        """
        for name, values in columns.items():
            if name == "data":
                self._put_data(rows, values)
            elif name == "block_time":
                self._columns[name][rows] = values * _MICROS
                self._known[name][rows] = (values > 0) | (columns["block_number"] == 0)
            else:
                self._columns[name][rows] = values
                if name in self._known:
                    self._known[name][rows] = True

    def put_each(self, rows: Rows, logs: Sequence[Row]) -> None:
        """Write logs that were read one by one, those with the same columns and as much data together."""
        alike: dict[tuple[object, ...], list[int]] = defaultdict(list)
        for place, log in enumerate(logs):
            size = len(log["data"]) if isinstance(log["data"], bytes) else 0
            alike[size, *(log[name] is None for name in _NULLABLE)].append(place)
        for places in alike.values():
            mine = [logs[place] for place in places]
            columns = {
                name: _cells([log[name] for log in mine])
                for name, value in mine[0].items()
                if value is not None
            }
            self.put(rows[places], columns)

    def table(self) -> pa.Table:
        """Return the logs in the columns of ``logs``, without the chain."""
        arrays = [self._data() if field.name == "data" else self._array(field) for field in _CHAINLESS]
        return pa.Table.from_arrays(arrays, schema=_CHAINLESS)

    def _put_data(self, rows: Rows, data: Cells) -> None:
        self._sizes[rows] = data.dtype.itemsize
        if data.dtype.itemsize:
            self._pieces.append(_Piece(rows, data))

    def _array(self, field: pa.Field[Any]) -> pa.Array[Any]:
        known = self._known.get(field.name)
        bits = None
        if known is not None and not known.all():
            bits = pa.py_buffer(np.packbits(known, bitorder="little").data)
        memory = [bits, pa.py_buffer(self._columns[field.name].data)]
        return pa.Array.from_buffers(field.type, len(self._sizes), memory)

    def _data(self) -> pa.Array[Any]:
        ends = np.zeros(len(self._sizes) + 1, dtype=np.int64)
        np.cumsum(self._sizes, out=ends[1:])
        # An answer of text is bounded far below 4 GiB, so half of it has places within 32 bits.
        memory = np.empty(ends[-1], dtype=np.uint8)
        for rows, data in self._pieces:
            width = data.dtype.itemsize
            every = np.ndarray(
                (len(memory) - width + 1,), dtype=f"V{width}", buffer=memory.data, strides=(1,)
            )
            every[ends[rows]] = data
        offsets = ends.astype(np.int32)
        buffers = [None, pa.py_buffer(offsets.data), pa.py_buffer(memory.data)]
        return pa.Array.from_buffers(pa.binary(), len(self._sizes), buffers)


def _cells(values: Sequence[Any]) -> Cells:
    """Return values of one kind, and of one width where they are bytes, as a column."""
    if not isinstance(values[0], bytes):
        return np.array(values, dtype=np.int64)
    return (
        np.frombuffer(b"".join(values), dtype=f"V{len(values[0])}")
        if values[0]
        else np.empty(len(values), "V0")
    )
