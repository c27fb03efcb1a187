"""`rwa doctor`: what works here, and what to mend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.fetch import ChainsOption
from indexer.cli.output import FormatOption, JsonOption, Sheet, chosen, emit
from indexer.cli.progress import progress
from indexer.cli.shell import chains_for, registry_of, shell
from indexer.floor.errors import NoEndpoint, Usage

if TYPE_CHECKING:
    from indexer.sync.doctor import Finding


def doctor(
    context: typer.Context,
    chain: ChainsOption = None,
    probe: Annotated[bool, typer.Option("--probe", help="Also measure limits; takes more requests.")] = False,
    wanted: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """What works here, and what to mend.

    Looks at configuration, home, disk, database, lake, clock and endpoints.

    Example: rwa --rpc ethereum=https://… doctor --probe
    """
    from indexer.sync import doctor as findings  # noqa: PLC0415 - help does not pay for the line

    how = chosen(wanted, as_json)
    settings = shell(context).settings()
    found = list(findings.local_findings(settings))
    broken: Usage | None = None
    try:
        registry = registry_of(settings)
        chains = chains_for(registry, chain or []) or findings.chains_of_interest(settings, registry)
    except Usage as error:
        broken = error
        remedy = "Correct what the error below names."
        found.insert(
            0, findings.Finding("configuration", str(settings.config), findings.FAIL, "is refused", remedy)
        )
    else:
        size = f"{len(registry.tokens)} tokens on {len(registry.chains)} chains"
        found.insert(0, findings.Finding("configuration", str(settings.config), findings.OK, size))
        with progress(quiet=shell(context).quiet) as told:
            found += findings.remote_findings(settings, registry, chains, told, probe=probe)
    emit(_rows(found), how)
    if broken is not None:
        raise broken
    if findings.nothing_works(found):
        raise NoEndpoint("No endpoint can be used; each row above says why, and what to do.")


def _rows(found: list[Finding]) -> Sheet:
    return Sheet(("check", "subject", "state", "detail", "remedy"), [tuple(finding) for finding in found])
