"""`rwa repair --store`: what is lost or damaged is set aside, and made again from what is whole."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Any

from indexer.config.model import Deployment, Registry, Token
from indexer.config.settings import Settings
from indexer.floor.errors import StoreUnusable, Usage
from indexer.floor.spans import BlockRef
from indexer.floor.tables import CLAIMS, DERIVATIONS, FILES, LOGS, RAW, SEGMENTS, TABLES
from indexer.store.home import writing
from indexer.store.intact import Flaw, flaws
from indexer.store.lake import Lake
from indexer.store.trouble import store_errors
from indexer.sync.coverage import seconds
from indexer.sync.deriving import derivation_of, derive_place, place_of, whole_claim
from indexer.sync.inputs import load_raw
from indexer.sync.moments import Moments
from indexer.sync.orders import HELD, Progress
from indexer.sync.rebooking import Found, mend_database
from indexer.sync.session import Session, folders_of, now, session
from indexer.sync.whole import copy_dimensions, measure_whole

ASIDE = "damaged"
"""Folder of the lake that damaged files are moved to; nothing reads it."""

SHOWN = 3
"""How many damaged files are named; all of them are set aside."""

Row = Mapping[str, Any]


def repair_store(settings: Settings, registry: Registry, progress: Progress) -> list[Found]:
    """Check the database and every listed file, mend what can be mended, and return what was found."""
    with ExitStack() as locks:
        for folder in folders_of(settings):
            locks.enter_context(writing(folder))
        found = mend_database(settings, registry)
    with session(settings, registry, progress) as work:
        listed = [row for row in work.book.rows(FILES) if row["unlisted_at"] is None]
        bad = {flaw.path: flaw for flaw in _flaws(work.lake, [row["path"] for row in listed])}
        found.append(_judged(len(listed), list(bad.values())))
        broken = [row for row in listed if row["path"] in bad]
        found += drop(work, broken)
        found += derive_again(work, broken)
        found += book_strays(work)
        _set_aside(
            work.lake, bad, [row["path"] for row in work.book.rows(FILES) if row["unlisted_at"] is None]
        )
    return found


def drop(work: Session, broken: Sequence[Row]) -> Iterator[Found]:
    """Take the files *broken* out of the manifest, with the segments whose logs they held, in one commit.

    A span whose logs are lost is then missing, and shows as a hole until it is fetched again. Where reads or
    transactions are lost, the tokens of the chain are derived again by the next backfill, which fetches them.
    """
    paths = {row["path"] for row in broken}
    files = {row["path"] for row in work.book.rows(FILES) if row["unlisted_at"] is None} - paths
    lost = [s for s in work.book.rows(SEGMENTS) if s["path"] and s["path"] not in files]
    inputs = [row for row in broken if row["table_name"] in {t.name for t in RAW if t is not LOGS}]
    chains = {row["chain_id"] for row in inputs}
    derivations = [row for row in work.book.rows(DERIVATIONS) if row["chain_id"] in chains]
    with work.book.commit() as commit:
        commit.remove(FILES, [{"path": path} for path in sorted(paths)])
        commit.remove(SEGMENTS, [{name: s[name] for name in SEGMENTS.key} for s in lost])
        for row in derivations:
            commit.update(DERIVATIONS, row, inputs_missing=max(1, row["inputs_missing"]))
    for gone in lost:
        detail = f"{gone['chain_id']}: blocks {gone['first']} to {gone['last']} are a hole now"
        yield Found("logs", gone["logs"], "lost", detail, "`rwa backfill` fetches these blocks again")
    for file in inputs:
        detail = f"{file['chain_id']}: all {file['rows']:,} rows of {file['table_name']}"
        yield Found(file["table_name"], file["rows"], "lost", detail, "`rwa backfill` fetches them again")


def derive_again(work: Session, broken: Sequence[Row]) -> Iterator[Found]:
    """Derive the places whose tables are among *broken*, and those that the home holds and the book does not."""
    wanted = _places_of(broken)
    chains = {row["chain_id"] for row in work.book.rows(SEGMENTS)}
    held = {row["claim"].partition(" ")[2] for row in work.book.rows(CLAIMS, owner=HELD)}
    derived = {(row["token"], row["chain_id"]) for row in work.book.rows(DERIVATIONS)}
    made, left = 0, []
    for token in work.registry.tokens.values():
        for deployment in token.deployments:
            key = (token.id, deployment.chain_id)
            due = key in wanted or (token.id in held and key not in derived)
            if not due or not deployment.indexed or deployment.chain_id not in chains:
                continue
            try:
                made += _derive(work, token, deployment)
            except Usage:
                left.append(f"{token.id} on {deployment.chain}")  # its start was a date, found by asking
    _claim_whole(work, broken)
    measure_whole(work)
    if made or broken:
        copy_dimensions(work)
    if made:
        yield Found(
            "tables", made, "made again", "tokens on a chain, derived from the raw rows that are here"
        )
    if left:
        detail = f"not derived, as their first block is not known: {', '.join(left)}"
        yield Found("tables", len(left), "lost", detail, "`rwa backfill` finds it and derives them")


def _derive(work: Session, token: Token, deployment: Deployment) -> int:
    chain = work.registry.chains[deployment.chain]
    place = place_of(token, deployment, Moments(work.book, chain).of(deployment))
    held = derivation_of(work, place)
    reads = bool(held["reads_allowed"]) if held else True
    raw = load_raw(work, deployment.chain_id)
    final = last_final(work, deployment.chain_id)
    row = asyncio.run(
        derive_place(
            work, place, raw, None, final=final, reads=reads, force=True, cause="repair", publish=False
        )
    )
    if row is None and held:
        with work.book.commit() as commit:  # no block of it is covered any more
            commit.remove(DERIVATIONS, [{name: held[name] for name in DERIVATIONS.key}])
    return int(row is not None)


def last_final(work: Session, chain_id: str) -> BlockRef | None:
    """Return the last block that was final when it was last looked at."""
    final = [s for s in work.book.rows(SEGMENTS, chain_id=chain_id) if s["final"]]
    last = max(final, key=lambda s: s["last"], default=None)
    return None if last is None else BlockRef(last["last"], last["last_hash"], seconds(last["last_time"]))


def book_strays(work: Session) -> Iterator[Found]:
    """Book the whole files that no manifest lists as unlisted now: an hour later they are deleted.

    A killed writer left them, or a database that was made again lists others in their place.
    """
    known = {row["path"] for row in work.book.rows(FILES)}
    strays = [
        p for p, _ in work.lake.paths() if p.endswith(".parquet") and p not in known and _is_made_again(p)
    ]
    at = now()
    with work.book.commit() as commit:
        commit.put(FILES, [_stray(path, at) for path in strays])
    if strays:
        size = sum(map(work.lake.size, strays)) / (1 << 20)
        yield Found(
            "files", len(strays), "unlisted", f"{size:,.1f} MiB that no table lists", "deleted in an hour"
        )


def _flaws(lake: Lake, paths: Sequence[str]) -> Iterator[Flaw]:
    """Yield what is wrong with the files *paths*; a lake that is no folder is read through its file system."""
    if lake.folder is not None:
        yield from flaws(lake.folder, paths)
        return
    for path in paths:
        try:
            with store_errors(f"reading {path}"):
                lake.opened(path).close()
        except StoreUnusable:
            yield Flaw(path, "is missing or damaged")


def _judged(listed: int, bad: Sequence[Flaw]) -> Found:
    """Return the sentence about all listed files."""
    if not bad:
        return Found("files", listed, "ok", "each is there, with the content that its name tells")
    shown = "; ".join(f"{flaw.path} {flaw.what}" for flaw in bad[:SHOWN])
    return Found("files", len(bad), "damaged", f"of {listed}: {shown}{' …' if len(bad) > SHOWN else ''}")


def _places_of(broken: Iterable[Row]) -> set[tuple[str, str]]:
    """Return the places (token, chain id) whose tables are among *broken*."""
    raw = {table.name for table in RAW}
    return {(row["token"], row["chain_id"]) for row in broken if row["table_name"] not in raw}


def _claim_whole(work: Session, broken: Iterable[Row]) -> None:
    """Claim the figures over all chains of every token or product that has a file among *broken*."""
    named = {row["token"] for row in broken if row["token"]}
    derived = {row["token"] for row in work.book.rows(DERIVATIONS)}
    tokens = [t.id for t in work.registry.tokens.values() if {t.id, t.product} & named and t.id in derived]
    with work.book.commit() as commit:
        commit.put(CLAIMS, [whole_claim(token) for token in tokens])


def _is_made_again(path: str) -> bool:
    """Say whether *path* is of a table that is made from raw rows: a raw file may be all that is left of its rows."""
    table = path.partition("/")[0]
    return table in TABLES and table not in {raw.name for raw in RAW}


def _stray(path: str, at: datetime) -> dict[str, Any]:
    empty = dict.fromkeys(("chain_id", "token", "first", "last"))
    return {
        **empty,
        "path": path,
        "table_name": path.partition("/")[0],
        "rows": 0,
        "schema_digest": "",
        "unlisted_at": at,
    }


def _set_aside(lake: Lake, bad: Iterable[str], standing: Iterable[str]) -> None:
    """Move damaged files to a folder of their own, but for those that were made again under the same name."""
    if lake.folder is None:
        return
    for path in set(bad) - set(standing):
        source, target = lake.folder / path, lake.folder / ASIDE / path
        with store_errors(f"setting {path} aside", lake.folder):
            if source.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                source.replace(target)
