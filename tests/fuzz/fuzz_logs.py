"""Logs as JSON text, whole and spoilt, and a slow reading of them that shares no code with the program."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from fuzz_kit import JSON, RAW_JSON
from hypothesis import strategies as st

KEYS = (
    "address", "topics", "data", "blockNumber", "transactionHash", "transactionIndex", "blockHash", "blockTimestamp",
    "logIndex", "removed",
)  # fmt: skip
ADDRESS = "0x" + "11" * 20
Row = tuple[Any, ...]
FAR = (2**63 - 1) // 10**6


def block_hash(number: int) -> str:
    return f"0x{number * 1_000_003 + 5:064x}"


def log(block: int, index: int, *, topics: int = 3, size: int = 32) -> dict[str, Any]:
    """One good log of a chain in which each block has one transaction."""
    return {
        "address": ADDRESS,
        "topics": [f"0x{block * 7 + i:064x}" for i in range(topics)],
        "data": "0x" + (f"{index % 251:02x}" * size),
        "blockNumber": hex(block),
        "transactionHash": f"0x{block * 13:064x}",
        "transactionIndex": "0x1",
        "blockHash": block_hash(block),
        "blockTimestamp": hex(1_700_000_000 + block * 12),
        "logIndex": hex(index),
        "removed": False,
    }


def written(logs: Sequence[dict[str, Any]], *, spaced: bool = False) -> str:
    return json.dumps(list(logs), separators=None if spaced else (",", ":"))


@st.composite
def spoilt_logs(draw: st.DrawFn) -> bytes:
    """The text of 0 to 200 logs, many alike so that they are read by shape, with a few things wrong."""
    count = draw(st.sampled_from([0, 1, 2, 5, 70, 130, 200]))
    shapes = draw(
        st.lists(st.tuples(st.integers(0, 4), st.sampled_from([0, 1, 32, 64])), min_size=1, max_size=3)
    )
    first = draw(st.sampled_from([0, 1, 0xFFF0, 0xFFFFF0, 2**53, 2**63 - 201]))
    logs = [
        log(first + i // 2, i, topics=shapes[i % len(shapes)][0], size=shapes[i % len(shapes)][1])
        for i in range(count)
    ]
    texts = [json.dumps(one, separators=(",", ":")) for one in logs]
    for row in draw(st.sets(st.integers(0, max(0, count - 1)), max_size=min(3, count))):
        texts[row] = draw(spoilt_row(texts[row]))
    between, around = ",", "[{}]"
    if draw(st.integers(0, 9)) == 0:
        between = draw(st.sampled_from([", ", "", ",,", "\n,", "},{", ";"]))
    if draw(st.integers(0, 9)) == 0:
        around = draw(
            st.sampled_from(["{}", "[{}", "{}]", " [{}] ", "[{},]", "[[{}]]", "[{}][]", "\ufeff[{}]"])
        )
    text = around.replace("{}", between.join(texts)).encode("utf-8", "surrogatepass")
    return draw(spoilt_bytes(text)) if draw(st.integers(0, 4)) == 0 else text


@st.composite
def spoilt_row(draw: st.DrawFn, text: str) -> str:
    """The text of one log with a value, a key or a few characters changed."""
    one = json.loads(text)
    key = draw(st.sampled_from(KEYS))
    how = draw(st.integers(0, 7))
    value = (
        draw(RAW_JSON)
        if how == 0
        else json.dumps(draw(JSON))
        if how < 4
        else json.dumps(draw(near(one.get(key))))
    )
    if how == 6:
        return f'{text[:-1]},"{key}":{value}}}'
    if how == 7:
        at = draw(st.integers(0, len(text) - 1))
        return text[:at] + draw(st.text(max_size=2)) + text[at + draw(st.integers(0, 2)) :]
    parts = {name: json.dumps(held, separators=(",", ":")) for name, held in one.items()}
    if draw(st.integers(0, 5)) == 0:
        parts.pop(key, None)
    else:
        parts[draw(st.sampled_from([key, key.upper(), key + " ", "x"])) if how == 5 else key] = value
    return "{" + ",".join(f'"{name}":{held}' for name, held in parts.items()) + "}"


def near(value: Any) -> st.SearchStrategy[Any]:
    """A value that differs little from a good one."""
    if isinstance(value, list):
        return st.lists(st.sampled_from([*value, "0x", "0x" + "AB" * 32, "0x" + "ab" * 31, None]), max_size=6)
    if not isinstance(value, str) or not re.fullmatch("0x[0-9a-f]*", value):
        return st.sampled_from([True, False, None, 0, 1, "false"])
    changes = [
        value.upper(), value[:-1], value + "0", value[2:], "0X" + value[2:], "0x0" + value[2:], value.replace("1", "g"),
        value + "\n",
        int(value, 16) if value[2:] else 0, str(int(value, 16)) if value[2:] else "0", "0x00", None,
    ]  # fmt: skip
    return st.sampled_from(changes)


@st.composite
def spoilt_bytes(draw: st.DrawFn, text: bytes) -> bytes:
    """Bytes cut, changed, doubled or put in."""
    out = bytearray(text)
    for _ in range(draw(st.integers(1, 3))):
        at, end = sorted(draw(st.lists(st.integers(0, len(out)), min_size=2, max_size=2)))
        how = draw(st.integers(0, 4))
        if how == 0:
            del out[at:]
        elif how == 1:
            del out[at : min(end, at + 40)]
        elif how == 2:
            out[at:at] = out[at : min(end, at + 40)]
        elif how == 3:
            out[at:at] = draw(st.binary(max_size=4))
        elif out:
            out[min(at, len(out) - 1)] ^= 1 << draw(st.integers(0, 7))
    return bytes(out)


def plain(text: bytes) -> Any:
    """Return what Python's own reader sees in JSON text; whole numbers stay text, as they may be too long."""
    return json.loads(
        text.decode("utf-8", "surrogateescape"),
        parse_int=lambda digits: "int 0" if digits == "-0" else f"int {digits}",
    )


class _NotSoError(ValueError):
    """The slow reading takes it for no list of logs."""


def slowly(text: bytes) -> list[Row] | None:
    """Return the rows that plain ``json`` and plain Python see in *text*; None where it is no list of logs."""
    try:
        found = json.loads(text.decode("utf-8", "surrogateescape"), object_pairs_hook=_once)
        return [_row(one) for one in found] if isinstance(found, list) else None
    except (ValueError, KeyError, TypeError, RecursionError, AttributeError):
        return None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise _NotSoError("a key stands twice")
    return dict(pairs)


def _row(one: dict[str, Any]) -> Row:
    if (
        one.get("removed") not in (None, False)
        or not isinstance(one["topics"], list)
        or len(one["topics"]) > 4
    ):
        raise _NotSoError("removed")
    topics = [_bytes(topic, 32) for topic in one["topics"]] + [None] * (4 - len(one["topics"]))
    number = _number(one["blockNumber"])
    places = number, _number(one["transactionIndex"]), _number(one["logIndex"])
    hashes = _bytes(one["blockHash"], 32), _bytes(one["transactionHash"], 32)
    return (*places, *hashes, _bytes(one["address"], 20), *topics, _bytes(one["data"]), _time(one, number))


def _bytes(text: Any, width: int | None = None) -> bytes:
    if not re.fullmatch(r"0x(?:[0-9a-fA-F]{2})*", text) or (width is not None and len(text) != 2 + 2 * width):
        raise _NotSoError(text)
    return bytes.fromhex(text[2:])


def _number(text: Any) -> int:
    if not re.fullmatch("0x[0-9a-fA-F]+", text) or int(text, 16) >= 2**63:
        raise _NotSoError(text)
    return int(text, 16)


def _time(one: dict[str, Any], block: int) -> int | None:
    said = one.get("blockTimestamp")
    if said is None:
        return None
    if isinstance(said, bool | float):
        raise _NotSoError("no time")
    decimal = isinstance(said, str) and re.fullmatch("[0-9]{1,19}", said)
    seconds = said if isinstance(said, int) else int(said) if decimal else _number(said)
    if not 0 <= seconds <= FAR:
        raise _NotSoError("no time")
    return None if seconds == 0 and block else seconds


def rows_of(table: Any) -> list[Row]:
    """Return a parsed table in the form of ``slowly``, in its order."""
    numbers = [
        table[name].to_pylist() for name in ("block_number", "tx_index", "log_index", "block_hash", "tx_hash")
    ]
    rest = [table[name].to_pylist() for name in ("address", "topic0", "topic1", "topic2", "topic3", "data")]
    times = table["block_time"].cast("int64").to_pylist()
    seconds = [None if t is None else t // 10**6 for t in times]
    return list(zip(*numbers, *rest, seconds, strict=True))
