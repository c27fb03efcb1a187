"""What an issuer, an administrator or an aggregator reports of a token, read from a CSV file row by row.

A row that cannot be read is a fault, told with its line and what to do; the others are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from indexer.config.csvfile import (
    amount_of,
    column_faults,
    day_of,
    lines_of,
    meant,
    no_header,
    shown,
    wrong_width,
)
from indexer.config.model import Registry, Token
from indexer.floor.errors import Usage

STOCKS = ("supply", "circulating", "holders", "nav", "value")
"""Kinds that hold at the close of a day; every other kind is a flow, named as the reason of its entries."""

ALIASES: Mapping[str, str] = {
    "issuances": "issuance", "subscription": "issuance", "subscriptions": "issuance", "redemptions": "redemption",
    "distributions": "distribution", "dividend": "distribution", "dividends": "distribution",
    "total_supply": "supply", "total supply": "supply", "price": "nav", "nav per share": "nav", "fees": "fee",
}  # fmt: skip
"""What reports call our kinds."""

ALL = "all"
_COLUMNS = (("day", "date"), ("kind",), ("amount",))
_SIGNED = frozenset(("distribution", "adjustment"))


class Reported(NamedTuple):
    """One figure of a report: its line, and the chain it is of by its CAIP-2 id (None: all chains together)."""

    line: int
    day: date
    kind: str
    amount: Decimal
    chain_id: str | None


class Report(NamedTuple):
    """A report as it was read: its rows, and a sentence for each row or column that was left out."""

    rows: tuple[Reported, ...]
    faults: tuple[str, ...]
    notes: tuple[str, ...]


class Asked(NamedTuple):
    """What a report is held against: the configuration, the token, the flows there are, and today's date (UTC)."""

    registry: Registry
    token: Token
    flows: tuple[str, ...]
    today: date


def read_report(name: str, data: bytes, asked: Asked) -> Report:
    """Return what the file *name* reports; Usage where its header cannot be used."""
    lines = lines_of(name, data)
    number, header = next(lines, (1, []))
    columns = [cell.strip().lower() for cell in header]
    place = f"{name}, line {number}"
    wrong = no_header(name, columns)
    unread = [
        c for c in columns if not _known(c) and not meant(c, ("day", "date", "kind", "amount", "chain"))
    ]
    wrong = wrong or column_faults(place, [c for c in columns if c not in unread], _COLUMNS, ("chain",), {})
    if wrong:
        raise Usage("\n".join([f"Nothing of {name} was compared.", *wrong]))
    notes = [f"{place}: column {shown(c)} is not compared." for c in unread]
    rows: list[Reported] = []
    faults: list[str] = []
    told: dict[tuple[object, ...], int] = {}
    try:
        for number, cells in lines:
            place = f"{name}, line {number}"
            if len(cells) != len(columns):
                faults.append(wrong_width(place, len(cells), len(columns)))
                continue
            row = _row(place, number, dict(zip(columns, map(str.strip, cells), strict=True)), asked, faults)
            if row is not None and not _told_before(place, row, told, faults):
                rows.append(row)
    except Usage as error:  # from here on it is no CSV; what stands before it is good
        faults.append(f"{error} It is not read from there on.")
    if not rows and not faults:
        raise Usage(f"{name} has no rows below its header.")
    return Report(tuple(rows), tuple(faults), tuple(notes))


def _known(column: str) -> bool:
    return column in ("day", "date", "kind", "amount", "chain")


def _told_before(place: str, row: Reported, told: dict[tuple[object, ...], int], faults: list[str]) -> bool:
    """Say whether an earlier line told this stock; several flows of a day are added."""
    if row.kind not in STOCKS:
        return False
    other = told.setdefault((row.kind, row.day, row.chain_id), row.line)
    if other == row.line:
        return False
    faults.append(f"{place} says of the same what line {other} says; leave one of them out.")
    return True


def _row(
    place: str, number: int, cells: Mapping[str, str], asked: Asked, faults: list[str]
) -> Reported | None:
    """Return the row, or None after noting what is wrong with it."""
    day = "day" if "day" in cells else "date"
    readers: tuple[tuple[str, Callable[[str], object]], ...] = (
        (day, lambda text: day_of(text, asked.today)),
        ("kind", lambda text: _kind(text, asked)),
        ("amount", lambda text: _amount(text, cells["kind"])),
        ("chain", lambda text: _chain(text, asked)),
    )
    found: dict[str, object] = {}
    for column, read in readers:
        text = cells.get(column, "")
        try:
            found["day" if column == day else column] = read(text)
        except ValueError as error:
            faults.append(f"{place}, {column} = {shown(text)} {error}.")
    if len(found) < len(readers):
        return None
    return Reported(number, found["day"], found["kind"], found["amount"], found["chain"])  # type: ignore[arg-type]


def _kind(text: str, asked: Asked) -> str:
    kinds = (*STOCKS, *asked.flows)
    kind = ALIASES.get(text.lower(), text.lower())
    if kind not in kinds:
        hint = meant(text, (*kinds, *ALIASES))
        raise ValueError(f"is no kind of figure; {hint}kinds are {', '.join(kinds)}")
    return kind


def _amount(text: str, kind: str) -> Decimal:
    """Return the amount; only what may go either way has a sign."""
    known = ALIASES.get(kind.lower(), kind.lower())
    if text.startswith("-") and known in _SIGNED:
        return amount_of(text[1:]).copy_negate()
    if text.startswith("-"):
        raise ValueError(f"has a sign; {known} tells the direction already, so write it without one")
    return amount_of(text)


def _chain(text: str, asked: Asked) -> str | None:
    """Return the CAIP-2 id of a chain that the token lives on; None for all of them."""
    if text.lower() in ("", ALL):
        return None
    places = {d.chain: d.chain_id for d in asked.token.deployments}
    named = {name.lower(): chain_id for name, chain_id in places.items()}
    named |= {chain_id.lower(): chain_id for chain_id in places.values()}
    if text.lower() not in named:
        raise ValueError(
            f"is no chain of {asked.token.id}; {meant(text, named)}it is on {', '.join(sorted(places))}; "
            f"leave the cell empty, or write {ALL}, for all of them together"
        )
    return named[text.lower()]
