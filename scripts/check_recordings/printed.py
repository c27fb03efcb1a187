"""The report as lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from .compare import Tally
from .line import Report, TokenReport

SHOWN = 5


def lines(report: Report) -> Iterator[str]:
    """Yield the lines of *report*."""
    recording = report.recording
    yield f"{recording.chain}: chain id {recording.number}, head {recording.head}, {recording.logs} logs"
    for token in report.tokens:
        yield from _token(token)
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
        figures += f", {tally.reverting} revert in the truth"
    note = f" ({tally.note})" if tally.note else ""
    return f"    {tally.what:<38} {figures}{note}"
