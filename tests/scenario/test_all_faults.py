"""Recordings from an endpoint that has all the weaknesses of an honest one at once: the tables are the same.

`--every-recording` runs all of them. Old state and inputs that an endpoint lacks are none of these: nobody else
would have them, and the tables say so.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from line_kit import RECORDINGS, differing, digests_of, run

from indexer.serve.misbehave import Faults

CHEAP = ("backed", "xaum_side")
"""One with many reads, and one of few logs: a second or three of CPU for each of its two runs."""

WEAK = Faults(
    range_cap=97,
    result_cap=400,
    result_cap_one_block=True,
    address_cap=7,
    rate_limit=300,
    error_rate=0.05,
    hang_ms=20,
    latency_ms=1,
    no_receipts=True,
    no_hash_index=True,
    no_batch=True,
    no_block_timestamp=True,
    answers_past_head=True,
    seed=20_261_125,
)
"""Caps, failures of every kind that passes, and everything that an endpoint may leave out; nothing that is a lie."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    every = metafunc.config.getoption("--every-recording")
    found = sorted(path.name.removesuffix(".json.gz") for path in RECORDINGS.glob("*.json.gz"))
    metafunc.parametrize("name", found if every else CHEAP)


def test_all_honest_weaknesses_at_once_change_no_table(name: str, tmp_path: Path) -> None:
    """Caps, passing failures, no batches, no times, no receipts and no index by hash cost requests and no row."""
    assert run(tmp_path / "plain", name).open_spans == ()
    assert run(tmp_path / "weak", name, WEAK).open_spans == ()
    assert differing(digests_of(tmp_path / "plain"), digests_of(tmp_path / "weak")) == []
