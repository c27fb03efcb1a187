"""The endpoints of one chain as one: a request goes to the fittest, and on to the next where that one fails.

Whom to ask, how long to wait and what a refusal teaches is decided in ``standing``; ``Pool`` only asks.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Self, TypeVar

import pyarrow as pa

from indexer.config.model import Canary, Chain
from indexer.floor.errors import Transient
from indexer.floor.together import together
from indexer.sources.canaries import RECENT, Asked, Canaries, first_of
from indexer.sources.endpoint import BATCH, Endpoint, WrongChain
from indexer.sources.nobody import nobody
from indexer.sources.profile import Learned
from indexer.sources.provider_errors import CUT, Refusal, Refused
from indexer.sources.remembering import Now, recall, remembered
from indexer.sources.standing import (
    DEAD,
    LAST_PAUSE,
    Standing,
    Tried,
    Want,
    answered,
    calm,
    choose,
    failed,
    full,
    in_a_row,
    kind_of,
    learn,
    lives,
    newest,
    passing,
    pause,
    served,
    size_of,
    spent,
)
from indexer.sources.transport import LONGEST_PAUSE, Connect, Manners, Slow, Unreachable
from indexer.sources.websocket import way_to

__all__ = ["Learned", "Pool", "Want"]

T = TypeVar("T")

RATE_PAUSE = 1.0
BARRED_PAUSE = 600.0
"""A key that was refused is not tried again soon."""

_TIMES = {"unknown": 3, "absent": 3}
"""How often an endpoint must say so before it is believed: a passing fault looks just like these."""

_PASSES_ON = frozenset(
    {*CUT, "auth", "disabled", "missing-state", "pruned", "absent", "behind", "forked", "reverted", "unknown"}
)
"""Kinds after which asking the same endpoint the same again is pointless."""

_STUCK = 4
"""Errors that should pass, or half as many silences, after which less is asked for of an endpoint that lives."""

_NEXT = dict.fromkeys(CUT, "Less is asked for.") | {"out": "It is left out."}


class Pool:
    """The endpoints of *chain*, open inside ``async with``; any number of tasks may ask at once.

    *learned* holds what earlier runs found out. *on_note* is told in sentences what was refused or
    distrusted: the first time, the tenth, the hundredth … *wall* is the clock of what is remembered.
    """

    def __init__(
        self,
        chain: Chain,
        learned: Sequence[Learned] = (),
        manners: Manners | None = None,
        on_note: Callable[[str], None] | None = None,
        connect: Connect = way_to,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC).replace(tzinfo=None),
    ) -> None:
        self.chain = chain
        self._manners = manners or Manners()
        self._on_note = on_note or (lambda _: None)
        self._wall = wall
        self._notes: Counter[tuple[str, str]] = Counter()
        self._freed = asyncio.Event()
        self._learned = {row.endpoint: row for row in learned}
        self.canaries = Canaries(chain.canaries)
        self._standings = [
            Standing(Endpoint(named, chain, self._manners, connect)) for named in chain.endpoints
        ]

    async def __aenter__(self) -> Self:
        now = self._now()
        for standing in self._standings:
            row = self._learned.get(standing.endpoint.name)
            if row is not None:
                recall(standing, row, self.canaries, now)
        return self

    async def __aexit__(self, *_: object) -> None:
        for standing in self._standings:
            await standing.endpoint.close()

    @property
    def endpoints(self) -> list[Endpoint]:
        """The endpoints in the order of the configuration."""
        return [standing.endpoint for standing in self._standings]

    @property
    def requests(self) -> int:
        """HTTP requests made so far."""
        return sum(endpoint.requests for endpoint in self.endpoints)

    def has_others(self, than: Collection[str]) -> bool:
        """Tell whether an endpoint outside *than* lives and does not rest."""
        now = _clock()
        return any(
            not s.out and s.failures < DEAD and s.rests_until <= now and s.endpoint.name not in than
            for s in self._standings
        )

    @property
    def head(self) -> int | None:
        """The newest head that any endpoint named."""
        return newest(self._standings)

    @property
    def span(self) -> int:
        """How many blocks a log request should have now: what the roomiest endpoint that lives answers well."""
        served = [s for s in self._standings if not s.out]
        return max((size_of(s) for s in served if s.failures < DEAD), default=1) if served else 1

    @property
    def batch(self) -> int:
        """How many requests the roomiest endpoint that lives takes at once."""
        return max(
            (s.endpoint.batch for s in self._standings if not s.out and s.failures < DEAD), default=BATCH
        )

    def learned(self) -> list[Learned]:
        """Return what to remember for the next run."""
        head, now = self.head, self._now()
        return [remembered(s, self.canaries, head, now) for s in self._standings]

    def answered(self, name: str, want: Want, asked: Asked, logs: pa.Table, seconds: float) -> None:
        """Take note of the logs that the endpoint *name* gave for *want*, and how long it took.

        A block with logs that a proven endpoint served is a canary for the others.
        """
        for doubt in self.canaries.compare(name, asked, logs):
            self._on_note(doubt)
        for standing in self._standings:
            if standing.endpoint.name == name:
                answered(standing, want, logs.num_rows, seconds)
        if logs.num_rows:
            self.canaries.offer(name, first_of(logs), _clock())

    async def ask(self, want: Want, act: Callable[[Endpoint], Awaitable[T]]) -> T:
        """Return what *act* makes of the first endpoint that serves it.

        Raises Refused where a smaller request is needed, or where every endpoint said that it has no such
        state or block; NoEndpoint where none could serve it in time.
        """
        passed: dict[str, Refusal] = {}
        times: Counter[tuple[str, str]] = Counter()
        tried = Tried(_clock())
        while True:
            now = _clock()
            able = [s for s in self._standings if not self._barred(s, want, now)]
            choice = choose(able, want, passed, now)
            wait = choice if isinstance(choice, float) else 0.0
            if choice is None or spent(tried, wait, now, self._manners.patience):
                barred = [s for s in self._standings if s not in able]
                raise nobody(self.chain.name, self._standings, want, passed, barred)
            if isinstance(choice, float):
                tried.waited += wait if wait <= 2 * LAST_PAUSE else 0.0
                await asyncio.sleep(wait)
                continue
            if full(choice):
                self._freed.clear()
                await self._freed.wait()
                continue
            tried.tries += 1
            try:
                return await self._try(choice, want, act)
            except (Transient, WrongChain) as error:
                tried.reached |= not isinstance(error, Unreachable)
                refusal = self._judge(choice, error, want)
                name = choice.endpoint.name
                if refusal is not None and refusal.kind in _PASSES_ON:
                    times[name, refusal.kind] += 1
                    if times[name, refusal.kind] >= _TIMES.get(refusal.kind, 1):
                        passed[name] = refusal
                        calm(choice, refusal.kind)
                elif want.first is not None and (isinstance(error, Slow) or passing(refusal)):
                    times[name, "stuck"] += 2 if isinstance(error, Slow) else 1
                    if times[name, "stuck"] >= _STUCK and await lives(choice.endpoint):
                        passed[name] = Refusal("size" if want.cuttable else "unknown", text=str(error))
                        calm(choice, "unknown")

    async def ask_each(self, act: Callable[[Endpoint], Awaitable[T]]) -> list[T]:
        """Return what *act* makes of every endpoint that answers at the first try; the others are booked."""
        want = Want("all endpoints")

        async def one(standing: Standing) -> list[T]:
            try:
                return [await self._try(standing, want, act)]
            except (Transient, WrongChain) as error:
                self._judge(standing, error, want)
                return []

        asked = [s for s in self._standings if not s.out and s.rests_until <= _clock()]
        return [answer for part in await together(map(one, asked)) for answer in part]

    async def _try(self, standing: Standing, want: Want, act: Callable[[Endpoint], Awaitable[T]]) -> T:
        standing.busy += 1
        try:
            await standing.endpoint.prove_chain()
            if want.first is not None:
                await self._prove_depth(standing, want)
            answer = await act(standing.endpoint)
        finally:
            standing.busy -= 1
            self._freed.set()
        served(standing, want, self.head, self._manners.in_flight, _clock())
        return answer

    async def _prove_depth(self, standing: Standing, want: Want) -> None:
        """Ask for the canaries that tell whether the endpoint holds logs this old; Refused where it does not."""
        if self._recent(want):
            return
        name, first = standing.endpoint.name, want.first or 0
        due = self.canaries.due(name, first, _clock())
        while isinstance(due, Canary):
            standing.pruned = await self.canaries.probe(standing.endpoint, due, _clock()) or standing.pruned
            due = self.canaries.due(name, first, _clock())
        if not due:
            raise Refused(Refusal("pruned", text=standing.pruned), standing.pruned)

    def _recent(self, want: Want) -> bool:
        """Return whether every node must still have the logs of *want*, as it needs them itself."""
        return self.head is not None and want.first is not None and want.first >= self.head - RECENT

    def _barred(self, standing: Standing, want: Want, now: float) -> bool:
        """Return whether the endpoint has shown that it does not hold logs as old as *want*."""
        if want.first is None or self._recent(want):
            return False
        return self.canaries.due(standing.endpoint.name, want.first, now) is False

    def _judge(self, standing: Standing, error: Transient | WrongChain, want: Want) -> Refusal | None:
        """Book what went wrong, and return the refusal if the endpoint gave one."""
        standing.last_words = str(error)
        refusal = error.refusal if isinstance(error, Refused) else None
        kind = refusal.kind if refusal else kind_of(error)
        standing.out = standing.out or kind == "out"
        failed(standing, kind, want, self.head)
        if refusal and kind in CUT:
            learn(standing, refusal, want, _clock())
        if kind in _PASSES_ON - {"auth", "unknown"}:
            standing.failures = 0
        else:
            standing.failures = in_a_row(standing)
            standing.bad_at = _clock()
            rest = pause(standing.failures, random.random())  # noqa: S311 - jitter is no secret
            told = (refusal.retry_after if refusal else None) or (RATE_PAUSE if kind == "rate" else 0.0)
            rest = BARRED_PAUSE if kind == "auth" else min(max(rest, told), LONGEST_PAUSE)
            standing.rests_until = _clock() + rest
        if kind not in {"absent", "behind"}:
            self._note(standing, str(error), kind)
        return refusal

    def _note(self, standing: Standing, text: str, kind: str) -> None:
        """Say it the first time, the tenth, the hundredth; texts that differ by figures are one."""
        key = (standing.endpoint.name, re.sub(r"0x[0-9a-f]+|\d+", "#", text, flags=re.IGNORECASE))
        self._notes[key] += 1
        count = self._notes[key]
        if str(count).strip("0") == "1":
            others = any(not s.out for s in self._standings if s is not standing)
            next_ = _NEXT.get(kind, "It is asked again." if kind not in _PASSES_ON else "")
            next_ = "Another endpoint is asked." if others and kind not in _NEXT else next_
            self._on_note(" ".join([text, next_ if count == 1 else f"That was the {count}th time."]).rstrip())

    def _now(self) -> Now:
        return Now(_clock(), self._wall())


def _clock() -> float:
    """Return the event loop's time in seconds, which a simulation may run as it likes."""
    return asyncio.get_running_loop().time()
