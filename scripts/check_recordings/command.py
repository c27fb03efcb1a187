"""The command: files in, a report for each, one exit code."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from indexer.config.load import load
from indexer.floor.errors import RwaError

from . import rows, truth
from .line import FAILED, Asked, BackfillError, Report, run, together
from .printed import lines, summary
from .truth import Recording

RECORDINGS = Path(__file__).resolve().parents[2] / "tests" / "recordings"


def main(arguments: Sequence[str]) -> int:
    """Return the exit code: 3 if any file differs, else the worst of all files."""
    options = _options(arguments)
    asked = Asked(options.config, rows.load(RECORDINGS / "flows.toml"), reads=not options.no_reads)
    try:
        groups = together([truth.load(path) for path in options.files], load(asked.config, None))
    except RwaError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    reports: list[Report] = []
    codes = [_checked(group, asked, reports) for group in groups]
    if len(reports) > 1:
        _tell(summary(reports))
    return FAILED if FAILED in codes else max(codes)


def check(recordings: Sequence[Recording], asked: Asked) -> list[Report]:
    """Return the reports of files that share a home, which is made for them and removed again."""
    with tempfile.TemporaryDirectory(prefix="check-recordings-") as home:
        return run(recordings, asked, Path(home))


def _checked(group: Sequence[Recording], asked: Asked, reports: list[Report]) -> int:
    names = ", ".join(recording.path.name for recording in group)
    try:
        found = check(group, asked)
    except RwaError as error:
        sys.stderr.write(f"{names}: {error}\n")
        return error.exit_code
    except BackfillError as error:
        sys.stderr.write(f"{names}: {error}\n")
        return error.code
    for report in found:
        _tell((*lines(report), ""))
    reports += found
    return max(report.exit_code for report in found)


def _tell(said: Iterable[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in said))
    sys.stdout.flush()


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="check-recordings",
        description="Run the whole line over recorded chains and compare it with the truth.",
    )
    parser.add_argument(
        "--config", type=Path, default=RECORDINGS / "config", metavar="DIR", help="configuration"
    )
    parser.add_argument("--no-reads", action="store_true", help="let derive ask no contract")
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="a recording, plain or gzipped JSON; files with one token share a home",
    )
    return parser.parse_args(arguments)
