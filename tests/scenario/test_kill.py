"""kill -9 at any moment loses no more than what was in memory; a resume ends where an unbroken run does."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from multiprocessing import get_context
from pathlib import Path

import killable
import pytest
from homes import Filled, Homes
from line_kit import Quiet, differing, digests_of, recording, settings_for

from indexer.floor.errors import Usage
from indexer.serve.misbehave import Faults
from indexer.serve.replay import Replay, serving
from indexer.store.journal import KEPT
from indexer.store.read import read_book
from indexer.sync.mending import repair_store

NAME = "stbt"
KILLS = 12
BETWEEN = 6
"""Kills between a file's rename and its SQL commit; the others come at a random time."""
SEED = 90_210
SERVER = get_context("forkserver")
SERVER.set_forkserver_preload(["killable", "web3", "indexer.sync.backfill", "indexer.metrics.exact"])


class Child:
    """A backfill in a process of its own, forked from a server that has the imports behind it.

    Without a *url* it is a repair of the store.
    """

    def __init__(
        self, home: Path, url: str, stop_after: int, name: str = NAME, point: str = "rename"
    ) -> None:
        mine, theirs = SERVER.Pipe()
        self._said = mine
        target, where = (killable.main, (home, name, url)) if url else (killable.mend, (home, name))
        self._process = SERVER.Process(target=target, args=(*where, stop_after, theirs, point))
        self._process.start()
        theirs.close()
        assert mine.recv() == "started"

    def kill(self, delay: float | None) -> bool:
        """Kill it after *delay* seconds, or once it has reached its point; False where it had ended by itself."""
        if delay is None:
            said = self._said.recv()
        else:
            time.sleep(delay)
            said = self._said.recv() if self._said.poll() else "running"
        if said != "done":
            self._process.kill()
        return self.wait() == -signal.SIGKILL

    def wait(self) -> int | None:
        self._process.join()
        return self._process.exitcode


def test_a_killed_backfill_resumes_to_the_same_tables(tmp_path: Path, unbroken: Filled) -> None:
    """A dozen kills of the real process, half of them between rename and commit, change no row."""
    draw = random.Random(SEED)
    print(f"seed {SEED}")
    whole = unbroken.digests
    with serving(Replay([recording(NAME)], Faults(latency_ms=4))) as url:
        began = time.monotonic()
        assert Child(tmp_path / "timed", url, 0).wait() == 0
        length = time.monotonic() - began
        assert differing(whole, digests_of(tmp_path / "timed")) == []
        kinds = [True] * BETWEEN + [False] * (KILLS - BETWEEN)
        draw.shuffle(kinds)
        homes = 0
        for between in kinds:
            killed = False
            while not killed:
                home = tmp_path / f"home{homes}"
                stop_after = draw.randint(1, 12) if between else 0
                killed = Child(home, url, stop_after).kill(None if between else draw.uniform(0, length))
                if not killed:
                    assert differing(whole, digests_of(home)) == []
                    homes += 1
        home = tmp_path / f"home{homes}"
        assert Child(home, url, 0).wait() == 0
        assert differing(whole, digests_of(home)) == []


def test_a_kill_between_instants_reads_and_derive_loses_nothing(tmp_path: Path, homes: Homes) -> None:
    """Killed behind its first and its fiftieth instant, its first and its second reads, it ends as a whole run."""
    with serving(Replay([recording("backed")])) as url:
        home = tmp_path / "home"
        for point, after in (("instant", 1), ("instant", 50), ("reads", 1), ("reads", 1)):
            assert Child(home, url, after, "backed", point).kill(None), (point, after)
        assert Child(home, url, 0, "backed").wait() == 0
    assert differing(homes.certified("backed").digests, digests_of(home)) == []


STEPS = {
    "half a file": 6, "before sync": 12, "after sync": 12, "before rename": 6, "after rename": 6, "half a line": 5,
    "after a line": 5, "before commit": 7, "after commit": 7, "before delete": 1, "after delete": 1,
}  # fmt: skip
"""Kinds of steps of a commit, and among how many of each a kill is drawn."""
ROUNDS = 2


@pytest.fixture(scope="module")
def unbroken(homes: Homes) -> Filled:
    """A home that nothing interrupted, and the digests of its tables."""
    return homes.certified(NAME)


def test_a_kill_at_any_step_of_a_commit_loses_nothing(tmp_path: Path, unbroken: Filled) -> None:
    """Killed before and after each write, sync, rename, line, COMMIT and deletion, it ends as an unbroken run.

    After every other kill the database is lost too, and made again from the lake: no committed row is missing.
    """
    draw = random.Random(SEED)
    print(f"seed {SEED}")
    whole = unbroken.digests
    points = list(STEPS) * ROUNDS
    draw.shuffle(points)
    kills: Counter[str] = Counter()
    home = tmp_path / "home0"
    with serving(Replay([recording(NAME)])) as url:
        for number, point in enumerate(points):
            if not Child(home, url, draw.randint(1, STEPS[point]), point=point).kill(None):
                assert differing(whole, digests_of(home)) == []
                home = tmp_path / f"home{number + 1}"  # it had fewer such steps left: the next begins afresh
                continue
            kills[point] += 1
            if number % 2 and (home / "rwa.db").exists():
                before = committed(home)
                lose_database(home)
                repair_store(*settings_for(home, []), Quiet())
                assert before <= committed(home), point
        assert Child(home, url, 0).wait() == 0
        assert differing(whole, digests_of(home)) == []
    print(f"{kills.total()} kills: {dict(kills)}")
    assert kills.total() >= len(STEPS)


def committed(home: Path) -> set[str]:
    """Return the rows that nothing but the book and its journal tells, as text."""
    try:
        book = read_book(home, f"sqlite:///{home / 'rwa.db'}")
    except Usage:
        return set()
    return {f"{table.name} {row}" for table in KEPT for row in book[table.name].to_pylist()}


def lose_database(home: Path) -> None:
    for file in home.glob("rwa.db*"):
        file.unlink()


@pytest.mark.parametrize(
    "point", ["after sync", "before rename", "after rename", "before commit", "after commit"]
)
def test_a_killed_repair_is_run_again(tmp_path: Path, unbroken: Filled, point: str) -> None:
    """Killed at its first, second, third … such step, a repair of a lost database is run again and ends whole."""
    for step in (1, 3, 9):
        home = unbroken.copy(tmp_path / f"home{step}")
        (home / "rwa.db").write_bytes(b"damaged" * 3_000)
        Child(home, "", step, point=point).kill(None)
        repair_store(*settings_for(home, []), Quiet())
        assert differing(unbroken.digests, digests_of(home)) == [], step
        assert list(home.glob("rwa.db.damaged-*"))
