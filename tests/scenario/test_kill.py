"""kill -9 at any moment loses no more than what was in memory; a resume ends where an unbroken run does."""

from __future__ import annotations

import random
import signal
import time
from multiprocessing import get_context
from pathlib import Path

import killable
from line_kit import differing, digests_of, recording, run

from indexer.serve.misbehave import Faults
from indexer.serve.replay import Replay, serving

NAME = "stbt"
KILLS = 20
BETWEEN = 8
"""Kills between a file's rename and its SQL commit; the others come at a random time."""
SEED = 90_210
SERVER = get_context("forkserver")
SERVER.set_forkserver_preload(["killable", "web3", "indexer.sync.backfill", "indexer.metrics.exact"])


class Child:
    """A backfill in a process of its own, forked from a server that has the imports behind it."""

    def __init__(
        self, home: Path, url: str, stop_after: int, name: str = NAME, point: str = "rename"
    ) -> None:
        mine, theirs = SERVER.Pipe()
        self._said = mine
        self._process = SERVER.Process(
            target=killable.main, args=(home, name, url, stop_after, theirs, point)
        )
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


def test_a_killed_backfill_resumes_to_the_same_tables(tmp_path: Path) -> None:
    """Twenty kills of the real process, eight of them between rename and commit, change no row."""
    draw = random.Random(SEED)
    print(f"seed {SEED}")
    run(tmp_path / "whole", NAME, verify=True)
    whole = digests_of(tmp_path / "whole")
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


def test_a_kill_between_instants_reads_and_derive_loses_nothing(tmp_path: Path) -> None:
    """Killed behind its first and its fiftieth instant, its first and its second reads, it ends as a whole run."""
    run(tmp_path / "whole", "backed", verify=True)
    with serving(Replay([recording("backed")])) as url:
        home = tmp_path / "home"
        for point, after in (("instant", 1), ("instant", 50), ("reads", 1), ("reads", 1)):
            assert Child(home, url, after, "backed", point).kill(None), (point, after)
        assert Child(home, url, 0, "backed").wait() == 0
    assert differing(digests_of(tmp_path / "whole"), digests_of(home)) == []
