"""What a header commits to: a simulated block has a real bloom, receiptsRoot and hash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import rlp
from eth_hash.auto import keccak

from indexer.sources.bloom import bloom_of
from indexer.sources.witness import Receipt, ReceiptLog
from indexer.verify.receipts import EMPTY_ROOT, receipts_root

if TYPE_CHECKING:
    from sim_chain import Log

GAS = 50_000
_NOTHING = "0x" + "00" * 32
_FIXED = {
    "sha3Uncles": _NOTHING,
    "miner": "0x" + "00" * 20,
    "stateRoot": _NOTHING,
    "transactionsRoot": _NOTHING,
    "difficulty": "0x0",
    "gasLimit": "0x1c9c380",
    "gasUsed": "0x0",
    "mixHash": _NOTHING,
    "nonce": "0x0000000000000000",
    "baseFeePerGas": "0x7",
}
_ORDER = (
    "parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom", "difficulty",
    "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce", "baseFeePerGas",
)  # fmt: skip
_NUMBERS = frozenset({"difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas"})


def seal(number: int, parent: str, time: int, logs: Sequence[Log], salt: bytes) -> dict[str, Any]:
    """Return the header of a block, as JSON; *salt* tells blocks apart that are the same otherwise."""
    bloom = bloom_of((_bytes(log.address), [_bytes(t) for t in log.topics]) for log in logs)
    header = {
        **_FIXED,
        "parentHash": parent,
        "receiptsRoot": receipts_root(_receipts(logs)) if logs else EMPTY_ROOT,
        "logsBloom": f"0x{bloom:0512x}",
        "number": hex(number),
        "timestamp": hex(time),
        "extraData": f"0x{salt.hex()}",
        "transactions": transactions(logs),
    }
    return header | {
        "hash": "0x"
        + keccak(rlp.encode([_field(header, name) for name in _ORDER], infer_serializer=False)).hex()
    }


def transactions(logs: Sequence[Log]) -> list[str]:
    """Return the transactions that made *logs*, in order."""
    return list(dict.fromkeys(log.tx_hash for log in logs))


def _receipts(logs: Sequence[Log]) -> list[Receipt]:
    return [
        Receipt(
            tx,
            place,
            2,
            GAS * (place + 1),
            tuple(
                ReceiptLog(_bytes(log.address), tuple(map(_bytes, log.topics)), _bytes(log.data), log.index)
                for log in logs
                if log.tx_hash == tx
            ),
            status=1,
        )
        for place, tx in enumerate(transactions(logs))
    ]


def _field(header: Mapping[str, Any], name: str) -> bytes:
    if name not in _NUMBERS:
        return _bytes(header[name])
    value = int(header[name], 16)
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])
