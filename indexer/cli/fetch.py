"""`rwa plan` and `rwa backfill`: what a fetch would cost, and the fetch."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.output import Format, FormatOption, JsonOption, Sheet, chosen, emit
from indexer.cli.progress import progress
from indexer.cli.shell import chains_for, registry_of, shell, tokens_for
from indexer.floor.cells import safe
from indexer.floor.errors import Halted, Mismatch, NoEndpoint
from indexer.floor.when import first_block, last_block

if TYPE_CHECKING:
    from indexer.config.model import Registry, Token
    from indexer.sync.orders import Order, Outcome


class Proof(StrEnum):
    """How far the logs of each block are proved; each proves more than those before, and costs more."""

    END_BLOCK = "end_block"
    AGREED = "agreed"
    BLOOM = "bloom"
    RECEIPTS = "receipts"


TokensArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="TOKEN|PRODUCT", help="Which; those of the home if none.", show_default=False),
]
AllOption = Annotated[bool, typer.Option("--all", help="Every indexed token of the configuration.")]
ChainsOption = Annotated[
    list[str] | None, typer.Option("--chain", metavar="CHAIN", help="Only this chain; repeatable.")
]
FromOption = Annotated[str | None, typer.Option("--from", metavar="N|DAY", help="First block or UTC day.")]
ToOption = Annotated[
    str, typer.Option("--to", metavar="N|DAY|finalized|latest", help="Last block, UTC day or tag.")
]
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="90d", help="Only so many days (d) or weeks (w) back.")
]


def plan(  # noqa: PLR0913 - each is an option
    context: typer.Context,
    *,
    names: TokensArgument = None,
    chain: ChainsOption = None,
    first: FromOption = None,
    last: ToOption = "finalized",
    since: SinceOption = None,
    everything: AllOption = False,
    wanted: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """What a backfill would fetch; fetches no logs.

    Spans, requests and hours per chain, the worst first.

    Example: rwa plan ustb --chain ethereum
    """
    from indexer.sync import backfill as line  # noqa: PLC0415 - help does not pay for the line

    how = chosen(wanted, as_json)
    settings = shell(context).settings()
    registry = registry_of(settings)
    tokens = tokens_for(settings, registry, names or [], everything=everything)
    order = _order(registry, tokens, chain, (first, last, since))
    with progress(quiet=shell(context).quiet) as told:
        rows = line.plan(settings, registry, order, told)
    emit(rows_of(rows), how)


def backfill(  # noqa: PLR0913 - each is an option
    context: typer.Context,
    *,
    names: TokensArgument = None,
    chain: ChainsOption = None,
    first: FromOption = None,
    last: ToOption = "finalized",
    since: SinceOption = None,
    everything: AllOption = False,
    no_verify: Annotated[bool, typer.Option("--no-verify", help="Make no certificates at the end.")] = False,
    no_reads: Annotated[
        bool, typer.Option("--no-reads", help="Ask no contract; say what then is unknown.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Requests under way at once, per chain.")] = 4,
    proof: Annotated[
        Proof, typer.Option(help="How far each block is proved; `rwa audit --plan` says the cost.")
    ] = Proof.END_BLOCK,
    wanted: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch, derive, compute the metrics and verify.

    Fetches what is missing, to the newest final block if --to says nothing else. Run it again to go on
    where it ended; without names it goes on with the tokens of the home.

    Example: rwa --rpc ethereum=https://… backfill ustb buidl --since 90d
    """
    from indexer.sync import backfill as line  # noqa: PLC0415 - help does not pay for the line

    how = chosen(wanted, as_json)
    settings = shell(context).settings()
    registry = registry_of(settings)
    tokens = tokens_for(settings, registry, names or [], everything=everything)
    order = _order(registry, tokens, chain, (first, last, since))
    order = order._replace(verify=not no_verify, reads=not no_reads, workers=workers, proof=proof.value)
    with progress(quiet=shell(context).quiet) as told:
        outcome = line.backfill(settings, registry, order, told)
    if outcome.results or how is not Format.TABLE:
        emit(results(outcome), how)
    judge(outcome)


def _order(
    registry: Registry,
    tokens: tuple[Token, ...],
    chains: list[str] | None,
    typed: tuple[str | None, str, str | None],
) -> Order:
    """Return the order for *tokens* on *chains*; *typed* is --from, --to and --since."""
    from indexer.sync.orders import Order  # noqa: PLC0415 - help does not pay for the line

    first, last, since = typed
    start = first_block(since, first, datetime.now(UTC).date())
    return Order(tokens, chains_for(registry, chains or []), start, last_block(last))


def results(outcome: Outcome) -> Sheet:
    """Return how far each token on each chain is."""
    from indexer.sync.orders import Result  # noqa: PLC0415 - help does not pay for the line

    return Sheet(Result._fields, outcome.results)


def judge(outcome: Outcome) -> None:
    """Raise what the exit code must say of *outcome*, after its rows were printed."""
    if outcome.halted:
        raise Halted("\n".join(safe(sentence) for sentence in (*outcome.halted, *outcome.open_spans)))
    if outcome.open_spans:
        raise NoEndpoint("\n".join(safe(sentence) for sentence in outcome.open_spans))
    if outcome.mismatch:
        wrong = ", ".join(f"{r.token} on {r.chain}" for r in outcome.results if r.verdict == "fail")
        raise Mismatch(
            f"Verification found a difference: {wrong}. `rwa verify` has the figures of both sides."
        )


def rows_of(rows: list[dict[str, object]]) -> Sheet:
    """Return dictionaries of the same keys as a sheet."""
    names = tuple(rows[0]) if rows else ()
    return Sheet(names, [tuple(row.values()) for row in rows])
