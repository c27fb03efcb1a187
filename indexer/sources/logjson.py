"""What a node answered, as text, turned into values: envelopes of JSON-RPC, and logs as one Arrow table.

An answer is taken whole or refused whole. Every byte of it is accounted for: rows of a fixed shape by
``hexcols``, all others by a strict general reader that can say what is wrong.
"""

from __future__ import annotations

import json
import re
from binascii import unhexlify
from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
from msgspec import UNSET, UnsetType

from indexer.floor.errors import Transient
from indexer.sources.hexcols import MAX_SECONDS, MAX_TOPICS, Bytes, Cut, Reader, closing_braces
from indexer.sources.logsheet import Row, Rows, Sheet, schema

__all__ = ["BadAnswer", "Envelope", "Parsed", "envelopes", "parse_logs", "schema"]

_CHUNK = 4096  # logs read at once, so that their text stays in the cache
_QUOTED = 120
_SPACE = b" \t\r\n"
_MAX_INT = 2**63 - 1
_TOPICS = tuple(f"topic{i}" for i in range(MAX_TOPICS))
_COLUMNS = {
    "blockNumber": "block_number",
    "blockHash": "block_hash",
    "blockTimestamp": "block_time",
    "transactionHash": "tx_hash",
    "transactionIndex": "tx_index",
    "logIndex": "log_index",
}
"""Keys whose column has another name."""

_QUANTITY = re.compile(r"0x[0-9a-fA-F]+")
_DECIMAL = re.compile(r"[0-9]{1,19}")


class BadAnswer(Transient):
    """The answer is truncated, not JSON, null or not of the shape asked for; the text says which."""


class Envelope(NamedTuple):
    """One JSON-RPC answer. *result* is raw JSON text, ``null`` included, and None beside an error."""

    id: int | None
    result: memoryview | None
    error: dict[str, Any] | None


class Parsed(NamedTuple):
    """Logs in the order of the answer, in the columns of ``logs``.

    block_time is NULL where the node sent none. *fast* rows were read by shape, *slow* ones on their own.
    """

    logs: pa.Table
    fast: int
    slow: int


class _Answer(msgspec.Struct, gc=False):
    id: int | str | float | None = None
    result: msgspec.Raw | UnsetType = UNSET
    error: Any = None


class _Log(msgspec.Struct, gc=False):
    address: str
    topics: list[str]
    data: str
    blockNumber: str | None  # noqa: N815 - the node's own key
    blockHash: str | None  # noqa: N815 - the node's own key
    transactionHash: str | None  # noqa: N815 - the node's own key
    transactionIndex: str | None  # noqa: N815 - the node's own key
    logIndex: str | None  # noqa: N815 - the node's own key
    blockTimestamp: str | int | UnsetType | None = UNSET  # noqa: N815 - the node's own key
    removed: bool | UnsetType | None = UNSET


_ENVELOPES = msgspec.json.Decoder(_Answer | list[_Answer])
_LOGS = msgspec.json.Decoder(list[_Log])


def envelopes(body: bytes) -> list[Envelope]:
    """Return the answers of a response body in their order: one, or those of a batch.

    The results are views of *body*; their own structure has been checked, their values have not.
    """
    if not body.strip(_SPACE):
        raise BadAnswer("The response body is empty where a JSON-RPC answer was due.")
    try:
        answers = _ENVELOPES.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadAnswer(f"The response body is not a JSON-RPC answer ({error}): {_quoted(body)}.") from None
    return [_envelope(a) for a in (answers if isinstance(answers, list) else [answers])]


def _envelope(answer: _Answer) -> Envelope:
    name = answer.id
    number = int(name) if isinstance(name, str) and _DECIMAL.fullmatch(name) else name
    known = number if isinstance(number, int) else None
    if answer.error is not None:
        error = answer.error if isinstance(answer.error, dict) else {"message": str(answer.error)}
        return Envelope(known, None, error)
    if isinstance(answer.result, UnsetType):
        raise BadAnswer(
            f"The JSON-RPC answer with id {_quoted(str(name))} has neither a result nor an error."
        )
    return Envelope(known, memoryview(answer.result), None)


def parse_logs(result: bytes | memoryview, chain_id: str) -> Parsed:
    """Return the logs of an eth_getLogs result, given as the JSON text of its array.

    Refused with BadAnswer: text that is no list of logs or ends too soon, pending and removed logs, a key
    that stands twice, a value of the wrong width or above int64. A log without ``blockTimestamp``, or with
    a time of zero above block 0 (what some nodes send that do not know it), has a NULL block_time.
    """
    cut = _cut(np.frombuffer(result, dtype=np.uint8))
    read = None if cut is None else _read_all(cut)
    if read is None:
        whole = _decode(result)
        read = Sheet(len(whole)), 0
        _put_each(read[0], whole, np.arange(len(whole)))
    table, fast = read[0].table(), read[1]
    chain = pa.repeat(pa.scalar(chain_id, pa.string()), table.num_rows)
    return Parsed(table.add_column(0, schema().field(0), chain), fast, table.num_rows - fast)


def _cut(text: Bytes) -> Cut | None:
    """Return the rows of a JSON array, cut after each closing brace; None where that is not enough.

    The cut is right only if each row proves to be one whole object, which its reader makes sure of.
    """
    if len(text) < 2 or text[0] != ord("[") or text[-1] != ord("]"):
        return None
    inner = text[1:-1]
    last = closing_braces(inner)
    if not len(last) or inner[last[-1] + 1 :].tobytes().strip(_SPACE):
        return None
    if (inner[last[:-1] + 1] != ord(",")).any():
        return None
    return Cut(inner, np.concatenate([np.zeros(1, dtype=np.int64), last[:-1] + 2]), last + 1)


def _read_all(cut: Cut) -> tuple[Sheet, int] | None:
    """Return all rows and how many of them were read by shape; None where the cut is wrong."""
    reader, sheet = Reader(cut), Sheet(len(cut.ends))
    odd = [np.empty(0, dtype=np.int64)]
    for first in range(0, len(cut.ends), _CHUNK):
        found, left = reader.read(np.arange(first, min(first + _CHUNK, len(cut.ends)), dtype=np.int64))
        for rows, columns in found:
            sheet.put(rows, {_COLUMNS.get(key, key): values for key, values in columns.items()})
        odd.append(left)
    rest = np.sort(np.concatenate(odd))
    for first in range(0, len(rest), _CHUNK):
        rows = rest[first : first + _CHUNK]
        logs = _decode_each([cut.text[cut.starts[row] : cut.ends[row]].tobytes() for row in rows])
        if logs is None:
            return None
        _put_each(sheet, logs, rows)
    return sheet, len(cut.ends) - len(rest)


def _decode_each(texts: Sequence[bytes]) -> list[_Log] | None:
    """Return one log for each text, or None where some text is not one object.

    Each text ends in its one closing brace, so as many objects as texts means one object in each.
    """
    text = b",".join(texts)
    try:
        logs = _LOGS.decode(b"[" + text + b"]")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if len(logs) != len(texts):
        return None
    _refuse_twins(logs, text)
    return logs


def _decode(text: bytes | memoryview) -> list[_Log]:
    """Return the logs of a whole array, or say why it is none."""
    try:
        logs = _LOGS.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadAnswer(f"The eth_getLogs result is not a list of logs ({error}): {_quoted(text)}.") from None
    _refuse_twins(logs, bytes(text))
    return logs


def _refuse_twins(logs: Sequence[_Log], text: bytes) -> None:
    """Refuse a key that stands twice in an object: JSON leaves open which one counts.

    Without spare colons there are just the keys that were read; only else each object is looked at.
    """
    optional = sum((log.blockTimestamp is not UNSET) + (log.removed is not UNSET) for log in logs)
    if text.count(b":") == 8 * len(logs) + optional:
        return

    def unique(pairs: list[tuple[str, Any]]) -> None:
        counts = Counter(name for name, _ in pairs)
        for name, count in counts.most_common(1):
            if count > 1:
                raise BadAnswer(f"A log of the eth_getLogs answer has the key {_quoted(name)} twice.")

    try:
        json.loads(text if text[:1] == b"[" else b"[" + text + b"]", object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise BadAnswer(f"The eth_getLogs result is not JSON ({error}): {_quoted(text)}.") from None


def _put_each(sheet: Sheet, logs: Sequence[_Log], rows: Rows) -> None:
    """Put logs that were read one by one on the sheet; *rows* are their places in the answer."""
    cells = []
    for log, row in zip(logs, rows.tolist(), strict=True):
        try:
            cells.append(_cells(log))
        except _OddError as error:
            raise BadAnswer(f"Log {row} of the eth_getLogs answer {error}.") from None
    sheet.put_each(rows, cells)


class _OddError(ValueError):
    """What is wrong with one log: the end of a sentence about it."""


def _cells(log: _Log) -> Row:
    """Return the row of one log without its chain, or raise what is wrong with it."""
    if log.blockNumber is None:
        raise _OddError("is pending (blockNumber is null), where only mined logs are history")
    if log.removed is True:
        raise _OddError("is marked as removed by a reorg, where only standing logs are history")
    if len(log.topics) > MAX_TOPICS:
        raise _OddError(f"has {len(log.topics)} topics, where the EVM allows four")
    topics = [_hex(f"topics[{i}]", topic, 32) for i, topic in enumerate(log.topics)]
    return {
        "block_number": _quantity("blockNumber", log.blockNumber),
        "block_hash": _hex("blockHash", log.blockHash, 32),
        "block_time": _seconds(log.blockTimestamp),
        "tx_hash": _hex("transactionHash", log.transactionHash, 32),
        "tx_index": _quantity("transactionIndex", log.transactionIndex),
        "log_index": _quantity("logIndex", log.logIndex),
        "address": _hex("address", log.address, 20),
        **dict(zip_longest(_TOPICS, topics)),
        "data": _hex("data", log.data, None),
    }


def _hex(key: str, value: str | None, width: int | None) -> bytes:
    """Return the bytes of hex text; of exactly *width* bytes unless None."""
    if value is None:
        raise _OddError(f"has {key} null")
    try:
        raw = unhexlify(value[2:]) if value[:2] == "0x" else None
    except ValueError:
        raw = None
    if raw is None:
        raise _OddError(f"has {key} {_quoted(value)}, which is not whole bytes of hex after 0x")
    if width is not None and len(raw) != width:
        raise _OddError(f"has {key} of {len(raw)} bytes, where {width} are due")
    return raw


def _quantity(key: str, value: str | None) -> int:
    """Return a hex quantity that fits int64."""
    if value is None or not _QUANTITY.fullmatch(value):
        raise _OddError(f"has {key} {_quoted(str(value))}, which is not a hex quantity")
    number = int(value, 16)
    if number > _MAX_INT:
        raise _OddError(f"has {key} {_quoted(value)}, which is above 2^63-1")
    return number


def _seconds(value: str | int | UnsetType | None) -> int | None:
    """Return a block's time; None where the node sent none. Some nodes write decimal seconds."""
    if value is None or isinstance(value, UnsetType):
        return None
    if isinstance(value, str):
        seconds = int(value) if _DECIMAL.fullmatch(value) else _quantity("blockTimestamp", value)
    else:
        seconds = value
    if not 0 <= seconds <= MAX_SECONDS:
        raise _OddError(f"has blockTimestamp {_quoted(str(value))}, which is no time in seconds")
    return seconds


def _quoted(text: str | bytes | memoryview) -> str:
    """Return the beginning of a node's text in a form that is safe to print."""
    part = text[:_QUOTED] if isinstance(text, str) else bytes(text[:_QUOTED]).decode("utf-8", "replace")
    shown = repr(part)
    return shown if len(shown) <= _QUOTED else shown[: _QUOTED - 1] + "…"
