"""How bytes get to an endpoint and back: HTTP, at the pace that the endpoint allows.

Nothing that leaves this module shows the URL: an error names the endpoint and says what went wrong.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

import aiohttp
from asyncio_throttle.throttler import Throttler

from indexer.config import model
from indexer.floor.errors import Transient
from indexer.floor.process import same_depth
from indexer.sources.logjson import BadAnswer
from indexer.sources.shown import trouble

PUBLIC_RATE = 10.0
LOCAL_RATE = 10_000.0
CONNECT_SECONDS = 10.0
READ_BUFFER = 1 << 20
LONGEST_PAUSE = 120.0
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class Unreachable(Transient):
    """Nobody is there: no such host, or nothing that listens."""


class Manners(NamedTuple):
    """How endpoints are treated; times in seconds, sizes in bytes.

    *rate* is requests a second: ten where None, and no limit for an endpoint on this machine. *in_flight* is
    how many may be under way at most, *timeout* the longest silence while an answer is due, *patience* how
    long the pool tries to have a request served.
    """

    rate: float | None = None
    in_flight: int = 12
    timeout: float = 60.0
    patience: float = 60.0
    max_body: int = 512 << 20


class Reply(NamedTuple):
    """An HTTP answer as it came; *retry_after* in seconds."""

    status: int
    body: bytes
    retry_after: float | None


class Slow(Transient):
    """An endpoint was silent for too long."""


class Transport(Protocol):
    """The way to one endpoint."""

    async def post(self, payload: bytes) -> Reply:
        """Return what was answered, as it came, whatever its status; Transient if nothing came."""

    async def close(self) -> None:
        """Close the connections."""


Connect = Callable[[model.Endpoint, Manners], Transport]
"""Gives the way to an endpoint; nothing is opened before the first request."""


class Http:
    """The way to an endpoint over HTTP, opened by the first request."""

    def __init__(self, named: model.Endpoint, manners: Manners) -> None:
        self._name, self._url = named.name, named.url
        self._manners = manners
        self._slots = asyncio.Semaphore(manners.in_flight)
        self._throttle = _throttler(rate_of(named, manners))
        self._session: aiohttp.ClientSession | None = None
        self._headers: dict[str, str] = {}

    async def post(self, payload: bytes) -> Reply:
        """Return what the endpoint answered, as it came, whatever its status; Transient if nothing came."""
        session = self._session or await self._open()
        async with self._slots:
            # The throttle wakes each waiter a hundred times a second, so few are let in.
            async with self._throttle:
                pass
            try:
                asking = session.post(self._url, data=payload, headers=self._headers, allow_redirects=False)
                async with asking as response:
                    body = await self._read(response)
                    return Reply(response.status, body, _retry_after(response.headers.get("Retry-After")))
            except (aiohttp.ClientError, OSError, ValueError) as error:
                if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ConnectionTimeoutError):
                    silence = f"did not answer within {self._manners.timeout:g} s"
                    raise Slow(f"{self._name} {silence}.") from None
                raise lost(self._name, error) from None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        parts: list[bytes] = []
        size = 0
        # Piece by piece as they came: joining them here and there would copy the body twice.
        async for part, _ in response.content.iter_chunks():
            parts.append(part)
            size += len(part)
            if size > self._manners.max_body:
                response.close()
                raise BadAnswer(f"{self._name} answered more than {self._manners.max_body >> 20} MiB.")
        return b"".join(parts)

    async def _open(self) -> aiohttp.ClientSession:
        with same_depth():
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
            trust_env=not is_local(self._url),
        )
        session = await provider.cache_async_session(own)
        self._session, self._headers = session, provider.get_request_headers()
        return session


def lost(name: str, error: BaseException) -> Transient:
    """Return what is raised where a request to the endpoint *name* ended in *error*."""
    kind = Unreachable if isinstance(error, aiohttp.ClientConnectorError) else Transient
    return kind(f"{name} {trouble(error)}.")


def rate_of(named: model.Endpoint, manners: Manners) -> float:
    """Return how many requests a second an endpoint is asked at most."""
    return manners.rate or (LOCAL_RATE if is_local(named.url) else PUBLIC_RATE)


def is_local(url: str) -> bool:
    """Tell whether *url* leads to this machine."""
    try:
        return urlsplit(url).hostname in _LOCAL
    except ValueError:
        return False


def _throttler(rate: float) -> Any:
    """Return what holds requests to *rate* a second in every window, as providers count."""
    throttler: Any = Throttler  # its methods carry no types
    return throttler(rate_limit=int(rate)) if rate >= 1 else throttler(rate_limit=1, period=1 / rate)


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
