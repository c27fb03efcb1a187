"""Tokens listed in a CSV file, of which a platform's file says once what they have in common.

A row is a contract: its symbol, the chains it is on and its address there; rows with one symbol are one
token. The rows become the tables that a platform's file would have, so everything that is checked of those
is checked of them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from indexer.config.problems import Place, Problems
from indexer.config.schema import ListTable
from indexer.config.urls import brief
from indexer.floor.errors import Usage

_DIGITS = 78
REQUIRED = ("symbol", "chains", "address")
COLUMNS = (
    *REQUIRED, "name", "asset_class", "currency", "product", "tier", "decimals", "start", "confidence", "source",
)  # fmt: skip

Tables = dict[str, list[dict[str, Any]]]


def listed(table: ListTable, place: Place, problems: Problems) -> tuple[list[Place], list[Place]]:
    """Return where the products and the tokens of *table*'s file stand, as in a parsed platform's file.

    Every fault is noted, and its row left out. A row without a product is a product by itself.
    """
    path = place.file.parent / table.file
    rows = list(_rows(path, place, problems))
    tables: Tables = {"product": [], "token": []}
    tokens: dict[str, dict[str, Any]] = {}
    for row in rows:
        name = table.prefix + row["symbol"].lower()
        if name not in tokens:
            tokens[name] = _token(name, row, table)
            tables["token"].append(tokens[name])
            if "product" not in row:
                tables["product"].append(_product(name, row, table))
        tokens[name]["deployment"] += [_deployment(chain, row, table) for chain in row["chains"].split()]
    whole = Place(path, tables)
    products, found = (
        [whole.at(name, number) for number in range(len(tables[name]))] for name in ("product", "token")
    )
    return products, found


def _rows(path: Path, place: Place, problems: Problems) -> Iterator[dict[str, str]]:
    """Give the rows of *path* without their empty cells."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, strict=True)
            names = next(reader, [])
            if not _head(names, path, problems):
                return
            for cells in reader:
                row = dict(zip(names, cells, strict=False))
                if len(cells) != len(names):
                    problems.say(
                        f"{path}, line {reader.line_num}: {len(cells)} cells where the first line names "
                        f"{len(names)}. Put text that has a comma in quotes."
                    )
                elif missing := [name for name in REQUIRED if not row[name].strip()]:
                    problems.say(f"{path}, line {reader.line_num}: {missing[0]} is empty; write it.")
                else:
                    yield {name: cell for name, cell in row.items() if cell}
    except FileNotFoundError:
        problems.add(
            place.at("file"), f"is not there; put it beside {place.file.name}, or leave the list out"
        )
    except (csv.Error, UnicodeDecodeError) as error:
        problems.say(f"{path} is not CSV in UTF-8: {error}. Mend or restore the file.")
    except OSError as error:
        raise Usage(
            f"The configuration file {path} cannot be read: {error.strerror}. Mend its permissions."
        ) from error


def _head(names: list[str], path: Path, problems: Problems) -> bool:
    wrong = [name for name in names if name not in COLUMNS or names.count(name) > 1]
    missing = [name for name in REQUIRED if name not in names]
    for name in wrong:
        problems.say(
            f"{path}, line 1: {brief(name)!r} is no column, or is there twice. The columns are {', '.join(COLUMNS)}."
        )
    for name in missing:
        problems.say(f"{path}, line 1: the column {name} is missing; add it.")
    return not wrong and not missing


def _product(name: str, row: dict[str, str], table: ListTable) -> dict[str, Any]:
    product = {
        "id": name,
        "name": row.get("name", row["symbol"]),
        "currency": row.get("currency", table.currency),
    }
    return product | ({"asset_class": row["asset_class"]} if "asset_class" in row else {})


def _token(name: str, row: dict[str, str], table: ListTable) -> dict[str, Any]:
    return {
        "id": name,
        "symbol": row["symbol"],
        "name": row.get("name", row["symbol"]),
        "product": row.get("product", name),
        "accrual": table.accrual,
        "reasons": table.reasons,
        "tier": row.get("tier", table.tier),
        "events": table.events,
        "source": table.source,
        "confidence": table.confidence,
        "deployment": [],
    }


def _deployment(chain: str, row: dict[str, str], table: ListTable) -> dict[str, Any]:
    """Return a row's contract on one chain; where that is only known, what indexing needs is left out."""
    told = {
        "chain": chain,
        "address": row["address"],
        "kind": table.kind,
        "source": row.get("source", table.source),
        "confidence": row.get("confidence", table.confidence),
    }
    if chain in table.known:
        told |= {"chain_id": table.known[chain], "status": "known"}
        return told | ({"decimals": _value(row["decimals"])} if "decimals" in row else {})
    return told | {
        "decimals": _value(row["decimals"]) if "decimals" in row else table.decimals,
        "start": _value(row["start"]) if "start" in row else table.start,
        "reads": table.reads,
        "companion": [c for c in table.companion if c.on(chain)],
        "role": [r for r in table.role if r.on(chain)],
        "price": [p for p in table.price if p.on(chain)],
    }


def _value(cell: str) -> int | date | str:
    """Return the whole number or the day of a cell; other text is left for the schema to refuse."""
    if cell.isascii() and cell.isdigit() and len(cell) <= _DIGITS:
        return int(cell)
    try:
        return date.fromisoformat(cell)
    except ValueError:
        return cell
