"""What an address held before an entry, and what a day minted: made only where a rule asks."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

DAY = 86_400


class Minted(NamedTuple):
    """One mint: its row in ``transfers``, who got it, and how many units."""

    row: int
    address: str
    units: int


class Holdings(NamedTuple):
    """*before(address, row)* returns the units that an address held before the entry of that row, None where
    that is not known; *minted(day)* returns the mints of a UTC day, counted from 1970."""

    before: Callable[[str, int], int | None]
    minted: Callable[[int], tuple[Minted, ...]]


UNKNOWN = Holdings(lambda _address, _row: None, lambda _day: ())


def holdings(entries: pa.Table, *, complete: bool) -> Holdings:
    """Return the holdings that *entries* tell; *complete* says that they begin with the token's first."""
    histories: dict[str, tuple[list[int], list[int | None]]] = {}
    days: dict[int, list[Minted]] = defaultdict(list)

    def before(address: str, row: int) -> int | None:
        if not complete:
            return None
        if address not in histories:
            histories[address] = _history(entries, address)
        rows, totals = histories[address]
        at = bisect_left(rows, row)
        return totals[at - 1] if at else 0

    def minted(day: int) -> tuple[Minted, ...]:
        if not days:
            for at, mint in _mints(entries):
                days[at].append(mint)
        return tuple(days[day]) if day in days else ()

    return Holdings(before, minted)


def _history(entries: pa.Table, address: str) -> tuple[list[int], list[int | None]]:
    """Return the rows that touch *address* and what it held behind each."""
    into, out = pc.equal(entries["to_address"], address), pc.equal(entries["from_address"], address)
    moved = pc.and_(pc.or_(into, out), pc.not_equal(entries["effect"], "none"))
    rows = np.flatnonzero(moved.to_numpy())
    picked = pa.array(rows)
    sides = (into.take(picked).to_pylist(), out.take(picked).to_pylist())
    units = entries["units"].take(picked).to_pylist()
    changes = [
        None if n is None else int(n) * (int(a) - int(b)) for a, b, n in zip(*sides, units, strict=True)
    ]
    return rows.tolist(), list(accumulate(changes, _plus))


def _plus(total: int | None, change: int | None) -> int | None:
    return None if total is None or change is None else total + change


def _mints(entries: pa.Table) -> list[tuple[int, Minted]]:
    rows = np.flatnonzero(pc.equal(entries["effect"], "mint").to_numpy())
    picked = entries.take(pa.array(rows))
    days = pc.divide(picked["block_time"].cast(pa.int64()), DAY * 1_000_000).to_pylist()
    columns = (picked["to_address"].to_pylist(), picked["units"].to_pylist())
    return [
        (day, Minted(row, address, int(units)))
        for row, day, address, units in zip(rows.tolist(), days, *columns, strict=True)
        if units is not None
    ]
