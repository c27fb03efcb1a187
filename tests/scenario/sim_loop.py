"""An event loop whose clock jumps: where nothing is ready, the next timer is now. Nothing sleeps."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Stuck(AssertionError):
    """Nothing is ready and nothing will ever be: the program hangs."""


class Clock:
    """Simulated seconds; *now* only grows."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now


class _Jumping(selectors.SelectSelector):
    """Waits for nothing: a wait moves the clock. The loop asks it once a step."""

    def __init__(self, clock: Clock, on_step: Callable[[], None]) -> None:
        super().__init__()
        self._clock = clock
        self._on_step = on_step

    def select(self, timeout: float | None = None) -> Any:
        self._on_step()
        if timeout is None:
            raise Stuck("the program waits for something that no one will do")
        self._clock.now += timeout
        return []


class Loop(asyncio.SelectorEventLoop):
    """Runs on *clock*; *on_step* is called before every step. What wants a thread is done at once."""

    def __init__(self, clock: Clock, on_step: Callable[[], None]) -> None:
        super().__init__(_Jumping(clock, on_step))
        self.set_exception_handler(lambda *_: None)  # what the dead leave behind is no news
        self._at = clock

    def time(self) -> float:
        return self._at.now

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - the waiter raises it
            future.set_exception(error)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Nothing was started."""


class _Policy(asyncio.DefaultEventLoopPolicy):
    def __init__(self, make: Callable[[], Loop]) -> None:
        super().__init__()
        self.new_event_loop = make  # type: ignore[method-assign]


@contextmanager
def simulated(clock: Clock, on_step: Callable[[], None]) -> Iterator[None]:
    """Let ``asyncio.run`` run on *clock* within the block."""
    before = asyncio.get_event_loop_policy()
    asyncio.set_event_loop_policy(_Policy(lambda: Loop(clock, on_step)))
    try:
        yield
    finally:
        asyncio.set_event_loop_policy(before)
