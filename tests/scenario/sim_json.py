"""What a node of the simulated chain says, as JSON values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim_chain import HOLDERS, Block, Log, View
from sim_seal import GAS


class Error(Exception):
    """A JSON-RPC error."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.body = {"code": code, "message": message} | ({} if data is None else {"data": data})


def told_log(block: Block, log: Log, *, timed: bool) -> dict[str, Any]:
    """Return a log as a node tells it."""
    told = {
        "address": log.address,
        "topics": list(log.topics),
        "data": log.data,
        "blockNumber": hex(block.number),
        "blockHash": block.hash,
        "transactionHash": log.tx_hash,
        "transactionIndex": hex(log.tx_index),
        "logIndex": hex(log.index),
        "removed": False,
    }
    return told | {"blockTimestamp": hex(block.time)} if timed else told


def unknown(*_: Any) -> None:
    raise Error(-32601, "the method does not exist/is not available")


def tagged(view: View, tag: str) -> Block | None:
    if tag.startswith("0x"):
        return view.block(int(tag, 16))
    return view.block({"latest": view.height, "earliest": 0}.get(tag, view.final))


def header(block: Block | None) -> Any:
    return None if block is None else block.header


def receipts(block: Block, logs: Sequence[Log]) -> list[dict[str, Any]]:
    """Return the receipts of a block that has *logs*, or has only those left."""
    return [
        {
            "transactionHash": tx,
            "transactionIndex": hex(place),
            "blockHash": block.hash,
            "blockNumber": hex(block.number),
            "cumulativeGasUsed": hex(GAS * (place + 1)),
            "type": "0x2",
            "status": "0x1",
            "logs": [told_log(block, log, timed=False) for log in logs if log.tx_hash == tx],
        }
        for place, tx in enumerate(block.header["transactions"])
    ]


def transaction(view: View, digest: str) -> Any:
    for block in view.blocks[: view.height + 1]:
        for log in block.logs:
            if log.tx_hash == digest:
                return {
                    "hash": digest,
                    "from": HOLDERS[0],
                    "to": log.address,
                    "input": "0x",
                    "blockNumber": hex(block.number),
                    "blockHash": block.hash,
                    "transactionIndex": hex(log.tx_index),
                }
    return None


def transaction_at(view: View, number: str, index: str) -> Any:
    block = view.block(int(number, 16))
    logs = [log for log in block.logs if log.tx_index == int(index, 16)] if block else []
    return transaction(view, logs[0].tx_hash) if logs else None


def said(error: Any) -> Error:
    return Error(error.code, error.message, error.data)
