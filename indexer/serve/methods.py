"""The JSON-RPC methods of a replayed chain: from parameters to the JSON of a result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from indexer.floor.errors import Usage
from indexer.floor.spans import Span
from indexer.serve.asked import (
    Heights,
    LogQuery,
    address_text,
    data_text,
    hash_text,
    height,
    invalid,
    log_query,
    parameters,
    quantity,
    state_block,
)
from indexer.serve.dialects import pruned
from indexer.serve.jsonrpc import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    REVERTED,
    Request,
    RpcError,
)
from indexer.serve.misbehave import Faults, Mischief
from indexer.serve.receipts import receipts_of
from indexer.serve.recording import Log, Recording

CLIENT = b'"rwa-replay/1"'
_NULL = b"null"


@dataclass(frozen=True)
class Chain:
    """A recorded chain as one endpoint shows it: up to its head, with its faults."""

    recording: Recording
    heights: Heights
    mischief: Mischief

    @property
    def faults(self) -> Faults:
        return self.mischief.faults


def chain_of(recording: Recording, faults: Faults, head: int | None = None, final_lag: int = 0) -> Chain:
    """Return *recording* up to *head* (None or too high: its end), final up to *final_lag* blocks before."""
    first = recording.first
    if head is not None and head < first:
        raise Usage(
            f"The head {head} lies before the first block {first} of {recording.name}; give a later one."
        )
    top = recording.head if head is None else min(head, recording.head)
    final = max(first, top - final_lag)
    return Chain(recording, Heights(first, top, final), Mischief(faults, recording.name))


def answer(chain: Chain, request: Request) -> bytes:
    """Return the JSON of a result; RpcError where the answer is an error."""
    if not request.method:
        raise RpcError(INVALID_REQUEST, "invalid request")
    method = METHODS.get(request.method)
    if method is None or (chain.faults.no_receipts and method is _block_receipts):
        raise RpcError(METHOD_NOT_FOUND, f"the method {request.method} does not exist/is not available")
    return method(chain, request.params)


class Called(NamedTuple):
    """An eth_call as it came in: contract, function (or selector), block (None: no block of this chain)."""

    address: str
    function: str
    block: int | None


def called(chain: Chain, request: Request) -> Called | None:
    """Return what an eth_call asks, for the count; None where the request is none."""
    params = request.params
    if (
        request.method != "eth_call"
        or not isinstance(params, list)
        or not params
        or not isinstance(params[0], dict)
    ):
        return None
    data = str(params[0].get("input") or params[0].get("data") or "0x").lower()
    function = chain.recording.signatures.get(data[:10], data[:10])
    try:
        block = state_block(params[1] if len(params) > 1 else None, chain.recording, chain.heights, 1)
    except RpcError:
        block = None
    return Called(str(params[0].get("to")).lower(), function, block)


def _chain_id(chain: Chain, params: object) -> bytes:
    parameters(params, 0, 0)
    return _json(hex(_shown_id(chain)))


def _net_version(chain: Chain, params: object) -> bytes:
    parameters(params, 0, 0)
    return _json(str(_shown_id(chain)))


def _shown_id(chain: Chain) -> int:
    wrong = chain.faults.wrong_chain_id
    return chain.recording.chain_id if wrong is None else wrong


def _client_version(_: Chain, params: object) -> bytes:
    parameters(params, 0, 0)
    return CLIENT


def _block_number(chain: Chain, params: object) -> bytes:
    parameters(params, 0, 0)
    return _json(hex(chain.heights.head))


def _block_by_number(chain: Chain, params: object) -> bytes:
    which, full = parameters(params, 2, 2)
    return _block(chain, height(which, chain.heights, 0), full)


def _block_by_hash(chain: Chain, params: object) -> bytes:
    which, full = parameters(params, 2, 2)
    return _block(chain, chain.recording.number_of(hash_text(which, 0)), full)


def _block(chain: Chain, number: int | None, full: object) -> bytes:
    if not isinstance(full, bool):
        raise invalid(1, f"{full!r} is not true or false")
    if number is None or number > chain.heights.head:
        return _NULL
    return chain.recording.block_body(number, full=full) or _NULL


def _logs(chain: Chain, params: object) -> bytes:
    query = log_query(parameters(params, 1, 1)[0], chain.recording, chain.heights)
    span = _within_head(chain, query)
    mischief = chain.mischief
    refusal = mischief.refused_before(query.span, len(query.addresses or ()))
    if refusal is not None:
        raise refusal
    matching = [] if span is None else chain.recording.select(span, query.addresses, query.topics)
    found = [log for log in matching if not mischief.lacks(log)] if chain.faults.drop_logs else matching
    refusal = mischief.refused_after(query.span, found)
    if refusal is not None:
        raise refusal
    foreign = mischief.foreign(chain.recording.logs, matching)
    return _log_array(
        found if foreign is None else [*found, foreign], dated=not chain.faults.no_block_timestamp
    )


def _within_head(chain: Chain, query: LogQuery) -> Span | None:
    """Return the blocks of the query that there are; asking beyond the head is an error, as in geth."""
    head = chain.heights.head
    if query.span.last > head and not chain.faults.answers_past_head:
        raise RpcError(INVALID_PARAMS, "block range extends beyond current head block")
    return query.span.meet(Span(chain.heights.first, head))


def _log_array(logs: list[Log], *, dated: bool) -> bytes:
    return b"[" + b",".join([log.body if dated else log.undated for log in logs]) + b"]"


def _transaction_by_hash(chain: Chain, params: object) -> bytes:
    tx_hash = hash_text(parameters(params, 1, 1)[0], 0)
    return _NULL if chain.faults.no_hash_index else _transaction(chain, chain.recording.transaction(tx_hash))


def _transaction_by_place(chain: Chain, params: object) -> bytes:
    block_hash, place = parameters(params, 2, 2)
    number = chain.recording.number_of(hash_text(block_hash, 0))
    at = quantity(place, 1)
    return _transaction(chain, None if number is None else chain.recording.transaction_at(number, at))


def _transaction(chain: Chain, found: Mapping[str, object] | None) -> bytes:
    if found is None or int(str(found["blockNumber"]), 16) > chain.heights.head:
        return _NULL
    return _json(found) if chain.mischief.knows(str(found["hash"])) else _NULL


def _code(chain: Chain, params: object) -> bytes:
    account, block = parameters(params, 1, 2)
    address = address_text(account, 0)
    number = _held_state(chain, block)
    return b'"0x01"' if chain.recording.has_code(address, number) else b'"0x"'


def _call(chain: Chain, params: object) -> bytes:
    message, block = parameters(params, 1, 2)
    if not isinstance(message, dict):
        raise invalid(0, "a call is an object")
    address = address_text(message.get("to"), 0)
    data = data_text(message.get("input") or message.get("data") or "0x", 0)
    number = _held_state(chain, block)
    state = chain.recording.call(address, data, number)
    if state.kind == "unknown":
        raise pruned(chain.recording.state_root(number))
    if state.kind == "reverts":
        raise RpcError(REVERTED, "execution reverted", "0x")
    return _json(chain.mischief.shifted(address, data, state.data))


def _held_state(chain: Chain, block: object) -> int:
    """Return the block a call is pinned to; RpcError where this endpoint has forgotten its state."""
    number = state_block(block, chain.recording, chain.heights, 1)
    depth = chain.faults.no_old_state
    if depth is not None and number < chain.heights.head - depth:
        raise pruned(chain.recording.state_root(number))
    return number


def _json(value: object) -> bytes:
    return msgspec.json.encode(value)


def _block_receipts(chain: Chain, params: object) -> bytes:
    (which,) = parameters(params, 1, 1)
    number = height(which, chain.heights, 0)
    if number is None or not chain.recording.first <= number <= chain.heights.head:
        return _NULL
    return _json(receipts_of(chain.recording, number, _lost(chain)))


def _transaction_receipt(chain: Chain, params: object) -> bytes:
    (tx_hash,) = parameters(params, 1, 1)
    tx = chain.recording.transaction(hash_text(tx_hash, 0))
    if tx is None or int(str(tx["blockNumber"]), 16) > chain.heights.head:
        return _NULL
    receipts = receipts_of(chain.recording, int(str(tx["blockNumber"]), 16), _lost(chain))
    return _json(receipts[int(str(tx["transactionIndex"]), 16)])


def _lost(chain: Chain) -> Callable[[Log], bool] | None:
    return chain.mischief.lacks if chain.faults.receipts_too and chain.faults.drop_logs else None


METHODS: Mapping[str, Callable[[Chain, object], bytes]] = {
    "eth_blockNumber": _block_number,
    "eth_call": _call,
    "eth_chainId": _chain_id,
    "eth_getBlockByHash": _block_by_hash,
    "eth_getBlockByNumber": _block_by_number,
    "eth_getBlockReceipts": _block_receipts,
    "eth_getCode": _code,
    "eth_getLogs": _logs,
    "eth_getTransactionByBlockHashAndIndex": _transaction_by_place,
    "eth_getTransactionByHash": _transaction_by_hash,
    "eth_getTransactionReceipt": _transaction_receipt,
    "net_version": _net_version,
    "web3_clientVersion": _client_version,
}
