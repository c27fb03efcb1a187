"""WebSocket endpoints: requests over one, and the word of a new block as soon as the node has it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Self

import aiohttp
import msgspec

from indexer.config import model
from indexer.sources.transport import CONNECT_SECONDS, Http, Manners, Reply, Slow, Transport, lost

SCHEMES = ("ws", "wss")
HEARTBEAT = 20.0
AGAIN = 30.0
"""Seconds until a lost subscription is tried again; polls go on meanwhile."""
SPACING = 1.0
"""Seconds between two words of a new block at least: some chains make four a second."""
_SUBSCRIBE = {"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]}


def way_to(named: model.Endpoint, manners: Manners) -> Transport:
    """Return the way to an endpoint that its URL asks for."""
    return Socket(named, manners) if is_socket(named.url) else Http(named, manners)


def is_socket(url: str) -> bool:
    """Tell whether *url* is a WebSocket's."""
    return url.partition(":")[0].lower() in SCHEMES


class Socket:
    """The way to an endpoint over one WebSocket, a request at a time; opened again after it broke."""

    def __init__(self, named: model.Endpoint, manners: Manners) -> None:
        self._name, self._url, self._manners = named.name, named.url, manners
        self._turn = asyncio.Lock()
        self._session: aiohttp.ClientSession | None = None
        self._socket: Any = None

    async def post(self, payload: bytes) -> Reply:
        """Return what was answered; Transient if nothing came."""
        async with self._turn:
            try:
                socket = await self._opened()
                await socket.send_str(payload.decode())
                return Reply(200, await _answer(socket, payload, self._manners.timeout), None)
            except TimeoutError:
                await self._drop()
                raise Slow(f"{self._name} did not answer within {self._manners.timeout:g} s.") from None
            except (aiohttp.ClientError, OSError, ValueError, TypeError) as error:
                await self._drop()
                raise lost(self._name, error) from None
            except asyncio.CancelledError:
                # The answer that is still due must not be taken for the next one.
                await self._drop()
                raise

    async def close(self) -> None:
        """Close the connection."""
        await self._drop()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _opened(self) -> Any:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        if self._socket is None or self._socket.closed:
            self._socket = await _open(self._session, self._url, self._manners.max_body)
        return self._socket

    async def _drop(self) -> None:
        if self._socket is not None:
            socket, self._socket = self._socket, None
            await socket.close()


class Wake:
    """Waits until a chain has a new block: told by a WebSocket endpoint where there is one, else by the clock."""

    def __init__(self, endpoints: Sequence[model.Endpoint]) -> None:
        self._urls = [named.url for named in endpoints if is_socket(named.url)]
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._urls:
            self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def wait(self, seconds: float) -> None:
        """Return after *seconds*, or sooner where a new block is told."""
        spacing = min(SPACING, seconds)
        await asyncio.sleep(spacing)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), seconds - spacing)
        self._news.clear()

    async def _listen(self) -> None:
        """Subscribe at one endpoint after the other, for as long as the chain is followed."""
        async with aiohttp.ClientSession() as session:
            while True:
                for url in self._urls:
                    with suppress(aiohttp.ClientError, OSError, ValueError, TypeError, RecursionError):
                        await self._subscribed(session, url)
                await asyncio.sleep(AGAIN)

    async def _subscribed(self, session: aiohttp.ClientSession, url: str) -> None:
        socket = await _open(session, url, 1 << 20)
        try:
            await socket.send_str(msgspec.json.encode(_SUBSCRIBE).decode())
            taken = msgspec.json.decode(await _text(socket, CONNECT_SECONDS))
            while "error" not in taken:
                await _text(socket, None)
                self._news.set()
        finally:
            await socket.close()


async def _open(session: aiohttp.ClientSession, url: str, most: int) -> Any:
    return await asyncio.wait_for(
        session.ws_connect(url, heartbeat=HEARTBEAT, max_msg_size=most), CONNECT_SECONDS
    )


class _Numbered(msgspec.Struct):
    """What tells to which request a message belongs."""

    id: Any = None


async def _answer(socket: Any, payload: bytes, seconds: float) -> bytes:
    """Return the next message that answers *payload*; what comes late or twice of an earlier request is passed by."""
    asked = {one.id for one in _numbered(payload)}
    while True:
        message = await _text(socket, seconds)
        found = _numbered(message)
        if not found or any(one.id is None or one.id in asked for one in found):
            return message


def _numbered(message: bytes) -> list[_Numbered]:
    """Return the numbered parts of *message*; none where it is no JSON-RPC, which whoever reads it will say."""
    try:
        found = msgspec.json.decode(message, type=_Numbered | list[_Numbered])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    parts = found if isinstance(found, list) else [found]
    return [part for part in parts if isinstance(part.id, int | str | None)]


async def _text(socket: Any, seconds: float | None) -> bytes:
    """Return the next message; TypeError where the socket closed, TimeoutError where none comes."""
    text: str = await asyncio.wait_for(socket.receive_str(), seconds)
    return text.encode()
