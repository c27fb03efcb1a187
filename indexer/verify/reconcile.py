"""A report beside our figures: what matches, what is missing, what is extra, and what stands on another day.

Pure: reported rows and our figures in, findings out. Flows are compared in flowmatch; a stock is the figure at a close.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from indexer.config.reported import STOCKS, Reported
from indexer.verify.findings import (
    DIFFERS,
    MATCHED,
    MISSING,
    SHIFTED,
    STATUSES,
    UNKNOWN,
    Entry,
    Finding,
    Ours,
    Terms,
    evidence_of,
    off,
    plain,
    total,
)
from indexer.verify.flowmatch import match_flows


def reconcile(rows: Iterable[Reported], ours: Ours, terms: Terms) -> list[Finding]:
    """Return what comes of comparing *rows* with *ours*, by day, kind and chain."""
    groups: dict[tuple[str, str | None], list[Reported]] = defaultdict(list)
    for row in rows:
        groups[row.kind, row.chain_id].append(row)
    found: list[Finding] = []
    for (kind, _), group in groups.items():
        found += (
            [_stock(row, ours, terms) for row in group] if kind in STOCKS else match_flows(group, ours, terms)
        )
    explained = _elsewhere(found, ours.entries)
    return sorted(
        explained, key=lambda f: (f.day, f.kind, f.chain_id or "", STATUSES.index(f.status), f.lines)
    )


def _stock(row: Reported, ours: Ours, terms: Terms) -> Finding:
    """Return how a reported stock stands to our close of that day, or of the nearest one that equals it."""
    held = ours.stocks.get((row.kind, row.chain_id, row.day))
    slack = terms.slack(row.amount)
    found = Finding(UNKNOWN, row.kind, row.chain_id, row.day, row.amount, None, lines=(row.line,))
    if held is None or held.value is None:
        return found._replace(why=(held.why_null if held else None) or _no_day(row, ours))
    found = found._replace(ours=held.value, our_day=row.day, shift=0)
    if off(held.value, row.amount) <= slack:
        return found._replace(status=MATCHED)
    near = [
        (abs(shift), day, shift, stock.value)
        for (kind, chain_id, day), stock in ours.stocks.items()
        if (kind, chain_id) == (row.kind, row.chain_id)
        and stock.value is not None
        and off(stock.value, row.amount) <= slack
        and abs(shift := terms.business.between(row.day, day)) <= terms.shift
    ]
    if not near or not terms.shift:
        return found._replace(status=DIFFERS)
    _, day, shift, value = min(near)
    why = f"it is the figure of another close; that of {row.day} is {plain(held.value)}"
    return found._replace(status=SHIFTED, ours=value, our_day=day, shift=shift, why=why)


def _no_day(row: Reported, ours: Ours) -> str:
    """Return why there is no figure of the row's day."""
    if row.chain_id is not None and row.chain_id not in ours.chains:
        return "this chain is not in this home"
    return "the day is not covered here, or lies before the first event"


def _elsewhere(found: Sequence[Finding], entries: Sequence[Entry]) -> list[Finding]:
    """Return *found*, with what is missing explained where that very amount was booked as something else.

    A single entry of that amount, or all entries of one other kind on a day.
    """
    days: dict[tuple[str, str, date], list[Entry]] = defaultdict(list)
    by: dict[Decimal, list[tuple[Entry, ...]]] = defaultdict(list)
    for entry in entries:
        if entry.amount is not None:
            by[entry.amount.copy_abs()].append((entry,))
            days[entry.kind, entry.chain_id, entry.day].append(entry)
    for these in days.values():
        if len(these) > 1:
            by[total(entry.amount.copy_abs() for entry in these if entry.amount is not None)].append(
                tuple(these)
            )
    return [
        _with_hint(f, by[f.reported.copy_abs()]) if f.status == MISSING and f.reported else f for f in found
    ]


def _with_hint(finding: Finding, booked: Sequence[tuple[Entry, ...]]) -> Finding:
    others = [e for e in booked if e[0].kind != finding.kind and finding.chain_id in (None, e[0].chain_id)]
    if not others:
        return finding
    near = min(others, key=lambda these: (abs((these[0].day - finding.day).days), len(these)))
    what = (
        "an entry of that amount is"
        if len(near) == 1
        else f"{len(near):,} entries, together of that amount, are"
    )
    why = f"{what} {near[0].kind} ({evidence_of(near)}) on {near[0].day}"
    return finding._replace(why=why, transactions=tuple(dict.fromkeys(entry.tx_hash for entry in near)))
