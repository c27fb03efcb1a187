"""The wheel is whole: it carries its data and works from any folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LARGEST = 2_000_000
"""Bytes of the recorded chains that the wheel may carry."""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content, unpacked where no checkout is near."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(build, check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def _rwa(unpacked: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    command = [sys.executable, "-m", "indexer", *arguments]
    return subprocess.run(
        command, cwd=unpacked, env=environment, check=True, capture_output=True, text=True
    ).stdout


def test_the_shipped_configuration_is_found(unpacked: Path) -> None:
    """`rwa tokens` lists from the wheel what the checkout lists."""
    listed = {row["token"] for row in json.loads(_rwa(unpacked, "tokens", "--all", "--json"))}
    assert {"buidl", "buidl-i", "ustb", "uscc", "stbt", "wstbt", "tbill", "usdy", "ousg"} <= listed


def test_the_demo_runs_from_the_wheel(unpacked: Path, tmp_path: Path) -> None:
    """`rwa demo` needs nothing but the wheel: recordings, their configuration and the ABI files are in it."""
    assert "pass" in _rwa(unpacked, "--home", str(tmp_path / "home"), "demo")


def test_the_recordings_in_the_wheel_are_small(unpacked: Path) -> None:
    """The demo's chains stay under two megabytes."""
    files = list((unpacked / "indexer" / "data" / "recordings").rglob("*.json.gz"))
    assert files
    assert sum(file.stat().st_size for file in files) < LARGEST
