"""What a provider's error means, whatever words and code it chose.

Providers agree on nothing: one cap comes as code -32005, -32602, -32600 or -32000, with HTTP 200, 400 or 413,
and its figure in the message, in the data or nowhere. So the text is looked up in a table first; status and
code decide only where no text is known.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from indexer.floor.errors import Transient
from indexer.floor.spans import Span
from indexer.sources.shown import blot

CUT = frozenset({"range", "results", "size", "addresses"})
"""Kinds that a smaller request mends."""

READ_CHARACTERS = 2_000


class Refusal(NamedTuple):
    """What an endpoint said in place of an answer.

    *kind* is one of: range (too many blocks), results (too many logs), size (answer too large or too slow to
    make), addresses (too many contracts), rate, transient, missing-state, absent (it has no such block or
    transaction), auth, disabled (this method is off there), reverted, unknown. The hints are None where the
    provider gave none that can be believed. *text* is safe to show.
    """

    kind: str
    max_blocks: int | None = None
    span: Span | None = None
    max_addresses: int | None = None
    retry_after: float | None = None
    text: str = ""
    max_results: int | None = None


class Refused(Transient):
    """An endpoint, or every endpoint that lives, declined one request as *refusal* says."""

    def __init__(self, refusal: Refusal, sentence: str) -> None:
        super().__init__(sentence)
        self.refusal = refusal


def _table(*rows: tuple[str, str]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in rows)


_NUMBER = r"(\d[\d,._]*\s?k?)\b"

_MEANINGS = _table(
    # A contract may put any words behind these, so they come first.
    ("reverted", r"execution reverted|vm execution error|vm exception while|^reverted\b"),
    ("reverted", r"invalid opcode|bad jump destination|invalid jump|stack (?:under|over)flow"),
    ("auth", r"must be authenticated|unauthorized|forbidden|access denied|payment required|api key"),
    ("auth", r"monthly (?:capacity|quota|limit|request)|(?:invalid|missing) (?:key|token|project)"),
    ("auth", r"please specify address in your request"),
    ("rate", r"rate.{0,3}limit|request rate|request limit reached|too many requests|compute units"),
    ("rate", r"credits limited|enough cups|\bper second\b|throughput"),
    ("addresses", r"max\w*[^.:]{0,30} addresses|contains \S+ filters|too many (?:addresses|filters)"),
    ("addresses", r"less number of address|\baddresses\b.{0,40}(?:limit|allowed|exceed|at most|max)"),
    ("missing-state", r"missing trie node|layer stale|no state available|historical (?:rpc|state)"),
    ("missing-state", r"prun(?:ed|ing)|metadata is not found|failed to get logs for block|proof window"),
    ("missing-state", r"receipts? not available for|data before txnum|world state unavailable"),
    ("missing-state", r"state .{0,80}(?:not available|unavailable|discarded)|archive (?:node|data|state)"),
    ("transient", r"beyond current head|^invalid block range$|empty range|header not found|get header for"),
    ("transient", r"unknown block|block not found|does not have the requested block|hash not found"),
    ("transient", r"execution aborted|rpc request failed|no transactions found|data is not available"),
    ("transient", r"can't route|empty reader set|parse error|no backend is currently healthy"),
    ("transient", r"the method eth_(?:blockNumber|chainId|getBlockByNumber|getLogs|call) does not exist"),
    ("transient", r"request timed out|failsafe timeout|internal (?:json-rpc )?error|bad gateway|unavailable"),
    ("size", r"response size|response (?:is )?too (?:big|large)|query timeout"),
    ("size", r"(?:entity|body|content|payload) too large"),
    ("results", r"more than \S+ (?:results|logs)|max results|logs match|try with this block range"),
    ("range", r"range|cannot specify both blockhash|requested blocks|blocks distance|too many blocks"),
    ("range", r"at most \S+ blocks|more than \S+ blocks|smaller than size"),
    ("disabled", r"method \S+ (?:does not exist|is not|not )|method not (?:found|supported|allowed)"),
    ("disabled", r"unsupported method|not whitelisted|block tag|finalized block not|safe block not"),
)

_MAX_BLOCKS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\bmax(?:imum)?\b(?:[^\d,]|\[from, to\]){{0,40}}?{_NUMBER}",
        rf"\blimit(?:ed)?(?: of| to| the query to at most)?(?: an?)? {_NUMBER}",
        rf"up to an? {_NUMBER} block",
        rf"> {_NUMBER}\)",
        rf"narrow your filter: {_NUMBER}",
        rf"(?:ranges over|at most|smaller than size|more than|greater than|range exceeds) {_NUMBER}",
    )
)

_MAX_ADDRESSES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"max(?:imum)?(?: number)?(?: of)? {_NUMBER} addresses",
        rf"filters\W+the current limit is {_NUMBER}",
        rf"addresses\D{{0,40}}{_NUMBER}",
        rf"(?:limit|at most|max)\D{{0,20}}{_NUMBER}",
    )
)

_MAX_RESULTS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"more than {_NUMBER} (?:results|logs)",
        rf"{_NUMBER} logs match",
        rf"max(?:imum)? results:? {_NUMBER}",
        rf"\blimit(?:ed)?(?: of| to|:)? {_NUMBER}",
    )
)

_BLOCK = r"(0x[0-9a-f]{1,16}|\d{1,18})"
_SPAN = re.compile(rf"(?:\[|with the range ){_BLOCK}(?:, ?| ?- ?){_BLOCK}", re.IGNORECASE)

_BY_STATUS = {
    401: "auth", 402: "auth", 403: "auth", 404: "auth", 405: "auth", 410: "auth",
    408: "transient", 413: "size", 429: "rate",
}  # fmt: skip
_BY_CODE = {
    3: "reverted", -32015: "reverted", 429: "rate", -32601: "disabled", -32603: "transient",
    -32700: "transient",
}  # fmt: skip
_SAYS_TOO_MUCH = {-32005: "results", -32600: "range", -32602: "range"}
"""Codes that stand for a cap where several blocks were asked: Infura's range cap has nothing but its code."""


def classify(status: int | None, code: int | None, message: str, data: object, asked: Span | None) -> Refusal:
    """Return what an error means. *asked* is the span of an eth_getLogs, None for any other request."""
    words = f"{message} {_flat(data)}".strip()[:READ_CHARACTERS]
    kind = _kind(status, code, words, asked)
    return Refusal(
        kind=kind,
        max_blocks=_max_blocks(words, asked) if kind == "range" else None,
        span=_suggested(words, data, asked) if kind in CUT else None,
        max_addresses=_first_number(_MAX_ADDRESSES, words) if kind == "addresses" else None,
        retry_after=_retry_after(data, words) if kind == "rate" else None,
        text=blot(message) or (f"HTTP {status}" if status else blot(f"error {code} without a text")),
        max_results=_first_number(_MAX_RESULTS, words) if kind == "results" else None,
    )


def _kind(status: int | None, code: int | None, words: str, asked: Span | None) -> str:
    if words.lower() == "limit exceeded" and code == -32005:
        # BSC's public nodes say no more than this, and mean that eth_getLogs is off.
        return "disabled" if asked else "rate"
    known = next((kind for kind, pattern in _MEANINGS if pattern.search(words)), None)
    # A cut mends only a log request, and only a call can revert.
    doubtful = {"reverted"} if asked else CUT
    return known if known and known not in doubtful else _without_text(status, code, asked)


def _without_text(status: int | None, code: int | None, asked: Span | None) -> str:
    if status is not None and status != 400 and status >= 300:
        return _BY_STATUS.get(status, "auth" if status < 400 else "transient" if status >= 500 else "unknown")
    if code in _SAYS_TOO_MUCH and asked and len(asked) > 1:
        return _SAYS_TOO_MUCH[code]
    if code == -32005:
        return "rate"
    return _BY_CODE.get(code, "unknown") if code is not None else "unknown"


def _flat(data: object) -> str:
    if data is None:
        return ""
    return data if isinstance(data, str) else json.dumps(data, default=str)


def _number(text: str) -> int | None:
    digits = re.sub(r"\D", "", text)
    if not digits or len(digits) > 12:
        return None
    return int(digits) * (1_000 if text.rstrip().lower().endswith("k") else 1) or None


def _first_number(patterns: tuple[re.Pattern[str], ...], words: str) -> int | None:
    found = (pattern.search(words) for pattern in patterns)
    return next((_number(match[1]) for match in found if match), None)


def _max_blocks(words: str, asked: Span | None) -> int | None:
    """Return the stated cap. One of the refused length counts last - first; a larger one is no hint."""
    most = _first_number(_MAX_BLOCKS, words)
    if most is None or asked is None or most < len(asked):
        return most
    return most - 1 or None if most == len(asked) else None


def _suggested(words: str, data: object, asked: Span | None) -> Span | None:
    """Return the span the provider says would work, if it is a true part of what was asked."""
    match = _SPAN.search(words)
    pair = (match[1], match[2]) if match else None
    if isinstance(data, dict) and isinstance(data.get("from"), str) and isinstance(data.get("to"), str):
        pair = (data["from"], data["to"])
    if pair is None or asked is None:
        return None
    try:
        first, last = (int(end, 16 if end.lower().startswith("0x") else 10) for end in pair)
    except ValueError:
        return None
    inside = asked.first <= first <= last <= asked.last
    return Span(first, last) if inside and (first, last) != (asked.first, asked.last) else None


def _retry_after(data: object, words: str) -> float | None:
    rate = data.get("rate") if isinstance(data, dict) else None
    seconds = rate.get("backoff_seconds") if isinstance(rate, dict) else None
    if isinstance(seconds, int | float) and 0 < seconds < 3_600:
        return float(seconds)
    match = re.search(r"(?:retry|try again) (?:in|after) (\d{1,4}(?:\.\d+)?) ?(ms|s)", words, re.IGNORECASE)
    if not match:
        return None
    return float(match[1]) / (1_000 if match[2].lower() == "ms" else 1)
