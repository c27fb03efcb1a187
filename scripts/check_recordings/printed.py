"""The reports as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .compare import Tally
from .confusion import Table, undecided
from .line import Report, TokenReport

SHOWN = 5


def lines(report: Report) -> Iterator[str]:
    """Yield the lines of one report."""
    recording = report.recording
    yield f"{recording.chain}: chain id {recording.number}, head {recording.head}, {recording.logs} logs"
    for token in report.tokens:
        yield from _token(token)
    yield from _confusion(report.confusion)
    made = ", ".join(f"{name} {times}" for name, times in sorted(report.reads.items()))
    yield f"  reads of derive: {made or 'none'}"
    yield from (f"    NOT ALLOWED {sentence}" for sentence in report.refused)
    yield f"  verify: exit code {report.verified}"
    if report.verified:
        yield from (f"    {line}" for line in report.verdicts.splitlines())


def _token(token: TokenReport) -> Iterator[str]:
    if token.token is None:
        yield f"  {token.key} {token.address}: not configured"
        return
    yield f"  {token.key} {token.address}: {token.token}"
    for tally in token.tallies:
        yield _tally(tally)
        yield from (f"      {sentence}" for sentence in tally.differing[:SHOWN])
        if len(tally.differing) > SHOWN:
            yield f"      and {len(tally.differing) - SHOWN} more"


def _tally(tally: Tally) -> str:
    figures = f"{tally.compared:>6} compared, {len(tally.differing):>3} differ"
    if tally.unknown:
        figures += f", {tally.unknown} not known"
    if tally.reverting:
        figures += f", {tally.reverting} NULL where the call reverts"
    note = f" ({tally.note})" if tally.note else ""
    return f"    {tally.what:<38} {figures}{note}"


def _confusion(table: Table) -> Iterator[str]:
    """Yield the confusion table: a cell marked * holds entries of a category that wants other reasons."""
    said = table.said
    widths = [max(len(one.reason), len(one.evidence), 6) for one in said]
    yield "  entries by what operators did (rows) and by our reason and its evidence (columns):"
    for row in (0, 1):
        heads = (f"{one[row]:>{width}}" for one, width in zip(said, widths, strict=True))
        yield f"    {'':<38} {'  '.join(heads)}"
    for category in table.categories:
        cells = []
        for one, width in zip(said, widths, strict=True):
            entries = table.cells.get((category, one), 0)
            mark = "*" if table.strays(category, one) else ""
            cells.append(f"{f'{entries}{mark}' if entries else '.':>{width}}")
        yield f"    {category:<38} {'  '.join(cells)}"
    told = "; ".join(undecided(table))
    yield f"  told by no log, input, role or match: {told or 'nothing but plain transfers'}"


TOTALS = {
    "supply points": ("supply points",),
    "balances": ("balances",),
    "in shares": ("points of total shares", "balances in shares"),
    "address counts": ("address counts",),
    "changes": ("changes of ",),
    "days": ("roll-forward days",),
    "flows": ("flow ",),
}
"""Columns of the summary, and the names of the tallies in them; one that ends in a blank is how they begin."""


def summary(reports: Sequence[Report]) -> Iterator[str]:
    """Yield a table with a row a file and one for all."""
    heads = ["file", "series", *TOTALS, "reverts", "NULL", "reads", "differ"]
    body = [_summed(report.recording.chain, [report]) for report in reports]
    body.append(_summed("all", reports))
    widths = [max(len(row[i]) for row in (heads, *body)) for i in range(len(heads))]
    for row in (heads, *body):
        first, *rest = (
            f"{cell:<{width}}" if i == 0 else f"{cell:>{width}}"
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join((first, *rest))


def _summed(name: str, reports: Sequence[Report]) -> list[str]:
    tokens = [token for report in reports for token in report.tokens if token.token]
    tallies = [tally for token in tokens for tally in token.tallies]
    figures = [
        len(tokens),
        *(sum(t.compared for t in tallies if _is_one(t.what, names)) for names in TOTALS.values()),
        sum(tally.reverting for tally in tallies),
        sum(tally.unknown for tally in tallies),
        sum(sum(report.reads.values()) for report in reports),
        sum(len(tally.differing) for tally in tallies) + sum(len(report.refused) for report in reports),
    ]
    return [name, *map(str, figures)]


def _is_one(what: str, names: Sequence[str]) -> bool:
    return any(what == name or (name.endswith(" ") and what.startswith(name)) for name in names)
