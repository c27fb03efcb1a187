"""The journal of a lake: what the book holds that nothing else tells, so that a lost database can be made again.

A text file beside the Parquet files. Its first line is the state at which it began, each further one an act: what one
commit changed. An act is synced before its commit, so no commit is without its act. It names the commit that it
follows; an act whose commit never came about is followed by none, and is left out when the journal is read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from indexer.floor.tables import (
    AUDITS,
    CERTIFICATES,
    CLAIMS,
    EXTERNAL_SUPPLY,
    FILES,
    FILTERS,
    IMPORTED_NAVS,
    LABELS,
    MOMENTS,
    PUBLICATIONS,
    RAW,
    RESTATEMENTS,
    SEGMENTS,
    TABLES,
    Table,
)
from indexer.store.durable import append, write_whole
from indexer.store.intact import digest

KEPT = (
    FILTERS, SEGMENTS, MOMENTS, PUBLICATIONS, CERTIFICATES, AUDITS, RESTATEMENTS, IMPORTED_NAVS, EXTERNAL_SUPPLY,
    LABELS,
)  # fmt: skip
"""Tables of the book whose rows the journal tells, all of them. Of `files` it tells those of raw rows, of `claims`
which tokens are held and whose the lake is. What else is in the book is made again: by deriving, by asking."""

NAME = "journal.jsonl"
ROLL_BYTES = 4 << 20
"""How much is added, beyond its first line, before a journal begins anew with the state of that time."""
HELD_CLAIMS = ("lake", "token")
"""First words of the claims that a journal tells: whose the lake is, and which tokens are held."""
NONE = "-"
"""What the first line follows."""

Row = Mapping[str, Any]


class Act(NamedTuple):
    """One change of the book: put, remove or update, with rows; an update has one row and the values set."""

    kind: str
    table: Table
    rows: Sequence[Row]
    values: Row | None = None


def kept(acts: Iterable[Act]) -> list[Act]:
    """Return those of *acts*, and of their rows, that a journal tells."""
    out = [act._replace(rows=[row for row in act.rows if _is_kept(act.table, row)]) for act in acts]
    return [act for act in out if act.rows]


class Entry(NamedTuple):
    """One line: the commit's name, the one that it follows (none at the beginning), and its acts as text."""

    name: str
    after: str
    acts: str


class Told(NamedTuple):
    """What a journal tells: the entries of what was committed, in order, and what is wrong with it."""

    entries: Sequence[Entry]
    damage: str | None
    torn: bool
    """Whether its end is half a line: an act that a kill cut off before its commit."""

    def acts(self) -> list[Act]:
        """Return all acts in order."""
        return [act for entry in self.entries for act in _acts(entry.acts)]


class Journal:
    """The journal in one folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._state_bytes = 0

    def holds(self, commit: str | None) -> bool:
        """Say whether the journal is whole and tells of *commit*, the last one of the database."""
        told = self.read()
        self._state_bytes = self.path.stat().st_size if self.path.exists() else 0
        return told.damage is None and any(entry.name == commit for entry in told.entries)

    def begin(self, state: Mapping[Table, Sequence[Row]], *, aside: bool = False) -> str:
        """Begin anew with *state* and return the name of that beginning; *aside* keeps the journal before it."""
        if aside and self.path.exists():
            self.path.replace(self.path.with_suffix(f".{uuid4().hex[:8]}.old"))
        entry = Entry(
            uuid4().hex, NONE, _text(kept(Act("put", table, rows) for table, rows in state.items()))
        )
        body = _line(entry)
        write_whole(self.path, body)
        self._state_bytes = len(body)
        return entry.name

    def add(self, after: str, acts: Sequence[Act]) -> str:
        """Add *acts* of the commit that follows the commit *after*; return the name of theirs."""
        entry = Entry(uuid4().hex, after, _text(acts))
        append(self.path, _line(entry))
        return entry.name

    def is_long(self) -> bool:
        """Say whether the journal should begin anew."""
        return self.path.stat().st_size > self._state_bytes + max(ROLL_BYTES, self._state_bytes)

    def read(self) -> Told:
        """Return what the journal tells."""
        if not self.path.exists():
            return Told((), "there is no journal", torn=False)
        lines = self.path.read_bytes().split(b"\n")
        entries = [_entry(line) for line in lines if line]
        return chained(entries)


def chained(entries: Sequence[Entry | None]) -> Told:
    """Return the entries of what was committed: each follows the one before it; None is a line that cannot be read.

    An act without its commit has none that follows it. The last act counts, with or without its commit: its files
    were there before it.
    """
    chain: list[Entry] = []
    for entry in filter(None, entries):
        while chain and chain[-1].name != entry.after:
            chain.pop()
        if not chain and entry.after != NONE:
            whole = _until_broken(entries)
            return Told(whole, "a line in its middle is damaged", torn=False)
        chain.append(entry)
    damage = None if chain else "its first line is damaged"
    return Told(tuple(chain), damage, torn=bool(entries) and entries[-1] is None)


def _until_broken(entries: Sequence[Entry | None]) -> tuple[Entry, ...]:
    """Return what was committed before the first line that cannot be read."""
    first = next((at for at, entry in enumerate(entries) if entry is None), len(entries))
    return tuple(chained(entries[:first]).entries)


def _line(entry: Entry) -> bytes:
    body = f"{entry.name} {entry.after} {entry.acts}".encode()
    return b"\n" + digest(body).encode() + b" " + body + b"\n"


def _entry(line: bytes) -> Entry | None:
    """Return what *line* tells; None where it is not what was written."""
    told, _, body = line.partition(b" ")
    if digest(body).encode() != told:
        return None
    name, after, acts = body.decode().split(" ", 2)
    return Entry(name, after, acts)


def _text(acts: Iterable[Act]) -> str:
    return json.dumps(
        [[act.kind, act.table.name, act.rows, act.values] for act in acts], default=str, separators=(",", ":")
    )


def _acts(text: str) -> Iterator[Act]:
    for kind, name, rows, values in json.loads(text):
        table = TABLES[name]
        yield Act(kind, table, [_typed(table, row) for row in rows], values and _typed(table, values))


def _typed(table: Table, row: Row) -> dict[str, Any]:
    """Return the values of *row* in their declared types, without columns that this version does not have."""
    kinds = {column.name: column.kind for column in table.columns}
    return {
        name: value if value is None or kinds[name] not in _FROM_TEXT else _FROM_TEXT[kinds[name]](value)
        for name, value in row.items()
        if name in kinds
    }


_FROM_TEXT: Mapping[str, Callable[[Any], Any]] = {
    "time": datetime.fromisoformat,
    "day": date.fromisoformat,
    "units": Decimal,
    "amount": Decimal,
    "money": Decimal,
}


def _is_kept(table: Table, row: Row) -> bool:
    """Say whether a journal tells *row*, of which an update or a removal has the key alone."""
    if table is FILES:
        return str(row.get("path", "")).partition("/")[0] in {raw.name for raw in RAW}
    if table is CLAIMS:
        return str(row.get("claim", "")).partition(" ")[0] in HELD_CLAIMS
    return table in KEPT
