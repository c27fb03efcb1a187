"""What `rwa show` answers, as Arrow tables: one function a question, over a connection that shows all tables.

Without *at* the daily rows of the days asked; with *at* the figure at that point (see answers_at). Several tokens
or chains make several rows and never a total: share classes, wrappers and bridged copies do not simply add.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from indexer.floor.errors import Usage
from indexer.floor.tables import ROLLFORWARD_FLOWS
from indexer.metrics.answers_at import (
    Cut,
    Holding,
    Point,
    Question,
    cuts,
    holdings,
    in_tokens,
    point,
    scope,
)

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

NOT_HOLDERS = frozenset(("issuer_float", "burner", "bridge_locker", "redeem_wallet", "escrow", "wrapper"))
"""As in steps/role_holders.sql."""

_ZERO = "0x" + "0" * 40
_TOO_LARGE = "the balance passes 38 digits with 18 decimals"


def supply(con: duckdb.DuckDBPyConnection, q: Question) -> pa.Table:
    """Return token, chain_id, as_of, block_number, units, supply, multiplier, certificate, coverage, why_null.

    A row a day, and one for now where no last day is asked; as_of names the day or the point.
    """
    if q.at is not None and not _is_day(q):
        return _table(_SUPPLY, [_supply_row(con, cut) for cut in cuts(con, q)])
    daily = _daily(
        con, q, "supply_daily",
        "token, chain_id, CAST(day AS VARCHAR) AS as_of, NULL::BIGINT AS block_number, units, supply, multiplier,"
        " certificate, coverage, why_null",
    )  # fmt: skip
    rows = daily.to_pylist()
    if _is_day(q):
        held = {(row["token"], row["chain_id"]) for row in rows}
        missing = [cut for cut in cuts(con, q) if (cut.token, cut.chain_id) not in held]
        rows += [_supply_row(con, cut) for cut in missing]
    elif q.last is None:
        rows += [_supply_row(con, cut) for cut in cuts(con, q)]
    return _table(_SUPPLY, rows)


def rollforward(con: duckdb.DuckDBPyConnection, q: Question) -> pa.Table:
    """Return the rows of supply_rollforward for the days asked: opening, movements, closing."""
    _whole_days(q, "A roll-forward")
    figures = ", ".join(("opening", *ROLLFORWARD_FLOWS, "closing"))
    return _daily(con, q, "supply_rollforward", f"token, chain_id, day, basis, {figures}, coverage, why_null")


def flows(con: duckdb.DuckDBPyConnection, q: Question) -> pa.Table:
    """Return the rows of flows_daily for the days asked."""
    _whole_days(q, "A flow")
    return _daily(
        con, q, "flows_daily",
        "token, chain_id, day, effect, reason, evidence, transfers, transactions, amount, minted, burned, parties,"
        " coverage, why_null",
    )  # fmt: skip


def holders(con: duckdb.DuckDBPyConnection, q: Question) -> pa.Table:
    """Return how many addresses hold: by day, or at a point (then without entered and exited)."""
    if q.at is None or _is_day(q):
        return _daily(
            con, q, "holders_daily",
            "token, chain_id, day, addresses, holders, entered, exited, coverage, why_null",
        )  # fmt: skip
    rows = []
    for cut in cuts(con, q):
        at = point(con, cut)
        found, why = holdings(con, at)
        why = why or at.why_null
        held = [h for h in found if h.units >= at.min_units]
        rows.append(
            _named(cut)
            | {
                "addresses": None if why else len(held),
                "holders": None if why else sum(1 for h in held if _is_holder(h)),
                "why_null": why,
            }
        )
    return _table(_HOLDERS, rows)


def balances(con: duckdb.DuckDBPyConnection, q: Question) -> pa.Table:
    """Return what each address holds, largest first, at the point asked or now; one row with the reason where a
    token's holders are not known. Addresses that hold nothing are left out."""
    rows: list[dict[str, object]] = []
    for cut in cuts(con, q):
        at = point(con, cut)
        found, why = holdings(con, at)
        if why is not None:
            rows.append(_named(cut) | {"why_null": why})
        rows += [_balance_row(at, held) for held in found if held.units != 0][: q.limit]
    return _table(_BALANCES, rows)


def transfers(con: duckdb.DuckDBPyConnection, q: Question) -> pa.Table:
    """Return the entries of the ledger in chain order; with a limit, the newest ones."""
    if isinstance(q.at, datetime):
        raise Usage(
            "Entries belong to blocks: ask for a block or a day with --at, or for days with --from and --to."
        )
    condition, values = scope(q, "transfers")
    if isinstance(q.at, int):
        cuts(con, q)
        condition, values = f"{condition} AND block_number = ?", [*values, q.at]
    else:
        first, last = _days(q)
        condition += (
            " AND block_time >= coalesce(?, block_time) AND block_time < coalesce(?, 'infinity'::DATE) + 1"
        )
        values += [first, last]
    limit = "" if q.limit is None else f" LIMIT {int(q.limit)}"
    return con.execute(
        f"WITH newest AS (SELECT * FROM transfers WHERE {condition}"
        f" ORDER BY block_time DESC, block_number DESC, log_index DESC, entry DESC{limit})"
        " SELECT token, chain_id, block_number, block_time, tx_hash, log_index, entry, from_address, to_address, amount,"
        " units, effect, reason, rule, evidence, party, link, other_chain, why_null FROM newest"
        " ORDER BY token, block_time, chain_id, block_number, log_index, entry",
        values,
    ).to_arrow_table()


_KEY = (("token", "string"), ("chain_id", "string"), ("as_of", "string"))
_SUPPLY = (
    *_KEY, ("block_number", "int64"), ("units", "units"), ("supply", "amount"), ("multiplier", "amount"),
    ("certificate", "string"), ("coverage", "string"), ("why_null", "string"),
)  # fmt: skip
_HOLDERS = (*_KEY, ("addresses", "int64"), ("holders", "int64"), ("why_null", "string"))
_BALANCES = (
    *_KEY, ("holder", "string"), ("balance", "amount"), ("units", "units"), ("role", "string"),
    ("first_seen", "time"), ("last_active", "time"), ("why_null", "string"),
)  # fmt: skip


def _table(columns: Sequence[tuple[str, str]], rows: Sequence[dict[str, object]]) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415 - help does not pay for Arrow

    kinds = {
        "string": pa.string(),
        "int64": pa.int64(),
        "units": pa.decimal128(38, 0),
        "amount": pa.decimal128(38, 18),
        "time": pa.timestamp("us"),
    }
    return pa.Table.from_pylist(rows, schema=pa.schema([(name, kinds[kind]) for name, kind in columns]))


def _is_day(q: Question) -> bool:
    return isinstance(q.at, date) and not isinstance(q.at, datetime)


def _whole_days(q: Question, what: str) -> None:
    if q.at is not None and not _is_day(q):
        raise Usage(f"{what} covers whole days: ask for a day with --at, or for days with --from and --to.")


def _days(q: Question) -> tuple[date | None, date | None]:
    return (q.at, q.at) if isinstance(q.at, date) else (q.first, q.last)


def _daily(con: duckdb.DuckDBPyConnection, q: Question, table: str, columns: str) -> pa.Table:
    """Return *columns* of a daily table for the days asked, in the order of its key; with a limit, the newest."""
    condition, values = scope(q, table)
    first, last = _days(q)
    limit = "" if q.limit is None else f" QUALIFY dense_rank() OVER (ORDER BY day DESC) <= {int(q.limit)}"
    return con.execute(
        f"SELECT {columns} FROM {table} WHERE {condition}"
        f" AND day >= coalesce(?, day) AND day <= coalesce(?, day){limit} ORDER BY ALL",
        [*values, first, last],
    ).to_arrow_table()


def _named(cut: Cut) -> dict[str, object]:
    return {"token": cut.token, "chain_id": cut.chain_id, "as_of": cut.as_of}


def _supply_row(con: duckdb.DuckDBPyConnection, cut: Cut) -> dict[str, object]:
    at = point(con, cut)
    multiplier, why = _multiplier(at)
    return _named(cut) | {
        "block_number": cut.block,
        "units": None if at.units is None else Decimal(at.units),
        "supply": at.supply,
        "multiplier": multiplier,
        "certificate": _certificate(con, at),
        "coverage": None,
        "why_null": why,
    }


def _multiplier(at: Point) -> tuple[Decimal | None, str | None]:
    from indexer.metrics.exact import share  # noqa: PLC0415 - it imports Arrow

    if at.units is None or at.supply_raw is None:
        return None, at.why_null
    if at.units == at.supply_raw:
        return Decimal(1), at.why_null
    cut_off = share(10**18, at.supply_raw, at.units)
    if cut_off is None:
        return None, "there are no units to divide the supply by"
    return in_tokens(cut_off, 18), at.why_null


def _certificate(con: duckdb.DuckDBPyConnection, at: Point) -> str:
    """Return what the checks up to the point say: state, open, failed or none; see steps/certified_days.sql."""
    if at.supply is None:
        return "none"
    rows = con.execute(
        "SELECT verdict, block_number, (SELECT count(*) FROM transfers WHERE token = c.token AND chain_id = c.chain_id"
        "  AND block_number > c.block_number AND (block_number <= ? OR (? IS NULL AND block_time <= ?)))"
        " + (SELECT count(*) FROM supply_changes WHERE token = c.token AND chain_id = c.chain_id"
        "  AND effective_at > c.block_time AND effective_at <= ?)"
        " FROM certificates c WHERE token = ? AND chain_id = ? AND verdict IN ('pass', 'pass_within', 'fail')"
        " AND (block_number <= ? OR (? IS NULL AND block_time <= ?))"
        " ORDER BY block_number DESC, fetched_at DESC LIMIT 1",
        [
            at.cut.block, at.cut.block, at.cut.until, at.cut.until, at.cut.token, at.cut.chain_id,
            at.cut.block, at.cut.block, at.cut.until,
        ],
    ).fetchall()  # fmt: skip
    if not rows:
        return "none"
    verdict, _, changes = rows[0]
    if verdict == "fail":
        return "failed"
    return "open" if changes else "state"


def _is_holder(held: Holding) -> bool:
    return held.holder != _ZERO and NOT_HOLDERS.isdisjoint((held.role or "").split(", "))


def _balance_row(at: Point, held: Holding) -> dict[str, object]:
    balance = None if held.balance_raw is None else in_tokens(held.balance_raw, at.cut.decimals)
    why = at.why_null if held.balance_raw is None else None if balance is not None else _TOO_LARGE
    return _named(at.cut) | {
        "holder": held.holder,
        "balance": balance,
        "units": Decimal(held.units),
        "role": held.role,
        "first_seen": held.first_seen,
        "last_active": held.last_active,
        "why_null": why,
    }
