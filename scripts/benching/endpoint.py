"""A JSON-RPC endpoint that does next to nothing: it cuts prepared text and sends it.

    python -m benching.endpoint LOGS CAP

Runs as a process of its own, so that its time is not ours. Prints one line of JSON once it listens.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any, cast

from benching.chain import CHAIN_NUMBER, FIRST_BLOCK, Chain, block_hash, block_time, make_chain

_EMPTY = {
    "parentHash": 32,
    "sha3Uncles": 32,
    "miner": 20,
    "stateRoot": 32,
    "transactionsRoot": 32,
    "receiptsRoot": 32,
}
_EMPTY |= {"logsBloom": 256, "mixHash": 32}


class Node(asyncio.Protocol):
    """One HTTP connection, kept alive: whole requests in, prepared bytes out."""

    def __init__(self, chain: Chain, cap: int) -> None:
        self._chain, self._cap = chain, cap
        self._read = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._out = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._read[:end]).lower()
            size = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
            if len(self._read) < end + 4 + size:
                return
            asked = json.loads(bytes(self._read[end + 4 : end + 4 + size]))
            del self._read[: end + 4 + size]
            self._send(asked)

    def _send(self, asked: Any) -> None:
        if isinstance(asked, list):
            parts: list[bytes | memoryview] = []
            for one in asked:
                parts += [b",", *self._answer(one)]
            parts = [b"[", *parts[1:], b"]"]
        else:
            parts = self._answer(asked)
        size = sum(len(part) for part in parts)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
        for part in (head.encode(), *parts):
            self._out.write(part)

    def _answer(self, asked: dict[str, Any]) -> list[bytes | memoryview]:
        head = b'{"jsonrpc":"2.0","id":%s,' % json.dumps(asked["id"]).encode()
        method, params = asked["method"], asked.get("params", [])
        if method == "eth_getLogs":
            first, last = (self._number(params[0][name]) for name in ("fromBlock", "toBlock"))
            if last - first >= self._cap:
                text = f'"error":{{"code":-32005,"message":"exceed maximum block range: {self._cap}"}}}}'
                return [head, text.encode()]
            return [head + b'"result":[', self._chain.between(first, last), b"]}"]
        return [head + b'"result":' + json.dumps(self._result(method, params)).encode() + b"}"]

    def _result(self, method: str, params: list[Any]) -> object:
        if method == "eth_getBlockByNumber":
            return self._header(self._number(params[0]))
        if method == "eth_getTransactionByHash":
            return self._transaction(params[0])
        known = {
            "eth_chainId": hex(CHAIN_NUMBER),
            "net_version": str(CHAIN_NUMBER),
            "eth_blockNumber": hex(self._chain.last),
        }
        return known.get(method)

    def _number(self, block: str) -> int:
        named = {
            "earliest": 0,
            "latest": self._chain.last,
            "finalized": self._chain.last,
            "safe": self._chain.last,
        }
        return named[block] if block in named else int(block, 16)

    def _header(self, number: int) -> dict[str, object] | None:
        if number > self._chain.last:
            return None
        zeros = {name: "0x" + "00" * size for name, size in _EMPTY.items()}
        numbers = dict.fromkeys(
            ("difficulty", "gasLimit", "gasUsed", "nonce", "size", "baseFeePerGas"), "0x0"
        )
        own = {"number": hex(number), "hash": block_hash(number), "timestamp": hex(block_time(number))}
        return {**zeros, **numbers, **own, "extraData": "0x", "transactions": [], "uncles": []}

    def _transaction(self, tx_hash: str) -> dict[str, object] | None:
        if tx_hash not in self._chain.mints:
            return None
        number, place, contract = self._chain.mints[tx_hash]
        where = {"blockNumber": hex(number), "blockHash": block_hash(number), "transactionIndex": hex(place)}
        return {
            "hash": tx_hash,
            **where,
            "from": contract,
            "to": contract,
            "input": "0x",
            "value": "0x0",
            "nonce": "0x0",
        }


async def main(logs: int, cap: int) -> None:
    chain = make_chain(logs)
    server = await asyncio.get_running_loop().create_server(lambda: Node(chain, cap), "127.0.0.1", 0)
    told = {
        "port": server.sockets[0].getsockname()[1],
        "first": FIRST_BLOCK,
        "last": chain.last,
        "bytes": len(chain.text),
        "kinds": dict(chain.kinds.most_common()),
    }
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
