"""What a report is compared with, on which terms, and what that finds: the values that reconciling passes on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Context, Decimal
from typing import NamedTuple

from indexer.config.reported import Reported
from indexer.verify.business import Business

MATCHED, SHIFTED, DIFFERS, MISSING, EXTRA, UNKNOWN = (
    "matched", "shifted", "differs", "missing", "extra", "unknown",
)  # fmt: skip
STATUSES = (DIFFERS, MISSING, EXTRA, SHIFTED, UNKNOWN, MATCHED)
"""Every status, worst first."""


EXACT = Context(prec=120)
"""Every sum and difference here is made in it: the usual context would cut a report's total to 28 digits."""


def off(left: Decimal, right: Decimal) -> Decimal:
    """Return how far *left* and *right* lie apart, exactly."""
    return less(left, right).copy_abs()


def less(left: Decimal, right: Decimal) -> Decimal:
    """Return *left* − *right*, exactly."""
    return EXACT.subtract(left, right)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Return the sum of *amounts*, exactly."""
    found = Decimal(0)
    for amount in amounts:
        found = EXACT.add(found, amount)
    return found


def plain(amount: Decimal) -> str:
    """Return every digit of *amount*."""
    return f"{amount.normalize(EXACT):f}"


class Entry(NamedTuple):
    """One entry of our ledger, signed as reports are; *amount* is None where it is not known."""

    chain_id: str
    day: date
    kind: str
    evidence: str
    amount: Decimal | None
    tx_hash: str
    why_null: str | None = None


class Stock(NamedTuple):
    """Our figure at a close, why it is None, and the certificate of that day."""

    value: Decimal | None
    why_null: str | None = None
    certificate: str | None = None


class Ours(NamedTuple):
    """What we have of a token: its chains here, stocks, entries, and per chain the days that are fully covered.

    Stocks are keyed by kind, chain (None: all together) and day.
    """

    chains: tuple[str, ...]
    stocks: Mapping[tuple[str, str | None, date], Stock]
    entries: Sequence[Entry]
    covered: Mapping[str, tuple[date, date]]


class Terms(NamedTuple):
    """How to compare: the largest difference that matches (None: what the digits of the report explain), how many
    business days away to look, and between which days an entry that is not reported is extra (None: those of the
    report)."""

    tolerance: Decimal | None
    shift: int
    business: Business
    first: date | None = None
    last: date | None = None

    def slack(self, amount: Decimal) -> Decimal:
        """Return by how much ours may differ from a reported *amount*."""
        if self.tolerance is not None:
            return self.tolerance
        exponent = amount.as_tuple().exponent
        return Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)


class Finding(NamedTuple):
    """One comparison. *chain_id* None is all chains together; *shift* counts business days from the reported day."""

    status: str
    kind: str
    chain_id: str | None
    day: date
    reported: Decimal | None
    ours: Decimal | None
    our_day: date | None = None
    shift: int | None = None
    evidence: str | None = None
    lines: tuple[int, ...] = ()
    transactions: tuple[str, ...] = ()
    why: str | None = None

    @property
    def difference(self) -> Decimal | None:
        """Ours less what was reported; None where one of them is not there."""
        return None if self.reported is None or self.ours is None else less(self.ours, self.reported)


class Item(NamedTuple):
    """An amount of a day that may be matched as one: what it is made of, and by how much it may be off."""

    day: date
    amount: Decimal
    slack: Decimal
    rows: tuple[Reported, ...] = ()
    entries: tuple[Entry, ...] = ()


def item_of_rows(rows: Sequence[Reported], terms: Terms) -> Item:
    """Return reported *rows* of one day as one."""
    slack = total(terms.slack(row.amount) for row in rows) if terms.tolerance is None else terms.tolerance
    return Item(rows[0].day, total(row.amount for row in rows), slack, rows=tuple(rows))


def item_of_entries(day: date, entries: Sequence[Entry]) -> Item:
    """Return *entries* of one day as one; none of them is zero."""
    amount = total(entry.amount for entry in entries if entry.amount is not None)
    return Item(day, amount, Decimal(0), entries=tuple(entries))


def evidence_of(entries: Iterable[Entry]) -> str | None:
    """Return by which evidence *entries* are known, each with its amount where there are several."""
    each: dict[str, list[Decimal]] = defaultdict(list)
    for entry in entries:
        each[entry.evidence].append(entry.amount or Decimal(0))
    if len(each) <= 1:
        return next(iter(each), None)
    return " · ".join(f"{name} {plain(total(amounts))}" for name, amounts in sorted(each.items()))
