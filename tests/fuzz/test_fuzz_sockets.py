"""Whatever a WebSocket sends, a request ends as an answer or Transient, and a subscription leaves the clock running."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import WSMsgType, web
from fuzz_kit import JSON, RAW_JSON, fuzzed
from hypothesis import strategies as st

from indexer.config.model import Endpoint
from indexer.floor.errors import Transient
from indexer.sources.transport import Manners, Reply
from indexer.sources.websocket import Socket, Wake

FRAMES = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.binary(max_size=40),
        RAW_JSON.map(lambda text: text.encode("utf-8", "replace").decode()),
        JSON.map(repr),
        st.sampled_from(['{"id":1,"result":"0x1"}', '{"id":1,"error":{}}', "[]", "5", "close", "break"]),
    ),
    max_size=3,
)


def served(frames: list[str | bytes], act: Callable[[Endpoint], Awaitable[Any]]) -> Any:
    """What *act* makes of an endpoint that answers every message with *frames*."""

    async def answer(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            assert message.type is WSMsgType.TEXT
            for frame in frames:
                if frame == "break" and request.transport is not None:
                    request.transport.abort()
                elif frame == "close":
                    await socket.close()
                elif not socket.closed:
                    await (socket.send_bytes(frame) if isinstance(frame, bytes) else socket.send_str(frame))
        return socket

    async def main() -> Any:
        app = web.Application()
        app.router.add_get("/", answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            return await act(Endpoint("node-1", f"ws://127.0.0.1:{runner.addresses[0][1]}/"))
        finally:
            await runner.cleanup()

    return asyncio.run(main())


@fuzzed(30, frames=FRAMES)
def test_a_request_over_a_socket_is_answered_or_transient(frames):
    """Frames of any kind and number, and connections that break."""

    async def act(endpoint: Endpoint) -> list[Reply | Transient]:
        socket = Socket(endpoint, Manners(timeout=0.2))
        found: list[Reply | Transient] = []
        for _ in range(2):
            try:
                found.append(await socket.post(b'{"id":1}'))
            except Transient as error:
                found.append(error)
        await socket.close()
        return found

    assert len(served(frames, act)) == 2


@fuzzed(20, frames=FRAMES)
def test_a_subscription_that_says_anything_leaves_the_clock(frames):
    """The wait ends by itself, and leaving the block raises nothing."""

    async def act(endpoint: Endpoint) -> bool:
        async with Wake([endpoint]) as wake:
            await wake.wait(0.1)
            return wake._task is not None and not wake._task.done()

    assert served(frames, act)
