"""`rwa repair`: mend what is damaged, and say what was lost and what makes it again."""

from __future__ import annotations

from typing import Annotated

import typer

from indexer.cli.output import FormatOption, JsonOption, Sheet, chosen, emit
from indexer.cli.progress import progress
from indexer.cli.shell import registry_of, shell
from indexer.floor.errors import Usage

STORE_COLUMNS = ("subject", "count", "state", "detail", "next")


def repair(
    context: typer.Context,
    store: Annotated[
        bool, typer.Option("--store", help="Check every file and the database, and mend them.")
    ] = False,
    wanted: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Mend what is damaged.

    With --store: checks every file of the lake and the database; makes a lost or damaged database again from the
    lake, derived tables from raw rows, and says what `rwa backfill` must fetch again. Asks no endpoint.

    Example: rwa repair --store
    """
    how = chosen(wanted, as_json)
    if not store:
        raise Usage("`rwa repair` takes --store: it checks the files and the database, and mends them.")
    from indexer.sync.mending import repair_store  # noqa: PLC0415 - help does not pay for the line

    settings = shell(context).settings()
    registry = registry_of(settings)
    with progress(quiet=shell(context).quiet) as told:
        found = repair_store(settings, registry, told)
    emit(Sheet(STORE_COLUMNS, [tuple(one) for one in found]), how)
