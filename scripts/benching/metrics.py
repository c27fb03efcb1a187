"""What metrics cost: `scripts/bench metrics` makes a home of made-up ledgers, computes all tables, then one more day.

Each step is a process of its own: `python -m benching.metrics STEP HOME SHAPE`. It prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benching.command import timed
from benching.ledgers import FIRST, Shape, configuration, derivation, ledger, parted, publication, spots
from benching.parts import Silent

NEXT = "next"
"""Folder of the home with what the last day brings, as files of derived tables."""


def prepare(home: Path, shape: Shape) -> dict[str, Any]:
    """Make a home that is derived up to the last day but one, without any metric."""
    from indexer.floor.tables import DERIVATIONS, FILES, PUBLICATIONS, TABLES  # noqa: PLC0415 - each pays its own
    from indexer.sync.session import session  # noqa: PLC0415 - same
    from indexer.sync.writer import file_row  # noqa: PLC0415 - same

    for name, text in configuration(shape):
        path = home / "config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    settings, registry = _opened(home)
    end = shape.end - timedelta(days=1)
    rows = 0
    coming: dict[str, list[pa.Table]] = {}
    with session(settings, registry, Silent()) as work:
        for spot in spots(shape):
            tables, since = parted(ledger(spot, shape), end)
            for name, table in since.items():
                coming.setdefault(name, []).append(table)
            rows += tables["transfers"].num_rows
            place = {"token": spot.token, "chain_id": spot.chain_id}
            files = [work.lake.write(TABLES[n], t, place) for n, t in tables.items() if t.num_rows]
            with work.book.commit() as commit:
                commit.put(FILES, [file_row(file) for file in files])
                commit.put(DERIVATIONS, [derivation(spot, end) | _made_from(registry, spot)])
                commit.put(PUBLICATIONS, [publication(spot, (end - timedelta(days=1)).date(), end)])
    (home / NEXT).mkdir()
    for name, tables in coming.items():
        pq.write_table(pa.concat_tables(tables), home / NEXT / f"{name}.parquet")
    return {"transfers": rows}


def full(home: Path, _: Shape) -> dict[str, Any]:
    """Compute all tables of all tokens again, as `rwa metrics` does."""
    from indexer.sync.rebuild import recompute  # noqa: PLC0415 - each pays its own

    settings, registry = _opened(home)
    began = time.perf_counter()
    recompute(settings, registry, list(registry.tokens.values()), Silent())
    return {"seconds": time.perf_counter() - began}


def day(home: Path, shape: Shape) -> dict[str, Any]:
    """Compute the metrics of one more day of every deployment in one run, from the committed ones; commit nothing."""
    from indexer.floor.calendar import utc_days  # noqa: PLC0415 - same
    from indexer.floor.tables import (  # noqa: PLC0415 - each pays its own
        ACTIVITY_DAILY,
        BALANCES,
        CALENDAR,
        DERIVED,
        EXTERNAL_SUPPLY,
        PRODUCT_DAILY,
        PUBLICATIONS,
        TRANSFERS,
        arrow_schema,
    )
    from indexer.metrics.increment import compute_since  # noqa: PLC0415 - same
    from indexer.metrics.runner import audit  # noqa: PLC0415 - same
    from indexer.store import read  # noqa: PLC0415 - same
    from indexer.sync.measuring import connection  # noqa: PLC0415 - same

    settings, registry = _opened(home)
    book = read.read_book(settings.home, settings.database)
    everything = spots(shape)
    last = shape.end - timedelta(days=1)
    rows = [derivation(spot, shape.end) | _made_from(registry, spot) for spot in everything]
    published = [
        *book[PUBLICATIONS.name].to_pylist(),
        *(publication(s, last.date(), shape.end) for s in everything),
    ]
    began, cpu = time.perf_counter(), time.process_time()
    empty = {t.name: arrow_schema(t).empty_table() for t in (*DERIVED, EXTERNAL_SUPPLY)}
    con = connection(registry, rows, empty, (), published)
    read.register(con, CALENDAR, utc_days(FIRST.date(), last.date()))
    listed = _listed(home, book)
    for table in DERIVED:
        paths = [*listed.get(table.name, []), *map(str, (home / NEXT).glob(f"{table.name}.parquet"))]
        if paths:
            con.execute(f"CREATE OR REPLACE TEMP VIEW {table.name} AS SELECT * FROM {_parquet(paths)}")
    held = {
        t.name: con.sql(f"SELECT * FROM {_parquet(listed[t.name])}").to_arrow_table() for t in (BALANCES,)
    }
    first = last - timedelta(days=30)
    held[ACTIVITY_DAILY.name] = con.sql(
        f"SELECT * FROM {_parquet(listed[ACTIVITY_DAILY.name])} WHERE day >= DATE '{first.date()}'"
    ).to_arrow_table()
    held[TRANSFERS.name] = arrow_schema(TRANSFERS).empty_table()
    opened = time.perf_counter() - began
    made = compute_since(con, {(s.token, s.chain_id): last.date() for s in everything}, held)
    read.register(con, PRODUCT_DAILY, arrow_schema(PRODUCT_DAILY).empty_table())
    breaks = audit(con)
    if breaks:
        raise SystemExit(f"An audit finds {breaks[0]}.")
    return {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "reading": opened,
        "rows": {name: table.num_rows for name, table in made.items()},
    }


def _listed(home: Path, book: dict[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in book["files"].to_pylist():
        if row["unlisted_at"] is None:
            found.setdefault(row["table_name"], []).append(str(home / "lake" / row["path"]))
    return found


def _parquet(paths: Sequence[str]) -> str:
    return f"read_parquet({list(paths)!r})"


def _made_from(registry: Any, spot: Any) -> dict[str, str]:
    from indexer.config.load import config_digest  # noqa: PLC0415 - as above
    from indexer.floor.assets import code_version  # noqa: PLC0415 - same

    token = registry.tokens[spot.token]
    where = next(d for d in token.deployments if d.chain_id == spot.chain_id)
    return {"config_digest": config_digest(token, where), "code_version": code_version()}


def _opened(home: Path) -> Any:
    from indexer.config.settings import open_registry, resolve  # noqa: PLC0415 - each pays its own

    settings = resolve(home=str(home), config=str(home / "config"), sql="none")
    return settings, open_registry(settings)


STEPS = {"prepare": prepare, "full": full, "day": day}
TITLES = {
    "prepare": "made-up ledgers → derived tables",
    "full": "rwa metrics: all tables",
    "day": "one more day of all",
}
TARGETS = {"full": 120.0, "day": 3.0}
"""Seconds by the clock, of two cores that do nothing else, at the full size."""

PEAK = 4096
"""MiB that no step may pass."""


def main(argv: Sequence[str]) -> int:
    """Return 0, or 1 where a step at the full size misses its target."""
    wanted = _arguments(argv)
    shape = Shape(wanted.transfers, wanted.deployments, wanted.holders, wanted.days)
    with tempfile.TemporaryDirectory(prefix="rwa-bench-") as temporary:
        home = Path(wanted.keep or temporary) / "home"
        print(f"{'':36}{'seconds':>10}{'CPU s':>9}{'peak MiB':>10}")
        missed = [step for step in STEPS if _missed(step, home, shape, steps=wanted.only)]
    if shape != Shape():
        return 0
    for step in missed:
        print(f"{step} misses {TARGETS.get(step, 0):g} seconds or {PEAK:,} MiB.")
    return 1 if missed else 0


def _missed(step: str, home: Path, shape: Shape, *, steps: Sequence[str]) -> bool:
    """Run *step* as a process of its own where it is wanted, print its line, and say whether it misses its target."""
    if step not in steps or (step == "prepare" and home.exists()):
        return False
    run = timed([sys.executable, "-m", "benching.metrics", step, str(home), *map(str, shape)])
    seconds, cpu = run.told.get("seconds", run.wall), run.told.get("cpu", run.cpu)
    print(f"{TITLES[step]:36}{seconds:10.1f}{cpu:9.1f}{run.peak:10,.0f}", flush=True)
    return seconds > TARGETS.get(step, seconds) or (step in TARGETS and run.peak > PEAK)


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench metrics", description="Measure metrics of made-up ledgers."
    )
    for name, value in Shape()._asdict().items():
        parser.add_argument(f"--{name}", type=int, default=value, help=f"how many ({value:,})")
    parser.add_argument("--only", nargs="+", choices=STEPS, default=list(STEPS))
    parser.add_argument("--keep", metavar="DIR", help="make the home there, or take the one that is there")
    return parser.parse_args(argv)


if __name__ == "__main__":
    step, home, *numbers = sys.argv[1:]
    sys.stdout.write(json.dumps(STEPS[step](Path(home), Shape(*map(int, numbers)))) + "\n")
