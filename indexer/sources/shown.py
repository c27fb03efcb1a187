"""What may be shown of an endpoint: its name and what went wrong, never a part of its URL.

A URL may hold a key in its path, its host, its query or its user. So the errors of the HTTP library are said
anew in words of our own, and what a provider wrote is cleaned before it reaches a sentence.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlsplit

import aiohttp

from indexer.config.secrets import hide_keys, keys_of

READ_CHARACTERS = 2_000
SHOWN_CHARACTERS = 200
SHORTEST_KEY = 6

_BLOTS = (
    (re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE), "<url>"),
    (re.compile(r"\b(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?(?:/\S*)?", re.IGNORECASE), "<host>"),
    (re.compile(r"((?:key|token|secret|password|auth)\w*)(\s*[=:]\s*)\S+", re.IGNORECASE), r"\1\2<hidden>"),
    (re.compile(r"[\w-]{20,}"), "<hidden>"),
)

_TROUBLES: tuple[tuple[type[BaseException], str], ...] = (
    (aiohttp.ClientConnectorDNSError, "has a host name that cannot be resolved"),
    (aiohttp.ClientSSLError, "offers no TLS connection that can be trusted"),
    (aiohttp.ClientConnectorError, "cannot be connected to"),
    (aiohttp.ConnectionTimeoutError, "cannot be connected to in time"),
    (aiohttp.ServerDisconnectedError, "closed the connection without an answer"),
    (aiohttp.ClientPayloadError, "broke off in the middle of an answer"),
    (aiohttp.InvalidURL, "has a URL that is none"),
    (aiohttp.NonHttpUrlClientError, "has a URL that is not http or https"),
    (aiohttp.ClientResponseError, "answered something that is not HTTP"),
    (UnicodeError, "has a host name that is none"),
    (OSError, "dropped the connection"),
)


def trouble(error: BaseException) -> str:
    """Return what went wrong with an endpoint, as the end of a sentence that starts with its name."""
    return next((words for kind, words in _TROUBLES if isinstance(error, kind)), "could not be asked")


def hide(text: str, url: str) -> str:
    """Return *text* without the parts of *url* that may hold a key."""
    for part in _telling(url):
        text = re.sub(re.escape(part), "<hidden>", text, flags=re.IGNORECASE)
    return hide_keys(text, keys_of(url))


def blot(text: str) -> str:
    """Return *text* as one short printable line in which URLs, hosts, keys and long hex are blotted out."""
    line = "".join(c if c.isprintable() else " " for c in text[:READ_CHARACTERS])
    for pattern, instead in _BLOTS:
        line = pattern.sub(instead, line)
    line = " ".join(line.split())
    return line if len(line) <= SHOWN_CHARACTERS else line[: SHOWN_CHARACTERS - 1] + "…"


def _telling(url: str) -> list[str]:
    """Return the parts of a URL that may hold a key, the longest first."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return [url]
    found = {url, parts.netloc, parts.path, parts.query, parts.fragment, parts.username, parts.password}
    found |= {*parts.path.split("/"), *(parts.hostname or "").split(".")}
    found |= {value for _, value in parse_qsl(parts.query)}
    found |= {unquote(part) for part in found if part}
    return sorted({part for part in found if part and len(part) >= SHORTEST_KEY}, key=len, reverse=True)
