"""kill -9 at any moment loses no more than what was in memory; a resume ends where an unbroken run does."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from line_kit import differing, digests_of, recording, run

from indexer.serve.misbehave import Faults
from indexer.serve.replay import Replay, serving

NAME = "stbt"
KILLS = 20
BETWEEN = 8
"""Kills between a file's rename and its SQL commit; the others come at a random time."""
SEED = 90_210
CHILD = Path(__file__).parent / "killable.py"


def _child(home: Path, url: str, stop_after: int) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, str(CHILD), str(home), NAME, url, str(stop_after)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "started\n"
    return child


def _killed(child: subprocess.Popen[str], delay: float | None) -> bool:
    """Kill *child* after *delay* seconds, or once it says that it has renamed; False where it had ended."""
    assert child.stdout is not None
    if delay is None:
        if child.stdout.readline() != "renamed\n":
            child.wait()
            return False
    else:
        time.sleep(delay)
    ended = child.poll() is not None
    child.kill()
    child.wait()
    assert child.returncode == (0 if ended else -signal.SIGKILL)
    return not ended


def test_a_killed_backfill_resumes_to_the_same_tables(tmp_path: Path) -> None:
    """Twenty kills of the real process, eight of them between rename and commit, change no row."""
    draw = random.Random(SEED)
    print(f"seed {SEED}")
    run(tmp_path / "whole", NAME, verify=True)
    whole = digests_of(tmp_path / "whole")
    with serving(Replay([recording(NAME)], Faults(latency_ms=10))) as url:
        began = time.monotonic()
        _child(tmp_path / "timed", url, 0).wait()
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
                child = _child(home, url, stop_after)
                killed = _killed(child, None if between else draw.uniform(0, length))
                if not killed:
                    assert differing(whole, digests_of(home)) == []
                    homes += 1
        home = tmp_path / f"home{homes}"
        assert _child(home, url, 0).wait() == 0
        assert differing(whole, digests_of(home)) == []
