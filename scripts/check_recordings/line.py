"""The whole line over one recording: a replayed endpoint, `rwa backfill`, the answers, `rwa verify`."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

from indexer.cli.main import main as rwa
from indexer.config.load import load
from indexer.config.model import Deployment, Registry
from indexer.floor.errors import Usage
from indexer.serve.misbehave import Faults
from indexer.serve.recording import Recording as Played
from indexer.serve.replay import Replay, serving

from . import compare, rows
from .compare import Tally
from .figures import Answers, Ours
from .flows import flows
from .ours import answered, kept_reads, opened, ours, own_store
from .reads import refused
from .truth import Recording, TokenTruth

DONE, FAILED = 0, 3


class Asked(NamedTuple):
    """What to run: configuration, rows of flows.toml, whether derive may read, how the endpoint fails."""

    config: Path
    rows: rows.Rows
    reads: bool = True
    faults: Faults = Faults()


class TokenReport(NamedTuple):
    """One token of a file: its id in the configuration, None where it has none, and what was compared."""

    key: str
    address: str
    token: str | None
    tallies: tuple[Tally, ...]


class Report(NamedTuple):
    """One file: its tokens, derive's reads by function, those not allowed, and what verify said."""

    recording: Recording
    tokens: tuple[TokenReport, ...]
    reads: Mapping[str, int]
    refused: tuple[str, ...]
    verified: int
    verdicts: str

    @property
    def exit_code(self) -> int:
        wrong = any(tally.differing for token in self.tokens for tally in token.tallies)
        return FAILED if wrong or self.refused or self.verified == FAILED else self.verified


class Fetched(NamedTuple):
    """What happened at the endpoint: derive's reads by function, verify's exit code, and what it said."""

    reads: Mapping[str, int]
    verified: int
    verdicts: str


def run(recording: Recording, asked: Asked, home: Path) -> Report:
    """Return what the line makes of *recording* in the fresh *home*."""
    return compared(recording, asked, home, fetched(recording, asked, home))


def fetched(recording: Recording, asked: Asked, home: Path) -> Fetched:
    """Backfill and verify from a replayed endpoint; reads are counted before verify makes its own."""
    deployments = configured(recording, load(asked.config, None))
    played = Replay([Played(recording.path)], asked.faults)
    with serving(played) as url:
        before = (*_options(home, asked.config), "--rpc", f"{recording.chain}={url}/{recording.chain}")
        _backfill(before, recording, deployments, asked)
        made = played.counts(recording.chain)["eth_call"]
        verified, verdicts = call(*before, "verify", *(d.token for d in deployments.values()))
    return Fetched(made, verified, verdicts)


def compared(recording: Recording, asked: Asked, home: Path, line: Fetched) -> Report:
    """Return the answers of *home* beside the truth of *recording*."""
    deployments = configured(recording, load(asked.config, None))
    with opened(home, asked.config) as con:
        ledgers = {
            token.key: ours(con, d.token, d.chain_id, token.decimals)
            for token in recording.tokens
            if (d := deployments.get(token.key))
        }
        answers = {
            token.key: answered(con, ledgers[token.key], [sample.block for sample in token.samples])
            for token in recording.tokens
            if token.key in ledgers
        }
        kept = kept_reads(con)
    tokens = tuple(_token(recording, token, asked, ledgers, answers) for token in recording.tokens)
    wrong = (*refused(recording, line.reads), *_too_many(kept, line.reads))
    return Report(recording, tokens, line.reads, wrong, line.verified, line.verdicts)


def configured(recording: Recording, registry: Registry) -> dict[str, Deployment]:
    """Return the deployment of each of the file's tokens that the configuration names, by the file's key."""
    chain = registry.chains.get(recording.chain)
    if chain is None:
        known = ", ".join(sorted(registry.chains))
        raise Usage(
            f"The configuration has no chain {recording.chain!r}, as the file is named; it has: {known}."
        )
    if chain.number != recording.number:
        raise Usage(
            f"The configuration says chain id {chain.number} for {recording.chain}, "
            f"the file says {recording.number}."
        )
    named = {
        d.address: d
        for t in registry.tokens.values()
        for d in t.deployments
        if d.indexed and d.chain == recording.chain
    }
    found = {token.key: named[token.address] for token in recording.tokens if token.address in named}
    strays = sorted(set(named) - {token.address for token in recording.tokens})
    if strays:
        raise Usage(
            f"The configuration names {', '.join(strays)} on {recording.chain}; the file has no such token."
        )
    return found


def call(*arguments: str) -> tuple[int, str]:
    """Return the exit code of `rwa` with *arguments*, and what it printed."""
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        code = rwa(list(arguments))
    return code, out.getvalue()


def _options(home: Path, config: Path) -> tuple[str, ...]:
    store = own_store(home)
    return (
        "--quiet", "--home", str(home), "--config", str(config),
        "--database", store["database"], "--lake", store["lake"],
    )  # fmt: skip


def _backfill(
    before: tuple[str, ...], recording: Recording, deployments: Mapping[str, Deployment], asked: Asked
) -> None:
    if not deployments:
        tokens = ", ".join(f"{token.key} {token.address}" for token in recording.tokens)
        raise Usage(
            f"No token of {recording.path.name} is configured, so there is nothing to compare: {tokens}."
        )
    named = [d.token for d in deployments.values()]
    after = ("--chain", recording.chain, "--no-verify", *(() if asked.reads else ("--no-reads",)))
    code, said = call(*before, "backfill", *named, *after)
    if code != DONE:
        raise BackfillError(code, f"The backfill of {recording.chain} ended with exit code {code}:\n{said}")


class BackfillError(Exception):
    """The backfill did not reach its end; *code* is what it ended with."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(said)
        self.code = code


def _token(
    recording: Recording,
    truth: TokenTruth,
    asked: Asked,
    ledgers: Mapping[str, Ours],
    answers: Mapping[str, Answers],
) -> TokenReport:
    mine = ledgers.get(truth.key)
    if mine is None:
        return TokenReport(truth.key, truth.address, None, ())
    said = answers[truth.key]
    tallies = [
        compare.supply(truth, mine),
        compare.shown_supply(truth, said.supply),
        compare.balances(truth, said.held),
        compare.addresses(truth, said.held),
    ]
    if truth.shares:
        tallies += [compare.shares(truth, mine), compare.share_balances(truth, said.held)]
    tallies += [*compare.supply_by_transaction(truth, mine), compare.explained(mine)]
    tallies += flows(recording, truth, asked.rows.of(recording.kind, truth.key), ledgers)
    return TokenReport(truth.key, truth.address, mine.token, tuple(tallies))


def _too_many(kept: int, made: Mapping[str, int]) -> tuple[str, ...]:
    """Return a sentence where the home keeps more answers than derive asked for, so verify's too."""
    asked_for = sum(made.values())
    return () if kept <= asked_for else (f"the home keeps {kept} reads, but derive made {asked_for}",)
