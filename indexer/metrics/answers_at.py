"""Stocks at a point: now, a block, an instant or the close of a day, from the ledger up to there.

A point is cut out of the ledger the same way for supply, balances and holders: rows up to a block, or up
to an instant where a row has no block because time alone moved it. What is not covered is NULL with a
sentence. The SQL lies in queries/.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, Decimal
from typing import TYPE_CHECKING, NamedTuple

from indexer.floor.errors import Usage
from indexer.floor.tables import SCALE
from indexer.ledger.supply import ONE, Rate
from indexer.metrics.models import query

if TYPE_CHECKING:
    import duckdb

_EXACT = Context(prec=80)

At = int | datetime | date
"""A block number, an instant (UTC unless it has a zone) or a UTC day, which stands for its close."""


class Question(NamedTuple):
    """What is asked: of which tokens, on which chains (None: all), at which point or on which days.

    *basis* is that of a roll-forward; *known_on* the day as of whose knowledge days are told.
    """

    tokens: tuple[str, ...]
    chain_ids: tuple[str, ...] | None = None
    at: At | None = None
    first: date | None = None
    last: date | None = None
    limit: int | None = None
    basis: str = "total"
    known_on: date | None = None

    @property
    def day(self) -> date | None:
        """The day asked with *at*, or None where *at* is something else."""
        return self.at if isinstance(self.at, date) and not isinstance(self.at, datetime) else None


class Run(NamedTuple):
    """How far a token is derived on a chain; the blocks and the time are None where it is not indexed."""

    token: str
    chain_id: str
    chain: str
    decimals: int | None
    first_block: int | None
    frontier_block: int | None
    frontier_time: datetime | None
    covered_until: datetime | None
    why_null: str | None


class Cut(NamedTuple):
    """One token on one chain, cut at a point.

    Rows with a block count up to *block*, rows without one up to *until*; where *block* is None, *until*
    decides for both. *why_null* says why there is nothing to answer.
    """

    token: str
    chain_id: str
    as_of: str
    block: int | None
    until: datetime | None
    decimals: int
    why_null: str | None

    @property
    def values(self) -> dict[str, object]:
        """The parameters of a query that cuts."""
        return {"token": self.token, "chain_id": self.chain_id, "block": self.block, "until": self.until}


class Point(NamedTuple):
    """Supply at a cut, and the rate of units to base units.

    *units* and *supply_raw* are whole numbers, None where *why_null* says why.
    """

    cut: Cut
    units: int | None
    supply_raw: int | None
    supply: Decimal | None
    rate: Rate | None
    multiplier: Decimal | None
    min_units: int
    why_null: str | None


class Holding(NamedTuple):
    """What an address holds at a cut: units, and base units as the contract computes them."""

    holder: str
    units: int
    balance_raw: int | None
    role: str | None
    first_seen: datetime | None
    last_active: datetime | None


def cuts(con: duckdb.DuckDBPyConnection, q: Question) -> list[Cut]:
    """Return one cut for each token and chain in question, sorted; the one at the frontier without *at*."""
    chain_ids = None if q.chain_ids is None else list(q.chain_ids)
    rows = con.execute(query("runs"), {"tokens": list(q.tokens), "chain_ids": chain_ids}).fetchall()
    runs = [Run(*row) for row in rows]
    chains = sorted({run.chain for run in runs})
    if isinstance(q.at, int) and len(chains) > 1:
        raise Usage(
            f"Block {q.at} names a block of one chain, but {', '.join(q.tokens)} lives on {', '.join(chains)}. "
            "Choose one with --chain, or ask for a day or a time."
        )
    return [_cut(con, run, q.at) for run in runs]


def _cut(con: duckdb.DuckDBPyConnection, run: Run, at: At | None) -> Cut:
    decimals = run.decimals or 0
    if (
        run.frontier_time is None
        or run.covered_until is None
        or run.frontier_block is None
        or run.first_block is None
    ):
        why = f"{run.token} on {run.chain} is not indexed here"
        return Cut(run.token, run.chain_id, _named(at), None, None, decimals, why)
    if at is None:
        at_frontier = (run.frontier_block, run.frontier_time)
        return Cut(run.token, run.chain_id, "now", *at_frontier, decimals, run.why_null)
    if isinstance(at, int):
        until, doubt = _time_of(con, run, at)
        if at > run.frontier_block:
            doubt = f"block {at} is beyond the frontier, block {run.frontier_block}"
        elif at < run.first_block:
            doubt = f"block {at} is before the first covered block, {run.first_block}"
        return Cut(run.token, run.chain_id, _named(at), at, until, decimals, doubt or run.why_null)
    return _cut_by_time(run, at, run.frontier_time, run.covered_until)


def _cut_by_time(run: Run, at: datetime | date, frontier: datetime, covered_until: datetime) -> Cut:
    until, why = _instant(at), run.why_null
    if until > covered_until:
        is_begun = not isinstance(at, datetime) and at <= frontier.date()
        over = "is not over at" if is_begun else "is beyond"
        why = f"{_named(at)} {over} the frontier, {frontier:%Y-%m-%d %H:%M:%S} UTC"
    return Cut(run.token, run.chain_id, _named(at), None, until, run.decimals or 0, why)


def _named(at: At | None) -> str:
    if at is None:
        return "now"
    if isinstance(at, int):
        return f"block {at}"
    return f"{_instant(at):%Y-%m-%d %H:%M:%S} UTC" if isinstance(at, datetime) else at.isoformat()


def _instant(at: datetime | date) -> datetime:
    """Return the last second that counts, as UTC without a zone: of a day, its last one."""
    if isinstance(at, datetime):
        return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
    return datetime.combine(at, time()) + timedelta(days=1, seconds=-1)


def _time_of(con: duckdb.DuckDBPyConnection, run: Run, block: int) -> tuple[datetime, str | None]:
    """Return a time no later than the block's, and a doubt where the supply may have moved in between."""
    values = {"token": run.token, "chain_id": run.chain_id, "block": block}
    low, steps = con.execute(query("block_time"), values).fetchall()[0]
    if steps:
        return low, (
            f"the supply moved by time near block {block}, whose time is not known here: ask for a time instead"
        )
    return low, None


def point(con: duckdb.DuckDBPyConnection, cut: Cut) -> Point:
    """Return the supply at *cut*: that of the last change up to there, zero before the first."""
    if cut.why_null is not None:
        return Point(cut, None, None, None, None, None, 1, cut.why_null)
    rows = con.execute(query("supply_at"), cut.values).fetchall()
    if not rows:
        return Point(cut, 0, 0, Decimal(0), ONE, Decimal(1), 1, None)
    units, supply_raw, supply, *factors, multiplier, min_units, why = rows[0]
    known = [int(factor) for factor in factors if factor is not None]
    rate = Rate(*known) if len(known) == len(factors) else None
    return Point(cut, _whole(units), _whole(supply_raw), supply, rate, multiplier, int(min_units), why)


def points(con: duckdb.DuckDBPyConnection, q: Question) -> list[Point]:
    """Return the supply at each cut in question; several answers of one question can share them."""
    return [point(con, cut) for cut in cuts(con, q)]


def _whole(figure: Decimal | None) -> int | None:
    return None if figure is None else int(figure)


def holdings(con: duckdb.DuckDBPyConnection, at: Point) -> tuple[Sequence[Holding], str | None]:
    """Return every address that an entry up to the cut names; else why holdings are not known there."""
    if at.units is None:
        return (), at.why_null
    why = gap(con, at)
    if why is not None:
        return (), why
    rows = con.execute(query("holdings_at"), at.cut.values).fetchall()
    return [
        Holding(holder, int(units), balance_raw(int(units), at), role, first_seen, last_active)
        for holder, units, role, first_seen, last_active in rows
    ], None


def gap(con: duckdb.DuckDBPyConnection, at: Point) -> str | None:
    """Return why the units of the entries up to the cut cannot be summed; None where they can."""
    ((why,),) = con.execute(query("gap_at"), at.cut.values).fetchall()
    return None if why is None else str(why)


def in_tokens(raw: int, decimals: int) -> Decimal | None:
    """Return base units as token units, exactly; None where they pass 38 digits with 18 decimals."""
    if abs(raw) * 10 ** (SCALE - decimals) >= 10**38:
        return None
    return Decimal(raw).scaleb(-decimals, _EXACT)


def balance_raw(units: int, at: Point) -> int | None:
    """Return what balanceOf answers for *units* at the point; None where the rate is not known."""
    return None if at.rate is None else at.rate.of(units)
