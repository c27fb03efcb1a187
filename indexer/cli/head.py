"""`rwa follow`: the head of every chain, until it is told to stop."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

import typer

from indexer.cli.fetch import AllOption, ChainsOption, TokensArgument
from indexer.cli.progress import progress
from indexer.cli.shell import chains_for, registry_of, shell, tokens_for


def follow(  # noqa: PLR0913 - each is an option
    context: typer.Context,
    *,
    names: TokensArgument = None,
    chain: ChainsOption = None,
    everything: AllOption = False,
    no_verify: Annotated[bool, typer.Option("--no-verify", help="Make no certificates.")] = False,
    no_reads: Annotated[
        bool, typer.Option("--no-reads", help="Ask no contract; say what then is unknown.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Requests under way at once, per chain.")] = 4,
    serve: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            metavar="PORT",
            help="Also `rwa serve` on this machine at PORT; 0 takes a free one.",
        ),
    ] = None,
) -> None:
    """Keep tokens at the head of their chains, until stopped.

    Fetches what is missing first, then looks at each chain about once a block: at once where an endpoint is
    a WebSocket (wss://…). Blocks that are not final yet are asked again once they are. Ctrl-C or SIGTERM
    finish the commit in hand; `rwa status` says from anywhere how it goes.

    Example: rwa --rpc ethereum=wss://… follow ustb buidl
    """
    from indexer.sync.follow import follow as line  # noqa: PLC0415 - help does not pay for the line
    from indexer.sync.orders import Order  # noqa: PLC0415

    settings = shell(context).settings()
    registry = registry_of(settings)
    tokens = tokens_for(settings, registry, names or [], everything=everything)
    order = Order(
        tokens, chains_for(registry, chain or []), None, "latest", not no_verify, not no_reads, workers
    )
    with ExitStack() as stack:
        if serve is not None:
            from indexer.cli.serve import told_at  # noqa: PLC0415 - only where it is asked for
            from indexer.serve.http.guards import rules  # noqa: PLC0415 - same
            from indexer.serve.http.run import beside  # noqa: PLC0415 - same

            here = "127.0.0.1"
            told_at(
                context,
                stack.enter_context(beside(settings, registry, rules(here, [], [], None), (here, serve))),
            )
        line(settings, registry, order, stack.enter_context(progress(quiet=shell(context).quiet)))
