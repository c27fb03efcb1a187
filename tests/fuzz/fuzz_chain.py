"""A little honest chain behind a transport that spoils what it says, for the whole client to ask."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from fuzz_logs import ADDRESS, block_hash, log
from sim_loop import Clock, simulated

from indexer.config.model import Chain, Endpoint
from indexer.sources.evm import Evm
from indexer.sources.pool import Pool
from indexer.sources.transport import Manners, Reply

NUMBER = 900005
HEAD = 30
KEY = "k3y-of-the-endpoint-0123456789"
Spoil = Callable[[bytes], Reply]


def header(number: int) -> dict[str, Any]:
    return {
        "number": hex(number),
        "hash": block_hash(number),
        "parentHash": block_hash(number - 1) if number else "0x" + "00" * 32,
        "timestamp": hex(1_700_000_000 + number * 12),
        "logsBloom": "0x" + "ff" * 256,
        "receiptsRoot": f"0x{number:064x}",
        "transactions": [f"0x{number * 13:064x}"],
    }


def logs_of(first: int, last: int) -> list[dict[str, Any]]:
    return [log(number, index) for number in range(first, last + 1) for index in range(number % 3)]


def transaction(number: int) -> dict[str, Any]:
    return {
        "hash": f"0x{number * 13:064x}", "from": ADDRESS, "to": ADDRESS, "input": "0x01", "blockNumber": hex(number),
        "blockHash": block_hash(number), "transactionIndex": "0x1",
    }  # fmt: skip


def told(ask: dict[str, Any]) -> Any:
    """What an honest node answers to one request."""
    method, params = ask["method"], ask["params"]
    if method == "eth_chainId":
        return hex(NUMBER)
    if method == "eth_getBlockByNumber":
        tagged = {"latest": HEAD, "finalized": HEAD - 5}.get(params[0])
        number = int(params[0], 16) if tagged is None else tagged
        return header(number) if number <= HEAD else None
    if method == "eth_getLogs":
        return logs_of(int(params[0]["fromBlock"], 16), min(HEAD, int(params[0]["toBlock"], 16)))
    if method == "eth_getTransactionByHash":
        return transaction(int(params[0], 16) // 13)
    return "0x" + "00" * 31 + "07"


def answered(payload: bytes) -> bytes:
    """The body of an honest node."""
    asked = json.loads(payload)
    many = asked if isinstance(asked, list) else [asked]
    out = [{"jsonrpc": "2.0", "id": ask["id"], "result": told(ask)} for ask in many]
    return json.dumps(out if isinstance(asked, list) else out[0], separators=(",", ":")).encode()


class Spoilt:
    """The way to that node; ``spoil`` makes of the honest body of each request what comes back."""

    def __init__(self, spoil: Callable[[int, bytes], Reply]) -> None:
        self._spoil = spoil
        self.posts = 0
        self.bodies: list[bytes] = []

    async def post(self, payload: bytes) -> Reply:
        self.posts += 1
        await asyncio.sleep(0.01)
        reply = self._spoil(self.posts, answered(payload))
        self.bodies.append(reply.body)
        return reply

    async def close(self) -> None:
        """Nothing is open."""


def chain(endpoints: int = 1) -> Chain:
    named = tuple(Endpoint(f"node-{n}", f"https://{KEY}.example/{KEY}") for n in range(endpoints))
    return Chain("test", f"eip155:{NUMBER}", "Test", "evm", named, "finalized", date(2020, 1, 1))


def asked(way: Spoilt, question: Callable[[Evm], Awaitable[Any]]) -> tuple[Any, list[str]]:
    """What the whole client makes of *question*, and its notes; its pauses take no time."""
    notes: list[str] = []
    steps = [0]

    def on_step() -> None:
        steps[0] += 1
        assert steps[0] < 50_000, "the client asks on and on"

    async def main() -> Any:
        manners = Manners(patience=20.0)
        async with Pool(chain(), (), manners, notes.append, lambda *_: way) as pool:
            return await question(Evm(pool.chain, pool))

    with simulated(Clock(), on_step):
        return asyncio.run(main()), notes
