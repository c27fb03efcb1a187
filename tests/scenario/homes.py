"""Homes that many tests compare with: each is filled once in a whole run, for every worker, and never changed."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import pytest
from filelock import FileLock
from line_kit import digests_of, run

Told = TypeVar("Told")


class Filled(NamedTuple):
    """A home to read, and the digests of its tables. Who changes it takes a copy."""

    home: Path
    digests: dict[str, str]

    def copy(self, target: Path) -> Path:
        return Path(shutil.copytree(self.home, target))


class Homes:
    """The homes of this run, in one folder for all workers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def once(self, name: str, fill: Callable[[Path], Told]) -> tuple[Path, Told]:
        """Return the home *name* and what *fill* returned when it filled it, here or in another worker."""
        home, told = self._folder / name / "home", self._folder / name / "told"
        with FileLock(self._folder / f"{name}.lock"):
            if not told.exists():
                shutil.rmtree(home.parent, ignore_errors=True)
                home.mkdir(parents=True)
                told.write_bytes(pickle.dumps(fill(home)))
            return home, pickle.loads(told.read_bytes())

    def plain(self, *recordings: str) -> Filled:
        """Return the recordings one after the other in one home, from an endpoint without a fault."""
        return Filled(*self.once(" ".join(recordings), lambda home: _filled(home, recordings, verify=False)))

    def certified(self, recording: str) -> Filled:
        """Return the recording fetched and certified."""
        return Filled(
            *self.once(f"{recording} certified", lambda home: _filled(home, [recording], verify=True))
        )


def _filled(home: Path, recordings: Sequence[str], *, verify: bool) -> dict[str, str]:
    for name in recordings:
        assert run(home, name, verify=verify).open_spans == ()
    return digests_of(home)


def homes_of(tmp_path_factory: pytest.TempPathFactory) -> Homes:
    """Return the homes of the run that this process is a worker of, or all of."""
    base = tmp_path_factory.getbasetemp()
    return Homes((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "homes")
