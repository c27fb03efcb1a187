"""How each flow category of the truth is compared: the rows of tests/recordings/flows.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from indexer.floor.errors import Usage

from .truth import Operation, Recording, TokenTruth


class Measure(NamedTuple):
    """What a comparison looks at; with *least* the truth's figures are what ours may not be below."""

    counts: bool
    amounts: bool
    least: bool = False


MEASURES = {
    "amount": Measure(counts=True, amounts=True),
    "amount_only": Measure(counts=False, amounts=True),
    "supply_delta": Measure(counts=True, amounts=True),
    "within": Measure(counts=True, amounts=True),
    "underlying_leg": Measure(counts=True, amounts=True),
    "count": Measure(counts=True, amounts=False),
    "at_least": Measure(counts=True, amounts=True, least=True),
    "not_compared": Measure(counts=False, amounts=False),
}
"""``within`` and ``underlying_leg`` allow *within* base units for each entry."""


class Row(NamedTuple):
    """One category of one token of one kind of recording.

    *reasons* are ours that the category stands for, *effect* narrows them. *operations* are the journal's
    names where another category has the same reasons. *together* are categories that are counted with this
    one. *on* is the token whose entries are taken, *table* where they stand, *counted* whether transactions
    or entries are counted.
    """

    file: str
    token: str
    category: str
    reasons: tuple[str, ...]
    compare: str
    unit: str
    rests_on: str
    why: str = ""
    effect: str = ""
    operations: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    on: str = ""
    within: int = 0
    table: str = "transfers"
    counted: str = "transactions"

    @property
    def measure(self) -> Measure:
        return MEASURES[self.compare]


class Slip(NamedTuple):
    """Transactions that the truth is known to book otherwise than the contract acted.

    They are those of *operations* on the token, to the token itself where *to_itself*; *booked_as* is the
    truth's category, empty where it books them nowhere.
    """

    file: str
    token: str
    operations: tuple[str, ...]
    booked_as: str
    rests_on: str
    to_itself: bool = False


class Means(NamedTuple):
    """Operations of the journal that the truth books as *category*; *reasons* where no flow has it."""

    operations: tuple[str, ...]
    category: str
    reasons: tuple[str, ...] = ()
    file: str = ""


class Move(NamedTuple):
    """Transfers *way* (to, from) an address with a *role* of the file, or ``itself``, and their category."""

    file: str
    way: str
    role: str
    category: str


class Rows(NamedTuple):
    flows: tuple[Row, ...]
    slips: tuple[Slip, ...]
    operations: tuple[Means, ...] = ()
    moves: tuple[Move, ...] = ()

    def of(self, kind: str, token: str) -> Rows:
        """Return the rows of one token, from this kind of recording or else from the first that has the token."""
        files = [row.file for row in self.flows if row.token == token]
        file = kind if kind in files or not files else files[0]
        return Rows(
            tuple(row for row in self.flows if (row.token, row.file) == (token, file)),
            tuple(slip for slip in self.slips if (slip.token, slip.file) == (token, file)),
        )

    def category_of(self, kind: str, operation: str) -> str | None:
        """Return what the truth books an operation as: what is said of this kind of file, else of all."""
        found = {means.file: means.category for means in self.operations if operation in means.operations}
        return found.get(kind, found.get(""))

    def moved(self, kind: str, way: str, role: str) -> str | None:
        """Return what the truth books a transfer to or from a role as."""
        found = [m.category for m in self.moves if (m.file, m.way, m.role) == (kind, way, role)]
        return found[0] if found else None


def load(path: Path) -> Rows:
    """Return the rows of *path*; Usage names the row that is wrong."""
    with path.open("rb") as file:
        raw = tomllib.load(file)
    rows = Rows(
        tuple(_made(Row, table) for table in raw.get("flow", [])),
        tuple(_made(Slip, table) for table in raw.get("slip", [])),
        tuple(_made(Means, table) for table in raw.get("operation", [])),
        tuple(_made(Move, table) for table in raw.get("move", [])),
    )
    known = ", ".join(MEASURES)
    for row in rows.flows:
        if row.compare not in MEASURES:
            raise Usage(f"{path}: {row.token} {row.category} has compare = {row.compare!r}; known: {known}.")
    return rows


def missing(rows: Rows, recording: Recording) -> list[tuple[str, str]]:
    """Return the (token, category) pairs of a recording that no row holds."""
    return [
        (token.key, category)
        for token in recording.tokens
        for category in unlisted(rows.of(recording.kind, token.key), token)
    ]


def unlisted(rows: Rows, token: TokenTruth) -> list[str]:
    """Return the categories of *token* that none of its *rows* holds."""
    held = {row.category for row in rows.flows}
    return [category for category in token.categories if category not in held]


def slipped(slips: Iterable[Slip], token: TokenTruth, recording: Recording) -> dict[tuple[int, int], Slip]:
    """Return the transactions that the truth's journal shows to be known slips."""
    found = {}
    for slip in slips:
        for place, operation in recording.operations.items():
            if operation.name not in slip.operations or operation.target != token.address:
                continue
            if slip.to_itself and recipient(operation.name, operation.args) != token.address:
                continue
            found[place] = slip
    return found


RECIPIENT = {"transfer": 0, "transferShares": 0, "transferWithData": 0, "transferFrom": 1}
"""Position of the recipient among a call's arguments; the amount follows it."""


def recipient(name: str, args: tuple[object, ...]) -> object:
    return args[RECIPIENT[name]]


def recipient_of(operation: Operation) -> object | None:
    """Return who receives in a transfer; None where the operation is none."""
    return recipient(operation.name, operation.args) if operation.name in RECIPIENT else None


def asked(name: str, args: tuple[object, ...]) -> int:
    """Return the amount that a transfer's call asked for."""
    return int(str(args[RECIPIENT[name] + 1]))


def _made(kind: Any, table: dict[str, Any]) -> Any:
    fields = {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}
    try:
        return kind(**fields)
    except TypeError as error:
        raise Usage(f"A row of flows.toml is wrong ({error}): {table}.") from error
