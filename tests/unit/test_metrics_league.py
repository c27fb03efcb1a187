"""League tables: what adds up to a group, its share and its change, and what is not known of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from indexer.floor.tables import CHAINS, PRODUCT_DAILY, PRODUCTS, SUPPLY_DAILY, TOKENS, Table, arrow_schema
from indexer.metrics.league import league

LAST = date(2025, 6, 30)
WEEK, MONTH = LAST - timedelta(days=7), LAST - timedelta(days=30)
PRODUCT_ROWS = [
    ("one", LAST, "60"), ("one", WEEK, "50"), ("one", MONTH, "30"),
    ("two", LAST, "40"),
    ("euro", LAST, "1000"),
    ("dark", LAST, None),
    ("late", WEEK, "7"),
]  # fmt: skip


def filled(table: Table, **told: Any) -> dict[str, Any]:
    """A row with what is told, and something of its kind wherever a value must be."""
    made = {"text": "x", "int": 0, "bool": True, "day": LAST}
    row = {c.name: None if c.nullable else made.get(c.kind, Decimal(0)) for c in table.columns}
    return row | told


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    platforms = {"one": "a", "two": "b", "euro": "b", "dark": "b", "late": "c"}
    rows = {
        PRODUCTS: [
            filled(
                PRODUCTS, product=p, platform=platforms[p], asset_class="fund",
                currency="EUR" if p == "euro" else "USD",
            )
            for p in platforms
        ],
        PRODUCT_DAILY: [
            filled(
                PRODUCT_DAILY, product=p, day=day, value_net=None if value is None else Decimal(value), coverage="full",
                why_null="no price is known" if value is None else None, complete=p != "two",
            )
            for p, day, value in PRODUCT_ROWS
        ],
        CHAINS: [
            filled(CHAINS, chain="ethereum", chain_id="eip155:1"), filled(CHAINS, chain="base", chain_id="eip155:8453"),
        ],
        TOKENS: [filled(TOKENS, token="one", wraps=None), filled(TOKENS, token="wone", wraps="one")],
        SUPPLY_DAILY: [
            filled(SUPPLY_DAILY, token=t, chain_id=c, day=LAST, value_usd=Decimal(v), coverage="full")
            for t, c, v in (("one", "eip155:1", 45), ("one", "eip155:8453", 15), ("wone", "eip155:1", 20))
        ],
    }  # fmt: skip
    with duckdb.connect(":memory:") as made:
        for table, each in rows.items():
            made.register(table.name, pa.Table.from_pylist(each, schema=arrow_schema(table)))
        yield made


def test_groups_add_and_share(con: duckdb.DuckDBPyConnection) -> None:
    """Platforms stand by value; shares are of what has one; what has none is counted with its reason."""
    a, b, c = league(con, "platform").to_pylist()
    assert [(r["name"], r["value_usd"]) for r in (a, b, c)] == [("a", 60), ("b", 40), ("c", 7)]
    assert a["share"] == pytest.approx(60 / 107, rel=1e-12)
    assert (b["members"], b["unknown"], b["incomplete"]) == (3, 2, 1)
    assert b["why_null"] == "dark no price is known"


def test_a_change_compares_the_same_members(con: duckdb.DuckDBPyConnection) -> None:
    """A member without a value then is no growth, and without any pair the change is not known."""
    a, b, _ = league(con, "platform").to_pylist()
    assert (a["change_7d"], a["change_7d_share"], a["members_7d"]) == (10, pytest.approx(0.2), 1)
    assert (a["change_30d"], a["change_30d_share"]) == (30, pytest.approx(1.0))
    assert (b["change_7d"], b["change_7d_share"], b["members_7d"]) == (None, None, 0)


def test_on_a_day_only_what_is_told_of_it_counts(con: duckdb.DuckDBPyConnection) -> None:
    """With a day, a product that is told up to an earlier one has no value there, and says up to when."""
    rows = {row["name"]: row for row in league(con, "platform", LAST).to_pylist()}
    assert rows["c"]["value_usd"] is None
    assert rows["c"]["why_null"] == "late is told up to 2025-06-23"
    assert rows["a"]["share"] == pytest.approx(0.6, rel=1e-12)


def test_a_currency_that_is_no_dollar_has_no_value(con: duckdb.DuckDBPyConnection) -> None:
    """A product in euros is not added to dollars."""
    rows = {row["name"]: row for row in league(con, "product").to_pylist()}
    assert rows["euro"]["value_usd"] is None
    assert rows["euro"]["why_null"] == "euro is valued in EUR"


def test_a_chain_leaves_wrappers_out(con: duckdb.DuckDBPyConnection) -> None:
    """What circulates on a chain counts there once: a wrapper's supply is its token's."""
    rows = league(con, "chain").to_pylist()
    assert [(row["name"], row["value_usd"], row["share"]) for row in rows] == [
        ("ethereum", 45, 0.75),
        ("base", 15, 0.25),
    ]
