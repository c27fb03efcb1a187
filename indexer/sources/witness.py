"""What proves the logs of a block: its header, whole, and the receipts of all its transactions."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from indexer.floor.errors import NoEndpoint
from indexer.floor.spans import BlockRef
from indexer.sources.answers import data, quantity
from indexer.sources.checks import hold
from indexer.sources.endpoint import BATCH, Ask, Endpoint
from indexer.sources.logjson import BadAnswer
from indexer.sources.pool import Pool, Want
from indexer.sources.provider_errors import Refusal, Refused

T = TypeVar("T")

HEADERS = BATCH - 1
"""Headers in a batch, beside the block that they are pinned to."""

_NOT_OFFERED = frozenset({"disabled", "unknown"})


class RawHeader(msgspec.Struct, rename="camel", frozen=True):
    """A header as a node tells it; what an Ethereum block got in later forks is None before."""

    number: str
    hash: str
    parent_hash: str
    timestamp: str
    logs_bloom: str
    receipts_root: str
    transactions: tuple[str, ...] = ()
    sha3_uncles: str | None = None
    miner: str | None = None
    state_root: str | None = None
    transactions_root: str | None = None
    difficulty: str | None = None
    gas_limit: str | None = None
    gas_used: str | None = None
    extra_data: str | None = None
    mix_hash: str | None = None
    nonce: str | None = None
    base_fee_per_gas: str | None = None
    withdrawals_root: str | None = None
    blob_gas_used: str | None = None
    excess_blob_gas: str | None = None
    parent_beacon_block_root: str | None = None
    requests_hash: str | None = None


class Header(NamedTuple):
    """A block as its header tells it; *bloom* is its logsBloom as a number, *raw* all its fields."""

    block: BlockRef
    parent_hash: str
    bloom: int
    receipts_root: str
    transactions: tuple[str, ...]
    raw: RawHeader
    endpoint: str


class ReceiptLog(NamedTuple):
    """A log as its receipt tells it; *place* counts the logs of the block."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes
    place: int


class Receipt(NamedTuple):
    """One receipt. *state_root* is there before Byzantium, *status* since; the last two on the OP stack only."""

    tx_hash: str
    tx_index: int
    type: int
    gas: int
    logs: tuple[ReceiptLog, ...]
    status: int | None = None
    state_root: bytes | None = None
    deposit_nonce: int | None = None
    deposit_version: int | None = None


class Receipts(NamedTuple):
    """All receipts of a block in order, and who gave them."""

    receipts: tuple[Receipt, ...]
    endpoint: str


class _Log(msgspec.Struct, rename="camel", gc=False):
    address: str
    topics: list[str]
    data: str
    log_index: str


class _Receipt(msgspec.Struct, rename="camel", gc=False):
    transaction_hash: str
    transaction_index: str
    block_hash: str
    cumulative_gas_used: str
    logs: list[_Log]
    type: str = "0x0"
    status: str | None = None
    root: str | None = None
    deposit_nonce: str | None = None
    deposit_receipt_version: str | None = None


_HEADER = msgspec.json.Decoder(RawHeader | None)
_RECEIPT = msgspec.json.Decoder(_Receipt | None)
_RECEIPTS = msgspec.json.Decoder(list[_Receipt] | None)


async def ask_headers(
    pool: Pool, numbers: Sequence[int], avoid: frozenset[str] = frozenset(), pin: BlockRef | None = None
) -> list[Header]:
    """Return the headers of *numbers*, in order, all of one endpoint.

    The endpoint must have the block *pin* in the same batch: so it stands on the branch that we hold. Endpoints
    in *avoid* are not asked. Raises NoEndpoint where no other has them.
    """
    want = Want(f"the headers of blocks {numbers[0]}..{numbers[-1]}", avoid=avoid)
    heights = [*numbers, *([] if pin is None or pin.number in numbers else [pin.number])]
    asks = [Ask("eth_getBlockByNumber", [hex(number), False]) for number in heights]

    async def act(endpoint: Endpoint) -> list[Header]:
        found = []
        for number, ask, answer in zip(heights, asks, await endpoint.ask(asks), strict=True):
            raw = endpoint.believe(f"block {number}", read_header, endpoint.accept(ask, answer))
            if raw is None:
                raise _absent(endpoint, f"block {number}")
            if raw.block.number != number:
                raise BadAnswer(
                    f"{endpoint.name}: answer refused for block {number}: it is {raw.block.number}."
                )
            found.append(raw._replace(endpoint=endpoint.name))
        if pin is not None:
            hold(endpoint.name, next(one.block for one in found if one.block.number == pin.number), pin)
        return found[: len(numbers)]

    return await _served(pool.ask(want, act))


async def ask_receipts(pool: Pool, header: Header, avoid: frozenset[str] = frozenset()) -> Receipts:
    """Return the receipts of the block of *header*, one for each of its transactions.

    By eth_getBlockReceipts, and where an endpoint does not offer it, by the transactions' hashes. Raises
    NoEndpoint where no endpoint that is not in *avoid* has them.
    """
    want = Want(f"the receipts of block {header.block.number}", avoid=avoid)

    async def act(endpoint: Endpoint) -> Receipts:
        found = await _of_block(endpoint, header)
        if found is None:
            found = await _one_by_one(endpoint, header)
        return Receipts(
            endpoint.believe(want.text, lambda told: _held_against(header, told), found), endpoint.name
        )

    return await _served(pool.ask(want, act))


async def _served(asking: Awaitable[T]) -> T:
    try:
        return await asking
    except Refused as error:
        raise NoEndpoint(str(error)) from None


async def _of_block(endpoint: Endpoint, header: Header) -> list[_Receipt] | None:
    """Return all receipts in one answer; None where the endpoint does not offer that."""
    ask = Ask("eth_getBlockReceipts", [hex(header.block.number)])
    try:
        text = await endpoint.one(ask)
    except Refused as error:
        if error.refusal.kind in _NOT_OFFERED:
            return None
        raise
    found = endpoint.believe(f"the receipts of block {header.block.number}", _read_receipts, text)
    if found is None:
        raise _absent(endpoint, f"the receipts of block {header.block.number}")
    return found


async def _one_by_one(endpoint: Endpoint, header: Header) -> list[_Receipt]:
    found: list[_Receipt] = []
    for at in range(0, len(header.transactions), BATCH):
        asks = [Ask("eth_getTransactionReceipt", [tx]) for tx in header.transactions[at : at + BATCH]]
        for ask, answer in zip(asks, await endpoint.ask(asks), strict=True):
            what = f"the receipt of transaction {ask.params[0]}"
            receipt = endpoint.believe(what, _read_receipt, endpoint.accept(ask, answer))
            if receipt is None:
                raise _absent(endpoint, what)
            found.append(receipt)
    return found


def _absent(endpoint: Endpoint, what: str) -> Refused:
    refusal = Refusal("absent", text=f"{endpoint.name} has not {what}.")
    return Refused(refusal, refusal.text)


def read_header(text: memoryview | bytes) -> Header | None:
    """Return the header of an eth_getBlockByNumber result; None where the node has none."""
    try:
        raw = _HEADER.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadAnswer(f"the result is not a header ({error}).") from None
    if raw is None:
        return None
    return Header(
        BlockRef(quantity(raw.number), _wide(raw.hash, 32), quantity(raw.timestamp)),
        _wide(raw.parent_hash, 32),
        int(_wide(raw.logs_bloom, 256), 16),
        _wide(raw.receipts_root, 32),
        tuple(_wide(tx, 32) for tx in raw.transactions),
        raw,
        "",
    )


def _read_receipts(text: memoryview) -> list[_Receipt] | None:
    try:
        found: list[_Receipt] | None = _RECEIPTS.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadAnswer(f"the result is not a list of receipts ({error}).") from None
    return found


def _read_receipt(text: memoryview) -> _Receipt | None:
    try:
        found: _Receipt | None = _RECEIPT.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadAnswer(f"the result is not a receipt ({error}).") from None
    return found


def _held_against(header: Header, told: Sequence[_Receipt]) -> tuple[Receipt, ...]:
    """Return *told* as values if they can be the receipts of the block of *header*, else raise BadAnswer."""
    if len(told) != len(header.transactions):
        raise BadAnswer(f"{len(told)} receipts came for {len(header.transactions)} transactions.")
    found = []
    for place, (tx, raw) in enumerate(zip(header.transactions, told, strict=True)):
        if _wide(raw.block_hash, 32) != header.block.hash:
            raise BadAnswer(f"the receipt of transaction {tx} is of another block than the header.")
        if _wide(raw.transaction_hash, 32) != tx or quantity(raw.transaction_index) != place:
            raise BadAnswer(f"receipt {place} is not that of transaction {tx}.")
        found.append(_receipt(raw, tx, place))
    return tuple(found)


def _receipt(raw: _Receipt, tx: str, place: int) -> Receipt:
    return Receipt(
        tx,
        place,
        quantity(raw.type),
        quantity(raw.cumulative_gas_used),
        tuple(_log(log) for log in raw.logs),
        None if raw.status is None else quantity(raw.status),
        None if raw.root in (None, "", "0x") else data(raw.root or ""),
        None if raw.deposit_nonce is None else quantity(raw.deposit_nonce),
        None if raw.deposit_receipt_version is None else quantity(raw.deposit_receipt_version),
    )


def _log(raw: _Log) -> ReceiptLog:
    topics = tuple(data(_wide(topic, 32)) for topic in raw.topics)
    return ReceiptLog(data(_wide(raw.address, 20)), topics, data(raw.data), quantity(raw.log_index))


def _wide(text: str, width: int) -> str:
    """Return 0x text in lower case if it has *width* bytes."""
    if len(data(text)) != width:
        raise BadAnswer(f"{text[:80]!r} is not {width} bytes long.")
    return text.lower()
