"""Our side of a reconciliation, read from the tables of a home."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from indexer.config.reported import STOCKS, Reported
from indexer.metrics.models import query
from indexer.verify.findings import Entry, Ours, Stock, Terms, total

if TYPE_CHECKING:
    import duckdb

_ADDED = ("supply", "circulating", "value")
_COPY = "lock_release_copy"


def read_ours(con: duckdb.DuckDBPyConnection, token: str, rows: Sequence[Reported], terms: Terms) -> Ours:
    """Return what this home has of *token* on the days that *rows* may be compared with."""
    around = timedelta(days=2 * terms.shift + 14)
    first = min([row.day for row in rows] + ([terms.first] if terms.first else [])) - around
    last = max([row.day for row in rows] + ([terms.last] if terms.last else [])) + around
    chains = tuple(
        str(chain_id)
        for (chain_id,) in con.execute(
            "SELECT chain_id FROM derivations WHERE token = $token ORDER BY chain_id", {"token": token}
        ).fetchall()
    )
    return Ours(
        chains,
        _stocks(con, token, chains, (first, last)),
        _entries(con, token, rows, (first, last)),
        _covered(con, token),
    )


def _entries(
    con: duckdb.DuckDBPyConnection, token: str, rows: Sequence[Reported], days: tuple[date, date]
) -> list[Entry]:
    flows = [row for row in rows if row.kind not in STOCKS]
    values = {
        "token": token,
        "since": days[0],
        "before": days[1] + timedelta(days=1),
        "reasons": sorted({"unclassified", *(row.kind for row in flows)}) if flows else [],
        "amounts": sorted({row.amount.copy_abs() for row in flows if row.amount}),
    }
    found = con.execute(query("reported_entries"), values).fetchall()
    return [
        Entry(chain_id, day, reason, evidence, amount, tx_hash, why)
        for chain_id, day, reason, evidence, amount, tx_hash, why in found
    ]


def _covered(con: duckdb.DuckDBPyConnection, token: str) -> dict[str, tuple[date, date]]:
    """Return the first and the last whole day of each chain; a run that holds the token's start covers all before."""
    sql = """
        SELECT d.chain_id, bool_or(d.holds_start), min(a.day), max(a.day)
        FROM derivations d
        LEFT JOIN activity_daily a ON a.token = d.token AND a.chain_id = d.chain_id AND a.coverage = 'full'
        WHERE d.token = $token GROUP BY d.chain_id
    """
    found = con.execute(sql, {"token": token}).fetchall()
    return {
        chain_id: (date.min if holds_start else first, last)
        for chain_id, holds_start, first, last in found
        if last is not None
    }


def _stocks(
    con: duckdb.DuckDBPyConnection, token: str, chains: Sequence[str], days: tuple[date, date]
) -> Mapping[tuple[str, str | None, date], Stock]:
    """Return each stock of each chain, and of all chains together."""
    cursor = con.execute(query("reported_closes"), {"token": token, "first": days[0], "last": days[1]})
    names = [column[0] for column in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    stocks: dict[tuple[str, str | None, date], Stock] = {}
    by_day: dict[date, dict[str, dict[str, Any]]] = defaultdict(dict)
    for row in rows:
        if row["chain_id"] != "all":
            by_day[row["day"]][row["chain_id"]] = row
            for kind in STOCKS:
                stocks[kind, row["chain_id"], row["day"]] = _stock(kind, row)
        else:
            stocks["holders", None, row["day"]] = _stock("holders", row)
    sql = "SELECT chain_id FROM deployments WHERE token = $token AND kind = $kind"
    copies = {str(one) for (one,) in con.execute(sql, {"token": token, "kind": _COPY}).fetchall()}
    for day, held in by_day.items():
        for kind in STOCKS:
            wanted = [c for c in chains if kind != "supply" or c not in copies]
            whole = _together(kind, [held[c] for c in wanted if c in held])
            if kind == "holders" and len(chains) > 1:
                continue  # addresses on several chains count once: the row of all chains has them
            if len(held.keys() & set(wanted)) < len(wanted):
                whole = Stock(None, "not every chain of the token has a figure of that day")
            stocks[kind, None, day] = whole
    return stocks


def _stock(kind: str, row: Mapping[str, Any]) -> Stock:
    value = row[kind]
    why = row["why_no_holders"] if kind == "holders" else row["why_null"]
    if value is None:
        return Stock(None, why or "it is not known", row["certificate"])
    return Stock(Decimal(value), None, row["certificate"])


def _together(kind: str, rows: Iterable[Mapping[str, Any]]) -> Stock:
    """Return a stock over all chains; what does not add over chains must be the same on each."""
    each = [_stock(kind, row) for row in rows]
    certificate = " · ".join(sorted({s.certificate for s in each if s.certificate})) or None
    unknown = next((s for s in each if s.value is None), None)
    if unknown is not None or not each:
        return Stock(None, unknown.why_null if unknown else "it is not known", certificate)
    values = [s.value for s in each if s.value is not None]
    if kind in _ADDED:
        return Stock(total(values), None, certificate)
    if len(set(values)) > 1:
        return Stock(None, "it differs from chain to chain; name a chain in the report", certificate)
    return Stock(values[0], None, certificate)
