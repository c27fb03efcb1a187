"""What the parameters of a call mean: blocks, addresses, topics, each checked as a node checks it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from indexer.floor.spans import Span
from indexer.serve.jsonrpc import INVALID_PARAMS, SERVER, RpcError
from indexer.serve.recording import Recording

_QUANTITY = re.compile(r"0x(0|[1-9a-fA-F][0-9a-fA-F]{0,15})")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_DATA = re.compile(r"0x([0-9a-fA-F]{2})*")
_TOPICS = 4


class Heights(NamedTuple):
    """The blocks a node speaks of by name."""

    first: int
    head: int
    final: int


class LogQuery(NamedTuple):
    """A checked eth_getLogs filter; None matches any. *pinned*: asked by block hash, not by range."""

    span: Span
    addresses: frozenset[str] | None
    topics: tuple[frozenset[str] | None, ...]
    pinned: bool


def invalid(position: int, what: str) -> RpcError:
    """Return the error for a parameter that a node cannot read."""
    return RpcError(INVALID_PARAMS, f"invalid argument {position}: {what}")


def parameters(params: object, least: int, most: int) -> list[object]:
    """Return *params* padded with None to *most*; RpcError unless there are at least *least*."""
    if params is None:
        params = []
    if not isinstance(params, list):
        raise RpcError(INVALID_PARAMS, "non-array args")
    if len(params) > most:
        raise RpcError(INVALID_PARAMS, f"too many arguments, want at most {most}")
    if len(params) < least:
        raise RpcError(INVALID_PARAMS, f"missing value for required argument {len(params)}")
    return params + [None] * (most - len(params))


def quantity(value: object, position: int) -> int:
    """Return a number written as a node writes it: 0x text without leading zeros."""
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise invalid(position, f"{value!r} is not a hex number without leading zeros")
    return int(value, 16)


def hash_text(value: object, position: int) -> str:
    """Return a 32-byte hash in lower case."""
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise invalid(position, f"{value!r} is not a hash of 32 bytes")
    return value.lower()


def address_text(value: object, position: int) -> str:
    """Return an address in lower case."""
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise invalid(position, f"{value!r} is not an address of 20 bytes")
    return value.lower()


def data_text(value: object, position: int) -> str:
    """Return call data in lower case."""
    if not isinstance(value, str) or not _DATA.fullmatch(value):
        raise invalid(position, f"{value!r} is not hex data")
    return value.lower()


def height(value: object, heights: Heights, position: int) -> int:
    """Return the block number that a number or a tag names; it may lie above the head."""
    tags = {
        "latest": heights.head,
        "pending": heights.head,
        "safe": heights.final,
        "finalized": heights.final,
        "earliest": heights.first,
    }
    if isinstance(value, str) and value in tags:
        return tags[value]
    return quantity(value, position)


def state_block(value: object, recording: Recording, heights: Heights, position: int) -> int:
    """Return the block at whose end a call looks: a number, a tag or EIP-1898's object; none is the head."""
    if value is None:
        return heights.head
    if isinstance(value, dict):
        number = _named(value, recording, heights, position)
    else:
        number = height(value, heights, position)
    if number is None or not heights.first <= number <= heights.head:
        raise RpcError(SERVER, "header not found")
    return number


def _named(value: Mapping[str, object], recording: Recording, heights: Heights, position: int) -> int | None:
    if "blockHash" in value and "blockNumber" in value:
        raise invalid(position, "cannot specify both BlockHash and BlockNumber, choose one or the other")
    if "blockHash" in value:
        return recording.number_of(hash_text(value["blockHash"], position))
    return height(value.get("blockNumber"), heights, position)


def log_query(value: object, recording: Recording, heights: Heights) -> LogQuery:
    """Return what eth_getLogs was asked; RpcError with geth's text where a filter makes no sense."""
    if not isinstance(value, dict):
        raise invalid(0, "a filter is an object")
    pinned = value.get("blockHash") is not None
    span = _pinned_span(value, recording, heights) if pinned else _ranged_span(value, heights)
    return LogQuery(span, _addresses(value.get("address")), _topics(value.get("topics")), pinned)


def _pinned_span(value: Mapping[str, object], recording: Recording, heights: Heights) -> Span:
    if value.get("fromBlock") is not None or value.get("toBlock") is not None:
        raise invalid(0, "cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other")
    number = recording.number_of(hash_text(value["blockHash"], 0))
    if number is None or number > heights.head:
        raise RpcError(SERVER, "unknown block")
    return Span(number, number)


def _ranged_span(value: Mapping[str, object], heights: Heights) -> Span:
    bounds = (value.get(name) for name in ("fromBlock", "toBlock"))
    first, last = (heights.head if bound is None else height(bound, heights, 0) for bound in bounds)
    if first > last:
        raise RpcError(INVALID_PARAMS, "invalid block range params")
    return Span(first, last)


def _addresses(value: object) -> frozenset[str] | None:
    if value is None or value == []:
        return None
    each = value if isinstance(value, list) else [value]
    return frozenset(address_text(one, 0) for one in each)


def _topics(value: object) -> tuple[frozenset[str] | None, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise invalid(0, "topics are a list")
    if len(value) > _TOPICS:
        raise RpcError(INVALID_PARAMS, "exceed max topics")
    return tuple(_topic(position) for position in value)


def _topic(value: object) -> frozenset[str] | None:
    """Return the topics one position takes; null and an empty list take any."""
    if value is None or value == []:
        return None
    each = value if isinstance(value, list) else [value]
    if None in each:
        return None
    return frozenset(hash_text(one, 0) for one in each)
