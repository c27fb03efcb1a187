"""Stocks at a point: now, a block, an instant or the close of a day, from the ledger up to there.

A point is cut out of the ledger the same way for supply, balances and holders: rows up to a block, or up to an
instant where a row has no block because time alone moved it. What is not covered is NULL with a sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, Decimal
from typing import TYPE_CHECKING, NamedTuple

from indexer.floor.errors import Usage

if TYPE_CHECKING:
    import duckdb

At = int | datetime | date
"""A block number, an instant (UTC; taken as UTC where it has no zone) or a UTC day, which stands for its close."""

_EXACT = Context(prec=80)
_LARGEST = 10**38
_GROSS = 9e37
"""As in steps/entries.sql: an estimate below which no sum of units can overflow."""


class Question(NamedTuple):
    """What is asked: of which tokens, on which chains (None: all), at which point or from which day to which."""

    tokens: tuple[str, ...]
    chain_ids: tuple[str, ...] | None = None
    at: At | None = None
    first: date | None = None
    last: date | None = None
    limit: int | None = None


class Cut(NamedTuple):
    """One token on one chain, cut at a point. Rows with a block count up to *block*, rows without one up to
    *until*; *block* None lets *until* decide for both. *why_null* says why there is nothing to answer."""

    token: str
    chain_id: str
    as_of: str
    block: int | None
    until: datetime | None
    decimals: int
    why_null: str | None


class Point(NamedTuple):
    """Supply at a cut. *units* and *supply_raw* are whole numbers, None where *why_null* says why."""

    cut: Cut
    units: int | None
    supply_raw: int | None
    supply: Decimal | None
    min_units: int
    why_null: str | None


def scope(q: Question, table: str = "") -> tuple[str, list[object]]:
    """Return the condition that keeps the rows of the question's tokens and chains, and its parameters."""
    dot = f"{table}." if table else ""
    marks = ", ".join("?" for _ in q.tokens) or "NULL"
    condition, values = f"{dot}token IN ({marks})", list[object](q.tokens)
    if q.chain_ids is not None:
        condition += f" AND {dot}chain_id IN ({', '.join('?' for _ in q.chain_ids) or 'NULL'})"
        values += q.chain_ids
    return condition, values


def in_tokens(raw: int, decimals: int) -> Decimal | None:
    """Return base units as token units; None where they pass 38 digits with 18 decimals."""
    if abs(raw) * 10 ** (18 - decimals) >= _LARGEST:
        return None
    return Decimal(raw).scaleb(-decimals, _EXACT)


def cuts(con: duckdb.DuckDBPyConnection, q: Question) -> list[Cut]:
    """Return one cut for each token and chain in question, sorted; with *at* None, the cut at the frontier."""
    condition, values = scope(q, "deployments")
    rows = con.execute(
        "SELECT deployments.token, deployments.chain_id, max(deployments.decimals), max(deployments.chain),"
        " max(first_block), max(frontier_block), max(frontier_time), bool_or(holds_start), max(why_null)"
        " FROM deployments LEFT JOIN derivations USING (token, chain_id)"
        f" WHERE {condition} GROUP BY ALL ORDER BY ALL",
        values,
    ).fetchall()
    if isinstance(q.at, int) and len({row[1] for row in rows}) > 1:
        raise Usage(
            f"Block {q.at} names a block of one chain, but {', '.join(q.tokens)} is on "
            f"{', '.join(sorted({row[1] for row in rows}))}. Choose one with --chain, or give a day or a time."
        )
    return [_cut(con, _Covered(*row), q.at) for row in rows]


class _Covered(NamedTuple):
    token: str
    chain_id: str
    decimals: int | None
    chain: str
    first_block: int | None
    frontier_block: int | None
    frontier_time: datetime | None
    holds_start: bool | None
    why_null: str | None


def _cut(con: duckdb.DuckDBPyConnection, run: _Covered, at: At | None) -> Cut:
    decimals = run.decimals or 0
    if run.frontier_time is None or run.frontier_block is None or run.first_block is None:
        why = f"{run.token} on {run.chain} is not indexed here"
        return Cut(run.token, run.chain_id, _named(at), None, None, decimals, why)
    why = run.why_null or (None if run.holds_start else "history starts before the first covered block")
    if at is None:
        return Cut(run.token, run.chain_id, "now", run.frontier_block, run.frontier_time, decimals, why)
    if isinstance(at, int):
        until, doubt = _time_of(con, run, at)
        if at > run.frontier_block:
            doubt = f"block {at} is beyond the frontier, block {run.frontier_block}"
        elif at < run.first_block:
            doubt = f"block {at} is before the first covered block, {run.first_block}"
        return Cut(run.token, run.chain_id, _named(at), at, until, decimals, why or doubt)
    until = _instant(at)
    if until > run.frontier_time:
        is_day = not isinstance(at, datetime)
        over = "is not over at" if is_day and at <= run.frontier_time.date() else "is beyond"
        why = why or f"{_named(at)} {over} the frontier, {run.frontier_time:%Y-%m-%d %H:%M:%S} UTC"
    return Cut(run.token, run.chain_id, _named(at), None, until, decimals, why)


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


def _time_of(con: duckdb.DuckDBPyConnection, run: _Covered, block: int) -> tuple[datetime, str | None]:
    """Return the latest time known to be no later than *block*'s, and a doubt where a step lies in between.

    Headers are not kept: the time is bounded by the nearest blocks that have an entry or a segment's end.
    """
    rows = con.execute(
        "WITH known AS ("
        " SELECT block_number, block_time FROM transfers WHERE token = ? AND chain_id = ?"
        " UNION ALL SELECT block_number, effective_at FROM supply_changes"
        "  WHERE token = ? AND chain_id = ? AND block_number IS NOT NULL"
        " UNION ALL SELECT last, last_time FROM segments WHERE chain_id = ?"
        " UNION ALL SELECT ?, ?),"
        " bounds AS (SELECT coalesce(max(block_time) FILTER (block_number <= ?), TIMESTAMP '1970-01-01') AS low,"
        "  min(block_time) FILTER (block_number >= ?) AS high FROM known)"
        " SELECT low, (SELECT count(*) FROM supply_changes WHERE token = ? AND chain_id = ?"
        "  AND block_number IS NULL AND effective_at > low AND effective_at <= coalesce(high, effective_at)) FROM bounds",
        [
            *(run.token, run.chain_id) * 2, run.chain_id, run.frontier_block, run.frontier_time, block, block,
            run.token, run.chain_id,
        ],
    ).fetchall()  # fmt: skip
    low, steps = rows[0]
    doubt = (
        f"the supply moved by time near block {block}, whose time is not known here: ask for an instant instead"
        if steps
        else None
    )
    return low, doubt


def cut_condition(cut: Cut, instant: str) -> tuple[str, list[object]]:
    """Return the condition that keeps the rows of *cut*, by block_number and the time column *instant*."""
    condition, values = "token = ? AND chain_id = ?", list[object]([cut.token, cut.chain_id])
    if cut.block is None:
        return f"{condition} AND {instant} <= ?", [*values, cut.until]
    return (
        f"{condition} AND (block_number <= ? OR (block_number IS NULL AND {instant} <= ?))",
        [*values, cut.block, cut.until],
    )


def point(con: duckdb.DuckDBPyConnection, cut: Cut) -> Point:
    """Return the supply at *cut*: that of the last change up to there, zero before the first."""
    if cut.why_null is not None:
        return Point(cut, None, None, None, 1, cut.why_null)
    condition, values = cut_condition(cut, "effective_at")
    rows = con.execute(
        "SELECT units, supply_raw, supply, coalesce(min_units, 1), why_null FROM supply_changes"
        f" WHERE {condition} ORDER BY effective_at DESC, block_number DESC NULLS LAST, log_index DESC NULLS LAST"
        " LIMIT 1",
        values,
    ).fetchall()
    if not rows:
        return Point(cut, 0, 0, Decimal(0), 1, None)
    units, supply_raw, supply, min_units, why = rows[0]
    unknown = None in (units, supply_raw, supply)
    return Point(
        cut,
        None if units is None else int(units),
        None if supply_raw is None else int(supply_raw),
        supply,
        int(min_units),
        (why or "the supply is not known") if unknown else None,
    )


class Holding(NamedTuple):
    """What an address holds at a cut, in units and in base units as the contract computes it."""

    holder: str
    units: int
    balance_raw: int | None
    role: str | None
    first_seen: datetime
    last_active: datetime


def holdings(con: duckdb.DuckDBPyConnection, at: Point) -> tuple[Sequence[Holding], str | None]:
    """Return every address that an entry up to the cut names, and why there are none where units are unknown."""
    cut = at.cut
    if at.units is None:
        return (), at.why_null
    condition, values = cut_condition(cut, "block_time")
    why = _gap(con, condition, values)
    if why is not None:
        return (), why
    rows = con.execute(
        "WITH kept AS (SELECT effect, from_address, to_address, units, block_time FROM transfers"
        f" WHERE {condition}), legs AS ("
        " SELECT to_address AS holder, units, block_time FROM kept WHERE effect IN ('mint', 'move')"
        " UNION ALL SELECT from_address, -units, block_time FROM kept WHERE effect IN ('burn', 'move')),"
        " held AS (SELECT holder, sum(units) AS units, min(block_time) AS first_seen, max(block_time) AS last_active"
        "  FROM legs GROUP BY holder)"
        " SELECT holder, units, (SELECT string_agg(DISTINCT role, ', ' ORDER BY role) FROM address_roles"
        "  WHERE token = ? AND chain_id = ? AND address = holder AND (from_time IS NULL OR from_time <= ?)"
        "  AND (to_time IS NULL OR to_time > ?)), first_seen, last_active FROM held ORDER BY units DESC, holder",
        [*values, cut.token, cut.chain_id, cut.until, cut.until],
    ).fetchall()
    return [
        Holding(
            holder,
            int(units),
            _balance(int(units), at),
            role,
            first_seen,
            last_active,
        )
        for holder, units, role, first_seen, last_active in rows
    ], None


def _gap(con: duckdb.DuckDBPyConnection, condition: str, values: list[object]) -> str | None:
    """Return why the units of a cut cannot be summed: an entry without units, or more than 38 digits moved."""
    rows = con.execute(
        "SELECT count(*) FILTER (units IS NULL),"
        " arg_min(coalesce(why_null, 'the units of an entry are not known'), (block_number, log_index, entry))"
        "  FILTER (units IS NULL),"
        f" coalesce(sum(abs(CAST(units AS DOUBLE))), 0) FROM transfers WHERE {condition}",
        values,
    ).fetchall()
    unknown, why, gross = rows[0]
    if unknown:
        return str(why)
    return "the units moved sum to more than 38 digits" if gross >= _GROSS else None


def _balance(units: int, at: Point) -> int | None:
    from indexer.metrics.exact import share  # noqa: PLC0415 - it imports Arrow

    if at.units is None or at.supply_raw is None:
        return None
    return units if at.units == at.supply_raw else share(units, at.supply_raw, at.units)
