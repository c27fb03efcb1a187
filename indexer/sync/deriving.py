"""Derive and commit: raw rows to tables and metrics for one token on one chain, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, cast

import pyarrow as pa
import pyarrow.compute as pc

from indexer.config.load import config_digest
from indexer.config.model import Deployment, Token
from indexer.floor.assets import code_version
from indexer.floor.spans import BlockRef
from indexer.floor.tables import (
    ACTIVITY_DAILY,
    BALANCES,
    BRIDGE_LEGS,
    CERTIFICATES,
    CLAIMS,
    DERIVATIONS,
    DERIVED,
    EXTERNAL_SUPPLY,
    FILES,
    FILTERS,
    IMPORTED_NAVS,
    MOMENTS,
    PUBLICATIONS,
    SEGMENTS,
    SUPPLY_DAILY,
    TRANSFERS,
    Table,
)
from indexer.ledger.derive import Derived
from indexer.ledger.figures import moment
from indexer.ledger.legs import carried
from indexer.ledger.scene import Run, Scene
from indexer.sources.evm import Evm
from indexer.store.read import arrow_rows
from indexer.sync.changed import State, first_changed_day
from indexer.sync.committing import commit_tables
from indexer.sync.coverage import Book as Segments
from indexer.sync.coverage import Contract, book_of, group_of, run_of
from indexer.sync.inputs import Raw, derived, forget_absent, not_found
from indexer.sync.measuring import CONTRADICTED, measure, measured
from indexer.sync.restating import IMPORTED, LATE, cause_of
from indexer.sync.session import Session, now

WHOLE_CLAIM = "whole"
OPENING = (BALANCES, ACTIVITY_DAILY, TRANSFERS)
"""Committed tables that a run from a day on opens with."""

CERTIFIED = ("supply_daily",)
"""Metric tables that tell a day's certificate."""


class Place(NamedTuple):
    """One token on one chain, with the contracts of its group."""

    token: Token
    deployment: Deployment
    contracts: Sequence[Contract]

    @property
    def key(self) -> tuple[str, str]:
        return self.token.id, self.deployment.chain_id


def place_of(token: Token, deployment: Deployment, starts: Mapping[str, int]) -> Place:
    """Return the place of *deployment*; *starts* has the start block of each contract."""
    return Place(token, deployment, group_of(deployment, starts))


async def derive_place(  # noqa: PLR0913 - each says something of its own
    work: Session,
    place: Place,
    raw: Raw,
    evm: Evm | None,
    *,
    final: BlockRef | None,
    reads: bool,
    force: bool = False,
    cause: str = LATE,
    publish: bool = True,
) -> dict[str, Any] | None:
    """Bring one place up to its frontier and commit it with its metrics; return its derivation's row.

    None where no block of the group is covered. Without *evm* nothing is fetched; without *reads* no call
    is made: what then is missing is NULL with its reason. A place whose inputs did not change is left as
    it is, unless *force*. *cause* says why published figures may change where code and configuration did not.
    Unless *publish*, no further day becomes published: inputs that are lost may still be fetched again.
    """
    chain_id = place.deployment.chain_id
    book = book_of(work.book.rows(SEGMENTS, chain_id=chain_id), work.book.rows(FILTERS), chain_id)
    found = run_of(book, place.contracts, final.number if final else None)
    if found is None:
        return None
    run, is_final = found
    held = derivation_of(work, place)
    row = _row(place, run, is_final=is_final or _was_final(held, run.frontier), reads=reads)
    row["covered_until"] = _covered_until(work, chain_id, run.frontier)
    row["final_until"] = _final_until(book, row, held, final)
    if held and not force and _stands(held, row):
        return held
    forget_absent(raw)
    addresses = [contract.address for contract in place.contracts]
    clash = raw.logs.clash(addresses, run)
    if clash is not None:
        row["why_null"] = (
            f"{CONTRADICTED}: two different logs are held for one place of block {clash}, or two hashes of it"
        )
    logs = raw.logs.of(addresses, run)
    scene = Scene(
        place.token, place.deployment, run, logs, raw.calls, raw.reads, raw.moments.known, raw.read_times
    )
    made = await derived(work, scene, raw, evm, reads=reads)
    row["inputs_missing"] = _missing(made, raw) + (len(not_found(raw)) if reads else 0)
    tables = made.tables()
    tables["transfers"], tables["bridge_legs"] = carried(
        made.transfers, made.bridge_legs, held_legs(work, place.key)
    )
    if not publish and not _is_published(work, place, final_day(row)):
        row["final_until"] = None
    return commit_derived(work, place, row, tables, force=force, cause=cause)


def _stands(held: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Say whether a committed derivation still is what derive would make; one that lacks inputs is tried
    again, since another endpoint may have them."""
    ignored = {"inputs_missing", "why_null", "final_until"}
    same = all(held[name] == row[name] for name in row if name not in ignored)
    return same and held["inputs_missing"] == 0 and final_day(held) == final_day(row)


def _missing(made: Derived, raw: Raw) -> int:
    """Return how many transactions and reads were wanted and could not be had."""
    lacking = pa.array(sorted(raw.unknown.intersection(raw.calls)), pa.string())
    hashes = made.transfers["tx_hash"]
    reads = len(raw.unanswered.intersection(raw.reads))
    return reads + len(pc.unique(hashes.filter(pc.is_in(hashes, value_set=lacking))))


def derivation_of(work: Session, place: Place) -> dict[str, Any] | None:
    """Return the derivation that is committed for *place*, or None."""
    rows = work.book.rows(DERIVATIONS, token=place.key[0], chain_id=place.key[1])
    return rows[0] if rows else None


def derived_of(work: Session, key: tuple[str, str]) -> dict[str, pa.Table]:
    """Return the derived tables that are committed for the (token, chain id) *key*."""
    return stored_of(work, key, DERIVED)


def stored_of(work: Session, key: tuple[str, str], tables: Sequence[Table]) -> dict[str, pa.Table]:
    """Return those of *tables* that are committed for the (token, chain id) *key*."""
    files = work.book.rows(FILES, token=key[0], chain_id=key[1])
    listed = [row for row in files if row["unlisted_at"] is None]
    return {
        table.name: work.lake.read(table, [r["path"] for r in listed if r["table_name"] == table.name])
        for table in tables
    }


def held_legs(work: Session, key: tuple[str, str]) -> pa.Table:
    """Return the legs of crossings that are committed for the (token, chain id) *key*."""
    return stored_of(work, key, (BRIDGE_LEGS,))[BRIDGE_LEGS.name]


def commit_derived(
    work: Session,
    place: Place,
    row: Mapping[str, Any],
    derived: Mapping[str, pa.Table],
    *,
    force: bool = False,
    cause: str = LATE,
) -> dict[str, Any]:
    """Compute the metrics of *place* and commit them with what they come from, in one transaction.

    Where the figures contradict each other the stocks are NULL with that reason: a wrong number is worse
    than none. Returns the derivation's row as committed.
    """
    stands = dict(row)
    publications = published(work, place, row)
    day = None if force or cause == IMPORTED else _since(work, place, row, derived, publications)
    inputs = {**derived, **told_by_files(work)}
    told = (certificates_of(work, place), publications)
    held = {} if day is None else stored_of(work, place.key, OPENING)
    metrics, day = measured(work.registry, stands, inputs, told, day, held)
    commit_tables(
        work.book,
        work.lake,
        place.key,
        {**derived, **metrics},
        sql=work.settings.sql,
        cause=cause_of(derivation_of(work, place), stands, cause),
        copy_again=force,
        since=day,
        rows={
            DERIVATIONS: [stands],
            PUBLICATIONS: fresh_publications(work, publications),
            CLAIMS: [whole_claim(place.token.id)],
        },
    )
    return stands


def _since(
    work: Session,
    place: Place,
    row: Mapping[str, Any],
    derived: Mapping[str, pa.Table],
    publications: list[dict[str, Any]],
) -> date | None:
    """Return the first day whose figures may differ from those committed; None where all must be computed."""
    was = derivation_of(work, place)
    if was is None:
        return None
    before = State(was, stored_of(work, place.key, DERIVED), _publications_of(work, place))
    now_ = State(row, derived, publications)
    held = stored_of(work, place.key, (BALANCES, SUPPLY_DAILY))
    return first_changed_day(before, now_, held, certificates_of(work, place))


def commit_certificate(
    work: Session,
    place: Place,
    row: Mapping[str, Any],
    derived: Mapping[str, pa.Table],
    certificate: Mapping[str, Any],
) -> None:
    """Commit *certificate* with the daily figures that it speaks of, in one transaction."""
    others = [c for c in certificates_of(work, place) if c["certificate_id"] != certificate["certificate_id"]]
    publications = published(work, place, row)
    inputs = {**derived, **told_by_files(work)}
    daily = measure(work.registry, [row], inputs, [*others, certificate], publications, CERTIFIED)
    commit_tables(
        work.book,
        work.lake,
        place.key,
        daily,
        sql=work.settings.sql,
        rows={CERTIFICATES: [dict(certificate)]},
    )


def told_by_files(work: Session) -> dict[str, pa.Table]:
    """Return what `rwa import` holds and metrics read: prices, and supply of what is not indexed."""
    held = {
        table.name: arrow_rows(table, work.book.rows(table)) for table in (IMPORTED_NAVS, EXTERNAL_SUPPLY)
    }
    return {name: rows for name, rows in held.items() if rows.num_rows or name == EXTERNAL_SUPPLY.name}


def certificates_of(work: Session, place: Place) -> list[dict[str, Any]]:
    """Return the certificates of *place*."""
    return work.book.rows(CERTIFICATES, token=place.key[0], chain_id=place.key[1])


def whole_claim(token: str) -> dict[str, Any]:
    """Return the claim that the token's figures over all chains are still to be computed."""
    return {"claim": f"{WHOLE_CLAIM} {token}", "owner": WHOLE_CLAIM, "fetched_at": now()}


def _publications_of(work: Session, place: Place) -> list[dict[str, Any]]:
    return work.book.rows(PUBLICATIONS, token=place.key[0], chain_id=place.key[1])


def _is_published(work: Session, place: Place, through: date | None) -> bool:
    rows = _publications_of(work, place)
    return any(row["through_day"] == through for row in rows)


def published(work: Session, place: Place, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the publications of *place*, with one for the days that have just become final."""
    token, chain_id = place.key
    rows = _publications_of(work, place)
    through = final_day(row)
    if through and row["holds_start"] and all(r["through_day"] < through for r in rows):
        at = max([now(), *(r["published_at"] for r in rows)])  # a clock that was set back says nothing
        rows = [*rows, {"token": token, "chain_id": chain_id, "through_day": through, "published_at": at}]
    return rows


def fresh_publications(work: Session, publications: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return those of *publications* that the book does not have: what stands is told to the journal once."""
    held = work.book.rows(PUBLICATIONS)
    return [row for row in publications if row not in held]


def _covered_until(work: Session, chain_id: str, frontier: BlockRef) -> datetime:
    """Return the last second whose events are all known.

    The frontier's own, or the last one before an instant whose first block is known to be the next.
    """
    moments = work.book.rows(MOMENTS, chain_id=chain_id)
    known: list[datetime] = [
        m["instant"] - timedelta(seconds=1) for m in moments if m["block_number"] == frontier.number + 1
    ]
    return max([moment(frontier.time), *known])


def _final_until(
    book: Segments, row: Mapping[str, Any], held: Mapping[str, Any] | None, final: BlockRef | None
) -> datetime | None:
    """Return the last second whose events are all final: none of their blocks is held provisionally any more."""
    if row["final"]:
        return cast("datetime", row["covered_until"])
    open_below = final is None or any(not s["final"] and s["last"] <= final.number for s in book.segments)
    if final is None or open_below:
        return held["final_until"] if held else None
    return min(cast("datetime", row["covered_until"]), moment(final.time - 1))


def final_day(row: Mapping[str, Any]) -> date | None:
    """Return the last day of a derivation whose events are all final."""
    return last_whole_day(row["final_until"]) if row["final_until"] else None


def last_whole_day(until: datetime) -> date:
    """Return the last day that *until* lies behind, to its last second."""
    return (until + timedelta(seconds=1)).date() - timedelta(days=1)


def _row(place: Place, run: Run, *, is_final: bool, reads: bool) -> dict[str, Any]:
    return {
        "token": place.key[0],
        "chain_id": place.key[1],
        "first_block": run.first,
        "frontier_block": run.frontier.number,
        "frontier_hash": run.frontier.hash,
        "frontier_time": moment(run.frontier.time),
        "final": is_final,
        "final_until": None,
        "holds_start": run.holds_start,
        "why_null": run.why_null,
        "reads_allowed": reads,
        "inputs_missing": 0,
        "config_digest": config_digest(place.token, place.deployment),
        "code_version": code_version(),
    }


def _was_final(held: Mapping[str, Any] | None, frontier: BlockRef) -> bool:
    return held is not None and bool(held["final"]) and held["frontier_hash"] == frontier.hash
