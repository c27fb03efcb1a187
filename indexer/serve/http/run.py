"""The server itself: listens, says where, and ends in good order."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from indexer.config.model import Registry
from indexer.config.settings import Settings
from indexer.floor.errors import Usage
from indexer.serve.http.app import application
from indexer.serve.http.guards import Rules
from indexer.store.bookread import read_book

GOODBYE_SECONDS = 5
MOST_AT_ONCE = 256


def run(
    settings: Settings, registry: Registry, rules: Rules, at: tuple[str, int], told: Callable[[str], None]
) -> None:
    """Serve the home at an address until SIGINT or SIGTERM; *told* gets the URL once it can be asked.

    Raises Usage where there is no home yet, or nothing can listen at the address.
    """
    read_book(settings.home, settings.database)
    app = application(settings, registry, rules)
    with listening(*at) as sock:
        told(url_of(sock))
        server(app).run(sockets=[sock])


@contextmanager
def beside(settings: Settings, registry: Registry, rules: Rules, at: tuple[str, int]) -> Iterator[str]:
    """Serve the home from a thread of its own while the context lasts; yields the URL.

    A commit keeps the follower's event loop busy for seconds, and the server has another.
    """
    with listening(*at) as sock:
        made = server(application(settings, registry, rules))
        thread = threading.Thread(target=made.run, kwargs={"sockets": [sock]}, name="serve", daemon=True)
        thread.start()
        try:
            yield url_of(sock)
        finally:
            made.should_exit = True
            thread.join(GOODBYE_SECONDS)


def server(app: object) -> uvicorn.Server:
    """Return a server of *app* that writes nothing by itself and names no software."""
    return uvicorn.Server(
        uvicorn.Config(
            app,  # type: ignore[arg-type]
            log_config=None,
            access_log=False,
            server_header=False,
            ws="none",
            limit_concurrency=MOST_AT_ONCE,
            timeout_graceful_shutdown=GOODBYE_SECONDS,
        )
    )


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address; raises Usage where it cannot be had."""
    try:
        sock = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        raise Usage(
            f"Nothing can listen at {host} port {port} ({error.strerror if isinstance(error, OSError) else error}); "
            "choose another with --host and --port."
        ) from None
    # Connections inherit it; asyncio would not set it, and a body behind its headers would wait 40 ms.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def url_of(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
