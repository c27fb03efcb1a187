"""Progress on stderr: bars on a terminal, a line now and then in a log, nothing with --quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.floor.cells import safe

if TYPE_CHECKING:
    from indexer.sync.orders import Progress

EVERY = 10.0
"""Seconds between two lines of one stage in a log."""


@contextmanager
def progress(*, quiet: bool) -> Iterator[Progress]:
    """Yield the progress that suits stderr; bars are taken off it at the end."""
    if quiet:
        yield Quiet()
    elif sys.stderr.isatty():
        from indexer.cli.bars import bars  # noqa: PLC0415 - only a terminal pays for rich

        with bars() as drawn:
            yield drawn
    else:
        yield Lines(_write)


def _write(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


class Quiet:
    """Says nothing but notes, which tell what went wrong."""

    def start(self, stage: str, total: int, unit: str) -> None:
        pass

    def advance(self, stage: str, amount: int) -> None:
        pass

    def note(self, text: str) -> None:
        _write(safe(text))


@dataclass(slots=True)
class _Stage:
    total: int
    unit: str
    began: float
    said: float
    done: int = 0


class Lines:
    """Writes a line when a stage ends, and every ten seconds while it lasts."""

    def __init__(self, write: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._write = write
        self._clock = clock
        self._stages: dict[str, _Stage] = {}

    def start(self, stage: str, total: int, unit: str) -> None:
        now = self._clock()
        self._stages[stage] = _Stage(total, unit, now, now)

    def advance(self, stage: str, amount: int) -> None:
        state = self._stages[stage]
        state.done += amount
        now = self._clock()
        if 0 < state.total <= state.done and state.done - amount < state.total:
            state.said = now
            self._write(_ended(stage, state, now))
        elif now - state.said >= EVERY:
            state.said = now
            self._write(_under_way(stage, state, now))

    def note(self, text: str) -> None:
        self._write(safe(text))


def _ended(stage: str, state: _Stage, now: float) -> str:
    return f"{safe(stage)}: {state.done:,} {state.unit} in {_duration(now - state.began)}"


def _under_way(stage: str, state: _Stage, now: float) -> str:
    rate = state.done / max(now - state.began, 0.001)
    known = f"{state.done:,} of {state.total:,}" if state.total > 0 else f"{state.done:,}"
    line = f"{safe(stage)}: {known} {state.unit}, {rate:,.0f} a second"
    if state.total > state.done and rate > 0:
        line += f", {_duration((state.total - state.done) / rate)} left"
    return line


def _duration(seconds: float) -> str:
    """Return a duration in the two units a person needs."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"
