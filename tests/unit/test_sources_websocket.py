"""WebSocket endpoints against a real server: requests, broken connections, and the word of a new block."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from indexer.config.model import Endpoint
from indexer.floor.errors import Transient
from indexer.sources.transport import Http, Manners
from indexer.sources.websocket import Socket, Wake, way_to

KEY = "s3cretk3y0123456789"


class Server:
    """Answers each message with what *say* makes of it; None breaks the connection, ... keeps silent."""

    def __init__(self, say: Callable[[Any], Any]) -> None:
        self._say = say
        self.opened = 0
        self.told = asyncio.Event()
        self.sockets: list[web.WebSocketResponse] = []

    async def answer(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.opened += 1
        self.sockets.append(socket)
        async for message in socket:
            assert message.type is WSMsgType.TEXT
            said = self._say(json.loads(message.data))
            if said is None:
                await socket.close()
            elif said is not ...:
                await socket.send_str(json.dumps(said))
            self.told.set()
        return socket


def served(say: Callable[[Any], Any], act: Callable[[Server, Endpoint], Awaitable[Any]]) -> Any:
    """Return what *act* makes of a server and its endpoint, while it runs."""

    async def run() -> Any:
        server = Server(say)
        app = web.Application()
        app.router.add_get("/{path:.*}", server.answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            return await act(server, Endpoint("node-1", f"ws://127.0.0.1:{runner.addresses[0][1]}/{KEY}"))
        finally:
            await runner.cleanup()

    return asyncio.run(run())


def test_the_scheme_says_which_way() -> None:
    """ws and wss are WebSockets in any spelling, the rest is HTTP."""

    async def kinds() -> list[type]:
        urls = ("ws://h", "WSS://h", "http://h", "https://h")
        return [type(way_to(Endpoint("n", url), Manners())) for url in urls]

    assert asyncio.run(kinds()) == [Socket, Socket, Http, Http]


def test_requests_are_answered_in_turn_over_one_connection() -> None:
    """Five requests at once get each its own answer, over a connection that was opened once."""

    async def act(server: Server, named: Endpoint) -> None:
        socket = Socket(named, Manners())
        replies = await asyncio.gather(*(socket.post(json.dumps([n]).encode()) for n in range(5)))
        await socket.close()
        assert [json.loads(reply.body) for reply in replies] == [{"got": [n]} for n in range(5)]
        assert server.opened == 1

    served(lambda asked: {"got": asked}, act)


def test_a_broken_connection_is_a_passing_fault_and_is_opened_again() -> None:
    """The request that broke it is transient, without the key; the next one opens a new connection."""

    async def act(server: Server, named: Endpoint) -> None:
        socket = Socket(named, Manners())
        with pytest.raises(Transient) as error:
            await socket.post(b'"break"')
        assert str(error.value).startswith("node-1 ")
        assert KEY not in str(error.value)
        assert (await socket.post(b'"again"')).body == b'"again"'
        await socket.close()
        assert server.opened == 2

    served(lambda asked: None if asked == "break" else asked, act)


def test_silence_is_a_passing_fault_and_its_late_answer_is_nobodys() -> None:
    """After a silence, and after a request that was given up, the next answer is to the next question."""

    async def act(server: Server, named: Endpoint) -> None:
        socket = Socket(named, Manners(timeout=0.2))
        with pytest.raises(Transient, match=r"node-1 did not answer within 0\.2 s"):
            await socket.post(b'"quiet"')
        asked = asyncio.create_task(socket.post(b'"quiet"'))
        await asyncio.sleep(0.05)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert (await socket.post(b'"loud"')).body == b'"loud"'
        await socket.close()
        assert server.opened == 3

    served(lambda asked: ... if asked == "quiet" else asked, act)


def test_an_answer_that_comes_twice_is_not_taken_for_the_next() -> None:
    """The second copy of an answer is passed by when the next request waits."""

    async def act(server: Server, named: Endpoint) -> None:
        socket = Socket(named, Manners(timeout=2.0))
        for number in (1, 2, 3):
            reply = await socket.post(json.dumps({"id": number}).encode())
            assert json.loads(reply.body) == {"id": number, "result": number}
            await server.sockets[0].send_str(reply.body.decode())
        await socket.close()

    served(lambda asked: {"id": asked["id"], "result": asked["id"]}, act)


def test_nobody_there_is_said_without_the_key() -> None:
    """A port on which nothing listens is a passing fault that names the endpoint only."""

    async def act() -> str:
        socket = Socket(Endpoint("node-1", f"ws://127.0.0.1:9/{KEY}"), Manners())
        with pytest.raises(Transient) as error:
            await socket.post(b"{}")
        await socket.close()
        return str(error.value)

    assert asyncio.run(act()) == "node-1 cannot be connected to."


def test_a_new_block_ends_the_wait() -> None:
    """A subscriber is told of a block long before the clock would; a lost subscription leaves the clock."""

    async def act(server: Server, named: Endpoint) -> None:
        loop = asyncio.get_running_loop()
        async with Wake([Endpoint("other", "http://127.0.0.1:9"), named]) as wake:
            began = loop.time()
            waiting = asyncio.create_task(wake.wait(60.0))
            await server.told.wait()
            await server.sockets[0].send_str(json.dumps({"method": "eth_subscription"}))
            await asyncio.wait_for(waiting, 5.0)
            assert loop.time() - began < 60
            await server.sockets[0].close()
            await asyncio.wait_for(wake.wait(0.2), 5.0)

    served(lambda asked: {"id": asked["id"], "result": "0x1"}, act)
