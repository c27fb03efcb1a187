"""`rwa metrics`, `rwa rebuild`, `rwa verify`, `rwa status`: work on what was fetched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.fetch import TokensArgument, judge, results
from indexer.cli.output import Format, FormatOption, JsonOption, chosen, emit
from indexer.cli.progress import progress
from indexer.cli.shell import registry_of, shell, tokens_for
from indexer.config.select import absent
from indexer.floor.cells import safe
from indexer.floor.errors import Mismatch, Usage

if TYPE_CHECKING:
    import pyarrow as pa

    from indexer.config.model import Registry, Token
    from indexer.config.settings import Settings
    from indexer.sync.orders import Outcome, Progress

CERTIFICATE_COLUMNS = (
    "token", "chain_id", "block_number", "supply", "contract_supply", "holders_checked", "holders_wrong",
    "verdict", "reason",
)  # fmt: skip
"""What a table shows; the other formats have every column."""

STATUS_COLUMNS = (
    "token", "chain", "state", "frontier_block", "frontier_time", "lag_seconds", "holes", "missing_blocks", "changes",
    "event", "input", "role", "match", "pattern", "default", "unclassified_share", "inputs_missing", "verdict",
    "verified_block", "why_null",
)  # fmt: skip
"""The same of `rwa status`: shares of the volume minted and burned by what tells it, then what is unclassified."""


def metrics(
    context: typer.Context,
    names: TokensArgument = None,
    wanted: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compute the metrics again from what is derived. Asks no endpoint.

    Example: rwa metrics ustb
    """
    from indexer.sync.rebuild import recompute  # noqa: PLC0415 - help does not pay for the line

    _made_again(context, names, chosen(wanted, as_json), recompute)


def rebuild(
    context: typer.Context,
    names: TokensArgument = None,
    wanted: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Derive again from the raw rows, then compute the metrics. Asks no endpoint.

    Example: rwa rebuild stbt
    """
    from indexer.sync.rebuild import rebuild as again  # noqa: PLC0415 - help does not pay for the line

    _made_again(context, names, chosen(wanted, as_json), again)


def _made_again(
    context: typer.Context,
    names: list[str] | None,
    how: Format,
    act: Callable[[Settings, Registry, Sequence[Token], Progress], Outcome],
) -> None:
    """Make tables again without an endpoint, print how far each token is, and raise what must be said."""
    settings = shell(context).settings()
    registry = registry_of(settings)
    tokens = tokens_for(settings, registry, names or [])
    with progress(quiet=shell(context).quiet) as told:
        outcome = act(settings, registry, tokens, told)
    if not outcome.results:
        raise Usage(absent([token.id for token in tokens]))
    emit(results(outcome), how)
    judge(outcome)


def verify(
    context: typer.Context,
    names: TokensArgument = None,
    block: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="At this block; the frontier if none.")
    ] = None,
    wanted: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare our figures with the contract's own state.

    Supply and balances from events against what the contract answers at the same block; exit 3 where
    they differ.

    Example: rwa verify ustb --block 18000000
    """
    from indexer.sync.certify import verify as certify  # noqa: PLC0415 - help does not pay for the line

    how = chosen(wanted, as_json)
    settings = shell(context).settings()
    registry = registry_of(settings)
    tokens = tokens_for(settings, registry, names or [])
    with progress(quiet=shell(context).quiet) as told:
        certificates = certify(settings, registry, tokens, block, told)
    emit(certificates, how, CERTIFICATE_COLUMNS)
    wrong = failed(certificates)
    if wrong:
        raise Mismatch(f"Events and contract differ: {', '.join(wrong)}. The rows above have both figures.")


def failed(certificates: pa.Table) -> list[str]:
    """Return the token, chain and block of every certificate that failed."""
    rows = certificates.select(["token", "chain_id", "block_number", "verdict"]).to_pylist()
    return [
        f"{row['token']} on {row['chain_id']} at block {row['block_number']}"
        for row in rows
        if row["verdict"] == "fail"
    ]


def _red(rows: pa.Table) -> list[str]:
    """Return a sentence for each chain that is not as it should be."""
    found = rows.select(["chain", "state", "chain_says"]).to_pylist()
    said = [(row["chain"], row["state"], row["chain_says"]) for row in found if row["chain_says"]]
    return [
        why if why.startswith(f"{chain} is") else f"{chain} is {state}: {why}" for chain, state, why in said
    ]


def _unproven(registry: Registry, rows: pa.Table) -> str | None:
    """Return a sentence on the chains whose endpoints may have dropped old logs unnoticed; None where there is none."""
    names = [name for name in dict.fromkeys(rows["chain"].to_pylist()) if not registry.chains[name].canaries]
    if not names:
        return None
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return (
        f"Nothing proves that the endpoints of {shown} still have old logs: no canary is configured "
        "(`rwa doctor` says how)."
    )


def status(
    context: typer.Context,
    names: TokensArgument = None,
    wanted: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """How far each token on each chain is.

    Frontier, lag, holes and last certificate; and of the volume minted and burned the share that is told
    by events, inputs, roles, matches, patterns or the platform's default, and the unclassified share.

    Example: rwa status --json
    """
    from indexer.sync.status import status as standing  # noqa: PLC0415 - help does not pay for the line

    how = chosen(wanted, as_json)
    settings = shell(context).settings()
    registry = registry_of(settings)
    tokens = tokens_for(settings, registry, names or [])
    rows = standing(settings, registry, tokens)
    if not rows.num_rows:
        raise Usage(absent([token.id for token in tokens]))
    emit(rows, how, STATUS_COLUMNS)
    for sentence in dict.fromkeys(_red(rows)):
        typer.secho(safe(sentence), fg="red", err=True)
    unproven = _unproven(registry, rows)
    if unproven is not None and not shell(context).quiet:
        typer.secho(safe(unproven), fg="yellow", err=True)
