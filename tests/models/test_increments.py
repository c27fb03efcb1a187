"""Metrics from a changed day on, put behind what stood before, are those of all days."""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from metrics_kit import full, moment, plain_supply, shown
from test_against_plain_python import (
    BURNER,
    BURNER_SINCE,
    DAYS,
    DECIMALS,
    ESCROW,
    FIRST,
    FLOAT,
    KINDS,
    OMNIBUS,
    REGISTRY,
    ledger,
)  # fmt: skip

from indexer.floor.tables import METRICS, TABLES, arrow_schema
from indexer.metrics.increment import compute_since, from_days
from indexer.metrics.runner import audit, compute

PLACES = [("t", "eip155:1"), ("t", "eip155:2"), ("u", "eip155:1")]
TIMES = {
    "transfers": "block_time",
    "supply_changes": "effective_at",
    "rebases": "effective_at",
    "navs": "published_at",
}
NAMES = [table.name for table in METRICS if table.name != "product_daily"]
ROLES = [
    {"address": ESCROW, "role": "escrow"},
    {"address": FLOAT, "role": "issuer_float"},
    {"address": BURNER, "role": "burner", "from_time": BURNER_SINCE},
    {"address": OMNIBUS, "role": "omnibus"},
]


class Step(NamedTuple):
    """Two states of one world: seen until *before*, then until *after*; days from *cut* on are computed again."""

    before: datetime
    after: datetime
    cut: date


def events(seed: int) -> dict[str, list[dict]]:
    """Return the rows of a token on two chains and of another, each of a kind of its own; some tell prices."""
    rows: dict[str, list[dict]] = {name: [] for name in TIMES}
    for number, (token, chain_id) in enumerate(PLACES):
        place = {"token": token, "chain_id": chain_id}
        kind = KINDS[(seed + number) % len(KINDS)]
        entries, changes, rebases = ledger(seed * len(PLACES) + number, kind)
        if kind == "plain":
            changes = plain_supply(entries, DECIMALS)
        navs = prices(random.Random(seed + number)) if kind == "plain" else [par()]
        for name, made in zip(TIMES, (entries, changes, rebases, navs), strict=True):
            rows[name] += [row | place for row in made]
    return rows


def par() -> dict:
    return full("navs", {"kind": "par", "price": Decimal(1), "effective_at": moment("2023-12-01")})


def prices(rng: random.Random) -> list[dict]:
    """Return prices of two contracts, some of which the chain learns days after their date, and some that are gaps."""
    return [
        full(
            "navs",
            {
                "contract": rng.choice(["0xa", "0xa", "0xb"]),
                "effective_at": FIRST + timedelta(days=day, hours=rng.choice([0, 9, 23])),
                "published_at": FIRST + timedelta(days=day + rng.choice([0, 0, 1, 3]), hours=23),
                "price": None if rng.random() < 0.02 else Decimal(100 + day) / 100,
                "block_number": day,
                "log_index": 0,
            },
        )
        for day in range(-3, DAYS)
        if rng.random() < 0.8
    ]


def world(rows: dict[str, list[dict]], until: datetime) -> dict[str, list[dict]]:
    """Return the inputs of the models as they are when the chain is known until *until*."""
    block = int((until - FIRST).total_seconds()) // 12 + 1
    frontier = {"frontier_time": until, "frontier_block": block}
    here = [{"token": token, "chain_id": chain_id} for token, chain_id in PLACES]
    return {
        **{name: [row for row in made if row[TIMES[name]] <= until] for name, made in rows.items()},
        "derivations": [full("derivations", place | frontier) for place in here],
        "deployments": [full("deployments", place | {"decimals": DECIMALS}) for place in here],
        "tokens": [full("tokens", {"token": token, "product": token}) for token in ("t", "u")],
        "entity_wallets": [full("entity_wallets", wallet | place) for wallet in REGISTRY for place in here],
        "address_roles": [full("address_roles", role | place) for role in ROLES for place in here],
        "certificates": [
            full(
                "certificates",
                place | {"certificate_id": place["token"] + place["chain_id"], "block_time": FIRST},
            )
            for place in here
        ],
    }


@st.composite
def steps(draw) -> Step:
    """Draw a step of some hours or days, onward or back, and how many days before it were restated."""
    noon = draw(st.sampled_from([0, 7]))
    before = FIRST + timedelta(days=draw(st.integers(3, DAYS - 2)), hours=noon, seconds=-1)
    after = before + timedelta(hours=draw(st.sampled_from([5, 24, 24 * 6, -24, -31])))
    cut = min(before.date(), after.date()) - timedelta(days=draw(st.sampled_from([0, 0, 1, 4])))
    return Step(before, after, max(cut, FIRST.date() + timedelta(days=1)))


def sorted_rows(name: str, rows: pa.Table) -> pa.Table:
    return rows.sort_by([(column, "ascending") for column in TABLES[name].key])


@given(seed=st.integers(0, 10**6), step=steps())
@settings(max_examples=5, deadline=None, derandomize=True, database=None)
def test_days_from_a_cut_on_are_those_of_a_full_run(seed: int, step: Step):
    """Of two tokens on three places, onward, restated or unwound, every table is the same to the last digit."""
    rows = events(seed)
    old = world(rows, step.before)
    held = dict(compute(shown(old), NAMES))
    wanted = dict(compute(shown(world(rows, step.after)), NAMES))
    cuts = dict.fromkeys(PLACES, step.cut)
    con = shown(world(rows, step.after))
    transfers = pa.Table.from_pylist(old["transfers"], schema=arrow_schema(TABLES["transfers"]))
    made = compute_since(con, cuts, held | {"transfers": transfers})
    assert audit(con) == []
    for name, table in made.items():
        whole = (
            pa.concat_tables([from_days(held[name], cuts, before=True), table])
            if "day" in table.column_names
            else table
        )
        assert sorted_rows(name, whole).equals(sorted_rows(name, wanted[name])), name
