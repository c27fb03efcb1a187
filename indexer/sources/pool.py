"""The endpoints of one chain as one: a request goes to the fittest, and on to the next where that one fails.

Which endpoint is asked, how long to wait and what a refusal teaches are plain functions; ``Pool`` asks.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self, TypeVar

from indexer.config.model import Chain
from indexer.floor.errors import NoEndpoint, Transient
from indexer.sources.endpoint import LONGEST_PAUSE, Endpoint, Manners, WrongChain
from indexer.sources.provider_errors import CUT, Refusal, Refused

T = TypeVar("T")

FEWEST_TRIES = 8
FIRST_PAUSE = 0.05
LAST_PAUSE = 5.0
RATE_PAUSE = 1.0
BARRED_PAUSE = 600.0
"""A key that was refused is not tried again soon."""

DEAD = 5
"""Failures in a row after which nobody waits for an endpoint when another has answered."""

_TIMES = {"unknown": 3, "absent": 3}
"""How often an endpoint must say so before it is believed: a passing fault looks just like these."""

_PASSES_ON = frozenset({*CUT, "auth", "disabled", "missing-state", "absent", "reverted", "unknown"})
"""Kinds after which asking the same endpoint the same again is pointless."""

_ANSWERS = ("missing-state", "absent", "reverted", "unknown")
"""Kinds that tell the caller something once every endpoint has said so."""


_NEXT = {kind: "Less is asked for." for kind in CUT} | {"out": "It is left out."}


class Learned(NamedTuple):
    """What is remembered of an endpoint between runs; None: no limit met yet."""

    endpoint: str
    max_blocks: int | None
    max_addresses: int | None
    batches: bool


class Want(NamedTuple):
    """What a request asks for: in words, and as far as an endpoint may be too small for it."""

    text: str
    blocks: int = 1
    addresses: int = 0


@dataclass(slots=True)
class Standing:
    """What the pool knows of one endpoint now; *out* says why it is never asked again."""

    endpoint: Endpoint
    max_blocks: int | None = None
    max_addresses: int | None = None
    busy: int = 0
    failures: int = 0
    rests_until: float = 0.0
    last_words: str = ""
    out: bool = False


def fits(standing: Standing, want: Want) -> bool:
    """Return whether the endpoint serves requests of this size, as far as is known."""
    blocks, addresses = standing.max_blocks, standing.max_addresses
    return (blocks is None or want.blocks <= blocks) and (addresses is None or want.addresses <= addresses)


def choose(
    standings: Iterable[Standing], want: Want, passed: Mapping[str, Refusal], now: float
) -> Standing | float | None:
    """Return the endpoint to ask, or the seconds to wait for one, or None where nobody is left.

    *passed* has the endpoints that declined this very request. Nobody waits for a resting endpoint where a
    smaller request would do, nor for a dead one where another endpoint has answered.
    """
    able = [s for s in standings if not s.out and s.endpoint.name not in passed and fits(s, want)]
    ready = [s for s in able if s.rests_until <= now]
    if ready:
        return min(ready, key=lambda s: (s.failures, s.busy))
    if any(refusal.kind in CUT for refusal in passed.values()):
        return None
    if passed:
        able = [s for s in able if s.failures < DEAD]
    return min((s.rests_until for s in able), default=now) - now if able else None


def pause(failures: int, draw: float) -> float:
    """Return the seconds an endpoint rests after its *failures*-th failure in a row; *draw* is in 0..1."""
    return float(min(LAST_PAUSE, FIRST_PAUSE * 2 ** min(failures - 1, 16)) * (0.5 + draw))


def learn(standing: Standing, refusal: Refusal, want: Want) -> None:
    """Lower what the endpoint is asked for: to the figure it gave, else to half of what it refused."""
    if refusal.kind == "range" and want.blocks > 1:
        told = refusal.max_blocks or (len(refusal.span) if refusal.span else None)
        standing.max_blocks = _lowered(standing.max_blocks, told, want.blocks)
    if refusal.kind == "addresses" and want.addresses > 1:
        standing.max_addresses = _lowered(standing.max_addresses, refusal.max_addresses, want.addresses)


def _lowered(known: int | None, told: int | None, asked: int) -> int:
    if told is not None and told < asked:
        return told
    # Several requests may be under way when the first is refused: the others must not halve it once more.
    return known if known is not None and known < asked else asked // 2


def best_cut(refusals: Iterable[Refusal]) -> Refusal | None:
    """Return the refusal whose remedy costs the fewest requests: the one that says most."""
    cuts = [refusal for refusal in refusals if refusal.kind in CUT]
    return max(cuts, key=_promise, default=None)


def _promise(refusal: Refusal) -> tuple[int, int]:
    return len(refusal.span) if refusal.span else refusal.max_blocks or 0, refusal.max_addresses or 0


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
    ) -> None:
        self.chain = chain
        self._manners = manners or Manners()
        self._on_note = on_note or (lambda _: None)
        self._notes: Counter[tuple[str, str]] = Counter()
        known = {row.endpoint: row for row in learned}
        self._standings = [Standing(Endpoint(named, chain, self._manners)) for named in chain.endpoints]
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
        live = [s for s in self._standings if not s.out]
        blocks = [s.max_blocks for s in live]
        addresses = [s.max_addresses for s in live]
        return (
            None if None in blocks or not blocks else max(b for b in blocks if b is not None),
            None if None in addresses or not addresses else max(a for a in addresses if a is not None),
        )

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
        tries, waited, started = 0, 0.0, time.monotonic()
        while True:
            now = time.monotonic()
            choice = choose(self._standings, want, passed, now)
            if isinstance(choice, float):
                waited += choice
            late = tries >= FEWEST_TRIES and now - started > self._manners.patience
            if choice is None or late or waited > self._manners.patience:
                raise self._nobody(want, passed)
            if isinstance(choice, float):
                await asyncio.sleep(choice)
                continue
            tries += 1
            try:
                return await self._try(choice, act)
            except (Transient, WrongChain) as error:
                refusal = self._judge(choice, error, want)
                if refusal is None or refusal.kind not in _PASSES_ON:
                    continue
                times[choice.endpoint.name, refusal.kind] += 1
                if times[choice.endpoint.name, refusal.kind] >= _TIMES.get(refusal.kind, 1):
                    passed[choice.endpoint.name] = refusal

    async def _try(self, standing: Standing, act: Callable[[Endpoint], Awaitable[T]]) -> T:
        standing.busy += 1
        try:
            await standing.endpoint.prove_chain()
            answer = await act(standing.endpoint)
        finally:
            standing.busy -= 1
        standing.failures, standing.rests_until = 0, 0.0
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
            if kind == "rate":
                rest = min(max(rest, refusal.retry_after or RATE_PAUSE if refusal else 0.0), LONGEST_PAUSE)
            standing.rests_until = time.monotonic() + (BARRED_PAUSE if kind == "auth" else rest)
        if kind != "absent":
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
            next_ = "Another endpoint is asked." if others and kind not in CUT else next_
            self._on_note(" ".join([text, next_ if count == 1 else f"That was the {count}th time."]).rstrip())

    def _nobody(self, want: Want, passed: Mapping[str, Refusal]) -> Exception:
        """Return why nobody served *want*: what would mend it, else what each endpoint said."""
        small = [s for s in self._standings if not s.out and not fits(s, want)]
        caps = [_cap(s, want) for s in small if s.endpoint.name not in passed]
        cut = best_cut([*passed.values(), *caps])
        if cut is not None:
            return Refused(cut, f"No endpoint of {self.chain.name} serves {want.text} at once: {cut.text}")
        said = [refusal for kind in _ANSWERS for refusal in passed.values() if refusal.kind == kind]
        if said:
            return Refused(said[0], f"No endpoint of {self.chain.name} has {want.text}: {said[0].text}")
        if not self._standings:
            return NoEndpoint(
                f"No endpoint of {self.chain.name} is configured, so {want.text} cannot be fetched: "
                f"give one with --rpc {self.chain.name}=URL."
            )
        words = [s.last_words or f"{s.endpoint.name} was not asked." for s in self._standings]
        return NoEndpoint(f"No endpoint of {self.chain.name} could serve {want.text}. {' '.join(words)}")


def _cap(standing: Standing, want: Want) -> Refusal:
    """Return what an endpoint that is known to be too small would have said."""
    blocks, addresses = standing.max_blocks, standing.max_addresses
    if blocks is not None and want.blocks > blocks:
        return Refusal("range", max_blocks=blocks, text=f"it serves {blocks} blocks at most.")
    return Refusal("addresses", max_addresses=addresses, text=f"it serves {addresses} addresses at most.")
