"""Flows by category and UTC day: what operators asked for beside our entries' reasons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from .compare import Tally
from .figures import Entry, Ours, Rebase
from .rows import Row, Rows, asked, slipped, unlisted
from .truth import Booked, Place, Recording, TokenTruth

Ledgers = Mapping[str, Ours]
"""Our ledgers of a file's tokens by the file's key."""


class Figure(NamedTuple):
    """What we have of one category on one day; *amount* is None where an entry's is not known."""

    transactions: int
    entries: int
    amount: int | None


def flows(recording: Recording, truth: TokenTruth, rows: Rows, ledgers: Ledgers) -> list[Tally]:
    """Return one tally for each category, one for what no category claims, one for each kind of slip."""
    slips = slipped(rows.slips, truth, recording)
    tallies = [
        Tally(f"flow {name}", 0, (f"the category {name} of {truth.key} is in no row of flows.toml",))
        for name in unlisted(rows, truth)
    ]
    tallies += [
        _category(recording, truth, rows, ledgers, row)
        for row in rows.flows
        if row.category in truth.categories
    ]
    tallies += [
        _listed(f"slip: {text}", [place for place, slip in slips.items() if slip.booked_as == booked], mine)
        for booked, text in _slip_texts(rows)
        for mine in [ledgers[truth.key]]
    ]
    return [*tallies, *_unclaimed(rows, ledgers[truth.key], slips.keys())]


def _category(recording: Recording, truth: TokenTruth, rows: Rows, ledgers: Ledgers, row: Row) -> Tally:
    source = ledgers.get(row.on or truth.key)
    if source is None:
        return Tally(
            f"flow {row.category}", 0, note=f"not compared: {row.on}, whose leg it is, is not configured"
        )
    slips = slipped(rows.slips, truth, recording)
    wanted = _wanted(truth, row)
    for place, slip in slips.items():
        if slip.booked_as == row.category:
            day, operation = recording.days[place[0]], recording.operations[place]
            wanted[day] = _less(wanted[day], asked(operation.name, operation.args))
    got = _figures(row, source, _belongs(recording, rows, row, slips.keys()))
    return _compared(row, wanted, got)


def _wanted(truth: TokenTruth, row: Row) -> dict[str, Booked]:
    """Return what the truth books of *row* by day, with the categories that are counted with it."""
    categories = (row.category, *row.together)
    days = {day: [booked[c] for c in categories if c in booked] for day, booked in truth.flows.items()}
    return {day: _summed(booked) for day, booked in days.items() if booked}


def _summed(booked: list[Booked]) -> Booked:
    amounts = [b.amount for b in booked if b.amount is not None]
    whole = len(amounts) == len(booked)
    return Booked(sum(b.times for b in booked), sum(amounts) if whole else None)


def _less(booked: Booked, amount: int) -> Booked:
    return Booked(booked.times - 1, None if booked.amount is None else booked.amount - amount)


def _belongs(recording: Recording, rows: Rows, row: Row, slips: Iterable[Place]) -> Callable[[Place], bool]:
    """Return whether a transaction can belong to *row*, for rows that stand for the same reasons.

    A row with operations has only those; the others have all but them.
    """
    elsewhere = {
        name
        for other in rows.flows
        if other != row and set(other.reasons) & set(row.reasons)
        for name in other.operations
    }
    out = set(slips)

    def belongs(place: Place) -> bool:
        operation = recording.operations.get(place)
        name = "" if operation is None else operation.name
        return place not in out and name not in elsewhere and (not row.operations or name in row.operations)

    return belongs


def _figures(row: Row, source: Ours, belongs: Callable[[Place], bool]) -> dict[str, Figure]:
    by_day: dict[str, list[Entry | Rebase]] = defaultdict(list)
    taken: Iterable[Entry | Rebase] = source.rebases if row.table == "rebases" else _chosen(row, source)
    for entry in taken:
        if entry.tx_index is not None and belongs((entry.block, entry.tx_index)):
            by_day[entry.day].append(entry)
    return {day: _figure(entries) for day, entries in by_day.items()}


def _chosen(row: Row, source: Ours) -> list[Entry]:
    return [e for e in source.entries if e.reason in row.reasons and row.effect in {"", e.effect}]


def _figure(entries: list[Entry | Rebase]) -> Figure:
    amounts = [entry.raw for entry in entries]
    known = [amount for amount in amounts if amount is not None]
    return Figure(
        transactions=len({(entry.block, entry.tx_index) for entry in entries}),
        entries=len(entries),
        amount=sum(known) if len(known) == len(amounts) else None,
    )


_NOTHING = Figure(0, 0, 0)


def _compared(row: Row, wanted: Mapping[str, Booked], got: Mapping[str, Figure]) -> Tally:
    compared = unknown = reverting = 0
    differing: list[str] = []
    for day in sorted(wanted.keys() | got.keys()):
        truth, mine = wanted.get(day, Booked(0, 0)), got.get(day, _NOTHING)
        count = mine.entries if row.counted == "entries" else mine.transactions
        if row.measure.counts:
            compared += 1
            if count < truth.times or (count > truth.times and not row.measure.least):
                differing.append(f"{day}: {count} {row.counted}, {truth.times} wanted")
        if row.measure.amounts and truth.amount is None:
            reverting += 1
        elif row.measure.amounts and mine.amount is None:
            unknown += 1
        elif row.measure.amounts:
            compared += 1
            off = (mine.amount or 0) - (truth.amount or 0)
            if abs(off) > row.within * mine.entries and (off < 0 or not row.measure.least):
                differing.append(f"{day}: {mine.amount} {row.unit}, {truth.amount} wanted ({off:+d})")
    note = _note(row, wanted)
    if row.measure.least:
        ours = sum(figure.transactions for figure in got.values())
        note = f"{note}; ours {ours}"
    return Tally(f"flow {row.category}", compared, tuple(differing), unknown, reverting, note)


def _note(row: Row, wanted: Mapping[str, Booked]) -> str:
    booked = sum(b.times for b in wanted.values())
    how = {
        "within": "amount",
        "underlying_leg": f"amount on the {row.on} leg",
        "count": "count only",
        "at_least": "at least so many",
    }.get(row.compare, row.compare.replace("_", " "))
    within = f" within {row.within} base units an entry" if row.within else ""
    why = f": {row.why}" if row.why else ""
    others = f" with {', '.join(row.together)}" if row.together else ""
    return f"{booked} booked{others}, {how}{within}{why}"


def _slip_texts(rows: Rows) -> list[tuple[str, str]]:
    texts = {}
    for slip in rows.slips:
        what = "transfers to the token itself" if slip.to_itself else "plain transfers"
        how = f"booked as {slip.booked_as}" if slip.booked_as else "not booked"
        texts[slip.booked_as] = f"{what}, {how}"
    return list(texts.items())


def _listed(what: str, places: Iterable[Place], mine: Ours) -> Tally:
    """Return a tally that lists transactions and what we make of them, and compares nothing."""
    chosen = set(places)
    reasons: dict[str, set[Place]] = defaultdict(set)
    for entry in mine.entries:
        if (entry.block, entry.tx_index) in chosen:
            reasons[entry.reason].add((entry.block, entry.tx_index))
    said = ", ".join(f"{reason} {len(found)}" for reason, found in sorted(reasons.items()))
    return Tally(what, 0, note=f"{len(chosen)} transactions, listed; ours: {said or 'none'}")


def _unclaimed(rows: Rows, mine: Ours, slips: Iterable[Place]) -> list[Tally]:
    """Return what our entries say and no category stands for; changes by transaction prove it."""
    out = set(slips)
    claims = [(set(row.reasons), row.effect) for row in rows.flows if not row.on]
    left: dict[str, set[Place]] = defaultdict(set)
    for entry in mine.entries:
        place = (entry.block, entry.tx_index)
        claimed = any(entry.reason in reasons and effect in {"", entry.effect} for reasons, effect in claims)
        if not claimed and place not in out:
            left[f"{entry.effect} {entry.reason}"].add(place)
    return [
        Tally(f"no category: {name}", 0, note=f"{len(places)} transactions, listed")
        for name, places in sorted(left.items())
    ]
