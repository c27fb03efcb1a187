"""The command: files in, a report for each, one exit code."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from indexer.floor.errors import RwaError

from . import rows, truth
from .line import FAILED, Asked, BackfillError, Report, run
from .printed import lines

RECORDINGS = Path(__file__).resolve().parents[2] / "tests" / "recordings"


def main(arguments: Sequence[str]) -> int:
    """Return the exit code: 3 if any file differs, else the worst of all files."""
    options = _options(arguments)
    asked = Asked(options.config, rows.load(RECORDINGS / "flows.toml"), reads=not options.no_reads)
    codes = [_checked(path, asked) for path in options.files]
    return FAILED if FAILED in codes else max(codes)


def check(path: Path, asked: Asked) -> Report:
    """Return the report of one file, made in a home of its own that is removed again."""
    recording = truth.load(path)
    with tempfile.TemporaryDirectory(prefix="check-recordings-") as home:
        return run(recording, asked, Path(home))


def _checked(path: Path, asked: Asked) -> int:
    try:
        report = check(path, asked)
    except RwaError as error:
        sys.stderr.write(f"{path.name}: {error}\n")
        return error.exit_code
    except BackfillError as error:
        sys.stderr.write(f"{path.name}: {error}\n")
        return error.code
    sys.stdout.write("".join(f"{line}\n" for line in (*lines(report), "")))
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
