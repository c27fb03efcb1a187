"""A small JSON-RPC node for tests: it answers methods with plain functions, or whatever it is told to say."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple, Self

import pytest
from aiohttp import web

from indexer.config.model import Chain, Endpoint
from indexer.sources.evm import Evm
from indexer.sources.pool import Pool
from indexer.sources.transport import Manners

CHAIN_NUMBER = 900005


class Fault(Exception):
    """A JSON-RPC error object that a method answers with."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message} | ({"data": data} if data is not None else {})


class Raw(NamedTuple):
    """An HTTP answer as it stands."""

    status: int
    body: bytes
    headers: Mapping[str, str] = MappingProxyType({})


class Node:
    """Serves *methods* (name → function of the params). What stands in ``raw`` is answered first."""

    def __init__(self, **methods: Callable[..., object]) -> None:
        self.methods = {"eth_chainId": lambda: hex(CHAIN_NUMBER)} | methods
        self.raw: deque[Raw] = deque()
        self.asked: list[tuple[str, list]] = []
        self.posts: list[float] = []
        self.under_way = self.most_under_way = 0
        self.delay = 0.0
        self.takes_batches = True
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_post("/{path:.*}", self._post)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def times(self, method: str) -> int:
        return sum(name == method for name, _ in self.asked)

    async def _post(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        self.posts.append(time.monotonic())
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(self.delay)
        self.under_way -= 1
        if self.raw:
            status, text, headers = self.raw.popleft()
            return web.Response(status=status, body=text, headers=headers)
        if isinstance(body, list) and not self.takes_batches:
            refusal = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "Invalid Request"}}
            return web.json_response(refusal)
        if isinstance(body, list):
            return web.json_response([self._one(each) for each in body])
        return web.json_response(self._one(body))

    def _one(self, asked: dict) -> dict:
        self.asked.append((asked["method"], asked["params"]))
        said = {"jsonrpc": "2.0", "id": asked["id"]}
        try:
            return said | {"result": self.methods[asked["method"]](*asked["params"])}
        except KeyError:
            return said | {"error": {"code": -32601, "message": f"the method {asked['method']} is not here"}}
        except Fault as fault:
            return said | {"error": fault.error}


def chain_of(*urls: str, number: int = CHAIN_NUMBER) -> Chain:
    """Return a chain with endpoints node-1, node-2 … at *urls*."""
    endpoints = tuple(Endpoint(f"node-{i}", url) for i, url in enumerate(urls, 1))
    return Chain("testnet", f"eip155:{number}", "Testnet", "evm", endpoints, "finalized", None)


def block(number: int, fork: str = "aa") -> dict[str, str]:
    """Return the header of a block; its time is its number times 12."""
    return {"number": hex(number), "hash": block_hash(number, fork), "timestamp": hex(number * 12)}


def block_hash(number: int, fork: str = "aa") -> str:
    return f"0x{fork}{number:062x}"


def log(number: int, index: int, **other: object) -> dict[str, object]:
    """Return a log of the contract 0x11…11; transaction = log index."""
    return {
        "address": "0x" + "11" * 20,
        "topics": ["0x" + "22" * 32],
        "data": "0x",
        "blockNumber": hex(number),
        "blockHash": block_hash(number),
        "blockTimestamp": hex(number * 12),
        "transactionHash": f"0x{number:032x}{index:032x}",
        "transactionIndex": hex(index),
        "logIndex": hex(index),
        "removed": False,
    } | other


CHAIN = f"eip155:{CHAIN_NUMBER}"
ADDRESS = "0x" + "11" * 20
HEAD = 100


def blocks(number, _, head=HEAD, fork="aa"):
    """Answer eth_getBlockByNumber of a chain up to *head*; a tag is the head."""
    number = head if not number.startswith("0x") else int(number, 16)
    return block(number, fork) if number <= head else None


def honest(**methods):
    """Return a node with blocks up to the head and one log in each of the blocks 5 and 7."""
    given = {"eth_getBlockByNumber": blocks, "eth_getLogs": lambda _: [log(5, 0), log(7, 0)]}
    return Node(**(given | methods))


def refusing(code, text, data=None):
    """Return a method that answers with an error."""

    def method(*_):
        raise Fault(code, text, data)

    return method


def with_evm(act, *nodes, patience=1.0):
    """Run *act* on a chain served by *nodes*; return what it gives and the notes."""
    notes = []

    async def run():
        for node in nodes:
            await node.__aenter__()
        try:
            chain = chain_of(*(node.url for node in nodes))
            async with Pool(chain, manners=Manners(patience=patience), on_note=notes.append) as pool:
                return await act(Evm(chain, pool))
        finally:
            for node in nodes:
                await node.__aexit__(None)

    return asyncio.run(run()), notes


def raised(kind, act, *nodes):
    """Return the error of *kind* that *act* ends in."""

    async def run(evm):
        with pytest.raises(kind) as caught:
            await act(evm)
        return caught.value

    return with_evm(run, *nodes)[0]
