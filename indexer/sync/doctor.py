"""What works here and what does not: configuration, home, database, lake, clock, endpoints."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from indexer.config.layers import CHAINS_FILE
from indexer.config.load import forgotten
from indexer.config.model import Chain, Registry, spelled
from indexer.config.settings import Settings, endpoints_of
from indexer.floor.errors import RwaError, Usage
from indexer.store.read import read_book
from indexer.sync.examine import Health, Subject, examine_all
from indexer.sync.lookover import looked_at
from indexer.sync.orders import Progress
from indexer.sync.profiles import lags, remember, told

LITTLE_DISK = 1 << 30
CLOCK_SECONDS = 60
STALE_SECONDS = 15 * 60
OK, WARN, FAIL = "ok", "warn", "fail"


class Finding(NamedTuple):
    """One thing that was looked at; *remedy* says what to do where *state* is not ok."""

    check: str
    subject: str
    state: str
    detail: str
    remedy: str | None = None


def local_findings(settings: Settings) -> Iterator[Finding]:
    """Yield what is found without any endpoint."""
    yield _home(settings.home)
    yield _disk(settings.home)
    yield from _forgotten(settings)
    try:
        book = read_book(settings.home, settings.database)
    except Usage:
        yield Finding("database", str(settings.home), OK, "nothing fetched yet")
        return
    except RwaError as error:
        yield Finding("database", str(settings.home), FAIL, str(error), "Do what the sentence says.")
        return
    yield from (Finding(*seen) for seen in looked_at(settings, book))


def remote_findings(
    settings: Settings, registry: Registry, chains: Sequence[str], progress: Progress, *, probe: bool
) -> list[Finding]:
    """Return what is found by asking the endpoints of *chains*, each endpoint by itself."""
    subjects = [
        Subject(chain, endpoint, _contract(registry, chain))
        for chain in map(registry.chains.__getitem__, chains)
        for endpoint in endpoints_of(chain, settings)
    ]
    progress.start("endpoints", len(subjects), "endpoints")
    found = asyncio.run(examine_all(subjects, probe=probe, done=lambda: progress.advance("endpoints", 1)))
    silent = set(chains) - {subject.chain.name for subject in subjects}
    behind = lags(found)
    return [
        *(_endpoint(health, behind.get((health.chain, health.endpoint))) for health in found),
        *(_without(name) for name in sorted(silent)),
        *(_canaries(registry.chains[name]) for name in chains),
        *_clock(found, time.time()),
        *_kept(remember(settings, registry, found, progress)),
    ]


def chains_of_interest(settings: Settings, registry: Registry) -> tuple[str, ...]:
    """Return the chains worth a look.

    Those given with --rpc, else those that the home holds, else all that a configured token needs.
    """
    if settings.rpc:
        return tuple(name for name in registry.chains if spelled(name) in settings.rpc)
    try:
        held = set(read_book(settings.home, settings.database)["derivations"]["chain_id"].to_pylist())
    except RwaError:
        held = set()
    used = {where.chain for token in registry.tokens.values() for where in token.deployments if where.indexed}
    return tuple(
        chain.name for chain in registry.chains.values() if (chain.id in held if held else chain.name in used)
    )


def _contract(registry: Registry, chain: Chain) -> str | None:
    places = (where for token in registry.tokens.values() for where in token.deployments)
    return next((where.address for where in places if where.indexed and where.chain == chain.name), None)


def _forgotten(settings: Settings) -> Iterator[Finding]:
    """Yield each chain of the home's configuration that lost a safeguard of the shipped one."""
    own = settings.overlay
    if own is None:
        return
    for chain, keys in forgotten(settings.config, own).items():
        detail = f"replaces the shipped entry whole, and leaves out {', '.join(keys)}"
        remedy = f"Repeat them in {own / CHAINS_FILE}, or take [{chain}] out and give endpoints with --rpc."
        yield Finding("configuration", chain, WARN, detail, remedy)


def _home(home: Path) -> Finding:
    nearest = _nearest(home)
    if not nearest.is_dir():
        return Finding("home", str(home), FAIL, f"{nearest} is a file", "Name a folder with --home.")
    if not os.access(nearest, os.W_OK | os.X_OK):
        remedy = "Choose another --home, or mend the folder's owner."
        return Finding("home", str(home), FAIL, f"{nearest} cannot be written", remedy)
    return Finding("home", str(home), OK, "can be written" if nearest == home else "would be made")


def _disk(home: Path) -> Finding:
    free = shutil.disk_usage(_nearest(home)).free
    detail = f"{free / (1 << 30):,.1f} GiB free"
    if free < LITTLE_DISK:
        return Finding("disk", str(home), WARN, detail, "Free some space before a long backfill.")
    return Finding("disk", str(home), OK, detail)


def _nearest(path: Path) -> Path:
    """Return *path*, or the first folder above it that exists."""
    path = path.absolute()
    return next(one for one in (path, *path.parents) if one.exists())


def _kept(why_not: str | None) -> Iterator[Finding]:
    if why_not is not None:
        yield Finding("profiles", "endpoints", OK, f"what was measured is not kept: {why_not}")


def _canaries(chain: Chain) -> Finding:
    """Return whether anything can prove that the chain's endpoints still have old logs."""
    if not chain.canaries:
        remedy = f"Add a [[{chain.name}.canary]] to chains.toml: a block whose logs you know."
        detail = "nothing proves that its endpoints still have old logs"
        return Finding("canaries", chain.name, WARN, detail, remedy)
    blocks = ", ".join(f"{canary.block:,}" for canary in chain.canaries)
    return Finding("canaries", chain.name, OK, f"known logs in block {blocks}")


def _endpoint(health: Health, lag: int | None) -> Finding:
    subject = f"{health.chain}: {health.endpoint}"
    if health.trouble is not None:
        remedy = f"Check the URL and the key, or give another with --rpc {health.chain}=URL."
        return Finding("endpoint", subject, FAIL, health.trouble, remedy)
    words = ", ".join(told(health, lag))
    if health.final is None:
        remedy = f"Set finality of {health.chain} to a number of confirmations, or use another endpoint."
        return Finding("endpoint", subject, WARN, words, remedy)
    if health.probe is not None and health.probe.blocks == 0:
        remedy = "It serves no logs; give another endpoint."
        return Finding("endpoint", subject, WARN, words, remedy)
    if health.probe is not None and health.probe.lacked:
        remedy = "It dropped old logs, so it is not asked for them; give an archive node too for old tokens."
        return Finding("endpoint", subject, WARN, words, remedy)
    return Finding("endpoint", subject, OK, words)


def _without(chain: str) -> Finding:
    return Finding("endpoint", chain, WARN, "has no endpoint", f"Give one with --rpc {chain}=URL.")


def _clock(found: Sequence[Health], now: float) -> Iterator[Finding]:
    """Yield how the newest block of each chain stands to this machine's clock."""
    newest: dict[str, int] = {}
    for health in found:
        if health.head is not None:
            newest[health.chain] = max(newest.get(health.chain, 0), health.head.time)
    for chain, at in newest.items():
        age = round(now - at)
        if age < -CLOCK_SECONDS:
            detail = f"the newest block is {_duration(-age)} ahead of this machine"
            yield Finding("clock", chain, WARN, detail, "Set this machine's clock.")
        elif age > STALE_SECONDS:
            detail = f"the newest block is {_duration(age)} old"
            remedy = "The endpoints lag, the chain stands still, or this machine's clock is ahead."
            yield Finding("clock", chain, WARN, detail, remedy)
        else:
            yield Finding("clock", chain, OK, f"the newest block is {_duration(age)} old")


def _duration(seconds: int) -> str:
    """Return a duration in the largest unit of which it has two."""
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def nothing_works(findings: Sequence[Finding]) -> bool:
    """Whether endpoints were looked at and none of them can be used."""
    states = [finding.state for finding in findings if finding.check == "endpoint"]
    return bool(states) and all(state == FAIL for state in states)
