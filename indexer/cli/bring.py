"""`rwa import`: figures from outside, stored apart and marked."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from indexer.cli.output import FormatOption, JsonOption, chosen, emit, sheet
from indexer.cli.progress import progress
from indexer.cli.shell import registry_of, shell
from indexer.floor.errors import Usage

COLUMNS = ("file", "table", "rows", "added", "replaced", "unchanged", "note")


class Kind(StrEnum):
    """What a file may tell."""

    NAVS = "navs"
    EXTERNAL_SUPPLY = "external-supply"
    LABELS = "labels"


def bring(
    context: typer.Context,
    *,
    kind: Annotated[Kind, typer.Argument(help="What the file tells.", show_default=False)],
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="CSV with a header; - reads it from stdin.", show_default=False),
    ],
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="TEXT", help="Who says so, where the file has no column source."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check and compare only; write nothing.")
    ] = False,
    wanted: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Figures from outside, stored apart and marked.

    All of a file is imported, or nothing of it; a later file replaces what it tells anew, and what was
    replaced is kept. Columns, beside source:

    navs: token or product, day or time, price, currency.

    external-supply: token or product, chain, day, supply; for chains that are not indexed and for book-entry.

    labels: chain, address, label; roles stand in the configuration alone.

    Example: rwa import navs navs.csv --source "fund administrator, monthly letter"

    Example: rwa import external-supply solana.csv --dry-run

    Example: rwa import labels labels.csv --source "own research"
    """
    from indexer.sync.importing import File, import_file  # noqa: PLC0415 - help does not pay for the line

    how = chosen(wanted, as_json)
    settings = shell(context).settings()
    registry = registry_of(settings)
    given = File(kind.value, *read_file(file), source)
    with progress(quiet=shell(context).quiet) as told:
        done = import_file(settings, registry, given, told, dry_run=dry_run)
    emit(sheet(done, COLUMNS), how)


def read_file(file: str) -> tuple[str, bytes]:
    """Return the name and the bytes of *file*."""
    if file == "-":
        return "stdin", sys.stdin.buffer.read()
    try:
        return Path(file).name, Path(file).read_bytes()
    except OSError as error:
        raise Usage(f"{file} cannot be read ({error.strerror}); name a CSV file, or - for stdin.") from None
