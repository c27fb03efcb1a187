"""`rwa export`: copies of the tables for other people's tools."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from indexer.cli.output import Format, JsonOption, chosen, emit, sheet
from indexer.cli.progress import progress
from indexer.cli.shell import named, registry_of, shell, tables

COLUMNS = ("table", "path", "rows", "bytes", "sha256")


class Form(StrEnum):
    """What an export is written as."""

    PARQUET = "parquet"
    CSV = "csv"
    DELTA = "delta"


def export(
    context: typer.Context,
    *,
    folder: Annotated[
        str, typer.Argument(metavar="DIR", help="An empty folder, or one of an earlier export.")
    ],
    form: Annotated[Form, typer.Option("--format", help="What the tables are written as.")] = Form.PARQUET,
    table: Annotated[
        list[str] | None,
        typer.Option(
            "--table", metavar="NAME", help="Only this table; repeatable. All but raw rows and the book."
        ),
    ] = None,
    token: Annotated[
        list[str] | None, typer.Option("--token", metavar="T", help="Only rows of this token; repeatable.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write copies of the tables, with a data dictionary and a manifest.

    DIR then has a file (or a Delta table) for each table, dictionary.csv, which says what every column means, and
    manifest.json, which says through which block, by which certificate and versions the figures hold. Run again it
    replaces what it wrote. Delta needs the extra: pip install 'rwa-indexer[delta]'.

    Example: rwa export ./shared --format csv --table supply_daily --table flows_daily --token ustb
    """
    from indexer.serve import exporting  # noqa: PLC0415 - help does not pay for it

    how = chosen(Format.JSON if as_json else None, as_json)
    settings = shell(context).settings()
    registry = registry_of(settings)
    wanted = exporting.tables_named(table or [])
    tokens = tuple(one.id for one in named(registry, token)) if token else None
    order = exporting.Order(Path(folder), wanted, form.value, tokens)
    with progress(quiet=shell(context).quiet) as told, tables(settings, registry) as con:
        written = exporting.export(con, order, told)
    emit(sheet([one._asdict() for one in written], COLUMNS), how, ("table", "path", "rows", "bytes"))
