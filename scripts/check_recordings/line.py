"""The whole line over recordings in one home: a replayed endpoint, `rwa backfill`, the answers, `rwa verify`."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

from indexer.cli.main import main as rwa
from indexer.config.load import load
from indexer.config.model import Deployment, Registry
from indexer.floor.errors import Usage
from indexer.serve.methods import Called
from indexer.serve.misbehave import Faults
from indexer.serve.recording import Recording as Played
from indexer.serve.replay import Replay, serving

from . import compare, rows
from .changes import changes, crossing, days, explained, rounding
from .compare import Tally
from .confusion import Table, confusion
from .figures import Answers, Ours
from .flows import flows
from .ours import answered, at_hand, kept_reads, opened, ours, own_store
from .reads import by_function, group_of, refused
from .truth import Recording, TokenTruth

DONE, FAILED = 0, 3


class Asked(NamedTuple):
    """What to run: configuration, rows of flows.toml, whether derive may read, how the endpoint fails."""

    config: Path
    rows: rows.Rows
    reads: bool = True
    faults: Faults = Faults()


class TokenReport(NamedTuple):
    """One token of a file: its id in the configuration, None where it has none, and what was compared.

    *reading* says whether its configuration allows reads.
    """

    key: str
    address: str
    token: str | None
    tallies: tuple[Tally, ...]
    reading: bool = False

    @property
    def unknown(self) -> int:
        """How many figures are NULL with a reason where the truth has one."""
        return sum(tally.unknown for tally in self.tallies)


class Report(NamedTuple):
    """One file: its tokens, derive's reads by function, what was not allowed, and what verify said."""

    recording: Recording
    tokens: tuple[TokenReport, ...]
    confusion: Table
    reads: Mapping[str, int]
    refused: tuple[str, ...]
    verified: int
    verdicts: str

    @property
    def exit_code(self) -> int:
        wrong = any(tally.differing for token in self.tokens for tally in token.tallies)
        return FAILED if wrong or self.refused or self.verified == FAILED else self.verified


class Fetched(NamedTuple):
    """What happened at the endpoint: derive's calls by chain, verify's exit code, and what it said."""

    calls: Mapping[str, Mapping[Called, int]]
    verified: int
    verdicts: str


def run(recordings: Sequence[Recording], asked: Asked, home: Path) -> list[Report]:
    """Return what the line makes of *recordings* together in the fresh *home*."""
    line = fetched(recordings, asked, home)
    return [compared(recording, asked, home, line) for recording in recordings]


def together(recordings: Sequence[Recording], registry: Registry) -> list[list[Recording]]:
    """Return the recordings in groups for one home each: those that share a token stand in one."""
    groups: list[tuple[set[str], list[Recording]]] = []
    for recording in recordings:
        names = {d.token for d in configured(recording, registry).values()}
        shared = next((group for group in groups if group[0] & names), None)
        if shared is None or any(recording.chain == other.chain for other in shared[1]):
            groups.append((names, [recording]))
        else:
            shared[0].update(names)
            shared[1].append(recording)
    return [group for _, group in groups]


def fetched(recordings: Sequence[Recording], asked: Asked, home: Path) -> Fetched:
    """Backfill and verify from a replayed endpoint; reads are counted before verify makes its own."""
    registry = load(asked.config, None)
    named = {d.token: None for recording in recordings for d in _some(recording, registry).values()}
    played = Replay([Played(recording.path) for recording in recordings], asked.faults)
    with serving(played) as url:
        before = [*_options(home, asked.config)]
        for recording in recordings:
            before += ["--rpc", f"{recording.chain}={url}/{recording.chain}"]
        _backfill(before, recordings, list(named), asked)
        calls = {recording.chain: played.calls(recording.chain) for recording in recordings}
        verified, verdicts = call(*before, "verify", *named)
    return Fetched(calls, verified, verdicts)


def compared(recording: Recording, asked: Asked, home: Path, line: Fetched) -> Report:
    """Return the answers of *home* beside the truth of *recording*."""
    deployments = configured(recording, load(asked.config, None))
    with opened(home, asked.config) as con:
        at_hand(con)
        ledgers = {
            token.key: ours(con, d.token, recording, token.decimals)
            for token in recording.tokens
            if (d := deployments.get(token.key))
        }
        answers = {
            token.key: answered(con, ledgers[token.key], recording, [s.block for s in token.samples])
            for token in recording.tokens
            if token.key in ledgers
        }
        kept = kept_reads(con, recording)
    tokens = tuple(
        _token(recording, token, asked, ledgers, answers, deployments) for token in recording.tokens
    )
    calls = line.calls[recording.chain]
    wrong = (
        *refused(recording, _groups(recording, deployments), calls),
        *_too_many(kept, sum(calls.values())),
        *unanswered(tokens, asked),
    )
    table = confusion(recording, asked.rows, ledgers.values())
    return Report(recording, tokens, table, by_function(calls), wrong, line.verified, line.verdicts)


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


def _some(recording: Recording, registry: Registry) -> dict[str, Deployment]:
    found = configured(recording, registry)
    if not found:
        tokens = ", ".join(f"{token.key} {token.address}" for token in recording.tokens)
        raise Usage(
            f"No token of {recording.path.name} is configured, so there is nothing to compare: {tokens}."
        )
    return found


def _options(home: Path, config: Path) -> tuple[str, ...]:
    store = own_store(home)
    return (
        "--quiet", "--home", str(home), "--config", str(config),
        "--database", store["database"], "--lake", store["lake"],
    )  # fmt: skip


def _backfill(
    before: Sequence[str], recordings: Sequence[Recording], tokens: Sequence[str], asked: Asked
) -> None:
    chains = [part for recording in recordings for part in ("--chain", recording.chain)]
    after = (*chains, "--no-verify", *(() if asked.reads else ("--no-reads",)))
    code, said = call(*before, "backfill", *tokens, *after)
    if code != DONE:
        names = ", ".join(recording.chain for recording in recordings)
        raise BackfillError(code, f"The backfill of {names} ended with exit code {code}:\n{said}")


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
    deployments: Mapping[str, Deployment],
) -> TokenReport:
    mine = ledgers.get(truth.key)
    if mine is None:
        return TokenReport(truth.key, truth.address, None, ())
    said = answers[truth.key]
    tallies = [
        compare.supply(truth, mine),
        compare.shown_supply(truth, said),
        compare.balances(truth, said.held),
        compare.addresses(truth, said.held),
    ]
    if truth.shares:
        tallies += [compare.shares(truth, mine), compare.share_balances(truth, said.held)]
    tallies += [*changes(truth, mine), *crossing(truth, mine), explained(mine), days(mine), rounding(mine)]
    tallies += flows(recording, truth, asked.rows.of(recording.kind, truth.key), ledgers)
    reading = bool(deployments[truth.key].reads)
    return TokenReport(truth.key, truth.address, mine.token, tuple(tallies), reading)


def _groups(recording: Recording, deployments: Mapping[str, Deployment]) -> Iterator[frozenset[str]]:
    tokens = {token.address for token in recording.tokens}
    for token in recording.tokens:
        deployment = deployments.get(token.key)
        companions = () if deployment is None else (c.address for c in deployment.companions)
        yield group_of(token, (address for address in companions if address not in tokens))


def _too_many(kept: int, asked_for: int) -> tuple[str, ...]:
    """Return a sentence where the home keeps more answers than derive asked for, so verify's too."""
    return () if kept <= asked_for else (f"the home keeps {kept} reads, but derive made {asked_for}",)


def unanswered(tokens: Sequence[TokenReport], asked: Asked) -> Iterator[str]:
    """Yield a sentence for each token with NULLs that nothing excuses: no missing read, no failing endpoint."""
    for token in tokens:
        excused = asked.faults != Faults() or (token.reading and not asked.reads)
        if token.unknown and not excused:
            yield f"{token.unknown} figures of {token.key} are NULL, though nothing was kept from derive"
