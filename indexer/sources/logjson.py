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
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
from msgspec import UNSET, UnsetType

from indexer.floor.errors import Transient
from indexer.floor.tables import LOGS, arrow_schema
from indexer.sources.hexcols import (
    MAX_SECONDS,
    MAX_TOPICS,
    Bytes,
    Cut,
    Found,
    Mask,
    Reader,
    Rows,
    Values,
    closing_braces,
)

_CHUNK = 4096  # logs read at once, so that their text stays in the cache
_QUOTED = 120
_SPACE = b" \t\r\n"
_MAX_INT = 2**63 - 1
_NAMES = {
    "block_number": "blockNumber",
    "block_hash": "blockHash",
    "block_time": "blockTimestamp",
    "tx_hash": "transactionHash",
    "tx_index": "transactionIndex",
    "log_index": "logIndex",
}
"""Columns whose key has another name."""

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
        read = _table(whole, range(len(whole))), 0
    table, fast = read
    chain = pa.repeat(pa.scalar(chain_id, pa.string()), table.num_rows)
    return Parsed(table.add_column(0, schema().field(0), chain), fast, table.num_rows - fast)


def schema() -> pa.Schema:
    """Return the schema of parsed logs: that of ``logs``, but block_time may be NULL."""
    declared = arrow_schema(LOGS)
    at = declared.get_field_index("block_time")
    return declared.set(at, declared.field(at).with_nullable(nullable=True))


_CHAINLESS = schema().remove(0)


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


def _read_all(cut: Cut) -> tuple[pa.Table, int] | None:
    """Return all rows and how many of them were read by shape; None where the cut is wrong."""
    reader = Reader(cut)
    tables: list[pa.Table] = []
    fast = 0
    for first in range(0, len(cut.ends), _CHUNK):
        rows = np.arange(first, min(first + _CHUNK, len(cut.ends)), dtype=np.int64)
        found, left = reader.read(rows)
        table = _in_order(cut, found, left)
        if table is None:
            return None
        tables.append(table)
        fast += len(rows) - len(left)
    return pa.concat_tables(tables), fast


def _in_order(cut: Cut, found: Found, left: Rows) -> pa.Table | None:
    """Return the rows found and those left over, which are read here, in the order of the answer."""
    order = [rows for rows, _ in found]
    tables = [_assemble(columns, len(rows)) for rows, columns in found]
    if len(left):
        logs = _decode_each([cut.text[cut.starts[row] : cut.ends[row]].tobytes() for row in left])
        if logs is None:
            return None
        order.append(left)
        tables.append(_table(logs, left.tolist()))
    if len(tables) == 1:
        return tables[0]
    back = np.argsort(np.concatenate(order))
    return pa.concat_tables(tables).combine_chunks().take(back)


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


def _assemble(columns: dict[str, Values], count: int) -> pa.Table:
    """Return the columns of one shape as a table of logs."""
    if "blockTimestamp" in columns:
        seconds, block = columns["blockTimestamp"].to_numpy(), columns["blockNumber"].to_numpy()
        columns["blockTimestamp"] = _times(seconds * 10**6, (seconds > 0) | (block == 0))
    arrays = []
    for field in _CHAINLESS:
        values = columns.get(_NAMES.get(field.name, field.name))
        arrays.append(pa.nulls(count, field.type) if values is None else values)
    return pa.Table.from_arrays(arrays, schema=_CHAINLESS)


def _times(microseconds: Rows, known: Mask) -> Values:
    """Return times that are NULL where not *known*."""
    bits = None if known.all() else pa.py_buffer(np.packbits(known, bitorder="little").data)
    memory = [bits, pa.py_buffer(microseconds.data)]
    return pa.Array.from_buffers(pa.timestamp("us"), len(known), memory)


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


def _table(logs: Sequence[_Log], rows: Sequence[int]) -> pa.Table:
    """Return logs that were read one by one as a table; *rows* are their places in the answer."""
    cells = []
    for log, row in zip(logs, rows, strict=True):
        try:
            cells.append(dict(zip(_CHAINLESS.names, _cells(log), strict=True)))
        except _OddError as error:
            raise BadAnswer(f"Log {row} of the eth_getLogs answer {error}.") from None
    return pa.Table.from_struct_array(pa.array(cells, pa.struct(list(_CHAINLESS))))


class _OddError(ValueError):
    """What is wrong with one log: the end of a sentence about it."""


def _cells(log: _Log) -> tuple[object, ...]:
    """Return the row of one log without its chain, or raise what is wrong with it."""
    if log.blockNumber is None:
        raise _OddError("is pending (blockNumber is null), where only mined logs are history")
    if log.removed is True:
        raise _OddError("is marked as removed by a reorg, where only standing logs are history")
    if len(log.topics) > MAX_TOPICS:
        raise _OddError(f"has {len(log.topics)} topics, where the EVM allows four")
    block = _quantity("blockNumber", log.blockNumber)
    topics = [_hex(f"topics[{i}]", topic, 32) for i, topic in enumerate(log.topics)]
    return (
        block,
        _hex("blockHash", log.blockHash, 32),
        _microseconds(log.blockTimestamp, block),
        _hex("transactionHash", log.transactionHash, 32),
        _quantity("transactionIndex", log.transactionIndex),
        _quantity("logIndex", log.logIndex),
        _hex("address", log.address, 20),
        *topics,
        *[None] * (MAX_TOPICS - len(topics)),
        _hex("data", log.data, None),
    )


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


def _microseconds(value: str | int | UnsetType | None, block: int) -> int | None:
    """Return a block's time; None where the node does not know it. Some nodes write decimal seconds."""
    if value is None or isinstance(value, UnsetType):
        return None
    if isinstance(value, str):
        seconds = int(value) if _DECIMAL.fullmatch(value) else _quantity("blockTimestamp", value)
    else:
        seconds = value
    if not 0 <= seconds <= MAX_SECONDS:
        raise _OddError(f"has blockTimestamp {_quoted(str(value))}, which is no time in seconds")
    return None if seconds == 0 and block > 0 else seconds * 10**6


def _quoted(text: str | bytes | memoryview) -> str:
    """Return the beginning of a node's text in a form that is safe to print."""
    part = text[:_QUOTED] if isinstance(text, str) else bytes(text[:_QUOTED]).decode("utf-8", "replace")
    shown = repr(part)
    return shown if len(shown) <= _QUOTED else shown[: _QUOTED - 1] + "…"
