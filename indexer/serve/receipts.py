"""Receipts of a recorded block, made from its transactions and logs; they make the receiptsRoot of its header."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import msgspec

from indexer.floor.spans import Span
from indexer.serve.recording import Log, Recording

_ZEROS = "0x" + "00" * 256
"""In place of each receipt's own bloom, which a recording does not hold and no reader needs."""


def receipts_of(
    recording: Recording, number: int, lost: Callable[[Log], bool] | None
) -> list[dict[str, Any]]:
    """Return the receipts of a block that the file holds, in order, without the logs that are *lost*."""
    logs: dict[str, list[Any]] = defaultdict(list)
    for log in recording.select(Span(number, number), None, ()):
        if lost is None or not lost(log):
            told = msgspec.json.decode(log.body)
            logs[told["transactionHash"].lower()].append(told)
    receipts: list[dict[str, Any]] = []
    gas = 0
    while (tx := recording.transaction_at(number, len(receipts))) is not None:
        tx_hash = str(tx["hash"])
        status, used = recording.outcome(tx_hash)
        gas += used
        receipts.append(
            {
                "blockHash": tx["blockHash"],
                "blockNumber": tx["blockNumber"],
                "cumulativeGasUsed": hex(gas),
                "from": tx["from"],
                "gasUsed": hex(used),
                "logs": logs[tx_hash],
                "logsBloom": _ZEROS,
                "status": hex(status),
                "to": tx["to"],
                "transactionHash": tx_hash,
                "transactionIndex": tx["transactionIndex"],
                "type": tx["type"],
            }
        )
    return receipts
