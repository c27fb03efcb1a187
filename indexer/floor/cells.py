"""How one value is written: exactly, and harmless to a terminal."""

from __future__ import annotations

import json
import math
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from functools import singledispatch

_HARMFUL = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def safe(text: str) -> str:
    """Return *text* with control, direction and other unseen characters written as escapes.

    Names and reasons come from chains and endpoints, where anybody may put a terminal sequence.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(c) if unicodedata.category(c) in _HARMFUL else c for c in text)


def _escape(char: str) -> str:
    point = ord(char)
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def plain(value: Decimal) -> str:
    """Return every digit of *value* without exponent or trailing zeros."""
    digits = format(value, "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def moment(value: datetime) -> str:
    """Return a UTC time as ISO 8601 with its Z; a fraction only where there is one."""
    return value.replace(tzinfo=None).isoformat() + "Z"


@singledispatch
def text(value: object) -> str:
    """Return *value* as text for a CSV cell or a table; None is empty."""
    return safe(str(value))


@text.register
def _(_value: None) -> str:
    return ""


@text.register
def _(value: bool) -> str:
    return "true" if value else "false"


text.register(Decimal, plain)
text.register(datetime, moment)


@text.register
def _(value: date) -> str:
    return value.isoformat()


@text.register
def _(value: bytes) -> str:
    return "0x" + value.hex()


@text.register(list)
@text.register(tuple)
@text.register(dict)
def _(value: object) -> str:
    return safe(json.dumps(jsonable(value)))


def jsonable(value: object) -> object:
    """Return *value* as JSON can hold it without loss: decimals, times and bytes as text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    return text(value)


def width(shown: str) -> int:
    """Return the columns *shown* takes on a terminal."""
    if shown.isascii():
        return len(shown)
    return sum(_char_width(char) for char in shown)


def _char_width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
