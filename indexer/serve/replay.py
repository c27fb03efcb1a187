"""A local JSON-RPC endpoint that plays recorded chains, and misbehaves on request.

POST /<name>                the chain of that file; also POST / where there is one file
GET  /                      names, chain ids and heads
GET  /<name>/counts         requests so far: by method, and calls by function
POST /<name>/counts/reset   counts from zero again
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager

import msgspec
from aiohttp import web

from indexer.floor.errors import Usage
from indexer.serve.dialects import unbatched
from indexer.serve.jsonrpc import Asked, Reply, Request, RpcError, failure, joined, read, result
from indexer.serve.methods import Called, Chain, answer, called, chain_of
from indexer.serve.misbehave import Faults
from indexer.serve.recording import Recording

LARGEST_REQUEST = 64 * 1024 * 1024
GOODBYE_SECONDS = 1.0


class _Stage:
    """One chain being played, and what it was asked. Counts are read from other threads, hence the lock."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self._methods: Counter[str] = Counter()
            self._calls: Counter[Called] = Counter()

    def count(self, request: Request) -> None:
        call = called(self.chain, request)
        with self._lock:
            self._methods[request.method] += 1
            if call is not None:
                self._calls[call] += 1

    def methods(self) -> dict[str, int]:
        with self._lock:
            return dict(self._methods)

    def calls(self) -> dict[Called, int]:
        with self._lock:
            return dict(self._calls)

    def reply(self, body: bytes, now: float) -> Reply:
        """Return the answer to an HTTP body that came at second *now*."""
        mischief = self.chain.mischief
        try:
            asked = read(body)
        except RpcError as error:
            return Reply(failure(b"null", error), error.status)
        refusal = mischief.late(now)
        if refusal is None and asked.many and mischief.faults.no_batch:
            refusal = unbatched()
        if isinstance(refusal, RpcError):
            id_ = b"null" if asked.many else asked.requests[0].id
            return Reply(failure(id_, refusal), refusal.status)
        return refusal or mischief.spoiled(asked, self._played(asked))

    def _played(self, asked: Asked) -> Reply:
        answers, status = [], 200
        for request in asked.requests:
            self.count(request)
            try:
                answers.append(result(request.id, answer(self.chain, request)))
            except RpcError as error:
                answers.append(failure(request.id, error))
                status = error.status
        return Reply(joined(answers, many=asked.many), 200 if asked.many else status)


class Replay:
    """Recorded chains to be served, each under the name of its file."""

    def __init__(
        self,
        recordings: Sequence[Recording],
        faults: Faults = Faults(),  # noqa: B008 - a frozen value
        head: int | None = None,
        final_lag: int = 0,
    ) -> None:
        names = [recording.name for recording in recordings]
        if not names or len(set(names)) < len(names):
            raise Usage(
                f"Give one or more recordings with different names; given: {', '.join(names) or 'none'}."
            )
        self._stages = {r.name: _Stage(chain_of(r, faults, head, final_lag)) for r in recordings}

    @property
    def names(self) -> list[str]:
        """The chains that are played: the last part of each one's URL."""
        return list(self._stages)

    def counts(self, name: str) -> dict[str, dict[str, int]]:
        """Return the calls taken up so far: {"method": {name: n}, "eth_call": {function: n}}."""
        stage = self._stages[name]
        functions: Counter[str] = Counter()
        for call, times in stage.calls().items():
            functions[call.function] += times
        return {"method": stage.methods(), "eth_call": dict(functions)}

    def calls(self, name: str) -> dict[Called, int]:
        """Return how often each contract was asked which function at which block."""
        return self._stages[name].calls()

    def reset(self, name: str) -> None:
        """Count from zero again."""
        self._stages[name].reset()

    def serve(self, host: str = "127.0.0.1", port: int = 0) -> AbstractAsyncContextManager[str]:
        """Return a context in which the chains are served; it gives the base URL, port 0 takes a free one."""
        return _serve(self, host, port)

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Answer a JSON-RPC request."""
        stage = self._stage(request)
        reply = stage.reply(await request.read(), time.monotonic())
        pause = stage.chain.faults.latency_ms + reply.pause_ms
        if pause:
            await asyncio.sleep(pause / 1000)
        return await _send(request, reply)

    async def listed(self, _: web.Request) -> web.Response:
        """Answer with the chains that are played."""
        chains = [
            {"name": name, "chain_id": stage.chain.recording.chain_id, "head": stage.chain.heights.head}
            for name, stage in self._stages.items()
        ]
        return _json({"chains": chains})

    async def counted(self, request: web.Request) -> web.Response:
        """Answer with the counts of one chain."""
        self._stage(request)
        return _json(self.counts(request.match_info["name"]))

    async def recount(self, request: web.Request) -> web.Response:
        """Reset the counts of one chain."""
        self._stage(request).reset()
        return _json({})

    def _stage(self, request: web.Request) -> _Stage:
        name = request.match_info.get("name")
        if name is None and len(self._stages) == 1:
            name = self.names[0]
        if name not in self._stages:
            raise web.HTTPNotFound(text=f"No such chain. Chains here: {', '.join(self.names)}.\n")
        return self._stages[name]


@asynccontextmanager
async def _serve(replay: Replay, host: str, port: int) -> AsyncIterator[str]:
    app = web.Application(client_max_size=LARGEST_REQUEST)
    app.router.add_post("/", replay.post)
    app.router.add_get("/", replay.listed)
    app.router.add_post("/{name}", replay.post)
    app.router.add_get("/{name}/counts", replay.counted)
    app.router.add_post("/{name}/counts/reset", replay.recount)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=GOODBYE_SECONDS)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise Usage(
                f"Cannot listen on {host}:{port}: {error.strerror}. Choose another --port."
            ) from error
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _send(request: web.Request, reply: Reply) -> web.StreamResponse:
    headers = {} if reply.retry_after is None else {"Retry-After": str(reply.retry_after)}
    if reply.sent is None:
        return web.Response(
            body=reply.body, status=reply.status, content_type=reply.content_type, headers=headers
        )
    broken = web.StreamResponse(status=reply.status, headers=headers)
    if reply.sent and request.transport is not None:
        broken.content_type = reply.content_type
        broken.content_length = len(reply.body)
        await broken.prepare(request)
        await broken.write(reply.body[: reply.sent])
    if request.transport is not None:
        request.transport.close()
    return broken


def _json(value: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")


@contextmanager
def serving(replay: Replay, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve from a thread of its own while the context lasts; gives the base URL."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="rwa-replay", daemon=True)
    thread.start()
    served = replay.serve(host, port)
    try:
        base_url = asyncio.run_coroutine_threadsafe(_entered(served), loop).result()
        try:
            yield base_url
        finally:
            asyncio.run_coroutine_threadsafe(_left(served), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _entered(served: AbstractAsyncContextManager[str]) -> str:
    return await served.__aenter__()


async def _left(served: AbstractAsyncContextManager[str]) -> None:
    await served.__aexit__(None, None, None)


async def run_forever(
    replay: Replay, host: str, port: int, on_ready: Callable[[str], None] | None = None
) -> None:
    """Serve until cancelled; *on_ready* is told the base URL."""
    async with replay.serve(host, port) as base_url:
        if on_ready is not None:
            on_ready(base_url)
        await asyncio.Event().wait()
