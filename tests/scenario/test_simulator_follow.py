"""The same of a follower: it keeps to the head of a chain that forks, and its last certificate is a day old at most."""

from __future__ import annotations

import pytest
from sim_batch import run_seeds
from sim_plan import follows

BATCHES = 20
pytestmark = pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")  # the killed await nothing


@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_follower_holds_the_truth_or_says_what_it_lacks(batch: int, follow_seeds: range) -> None:
    """Through reorganisations, lies and kills the tables are the chain's, or what is wrong or missing is told."""
    tally = run_seeds(follow_seeds[batch::BATCHES], follows)
    print(f"seeds batch {batch}: {tally}")
    assert not tally.bad, "\n".join(tally.bad)
