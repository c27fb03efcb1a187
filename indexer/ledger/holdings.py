"""What an address held before an entry: the running sum of its entries, made only for addresses asked about."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from itertools import accumulate

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def held_before(entries: pa.Table, *, complete: bool) -> Callable[[str, int], int | None]:
    """Return the function from an address and a row of *entries* to the units held before that row.

    It gives None where *entries* do not begin with the token's first (*complete* is false), and where units
    of an earlier entry of the address are not known.
    """
    histories: dict[str, tuple[list[int], list[int | None]]] = {}

    def before(address: str, row: int) -> int | None:
        if not complete:
            return None
        if address not in histories:
            histories[address] = _history(entries, address)
        rows, totals = histories[address]
        at = bisect_left(rows, row)
        return totals[at - 1] if at else 0

    return before


def _history(entries: pa.Table, address: str) -> tuple[list[int], list[int | None]]:
    """Return the rows that touch *address* and what it held behind each."""
    into, out = pc.equal(entries["to_address"], address), pc.equal(entries["from_address"], address)
    moved = pc.and_(pc.or_(into, out), pc.not_equal(entries["effect"], "none"))
    rows = np.flatnonzero(moved.to_numpy(zero_copy_only=False))
    picked = pa.array(rows)
    units = entries["units"].take(picked).to_pylist()
    signs = [
        int(a) - int(b)
        for a, b in zip(into.take(picked).to_pylist(), out.take(picked).to_pylist(), strict=True)
    ]
    changes = [None if n is None else sign * int(n) for n, sign in zip(units, signs, strict=True)]
    return rows.tolist(), list(accumulate(changes, _plus))


def _plus(total: int | None, change: int | None) -> int | None:
    return None if total is None or change is None else total + change
