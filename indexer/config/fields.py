"""The values that the configuration's files may hold, each with the sentence that refuses another one."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import Annotated

from pydantic import AfterValidator, PlainValidator

from indexer.config import model
from indexer.config.address import evm_address
from indexer.config.urls import is_url

_YEARS = range(2009, 2100)
_NO_BLOCK = 10**12
_DIGITS = 36


def one_of(*allowed: str) -> AfterValidator:
    """Return a check that the text is one of *allowed*, which names the nearest."""

    def check(text: str) -> str:
        if text in allowed:
            return text
        raise ValueError(unknown(text, allowed, f"it is one of {', '.join(allowed)}"))

    return AfterValidator(check)


def unknown(text: str, allowed: tuple[str, ...] | list[str], remedy: str) -> str:
    """Return that *text* is none of *allowed*: the nearest of them, else the *remedy*; both where both help."""
    close = nearest(text, allowed)
    return f"is unknown; {close}{remedy[0].upper()}{remedy[1:]}" if close else f"is unknown; {remedy}"


def nearest(text: str, allowed: tuple[str, ...] | list[str]) -> str:
    """Return "did you mean …? " where something allowed is close, else nothing."""
    close = get_close_matches(text.lower(), allowed, n=1)
    return f"did you mean {close[0]!r}? " if close else ""


def shaped(pattern: str, what: str) -> AfterValidator:
    """Return a check that the text has the shape of *pattern*; *what* says so to a person."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if compiled.fullmatch(text):
            return text
        raise ValueError(what)

    return AfterValidator(check)


def web_address(text: str) -> str:
    """Return *text* where it is an http or https URL with a host. The error never repeats it."""
    if not is_url(text):
        raise ValueError("is not an http or https URL with a host; write it as https://host/path")
    return text


def _role(text: str) -> str:
    if text in model.ROLES or re.fullmatch(r"reserve_of:[a-z0-9][a-z0-9._-]*", text):
        return text
    raise ValueError(
        unknown(text, model.ROLES, f"it is one of {', '.join(model.ROLES)}, reserve_of:<product>")
    )


def _start(value: object) -> int | date:
    if type(value) is int:
        if value < 0:
            raise ValueError("is negative; write the block of the deployment, or a day")
        if value < _NO_BLOCK:
            return value
    if type(value) is date and value.year in _YEARS:
        return value
    raise ValueError(
        "must be a block such as 16431887, or a day of 2009 to 2099 such as 2023-01-17 (no quotes)"
    )


def _day(value: object) -> date:
    if type(value) is date and value.year in _YEARS:
        return value
    raise ValueError("must be a day of 2009 to 2099 such as 2023-01-17 (no quotes)")


def _moment(value: object) -> datetime:
    if isinstance(value, datetime) and value.year in _YEARS:
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if type(value) is date and value.year in _YEARS:
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    raise ValueError("must be a day such as 2023-01-17 or a time such as 2023-01-17T12:00:00Z (no quotes)")


def _finality(value: object) -> str | int:
    if type(value) is int and 0 < value < _NO_BLOCK:
        return value
    if isinstance(value, str) and value in model.FINALITY_TAGS:
        return value
    raise ValueError('must be "finalized", "safe", or a number of confirmations above 0')


def _decimals(value: object) -> int:
    if type(value) is int and 0 <= value <= 18:
        return value
    raise ValueError("must be a whole number from 0 to 18, what the contract's decimals() answers")


def _window(value: object) -> int:
    if type(value) is int and 0 < value <= model.LONGEST_WINDOW:
        return value
    raise ValueError(
        f"must be a whole number of hours from 1 to {model.LONGEST_WINDOW}: how long a crossing may take"
    )


def _scale(value: object) -> int:
    if type(value) is int and 0 <= value <= _DIGITS:
        return value
    raise ValueError(f"must be a whole number from 0 to {_DIGITS}: the decimals of the price that is told")


def _above_zero(value: object) -> int:
    if type(value) is int and value > 0:
        return value
    raise ValueError("must be a whole number above 0")


def _slot(value: object) -> int:
    if type(value) is int and 0 <= value < 2**256:
        return value
    raise ValueError(
        "must be the number of a storage slot, such as 1, where a proxy keeps its implementation"
    )


def _urls(value: object) -> list[str]:
    many = value if isinstance(value, list) else [value]
    urls = [web_address(url) for url in many if isinstance(url, str)]
    if not urls or len(urls) < len(many):
        raise ValueError("must be a URL, or a list of URLs, in quotes")
    return urls


def _plain(check: Callable[[object], object]) -> PlainValidator:
    return PlainValidator(check)


Id = Annotated[str, shaped(r"[a-z0-9][a-z0-9._-]*", "must be lower-case letters, digits, '.', '_' and '-'")]
ChainId = Annotated[
    str,
    shaped(
        r"[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}",
        'is not a CAIP-2 chain id; write namespace:reference, as "eip155:1"',
    ),
]
EvmChainId = Annotated[
    str, shaped(r"eip155:[1-9][0-9]*", 'is not the CAIP-2 id of an EVM chain; write "eip155:1"')
]
Text = Annotated[str, shaped(r"(?s).*\S.*", "is empty; write it, or leave the key out")]
Address = Annotated[str, AfterValidator(evm_address)]
Url = Annotated[str, AfterValidator(web_address)]
Topic = Annotated[str, shaped(r"0x[0-9a-fA-F]{64}", "is not a topic, which is 0x and 64 hexadecimal digits")]
Confidence = Annotated[str, one_of(*model.CONFIDENCES)]
Start = Annotated[int | date, _plain(_start)]
Moment = Annotated[datetime, _plain(_moment)]
Currency = Annotated[str, shaped(r"[A-Z]{3,5}", 'must be a currency code such as "USD"')]
Money = Annotated[
    str, shaped(r"(?=.*[1-9])[0-9]{1,18}(\.[0-9]{1,18})?", 'must be a price above 0 in quotes, as "1.00"')
]
Dated = Annotated[
    str, shaped(r"[0-9]{4}(-[0-9]{2}){0,2}", 'must be a year, month or day in quotes, as "2025-11"')
]
Finality = Annotated[str | int, _plain(_finality)]
Day = Annotated[date, _plain(_day)]
Decimals = Annotated[int, _plain(_decimals)]
Scale = Annotated[int, _plain(_scale)]
AboveZero = Annotated[int, _plain(_above_zero)]
Slot = Annotated[int, _plain(_slot)]
Window = Annotated[int, _plain(_window)]
Urls = Annotated[list[str], _plain(_urls)]
Role = Annotated[str, AfterValidator(_role)]
