"""Logs whose JSON text has one fixed shape, read column by column with numpy.

A node writes its logs with the same keys in the same order, so the texts of two logs with as many topics
and as much data differ only in the values: hex of a known width, and quantities of one to fifteen digits.
A shape is learnt from one log. A row is taken only where every byte of it is what the shape says; all
others are left to the general reader, so this module never has to explain what is wrong with a row.
"""

from __future__ import annotations

import re
from binascii import Error as HexError
from binascii import unhexlify
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from indexer.sources.logsheet import Cells, Mask, Rows

Bytes = npt.NDArray[np.uint8]
Found: TypeAlias = list[tuple[Rows, dict[str, Cells]]]
"""Rows that were read, with their columns by JSON name."""

WIDTHS = {"address": 20, "transactionHash": 32, "blockHash": 32}
QUANTITIES = ("blockNumber", "transactionIndex", "logIndex", "blockTimestamp")
MAX_TOPICS = 4
MAX_SECONDS = (2**63 - 1) // 10**6
"""The last time that microseconds in 64 bits can hold."""

_REQUIRED = {*WIDTHS, "topics", "data", "blockNumber", "transactionIndex", "logIndex"}
_PAIR = re.compile(
    rb'"([A-Za-z0-9_]+)":'
    rb'(?:"0x([0-9a-fA-F]*)"'
    rb'|(\[(?:"0x[0-9a-fA-F]{64}"(?:,"0x[0-9a-fA-F]{64}"){0,3})?\])'
    rb'|(false|true|null|0|[1-9][0-9]{0,14}|"[ !#-\[\]-~]*"))'
)
_FEWEST = 64  # fewer rows than this are not worth learning a shape for
_MISSES = 16  # shapes that fitted next to nothing, after which odd rows are left to the general reader
_LONGEST = 4096  # a log with more text than this is better read on its own
_DIGITS = 16  # of a number in 64 bits; also room for one of fifteen and its closing quote
_LARGE = 5  # a number of so many digits seldom changes its width: it has its place in the shape
_BLOCK = 512  # rows compared at once, so that they stay in the cache
_QUOTE, _ZERO = ord('"'), ord("0")


class Field(NamedTuple):
    """Where the hex digits of *name* stand: in segment *segment*, from *first* up to *end*."""

    name: str
    segment: int
    first: int
    end: int


class Shape(NamedTuple):
    """What rows have in common: segments of fixed width with a small number after each but the last.

    *masks* is false where a hex digit stands; every other byte must be the template's. *fields* are
    the values within segments, *small* the names of the numbers between them.
    """

    templates: tuple[Bytes, ...]
    masks: tuple[Mask, ...]
    fields: tuple[Field, ...]
    small: tuple[str, ...]

    @property
    def shortest(self) -> int:
        """The length of a row whose small numbers have one digit each."""
        return sum(len(t) for t in self.templates) + len(self.small)


class Cut(NamedTuple):
    """Text cut into rows: row i is text[starts[i]:ends[i]]."""

    text: Bytes
    starts: Rows
    ends: Rows


def closing_braces(text: Bytes) -> Rows:
    """Return the positions of every ``}``."""
    step = 1 << 18
    parts = [_braces_of(text[at : at + step]) + at for at in range(0, len(text), step)]
    return np.concatenate([np.empty(0, dtype=np.int64), *parts])


def _braces_of(text: Bytes) -> Rows:
    """Return the positions of every ``}`` in a piece, eight bytes at a look while no two stand close."""
    found = text == ord("}")
    even = len(text) & ~7
    eights = found[:even].view(np.uint64)
    rows = np.flatnonzero(eights != 0)
    ones = eights[rows].view(np.uint8).reshape(len(rows), 8)
    if np.count_nonzero(ones) != len(rows):
        return np.flatnonzero(found)
    return np.concatenate([rows * 8 + ones.argmax(axis=1), np.flatnonzero(found[even:]) + even])


class Match(NamedTuple):
    """Rows of one shape: the bytes of each segment, and each small number as sixteen digits."""

    rows: Rows
    segments: list[Bytes]
    digits: list[Bytes]


class Reader:
    """Reads rows by the shapes learnt from earlier ones."""

    def __init__(self, cut: Cut) -> None:
        self._cut = cut
        self._shapes: list[Shape] = []
        self._misses = 0

    def read(self, rows: Rows) -> tuple[Found, Rows]:
        """Return the rows of a known shape with their columns, shape by shape, and the rows left over."""
        found: Found = []
        for shape in self._shapes:
            rows = self._take(shape, rows, found)
        odd: list[int] = []
        while len(rows) >= _FEWEST and self._misses < _MISSES:
            sample = int(rows[0])
            shape_of = learn(self._cut.text[self._cut.starts[sample] : self._cut.ends[sample]].tobytes())
            before = len(rows)
            if shape_of is not None:
                rows = self._take(shape_of, rows, found)
            if len(rows) and rows[0] == sample:
                odd.append(sample)
                rows = rows[1:]
            if shape_of is not None and before - len(rows) >= _FEWEST // 2:
                self._shapes.append(shape_of)
            else:
                self._misses += 1
        return found, np.concatenate([np.array(odd, dtype=np.int64), rows])

    def _take(self, shape: Shape, rows: Rows, found: Found) -> Rows:
        """Add the rows of *shape* to *found* and return the others."""
        matched = match(self._cut, rows, shape)
        values = columns(matched, shape) if len(matched.rows) else None
        if values is None:
            return rows
        found.append((matched.rows, values))
        return np.setdiff1d(rows, matched.rows, assume_unique=True)


def learn(row: bytes) -> Shape | None:
    """Return the shape of one log's text, or None where it is not of the plain kind."""
    spots = _spots(row)
    if spots is None:
        return None
    spots.sort(key=lambda spot: spot[1])
    fixed = np.ones(len(row), dtype=np.bool_)
    starts, fields, small, cuts = [0], [], [], []
    for name, first, end in spots:
        if name in QUANTITIES and end - first < _LARGE:
            small.append(name)
            cuts.append(first)
            starts.append(end)
        else:
            fields.append(Field(name, len(cuts), first - starts[-1], end - starts[-1]))
            fixed[first:end] = False
    text = np.frombuffer(row, dtype=np.uint8)
    parts = list(zip(starts, [*cuts, len(row)], strict=True))
    return Shape(
        tuple(text[a:b] for a, b in parts),
        tuple(fixed[a:b] for a, b in parts),
        tuple(fields),
        tuple(small),
    )


def _spots(row: bytes) -> list[tuple[str, int, int]] | None:
    """Return (name, first digit, end) of every value that may differ between rows; None if one is odd."""
    if len(row) > _LONGEST or row[:1] != b"{":
        return None
    spots: list[tuple[str, int, int]] = []
    seen: set[str] = set()
    at = 0
    while row[at : at + 1] in (b"{", b","):
        pair = _PAIR.match(row, at + 1)
        if pair is None or (name := pair[1].decode()) in seen:
            return None
        seen.add(name)
        if name == "topics" and pair[3]:
            count = pair[3].count(b"x")
            spots += [
                (f"topic{i}", pair.start(3) + 4 + 69 * i, pair.start(3) + 68 + 69 * i) for i in range(count)
            ]
        elif name in _REQUIRED or name == "blockTimestamp":
            if pair[2] is None or not _fits(name, len(pair[2])):
                return None
            spots.append((name, pair.start(2), pair.end(2)))
        elif name == "removed" and pair[4] != b"false":
            return None
        at = pair.end()
    return spots if row[at:] == b"}" and seen >= _REQUIRED else None


def _fits(name: str, digits: int) -> bool:
    if name in WIDTHS:
        return digits == 2 * WIDTHS[name]
    return digits % 2 == 0 if name == "data" else 0 < digits < _DIGITS


def match(cut: Cut, rows: Rows, shape: Shape) -> Match:
    """Return those of *rows* that are of *shape*, as far as everything but their hex digits goes."""
    text, starts, ends = cut
    lengths = ends[rows] - starts[rows]
    longest = shape.shortest + (_DIGITS - 2) * len(shape.small)
    rows = rows[(lengths >= shape.shortest) & (lengths <= longest)]
    at = starts[rows]
    parts: list[Bytes] = []
    for number, (template, mask) in enumerate(zip(shape.templates, shape.masks, strict=True)):
        parts.append(_windows(text, at, len(template)))
        good = _equal(parts[-1], template, mask)
        at = at + len(template)
        if number < len(shape.small):
            width = (_windows(text, at, _DIGITS) == _QUOTE).argmax(axis=1)
            good &= width > 0
            at = at + width
            parts.append(_windows(text, at - _DIGITS, _DIGITS))
            parts[-1][np.arange(_DIGITS) < _DIGITS - width[:, None]] = _ZERO
        else:
            # Windows never leave the text: one that would was moved, and then this end is not the row's.
            good &= at == ends[rows]
        if not good.all():
            rows, at, parts = rows[good], at[good], [part[good] for part in parts]
    return Match(rows, parts[::2], parts[1::2])


def _windows(text: Bytes, at: Rows, width: int) -> Bytes:
    """Return a copy of the *width* bytes at each position, one row each."""
    every = np.ndarray((len(text) - width + 1,), dtype=f"V{width}", buffer=text.data, strides=(1,))
    picked = every[np.minimum(at, len(every) - 1)]
    return picked.view(np.uint8).reshape(len(at), width)


def _equal(segment: Bytes, template: Bytes, mask: Mask) -> Mask:
    """Return which rows have the template's bytes under *mask*."""
    good: Mask = np.ones(len(segment), dtype=np.bool_)
    for first in range(0, len(segment), _BLOCK):
        differs = (segment[first : first + _BLOCK] != template) & mask
        if differs.any():
            good[first + np.flatnonzero(differs) // len(template)] = False
    return good


def columns(found: Match, shape: Shape) -> dict[str, Cells] | None:
    """Return the values by their JSON names, ``topic0`` … and ``data``; None where a digit is not hex.

    Quantities come as integers, all others as their bytes; a time that no column can hold also gives None.
    """
    count = len(found.rows)
    names = [*(field.name for field in shape.fields), *shape.small]
    parts = [found.segments[f.segment][:, f.first : f.end] for f in shape.fields] + found.digits
    widths = [
        _DIGITS if name in QUANTITIES else part.shape[1] for name, part in zip(names, parts, strict=True)
    ]
    text = np.empty(count * sum(widths), dtype=np.uint8)
    starts = [count * sum(widths[:i]) for i in range(len(widths))]
    for part, width, start in zip(parts, widths, starts, strict=True):
        target, padding = text[start : start + count * width].reshape(count, width), width - part.shape[1]
        target[:, :padding] = _ZERO
        target[:, padding:] = part
    try:
        raw = unhexlify(text.data)
    except HexError:
        return None
    out: dict[str, Cells] = {}
    for name, width, start in zip(names, widths, starts, strict=True):
        kind = ">i8" if name in QUANTITIES else f"V{width // 2}"
        out[name] = np.ndarray((count,), dtype=kind, buffer=raw, offset=start // 2)
    if "blockTimestamp" in out and (out["blockTimestamp"] > MAX_SECONDS).any():
        return None
    return out
