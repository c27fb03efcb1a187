"""The application: routes, guards and monitoring over the snapshots of one home."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import anyio.to_thread
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from indexer.config.model import Registry
from indexer.config.settings import Settings
from indexer.floor.errors import RwaError, Usage
from indexer.serve.http.described import columns
from indexer.serve.http.guards import Guard, Rules
from indexer.serve.http.monitor import Monitor, judged_chains
from indexer.serve.http.pages import Gone, Late, Pages
from indexer.serve.http.routes import NotKnown, Served, router
from indexer.serve.http.snapshots import Snapshots
from indexer.serve.questions import Absent

PACE = 1.0
"""Seconds between two looks at whether something was committed."""
WORKERS = 4
"""Answers made at a time: DuckDB uses the cores for one already."""

_DOC = """
The figures of one home of rwa-indexer, read-only.

Amounts are exact and therefore text; days are UTC days unless a row names another boundary; unknown is null, with the
reason in why_null. A stock holds at a moment, a flow over a day: each route says which it is. Every page says as of
which block it holds, and a page's `next` is the cursor of the one that follows, in the same commit.
"""

log = logging.getLogger("indexer.serve")


def application(settings: Settings, registry: Registry, rules: Rules) -> ASGIApp:
    """Return the ASGI application over the home of *settings*, which need not be there yet."""
    snapshots = Snapshots(settings, registry)
    monitor = Monitor(snapshots, registry)
    app = FastAPI(
        title="rwa-indexer",
        version=version("rwa-indexer"),
        description=_DOC,
        lifespan=_refreshing(snapshots, monitor),
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    served = Served(registry, Pages(snapshots), settings.lake)
    app.include_router(router(served, columns(settings, registry)))
    _add_watch(app, snapshots, registry, monitor)
    _add_errors(app)
    _drop_unused(app)
    return Guard(GZipMiddleware(monitor.counting(app), minimum_size=1_000, compresslevel=5), rules)


def _refreshing(snapshots: Snapshots, monitor: Monitor) -> Callable[[FastAPI], Any]:
    async def look() -> None:
        try:
            await anyio.to_thread.run_sync(snapshots.refresh)
        except RwaError as error:  # what is there stays, and is what is told
            monitor.failures.inc()
            log.warning("The home could not be read anew: %s", error)

    async def keep() -> None:
        while True:
            await asyncio.sleep(PACE)
            await look()

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = WORKERS
        await look()
        task = asyncio.create_task(keep())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    return life


def _add_watch(app: FastAPI, snapshots: Snapshots, registry: Registry, monitor: Monitor) -> None:
    @app.get("/health", summary="Whether every followed chain is as it should be: 200 ok, 503 red.")
    def health() -> JSONResponse:
        con = snapshots.newest().con.cursor()
        now = datetime.now(UTC).replace(tzinfo=None)
        judged = judged_chains(con, registry, now)
        red = {name: how.state for name, _, how in judged if how.red}
        return JSONResponse({"state": "red" if red else "ok", "red": red}, 503 if red else 200, _FRESH)

    @app.get("/ready", summary="Whether requests can be answered.")
    def ready() -> JSONResponse:
        snapshots.newest()
        return JSONResponse({"state": "ready"}, 200, _FRESH)

    @app.get("/metrics", summary="Figures for Prometheus.", response_class=Response)
    def metrics() -> Response:
        return Response(generate_latest(monitor.registry), headers=_FRESH, media_type=CONTENT_TYPE_LATEST)


_FRESH = {"cache-control": "no-store"}


def _add_errors(app: FastAPI) -> None:
    """Make every error a sentence under `error`, with a code that says whose it is."""

    def say(status: int, sentence: Callable[[Any], str]) -> Callable[[Request, Any], JSONResponse]:
        return lambda _request, error: JSONResponse({"error": sentence(error)}, status, _FRESH)

    app.add_exception_handler(Usage, say(400, str))
    app.add_exception_handler(RequestValidationError, say(400, _misused))
    app.add_exception_handler(NotKnown, say(404, str))
    app.add_exception_handler(Absent, say(404, str))
    app.add_exception_handler(
        Gone, say(410, lambda _: "The page of this cursor is no longer kept; start again.")
    )
    app.add_exception_handler(Late, say(503, lambda _: "This took too long and was stopped; ask for less."))
    app.add_exception_handler(RwaError, say(503, str))
    app.add_exception_handler(HTTPException, _no_path)
    app.add_exception_handler(
        Exception, say(500, lambda _: "This is a bug of rwa-indexer; its log has the details.")
    )


def _no_path(request: Request, error: Any) -> JSONResponse:
    """Answer a request that no route takes; Allow names the methods of all routes at its path."""
    headers = dict(error.headers or {})
    if error.status_code == 405:
        path = getattr(request.scope.get("route"), "path", "")
        methods = request.app.openapi()["paths"].get(path, {})
        headers["allow"] = ", ".join(sorted(method.upper() for method in methods))
    told = {404: "There is nothing at this path; /openapi.json lists what there is.",
            405: "This path does not take that method; /openapi.json says which."}  # fmt: skip
    return JSONResponse({"error": told.get(error.status_code, str(error.detail))}, error.status_code, headers)


def _misused(error: RequestValidationError) -> str:
    """Return what is wrong with the first parameters of a request."""
    told = []
    for one in error.errors()[:3]:
        where = ".".join(str(part) for part in one["loc"][1:])[:100] or "the body"
        told.append(_SAID.get(one["type"], "{}: {}").format(where, one["msg"]))
    return f"The request cannot be taken: {'; '.join(told)}. /openapi.json has the parameters of every path."


_SAID = {"json_invalid": "the body is no JSON", "extra_forbidden": "{} is no parameter here"}


def _drop_unused(app: FastAPI) -> None:
    """Take FastAPI's own 422 out of the description: a request that is wrong is a 400 here."""
    made = app.openapi()
    for path in made["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
    for name in ("HTTPValidationError", "ValidationError"):
        made.get("components", {}).get("schemas", {}).pop(name, None)
