"""`rwa league`: who holds how much of the market."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from indexer.cli.output import FormatOption, JsonOption, chosen, emit
from indexer.cli.shell import registry_of, shell, tables
from indexer.floor.errors import Usage
from indexer.floor.when import day

BRIEF = (
    "name",
    "as_of_to",
    "value_usd",
    "share",
    "change_7d",
    "change_30d",
    "members",
    "unknown",
    "why_null",
)


class By(StrEnum):
    """What a league is of."""

    PLATFORM = "platform"
    CHAIN = "chain"
    ASSET_CLASS = "asset-class"
    PRODUCT = "product"


def league(
    context: typer.Context,
    by: Annotated[By, typer.Argument(help="Of what.")] = By.PLATFORM,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="DAY", help="At this UTC day's close; each one's newest if none."),
    ] = None,
    wanted: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Platforms, chains, asset classes or products by value, with share and change.

    In US dollars, of what this home has: nothing is counted twice over products, and what has no value is said.

    Example: rwa league platform --at 2025-06-30
    """
    from indexer.metrics.league import league as table  # noqa: PLC0415 - help does not pay for DuckDB

    how = chosen(wanted, as_json)
    on = day("--at", at)
    if on is not None and on > datetime.now(UTC).date():
        raise Usage(f"--at {on} lies in the future; give a day that is over.")
    settings = shell(context).settings()
    with tables(settings, registry_of(settings)) as con:
        rows = table(con, by.value, on)
    if rows.num_rows == 0:
        sys.stderr.write(
            f"This home has no figure{f' up to {on}' if on else ''}; `rwa status` says what it has.\n"
        )
    emit(rows, how, BRIEF)
