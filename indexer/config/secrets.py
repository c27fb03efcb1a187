"""Keys in the URLs of endpoints, and text without them: whole, in part, or coded as providers echo them.

A key may stand in the path, the query, the user or the host. What is known of them is kept for the process, so
that a traceback or a library's log line can be cleaned wherever the URL came from.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote, urlsplit

SHORTEST_PART = 8
"""Characters of a key that tell something of it when they stand alone."""

LONG = 16
_HIDDEN = "<hidden>"
_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_known: set[str] = set()


def remember(urls: Iterable[str]) -> None:
    """Take note of *urls*: their keys are hidden from now on wherever ``without_keys`` is asked."""
    _known.update(key for url in urls for key in keys_of(url))


def without_keys(text: str) -> str:
    """Return *text* without the keys of every URL that was remembered."""
    return hide_keys(text, frozenset(_known))


def may_be_key(text: str) -> bool:
    """Tell a key from plain words such as ``ethereum-mainnet``, which other sentences may hold."""
    return any(_telling(piece) for piece in _pieces(text)) or (
        len(text) >= LONG and bool(re.search(r"\d", text))
    )


@lru_cache(maxsize=256)
def keys_of(url: str) -> frozenset[str]:
    """Return the parts of *url* that may be keys, as they stand and with their percent codes read."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return frozenset({url})
    user = f"{parts.username}:{parts.password or ''}" if parts.username else ""
    found = {*parts.path.split("/"), *(parts.hostname or "").split("."), parts.username, parts.password, user}
    found |= {parts.fragment, *(value for _, value in parse_qsl(parts.query))}
    if parts.query and "=" not in parts.query:
        found.add(parts.query)
    read = {unquote(part) for part in found if part}
    return frozenset(part for part in {*found, *read} if part and may_be_key(part))


def hide_keys(text: str, keys: frozenset[str]) -> str:
    """Return *text* without *keys*: in any case, percent-coded, in base64 or hex, and pieces of them."""
    if not keys or not text:
        return text
    whole, grams = _marks(keys)
    low = text.translate(_LOWER)
    covered = bytearray(len(text))
    for word in whole:
        at = low.find(word)
        while at >= 0:
            covered[at : at + len(word)] = b"\1" * len(word)
            at = low.find(word, at + 1)
    for at in range(len(low) - SHORTEST_PART + 1):
        if low[at : at + SHORTEST_PART] in grams:
            covered[at : at + SHORTEST_PART] = b"\1" * SHORTEST_PART
    return "".join(_shown(text, covered)) if any(covered) else text


def _shown(text: str, covered: bytearray) -> Iterator[str]:
    """Yield *text* with each covered stretch replaced by one mark."""
    for at, char in enumerate(text):
        if not covered[at]:
            yield char
        elif at == 0 or not covered[at - 1]:
            yield _HIDDEN


@lru_cache(maxsize=16)
def _marks(keys: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return in lower case what is hidden whole, and the shortest pieces that tell something of a key."""
    whole: set[str] = set()
    grams: set[str] = set()
    for key in keys:
        whole |= {key.translate(_LOWER), quote(key, safe="").translate(_LOWER)}
        coded = [*_coded(key), *(piece for piece in _pieces(key) if _telling(piece))]
        for word in coded:
            low = word.translate(_LOWER)
            grams |= {low[at : at + SHORTEST_PART] for at in range(len(low) - SHORTEST_PART + 1)}
    return frozenset(whole), frozenset(grams)


def _coded(key: str) -> Iterator[str]:
    """Yield *key* in hex, and in base64 as it looks wherever it stands in a longer text."""
    raw = key.encode()
    yield raw.hex()
    for before in range(3):
        text = base64.b64encode(b"-" * before + raw).decode().rstrip("=")
        # The first and last characters hold bits of the neighbours too.
        yield text[(0, 2, 3)[before] : len(text) - 1]
        yield text[(0, 2, 3)[before] : len(text) - 1].translate({ord("+"): "-", ord("/"): "_"})


def _pieces(text: str) -> list[str]:
    return re.split(r"[^0-9A-Za-z]+", text)


def _telling(piece: str) -> bool:
    return len(piece) >= LONG or (len(piece) >= SHORTEST_PART and bool(re.search(r"\d", piece)))
