"""Results of JSON-RPC, as JSON text, read into values: headers, return data, transactions."""

from __future__ import annotations

from binascii import unhexlify
from typing import NamedTuple, TypeVar

import msgspec

from indexer.floor.spans import BlockRef
from indexer.sources.logjson import BadAnswer

S = TypeVar("S")

_SHOWN = 80


class TxAnswer(NamedTuple):
    """One transaction as a node gave it; *target* is None where it created a contract."""

    hash: str
    block_number: int
    block_hash: str
    tx_index: int
    sender: str
    target: str | None
    input: bytes


class _Block(msgspec.Struct, gc=False):
    number: str | None
    hash: str | None
    timestamp: str


class _Bloomed(msgspec.Struct, gc=False, rename="camel"):
    logs_bloom: str | None = None


class _Tx(msgspec.Struct, gc=False, rename="camel"):
    hash: str
    from_: str = msgspec.field(name="from")
    input: str
    to: str | None = None
    block_number: str | None = None
    block_hash: str | None = None
    transaction_index: str | None = None


_BLOCK = msgspec.json.Decoder(_Block | None)
_BLOOMED = msgspec.json.Decoder(_Bloomed | None)
_TX = msgspec.json.Decoder(_Tx | None)
_TEXT = msgspec.json.Decoder(str)


def read_block(text: memoryview) -> BlockRef | None:
    """Return the block of an eth_getBlockBy… result; None where the node has none or only a pending one."""
    block = _decoded(_BLOCK, text, "a block")
    if block is None or block.number is None or block.hash is None:
        return None
    return BlockRef(quantity(block.number), _fixed(block.hash, 32), quantity(block.timestamp))


def read_bloom(text: memoryview) -> int | None:
    """Return the logsBloom of a header as a number; None where it tells none, or only zeros."""
    block = _decoded(_BLOOMED, text, "a block")
    if block is None or block.logs_bloom is None:
        return None
    if len(block.logs_bloom) != len("0x") + 512:
        return None
    return int.from_bytes(data(block.logs_bloom), "big") or None


def read_quantity(text: memoryview) -> int:
    """Return the number of a result that is one, such as eth_chainId's."""
    return quantity(_decoded(_TEXT, text, "a quantity"))


def read_bytes(text: memoryview) -> bytes:
    """Return the data of an eth_call result."""
    return data(_decoded(_TEXT, text, "return data"))


def read_transaction(text: memoryview) -> TxAnswer | None:
    """Return the transaction of a result; None where the node has none or only a pending one."""
    tx = _decoded(_TX, text, "a transaction")
    if tx is None or tx.block_number is None or tx.block_hash is None or tx.transaction_index is None:
        return None
    return TxAnswer(
        hash=_fixed(tx.hash, 32),
        block_number=quantity(tx.block_number),
        block_hash=_fixed(tx.block_hash, 32),
        tx_index=quantity(tx.transaction_index),
        sender=_fixed(tx.from_, 20),
        target=_fixed(tx.to, 20) if tx.to else None,
        input=data(tx.input),
    )


def quantity(text: str) -> int:
    """Return a hex quantity."""
    try:
        number = int(text, 16) if text.startswith("0x") else -1
    except ValueError:
        number = -1
    if not 0 <= number < 2**63:
        raise BadAnswer(f"{_short(text)} is no quantity.")
    return number


def data(text: str) -> bytes:
    """Return the bytes of 0x text."""
    try:
        if text.startswith("0x"):
            return unhexlify(text[2:])
    except ValueError:
        pass
    raise BadAnswer(f"{_short(text)} is not whole bytes of hex after 0x.")


def _fixed(text: str, width: int) -> str:
    if len(data(text)) != width:
        raise BadAnswer(f"{_short(text)} is not {width} bytes long.")
    return text.lower()


def _decoded(decoder: msgspec.json.Decoder[S], text: memoryview, what: str) -> S:
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadAnswer(f"the result is not {what} ({error}): {_short(bytes(text[:_SHOWN]))}.") from None


def _short(text: str | bytes) -> str:
    return repr(text[:_SHOWN] if isinstance(text, str) else text[:_SHOWN].decode("utf-8", "replace"))
