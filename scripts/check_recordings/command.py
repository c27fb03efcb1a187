"""The command: files in, a report for each, one exit code."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from indexer.floor.errors import RwaError

from . import rows, truth
from .line import Asked, BackfillError, Report, run
from .printed import lines

RECORDINGS = Path(__file__).resolve().parents[2] / "tests" / "recordings"


def main(arguments: Sequence[str]) -> int:
    """Return the exit code: the worst of all files."""
    options = _options(arguments)
    try:
        asked = Asked(options.config, rows.load(RECORDINGS / "flows.toml"), reads=not options.no_reads)
        codes = [_checked(path, asked) for path in options.files]
    except RwaError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except BackfillError as error:
        sys.stderr.write(f"{error}\n")
        return error.code
    return max(codes)


def check(path: Path, asked: Asked) -> Report:
    """Return the report of one file, made in a home of its own that is removed again."""
    recording = truth.load(path)
    with tempfile.TemporaryDirectory(prefix="check-recordings-") as home:
        return run(recording, asked, Path(home))


def _checked(path: Path, asked: Asked) -> int:
    report = check(path, asked)
    for line in lines(report):
        sys.stdout.write(f"{line}\n")
    sys.stdout.write("\n")
    return report.exit_code


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
        "files", nargs="+", type=Path, metavar="FILE", help="a recording, plain or gzipped JSON"
    )
    return parser.parse_args(arguments)
