"""A simulated week of following: memory and file handles stay where they were after the second day."""

from __future__ import annotations

import gc
import pathlib
import shutil
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet
import pytest
from line_kit import Quiet
from sim_chain import Shape
from sim_crash import Ended
from sim_faults import Faults
from sim_loop import Clock, simulated
from sim_node import Node, Wire
from sim_run import CHAIN, cheaply, config, registry, template, world_like

from indexer.config import model
from indexer.config.settings import resolve
from indexer.sources.transport import Manners, rate_of
from indexer.store import lake
from indexer.sync import follow
from indexer.sync.orders import Order

DAY = 86_400
DAYS = 7
LOOK = 21_600.0
"""Seconds between two looks: a look at every block of a week would take minutes, for the same figures."""
GROWS = 1.15
"""How much more memory may be held at the end than after two days, when all that is made once was made."""


class Held(NamedTuple):
    """What the process holds at one moment."""

    memory: int
    handles: int


class Watch:
    """Looks at what is held at the end of each day, and ends the follower after the last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.days: list[Held] = []

    def on_step(self) -> None:
        if len(self.days) < DAYS and self._clock.now >= DAY * (len(self.days) + 1):
            gc.collect()
            self.days.append(Held(_memory(), len(list(Path("/proc/self/fd").iterdir()))))
            if len(self.days) == DAYS:
                raise Ended


def _memory() -> int:
    """Return how many bytes are held, without the table of strings that pathlib interns its parts in.

    That table is the interpreter's; it doubles once in a while, by 4 MiB in a process that ran many tests.
    """
    taken = tracemalloc.take_snapshot().filter_traces(
        [tracemalloc.Filter(inclusive=False, filename_pattern=pathlib.__file__)]
    )
    return sum(trace.size for trace in taken.traces)


@contextmanager
def _files_read() -> Iterator[None]:
    """Read Parquet files within the block: cheaply() would hold them all in memory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lake, "pq", pyarrow.parquet)
        yield


def test_a_week_of_following_holds_no_more_than_two_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither memory nor open files grow from the second day to the seventh."""
    world = world_like(Shape(60, 1_000, 600.0, 600, 8, 0.1, 5, 0.05), "week")
    home, clock = tmp_path / "home", Clock()
    home.mkdir()
    shutil.copy(template(), home / "rwa.db")
    nodes = {
        f"{CHAIN}-rpc-{n}": Node(f"{CHAIN}-rpc-{n}", world, None, Faults(fails=0.05), "week") for n in (1, 2)
    }
    urls = ",".join(f"https://{name}.invalid" for name in nodes)
    settings = resolve(home=home, config=config(), rpc=[f"{CHAIN}={urls}"])

    def connect(named: model.Endpoint, manners: Manners) -> Wire:
        return Wire(nodes[named.name], clock, manners, rate_of(named, manners))

    monkeypatch.setattr(follow, "pace", lambda _: LOOK)
    watch = Watch(clock)
    tracemalloc.start()
    try:
        with cheaply(), _files_read(), simulated(clock, watch.on_step), pytest.raises(Ended):
            follow.follow(settings, registry(), Order(tuple(registry().tokens.values())), Quiet(), connect)
    finally:
        tracemalloc.stop()
    early, last = watch.days[1], watch.days[-1]
    assert last.handles <= early.handles, watch.days
    assert last.memory <= early.memory * GROWS, watch.days
