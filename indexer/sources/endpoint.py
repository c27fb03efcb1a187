"""One JSON-RPC endpoint: requests worded, answers matched to them, and its chain proved before first use.

Nothing that leaves this module shows the URL: an error names the endpoint and says what went wrong.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from indexer.config import model
from indexer.floor.errors import Permanent
from indexer.floor.spans import Span
from indexer.sources.answers import read_quantity
from indexer.sources.logjson import BadAnswer, Envelope, envelopes
from indexer.sources.pace import Pace
from indexer.sources.provider_errors import Refusal, Refused, classify
from indexer.sources.shown import blot, hide
from indexer.sources.transport import Connect, Manners, Reply, rate_of
from indexer.sources.websocket import is_socket, way_to

A = TypeVar("A")
T = TypeVar("T")

BATCH = 50
"""Requests in a batch: what public nodes take."""

BATCH_TRIAL = 200
"""Requests after which a batch that was found too large is tried again."""

_NO_BATCH_STATUS = frozenset({400, 405, 415, 422, 501})
_NO_BATCH_CODE = frozenset({-32600, -32601, -32602, -32700})


class Ask(NamedTuple):
    """One JSON-RPC request; *span* for eth_getLogs only, so that a refusal can be understood."""

    method: str
    params: Sequence[object]
    span: Span | None = None


Answer = memoryview | Refusal
"""The JSON text of a result, or what was said in its place."""


class WrongChain(Permanent):
    """The endpoint serves another chain than the configuration says."""


class Endpoint:
    """An endpoint that is open between ``prove_chain`` and ``close``."""

    def __init__(
        self,
        named: model.Endpoint,
        chain: model.Chain,
        manners: Manners | None = None,
        connect: Connect = way_to,
    ) -> None:
        self.name = named.name
        self.batch = BATCH
        self.by_hash = True
        self.finds_by_hash = True
        self.head: int | None = None
        self.block_timestamp: bool | None = None
        self.finalized: bool | None = None
        self.requests = 0
        self.answered = 0
        self._small_batches = 0
        self._url = named.url
        self._chain = chain
        manners = manners or Manners()
        self.rate = rate_of(named, manners)
        self.pace = Pace(self.rate)
        self._transport = connect(named, manners)
        self._proving = asyncio.Lock()
        self._proved = False
        self._first_id = 1

    async def prove_chain(self) -> None:
        """Ask for the chain id once, before first use; raise WrongChain where it is another chain's."""
        async with self._proving:
            if self._proved:
                return
            served = await self.one(Ask("eth_chainId", []))
            number = self.believe("eth_chainId", read_quantity, served)
            if number != self._chain.number:
                raise WrongChain(
                    f"{self.name} serves chain {number}, where {self._chain.name} is chain "
                    f"{self._chain.number}: correct its URL."
                )
            self._proved = True

    async def one(self, ask: Ask) -> memoryview:
        """Return the JSON text of one result; raise Refused where there is none."""
        return self.accept(ask, (await self.ask([ask]))[0])

    def accept(self, ask: Ask, answer: Answer) -> memoryview:
        """Return *answer* if it is a result; raise Refused if not."""
        if isinstance(answer, Refusal):
            raise self._refused(answer, ask)
        return answer

    def believe(self, what: str, read: Callable[[A], T], answer: A) -> T:
        """Return what *read* makes of *answer*; its BadAnswer gets the endpoint's name and the question."""
        try:
            return read(answer)
        except BadAnswer as error:
            said = hide(str(error), self._url)
            raise BadAnswer(f"{self.name}: answer refused for {what}: {said}") from None

    def _refused(self, refusal: Refusal, ask: Ask) -> Refused:
        stop = "" if refusal.text.endswith((".", "…", "!", "?")) else "."
        return Refused(refusal, f"{self.name} declined {ask.method}: {refusal.text}{stop}")

    async def ask(self, asks: Sequence[Ask]) -> list[Answer]:
        """Return one answer for each request, in order: batched as far as the endpoint takes batches.

        What concerns the whole request raises: Transient (no answer, a bad answer), Refused.
        """
        answers: list[Answer] = []
        size = self.batch
        while len(answers) < len(asks):
            chunk = asks[len(answers) : len(answers) + size]
            got = await self._ask_together(chunk)
            if got is None:
                size = max(1, len(chunk) // 2)
                continue
            # Believed only now: a passing fault must not cost the batches.
            self.batch = min(self.batch, size)
            answers += got
            self.answered += 1
            if len(asks) >= self.batch:
                self._doubt_batch()
                size = self.batch
        return answers

    def _doubt_batch(self) -> None:
        """After many requests that were as large as the endpoint takes them, let a larger one be tried."""
        self._small_batches += 1
        if self._small_batches >= BATCH_TRIAL and self.batch < BATCH:
            self.batch, self._small_batches = min(2 * self.batch, BATCH), 0

    async def _ask_together(self, chunk: Sequence[Ask]) -> list[Answer] | None:
        """Return the answers of one HTTP request, or None where the endpoint takes no batch of this size."""
        first = self._first_id
        if is_socket(self._url):
            # What comes late or twice over a socket must not pass for the answer to the next request.
            self._first_id += len(chunk)
        bodies = [
            {"jsonrpc": "2.0", "id": i, "method": a.method, "params": a.params}
            for i, a in enumerate(chunk, first)
        ]
        reply = await self.post(msgspec.json.encode(bodies if len(bodies) > 1 else bodies[0]))
        try:
            found = envelopes(reply.body)
        except BadAnswer as error:
            if reply.status == 200:
                raise BadAnswer(f"{self.name}: {blot(hide(str(error), self._url))}") from None
            found = []
        if found and not (len(chunk) > 1 and len(found) == 1 and found[0].error):
            return self._match(chunk, first, found, reply)
        refusal = self._refusal(found[0].error or {} if found else {}, reply, chunk[-1].span)
        if len(chunk) > 1 and _refuses_batch(found, reply, refusal):
            return None
        raise self._refused(refusal, chunk[-1])

    def _match(
        self, chunk: Sequence[Ask], first: int, found: Sequence[Envelope], reply: Reply
    ) -> list[Answer]:
        """Return the answers in the order of the requests, numbered from *first*; each must be there once."""
        by_id = {envelope.id: envelope for envelope in found}
        if len(chunk) == len(found) == 1 and found[0].error:
            by_id[first] = found[0]
        answers: list[Answer] = []
        for number, ask in enumerate(chunk, first):
            envelope = by_id.get(number)
            if envelope is None or len(found) != len(chunk):
                raise BadAnswer(
                    f"{self.name} gave {len(found)} answers to {len(chunk)} requests, or not to those asked."
                )
            if envelope.result is not None and reply.status < 400:
                answers.append(envelope.result)
            else:
                answers.append(self._refusal(envelope.error or {}, reply, ask.span))
        return answers

    def _refusal(self, error: dict[str, Any], reply: Reply, span: Span | None) -> Refusal:
        code, message = error.get("code"), error.get("message")
        refusal = classify(
            reply.status if reply.status != 200 else None,
            code if isinstance(code, int) else None,
            hide(message, self._url) if isinstance(message, str) else "",
            error.get("data"),
            span,
        )
        return refusal._replace(retry_after=reply.retry_after or refusal.retry_after)

    async def post(self, payload: bytes) -> Reply:
        """Return what the endpoint answered, as it came, whatever its status; Transient if nothing came."""
        await self.pace.turn()
        self.requests += 1
        return await self._transport.post(payload)

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()


def in_requests(endpoint: Endpoint, asked: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield *asked* in parts that the endpoint takes in one request, by what is known when each is due."""
    at = 0
    while at < len(asked):
        size = min(endpoint.batch, BATCH)
        yield asked[at : at + size]
        at += size


def _refuses_batch(found: Sequence[Envelope], reply: Reply, refusal: Refusal) -> bool:
    """Return whether the one answer to a batch is about its being a batch."""
    error = found[0].error or {} if found else {}
    said = f"{error.get('message')} {error.get('data')}".lower()
    if "batch" in said:
        return True  # whatever its code: some send that of a rate limit
    if refusal.kind in ("rate", "auth"):
        return False
    if not found:
        return reply.status in _NO_BATCH_STATUS
    code = error.get("code")
    return (
        isinstance(code, int) and code in _NO_BATCH_CODE and not re.search("range|block|result|limit", said)
    )
