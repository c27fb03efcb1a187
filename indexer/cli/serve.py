"""`rwa serve`: the home over HTTP."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from indexer.cli.shell import registry_of, shell
from indexer.floor.errors import Usage

SHORTEST_TOKEN = 16


def serve(
    context: typer.Context,
    *,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Address to listen at.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, metavar="N", help="Port; 0 takes a free one.")
    ] = 8484,
    token_file: Annotated[
        str | None,
        typer.Option("--token-file", metavar="FILE", help="Ask for the bearer token that is in it."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="Answer to this name too; repeatable."),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-origin", metavar="URL", help="Let pages of this origin read answers; repeatable."
        ),
    ] = None,
    open_to_all: Annotated[
        bool, typer.Option("--open", help="Listen at a public address without a token.")
    ] = False,
) -> None:
    """Serve the home over HTTP: figures, SQL, /metrics and /health. Reads only.

    It listens on this machine alone unless told otherwise, and beyond it only with a token. `/openapi.json`
    describes every route.

    Example: rwa serve --port 8484
    """
    from indexer.serve.http.guards import is_local, rules  # noqa: PLC0415 - help does not load the server

    token = None if token_file is None else read_token(Path(token_file))
    if not is_local(host) and token is None and not open_to_all:
        raise Usage(
            f"--host {host} can be reached from elsewhere: ask for a token with --token-file FILE, or say --open if "
            "everybody may read this home."
        )
    from indexer.serve.http.run import run  # noqa: PLC0415 - help does not load the server

    settings = shell(context).settings()
    allowed = rules(host, allow_host or [], allow_origin or [], token)
    run(settings, registry_of(settings), allowed, (host, port), lambda url: told_at(context, url))


def read_token(path: Path) -> str:
    """Return the token in a file; raises Usage where there is none, or one that can be guessed."""
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(
            f"--token-file {path} cannot be read ({type(error).__name__}); name a file with one line."
        ) from None
    if len(token) < SHORTEST_TOKEN or not token.isascii() or len(token.split()) != 1:
        raise Usage(
            f"--token-file {path} must hold one word of at least {SHORTEST_TOKEN} letters and digits; make one with: "
            "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return token


def told_at(context: typer.Context, url: str) -> None:
    if not shell(context).quiet:
        sys.stderr.write(f"Serving at {url} until stopped (Ctrl-C).\n")
        sys.stderr.flush()
