"""What `rwa show` answers, as Arrow tables: one function a question, over a connection with all tables.

Without *at* the daily rows of the days asked; with *at* the figure at that point (see answers_at). Several
tokens or chains make several rows and never a total: share classes, wrappers and copies do not simply add.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from indexer.floor.errors import Usage
from indexer.floor.tables import ROLLFORWARD_FLOWS, SCALE
from indexer.ledger.values import ZERO
from indexer.metrics.answers_at import (
    Cut,
    Holding,
    Point,
    Question,
    balance_raw,
    cuts,
    holdings,
    in_tokens,
    point,
    points,
)
from indexer.metrics.answers_cohorts import cohorts
from indexer.metrics.answers_nav import nav
from indexer.metrics.answers_product import product
from indexer.metrics.answers_queue import queue
from indexer.metrics.answers_yield import yields
from indexer.metrics.circulating_at import circulating
from indexer.metrics.escrow_at import Claims, claims
from indexer.metrics.models import query

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

__all__ = [
    "ANSWERS", "Question", "balances", "cohorts", "flows", "holders", "nav", "product", "queue", "rollforward",
    "supply", "transfers", "yields",
]  # fmt: skip

BASES = ("total", "circulating")
"""What a roll-forward can be of."""

NOT_HOLDERS = frozenset(("issuer_float", "burner", "bridge_locker", "redeem_wallet", "escrow", "wrapper"))
"""Roles whose addresses hold but are no holders, as in steps/role_holders.sql."""

_ALL = 2**62
_WHY_SUPPLY = "CASE WHEN circulating IS NULL OR multiplier IS NULL THEN why_null END AS why_null"
"""The reason of what `show supply` shows; a price that is not known is no matter of supply."""


def supply(con: duckdb.DuckDBPyConnection, q: Question, known: Sequence[Point] | None = None) -> pa.Table:
    """Return units, supply, circulating, multiplier, certificate: a row a day and one for now, or the point asked.

    *as_of* names the day or the point; *day* is NULL where the row is for no day. The row for now is left
    out where a last day is asked. *known* are the points of the question where the caller has them already.
    """
    if q.at is not None and q.day is None:
        return _table(_SUPPLY, [_supply_row(con, at) for at in known or points(con, q)])
    figures = f"units, supply, circulating, multiplier, certificate, coverage, {_WHY_SUPPLY}"
    daily = _daily(con, q, "supply_daily", f"token, chain_id, day, {figures}")
    rows = [row | {"as_of": row["day"].isoformat()} for row in daily.to_pylist()]
    answered = {(row["token"], row["chain_id"]) for row in rows} if q.day else set()
    if q.last is None:
        open_ones = [cut for cut in cuts(con, q) if (cut.token, cut.chain_id) not in answered]
        rows += [_supply_row(con, point(con, cut)) for cut in open_ones]
    return _table(_SUPPLY, rows)


def rollforward(con: duckdb.DuckDBPyConnection, q: Question) -> pa.Table:
    """Return the rows of supply_rollforward of one basis for the days asked: opening, movements, closing."""
    _whole_days(q, "A roll-forward")
    if q.basis not in BASES:
        raise Usage(f"No basis is called {q.basis!r}; there are {' and '.join(BASES)}.")
    figures = ", ".join(("opening", *ROLLFORWARD_FLOWS, "closing"))
    rows = f"(FROM supply_rollforward WHERE basis = '{q.basis}')"
    return _daily(con, q, rows, f"token, chain_id, day, basis, {figures}, coverage, why_null")


def flows(con: duckdb.DuckDBPyConnection, q: Question) -> pa.Table:
    """Return the rows of flows_daily for the days asked."""
    _whole_days(q, "A flow")
    names = "token, chain_id, day, effect, reason, evidence"
    figures = (
        "transfers, transactions, amount, minted, burned, parties, value_usd, price_kinds, coverage, why_null"
    )
    return _daily(con, q, "flows_daily", f"{names}, {figures}")


def holders(con: duckdb.DuckDBPyConnection, q: Question) -> pa.Table:
    """Return how many addresses hold: by day with flows and concentration, or at a point without these."""
    if q.at is None or q.day:
        figures = f"addresses, holders, entities, entered, exited, {_CONCENTRATION}, coverage, why_null"
        return _daily(con, q, "holders_daily", f"token, chain_id, day, {figures}")
    return _table(_HOLDERS, [_holders_row(con, cut) for cut in cuts(con, q)])


_CONCENTRATION = (
    "top1_share, top5_share, top10_share, top50_share, hhi, gini, nakamoto, lower_bound, omnibus_share"
)


def balances(con: duckdb.DuckDBPyConnection, q: Question, known: Sequence[Point] | None = None) -> pa.Table:
    """Return what each address holds, largest first, at the point asked or now, with what it has behind escrows.

    Addresses that hold nothing and asked for nothing are left out. Where a token's holders, or what a unit
    is worth, are not known, one row without a holder has the reason. *label* is the name that an imported
    file gives the address. *known* is as in ``supply``.
    """
    rows: list[dict[str, object]] = []
    for at in known or points(con, q):
        labels = dict(con.execute(_LABELS, {"chain_id": at.cut.chain_id}).fetchall())
        found, why = holdings(con, at)
        why = why or (at.why_null if at.supply_raw is None else None)
        if why is not None:
            rows.append(_named(at.cut) | {"why_null": why})
        behind = claims(con, at, found)
        named = [*found, *_requesters(at, found, behind)]
        held = [one for one in named if one.units != 0 or one.holder in behind.units][: q.limit]
        rows += [_balance_row(at, one, behind) | {"label": labels.get(one.holder)} for one in held]
    return _table(_BALANCES, rows)


_LABELS = """
    SELECT address, string_agg(label, ' · ' ORDER BY source) FROM labels
    WHERE chain_id = $chain_id AND superseded_at IS NULL GROUP BY address
"""


def transfers(con: duckdb.DuckDBPyConnection, q: Question) -> pa.Table:
    """Return the entries of the ledger in chain order; with a limit, the newest ones."""
    if isinstance(q.at, datetime):
        raise Usage(
            "Entries belong to blocks: ask for a block or a day with --at, or for days with --from, --to."
        )
    block = q.at if isinstance(q.at, int) else None
    if block is not None:
        cuts(con, q)
    first, last = _days(q)
    values = {
        "tokens": list(q.tokens),
        "chain_ids": None if q.chain_ids is None else list(q.chain_ids),
        "block": block,
        "since": first,
        "before": None if last is None else last + timedelta(days=1),
        "most": _ALL if q.limit is None else q.limit,
    }
    return _arrow(con, query("entries_of"), values)


ANSWERS: Mapping[str, Callable[[duckdb.DuckDBPyConnection, Question], pa.Table]] = {
    "supply": supply,
    "rollforward": rollforward,
    "holders": holders,
    "balances": balances,
    "flows": flows,
    "transfers": transfers,
    "nav": nav,
    "product": product,
    "yield": yields,
    "queue": queue,
    "cohorts": cohorts,
}
"""Each answer by the name that `rwa show` takes."""

_KEY = (("token", "string"), ("chain_id", "string"), ("as_of", "string"))
_SUPPLY = (
    ("token", "string"), ("chain_id", "string"), ("day", "day"), ("as_of", "string"),
    ("block_number", "int64"), ("units", "units"), ("supply", "amount"), ("circulating", "amount"),
    ("multiplier", "amount"), ("certificate", "string"), ("coverage", "string"), ("why_null", "string"),
)  # fmt: skip
_HOLDERS = (*_KEY, ("addresses", "int64"), ("holders", "int64"), ("why_null", "string"))
_BALANCES = (
    *_KEY, ("holder", "string"), ("balance", "amount"), ("escrowed", "amount"), ("beneficial", "amount"),
    ("units", "units"), ("role", "string"), ("label", "string"), ("first_seen", "time"), ("last_active", "time"),
    ("why_null", "string"),
)  # fmt: skip


def _table(columns: Sequence[tuple[str, str]], rows: Sequence[dict[str, object]]) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415 - help does not pay for Arrow

    kinds: dict[str, pa.DataType] = {
        "string": pa.string(),
        "int64": pa.int64(),
        "units": pa.decimal128(38, 0),
        "amount": pa.decimal128(38, SCALE),
        "time": pa.timestamp("us"),
        "day": pa.date32(),
    }
    return pa.Table.from_pylist(rows, schema=pa.schema([(name, kinds[kind]) for name, kind in columns]))


def _arrow(con: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, object]) -> pa.Table:
    return con.sql(sql, params=dict(values)).to_arrow_table()


def _whole_days(q: Question, what: str) -> None:
    if q.at is not None and q.day is None:
        raise Usage(f"{what} covers whole days: ask for a day with --at, or for days with --from and --to.")


def _days(q: Question) -> tuple[date | None, date | None]:
    return (q.day, q.day) if q.day else (q.first, q.last)


def _daily(con: duckdb.DuckDBPyConnection, q: Question, table: str, columns: str) -> pa.Table:
    """Return *columns* of a daily table for the days asked, sorted; with a limit, the newest days."""
    first, last = _days(q)
    values = {
        "tokens": list(q.tokens),
        "chain_ids": None if q.chain_ids is None else list(q.chain_ids),
        "first": first,
        "last": last,
        "most": _ALL if q.limit is None else q.limit,
    }
    sql = (
        f"SELECT {columns} FROM {table} WHERE LIST_CONTAINS(CAST($tokens AS VARCHAR[]), token)"
        " AND ($chain_ids IS NULL OR LIST_CONTAINS(CAST($chain_ids AS VARCHAR[]), chain_id))"
        " AND ($first IS NULL OR day >= CAST($first AS DATE)) AND ($last IS NULL OR day <= CAST($last AS DATE))"
        " QUALIFY DENSE_RANK() OVER (ORDER BY day DESC) <= $most ORDER BY ALL"
    )
    return _arrow(con, sql, values)


def _named(cut: Cut) -> dict[str, object]:
    return {"token": cut.token, "chain_id": cut.chain_id, "as_of": cut.as_of}


def _supply_row(con: duckdb.DuckDBPyConnection, at: Point) -> dict[str, object]:
    multiplier, why = _multiplier(at)
    outside, why_outside = circulating(con, at)
    return _named(at.cut) | {
        "block_number": at.cut.block,
        "units": None if at.units is None else Decimal(at.units),
        "supply": at.supply,
        "circulating": outside,
        "multiplier": multiplier,
        "certificate": _certificate(con, at),
        "why_null": at.why_null or why or why_outside,
    }


def _multiplier(at: Point) -> tuple[Decimal | None, str | None]:
    if at.units is None or at.supply_raw is None:
        return None, at.why_null
    if at.multiplier is None:
        return None, "what a unit is worth is not known while there is none"
    return at.multiplier, None


def _certificate(con: duckdb.DuckDBPyConnection, at: Point) -> str:
    """Return what the checks up to the point say: state, open, failed or none (as certified_days.sql)."""
    rows = con.execute(query("check_at"), at.cut.values).fetchall() if at.supply is not None else []
    if not rows:
        return "none"
    has_failed, has_changed = rows[0]
    if has_failed:
        return "failed"
    return "open" if has_changed else "state"


def _holders_row(con: duckdb.DuckDBPyConnection, cut: Cut) -> dict[str, object]:
    at = point(con, cut)
    found, gap = holdings(con, at)
    why = at.why_null or gap
    held = [one for one in found if one.units >= at.min_units]
    behind = claims(con, at, found)
    idle = [one for one in found if one.units < at.min_units] + _requesters(at, found, behind)
    asked = [one for one in idle if behind.units.get(one.holder, 0) >= at.min_units]
    counts = {"addresses": len(held), "holders": sum(1 for one in [*held, *asked] if _is_holder(one))}
    return _named(cut) | ({"why_null": why} if why else counts)


def _requesters(at: Point, found: Sequence[Holding], behind: Claims) -> list[Holding]:
    """Return an empty holding for each requester whom no entry names as one of its sides."""
    seen = {one.holder for one in found}
    return [
        Holding(holder, 0, balance_raw(0, at), None, None, None)
        for holder in behind.units
        if holder not in seen
    ]


def _is_holder(held: Holding) -> bool:
    return held.holder != ZERO and NOT_HOLDERS.isdisjoint((held.role or "").split(", "))


def _no_balance(held: Holding) -> str:
    if held.balance_raw is None:
        return "there are no units to share the supply by"
    return "the balance passes 38 digits with 18 decimals"


def _balance_row(at: Point, held: Holding, behind: Claims) -> dict[str, object]:
    balance = None if held.balance_raw is None else in_tokens(held.balance_raw, at.cut.decimals)
    escrowed = behind.raw.get(held.holder, 0)
    owned = escrowed - behind.explained.get(held.holder, 0)
    why = None if balance is not None else at.why_null or _no_balance(held)
    return _named(at.cut) | {
        "holder": held.holder,
        "balance": balance,
        "escrowed": None if balance is None else in_tokens(escrowed, at.cut.decimals),
        "beneficial": None
        if held.balance_raw is None
        else in_tokens(held.balance_raw + owned, at.cut.decimals),
        "units": Decimal(held.units),
        "role": held.role,
        "first_seen": held.first_seen,
        "last_active": held.last_active,
        "why_null": why,
    }
