"""The confusion table: what operators did, as the truth's journal names it, beside our reasons with evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from .figures import Entry, Ours
from .rows import Rows, recipient_of
from .truth import Operation, Recording

OUTSIDE = "not in the journal"
_PLAIN = ("transfer", "default")


class Said(NamedTuple):
    """What we say of an entry."""

    reason: str
    evidence: str


class Table(NamedTuple):
    """Entries by the truth's category and what we say of them. *wanted* are the reasons of each category."""

    cells: Mapping[tuple[str, Said], int]
    wanted: Mapping[str, frozenset[str]]

    @property
    def categories(self) -> list[str]:
        return sorted({category for category, _ in self.cells})

    @property
    def said(self) -> list[Said]:
        return sorted({said for _, said in self.cells})

    def strays(self, category: str, said: Said) -> bool:
        """Tell whether the cell holds entries of a category that wants other reasons."""
        wanted = self.wanted.get(category)
        return bool(wanted) and said.reason not in (wanted or ()) and bool(self.cells.get((category, said)))


def confusion(recording: Recording, rows: Rows, ledgers: Iterable[Ours]) -> Table:
    """Return the table of all tokens of *recording*."""
    tokens = {token.address for token in recording.tokens}
    cells: Counter[tuple[str, Said]] = Counter()
    for mine in ledgers:
        for entry in mine.entries:
            category = _category(recording, rows, tokens, entry)
            cells[category, Said(entry.reason, entry.evidence)] += 1
    return Table(dict(cells), _wanted(recording, rows))


def undecided(table: Table) -> Iterator[str]:
    """Yield what no log, input, role or match told, and how it is reported; plain transfers are left out."""
    for (category, said), entries in sorted(table.cells.items()):
        told = said.reason != "unclassified" and said.evidence not in {"default", "pattern"}
        if not told and said != _PLAIN:
            yield f"{category} {entries} as {said.reason} by {said.evidence}"


def _category(recording: Recording, rows: Rows, tokens: set[str], entry: Entry) -> str:
    operation = recording.operations.get((entry.block, entry.tx_index))
    if operation is None:
        return OUTSIDE
    moved = _moved(recording, rows, tokens, operation)
    return moved or rows.category_of(recording.kind, operation.name) or operation.name


def _moved(recording: Recording, rows: Rows, tokens: set[str], operation: Operation) -> str | None:
    """Return the category of a transfer that begins or ends at an address with a role, or at the token itself."""
    receiver = recipient_of(operation)
    if receiver is None or operation.target not in tokens:
        return None
    for way, address in (("to", receiver), ("from", operation.sender)):
        role = "itself" if address == operation.target else recording.roles.get(str(address), "")
        category = rows.moved(recording.kind, way, role)
        if category:
            return category
    return None


def _wanted(recording: Recording, rows: Rows) -> dict[str, frozenset[str]]:
    wanted: dict[str, frozenset[str]] = {op.category: frozenset(op.reasons) for op in rows.operations}
    for token in recording.tokens:
        for row in rows.of(recording.kind, token.key).flows:
            wanted[row.category] = wanted.get(row.category, frozenset()) | frozenset(row.reasons)
    return wanted
