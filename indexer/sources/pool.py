"""The endpoints of one chain as one: a request goes to the fittest, and on to the next where that one fails.

Whom to ask, how long to wait and what a refusal teaches is decided in ``standing``; ``Pool`` only asks.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Self, TypeVar

from indexer.config.model import Chain
from indexer.floor.errors import NoEndpoint, Transient
from indexer.floor.together import together
from indexer.sources.endpoint import Endpoint, WrongChain
from indexer.sources.provider_errors import CUT, Refusal, Refused
from indexer.sources.standing import (
    DEAD,
    LAST_PAUSE,
    Learned,
    Standing,
    Tried,
    Want,
    best_cut,
    cap,
    choose,
    fits,
    learn,
    loosest,
    pause,
    spent,
)
from indexer.sources.transport import LONGEST_PAUSE, Connect, Manners
from indexer.sources.websocket import way_to

__all__ = ["Learned", "Pool", "Want"]

T = TypeVar("T")

RATE_PAUSE = 1.0
BARRED_PAUSE = 600.0
"""A key that was refused is not tried again soon."""

_TIMES = {"unknown": 3, "absent": 3}
"""How often an endpoint must say so before it is believed: a passing fault looks just like these."""

_PASSES_ON = frozenset(
    {*CUT, "auth", "disabled", "missing-state", "absent", "behind", "forked", "reverted", "unknown"}
)
"""Kinds after which asking the same endpoint the same again is pointless."""

_ANSWERS = ("forked", "behind", "missing-state", "absent", "reverted", "unknown")
"""Kinds that tell the caller something once every endpoint has said so."""

_NEXT = dict.fromkeys(CUT, "Less is asked for.") | {"out": "It is left out."}


class Pool:
    """The endpoints of *chain*, open inside ``async with``; any number of tasks may ask at once.

    *learned* holds what earlier runs found out. *on_note* is told in sentences what was refused or
    distrusted: the first time, the tenth, the hundredth …
    """

    def __init__(
        self,
        chain: Chain,
        learned: Sequence[Learned] = (),
        manners: Manners | None = None,
        on_note: Callable[[str], None] | None = None,
        connect: Connect = way_to,
    ) -> None:
        self.chain = chain
        self._manners = manners or Manners()
        self._on_note = on_note or (lambda _: None)
        self._notes: Counter[tuple[str, str]] = Counter()
        known = {row.endpoint: row for row in learned}
        self._standings = [
            Standing(Endpoint(named, chain, self._manners, connect)) for named in chain.endpoints
        ]
        for standing in self._standings:
            row = known.get(standing.endpoint.name)
            if row is not None:
                standing.max_blocks, standing.max_addresses = row.max_blocks, row.max_addresses
                standing.endpoint.batch = standing.endpoint.batch if row.batches else 1

    async def __aenter__(self) -> Self:
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

    @property
    def limits(self) -> tuple[int | None, int | None]:
        """The most blocks and the most addresses that some endpoint serves; None where no limit was met."""
        served = [s for s in self._standings if not s.out]
        live = [s for s in served if s.failures < DEAD] or served
        return loosest(s.max_blocks for s in live), loosest(s.max_addresses for s in live)

    def learned(self) -> list[Learned]:
        """Return what to remember for the next run."""
        return [
            Learned(s.endpoint.name, s.max_blocks, s.max_addresses, s.endpoint.batch > 1)
            for s in self._standings
        ]

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
            choice = choose(self._standings, want, passed, now)
            wait = choice if isinstance(choice, float) else 0.0
            if choice is None or spent(tried, wait, now, self._manners.patience):
                raise self._nobody(want, passed)
            if isinstance(choice, float):
                tried.waited += wait if wait <= 2 * LAST_PAUSE else 0.0
                await asyncio.sleep(wait)
                continue
            tried.tries += 1
            try:
                return await self._try(choice, act)
            except (Transient, WrongChain) as error:
                refusal = self._judge(choice, error, want)
                if refusal is None or refusal.kind not in _PASSES_ON:
                    continue
                times[choice.endpoint.name, refusal.kind] += 1
                if times[choice.endpoint.name, refusal.kind] >= _TIMES.get(refusal.kind, 1):
                    passed[choice.endpoint.name] = refusal

    async def ask_each(self, act: Callable[[Endpoint], Awaitable[T]]) -> list[T]:
        """Return what *act* makes of every endpoint that answers at the first try; the others are booked."""

        async def one(standing: Standing) -> list[T]:
            try:
                return [await self._try(standing, act)]
            except (Transient, WrongChain) as error:
                self._judge(standing, error, Want("all endpoints"))
                return []

        asked = [s for s in self._standings if not s.out and s.rests_until <= _clock()]
        return [answer for part in await together(map(one, asked)) for answer in part]

    async def _try(self, standing: Standing, act: Callable[[Endpoint], Awaitable[T]]) -> T:
        standing.busy += 1
        try:
            await standing.endpoint.prove_chain()
            answer = await act(standing.endpoint)
        finally:
            standing.busy -= 1
        standing.failures = 0
        return answer

    def _judge(self, standing: Standing, error: Transient | WrongChain, want: Want) -> Refusal | None:
        """Book what went wrong, and return the refusal if the endpoint gave one."""
        standing.last_words = str(error)
        refusal = error.refusal if isinstance(error, Refused) else None
        kind = refusal.kind if refusal else "out" if isinstance(error, WrongChain) else "transient"
        standing.out = standing.out or kind == "out"
        if refusal and kind in CUT:
            learn(standing, refusal, want)
        if kind in _PASSES_ON - {"auth", "unknown"}:
            standing.failures = 0
        else:
            standing.failures += 1
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

    def _nobody(self, want: Want, passed: Mapping[str, Refusal]) -> Exception:
        """Return why nobody served *want*: what would mend it, else what each endpoint said."""
        small = [
            s
            for s in self._standings
            if not s.out and not fits(s, want) and s.endpoint.name not in want.avoid
        ]
        caps = [cap(s, want) for s in small if s.endpoint.name not in passed]
        cut = best_cut([*passed.values(), *caps])
        if cut is not None:
            return Refused(
                cut, f"No endpoint of {self.chain.name} serves {want.text} at once: {cut.text.rstrip('.')}."
            )
        said = [refusal for kind in _ANSWERS for refusal in passed.values() if refusal.kind == kind]
        if said:
            return Refused(
                said[0], f"No endpoint of {self.chain.name} has {want.text}: {said[0].text.rstrip('.')}."
            )
        if not self._standings:
            return NoEndpoint(
                f"No endpoint of {self.chain.name} is configured, so {want.text} cannot be fetched: "
                f"give one with --rpc {self.chain.name}=URL."
            )
        asked = [s for s in self._standings if s.endpoint.name not in want.avoid]
        if not asked:
            held = ", ".join(sorted(want.avoid))
            return NoEndpoint(
                f"No endpoint of {self.chain.name} beside {held} is there to give {want.text}: "
                f"name another with --rpc {self.chain.name}=URL,URL."
            )
        words = [s.last_words or f"{s.endpoint.name} was not asked." for s in asked]
        return NoEndpoint(f"No endpoint of {self.chain.name} could serve {want.text}. {' '.join(words)}")


def _clock() -> float:
    """Return the event loop's time in seconds, which a simulation may run as it likes."""
    return asyncio.get_running_loop().time()
