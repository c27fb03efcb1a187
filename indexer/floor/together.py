"""Structured concurrency in one place: several jobs at once, all of them ended before the caller goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def together(jobs: Iterable[Coroutine[Any, Any, T]], at_once: int | None = None) -> list[T]:
    """Return the results of *jobs* in order, at most *at_once* under way.

    The first error stops the others and is raised as it is, not inside a group.
    """
    slots = asyncio.Semaphore(at_once) if at_once else None

    async def run(job: Coroutine[Any, Any, T]) -> T:
        if slots is None:
            return await job
        async with slots:
            return await job

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(run(job)) for job in jobs]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]
