"""Ledgers that were never on a chain: derived tables of many deployments, from a seed, for metrics to be made of.

Who holds enters with a mint and may leave with a burn, half of them by way of an escrow; between, holders send parts of
what they were minted, so that nobody ever has less than nothing. One deployment in ten rebases every day, three tell a
price every day, one pays in new units every day; the others are worth a dollar.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from indexer.floor.tables import DERIVED, TABLES, arrow_schema

FIRST = datetime(2023, 1, 1)  # noqa: DTZ001 - as tables hold it: UTC, no zone attached
DAY = 86_400
BLOCK = 12
MINTED = 10**12
ESCROW = "0x" + "e5" * 20
FLOAT = "0x" + "f1" * 20
ZERO = "0x" + "00" * 20
CHAINS = 5
DRAWN = 1.13
"""How many moves are drawn for one whose two sides were there at the same time."""
LARGEST = 50_000
"""Holders of the largest of 200,000."""


class Shape(NamedTuple):
    """How large it all is."""

    transfers: int = 10_000_000
    deployments: int = 500
    holders: int = 200_000
    days: int = 1096

    @property
    def end(self) -> datetime:
        """The first instant that no table knows."""
        return FIRST + timedelta(days=self.days)


class Spot(NamedTuple):
    """One token on one chain, and how much of the whole is its own."""

    number: int
    token: str
    product: str
    chain: int
    kind: str
    holders: int
    transfers: int

    @property
    def chain_id(self) -> str:
        return f"eip155:{990_100 + self.chain}"

    @property
    def address(self) -> str:
        return f"0x{0xC0DE00000 + self.number:040x}"


def spots(shape: Shape) -> list[Spot]:
    """Return every deployment: two in five tokens live on two chains, two tokens make a product."""
    ranks = np.arange(1, shape.deployments + 1, dtype=float)
    largest = shape.holders * LARGEST // 200_000
    rest = ranks[1:] ** -0.9
    holders = np.concatenate([[largest], rest / rest.sum() * (shape.holders - largest)]).astype(int) + 2
    share = holders**0.8
    transfers = np.maximum(share / share.sum() * shape.transfers, 2.6 * holders).astype(int)
    out = []
    for n in range(shape.deployments):
        pairs = 2 * (2 * shape.deployments // 5)
        token = n // 2 if n < pairs else pairs // 2 + n - pairs
        out.append(
            Spot(n, f"b{token}", f"p{token // 2}", n % 2 if n < pairs else n % CHAINS, _kind(token),
                 int(holders[n]), int(transfers[n]))
        )  # fmt: skip
    return out


def _kind(token: int) -> str:
    if token % 10 == 3:
        return "multiplier_rebase"
    if token % 10 == 7:
        return "distribution"
    return "nav" if token % 10 in (0, 1, 2) else "plain"


def ledger(spot: Spot, shape: Shape) -> dict[str, pa.Table]:
    """Return the derived tables of *spot*."""
    moves = _moves(np.random.default_rng(spot.number), spot, shape.days * DAY)
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'; SET threads = 2")
        con.register("moves", moves)
        made = {name: _rows(con, name, sql, spot) for name, sql in _sql(spot, shape).items()}
    return {table.name: made.get(table.name, arrow_schema(table).empty_table()) for table in DERIVED}


COLUMNS = {"transfers": "block_time", "supply_changes": "effective_at", "rebases": "effective_at",
           "navs": "published_at", "distributions": "block_time"}  # fmt: skip


def parted(tables: dict[str, pa.Table], at: datetime) -> tuple[dict[str, pa.Table], dict[str, pa.Table]]:
    """Return what of *tables* was there before *at*, and what came then."""
    moment = pa.scalar(at, pa.timestamp("us"))
    before, since = dict(tables), {}
    for name, column in COLUMNS.items():
        is_before = pc.less(tables[name][column], moment)
        before[name] = tables[name].filter(is_before)
        since[name] = tables[name].filter(pc.invert(is_before))
    return before, since


def _moves(draw: np.random.Generator, spot: Spot, seconds: int) -> pa.Table:
    """Return the entries in order: time, from and to as holders' numbers (-1 zero, -2 escrow, -3 float), units."""
    count = spot.holders
    joined = np.sort(draw.integers(0, int(seconds * 0.97), count))
    joined[0] = 3600
    leaves = (draw.random(count) < 0.3) & (np.arange(count) > 0)
    left = np.where(leaves, joined + 1 + (draw.random(count) * (seconds - joined - 2)).astype(int), seconds)
    asks = leaves & (draw.random(count) < 0.5)
    size = int(DRAWN * max(0, spot.transfers - count - int(leaves.sum()) - int(asks.sum())))
    sender = (count * draw.random(size) ** 2).astype(int)
    receiver = (count * draw.random(size) ** 2).astype(int)
    first = np.maximum(joined[sender], joined[receiver]) + 1
    last = np.minimum(left[sender], left[receiver])
    fits = (first < last) & (sender != receiver)
    sender, receiver, first, last = sender[fits], receiver[fits], first[fits], last[fits]
    at = first + (draw.random(len(sender)) * (last - first)).astype(np.int64)
    most = MINTED // (np.bincount(sender, minlength=count) + 1)
    units = 1 + (draw.random(len(sender)) * (most[sender] - 1)).astype(np.int64)
    minted = np.full(count, MINTED, dtype=np.int64) + draw.integers(0, MINTED, count)
    rest = (
        minted
        + np.bincount(receiver, units, count).astype(np.int64)
        - np.bincount(sender, units, count).astype(np.int64)
    )
    gone, asked = np.flatnonzero(leaves), np.flatnonzero(asks)
    burned_at = np.where(asks[gone], np.minimum(left[gone] + 2 * DAY, seconds - 1), left[gone])
    holders = np.arange(count)
    parts = [
        (joined, np.full(count, -1), holders, minted, np.full(count, -1)),
        (at, sender, receiver, units, np.full(len(at), -1)),
        (left[asked], asked, np.full(len(asked), -2), rest[asked], np.full(len(asked), -1)),
        (
            burned_at,
            np.where(asks[gone], -2, gone),
            np.full(len(gone), -1),
            rest[gone],
            np.where(asks[gone], gone, -1),
        ),
        (np.array([3601]), np.array([-1]), np.array([-3]), np.array([MINTED]), np.array([-1])),
    ]
    columns = [np.concatenate(column).astype(np.int64) for column in zip(*parts, strict=True)]
    order = np.argsort(columns[0], kind="stable")
    columns[0] = columns[0] // BLOCK * BLOCK
    return pa.table(
        dict(zip(("sec", "sender", "receiver", "units", "party"), (c[order] for c in columns), strict=True))
    )


def _rows(con: duckdb.DuckDBPyConnection, name: str, sql: str, spot: Spot) -> pa.Table:
    schema = arrow_schema(TABLES[name])
    have = con.sql(sql)
    token = {"token": f"'{spot.token}'", "chain_id": f"'{spot.chain_id}'", "contract": f"'{spot.address}'"}
    columns = [f"{token.get(c, c if c in have.columns else 'NULL')} AS {c}" for c in schema.names]
    made = con.sql(f"SELECT {', '.join(columns)} FROM ({sql})").to_arrow_table()
    return made.cast(schema)


def _address(number: str, token: str) -> str:
    """Return SQL for an address: of one token the same on all chains."""
    return (
        f"CASE {number} WHEN -1 THEN '{ZERO}' WHEN -2 THEN '{ESCROW}' WHEN -3 THEN '{FLOAT}' "
        f"ELSE '0x' || md5('{token}/' || {number}) || '00000000' END"
    )


def _sql(spot: Spot, shape: Shape) -> dict[str, str]:
    """Return a query for each table that has rows."""
    rebases = spot.kind == "multiplier_rebase"
    rate = f"CAST(1000000000000000000 + (sec // {DAY}) * {100_000_000_000_000 if rebases else 0} AS HUGEINT)"
    time = f"TIMESTAMP '{FIRST}' + to_seconds(sec)"
    one = "CAST(1000000000000000000 AS HUGEINT)"
    effect = "CASE WHEN sender = -1 THEN 'mint' WHEN receiver = -1 THEN 'burn' ELSE 'move' END"
    entries = f"""
      SELECT *, sec // {BLOCK} AS block_number, {effect} AS effect, CAST(units AS HUGEINT) * {rate} // {one} AS raw,
        row_number() OVER (PARTITION BY sec // {BLOCK} ORDER BY rowid) AS log_index
      FROM (SELECT *, row_number() OVER () AS rowid FROM moves)"""
    made = {"transfers": _transfers(spot, entries, time)}
    days = f"range(0, {shape.days}) AS r(n)"
    steps = (
        f"UNION ALL SELECT n * {DAY}, NULL, NULL, 'rebase', 0, 0 FROM {days} WHERE n > 0" if rebases else ""
    )
    changes = f"""
      SELECT sec, block_number, log_index, effect AS cause,
        CASE effect WHEN 'mint' THEN units ELSE -units END AS change,
        CASE effect WHEN 'mint' THEN raw ELSE -raw END AS booked
      FROM ({entries}) WHERE effect <> 'move' {steps}"""
    totals = f"""
      SELECT *, CAST(units AS HUGEINT) * {rate} // {one} AS raw, {rate} AS rate FROM (
        SELECT *, sum(change) OVER (ORDER BY sec, block_number NULLS FIRST, log_index) AS units FROM ({changes}))"""
    before = f"""
      SELECT *, raw - coalesce(lag(raw) OVER (ORDER BY sec, block_number NULLS FIRST, log_index), 0) AS moved
      FROM ({totals})"""
    made["supply_changes"] = f"""
      SELECT {time} AS effective_at, block_number, log_index, cause, CAST(units AS DECIMAL(38,0)) AS units,
        CAST(raw AS DECIMAL(38,0)) AS supply_raw,
        CAST(raw AS DECIMAL(38,0)) * CAST(0.000001 AS DECIMAL(38,18)) AS supply,
        CAST(rate AS DECIMAL(38,0)) AS numerator, CAST({one} AS DECIMAL(38,0)) AS denominator, 0 AS addend,
        CAST(rate AS DECIMAL(38,0)) * CAST(0.000000000000000001 AS DECIMAL(38,18)) AS multiplier, 1 AS min_units,
        CASE cause WHEN 'rebase' THEN 0 ELSE moved - booked END AS rounding, 2 AS rounding_bound, 0 AS reads_used,
        FALSE AS rate_read FROM ({before}) ORDER BY sec, block_number NULLS FIRST, log_index"""
    if rebases:
        made["rebases"] = f"""
          SELECT {time} AS effective_at, 'accrual' AS kind, 'time' AS cause, CAST(rate AS DECIMAL(38,0)) AS numerator,
            CAST({one} AS DECIMAL(38,0)) AS denominator, CAST(rate AS DECIMAL(38,0))
            * CAST(0.000000000000000001 AS DECIMAL(38,18)) AS multiplier, 1 AS min_units, 0 AS addend,
            CAST(moved AS DECIMAL(38,0)) * CAST(0.000001 AS DECIMAL(38,18)) AS amount
          FROM ({before}) WHERE cause = 'rebase' ORDER BY sec"""
    made["navs"] = _navs(spot, days)
    if spot.kind == "distribution":
        made["distributions"] = f"""
          SELECT n * {DAY // BLOCK} AS block_number, TIMESTAMP '{FIRST}' + to_days(CAST(n AS INT)) + INTERVAL 8 HOUR
            AS block_time, '0x' AS tx_hash, m AS log_index, '0x' || md5(CAST(m AS VARCHAR)) || '00000000' AS holder,
            DATE '{FIRST.date()}' + CAST(n AS INT) AS accrual_date, 0.0001 AS rate, 100000 AS basis_units, 10 AS units,
            1 AS price, 'event' AS evidence FROM {days}, range(0, 10) AS s(m)"""
    return made


def _transfers(spot: Spot, entries: str, time: str) -> str:
    return f"""
      SELECT block_number, {time} AS block_time,
        '0x' || md5('{spot.number}/' || rowid) || md5(CAST(block_number AS VARCHAR)) AS tx_hash, log_index AS tx_index,
        log_index, 0 AS entry, {_address("sender", spot.token)} AS from_address,
        {_address("receiver", spot.token)} AS to_address, CAST(raw AS DECIMAL(38,0)) AS amount_raw,
        CAST(raw AS DECIMAL(38,0)) * CAST(0.000001 AS DECIMAL(38,18)) AS amount, CAST(units AS DECIMAL(38,0)) AS units,
        effect, CASE WHEN effect = 'mint' THEN 'issuance' WHEN effect = 'burn' THEN 'redemption'
          WHEN receiver = -2 THEN 'escrow_in' ELSE 'transfer' END AS reason,
        'bench@1' AS rule, CASE WHEN effect = 'move' THEN 'role' ELSE 'event' END AS evidence,
        CASE WHEN party >= 0 THEN {_address("party", spot.token)} END AS party
      FROM ({entries}) ORDER BY rowid"""


def _navs(spot: Spot, days: str) -> str:
    """Return prices: one a day at noon, or the par from before the first day on."""
    if spot.kind != "nav":
        return f"""SELECT TIMESTAMP '{FIRST}' - INTERVAL 1 DAY AS effective_at, TIMESTAMP '{FIRST}' - INTERVAL 1 DAY
          AS published_at, 1 AS price, 'USD' AS currency, 'par' AS kind, 'bench' AS source"""
    at = f"TIMESTAMP '{FIRST}' + to_days(CAST(n AS INT)) + INTERVAL 12 HOUR"
    return f"""
      SELECT {at} AS effective_at, {at} AS published_at, n * {DAY // BLOCK} AS block_number, 0 AS log_index,
        1 + n * CAST(0.0001 AS DECIMAL(38,18)) AS price, 'USD' AS currency, 'official' AS kind,
        {at} + INTERVAL 3 DAY AS stale_at, 'bench' AS source FROM {days}"""


def derivation(spot: Spot, end: datetime) -> dict[str, Any]:
    """Return the row that says that *spot* is derived to the last second before *end*."""
    last = end - timedelta(seconds=1)
    return {
        "token": spot.token, "chain_id": spot.chain_id, "first_block": 0,
        "frontier_block": int((last - FIRST).total_seconds()) // BLOCK, "frontier_hash": "0x" + "00" * 32,
        "frontier_time": last, "covered_until": last, "final": True, "final_until": last, "holds_start": True,
        "why_null": None, "reads_allowed": True, "inputs_missing": 0,
    }  # fmt: skip


def publication(spot: Spot, through: date, at: datetime) -> dict[str, Any]:
    """Return the row that says that the days of *spot* are final."""
    return {"token": spot.token, "chain_id": spot.chain_id, "through_day": through, "published_at": at}


def configuration(shape: Shape) -> Iterator[tuple[str, str]]:
    """Yield name and text of every configuration file."""
    yield (
        "chains.toml",
        "\n".join(
            f'[bench{n}]\nid = "eip155:{990_100 + n}"\nfamily = "evm"\nendpoints = []\nfinality = "finalized"\n'
            for n in range(CHAINS)
        ),
    )
    everything = spots(shape)
    text = '[platform]\nid = "bench"\nname = "Bench"\n'
    for product in dict.fromkeys(spot.product for spot in everything):
        text += f'[[product]]\nid = "{product}"\nname = "{product}"\nasset_class = "fund"\ncurrency = "USD"\n'
    for token in dict.fromkeys(spot.token for spot in everything):
        here = [spot for spot in everything if spot.token == token]
        text += (
            f'[[token]]\nid = "{token}"\nsymbol = "{token.upper()}"\nname = "{token}"\nproduct = "{here[0].product}"\n'
            f'accrual = "{here[0].kind}"\nreasons = "plain"\nevents = ["erc20"]\n'
        )
        for spot in here:
            text += f'[[token.deployment]]\nchain = "bench{spot.chain}"\naddress = "{spot.address}"\n'
            text += "decimals = 6\nstart = 0\n"
            for address, role in ((ESCROW, "escrow"), (FLOAT, "issuer_float")):
                text += f'[[token.deployment.role]]\naddress = "{address}"\nrole = "{role}"\n'
                text += 'source = "bench"\nconfidence = "high"\n'
    yield "platforms/bench.toml", text
