"""What a request must bring before it is looked at, and what every answer carries."""

from __future__ import annotations

import hmac
import ipaddress
import json
from collections.abc import Collection, Mapping
from typing import NamedTuple

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
"""No script, style or request but our own, and no frame around a page: what a chain calls itself is hostile text."""

OPEN = ("/health", "/ready")
"""What is told without a token, since load balancers ask it; it names nothing that is not public."""


class Rules(NamedTuple):
    """Names that this server answers to (lower case, no port), origins whose pages may read it, and the token."""

    hosts: frozenset[str]
    origins: frozenset[str] = frozenset()
    token: str | None = None


class Guard:
    """An ASGI application that lets through what *rules* allow.

    The Host header is checked because a page elsewhere may have its own name resolve to this machine.
    """

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self._app, self._rules = app, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        shared = origin if origin in self._rules.origins else None

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    told.setdefault(name, value)
                if shared is not None:
                    told["access-control-allow-origin"] = shared
                    told["cross-origin-resource-policy"] = "cross-origin"
                if self._rules.origins:
                    told.add_vary_header("origin")
            await send(message)

        refusal = self._refusal(scope, headers, origin)
        if refusal is not None:
            await _say(dressed, *refusal)
        elif scope["method"] == "OPTIONS" and shared is not None:
            await _preflight(dressed)
        else:
            await self._app(scope, receive, dressed)

    def _refusal(self, scope: Scope, headers: Headers, origin: str | None) -> tuple[int, str] | None:
        host = host_of(headers.get("host", ""))
        if host not in self._rules.hosts:
            return (
                421,
                "This server does not answer to that host name; start it with --allow-host to add one.",
            )
        if (
            origin is not None
            and origin not in self._rules.origins
            and scope["method"] not in ("GET", "HEAD")
        ):
            return (
                403,
                "Pages of another origin may not send requests here; start the server with --allow-origin.",
            )
        if self._rules.token is None or scope["path"] in OPEN or scope["method"] == "OPTIONS":
            return None
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and hmac.compare_digest(
            given.strip().encode(), self._rules.token.encode()
        ):
            return None
        return 401, "This server wants its token: send the header Authorization: Bearer <token>."


def host_of(header: str) -> str:
    """Return the host that a Host header names, in lower case and without its port."""
    name = header.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0].rstrip(".")


def is_local(host: str) -> bool:
    """Return whether only this machine can reach a server bound to *host*."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def rules(host: str, allowed: Collection[str], origins: Collection[str], token: str | None) -> Rules:
    """Return the rules of a server bound to *host*, which also answers to the names *allowed*."""
    local = {"localhost", "127.0.0.1", "::1"}
    return Rules(frozenset(local | {host.lower(), *map(str.lower, allowed)}), frozenset(origins), token)


async def _say(send: Send, status: int, sentence: str) -> None:
    body = json.dumps({"error": sentence}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _preflight(send: Send) -> None:
    headers = [
        (b"access-control-allow-methods", b"GET, HEAD, POST"),
        (b"access-control-allow-headers", b"authorization, content-type"),
        (b"access-control-max-age", b"600"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
