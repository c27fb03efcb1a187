"""Which endpoints may be asked for old logs: those that returned a canary at or below them.

A node that dropped old logs answers an empty list, like an honest one where there is nothing. So it is
first asked for a block of which it is known that it has logs.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
import pyarrow as pa

from indexer.config.model import Canary
from indexer.floor.filters import Filter
from indexer.floor.spans import Span
from indexer.sources.endpoint import Ask, Endpoint
from indexer.sources.logjson import BadAnswer

RECENT = 64
"""Blocks below the head that every node keeps, as it needs them itself for reorganisations."""

VALID_SECONDS = 86_400.0
SPACING = 5_000
MOST_LEARNT = 64
MOST_EMPTY = 256
"""Empty answers that are held against what others say later."""


class Verdict(NamedTuple):
    """What an endpoint made of a canary, and when on the loop's clock."""

    held: bool
    at: float


class Asked(NamedTuple):
    """What logs were asked for."""

    span: Span
    wanted: Filter


class Canaries:
    """The canaries of one chain, and what each endpoint made of them.

    Beside those of the configuration, blocks with logs that a proven endpoint served tell of the others.
    """

    def __init__(self, known: Iterable[Canary]) -> None:
        self.known = tuple(sorted(known, key=lambda one: one.block))
        self._learnt: list[Canary] = []
        self._verdicts: dict[str, dict[Canary, Verdict]] = {}
        self._empty: deque[tuple[str, Asked]] = deque(maxlen=MOST_EMPTY)

    def due(self, endpoint: str, first: int, now: float) -> Canary | bool:
        """Return whether *endpoint* may be asked for logs from block *first* on, or the canary to ask before.

        The highest verdict at or below *first* counts. Where that is a bad one, only a canary above it can
        tell that the endpoint has what came later.
        """
        if not self.known:
            return True
        held = self._of(endpoint, now)
        below = self._below(first)
        judged = [one for one in below if one in held]
        if judged and held[judged[-1]].held:
            return True
        above = [one for one in below if not judged or one.block > judged[-1].block]
        open_ = [one for one in above if one not in held]
        return max(open_, key=lambda one: (one in self.known, one.block)) if open_ else False

    def _below(self, first: int) -> list[Canary]:
        """Return the canaries at or below *first*; the deepest where there is none."""
        below = [one for one in (*self.known, *self._learnt) if one.block <= first]
        return sorted(below, key=lambda one: one.block) or [self.known[0]]

    def judge(self, endpoint: str, canary: Canary, *, held: bool, now: float) -> None:
        """Book what *endpoint* made of *canary*."""
        self._verdicts.setdefault(endpoint, {})[canary] = Verdict(held, now)

    def doubt(self, endpoint: str) -> None:
        """Forget what *endpoint* has shown: it is asked for canaries again."""
        self._verdicts.pop(endpoint, None)

    def depth(self, endpoint: str, now: float) -> tuple[int | None, int | None]:
        """Return the lowest block from which on it holds logs, and the highest whose canary it lacks."""
        held = self._of(endpoint, now)
        bad = max((one.block for one, verdict in held.items() if not verdict.held), default=None)
        good = [one.block for one, verdict in held.items() if verdict.held and one.block > (bad or -1)]
        return min(good, default=None), bad

    def proved_at(self, endpoint: str) -> float | None:
        """Return when the oldest verdict on *endpoint* was given; None where there is none."""
        return min((verdict.at for verdict in self._verdicts.get(endpoint, {}).values()), default=None)

    def compare(self, endpoint: str, asked: Asked, logs: pa.Table) -> list[str]:
        """Hold what *endpoint* gave against what others gave for the same; return whom that makes doubtful.

        Whoever said that there is nothing where another has logs is asked for its canaries again.
        """
        if not logs.num_rows:
            self._empty.append((endpoint, asked))
            return []
        blocks = logs["block_number"].to_pylist()
        wrong = [
            (other, held)
            for other, held in self._empty
            if other != endpoint and held.wanted == asked.wanted and _any_within(blocks, held.span)
        ]
        for one in wrong:
            self._empty.remove(one)
            self.doubt(one[0])
        return [
            f"{other} said that blocks {held.span} hold no logs of what was asked, where {endpoint} has some; it is "
            "asked for known logs again."
            for other, held in wrong
        ]

    def offer(self, endpoint: str, canary: Canary, now: float) -> None:
        """Take up a block with logs that *endpoint* served, if it has proved itself and the block is needed."""
        lacks = self.known and all(abs(canary.block - one.block) >= SPACING for one in self._learnt)
        if lacks and self.due(endpoint, canary.block, now) is True:
            self.learn(canary)

    def learn(self, canary: Canary) -> None:
        """Take up a block with logs that an endpoint served which had proved itself."""
        insort(self._learnt, canary, key=lambda one: one.block)
        if len(self._learnt) > MOST_LEARNT:
            del self._learnt[1::2]

    def restore(self, endpoint: str, block: int | None, *, held: bool, at: float) -> None:
        """Take up what an earlier run found out about the canary of *block*."""
        for one in self.known:
            if one.block == block:
                self.judge(endpoint, one, held=held, now=at)

    def _of(self, endpoint: str, now: float) -> dict[Canary, Verdict]:
        held = self._verdicts.get(endpoint, {})
        return {one: verdict for one, verdict in held.items() if now - verdict.at < VALID_SECONDS}

    async def probe(self, endpoint: Endpoint, canary: Canary, now: float) -> str | None:
        """Ask *endpoint* for *canary* and book it; return what it lacks in a sentence, None where nothing."""
        got = await count(endpoint, canary)
        exact = canary in self.known
        held = got == canary.count if exact else got >= canary.count
        self.judge(endpoint.name, canary, held=held, now=now)
        if held:
            return None
        if got > canary.count:
            return (
                f"{endpoint.name} gave {got} logs for block {canary.block}, which has {canary.count} of that "
                "contract; it is not asked for logs from there on."
            )
        return (
            f"{endpoint.name} has no logs of block {canary.block} any more, or not all (a pruned node); it is "
            "not asked for logs that old."
        )


async def count(endpoint: Endpoint, canary: Canary) -> int:
    """Return how many logs of *canary* the endpoint gives."""
    at = hex(canary.block)
    query: dict[str, object] = {"fromBlock": at, "toBlock": at, "address": [canary.address]}
    if canary.topic0 is not None:
        query["topics"] = [[canary.topic0]]
    text = await endpoint.one(Ask("eth_getLogs", [query], Span(canary.block, canary.block)))
    try:
        logs = msgspec.json.decode(text)
        # Null is no empty list: it is what a node says that fails.
        places = {(int(log["blockNumber"], 16), int(log["logIndex"], 16)) for log in logs}
        own = all(log["address"].lower() == canary.address for log in logs)
    except (TypeError, KeyError, ValueError, AttributeError):
        raise BadAnswer(
            f"{endpoint.name} answered block {canary.block} with something that is no logs."
        ) from None
    if not own or any(block != canary.block for block, _ in places):
        raise BadAnswer(f"{endpoint.name} answered block {canary.block} with logs that were not asked for.")
    return len(places)


def _any_within(blocks: Sequence[int], span: Span) -> bool:
    """Return whether one of *blocks*, which are in order, lies in *span*."""
    at = bisect_left(blocks, span.first)
    return at < len(blocks) and blocks[at] <= span.last


def first_of(logs: pa.Table) -> Canary:
    """Return the first of *logs* as a canary: its block holds at least this one."""
    block, address, topic = (logs[name][0].as_py() for name in ("block_number", "address", "topic0"))
    return Canary(block, f"0x{address.hex()}", None if topic is None else f"0x{topic.hex()}", 1)
