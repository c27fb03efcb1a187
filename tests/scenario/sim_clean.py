"""The same chain through one endpoint that does nothing wrong: its tables are what every other way must come to."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sim_faults import Faults
from sim_judge import kept_by
from sim_kept import Kept
from sim_run import NAMES, SHM, Ran, run_seed

from indexer.floor.tables import CERTIFICATES, DERIVED

EVERY = 10
"""One seed in so many is held against a clean run."""
_ASIDE = {"fetched_at", "endpoint"}


def differs(ran: Ran) -> str | None:
    """Return in which derived table the home of *ran* differs from a clean one with the same frontier."""
    clean = ran.plan._replace(faults=[Faults()], rounds=[], canaries=False)
    with TemporaryDirectory(dir=SHM if SHM.is_dir() else None) as folder:
        ours, theirs = kept_by(ran), kept_by(run_seed(clean, Path(folder)))
        for name in NAMES:
            if _frontier(ours, name) != _frontier(theirs, name):
                continue  # it stands at a block that the clean run did not stop at
            for table in DERIVED:
                if _rows(ours, table.name, name) != _rows(theirs, table.name, name):
                    return f"{table.name} of {name} is not that of a clean run"
            # Where nobody serves all there is, nobody may tell the contract's state.
            mine, clean_one = _newest(ours, name), _newest(theirs, name)
            same = mine.get("block_hash") == clean_one.get("block_hash")
            if ran.plan.honest and same and mine != clean_one:
                return f"the certificate of {name} is not that of a clean run"
    return None


def _frontier(kept: Kept, token: str) -> Any:
    return [row["frontier_hash"] for row in kept.rows("derivations") if row["token"] == token]


def _rows(kept: Kept, table: str, token: str) -> list[Any]:
    return sorted(map(repr, kept.lake_rows(table, token).to_pylist()))


def _newest(kept: Kept, token: str) -> Any:
    """Return the newest certificate, without when and by whom it was told; what was final then is by chance too."""
    mine = [row for row in kept.rows(CERTIFICATES.name) if row["token"] == token]
    row = max(mine, key=lambda one: one["fetched_at"], default={})
    return {name: row[name] for name in row if name not in {*_ASIDE, "final"}}
