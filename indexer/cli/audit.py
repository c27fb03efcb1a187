"""`rwa audit`: what is held beside what the chain commits to, with what it costs said first."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.fetch import ChainsOption, TokensArgument, rows_of
from indexer.cli.output import FormatOption, JsonOption, chosen, emit
from indexer.cli.progress import progress
from indexer.cli.shell import chains_for, registry_of, shell, tokens_for
from indexer.floor.cells import safe
from indexer.floor.errors import Mismatch, NoEndpoint, Usage

if TYPE_CHECKING:
    from indexer.sync.audit import Audited

AUDIT_COLUMNS = (
    "chain_id", "filter_id", "level", "first", "last", "verdict", "logs", "added", "removed", "endpoint", "detail",
)  # fmt: skip
"""What a table shows; the other formats have every column."""


class Level(StrEnum):
    """What logs are held against."""

    AGREED = "agreed"
    BLOOM = "bloom"
    RECEIPTS = "receipts"


def audit(  # noqa: PLR0913 - each is an option
    context: typer.Context,
    *,
    names: TokensArgument = None,
    chain: ChainsOption = None,
    first: Annotated[int | None, typer.Option("--from", min=0, metavar="N", help="First block.")] = None,
    last: Annotated[int | None, typer.Option("--to", min=0, metavar="N", help="Last block.")] = None,
    proof: Annotated[Level, typer.Option(help="What the logs are held against.")] = Level.AGREED,
    sample: Annotated[
        str | None, typer.Option(metavar="SHARE|N", help="Only so many spans (N) or such a share (0.05).")
    ] = None,
    seed: Annotated[str | None, typer.Option(metavar="TEXT", help="Draws the same sample again.")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Say what it would cost, and stop.")] = False,
    wanted: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold what was fetched against what the chain commits to.

    agreed: another endpoint gives the same logs. bloom: every header, and the receipts of each block that may
    hold a log. receipts: every block's receipts, recomputed to the receiptsRoot of its header. Files and rows
    are checked too, without a request. What is proven stays proven; run it again to go on where it ended.
    Exit 3 where something failed: `rwa repair` puts it right.

    Example: rwa audit ustb --proof bloom --sample 0.05
    """
    from indexer.sync import audit as line  # noqa: PLC0415 - help does not pay for the line

    how = chosen(wanted, as_json)
    settings = shell(context).settings()
    registry = registry_of(settings)
    tokens = tokens_for(settings, registry, names or [])
    chains = chains_for(registry, chain or [])
    order = line.AuditOrder(tokens, chains, first, last, proof.value, _share(sample), seed)
    if plan:
        emit(rows_of(line.plan_audit(settings, registry, order)), how)
        return
    with progress(quiet=shell(context).quiet) as told:
        found = line.audit(settings, registry, order, told)
    emit(found.rows, how, AUDIT_COLUMNS)
    judge(found)


def judge(found: Audited) -> None:
    """Raise what the exit code must say of an audit or a repair, after its rows were printed."""
    if found.failed:
        raise Mismatch(
            f"{found.failed} {'span' if found.failed == 1 else 'spans'} failed: the rows above say what is wrong. "
            "`rwa repair` fetches them again; of a file or rows, `rwa repair --store` says what is lost."
        )
    if found.red:
        raise Mismatch("\n".join(safe(sentence) for sentence in (*found.red, *found.troubles)))
    if found.troubles:
        raise NoEndpoint("\n".join(safe(sentence) for sentence in found.troubles))
    if found.unknown:
        raise NoEndpoint(
            f"{found.unknown} {'span' if found.unknown == 1 else 'spans'} could not be settled by any endpoint: the "
            "rows above say why. Add another with --rpc CHAIN=URL,URL and run the same command again."
        )


def _share(typed: str | None) -> float | int | None:
    """Return what --sample means: a whole number of spans, or a share between 0 and 1."""
    if typed is None:
        return None
    try:
        share = int(typed) if typed.isdecimal() else float(typed)
    except ValueError:
        share = 0
    if share <= 0 or (isinstance(share, float) and share > 1):
        raise Usage(f"--sample {typed!r} is neither a number of spans (50) nor a share of them (0.05).")
    return share
