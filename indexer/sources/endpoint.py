"""One JSON-RPC endpoint: bytes to it and back, at the pace it allows, and its chain proved before first use.

Nothing that leaves this module shows the URL: an error names the endpoint and says what went wrong.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec
from asyncio_throttle.throttler import Throttler

from indexer.config import model
from indexer.floor.errors import Permanent, Transient
from indexer.floor.spans import Span
from indexer.sources.logjson import BadAnswer, Envelope, envelopes
from indexer.sources.provider_errors import Refusal, Refused, classify
from indexer.sources.shown import blot, hide, trouble

A = TypeVar("A")
T = TypeVar("T")

PUBLIC_RATE = 10.0
LOCAL_RATE = 10_000.0
BATCH = 50
"""Requests in a batch: what public nodes take."""

CONNECT_SECONDS = 10.0
READ_BUFFER = 1 << 20
LONGEST_PAUSE = 120.0
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_NO_BATCH_STATUS = frozenset({400, 405, 415, 422, 501})
_NO_BATCH_CODE = frozenset({-32600, -32601, -32602, -32700})


class Manners(NamedTuple):
    """How endpoints are treated; times in seconds, sizes in bytes.

    *rate* is requests a second: ten where None, and no limit for an endpoint on this machine. *timeout* is
    the longest silence while an answer is due, *patience* how long the pool tries to have a request served.
    """

    rate: float | None = None
    in_flight: int = 4
    timeout: float = 60.0
    patience: float = 60.0
    max_body: int = 512 << 20


class Ask(NamedTuple):
    """One JSON-RPC request; *span* for eth_getLogs only, so that a refusal can be understood."""

    method: str
    params: Sequence[object]
    span: Span | None = None


class Reply(NamedTuple):
    """An HTTP answer as it came; *retry_after* in seconds."""

    status: int
    body: bytes
    retry_after: float | None


Answer = memoryview | Refusal
"""The JSON text of a result, or what was said in its place."""


class WrongChain(Permanent):
    """The endpoint serves another chain than the configuration says."""


class Endpoint:
    """An endpoint that is open between ``prove_chain`` and ``close``."""

    def __init__(self, named: model.Endpoint, chain: model.Chain, manners: Manners | None = None) -> None:
        self.name = named.name
        self.batch = BATCH
        self.by_hash = True
        self.requests = 0
        self._url = named.url
        self._chain = chain
        self._manners = manners or Manners()
        self._slots = asyncio.Semaphore(self._manners.in_flight)
        usual = LOCAL_RATE if _is_local(named.url) else PUBLIC_RATE
        self.rate = self._manners.rate or usual
        self._throttle = _throttler(self.rate)
        self._proving = asyncio.Lock()
        self._proved = False
        self._session: aiohttp.ClientSession | None = None
        self._headers: dict[str, str] = {}

    async def prove_chain(self) -> None:
        """Ask for the chain id once, before first use; raise WrongChain where it is another chain's."""
        async with self._proving:
            if self._proved:
                return
            served = msgspec.json.decode(await self.one(Ask("eth_chainId", [])))
            try:
                number = int(served, 16)
            except (TypeError, ValueError):
                raise BadAnswer(f"{self.name} answered eth_chainId with no number.") from None
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
        return answers

    async def _ask_together(self, chunk: Sequence[Ask]) -> list[Answer] | None:
        """Return the answers of one HTTP request, or None where the endpoint takes no batch of this size."""
        bodies = [
            {"jsonrpc": "2.0", "id": i, "method": a.method, "params": a.params}
            for i, a in enumerate(chunk, 1)
        ]
        reply = await self.post(msgspec.json.encode(bodies if len(bodies) > 1 else bodies[0]))
        try:
            found = envelopes(reply.body)
        except BadAnswer as error:
            if reply.status == 200:
                raise BadAnswer(f"{self.name}: {blot(hide(str(error), self._url))}") from None
            found = []
        if found and not (len(chunk) > 1 and len(found) == 1 and found[0].error):
            return self._match(chunk, found, reply)
        refusal = self._refusal(found[0].error or {} if found else {}, reply, chunk[-1].span)
        if len(chunk) > 1 and _refuses_batch(found, reply, refusal):
            return None
        raise self._refused(refusal, chunk[-1])

    def _match(self, chunk: Sequence[Ask], found: Sequence[Envelope], reply: Reply) -> list[Answer]:
        """Return the answers in the order of the requests; each must be there once."""
        by_id = {envelope.id: envelope for envelope in found}
        if len(chunk) == len(found) == 1 and found[0].error:
            by_id[1] = found[0]
        answers: list[Answer] = []
        for number, ask in enumerate(chunk, 1):
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
        session = self._session or await self._open()
        async with self._slots:
            # The throttle wakes each waiter a hundred times a second, so few are let in.
            async with self._throttle:
                self.requests += 1
            try:
                asking = session.post(self._url, data=payload, headers=self._headers, allow_redirects=False)
                async with asking as response:
                    body = await self._read(response)
                    return Reply(response.status, body, _retry_after(response.headers.get("Retry-After")))
            except (aiohttp.ClientError, OSError, ValueError) as error:
                if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ConnectionTimeoutError):
                    silence = f"did not answer within {self._manners.timeout:g} s"
                    raise Transient(f"{self.name} {silence}.") from None
                raise Transient(f"{self.name} {trouble(error)}.") from None

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        parts: list[bytes] = []
        size = 0
        # Piece by piece as they came: joining them here and there would copy the body twice.
        async for part, _ in response.content.iter_chunks():
            parts.append(part)
            size += len(part)
            if size > self._manners.max_body:
                response.close()
                raise BadAnswer(f"{self.name} answered more than {self._manners.max_body >> 20} MiB.")
        return b"".join(parts)

    async def _open(self) -> aiohttp.ClientSession:
        from web3 import AsyncHTTPProvider  # noqa: PLC0415 - two seconds that only a fetch shall pay

        # At DEBUG and INFO these two write the URL, hence the key.
        for module in ("web3._utils.http_session_manager", "web3.providers.AsyncHTTPProvider"):
            logging.getLogger(module).setLevel(logging.WARNING)
        provider = AsyncHTTPProvider(self._url, exception_retry_configuration=None)
        # web3's own session opens a connection for each request and drops the body of a refused one.
        own = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._manners.in_flight),
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=CONNECT_SECONDS, sock_read=self._manners.timeout
            ),
            read_bufsize=READ_BUFFER,
            trust_env=not _is_local(self._url),
        )
        session = await provider.cache_async_session(own)
        self._session, self._headers = session, provider.get_request_headers()
        return session

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def _refuses_batch(found: Sequence[Envelope], reply: Reply, refusal: Refusal) -> bool:
    """Return whether the one answer to a batch is about its being a batch."""
    if refusal.kind in ("rate", "auth"):
        return False
    if not found:
        return reply.status in _NO_BATCH_STATUS
    error = found[0].error or {}
    said = f"{error.get('message')} {error.get('data')}".lower()
    if "batch" in said:
        return True
    return error.get("code") in _NO_BATCH_CODE and not re.search("range|block|result|limit", said)


def _throttler(rate: float) -> Any:
    """Return what holds requests to *rate* a second in every window, as providers count."""
    throttler: Any = Throttler  # its methods carry no types
    return throttler(rate_limit=int(rate)) if rate >= 1 else throttler(rate_limit=1, period=1 / rate)


def _is_local(url: str) -> bool:
    try:
        return urlsplit(url).hostname in _LOCAL
    except ValueError:
        return False


def _retry_after(header: str | None) -> float | None:
    """Return the seconds of a Retry-After header, which is a number or a date."""
    if not header:
        return None
    try:
        if header.strip().isdecimal():
            return min(float(header), LONGEST_PAUSE)
        seconds = (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_PAUSE)
