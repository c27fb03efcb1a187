"""Figures that a CSV file tells, checked row by row: all of a file is good, or nothing of it is taken.

Every fault is told at once with file, line, column, value and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple

from indexer.config.address import evm_address
from indexer.config.csvfile import (
    amount_of,
    column_faults,
    day_of,
    lines_of,
    meant,
    no_header,
    shown,
    within,
    wrong_width,
)
from indexer.config.model import Registry
from indexer.floor.errors import Usage
from indexer.floor.tables import EXTERNAL_SUPPLY, IMPORTED_NAVS, LABELS, Table

Row = dict[str, Any]

MOST = 20
BOOK_ENTRY = "book-entry"
_LONGEST = 200
_CAIP2 = re.compile(r"[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}")


class Asked(NamedTuple):
    """What a file is held against: the configuration, --source, and today's date (UTC)."""

    registry: Registry
    source: str | None
    today: date


class Line(NamedTuple):
    """One row of the file: its line, its cells by column, and what they are held against."""

    number: int
    cells: Mapping[str, str]
    asked: Asked


class Format(NamedTuple):
    """One kind of file: the table that keeps it, the columns it must have (one of each group), and what a
    column's text becomes."""

    table: Table
    columns: tuple[tuple[str, ...], ...]
    readers: Mapping[str, Callable[[str, Line], Row]]


def parse(kind: str, name: str, data: bytes, asked: Asked) -> list[Row]:
    """Return the rows that the file *name* of this *kind* tells, each with its source and line.

    Raises Usage with every fault. *kind* is a key of FORMATS.
    """
    wanted = FORMATS[kind]
    faults: list[str] = []
    lines = lines_of(name, data)
    number, header = next(lines, (1, []))
    columns = [cell.strip() for cell in header]
    _stop(name, no_header(name, columns))
    place = f"{name}, line {number}"
    faults += column_faults(place, columns, wanted.columns, ("source",), _HINTS)
    if "source" not in columns and not (asked.source or "").strip():
        faults.append(f"{place} has no column source; add it, or say with --source who the figures are from.")
    _stop(name, faults)
    rows: list[Row] = []
    seen: dict[tuple[object, ...], int] = {}
    for number, cells in lines:
        place = f"{name}, line {number}"
        if len(cells) != len(columns):
            faults.append(wrong_width(place, len(cells), len(columns)))
            continue
        row = _row(
            place, wanted, Line(number, dict(zip(columns, map(str.strip, cells), strict=True)), asked), faults
        )
        if row is not None:
            key = tuple(row[column] for column in wanted.table.key if column != "file_digest")
            other = seen.setdefault(key, number)
            if other != number:
                faults.append(f"{place} says of the same what line {other} says; leave one of them out.")
            rows.append(row)
    if not rows and not faults:
        faults.append(f"{name} has no rows below its header.")
    _stop(name, faults)
    return rows


def _stop(name: str, faults: Sequence[str]) -> None:
    if faults:
        more = [f"And {len(faults) - MOST} more."] if len(faults) > MOST else []
        raise Usage("\n".join([f"Nothing of {name} was imported.", *faults[:MOST], *more]))


_HINTS = {"role": "roles change figures, so they stand in the configuration alone."}


def _row(place: str, wanted: Format, line: Line, faults: list[str]) -> Row | None:
    """Return the row as the table keeps it, or None after noting what is wrong with it."""
    row: Row = {"line": line.number}
    good = True
    for column, text in line.cells.items():
        try:
            row |= wanted.readers[column](text, line)
        except ValueError as error:
            good = False
            faults.append(f"{place}, {column} = {shown(text)} {error}.")
    if good and "source" not in row:
        row |= _source("", line)
    return row if good else None


def _token(text: str, line: Line) -> Row:
    return _named("token", text, line.asked.registry.tokens)


def _product(text: str, line: Line) -> Row:
    return _named("product", text, line.asked.registry.products)


def _named(scope: str, text: str, known: Mapping[str, object]) -> Row:
    if text not in known:
        raise ValueError(f"is no {scope} of the configuration; {meant(text, known)}`rwa tokens` lists them")
    return {"scope": scope, "name": text}


def _effective_day(text: str, line: Line) -> Row:
    return {"effective_at": datetime.combine(day_of(text, line.asked.today), time())}


def _day(text: str, line: Line) -> Row:
    return {"day": day_of(text, line.asked.today)}


def _time(text: str, line: Line) -> Row:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise ValueError("is not a time with its zone; write it as 2026-01-31T16:00:00Z")
    at = at.astimezone(UTC).replace(tzinfo=None)
    within(at.date(), line.asked.today)
    return {"effective_at": at}


def _price(text: str, _line: Line) -> Row:
    price = amount_of(text)
    if not price:
        raise ValueError("is no price; leave the row out where there is none")
    return {"price": price}


def _supply(text: str, _line: Line) -> Row:
    return {"supply": amount_of(text)}


def _currency(text: str, _line: Line) -> Row:
    if not re.fullmatch(r"[A-Z]{3,5}", text):
        raise ValueError("is not a currency code; write one such as USD")
    return {"currency": text}


def _chain(text: str, line: Line) -> Row:
    """Return the chain of a supply from outside; one that is indexed here has its supply from events."""
    registry = line.asked.registry
    name = next((chain.name for chain in registry.chains.values() if chain.id == text), text)
    here = {d.chain for token in registry.tokens.values() for d in token.deployments}
    if name != BOOK_ENTRY and name not in registry.chains and name not in here and not _CAIP2.fullmatch(name):
        hint = meant(name, [*registry.chains, *here, BOOK_ENTRY])
        raise ValueError(
            f"is no chain of the configuration; {hint}write its name, its CAIP-2 id, or {BOOK_ENTRY}"
        )
    for token in registry.tokens.values():
        asked = line.cells.get("token") == token.id or line.cells.get("product") == token.product
        if asked and any(d.indexed and d.chain == name for d in token.deployments):
            raise ValueError(
                f"is indexed for {token.id}, so its supply is counted from events and would be added twice; "
                "leave the row out"
            )
    return {"chain": name}


def _label_chain(text: str, line: Line) -> Row:
    chains = line.asked.registry.chains
    for chain in chains.values():
        if text in (chain.name, chain.id):
            return {"chain_id": chain.id}
    raise ValueError(f"is no chain of the configuration; {meant(text, chains)}`rwa chains` lists them")


def _address(text: str, _line: Line) -> Row:
    return {"address": evm_address(text)}


def _label(text: str, _line: Line) -> Row:
    return {"label": _words(text, "write the label, or leave the row out")}


def _source(text: str, line: Line) -> Row:
    said = text or (line.asked.source or "").strip()
    return {"source": _words(said, "say who the figure is from here or with --source")}


def _words(text: str, remedy: str) -> str:
    if not text:
        raise ValueError(f"is empty; {remedy}")
    if len(text) > _LONGEST:
        raise ValueError(f"is longer than {_LONGEST} characters; shorten it")
    return text


_OF = ("token", "product")
_SCOPES = {"token": _token, "product": _product, "source": _source}
FORMATS: Mapping[str, Format] = {
    "navs": Format(
        IMPORTED_NAVS,
        (_OF, ("day", "time"), ("price",), ("currency",)),
        _SCOPES | {"day": _effective_day, "time": _time, "price": _price, "currency": _currency},
    ),
    "external-supply": Format(
        EXTERNAL_SUPPLY,
        (_OF, ("chain",), ("day",), ("supply",)),
        _SCOPES | {"chain": _chain, "day": _day, "supply": _supply},
    ),
    "labels": Format(
        LABELS,
        (("chain",), ("address",), ("label",)),
        {"chain": _label_chain, "address": _address, "label": _label, "source": _source},
    ),
}
"""Each kind of file by the name that `rwa import` takes."""
