"""A provider that repeats the caller's URL, its keys and pieces of them in whatever it answers."""

from __future__ import annotations

import base64
import json
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

PATH, QUERY = "pk9aa3d95b3bc440fa88", "qk12eaa4456161f00d77"
USER, WORD = "uk77x0m4p3r5on99", "wk5ecr3tk3y0f7h3u53r"
HOST = "hk77moon31stone9q4w8"
KEYS = (PATH, QUERY, USER, WORD, HOST)
PIECE = 10
TAIL = f"/v2/{PATH}?apikey={QUERY}"

_UNIQUE = " ".join(KEYS)
ECHOES: dict[str, Callable[[str], str]] = {
    "as it is": lambda url: f"no access to {url}",
    "percent-coded": lambda url: f"no access to {quote(url, safe='')}",
    "in capitals": lambda url: f"NO ACCESS TO {url.upper()}",
    "in base64": lambda url: f"no access: {base64.b64encode(url.encode()).decode()}",
    "as basic auth": lambda _: f"bad header Basic {base64.b64encode(f'{USER}:{WORD}'.encode()).decode()}",
    "in hex": lambda _: f"bad keys {_UNIQUE.encode().hex()}",
    "each alone": lambda _: f"unknown project {_UNIQUE}",
    "in pieces": lambda _: f"bad keys {' '.join(key[:PIECE] + ' ' + key[-PIECE:] for key in KEYS)}",
}
STATUSES = (400, 401, 403, 404, 413, 429, 500, 502)
KINDS = (
    *(f"error {name}" for name in ECHOES), *(f"status {code}" for code in STATUSES),
    "redirect", "garbage", "cut off", "no HTTP", "wrong chain", "a text for a number", "silence",
)  # fmt: skip


class Provider(ThreadingHTTPServer):
    """Answers every request as *kind* says; "half" does so to every third one, and asks *behind* for the others."""

    daemon_threads = True

    def __init__(self, kind: str, behind: str | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.kind, self.behind, self.count = kind, behind, 0

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def url(self, host: str = f"{HOST}.node.example", scheme: str = "http") -> str:
        return f"{scheme}://{USER}:{WORD}@{host}:{self.port}{TAIL}"

    def handle_error(self, *_: object) -> None:
        """Say nothing: callers hang up as they like."""


class _Handler(BaseHTTPRequestHandler):
    server: Provider
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind, url = self.server.kind, self.server.url()
        self.server.count += 1
        if kind == "half":
            if self.server.count % 3:
                with urllib.request.urlopen(urllib.request.Request(self.server.behind or "", body)) as got:
                    return self._send(200, got.read())
            names = list(ECHOES)
            kind = f"error {names[self.server.count // 3 % len(names)]}"
        if kind.startswith("error "):
            return self._answer(body, error={"code": -32000, "message": ECHOES[kind[6:]](url), "data": url})
        if kind.startswith("status "):
            return self._send(int(kind[7:]), f"<html>{url} {_UNIQUE}</html>".encode())
        return self._odd(kind, body, url)

    def _odd(self, kind: str, body: bytes, url: str) -> None:
        if kind == "redirect":
            self.send_response(302)
            self.send_header("Location", f"{url}&again=1")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif kind == "garbage":
            self._send(200, f"at {url}: {_UNIQUE}".encode())
        elif kind == "cut off":
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            self.wfile.write(f'{{"url": "{url}'.encode())
            self.close_connection = True
        elif kind == "no HTTP":
            self.wfile.write(f"{url} {_UNIQUE}\r\n\r\n".encode())
            self.close_connection = True
        elif kind == "silence":
            time.sleep(1.0)
            self.close_connection = True
        else:
            self._answer(body, result="0x1" if kind == "wrong chain" else url)

    def _answer(self, body: bytes, **said: object) -> None:
        asked = json.loads(body)
        answers = [
            {"jsonrpc": "2.0", "id": one["id"], **said}
            for one in (asked if isinstance(asked, list) else [asked])
        ]
        self._send(200, json.dumps(answers if isinstance(asked, list) else answers[0]).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def leaking(kind: str, behind: str | None = None) -> Iterator[Provider]:
    """Run a provider of *kind* while the context lasts."""
    provider = Provider(kind, behind)
    thread = threading.Thread(target=provider.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        provider.shutdown()
        provider.server_close()


def leaks(text: str) -> list[str]:
    """Return what *text* tells of the keys: eight characters in a row, or a key as base64 or hex."""
    low = text.lower()
    parts = {key[at : at + 8] for key in KEYS for at in range(len(key) - 7)}
    for key in KEYS:
        parts |= {key.encode().hex()[4:24]}
        parts |= {base64.b64encode(b"-" * n + key.encode()).decode()[4:20].lower() for n in range(3)}
    return sorted(part for part in parts if part in low)
