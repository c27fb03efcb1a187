"""What `rwa league` answers: platforms, chains, asset classes or products by what they hold, with share and change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

from indexer.floor.tables import DIGITS, MONEY_SCALE
from indexer.metrics.models import query

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

GROUPS = ("platform", "chain", "asset-class", "product")
"""What a league can be of."""


def league(con: duckdb.DuckDBPyConnection, by: str, at: date | None = None) -> pa.Table:
    """Return a row for each group, the largest first: value_usd, share of all, and its change in 7 and 30 days.

    At the close of the day *at*, or of each member's newest whole day: as_of_from and as_of_to are the oldest and the
    newest of these. A change is of the members that have a value on both days (members_7d, members_30d). What has no
    value is counted in unknown, with the reason of one, and is not part of a share.
    """
    import pyarrow as pa  # noqa: PLC0415 - help does not pay for Arrow

    members = con.sql(query("league_at"), params={"by": by, "at": at}).to_arrow_table().to_pylist()
    rows = [_row(name, list(of)) for name, of in groupby(members, key=lambda one: str(one["name"]))]
    whole = sum((row["value_usd"] for row in rows if row["value_usd"] is not None), Decimal(0))
    for row in rows:
        value = row["value_usd"]
        row["share"] = float(value / whole) if value is not None and whole > 0 else None
    rows.sort(key=lambda row: (row["value_usd"] is None, -(row["value_usd"] or 0), row["name"]))
    money, count, ratio, day = pa.decimal128(DIGITS, MONEY_SCALE), pa.int64(), pa.float64(), pa.date32()
    columns: list[tuple[str, pa.DataType]] = [
        ("name", pa.string()), ("as_of_from", day), ("as_of_to", day), ("value_usd", money), ("share", ratio),
        ("change_7d", money), ("change_7d_share", ratio), ("members_7d", count), ("change_30d", money),
        ("change_30d_share", ratio), ("members_30d", count), ("members", count), ("incomplete", count),
        ("unknown", count), ("why_null", pa.string()),
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=pa.schema(columns))


def _row(name: str, members: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    known = [one for one in members if one["value"] is not None]
    why = next((f"{one['member']} {one['why']}" for one in members if one["value"] is None), None)
    return {
        "name": name,
        "as_of_from": min(one["day"] for one in known or members),
        "as_of_to": max(one["day"] for one in known or members),
        "value_usd": sum((one["value"] for one in known), Decimal(0)) if known else None,
        **_change(known, "7d"),
        **_change(known, "30d"),
        "members": len(members),
        "incomplete": sum(not one["complete"] for one in known),
        "unknown": len(members) - len(known),
        "why_null": why,
    }


def _change(known: Sequence[Mapping[str, Any]], days: str) -> dict[str, Any]:
    """Return by how much the members that have a value on both days changed, in dollars and of what they were."""
    both = [(one["value"], one[f"value_{days}"]) for one in known if one[f"value_{days}"] is not None]
    before = sum((was for _, was in both), Decimal(0))
    change = sum((now for now, _ in both), Decimal(0)) - before
    return {
        f"change_{days}": change if both else None,
        f"change_{days}_share": float(change / before) if before > 0 else None,
        f"members_{days}": len(both),
    }
