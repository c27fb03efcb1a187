"""Several jobs at once."""

import asyncio

import pytest

from indexer.floor.together import together


def test_results_come_in_the_order_of_the_jobs():
    """The slowest job's result stands where the job stood."""

    async def job(number):
        await asyncio.sleep(0.02 / number)
        return number

    assert asyncio.run(together(job(number) for number in (1, 2, 3))) == [1, 2, 3]


def test_no_more_jobs_run_than_allowed():
    """*at_once* bounds how many jobs are under way."""
    running, most = 0, 0

    async def job():
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1

    asyncio.run(together((job() for _ in range(9)), at_once=3))
    assert most == 3


def test_the_first_error_is_raised_as_it_is():
    """A failing job stops the others and its error is no group."""
    ended = []

    async def fail():
        raise ValueError("no")

    async def wait():
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    with pytest.raises(ValueError, match="no"):
        asyncio.run(together([wait(), fail()]))
    assert ended == [True]
