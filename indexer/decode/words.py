"""Values that fill one word of 32 bytes: most arguments of most events, read without eth-abi's streams.

As strict as eth-abi's strict decoder: every byte of the word beside the value must be padding.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias

WORD = 32
Reader: TypeAlias = Callable[[bytes], object]
"""Returns the value of a word, or None where its padding is not clean."""

_ADDRESS_PADDING = bytes(12)
_SIZED = re.compile(r"(uint|int|bytes)([0-9]+)")


def word_values(types: Sequence[str], data: bytes) -> tuple[object, ...] | None:
    """Return the values of *types*, each of one word, or None where *data* does not hold them.

    Bytes behind the last word are not looked at. Raises KeyError for a type that ``of_one_word`` refuses.
    """
    if len(data) < WORD * len(types):
        return None
    values = tuple(
        _reader(kind)(data[at : at + WORD])
        for kind, at in zip(types, range(0, len(data), WORD), strict=False)
    )
    return None if None in values else values


@cache
def of_one_word(kind: str) -> bool:
    """Return whether a value of the ABI type *kind* always fills just one word that is read here."""
    try:
        _reader(kind)
    except KeyError:
        return False
    return True


@cache
def _reader(kind: str) -> Reader:
    if sized := _SIZED.fullmatch(kind):
        return _OF_SIZE[sized[1]](int(sized[2]))
    return _OF_NAME[kind]


def _address(word: bytes) -> str | None:
    return f"0x{word[12:].hex()}" if word.startswith(_ADDRESS_PADDING) else None


def _bool(word: bytes) -> bool | None:
    number = int.from_bytes(word, "big")
    return bool(number) if number < 2 else None


def _unsigned(bits: int) -> Reader:
    def read(word: bytes) -> int | None:
        number = int.from_bytes(word, "big")
        return number if number >> bits == 0 else None

    return read


def _signed(bits: int) -> Reader:
    low, high = -(1 << (bits - 1)), 1 << (bits - 1)

    def read(word: bytes) -> int | None:
        number = int.from_bytes(word, "big", signed=True)
        return number if low <= number < high else None

    return read


def _bytes(size: int) -> Reader:
    def read(word: bytes) -> bytes | None:
        return None if any(word[size:]) else word[:size]

    return read


_OF_NAME: dict[str, Reader] = {"address": _address, "bool": _bool}
_OF_SIZE: dict[str, Callable[[int], Reader]] = {"uint": _unsigned, "int": _signed, "bytes": _bytes}
