"""Which logs of a price contract are worth decoding, told from whole columns: feeds and vaults log a great many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from indexer.decode.abi import EventSpec, Family
from indexer.decode.columns import WORD, whole
from indexer.ledger.prices.ranges import DAY

Pick = Callable[[pa.Table, Family], pa.Array]
"""A choice among the logs of some events, as a column of yes and no."""


def first_of_price(prices: Mapping[str, str]) -> Pick:
    """Return the choice of each day's first log, and of each whose price is not that of the log before it.

    *prices* names for each event the argument that is its price.
    """

    def pick(logs: pa.Table, family: Family) -> pa.Array:
        words = _words(logs, family, prices)
        codes = whole(words).dictionary_encode(null_encoding="encode").indices.to_numpy()
        first = np.ones(logs.num_rows, dtype=np.bool_)
        first[1:] = (np.diff(codes) != 0) | (np.diff(_days(logs)) != 0)
        return pa.array(first)

    return pick


def with_word(event: str, name: str, word: bytes) -> Pick:
    """Return the choice of the logs whose argument *name* is *word*, and of those too short to hold it."""

    def pick(logs: pa.Table, family: Family) -> pa.Array:
        found = _words(logs, family, {event: name})
        return whole(pc.or_(pc.equal(found, word), pc.less(pc.binary_length(found), WORD)))

    return pick


def last_of_day(amounts: Mapping[str, str], least: int) -> Pick:
    """Return the choice of each day's last log whose amount is at least *least*.

    *amounts* names for each event the argument that is its amount, a number without sign.
    """

    def pick(logs: pa.Table, family: Family) -> pa.Array:
        found = _words(logs, family, amounts)
        # Words of one length compare as the numbers that they are.
        enough = pc.and_(
            pc.equal(pc.binary_length(found), WORD), pc.greater_equal(found, least.to_bytes(WORD, "big"))
        )
        rows = np.flatnonzero(whole(pc.fill_null(enough, fill_value=False)).to_numpy(zero_copy_only=False))
        days = _days(logs)[rows]
        is_last = np.ones(len(rows), dtype=np.bool_)
        is_last[:-1] = np.diff(days) != 0
        chosen = np.zeros(logs.num_rows, dtype=np.bool_)
        chosen[rows[is_last]] = True
        return pa.array(chosen)

    return pick


def _days(logs: pa.Table) -> np.ndarray:
    """Return the UTC day of each log, counted from 1970."""
    times = pc.divide(logs["block_time"].cast(pa.int64()), 1_000_000 * DAY)
    return np.asarray(whole(times).to_numpy())


def _words(logs: pa.Table, family: Family, names: Mapping[str, str]) -> pa.ChunkedArray:
    """Return of each log the word of the argument that *names* names for its event; NULL where it names none."""
    words = pa.chunked_array([pa.nulls(logs.num_rows, pa.binary())])
    for spec in _specs(family):
        place = _place(spec, names.get(spec.name))
        if place is not None:
            mine = pc.equal(logs["topic0"], pa.scalar(spec.topic0, pa.binary(32)))
            words = pc.if_else(mine, pc.binary_slice(logs["data"], place, place + WORD), words)
    return words


def _specs(family: Family) -> Iterator[EventSpec]:
    return (spec for specs in family.events.values() for spec in specs)


def _place(spec: EventSpec, name: str | None) -> int | None:
    """Return where the data holds the argument *name*; None where it holds none of that name."""
    place = 0
    for argument in spec.arguments:
        if not argument.indexed:
            if argument.name == name:
                return place
            place += WORD * (argument.words or 1)
    return None
