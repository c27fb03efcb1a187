"""What `rwa show nav` answers: the price in force, its age, and what circulates at it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from indexer.floor.tables import MONEY_SCALE, SCALE
from indexer.metrics.answers_at import Cut, Question, cuts, point
from indexer.metrics.circulating_at import circulating
from indexer.metrics.models import query

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_ALL = 2**62
NO_SOURCE = "no price source is configured"
NOT_YET = "no price was known yet"
"""As steps/nav_days.sql says it."""


def nav(con: duckdb.DuckDBPyConnection, q: Question) -> pa.Table:
    """Return NAV, its date, age in hours and staleness, and the value: a row a day and one for now, or the point asked.

    *day* is NULL where the row is for no day. The row for now is left out where a last day is asked.
    """
    if q.at is not None and q.day is None:
        return _table([_row(con, cut) for cut in cuts(con, q)])
    first, last = (q.day, q.day) if q.day else (q.first, q.last)
    values = {
        "tokens": list(q.tokens),
        "chain_ids": None if q.chain_ids is None else list(q.chain_ids),
        "first": first,
        "last": last,
        "most": _ALL if q.limit is None else q.limit,
    }
    rows = con.sql(query("nav_days_of"), params=values).to_arrow_table().to_pylist()
    answered = {(row["token"], row["chain_id"]) for row in rows} if q.day else set()
    if q.last is None:
        rows += [_row(con, cut) for cut in cuts(con, q) if (cut.token, cut.chain_id) not in answered]
    return _table(rows)


def _row(con: duckdb.DuckDBPyConnection, cut: Cut) -> dict[str, object]:
    named: dict[str, object] = {"token": cut.token, "chain_id": cut.chain_id, "as_of": cut.as_of}
    if cut.why_null is not None:
        return named | {"why_null": cut.why_null}
    found = con.execute(query("nav_at"), cut.values).fetchall()
    if not found:
        return named | {"why_null": NOT_YET if _has_source(con, cut) else NO_SOURCE}
    price, currency, effective_at, age, is_stale, kind, source, why = found[0]
    if price is None:
        return named | {"kind": kind, "source": source, "why_null": why}
    outside, why = circulating(con, point(con, cut))
    value = None if outside is None else _value(outside, price)
    if value is None:
        why = why or "the value passes 38 digits with 6 decimals"
    elif currency != "USD":
        why = f"the value is in {currency}, and no rate to USD is known"
    return named | {
        "nav": price,
        "currency": currency,
        "nav_effective_at": effective_at,
        "age_hours": age,
        "nav_stale": is_stale,
        "kind": kind,
        "source": source,
        "value": value,
        "value_usd": value if currency == "USD" else None,
        "why_null": why,
    }


def _has_source(con: duckdb.DuckDBPyConnection, cut: Cut) -> bool:
    sql = "SELECT count(*) FROM navs WHERE token = ? AND chain_id = ?"
    return con.execute(sql, [cut.token, cut.chain_id]).fetchall() != [(0,)]


def _value(amount: Decimal, price: Decimal) -> Decimal | None:
    from indexer.metrics.exact import EXACT, worth  # noqa: PLC0415 - it imports Arrow

    cut = worth(int(amount.scaleb(SCALE, EXACT)), int(price.scaleb(SCALE, EXACT)))
    return None if cut is None else Decimal(cut).scaleb(-MONEY_SCALE, EXACT)


def _table(rows: list[dict[str, object]]) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415 - help does not pay for Arrow

    amount, money = pa.decimal128(38, SCALE), pa.decimal128(38, MONEY_SCALE)
    columns = {
        "token": pa.string(), "chain_id": pa.string(), "day": pa.date32(), "as_of": pa.string(), "nav": amount,
        "currency": pa.string(), "nav_effective_at": pa.timestamp("us"), "age_hours": pa.int64(),
        "nav_stale": pa.bool_(), "kind": pa.string(), "source": pa.string(), "value": money, "value_usd": money,
        "why_null": pa.string(),
    }  # fmt: skip
    return pa.Table.from_pylist(rows, schema=pa.schema(columns))
