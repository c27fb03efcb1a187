"""Progress bars for a terminal. Imported only where one is there, for rich is slow to load."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from indexer.floor.cells import safe


class Rate(ProgressColumn):
    """How far a stage is and how fast it goes, in its own unit."""

    def render(self, task: Task) -> Text:
        done = f"{task.completed:,.0f}"
        if task.total is not None:
            done += f" of {task.total:,.0f}"
        line = f"{done} {task.fields['unit']}"
        return Text(f"{line}, {task.speed:,.0f}/s" if task.speed else line)


class Bars:
    """A bar for each stage; notes scroll above them."""

    def __init__(self, drawn: Progress) -> None:
        self._drawn = drawn
        self._tasks: dict[str, TaskID] = {}

    def start(self, stage: str, total: int, unit: str) -> None:
        known = total if total > 0 else None
        if stage in self._tasks:
            self._drawn.reset(self._tasks[stage], total=known, unit=unit)
            return
        self._tasks[stage] = self._drawn.add_task(safe(stage), total=known, unit=unit)

    def advance(self, stage: str, amount: int) -> None:
        self._drawn.advance(self._tasks[stage], amount)

    def note(self, text: str) -> None:
        self._drawn.console.print(safe(text), markup=False, highlight=False, soft_wrap=True)


@contextmanager
def bars() -> Iterator[Bars]:
    """Yield bars on stderr; they are taken off it at the end."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        Rate(),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as drawn:
        yield Bars(drawn)
