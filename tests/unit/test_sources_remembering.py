"""What is kept of an endpoint between runs, on another clock each time."""

import asyncio
from datetime import UTC, datetime, timedelta

from rpc_node import ADDRESS, chain_of

from indexer.config.model import Canary
from indexer.sources.canaries import Canaries
from indexer.sources.endpoint import Endpoint
from indexer.sources.profile import OLD, Learned
from indexer.sources.remembering import Now, recall, remembered
from indexer.sources.standing import Standing

WALL = datetime(2026, 1, 8, tzinfo=UTC).replace(tzinfo=None)
HOUR = timedelta(hours=1)
CANARY = Canary(5, ADDRESS, None, 1)
ROW = Learned(
    "node-1", 500, 20, batches=True, max_results=9_000, max_batch=10, span=400, in_flight=7, max_rate=3.5, lag=2,
    logs_from=5, logs_proved_at=WALL - HOUR, no_logs_at=None, state_depth=128, no_state_depth=200,
    block_timestamp=True, finalized=True, capped_at=WALL - HOUR, last_good_at=WALL - HOUR, last_bad_at=WALL - 2 * HOUR,
)  # fmt: skip


def recalled(row, loop=1_000.0, wall=WALL):
    """Return an endpoint's standing and the canaries after *row* was taken up, and the row they give again."""

    async def run():
        chain = chain_of("http://127.0.0.1:1/")
        standing, canaries = Standing(Endpoint(chain.endpoints[0], chain)), Canaries([CANARY])
        recall(standing, row, canaries, Now(loop, wall))
        standing.endpoint.head = 98
        return standing, canaries, remembered(standing, canaries, 100, Now(loop, wall))

    return asyncio.run(run())


def test_a_profile_comes_back_as_it_was_kept():
    """Every figure survives a run that learnt nothing new, whatever the loop's clock shows."""
    assert recalled(ROW)[2] == ROW
    assert recalled(ROW, loop=7.0)[2] == ROW


def test_a_proof_is_believed_for_a_day():
    """The proof of old logs is asked anew after a day."""
    _, canaries, _ = recalled(ROW)
    assert canaries.due("node-1", 50, 1_000.0) is True
    _, canaries, _ = recalled(ROW, wall=WALL + 24 * HOUR)
    assert canaries.due("node-1", 50, 1_000.0) == CANARY


def test_a_lack_is_remembered_too():
    """An endpoint that lacked a canary an hour ago is not asked for it again."""
    _, canaries, row = recalled(ROW._replace(logs_from=None, no_logs_at=5))
    assert canaries.due("node-1", 50, 1_000.0) is False
    assert (row.logs_from, row.no_logs_at) == (None, 5)


def test_caps_of_long_ago_are_not_taken_up():
    """After a week an endpoint is asked as if no cap had been met."""
    standing, _, row = recalled(ROW, wall=WALL + OLD)
    assert (standing.max_blocks, row.max_blocks, row.max_batch, row.capped_at) == (None, None, None, None)


def test_a_clock_that_was_set_back_does_no_harm():
    """What seems to be of the future counts as just now."""
    standing, canaries, _ = recalled(ROW, wall=WALL - 5 * HOUR)
    assert standing.good_at == 1_000.0
    assert canaries.due("node-1", 50, 1_000.0) is True


def test_a_batch_that_was_too_large_is_forgotten_too():
    """A node that took no batches once is tried with them again after a week."""
    _, _, row = recalled(Learned("node-1", None, None, batches=False))
    assert (row.max_batch, row.capped_at) == (1, WALL)
    assert recalled(row, wall=WALL + OLD)[2].batches
