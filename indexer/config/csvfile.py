"""A CSV file that a user gives: its lines, its header and its cells, each fault a sentence that says what to do."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from difflib import get_close_matches

from indexer.floor.errors import Usage
from indexer.floor.tables import SCALE

FIRST = date(2009, 1, 3)
"""Before this day there was no chain."""

_SHOWN = 80
_NUMBER = re.compile(rf"[0-9]{{1,20}}(\.[0-9]{{1,{SCALE}}})?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def lines_of(name: str, data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that is not blank with the line it ends on; Usage where it is no CSV text."""
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


def no_header(name: str, columns: Sequence[str]) -> list[str]:
    """Return what is wrong with a first line that cannot be a header at all."""
    if not columns:
        return [f"{name} is empty; its first line must name the columns."]
    if len(columns) == 1 and (mark := next((m for m in ";\t|" if m in columns[0]), None)):
        return [
            f"{name} has {mark!r} between its cells; save it as CSV with commas, and with points in numbers."
        ]
    return []


def column_faults(
    place: str,
    columns: Sequence[str],
    groups: Iterable[Sequence[str]],
    more: Sequence[str],
    hints: Mapping[str, str],
) -> list[str]:
    """Return what is wrong with the names of *columns*: one of each of *groups* must stand there, *more* may."""
    groups = list(groups)
    known = [*(name for group in groups for name in group), *more]
    faults = []
    for group in groups:
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
            why = meant(column, known) or hints.get(column, "")
            faults.append(
                f"{place}, {shown(column)} is not a known column{f'; {why.strip()}' if why else '.'} "
                f"Columns are {', '.join(known)}."
            )
        elif columns.count(column) > 1:
            faults.append(f"{place}, {column} stands twice; leave one out.")
    return faults


def wrong_width(place: str, cells: int, columns: int) -> str:
    """Return the sentence for a line that has not as many cells as the header."""
    return f"{place} has {cells} cells, the header {columns}; a comma may be missing or too many."


def meant(text: str, known: Iterable[str]) -> str:
    """Return the question whether the nearest of *known* was meant, with a space after it; empty where none is near."""
    close = get_close_matches(text.lower(), list(known), n=1)
    if not close:
        return ""
    return f"did you mean {close[0]!r}? "


def shown(text: str) -> str:
    """Return *text* in quotes, with whatever a terminal might obey written as escapes."""
    return ascii(text[:_SHOWN]) if not text.isprintable() else repr(text[:_SHOWN])


def day_of(text: str, today: date) -> date:
    """Return the day that *text* means; ValueError says what is wrong with it."""
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise ValueError("is not a day; write it as 2026-01-31")
    within(day, today)
    return day


def within(day: date, today: date) -> None:
    """Raise ValueError where *day* is none that a figure can be of."""
    if not FIRST <= day <= today:
        raise ValueError("lies in the future or before any chain; check the year")


def amount_of(text: str) -> Decimal:
    """Return the amount that *text* means; ValueError says what is wrong with it."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(
            "is not an amount; write digits (at most 20) with a point and at most 18 decimals, no other signs, such "
            "as 1050.25"
        )
    return Decimal(text)
