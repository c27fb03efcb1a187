"""Reported flows beside our entries: whole days first, then row by row, then both on days nearby.

A report may tell a day in one figure or order by order, and book an order a day before or after the chain does. So
what a day's total explains is taken first; of what is left, single rows that equal single entries of the same day;
then totals, then single ones, on the nearest day within the terms. What remains differs, is missing or is extra.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple, TypeVar

from indexer.config.reported import Reported
from indexer.verify.findings import (
    DIFFERS,
    EXTRA,
    MATCHED,
    MISSING,
    SHIFTED,
    UNKNOWN,
    Entry,
    Finding,
    Item,
    Ours,
    Terms,
    evidence_of,
    item_of_entries,
    item_of_rows,
    less,
    off,
    plain,
)

One = TypeVar("One")


class Open(NamedTuple):
    """What is not matched yet, by day."""

    told: dict[date, list[Reported]]
    held: dict[date, list[Entry]]


def match_flows(rows: Sequence[Reported], ours: Ours, terms: Terms) -> Iterator[Finding]:
    """Yield what comes of comparing *rows*, all of one kind and chain (None: all chains), with our entries."""
    kind, chain_id = rows[0].kind, rows[0].chain_id
    chains = ours.chains if chain_id is None else tuple(c for c in ours.chains if c == chain_id)
    entries = [e for e in ours.entries if e.kind == kind and e.chain_id in chains and e.amount != 0]
    unknown = _unknown_days(chains, rows, entries, ours)
    left = Open(defaultdict(list), defaultdict(list))
    for row in rows:
        if row.day in unknown:
            lone = item_of_rows([row], terms)
            yield _finding(UNKNOWN, kind, chain_id, lone)._replace(why=unknown[row.day])
        else:
            left.told[row.day].append(row)
    for entry in entries:
        if entry.day not in unknown:
            left.held[entry.day].append(entry)
    for told, held in _matched(left, terms):
        status = MATCHED if told.day == held.day else SHIFTED
        yield _finding(status, kind, chain_id, told, held, terms)
    first = terms.first or min(row.day for row in rows)
    last = terms.last or max(row.day for row in rows)
    yield from _rest(kind, chain_id, left, terms, (first, last))


def _unknown_days(
    chains: Sequence[str], rows: Sequence[Reported], entries: Sequence[Entry], ours: Ours
) -> dict[date, str]:
    """Return the days of which nobody here can say what happened, and why."""
    found: dict[date, str] = {}
    for day in {row.day for row in rows} | {entry.day for entry in entries}:
        if not chains:
            found[day] = "this chain is not in this home"
        for chain in chains:
            first, last = ours.covered.get(chain, (date.max, date.min))
            if not first <= day <= last:
                found[day] = f"the day is not fully covered here on {chain}"
    for entry in entries:
        if entry.amount is None:
            found[entry.day] = entry.why_null or "an amount of the day is not known"
    return found


def _matched(left: Open, terms: Terms) -> Iterator[tuple[Item, Item]]:
    """Yield what equals each other, and take it out of *left*."""
    yield from _whole_days(left, terms)
    yield from _paired(left, _rows(left, terms), _entries(left), terms, reach=None)
    if terms.shift:
        whole = [item_of_rows(rows, terms) for _, rows in sorted(left.told.items())]
        yield from _paired(left, whole, _days(left), terms, reach=terms.shift)
        yield from _paired(left, _rows(left, terms), _days(left), terms, reach=terms.shift)
        yield from _paired(left, _rows(left, terms), _entries(left), terms, reach=terms.shift)
        yield from _whole_days(
            left, terms
        )  # what was mixed with an order of another day may be a day's total now


def _whole_days(left: Open, terms: Terms) -> Iterator[tuple[Item, Item]]:
    for day in sorted(left.told):
        told, held = item_of_rows(left.told[day], terms), item_of_entries(day, left.held.get(day, []))
        if off(told.amount, held.amount) <= told.slack:
            yield _taken(left, told, held)


def _days(left: Open) -> list[Item]:
    return [item_of_entries(day, entries) for day, entries in sorted(left.held.items())]


def _rows(left: Open, terms: Terms) -> list[Item]:
    return [item_of_rows([row], terms) for _, rows in sorted(left.told.items()) for row in rows]


def _entries(left: Open) -> list[Item]:
    return [item_of_entries(day, [entry]) for day, entries in sorted(left.held.items()) for entry in entries]


def _taken(left: Open, told: Item, held: Item) -> tuple[Item, Item]:
    """Return the pair, after taking what it is made of out of *left*."""
    _remove(left.told, told.day, told.rows)
    _remove(left.held, held.day, held.entries)
    return told, held


def _remove(side: dict[date, list[One]], day: date, gone: Sequence[One]) -> None:
    ids = {id(one) for one in gone}
    rest = [one for one in side.get(day, []) if id(one) not in ids]
    if rest:
        side[day] = rest
    else:
        side.pop(day, None)


def _paired(
    left: Open, told: Iterable[Item], held: Iterable[Item], terms: Terms, reach: int | None
) -> Iterator[tuple[Item, Item]]:
    """Yield pairs of equal amount, the nearest days first; with *reach* None only those of one day."""
    there = _Amounts(held)
    waiting = [item for item in told if item.amount]
    for distance in range((reach or 0) + 1):
        still = []
        for item in waiting:
            near = [item.day] if reach is None else _days_at(item.day, distance, there.days, terms)
            other = next((found for day in near if (found := there.take(day, item)) is not None), None)
            if other is None:
                still.append(item)
            else:
                yield _taken(left, item, other)
        waiting = still


def _days_at(day: date, distance: int, days: Sequence[date], terms: Terms) -> list[date]:
    """Return those of *days* that lie *distance* business days away, later ones first."""
    calendar = 2 * terms.shift + 14
    low = bisect_left(days, date.fromordinal(max(day.toordinal() - calendar, 1)))
    high = bisect_left(days, date.fromordinal(day.toordinal() + calendar))
    return [d for d in reversed(days[low:high]) if abs(terms.business.between(day, d)) == distance]


class _Amounts:
    """Items by day and amount, each to be taken once."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._of: dict[date, list[tuple[Decimal, int, Item]]] = defaultdict(list)
        for number, item in enumerate(items):
            self._of[item.day].append((item.amount, number, item))
        for listed in self._of.values():
            listed.sort(key=lambda one: one[:2])
        self.days = sorted(self._of)

    def take(self, day: date, wanted: Item) -> Item | None:
        """Return and remove an item of *day* that equals *wanted*; None where there is none."""
        listed = self._of.get(day, [])
        at = bisect_left(listed, less(wanted.amount, wanted.slack), key=lambda one: one[0])
        if at < len(listed) and less(listed[at][0], wanted.amount) <= wanted.slack:
            return listed.pop(at)[2]
        return None


def _rest(
    kind: str, chain_id: str | None, left: Open, terms: Terms, window: tuple[date, date]
) -> Iterator[Finding]:
    """Yield what is left of each day: other amounts, rows without entries, entries without rows."""
    held = {day: these for day, these in left.held.items() if window[0] <= day <= window[1]}
    found: list[Finding] = []
    for day in sorted(left.told.keys() | held):
        entries = item_of_entries(day, held[day]) if day in held else None
        if day not in left.told:
            found.append(_finding(EXTRA, kind, chain_id, None, entries))
        elif entries is None:
            found += [_finding(MISSING, kind, chain_id, item_of_rows([row], terms)) for row in left.told[day]]
        else:
            found.append(_finding(DIFFERS, kind, chain_id, item_of_rows(left.told[day], terms), entries))
    yield from _offset(found, terms)


def _offset(found: Sequence[Finding], terms: Terms) -> Iterator[Finding]:
    """Yield *found*; two days nearby that differ by the same amount the other way are one that was shifted."""
    by: dict[Decimal, list[int]] = defaultdict(list)
    for number, finding in enumerate(found):
        by[_off(finding)].append(number)
    paired: set[int] = set()
    for number, finding in enumerate(found):
        if finding.status != DIFFERS or number in paired:
            continue
        others = [
            (abs(terms.business.between(finding.day, found[n].day)), n)
            for n in by.get(_off(finding).copy_negate(), [])
            if n not in paired
        ]
        near = [one for one in sorted(others) if one[0] <= terms.shift]
        if near:
            paired |= {number, near[0][1]}
            for one, other in ((number, near[0][1]), (near[0][1], number)):
                yield _moved(found[one], found[other], terms)
    yield from (finding for number, finding in enumerate(found) if number not in paired)


def _off(finding: Finding) -> Decimal:
    return less(finding.ours or Decimal(0), finding.reported or Decimal(0))


def _moved(finding: Finding, other: Finding, terms: Terms) -> Finding:
    part = plain(_off(finding).copy_abs())
    return finding._replace(
        status=SHIFTED,
        our_day=other.day,
        shift=terms.business.between(finding.day, other.day),
        why=f"{part} of it stands on {other.day}",
    )


def _finding(  # the one place that knows what of an item a finding shows
    status: str,
    kind: str,
    chain_id: str | None,
    told: Item | None,
    held: Item | None = None,
    terms: Terms | None = None,
) -> Finding:
    day = told.day if told is not None else held.day if held is not None else date.min
    entries = held.entries if held is not None else ()
    return Finding(
        status,
        kind,
        chain_id,
        day,
        None if told is None else told.amount,
        None if held is None else held.amount,
        None if held is None else held.day,
        None if told is None or held is None else terms.business.between(told.day, held.day) if terms else 0,
        evidence_of(entries),
        () if told is None else tuple(row.line for row in told.rows),
        tuple(dict.fromkeys(entry.tx_hash for entry in entries)),
    )
