"""Figures that a CSV file tells, checked row by row: all of a file is good, or nothing of it is taken.

Every fault is told at once with file, line, column, value and what to do.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, NamedTuple

from indexer.config.address import evm_address
from indexer.config.model import Registry
from indexer.floor.errors import Usage
from indexer.floor.tables import EXTERNAL_SUPPLY, IMPORTED_NAVS, LABELS, SCALE, Table

Row = dict[str, Any]

MOST = 20
BOOK_ENTRY = "book-entry"
_FIRST = date(2009, 1, 3)
_SHOWN = 80
_LONGEST = 200
_NUMBER = re.compile(rf"[0-9]{{1,20}}(\.[0-9]{{1,{SCALE}}})?")
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
    lines = _lines(name, data)
    number, header = next(lines, (1, []))
    columns = [cell.strip() for cell in header]
    _stop(name, _no_header(name, columns))
    _check_header(f"{name}, line {number}", wanted, columns, asked, faults)
    _stop(name, faults)
    rows: list[Row] = []
    seen: dict[tuple[object, ...], int] = {}
    for number, cells in lines:
        place = f"{name}, line {number}"
        if len(cells) != len(columns):
            faults.append(
                f"{place} has {len(cells)} cells, the header {len(columns)}; a comma may be missing or too many."
            )
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


def _lines(name: str, data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that is not blank with the line it ends on."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Usage(
            f"{name} is not UTF-8 text (byte {error.start}); save it as CSV with that encoding."
        ) from None
    if "\0" in text:
        raise Usage(f"{name} holds NUL characters, so it is no CSV text; save it as CSV again.")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise Usage(f"{name}, line {reader.line_num} is not CSV: {error}.") from None


def _no_header(name: str, columns: Sequence[str]) -> list[str]:
    """Return what is wrong with a first line that cannot be a header at all."""
    if not columns:
        return [f"{name} is empty; its first line must name the columns."]
    if len(columns) == 1 and (mark := next((m for m in ";\t|" if m in columns[0]), None)):
        return [
            f"{name} has {mark!r} between its cells; save it as CSV with commas, and with points in numbers."
        ]
    return []


def _check_header(
    place: str, wanted: Format, columns: Sequence[str], asked: Asked, faults: list[str]
) -> None:
    known = [*(name for group in wanted.columns for name in group), "source"]
    for group in wanted.columns:
        there = [name for name in group if name in columns]
        if len(there) != 1:
            names = " or ".join(group)
            faults.append(
                f"{place} has no column {names}; add it."
                if not there
                else f"{place} has {' and '.join(there)}; keep one."
            )
    for column in dict.fromkeys(columns):
        if column not in known:
            close = get_close_matches(column.lower(), known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else _HINTS.get(column, "")
            why = f"; {hint}" if hint else "."
            faults.append(
                f"{place}, {_shown(column)} is not a known column{why} Columns are {', '.join(known)}."
            )
        elif columns.count(column) > 1:
            faults.append(f"{place}, {column} stands twice; leave one out.")
    if "source" not in columns and not (asked.source or "").strip():
        faults.append(f"{place} has no column source; add it, or say with --source who the figures are from.")


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
            faults.append(f"{place}, {column} = {_shown(text)} {error}.")
    if good and "source" not in row:
        row |= _source("", line)
    return row if good else None


def _shown(text: str) -> str:
    """Return *text* in quotes, with whatever a terminal might obey written as escapes."""
    return ascii(text[:_SHOWN]) if not text.isprintable() else repr(text[:_SHOWN])


def _token(text: str, line: Line) -> Row:
    return _named("token", text, line.asked.registry.tokens)


def _product(text: str, line: Line) -> Row:
    return _named("product", text, line.asked.registry.products)


def _named(scope: str, text: str, known: Mapping[str, object]) -> Row:
    if text not in known:
        close = get_close_matches(text.lower(), list(known), n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ValueError(f"is no {scope} of the configuration; {hint}`rwa tokens` lists them")
    return {"scope": scope, "name": text}


def _date(text: str, line: Line) -> date:
    try:
        day = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None
    except ValueError:
        day = None
    if day is None:
        raise ValueError("is not a day; write it as 2026-01-31")
    _within(day, line)
    return day


def _within(day: date, line: Line) -> None:
    if not _FIRST <= day <= line.asked.today:
        raise ValueError("lies in the future or before any chain; check the year")


def _effective_day(text: str, line: Line) -> Row:
    return {"effective_at": datetime.combine(_date(text, line), time())}


def _day(text: str, line: Line) -> Row:
    return {"day": _date(text, line)}


def _time(text: str, line: Line) -> Row:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise ValueError("is not a time with its zone; write it as 2026-01-31T16:00:00Z")
    at = at.astimezone(UTC).replace(tzinfo=None)
    _within(at.date(), line)
    return {"effective_at": at}


def _amount(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError(
            "is not an amount; write digits (at most 20) with a point and at most 18 decimals, no other signs, such "
            "as 1050.25"
        )
    return Decimal(text)


def _price(text: str, _line: Line) -> Row:
    price = _amount(text)
    if not price:
        raise ValueError("is no price; leave the row out where there is none")
    return {"price": price}


def _supply(text: str, _line: Line) -> Row:
    return {"supply": _amount(text)}


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
        close = get_close_matches(name.lower(), [*registry.chains, *here, BOOK_ENTRY], n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
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
    close = get_close_matches(text.lower(), list(chains), n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise ValueError(f"is no chain of the configuration; {hint}`rwa chains` lists them")


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
