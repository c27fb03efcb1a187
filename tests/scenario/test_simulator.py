"""Chains, endpoints that fail and lie, and a program that is killed: whatever happens, nothing is lost in silence.

All is drawn from a seed. ``--seeds N`` runs more of them, ``--seed K`` one alone.
"""

from __future__ import annotations

import pytest
from sim_batch import run_seeds
from sim_plan import backfills

BATCHES = 20
pytestmark = pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")  # the killed await nothing


@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_backfill_ends_with_the_truth_or_says_what_it_lacks(batch: int, backfill_seeds: range) -> None:
    """With an honest endpoint the tables are the chain's; without one, what is wrong or missing is told."""
    tally = run_seeds(backfill_seeds[batch::BATCHES], backfills)
    print(f"seeds batch {batch}: {tally}")
    assert not tally.bad, "\n".join(tally.bad)
