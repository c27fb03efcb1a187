"""How an endpoint fails on purpose: what may go wrong, and the seeded draw that decides when.

Every request is drawn afresh, so a retry may pass. What a node lacks (dropped logs) it lacks every time: that
draw hangs on the log alone.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from itertools import cycle

from indexer.floor.errors import Usage
from indexer.floor.spans import Span
from indexer.serve.dialects import ADDRESSES, RANGE, RATE, RESULTS
from indexer.serve.jsonrpc import INTERNAL, Asked, Reply, RpcError, failure, joined, result
from indexer.serve.recording import Log

_BAD_GATEWAY = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    b"<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
Failure = Callable[[Asked, Reply, int], Reply]
"""What was asked, the good answer, and how long a request hangs, to the bad answer."""


def _internal(asked: Asked, _: Reply, __: int) -> Reply:
    error = RpcError(INTERNAL, "Internal JSON-RPC error.")
    return Reply(joined([failure(request.id, error) for request in asked.requests], many=asked.many))


def _null_result(asked: Asked, _: Reply, __: int) -> Reply:
    return Reply(joined([result(request.id, b"null") for request in asked.requests], many=asked.many))


FAILURES: Mapping[str, Failure] = {
    "http_500": lambda *_: Reply(b"Internal Server Error", 500, "text/plain"),
    "http_502": lambda *_: Reply(_BAD_GATEWAY, 502, "text/html"),
    "internal_error": _internal,
    "null_result": _null_result,
    "not_json": lambda *_: Reply(b"error code: 1015", content_type="text/plain"),
    "truncated": lambda _, good, __: good._replace(body=good.body[: len(good.body) // 2]),
    "cut_off": lambda _, good, __: good._replace(sent=len(good.body) // 2),
    "closed": lambda _, good, __: good._replace(sent=0),
    "hang": lambda _, good, hang_ms: good._replace(sent=0, pause_ms=hang_ms),
}


@dataclass(frozen=True)
class Faults:
    """What an endpoint does wrong. Shares are 0..1 of requests (drop_logs: of logs); None and 0 are off."""

    seed: int = 0
    range_cap: int | None = None
    """Most blocks a range of eth_getLogs may have."""
    range_dialect: str | None = None
    """Whose words refuse a range; None takes them in turn. The same for the other dialects."""
    result_cap: int | None = None
    """Most logs an answer may have."""
    result_cap_one_block: bool = False
    """Whether a single block with more logs is refused too."""
    result_dialect: str | None = None
    address_cap: int | None = None
    """Most addresses a filter may have."""
    address_dialect: str | None = None
    rate_limit: int | None = None
    """Most HTTP requests within any second."""
    rate_dialect: str | None = None
    """A dialect, or 'http' for a bare 429 with Retry-After."""
    error_rate: float = 0.0
    error_kinds: tuple[str, ...] = tuple(FAILURES)
    hang_ms: int = 250
    """How long a request of kind hang waits before its connection is closed."""
    drop_logs: float | Collection[tuple[int, int]] = 0.0
    """A share of all logs, or the (block, log index) of each that is missing without a word."""
    receipts_too: bool = False
    """Receipts lack what drop_logs takes out; else only eth_getLogs does."""
    no_receipts: bool = False
    """eth_getBlockReceipts is not offered; receipts come by transaction only."""
    foreign_logs: float = 0.0
    """Share of eth_getLogs answers that hold one log nobody asked for."""
    no_old_state: int | None = None
    """Calls below head minus this many blocks find no state."""
    no_input: bool | Collection[str] = False
    """True: no transaction is known; else the hashes of those that are not."""
    no_hash_index: bool = False
    """Transactions are known by their place in a block only."""
    no_batch: bool = False
    no_block_timestamp: bool = False
    """Logs come without the time of their block."""
    answers_past_head: bool = False
    """eth_getLogs beyond the head answers what there is, in place of an error."""
    wrong_chain_id: int | None = None
    call_override: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """What to add to the number that (address, selector or whole call data) answers."""
    latency_ms: int = 0

    def __post_init__(self) -> None:
        for name in ("error_rate", "drop_logs", "foreign_logs"):
            share = getattr(self, name)
            if isinstance(share, (int, float)) and not 0 <= share <= 1:
                raise Usage(f"{name} is {share}; give a share between 0 and 1.")
        for name in ("range_cap", "result_cap", "address_cap", "rate_limit"):
            cap = getattr(self, name)
            if cap is not None and cap < 1:
                raise Usage(f"{name} is {cap}; give a number of at least 1, or leave it out.")
        for kind, known in _DIALECTS.items():
            _known(kind, getattr(self, kind), known)
        for kind in self.error_kinds:
            _known("error_kinds", kind, FAILURES)
        lowered = {(address.lower(), data.lower()): n for (address, data), n in self.call_override.items()}
        object.__setattr__(self, "call_override", lowered)
        if not isinstance(self.no_input, bool):
            object.__setattr__(self, "no_input", frozenset(hash_.lower() for hash_ in self.no_input))


_DIALECTS: Mapping[str, Collection[str]] = {
    "range_dialect": RANGE,
    "result_dialect": RESULTS,
    "address_dialect": ADDRESSES,
    "rate_dialect": ("http", *RATE),
}


def _known(name: str, value: str | None, known: Collection[str]) -> None:
    if value is not None and value not in known:
        raise Usage(f"{name} is {value!r}; choose one of {', '.join(known)}.")


class Mischief:
    """The faults of one endpoint as they fall: refusals, failures and missing logs, drawn from its seed."""

    def __init__(self, faults: Faults, name: str) -> None:
        self.faults = faults
        self._seed = f"{faults.seed} {name}"
        self._draw = random.Random(self._seed)  # noqa: S311 - faults are to be repeatable, not secret
        self._turns = {
            kind: cycle([chosen] if (chosen := getattr(faults, kind)) else list(known))
            for kind, known in _DIALECTS.items()
        }
        self._recent: deque[float] = deque()

    def late(self, now: float) -> Reply | RpcError | None:
        """Return the refusal of a request that comes at second *now*, too soon after the others."""
        limit = self.faults.rate_limit
        if limit is None:
            return None
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if len(self._recent) < limit:
            self._recent.append(now)
            return None
        dialect = next(self._turns["rate_dialect"])
        if dialect == "http":
            return Reply(b"Too Many Requests", 429, "text/plain", retry_after=1)
        return RATE[dialect](limit)

    def spoiled(self, asked: Asked, good: Reply) -> Reply:
        """Return *good*, or what a failing endpoint answers in its place."""
        if self._draw.random() >= self.faults.error_rate or not self.faults.error_kinds:
            return good
        return FAILURES[self._draw.choice(self.faults.error_kinds)](asked, good, self.faults.hang_ms)

    def refused_before(self, span: Span, addresses: int) -> RpcError | None:
        """Return the refusal of a filter for its range or its number of addresses."""
        blocks, most = self.faults.range_cap, self.faults.address_cap
        if most is not None and addresses > most:
            return ADDRESSES[next(self._turns["address_dialect"])](addresses, most)
        if blocks is not None and len(span) > blocks:
            return RANGE[next(self._turns["range_dialect"])](span, blocks)
        return None

    def refused_after(self, span: Span, found: list[Log]) -> RpcError | None:
        """Return the refusal of an answer that has too many logs; some dialects tell a range that works."""
        cap = self.faults.result_cap
        if cap is None or len(found) <= cap or (len(span) == 1 and not self.faults.result_cap_one_block):
            return None
        works = Span(span.first, max(span.first, found[cap].block - 1))
        return RESULTS[next(self._turns["result_dialect"])](works, cap)

    def lacks(self, log: Log) -> bool:
        """Return whether this endpoint has lost *log*; it always has, or never."""
        lost = self.faults.drop_logs
        if not isinstance(lost, (int, float)):
            return (log.block, log.log_index) in lost
        if not lost:
            return False
        draw = random.Random(f"{self._seed} {log.block} {log.log_index}")  # noqa: S311 - repeatable, not secret
        return draw.random() < lost

    def foreign(self, known: list[Log], found: list[Log]) -> Log | None:
        """Return a log that does not belong into *found*, or None where none is due or there is none."""
        if self._draw.random() >= self.faults.foreign_logs:
            return None
        asked = set(found)
        others = [log for log in known if log not in asked]
        return self._draw.choice(others) if others else None

    def knows(self, tx_hash: str) -> bool:
        """Return whether this endpoint has the transaction."""
        hidden = self.faults.no_input
        return not hidden if isinstance(hidden, bool) else tx_hash not in hidden

    def shifted(self, address: str, data: str, answer: str) -> str:
        """Return *answer* with the addend of call_override, where it is one word and one is set."""
        overrides = self.faults.call_override
        addend = overrides.get((address, data), overrides.get((address, data[:10]), 0))
        return f"0x{(int(answer, 16) + addend) % (1 << 256):064x}" if addend and len(answer) == 66 else answer
