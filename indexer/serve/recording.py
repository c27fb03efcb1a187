"""One recorded chain, held so that every question a node may be asked is a lookup.

A file is JSON, plain or gzipped, of format rwa-recording/1: headers, logs, transactions, and what the
contracts answered to calls. Headers and logs are kept as the bytes of the file: that is what a node sends.
"""

from __future__ import annotations

import gzip
import io
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
from eth_hash.auto import keccak

from indexer.floor.errors import Usage
from indexer.floor.spans import Span

FORMAT = "rwa-recording/1"
_WORD = 1 << 256
_MOST_BYTES = 512 << 20
_NOT_ONE = (
    msgspec.DecodeError, ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError,
)  # fmt: skip
"""What reading a file that is no recording may end in."""
_Value = str | int | None
_Topics = Sequence[Collection[str] | None]


class Log(NamedTuple):
    """One log: what a filter looks at, and its JSON with and without the time of its block."""

    block: int
    log_index: int
    address: str
    topics: tuple[str, ...]
    body: bytes
    undated: bytes


class State(NamedTuple):
    """What a call gives: 0x text, a revert, or that the file does not hold that state."""

    kind: Literal["value", "reverts", "unknown"]
    data: str = "0x"


class _LogFile(msgspec.Struct, rename="camel"):
    address: str
    topics: list[str]
    block_number: str
    log_index: str


class _BlockFile(msgspec.Struct, rename="camel"):
    number: str
    hash: str
    state_root: str


class _Contract(msgspec.Struct):
    deploy_block: int


class _View(msgspec.Struct):
    to: str
    sig: str
    data: str


class _Views(msgspec.Struct):
    per_block: dict[str, _View]
    per_address_at_samples: dict[str, str]


class _Token(msgspec.Struct):
    address: str
    symbol: str
    name: str
    decimals: int
    deploy_block: int
    views: _Views


class _Sample(msgspec.Struct):
    block: int
    tokens: dict[str, dict[str, Any]]


class _Truth(msgspec.Struct):
    samples: list[_Sample]
    per_block_changes: dict[str, dict[str, list[tuple[int, _Value]]]]


class _File(msgspec.Struct):
    format: Literal["rwa-recording/1"]
    chain_id: int
    blocks: list[msgspec.Raw]
    logs: list[msgspec.Raw]
    tx_fields: list[str]
    txs: list[list[Any]]
    contracts: dict[str, _Contract]
    tokens: dict[str, _Token]
    truth: _Truth


class _Series(NamedTuple):
    """A view at every block: from blocks[i] on it answers values[i]; None reverts."""

    blocks: list[int]
    values: list[_Value]


def selector(signature: str) -> str:
    """Return the first four bytes of the hash of a function's *signature*, as 0x text."""
    return "0x" + bytes(keccak(signature.encode()))[:4].hex()


class Recording:
    """A recorded chain named after its file; blocks first..head, their logs, transactions and known state."""

    def __init__(self, path: Path | str) -> None:
        file = Path(path)
        self.name = file.name.removesuffix(".gz").removesuffix(".json")
        try:
            content = msgspec.json.decode(_bytes_of(file), type=_File)
            self.chain_id = content.chain_id
            self._take_blocks(content.blocks)
            self.logs = _logs_of(content.logs)
            self._take_transactions(content.tx_fields, content.txs)
            self._take_state(content)
        except _NOT_ONE as error:
            why = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise Usage(
                f"{file} is not a recorded chain of format {FORMAT}: {why}. Give another file."
            ) from error
        self._log_blocks = [log.block for log in self.logs]

    def _take_blocks(self, blocks: list[msgspec.Raw]) -> None:
        heads = [msgspec.json.decode(raw, type=_BlockFile) for raw in blocks]
        numbers = [int(head.number, 16) for head in heads]
        if not numbers or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
            raise ValueError("its blocks do not follow one another")
        self.first, self.head = numbers[0], numbers[-1]
        self._headers = [bytes(raw) for raw in blocks]
        self._roots = [head.state_root for head in heads]
        self.hashes = [head.hash.lower() for head in heads]
        self._number_of = {hash_: number for number, hash_ in zip(numbers, self.hashes, strict=True)}

    def _take_transactions(self, fields: list[str], rows: list[list[Any]]) -> None:
        self._transactions: dict[str, dict[str, object]] = {}
        self._outcomes: dict[str, tuple[int, int]] = {}
        self._at_place: dict[tuple[int, int], str] = {}
        for row in rows:
            told = dict(zip(fields, row, strict=True))
            hash_, block, place = told["hash"].lower(), told["block"], told["index"]
            self._at_place[block, place] = hash_
            self._outcomes[hash_] = int(told["status"]), int(told["gasUsed"])
            self._transactions[hash_] = {
                "blockHash": self.hashes[block - self.first],
                "blockNumber": hex(block),
                "from": told["from"],
                "hash": hash_,
                "input": told["input"] or "0x",
                "to": None if told["is_create"] else told["to_or_created"],
                "transactionIndex": hex(place),
                "type": hex(told["type"]),
            }

    def _take_state(self, content: _File) -> None:
        self._deployed = {address.lower(): c.deploy_block for address, c in content.contracts.items()}
        self._series: dict[tuple[str, str], _Series] = {}
        self._constants: dict[tuple[str, str], str] = {}
        self._sampled: dict[tuple[str, str], dict[int, Mapping[str, _Value]]] = {}
        self.signatures: dict[str, str] = {}
        for key, token in content.tokens.items():
            address = token.address.lower()
            for name, view in token.views.per_block.items():
                self.signatures[view.data[:10]] = view.sig
                changes = content.truth.per_block_changes[key][name]
                series = _Series([block for block, _ in changes], [value for _, value in changes])
                self._series[view.to.lower(), view.data.lower()] = series
            for field, signature in token.views.per_address_at_samples.items():
                self.signatures[selector(signature)] = signature
                self._sampled[address, selector(signature)] = dict(_samples_of(content.truth, key, field))
            for signature, answer in _constants_of(token):
                self.signatures[selector(signature)] = signature
                self._constants[address, selector(signature)] = answer

    def block_body(self, number: int, full: bool = False) -> bytes | None:
        """Return the JSON of a block, with its transactions whole where *full*; None where there is none."""
        if not self.first <= number <= self.head:
            return None
        header = self._headers[number - self.first]
        if not full:
            return header
        block = msgspec.json.decode(header)
        block["transactions"] = [self._transactions[hash_.lower()] for hash_ in block["transactions"]]
        return msgspec.json.encode(block)

    def number_of(self, block_hash: str) -> int | None:
        """Return the number of the block with that hash."""
        return self._number_of.get(block_hash.lower())

    def state_root(self, number: int) -> str:
        """Return the state root of a block that the file holds."""
        return self._roots[number - self.first]

    def transaction(self, tx_hash: str) -> Mapping[str, object] | None:
        """Return the transaction as a node tells it, as far as the file knows it; reverted ones too."""
        return self._transactions.get(tx_hash.lower())

    def transaction_at(self, block: int, place: int) -> Mapping[str, object] | None:
        """Return the transaction at a *place* in a block."""
        tx_hash = self._at_place.get((block, place))
        return None if tx_hash is None else self._transactions[tx_hash]

    def outcome(self, tx_hash: str) -> tuple[int, int]:
        """Return the status of a transaction that the file has, and the gas it used."""
        return self._outcomes[tx_hash]

    def select(self, span: Span, addresses: Collection[str] | None, topics: _Topics) -> list[Log]:
        """Return the logs of *span*, in order, that match; None matches any address or topic."""
        first = bisect_left(self._log_blocks, span.first)
        last = bisect_right(self._log_blocks, span.last)
        found = self.logs[first:last]
        if addresses is not None:
            found = [log for log in found if log.address in addresses]
        if topics:
            found = [log for log in found if _matches(log.topics, topics)]
        return found

    def has_code(self, address: str, block: int) -> bool:
        """Return whether a contract of the file stood at *address* by the end of *block*."""
        deployed = self._deployed.get(address)
        return deployed is not None and deployed <= block

    def call(self, address: str, data: str, block: int) -> State:
        """Return what the contract at *address* answers to *data* at *block*; both in lower case."""
        if not self.has_code(address, block):
            return State("value")
        series = self._series.get((address, data))
        if series is not None:
            at = bisect_right(series.blocks, block) - 1
            return _state(series.values[at]) if at >= 0 else State("unknown")
        constant = self._constants.get((address, data))
        if constant is not None:
            return State("value", constant)
        return self._call_of_holder(address, data, block)

    def _call_of_holder(self, address: str, data: str, block: int) -> State:
        held = self._sampled.get((address, data[:10]), {}).get(block)
        if held is None or len(data) != 74:
            return State("unknown")
        holder = "0x" + data[34:]
        if holder not in held and held and all(value is None for value in held.values()):
            return State("reverts")
        return _state(held.get(holder, 0))


def _bytes_of(file: Path) -> bytes:
    try:
        if file.exists() and not file.is_file():
            raise Usage(f"{file} is no file. Give the path of a recording.")
        with file.open("rb") as opened:
            raw = opened.read(_MOST_BYTES + 1)
        if raw.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=io.BytesIO(raw)) as packed:
                raw = packed.read(_MOST_BYTES + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise Usage(f"{file} is a damaged gzip file: {error}. Copy the recording again.") from error
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise Usage(f"Cannot read the recording {file}: {why}. Check the path.") from error
    if len(raw) > _MOST_BYTES:
        raise Usage(
            f"{file} unpacks to more than {_MOST_BYTES >> 20} MiB, which no recording does. Give another file."
        )
    return raw


def _logs_of(rows: list[msgspec.Raw]) -> list[Log]:
    logs = []
    for raw in rows:
        head = msgspec.json.decode(raw, type=_LogFile)
        fields = msgspec.json.decode(raw)
        fields.pop("blockTimestamp", None)
        topics = tuple(topic.lower() for topic in head.topics)
        place = int(head.block_number, 16), int(head.log_index, 16)
        logs.append(Log(*place, head.address.lower(), topics, bytes(raw), msgspec.json.encode(fields)))
    if any(a[:2] >= b[:2] for a, b in pairwise(logs)):
        raise ValueError("its logs are not in the order of block and log index")
    return logs


def _samples_of(truth: _Truth, key: str, field: str) -> Iterator[tuple[int, Mapping[str, _Value]]]:
    for sample in truth.samples:
        held = sample.tokens.get(key, {}).get(field)
        if held is not None:
            yield sample.block, {holder.lower(): value for holder, value in held.items()}


def _constants_of(token: _Token) -> Iterator[tuple[str, str]]:
    yield "decimals()", _word(token.decimals)
    yield "symbol()", _text(token.symbol)
    yield "name()", _text(token.name)


def _matches(topics: tuple[str, ...], wanted: _Topics) -> bool:
    """Return whether each wanted position holds; as in geth, never for a log with fewer topics than that."""
    if len(topics) < len(wanted):
        return False
    return all(one is None or topic in one for topic, one in zip(topics, wanted, strict=False))


def _state(value: _Value) -> State:
    return State("reverts") if value is None else State("value", _word(int(value)))


def _word(value: int) -> str:
    """Return one ABI word; a negative number in two's complement."""
    return f"0x{value % _WORD:064x}"


def _text(value: str) -> str:
    """Return a string as a contract returns it: offset, length, bytes padded to whole words."""
    raw = value.encode()
    padded = raw + b"\0" * (-len(raw) % 32)
    return f"0x{32:064x}{len(raw):064x}{padded.hex()}"
