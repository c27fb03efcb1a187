"""A table for people: as narrow as it can be without hiding a figure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from indexer.floor.cells import safe, text, width

GAP = "  "
_HEX = re.compile(r"0x[0-9a-f]{16,}")
REMARKS = ("why_null", "note", "remedy", "reason", "label")
"""Columns in which NULL only means that there is nothing to remark."""

_LONG = 24
_KEYS = 4
Panel = tuple[int, ...]
Shown = Sequence[Sequence[str]]


class Grid(NamedTuple):
    """Column names, and rows of values below them."""

    names: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]

    def column(self, position: int) -> list[object]:
        return [row[position] for row in self.rows]

    def keep(self, positions: Sequence[int]) -> Grid:
        """Return the grid with these columns only."""
        return Grid(
            tuple(self.names[i] for i in positions),
            tuple(tuple(row[i] for i in positions) for row in self.rows),
        )


class Compact(NamedTuple):
    """A grid without the columns that say the same in every row.

    *common* tells those once; *null* and *zero* name those that hold nothing else.
    """

    grid: Grid
    common: tuple[tuple[str, str], ...] = ()
    null: tuple[str, ...] = ()
    zero: tuple[str, ...] = ()


def compact(grid: Grid) -> Compact:
    """Return *grid* with repeated text told once, and columns of nothing but NULL or zero named apart.

    A single row keeps its zeros and its text.
    """
    several = len(grid.rows) > 1
    columns = {name: grid.column(i) for i, name in enumerate(grid.names)}
    null = [name for name, values in columns.items() if all(v is None for v in values)]
    zero = [name for name, values in columns.items() if several and all(_is_zero(v) for v in values)]
    same = [name for name, values in columns.items() if several and _same_text(values)]
    kept = [i for i, name in enumerate(grid.names) if name not in {*null, *zero, *same}]
    if not kept:
        return Compact(grid)
    null = [name for name in null if name not in REMARKS]
    common = tuple((name, text(columns[name][0])) for name in same)
    return Compact(grid.keep(kept), common, tuple(null), tuple(zero))


def _is_zero(value: object) -> bool:
    return isinstance(value, Decimal) and value == 0


def _same_text(values: Sequence[object]) -> bool:
    return isinstance(values[0], str | bool) and all(value == values[0] for value in values)


def lines(grid: Grid, limit: int | None = None) -> Iterator[str]:
    """Yield *grid* as lines: numbers to the right with their points below each other.

    Where *limit* columns do not hold it, addresses and hashes are shortened, then long sentences
    become numbered notes below the table, then the table is folded: its first columns again, with
    the next ones beside them. A row alone, or one that cannot be folded, is a block of its own lines.
    """
    shown = [_shown(name, grid.column(i)) for i, name in enumerate(grid.names)]
    notes: list[str] = []
    panels = [tuple(range(len(grid.names)))]
    if limit is not None and _total(grid, shown, panels[0]) > limit:
        whole = shown
        shown = [[_HEX.sub(_shorten, cell) for cell in column] for column in shown]
        if _total(grid, shown, panels[0]) > limit:
            shown = [[_noted(cell, notes) for cell in column] for column in shown]
            panels = _folded(grid, shown, limit)
        if not panels:
            yield from _blocks(grid, whole)
            return
    for number, panel in enumerate(panels):
        if number:
            yield ""
        yield from _aligned(grid, shown, panel)
    yield from (f"[{number}] {note}" for number, note in enumerate(notes, 1))


def _folded(grid: Grid, shown: Shown, limit: int) -> list[Panel]:
    """Return the columns of each part of a folded table; none where it cannot be folded."""
    count = len(grid.names)
    first = next((i for i in range(count) if _numeric(grid.column(i))), count)
    key = tuple(range(min(first, _KEYS)))
    panels: list[Panel] = []
    panel = key
    for i in range(len(key), count):
        if _total(grid, shown, (*panel, i)) > limit:
            if panel == key:
                return []
            panels.append(panel)
            panel = key
        panel = (*panel, i)
    panels.append(panel)
    return panels if len(panels) == 1 or (key and len(grid.rows) > 1) else []


def _noted(cell: str, notes: list[str]) -> str:
    """Return the number of the note that *cell* became, or the cell where it is short."""
    if len(cell) < _LONG or " " not in cell.strip():
        return cell
    if cell not in notes:
        notes.append(cell)
    return f"[{notes.index(cell) + 1}]"


def _aligned(grid: Grid, shown: Shown, panel: Panel) -> Iterator[str]:
    names = [grid.names[i] for i in panel]
    right = [_numeric(grid.column(i)) for i in panel]
    wide = [_width(grid.names[i], shown[i]) for i in panel]
    yield GAP.join(map(_pad, names, wide, right)).rstrip()
    yield GAP.join("─" * w for w in wide)
    for row in zip(*(shown[i] for i in panel), strict=True):
        yield GAP.join(map(_pad, row, wide, right)).rstrip()


def _blocks(grid: Grid, shown: Shown) -> Iterator[str]:
    label = max(width(name) for name in grid.names)
    for number, row in enumerate(zip(*shown, strict=True)):
        if number:
            yield ""
        for name, cell in zip(grid.names, row, strict=True):
            yield f"{_pad(name, label, to_right=False)}{GAP}{cell.strip()}".rstrip()


def _shown(name: str, values: Sequence[object]) -> list[str]:
    """Return the cells of one column; fractions are padded so that decimal points align."""
    null = "" if name in REMARKS else "NULL"
    cells = [null if value is None else _cell(value) for value in values]
    if not _numeric(values):
        return cells
    tail = max((len(c) - c.index(".") for c in cells if "." in c), default=0)
    return [_point(cell, tail) for cell in cells]


def _cell(value: object) -> str:
    return format(value, ".6g") if isinstance(value, float) else text(value)


def _point(cell: str, tail: int) -> str:
    if cell == "NULL":
        return cell
    own = len(cell) - cell.index(".") if "." in cell else 0
    return cell + " " * (tail - own)


def _numeric(values: Sequence[object]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(
        isinstance(value, int | float | Decimal) and not isinstance(value, bool) for value in known
    )


def _shorten(match: re.Match[str]) -> str:
    return f"{match[0][:8]}…{match[0][-4:]}"


def _width(name: str, cells: Sequence[str]) -> int:
    return max([width(name), *map(width, cells)])


def _total(grid: Grid, shown: Shown, panel: Panel) -> int:
    return sum(_width(grid.names[i], shown[i]) for i in panel) + len(GAP) * (len(panel) - 1)


def _pad(cell: str, wide: int, to_right: bool) -> str:
    fill = " " * (wide - width(cell))
    return fill + cell if to_right else cell + fill


def caption(common: Sequence[tuple[str, str]]) -> str:
    """Return the columns that every row shares, on one line."""
    return " · ".join(f"{safe(name)} {value}" for name, value in common)
