"""`rwa repair`: mend what is damaged, and say what was lost and what makes it again."""

from __future__ import annotations

from typing import Annotated

import typer

from indexer.cli.fetch import judge, results
from indexer.cli.output import Format, FormatOption, JsonOption, Sheet, chosen, emit
from indexer.cli.progress import progress
from indexer.cli.shell import chains_for, registry_of, shell
from indexer.floor.errors import Usage

STORE_COLUMNS = ("subject", "count", "state", "detail", "next")


def repair(
    context: typer.Context,
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
    """Mend what is damaged.

    With --store: checks every file of the lake and the database; makes a lost or damaged database again from the
    lake, derived tables from raw rows, and says what `rwa backfill` must fetch again. Asks no endpoint.

    With --fork: drops what this home holds of a chain above the last block that still stands, fetches what the
    chain has now, and tells every published figure that changes in restatements.

    Example: rwa repair --store
    """
    how = chosen(wanted, as_json)
    if fork is not None:
        _take_fork(context, fork, how)
        return
    if not store:
        raise Usage("`rwa repair` takes --store: it checks the files and the database, and mends them.")
    from indexer.sync.mending import repair_store  # noqa: PLC0415 - help does not pay for the line

    settings = shell(context).settings()
    registry = registry_of(settings)
    with progress(quiet=shell(context).quiet) as told:
        found = repair_store(settings, registry, told)
    emit(Sheet(STORE_COLUMNS, [tuple(one) for one in found]), how)


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
