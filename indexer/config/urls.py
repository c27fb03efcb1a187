"""URLs: which ones are sound, and how none is shown. Path, query, user or host may be a key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from indexer.config.model import Endpoint
from indexer.config.secrets import keys_of, may_be_key

SHOWN = 80
_LOCAL = ("localhost", "127.0.0.1", "::1")


def is_url(text: str) -> bool:
    """Tell whether *text* is an http, https, ws or wss URL with a host."""
    try:
        parts = urlsplit(text)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https", "ws", "wss")
        and bool(parts.hostname)
        and port_fits
        and not re.search(r"\s", text)
    )


def brief(text: str) -> str:
    """Return what somebody wrote as it may stand in a sentence: short, and no URL, which may hold a key."""
    if "://" in text:
        return "(hidden)"
    plain = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text[: SHOWN + 1])
    return plain if len(text) <= SHOWN else f"{plain[: SHOWN - 1]}…"


def tells_nothing(url: str) -> bool:
    """Tell whether the host of *url* can be shown: no part of the URL may be a key, and nobody is named in it."""
    parts = urlsplit(url)
    return not keys_of(url) and not parts.query and parts.username is None


def redact(text: str, endpoints: Iterable[Endpoint]) -> str:
    """Return *text* with every endpoint's URL, host and key replaced by the endpoint's name."""
    pieces = [
        (piece.lower(), endpoint.name) for endpoint in endpoints for piece in _pieces(endpoint) if piece
    ]
    names = dict(reversed(pieces))
    if not names:
        return text
    longest = sorted(names, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest)), lambda m: names[m[0].lower()], text, flags=re.IGNORECASE)


def without_password(url: str) -> str:
    """Return a database or lake URL with its password, and whatever its query holds, replaced by ***."""
    bare, mark, _ = url.partition("?")
    hidden = re.sub(r"(://[^/@]*?:).*(@)", r"\1***\2", bare)
    return hidden + (f"{mark}***" if mark else "")


def _pieces(endpoint: Endpoint) -> Iterator[str]:
    """Yield the parts of a URL that may stand alone in a library's message and tell where it leads."""
    yield endpoint.url
    yield endpoint.url.rstrip("/")
    try:
        parts = urlsplit(endpoint.url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return  # what is no URL has no parts
    if host and re.fullmatch(re.escape(host) + r"(-\d+)?", endpoint.name):
        return  # a public endpoint is named by its host, and has no key
    yield parts.netloc
    if port:
        yield f"{host}:{port}"
    if host not in _LOCAL:
        yield host
    secrets = [
        parts.path,
        f"{parts.path}?{parts.query}",
        parts.query,
        parts.username or "",
        parts.password or "",
    ]
    secrets += [*parts.path.split("/"), *host.split("."), *(value for _, value in parse_qsl(parts.query))]
    for secret in secrets:
        if may_be_key(secret):
            yield from {secret, quote(secret, safe=""), unquote(secret)}
