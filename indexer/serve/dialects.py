"""How providers word a refusal: the same cap, in the words of those who set it.

Texts are what providers answered, with our figures in place of theirs. A client that reads only one of them
fails on the next, so a misbehaving endpoint speaks them in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from indexer.floor.spans import Span
from indexer.serve.jsonrpc import INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, SERVER, RpcError

LIMIT = -32005
_TENDERLY_ID = "4ed94073-0317-4648-a167-107fba5f44b3"
_HEX_HINT = "Based on your parameters, this block range should work: [{first:#x}, {last:#x}]"

RangeDialect = Callable[[Span, int], RpcError]
ResultDialect = Callable[[Span, int], RpcError]
AddressDialect = Callable[[int, int], RpcError]
RateDialect = Callable[[int], RpcError]


def _alchemy_range(span: Span, cap: int) -> RpcError:
    hint = _HEX_HINT.format(first=span.first, last=span.first + cap - 1)
    text = f"You can make eth_getLogs requests with up to a {cap} block range. {hint}"
    return RpcError(INVALID_REQUEST, text, status=400)


def _tenderly_range(span: Span, cap: int) -> RpcError:
    told = {"error_id": _TENDERLY_ID, "payload": f"range {len(span)} is bigger than range limit {cap}"}
    return RpcError(INVALID_PARAMS, "invalid params", told)


def _blast_range(span: Span, cap: int) -> RpcError:
    text = (
        f"the range {span.first} - {span.last} exceeds the range allowed for your plan ({len(span)} > {cap})."
    )
    return RpcError(METHOD_NOT_FOUND, "Invalid params", {"range": text})


def _morph_range(span: Span, cap: int) -> RpcError:
    figures = f"block range = {len(span)}, max block range = {cap}"
    return RpcError(SERVER, f"block range is larger than max block range, {figures}")


RANGE: Mapping[str, RangeDialect] = {
    "alchemy": _alchemy_range,
    "infura": lambda span, cap: RpcError(INVALID_PARAMS, f"range {len(span)} exceeds limit of {cap}"),
    "quicknode": lambda _, cap: RpcError(-32614, f"eth_getLogs is limited to a {cap:,} range", status=413),
    "ankr": lambda _, __: RpcError(INVALID_REQUEST, "block range is too wide"),
    "1rpc": lambda _, cap: RpcError(SERVER, f"eth_getLogs is limited to a {cap} blocks range"),
    "tenderly": _tenderly_range,
    "reth": lambda _, cap: RpcError(INVALID_PARAMS, f"query exceeds max block range {cap}"),
    "blast": _blast_range,
    "morph": _morph_range,
    "scroll": lambda _, __: RpcError(SERVER, "block range is bigger than maxBlockRange"),
    "cdk-erigon": lambda _, cap: RpcError(LIMIT, f"block range too large, max range: {cap}"),
}


def _infura_results(works: Span, cap: int) -> RpcError:
    first, last = f"0x{works.first:X}", f"0x{works.last:X}"
    text = f"query returned more than {cap} results. Try with this block range [{first}, {last}]."
    return RpcError(LIMIT, text, {"from": first, "limit": cap, "to": last})


def _alchemy_results(works: Span, cap: int) -> RpcError:
    text = (
        "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no"
        f" limit on the response size, or you can request any block range with a cap of {cap} logs in the"
        " response. Based on your parameters and the response size limit, this block range should work:"
    )
    return RpcError(INVALID_PARAMS, f"{text} [{works.first:#x}, {works.last:#x}]")


def _reth_results(works: Span, cap: int) -> RpcError:
    hint = f"retry with the range {works.first}-{works.last}"
    return RpcError(INVALID_PARAMS, f"query exceeds max results {cap}, {hint}")


RESULTS: Mapping[str, ResultDialect] = {
    "infura": _infura_results,
    "aurora": lambda _, cap: RpcError(LIMIT, f"query returned more than {cap} results"),
    "reth": _reth_results,
    "alchemy": _alchemy_results,
    "arbitrum": lambda _, cap: RpcError(SERVER, f"logs matched by query exceeds limit of {cap}"),
}

ADDRESSES: Mapping[str, AddressDialect] = {
    "infura": lambda asked, cap: RpcError(
        LIMIT, f"This query contains {asked} filters. The current limit is {cap}."
    ),
    "geth": lambda _, __: RpcError(INVALID_PARAMS, "exceed max addresses or topics per search position"),
}


def _infura_rate(limit: int) -> RpcError:
    told = {"rate": {"allowed_rps": limit, "backoff_seconds": 0, "current_rps": limit + 1}}
    return RpcError(LIMIT, "project ID request rate exceeded", told, status=429)


def _quicknode_rate(limit: int) -> RpcError:
    advice = "reduce calls per second or upgrade your account at quicknode.com"
    return RpcError(-32007, f"{limit}/second request limit reached - {advice}")


RATE: Mapping[str, RateDialect] = {
    "infura": _infura_rate,
    "quicknode": _quicknode_rate,
    "drpc": lambda _: RpcError(
        42903, "There are not enough CUPs left to cover the CU required for current request."
    ),
}


def unbatched() -> RpcError:
    """Return what a node based on jsonrpsee says to a batch where it takes none."""
    return RpcError(LIMIT, "Batched requests are not supported by this server")


def pruned(state_root: str) -> RpcError:
    """Return what geth says of a block whose state it does not hold."""
    root = state_root.removeprefix("0x")
    return RpcError(SERVER, f"missing trie node {root} (path ) state 0x{root} is not available")
