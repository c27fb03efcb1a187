"""Small tables written as text, and a DuckDB connection that shows them as the metrics expect.

A table is a header and one line a row; cells stand apart by two or more spaces. `-` is NULL (the zero address
in `from` and `to`), a single letter is an address, a time may leave out the day after a first row. What the
header does not name has a default. Without `supply_changes` they follow from the transfers of a plain token; without
`navs` a unit is worth a dollar.
Without `address_roles` there is a list on which nobody holds anything; a header alone is no list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Context, Decimal
from typing import Any

import duckdb
import pyarrow as pa

from indexer.floor.calendar import utc_days
from indexer.floor.tables import TABLES, Table, arrow_schema
from indexer.ledger.values import ZERO
from indexer.metrics.runner import INPUTS

CHAIN = "eip155:1"
EXACT = Context(prec=100)
SHORT = {
    "block": "block_number", "time": "block_time", "at": "effective_at", "from": "from_address", "to": "to_address",
    "published": "published_at", "raw": "amount_raw", "log": "log_index", "chain": "chain_id", "tx": "tx_index",
}  # fmt: skip
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "transfers": {"entry": 0, "rule": "test@1", "evidence": "event", "reason": "transfer"},
    "rebases": {"kind": "accrual", "cause": "log"},
    "supply_changes": {"cause": "mint", "min_units": 1, "rounding": 0, "rounding_bound": 0},
    "certificates": {
        "verdict": "pass",
        "final": True,
        "holders_checked": 1,
        "holders_known": 1,
        "holders_wrong": 0,
    },
    "derivations": {"first_block": 1, "frontier_block": 1000, "final": True, "holds_start": True},
    "deployments": {
        "decimals": 6,
        "status": "indexed",
        "kind": "native",
        "chain": "ethereum",
        "address": "0xc",
    },
    "tokens": {"accrual": "plain"},
    "navs": {"kind": "official", "currency": "USD", "source": "test"},
}


def moment(text: str) -> datetime:
    """Return a time as the tables hold it: UTC, no zone attached."""
    return datetime.fromisoformat(text)


def address(short: str) -> str:
    """Return the address that a single letter stands for."""
    return "0x" + short * 40 if len(short) == 1 else short


def lines(text: str) -> list[dict[str, str]]:
    """Return the rows of a table written as text, all cells still text."""
    rows = [re.split(r"\s{2,}", line.strip()) for line in text.strip().splitlines()]
    names = [name if name == "chain" and "chain_id" in rows[0] else SHORT.get(name, name) for name in rows[0]]
    return [dict(zip(names, row, strict=True)) for row in rows[1:]]


def read(kind: str, name: str, cell: str) -> Any:
    """Return one cell as a value of the column's kind."""
    if cell == "-":
        return ZERO if name in {"from_address", "to_address"} else None
    if name.endswith("address") or name in {"holder", "party"}:
        return address(cell)
    readers = {
        "int": int,
        "bool": lambda text: text == "true",
        "time": moment,
        "day": date.fromisoformat,
        "units": Decimal,
        "amount": Decimal,
        "money": Decimal,
        "ratio": float,
    }
    return readers.get(kind, str)(cell)


def values(table: Table, row: Mapping[str, str]) -> dict[str, Any]:
    """Return the cells of *row* as values of *table*."""
    kinds = {column.name: column.kind for column in table.columns}
    named = {name if name in kinds else name.removesuffix("_id"): cell for name, cell in row.items()}
    return {name: read(kinds[name], name, cell) for name, cell in named.items()}


def _blank(kind: str) -> Any:
    blanks = {"text": "-", "int": 0, "bool": False, "time": moment("2024-01-01"), "day": date(2024, 1, 1)}
    return blanks.get(kind, Decimal(0))


def full(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return *row* with every column of its table: defaults, then blanks where NULL is not allowed."""
    given = {"token": "t", "chain_id": CHAIN, "contract": "0xc", **DEFAULTS.get(name, {}), **row}
    if name == "derivations":
        given.setdefault("covered_until", given.get("frontier_time"))
    if name == "navs":
        given.setdefault("published_at", given.get("effective_at"))
    if name == "supply_changes":
        given = {**rate(given), **given}
    columns = TABLES[name].columns
    return {c.name: given.get(c.name, None if c.nullable else _blank(c.kind)) for c in columns}


def rate(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rate of a change that names none: total supply over total units, as a share rebase has it."""
    units, supply = row.get("units"), row.get("supply_raw")
    if supply is None or units is None or (units != supply and not units):
        return {}
    same = units == supply
    factors = {"numerator": Decimal(1) if same else supply, "denominator": Decimal(1) if same else units}
    worth = factors["numerator"] * 10**18 // factors["denominator"] if supply else Decimal(0)
    return {
        **factors,
        "addend": Decimal(0),
        "multiplier": worth.scaleb(-18, EXACT) if worth < 10**38 else None,
    }


def tokens(raw: Decimal | None, decimals: int) -> Decimal | None:
    """Return base units as token units where they fit DECIMAL(38,18)."""
    if raw is None or abs(int(raw)) * 10 ** (18 - decimals) >= 10**38:
        return None
    return raw.scaleb(-decimals, EXACT)


def transfer(number: int, row: Mapping[str, Any], decimals: int) -> dict[str, Any]:
    """Return a whole entry: log and transaction by its place, units and amount from the base units."""
    raw = row.get("amount_raw")
    made = {"log_index": number, "tx_index": number, "units": raw, "amount": tokens(raw, decimals), **row}
    made.setdefault("block_number", number + 1)
    made.setdefault("tx_hash", f"0x{made['block_number']}.{made['tx_index']}")
    return full("transfers", made)


def plain_supply(entries: Sequence[Mapping[str, Any]], decimals: int) -> list[dict[str, Any]]:
    """Return the supply after every mint and burn of plain tokens."""
    held: dict[tuple[str, str], Decimal] = {}
    changes = []
    for entry in entries:
        sign = {"mint": 1, "burn": -1}.get(entry["effect"])
        if sign is None:
            continue
        key = (entry["token"], entry["chain_id"])
        held[key] = EXACT.add(held.get(key, Decimal(0)), EXACT.multiply(Decimal(sign), entry["amount_raw"]))
        total = held[key]
        names = ("token", "chain_id", "contract", "block_number", "log_index")
        changes.append(
            full(
                "supply_changes",
                {name: entry[name] for name in names}
                | {"effective_at": entry["block_time"], "units": total, "supply_raw": total}
                | {"supply": tokens(total, decimals), "cause": entry["effect"]},
            )
        )
    return changes


def given(tables: Mapping[str, str], frontier: str, decimals: int = 6) -> dict[str, list[dict[str, Any]]]:
    """Return whole rows of every input, from tables written as text."""
    rows = {name: [values(TABLES[name], row) for row in lines(text)] for name, text in tables.items()}
    made = {name: [full(name, row) for row in rows.get(name, [])] for name in INPUTS if name != "calendar"}
    made["transfers"] = [transfer(n, row, decimals) for n, row in enumerate(rows.get("transfers", []))]
    if "supply_changes" not in rows:
        made["supply_changes"] = plain_supply(made["transfers"], decimals)
    if "derivations" not in rows:
        made["derivations"] = [full("derivations", {"frontier_time": moment(frontier)})]
    if "navs" not in rows:
        made["navs"] = _pars(made["derivations"])
    if "deployments" not in rows:
        made["deployments"] = [full("deployments", {"decimals": decimals})]
    if "address_roles" not in rows:
        made["address_roles"] = [_known_list(row) for row in made["derivations"]]
    return made


def _known_list(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return a role that excludes nobody: the issuer's own addresses are known, and they hold nothing."""
    place = {name: run[name] for name in ("token", "chain_id")}
    return full("address_roles", {**place, "address": address("9"), "role": "operator"})


def _pars(derivations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a par of one dollar from before the first day on, for every token and chain."""
    pair = ("token", "chain_id")
    par = {"kind": "par", "price": Decimal(1), "effective_at": moment("2023-12-01")}
    return [full("navs", {name: row[name] for name in pair} | par) for row in derivations]


def shown(
    rows: Mapping[str, Sequence[Mapping[str, Any]]], con: duckdb.DuckDBPyConnection | None = None
) -> duckdb.DuckDBPyConnection:
    """Return a connection with every table as a view; those without rows are empty."""
    con = con or duckdb.connect()
    for name, table in TABLES.items():
        made = pa.Table.from_pylist(list(rows.get(name, [])), schema=arrow_schema(table))
        con.register(name, utc_days(date(2023, 12, 1), date(2024, 12, 31)) if name == "calendar" else made)
    return con
