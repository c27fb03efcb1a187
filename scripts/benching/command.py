"""The command: starts the endpoint, times each part, prints the table."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benching.configuration import write_config

ROOT = Path(__file__).resolve().parent.parent.parent
PATHS = os.pathsep.join((str(ROOT / "scripts"), str(ROOT)))
PARTS = ("parse", "ingest", "line", "backfill", "peer")
TITLES = {
    "parse": "aiohttp → parse → Parquet, alone",
    "ingest": "JSON-RPC → committed logs",
    "line": "JSON-RPC → logs + transfers",
}
TARGETS = {"ingest": 250_000, "line": 150_000}
"""Logs per CPU second that must be reached, over a chain of so many logs:"""

WHOLE = 1_000_000


class Timed(NamedTuple):
    """One run: seconds of CPU (user + system) and of the clock, peak memory in MiB, what it printed."""

    cpu: float
    wall: float
    peak: float
    told: dict[str, Any]


def main(argv: Sequence[str]) -> int:
    """Return 0, or 1 where a part misses its target; on a smaller chain starting up counts too much to say."""
    if argv[:1] == ["metrics"]:
        from benching.metrics import main as measure  # noqa: PLC0415 - it imports DuckDB and numpy

        return measure(argv[1:])
    wanted = _arguments(argv)
    with tempfile.TemporaryDirectory(prefix="rwa-bench-") as temporary:
        folder = Path(wanted.keep or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise SystemExit(f"--keep {folder} is not empty, and a home that has the logs would fetch none.")
        print(f"Making a chain of {wanted.logs:,} logs …", flush=True)
        with endpoint(wanted.logs, wanted.cap) as node:
            _say_data(node)
            return _measure(wanted, node, folder)


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measure JSON-RPC to Parquet.")
    parser.add_argument("--logs", type=int, default=1_000_000, help="logs of the chain (1,000,000)")
    parser.add_argument(
        "--cap", type=int, default=1000, help="blocks in one eth_getLogs; 20 logs a block (1000)"
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="times that a part of ours is run; the best one counts (3)"
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--keep", metavar="DIR", help="leave the files there")
    return parser.parse_args(argv)


def _measure(wanted: argparse.Namespace, node: dict[str, Any], folder: Path) -> int:
    url = f"http://127.0.0.1:{node['port']}/"
    rates: dict[str, float] = {}
    for name, title in TITLES.items():
        if name in wanted.only:
            rounds = [
                _round(name, title, url, node, (wanted, folder / f"{name}{n}")) for n in range(wanted.rounds)
            ]
            rates[name] = max(rounds)
    if "backfill" in wanted.only:
        run = run_backfill(folder / "backfill-home", url)
        rates["backfill"] = _say("rwa backfill: … + all metrics", run, wanted.logs)
    if "peer" in wanted.only:
        run = run_part("peer", url, node, 50, folder)
        rates["peer"] = _say(
            "web3.py get_logs + eth-abi, a slice", run._replace(cpu=run.told["cpu"]), run.told["logs"]
        )
        for name in rates.keys() - {"peer"}:
            print(f"{name} ÷ peer: {rates[name] / rates['peer']:.0f}")
    if wanted.logs < WHOLE:
        return 0
    missed = [name for name, rate in rates.items() if rate < TARGETS.get(name, 0)]
    for name in missed:
        print(f"{name} misses its {TARGETS[name]:,} logs per CPU second.")
    return 1 if missed else 0


def _round(
    name: str, title: str, url: str, node: dict[str, Any], told: tuple[argparse.Namespace, Path]
) -> float:
    """Run one part once, in a folder of its own; print its line and return logs per CPU second."""
    wanted, folder = told
    folder.mkdir()
    run = run_part(name, url, node, wanted.cap, folder)
    rate = _say(title, run, wanted.logs)
    if "fast" in run.told:
        print(f"{'':36}{run.told['fast']:,} logs read by shape, {run.told['slow']:,} one by one")
    if name == "line":
        _check_transfers(folder / "home", node["kinds"])
    return rate


def _say_data(node: dict[str, Any]) -> None:
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in node["kinds"].items())
    print(f"{node['bytes'] / 1e6:,.0f} MB of JSON in {node['last'] - node['first'] + 1:,} blocks: {kinds}")
    print(f"\n{'':36}{'logs/CPU s':>12}{'logs/s':>12}{'CPU s':>9}{'wall s':>9}{'peak MiB':>10}")


def _say(name: str, timed: Timed, logs: int) -> float:
    """Print one line of the table and return logs per CPU second."""
    rate = logs / timed.cpu
    rates = f"{rate:12,.0f}{logs / timed.wall:12,.0f}"
    print(f"{name:36}{rates}{timed.cpu:9.2f}{timed.wall:9.2f}{timed.peak:10,.0f}", flush=True)
    return rate


@contextmanager
def endpoint(logs: int, cap: int) -> Iterator[dict[str, Any]]:
    """Run the endpoint and give what it says of itself."""
    command = [sys.executable, "-m", "benching.endpoint", str(logs), str(cap)]
    with subprocess.Popen(command, env=_environment(), stdout=subprocess.PIPE, text=True) as process:
        try:
            yield json.loads(process.stdout.readline() if process.stdout else "")
        finally:
            process.terminate()


def run_part(name: str, url: str, node: dict[str, Any], cap: int, folder: Path) -> Timed:
    """Return the measure of one part."""
    numbers = [str(node["first"]), str(node["last"]), str(cap)]
    return timed([sys.executable, "-m", "benching.parts", name, url, *numbers, str(folder)])


def run_backfill(home: Path, url: str) -> Timed:
    """Return the measure of a whole backfill into a new *home*: metrics too, no SQL copy."""
    config = write_config(home.with_name("config"))
    where = ["--home", str(home), "--config", str(config), "--rpc", f"bench={url}"]
    command = [*where, "--sql", "none", "--quiet", "backfill", "--all", "--no-verify", "--json"]
    return timed([sys.executable, "-m", "indexer", *command])


def _check_transfers(home: Path, kinds: dict[str, int]) -> None:
    """Stop where the ledger does not hold just the transfers that were served: a fast wrong line is no line."""
    sql = "SELECT count(*) AS transfers FROM transfers"
    config = home.with_name("config")
    before = ["--home", str(home), "--config", str(config), "query", sql, "--json"]
    found = timed([sys.executable, "-m", "indexer", *before]).told["rows"][0]["transfers"]
    served = sum(kinds.get(kind, 0) for kind in ("transfer", "mint", "spaces"))
    if found != served:
        raise SystemExit(f"The ledger holds {found:,} transfers where {served:,} were served.")


def timed(command: list[str]) -> Timed:
    """Run *command* and return what the system counted for it; its last line is JSON."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, env=_environment(), stdout=out)  # waited for below, for its usage
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - began
        out.seek(0)
        printed = out.read().decode()
    if process.returncode:
        raise SystemExit(f"{' '.join(command[1:4])} … ended with exit code {process.returncode}.\n{printed}")
    told = json.loads(printed)
    return Timed(
        usage.ru_utime + usage.ru_stime,
        wall,
        usage.ru_maxrss / 1024,
        told if isinstance(told, dict) else {"rows": told},
    )


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": PATHS}
