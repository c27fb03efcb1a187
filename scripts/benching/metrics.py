"""What metrics cost: `scripts/bench metrics` makes a home of made-up ledgers, computes all tables, then one more day.

Each step is a process of its own: `python -m benching.metrics STEP HOME SHAPE`. It prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from benching.ledgers import Shape, configuration, derivation, ledger, publication, spots, until
from benching.parts import Silent


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
    with session(settings, registry, Silent()) as work:
        for spot in spots(shape):
            tables = until(ledger(spot, shape), end)
            rows += tables["transfers"].num_rows
            place = {"token": spot.token, "chain_id": spot.chain_id}
            files = [work.lake.write(TABLES[n], t, place) for n, t in tables.items() if t.num_rows]
            with work.book.commit() as commit:
                commit.put(FILES, [file_row(file) for file in files])
                commit.put(DERIVATIONS, [derivation(spot, end) | _made_from(registry, spot)])
                commit.put(PUBLICATIONS, [publication(spot, (end - timedelta(days=1)).date(), end)])
    return {"transfers": rows}


def _made_from(registry: Any, spot: Any) -> dict[str, str]:
    from indexer.config.load import config_digest  # noqa: PLC0415 - as above
    from indexer.floor.assets import code_version  # noqa: PLC0415 - same

    token = registry.tokens[spot.token]
    where = next(d for d in token.deployments if d.chain_id == spot.chain_id)
    return {"config_digest": config_digest(token, where), "code_version": code_version()}


def full(home: Path, _: Shape) -> dict[str, Any]:
    """Compute all tables of all tokens again, as `rwa metrics` does."""
    from indexer.sync.rebuild import recompute  # noqa: PLC0415 - each pays its own

    settings, registry = _opened(home)
    began = time.perf_counter()
    recompute(settings, registry, list(registry.tokens.values()), Silent())
    return {"seconds": time.perf_counter() - began}


def _opened(home: Path) -> Any:
    from indexer.config.settings import open_registry, resolve  # noqa: PLC0415 - each pays its own

    settings = resolve(home=str(home), config=str(home / "config"), sql="none")
    return settings, open_registry(settings)


STEPS = {"prepare": prepare, "full": full}

if __name__ == "__main__":
    step, home, *numbers = sys.argv[1:]
    sys.stdout.write(json.dumps(STEPS[step](Path(home), Shape(*map(int, numbers)))) + "\n")
