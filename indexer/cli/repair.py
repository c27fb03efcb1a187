"""`rwa repair`: mend what is damaged, and say what was lost and what makes it again."""

from __future__ import annotations

from typing import Annotated

import typer

from indexer.cli import audit
from indexer.cli.fetch import ChainsOption, TokensArgument, judge, results
from indexer.cli.output import Format, FormatOption, JsonOption, Sheet, chosen, emit
from indexer.cli.progress import progress
from indexer.cli.shell import chains_for, registry_of, shell, tokens_for
from indexer.floor.errors import Usage

STORE_COLUMNS = ("subject", "count", "state", "detail", "next")


def repair(
    context: typer.Context,
    *,
    names: TokensArgument = None,
    chain: ChainsOption = None,
    store: Annotated[
        bool, typer.Option("--store", help="Check every file and the database, and mend them.")
    ] = False,
    fork: Annotated[
        str | None,
        typer.Option("--fork", metavar="CHAIN", help="Take a halted chain as it stands now."),
    ] = None,
    wanted: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Mend what is damaged, or what an audit failed.

    Asks again for the spans that `rwa audit` failed, at another endpoint than the one that served them where
    there is one, replaces what is proven wrong and derives again. A span that no evidence settles becomes a
    hole. Exit 3 where something stays wrong.

    With --store: checks every file of the lake and the database; makes a lost or damaged database again from the
    lake, derived tables from raw rows, and says what `rwa backfill` must fetch again. Asks no endpoint.

    With --fork: drops what this home holds of a chain above the last block that still stands, fetches what the
    chain has now, and tells every published figure that changes in restatements.

    Example: rwa --rpc ethereum=URL,URL repair ustb
    """
    how = chosen(wanted, as_json)
    if fork is not None and (names or chain or store):
        raise Usage("`rwa repair --fork CHAIN` takes all tokens of that chain; leave out everything else.")
    if fork is not None:
        _take_fork(context, fork, how)
        return
    if not store:
        _repair_spans(context, names or [], chain or [], how)
        return
    if names or chain:
        raise Usage("`rwa repair --store` looks at the whole home; leave out the tokens and --chain.")
    from indexer.sync.mending import repair_store  # noqa: PLC0415 - help does not pay for the line

    settings = shell(context).settings()
    registry = registry_of(settings)
    with progress(quiet=shell(context).quiet) as told:
        found = repair_store(settings, registry, told)
    emit(Sheet(STORE_COLUMNS, [tuple(one) for one in found]), how)


def _repair_spans(context: typer.Context, names: list[str], chains: list[str], how: Format) -> None:
    """Put right the spans that audits failed, print what was done, and raise what must be said."""
    from indexer.sync.repair import repair as line  # noqa: PLC0415 - help does not pay for the line

    settings = shell(context).settings()
    registry = registry_of(settings)
    tokens = tokens_for(settings, registry, names)
    with progress(quiet=shell(context).quiet) as told:
        done = line(settings, registry, tokens, chains_for(registry, chains), told)
    emit(done.rows, how, audit.AUDIT_COLUMNS)
    audit.judge(done)


def _take_fork(context: typer.Context, chain: str, how: Format) -> None:
    """Drop what a chain took back although it was final, then fetch and derive its tokens anew."""
    from indexer.sync.backfill import backfill  # noqa: PLC0415 - help does not pay for the line
    from indexer.sync.forking import take_fork  # noqa: PLC0415
    from indexer.sync.orders import Order, tokens_of_home  # noqa: PLC0415

    settings = shell(context).settings()
    registry = registry_of(settings)
    chains = chains_for(registry, [chain])
    tokens = tokens_of_home(settings, registry)
    with progress(quiet=shell(context).quiet) as told:
        above = take_fork(settings, registry, chain, told)
        told.note(
            f"{chain}: what was held above block {above} is dropped, and fetched again as the chain stands now."
        )
        outcome = backfill(settings, registry, Order(tokens, chains, cause="reorg"), told)
    emit(results(outcome), how)
    judge(outcome)
