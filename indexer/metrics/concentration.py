"""Figures of concentration for every close of a token, per chain and over all chains, from changes of weights alone.

Days × holders is the trap here. So figures are made only of days on which a weight changed and carried over the
others, in blocks of days of a bounded size, of which only those columns are kept that hold something; each block is
sorted once by numpy. Shares are DOUBLE, so weights are too; where rounding could decide how many holders have more
than half, that is decided by whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import lcm
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from indexer.ledger.figures import integers

if TYPE_CHECKING:
    import duckdb
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

TOPS = (1, 5, 10, 50)
_CELLS = 500_000
"""How many weights a block may have: days × holders."""
_ROWS = 2_000_000
"""About how many rows of changes are read at once."""
_DOUBT = 1e-9
"""How near to half, of the whole, a sum of rounded weights tells nothing."""
SCHEMA = pa.schema(
    [
        pa.field("token", pa.string()),
        pa.field("chain_id", pa.string()),
        pa.field("day", pa.date32()),
        *(pa.field(f"top{top}_share", pa.float64()) for top in TOPS),
        pa.field("hhi", pa.float64()),
        pa.field("gini", pa.float64()),
        pa.field("nakamoto", pa.int64()),
        pa.field("entities", pa.int64()),
        pa.field("omnibus_share", pa.float64()),
        pa.field("lower_bound", pa.bool_()),
    ]
)


class Chain(NamedTuple):
    """Who weighs what on one chain: *holder* has *units* from the place *start* of the days to before *end*.

    *entity* is the number of whom the holder belongs to, or its own. *closes* are its days. *rates* are numerator
    and denominator by place, with the size of a base unit in 10^-18.
    """

    chain_id: str
    holder: Ints
    entity: Ints
    start: Ints
    end: Ints
    weight: Floats
    units: pa.ChunkedArray
    omnibus: npt.NDArray[np.bool_]
    closes: Ints
    rates: Sequence[tuple[int, int]]
    order: Ints
    order_start: Ints


def concentrate(con: duckdb.DuckDBPyConnection, rows: str) -> pa.Table:
    """Return the figures of every token, chain and `all`, and day, from the table *rows* of steps/concentration.sql."""
    counts = con.execute(f"SELECT token, count(*) FROM {rows} GROUP BY token ORDER BY token").fetchall()
    made = [SCHEMA.empty_table()]
    for part in _parts(counts):
        read = con.sql(
            f"SELECT * FROM {rows} WHERE token IN (SELECT unnest($names)) ORDER BY token",
            params={"names": [token for token, _ in part]},
        ).to_arrow_table()
        offset = 0
        for token, count in part:
            made.extend(_of_token(token, read.slice(offset, count)))
            offset += count
    return pa.concat_tables(made)


def _parts(counts: Sequence[tuple[str, int]]) -> Iterator[list[tuple[str, int]]]:
    """Yield tokens and their rows in parts of about *_ROWS* rows."""
    part: list[tuple[str, int]] = []
    for token, count in counts:
        if part and sum(rows for _, rows in part) + count > _ROWS:
            yield part
            part = []
        part.append((token, count))
    if part:
        yield part


def _of_token(token: str, rows: pa.Table) -> Iterator[pa.Table]:
    """Yield the figures of each chain of one token, and those of all together."""
    day = _column(rows["day"].cast(pa.int32()))
    chain = _codes(rows["chain_id"])
    holder = _codes(rows["holder"])
    joined = _codes(rows["entity"])
    who = (holder, np.where(joined < 0, holder, joined + holder.max() + 1))
    places = np.unique(chain)
    days = np.unique(day[holder >= 0]) if len(places) == 1 else np.unique(day)
    chains = [_chain(rows, day, who, chain == place, days) for place in places]
    chains.sort(key=lambda one: one.chain_id)
    figures = [_figures([one], len(days)) for one in chains]
    for one, made in zip(chains, figures, strict=True):
        yield _spread(token, one.chain_id, one.closes, days, made)
    every = np.unique(np.concatenate([one.closes for one in chains]))
    together = figures[0] if len(chains) == 1 else _figures(chains, len(days))
    yield _spread(token, "all", every, days, together)


def _codes(names: pa.ChunkedArray) -> Ints:
    """Return a number for each name, the same for the same; -1 for none."""
    numbers = names.dictionary_encode().unify_dictionaries()
    return np.concatenate([np.asarray(part.indices.fill_null(-1), np.int64) for part in numbers.chunks])


def _column(column: pa.ChunkedArray) -> Ints:
    values: Ints = column.to_numpy().astype(np.int64)
    return values


def _chain(
    rows: pa.Table, day: Ints, codes: tuple[Ints, Ints], here: npt.NDArray[np.bool_], days: Ints
) -> Chain:
    """Return what the rows *here* say of one chain, its weights by holder and day; *codes*: holder, entity."""
    holder, entity = codes
    close = np.flatnonzero(here & (holder < 0))
    close = close[np.argsort(day[close])]
    told = rows.take(pa.array(close))
    names = ("numerator", "denominator", "base_unit")
    factors = list(zip(*(integers(told[name]) for name in names), strict=True))
    known = [((n or 1) * (size or 1), d or 1) for n, d, size in factors]
    at = np.searchsorted(day[close], days, side="right") - 1
    chosen = np.flatnonzero(here & (holder >= 0))
    chosen = chosen[np.lexsort((day[chosen], holder[chosen]))]
    units = rows["units"].take(pa.array(chosen))
    who, start = holder[chosen], np.searchsorted(days, day[chosen])
    end = np.full(len(who), len(days), dtype=np.int64)
    same = who[1:] == who[:-1]
    end[:-1][same] = start[1:][same]
    order = np.argsort(start, kind="stable")
    return Chain(
        chain_id=rows["chain_id"][int(np.argmax(here))].as_py(),
        holder=who,
        entity=entity[chosen],
        start=start,
        end=end,
        weight=units.cast(pa.float64()).to_numpy(),
        units=units,
        omnibus=rows["is_omnibus"].to_numpy()[chosen],
        closes=day[close],
        rates=[known[place] if place >= 0 else (1, 1) for place in at],
        order=order,
        order_start=start[order],
    )


def _figures(chains: Sequence[Chain], places: int) -> Mapping[str, Floats]:
    """Return each figure by place; a place where nothing is held has no number."""
    made = {name: np.full(places, np.nan) for name in SCHEMA.names[3:-1]}
    holders = 1 + max((int(one.holder.max()) for one in chains if len(one.holder)), default=0)
    is_joined = any((one.holder != one.entity).any() for one in chains)
    states = [np.zeros(holders) for _ in chains]
    first = 0
    while first < places:
        last = min(places, first + max(1, _CELLS // holders))
        block = _stands(chains, states, first, last)
        block.sort(axis=1)
        held = np.flatnonzero(block[:, -1] > 0)
        if len(held):
            block = block[held][:, int(np.argmax(block.any(axis=0))) :]
            whole, figures = _measure(block, chains, first + held)
            for name, figure in figures.items():
                made[name][first + held] = figure
            owners = _block(chains, [one.entity for one in chains], first, last)[held] if is_joined else block
            made["entities"][first + held] = np.count_nonzero(owners, axis=1)
            made["omnibus_share"][first + held] = _omnibus(chains, first, last)[held] / whole
        first = last
    return made


def _stands(chains: Sequence[Chain], states: list[Floats], first: int, last: int) -> Floats:
    """Return the weights of the places from *first* to before *last*, a row a place, a column a holder.

    *states* has what each holder weighs on each chain before *first*, and afterwards before *last*.
    """
    block = np.zeros((last - first, len(states[0])))
    for number, one in enumerate(chains):
        low, high = np.searchsorted(one.order_start, (first, last))
        spells = one.order[low:high]
        spells = spells[one.start[spells] < one.end[spells]]
        if not len(spells):
            block += states[number] * _rates(chains, one, first, last)[:, None]
            continue
        newest = np.zeros(block.shape, dtype=np.int32)
        newest[one.start[spells] - first, one.holder[spells]] = np.arange(1, len(spells) + 1)
        np.maximum.accumulate(newest, axis=0, out=newest)
        weights = np.concatenate([[0.0], np.maximum(one.weight[spells], 0)])
        stands = np.where(newest > 0, weights[newest], states[number])
        states[number] = stands[-1].copy()
        block += stands if len(chains) == 1 else stands * _rates(chains, one, first, last)[:, None]
    return block


def _rates(chains: Sequence[Chain], one: Chain, first: int, last: int) -> Floats:
    """Return what a unit of *one* weighs at each place; on one chain alone units are measure enough."""
    if len(chains) == 1:
        return np.ones(last - first)
    return np.array([numerator / denominator for numerator, denominator in one.rates[first:last]])


def _block(chains: Sequence[Chain], owners: Sequence[Ints], first: int, last: int) -> Floats:
    """Return the weights of the places from *first* to before *last*, a row a place, a column an owner."""
    spells = [
        np.flatnonzero((one.start < last) & (one.end > first) & (one.weight > 0) & (one.start < one.end))
        for one in chains
    ]
    who = np.unique(np.concatenate([own[spell] for own, spell in zip(owners, spells, strict=True)]))
    cells = (last - first) * len(who)
    block = np.zeros(cells)
    for one, own, spell in zip(chains, owners, spells, strict=True):
        begins = np.maximum(one.start[spell], first) - first
        lengths = np.minimum(one.end[spell], last) - first - begins
        before = np.cumsum(lengths) - lengths
        row = np.arange(int(lengths.sum())) + np.repeat(begins - before, lengths)
        cell = row * len(who) + np.repeat(np.searchsorted(who, own[spell]), lengths)
        weight = np.repeat(one.weight[spell], lengths) * _rates(chains, one, first, last)[row]
        block += np.bincount(cell, weights=weight, minlength=cells)
    return block.reshape(last - first, len(who))


def _omnibus(chains: Sequence[Chain], first: int, last: int) -> Floats:
    """Return what omnibus wallets weigh at each place."""
    if not any(one.omnibus.any() for one in chains):
        return np.zeros(last - first)
    theirs = [one._replace(weight=np.where(one.omnibus, one.weight, 0)) for one in chains]
    return _sum(np.sort(_block(theirs, [one.holder for one in theirs], first, last), axis=1)[:, ::-1])


def _sum(descending: Floats) -> Floats:
    """Return the sum of each row, one by one from the left: no order of holders and no empty column changes it."""
    if descending.shape[1] == 0:
        return np.zeros(len(descending))
    total: Floats = descending.cumsum(axis=1)[:, -1]
    return total


def _measure(block: Floats, chains: Sequence[Chain], places: Ints) -> tuple[Floats, dict[str, Floats]]:
    """Return the sum and the figures of rows of weights that ascend, none of which is empty."""
    count, width = np.count_nonzero(block, axis=1), block.shape[1]
    large = np.ascontiguousarray(block[:, ::-1])
    so_far = large.cumsum(axis=1)
    whole = so_far[:, -1].copy()
    tops = {f"top{top}_share": so_far[:, min(top, width) - 1] / whole for top in TOPS}
    most = np.count_nonzero(so_far <= whole[:, None] / 2, axis=1) + 1
    rows = np.arange(len(block))
    with_it = so_far[rows, np.minimum(most, width) - 1] - whole / 2
    without = np.where(most > 1, whole / 2 - so_far[rows, most - 2], whole)
    for n in np.flatnonzero(np.minimum(np.abs(with_it), without) <= _DOUBT * whole):
        most[n] = _more_than_half(_exact(chains, int(places[n])))
    ranked = large * np.arange(1, width + 1, dtype=np.float64)
    gini = (count + 1 - 2 * _sum(ranked) / whole) / count
    large *= large
    return whole, tops | {
        "hhi": _sum(large) / whole**2,
        "gini": np.maximum(gini, 0),
        "nakamoto": most.astype(np.float64),
    }


def _exact(chains: Sequence[Chain], place: int) -> list[int]:
    """Return the weights of holders at *place* as whole numbers of one measure."""
    common = lcm(*(one.rates[place][1] for one in chains))
    held: dict[int, int] = {}
    for one in chains:
        numerator, denominator = one.rates[place]
        here = np.flatnonzero((one.start <= place) & (one.end > place))
        for holder, units in zip(
            one.holder[here].tolist(), integers(one.units.take(pa.array(here))), strict=True
        ):
            held[holder] = held.get(holder, 0) + (units or 0) * numerator * (common // denominator)
    return sorted(held.values(), reverse=True)


def _more_than_half(weights: Sequence[int]) -> int:
    """Return how many of the largest, which come first, have together more than half."""
    whole, so_far = sum(weights), 0
    for count, weight in enumerate(weights, 1):
        so_far += weight
        if 2 * so_far > whole:
            return count
    return len(weights)


def _spread(token: str, chain_id: str, closes: Ints, days: Ints, made: Mapping[str, Floats]) -> pa.Table:
    """Return the figures of every close, carried from the last day with a change."""
    at = np.searchsorted(days, closes, side="right") - 1
    columns = {}
    for name, figure in made.items():
        values = np.append(figure, np.nan)[at]  # -1, before the first change, is the last: nothing is held
        columns[name] = pa.array(values, mask=np.isnan(values))
    for name in ("nakamoto", "entities"):
        columns[name] = columns[name].cast(pa.int64())
    known = columns["omnibus_share"].to_numpy(zero_copy_only=False)
    size = len(closes)
    return pa.Table.from_arrays(
        [
            pa.array([token] * size, pa.string()),
            pa.array([chain_id] * size, pa.string()),
            pa.array(closes.astype(np.int32)).cast(pa.date32()),
            *columns.values(),
            pa.array(known > 0, mask=np.isnan(known)),
        ],
        schema=SCHEMA,
    )
