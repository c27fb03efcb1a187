"""Metrics of many tokens in few runs: what a run costs beside its rows would else be paid for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc

from indexer.floor.tables import CLAIMS, DERIVATIONS, DERIVED, FILES, PUBLICATIONS, TRANSFERS
from indexer.sync.committing import commit_tables
from indexer.sync.deriving import (
    Place,
    certificates_of,
    derivation_of,
    derived_of,
    fresh_publications,
    published,
    told_by_files,
    whole_claim,
)
from indexer.sync.measuring import ALL_CHAINS, WHOLE, measure_all
from indexer.sync.restating import LATE, cause_of
from indexer.sync.session import Session

TOGETHER = 1_000_000
"""About how many transfers are measured in one run: what fits the memory that a run may take."""


def parts_of(work: Session, places: Sequence[Place]) -> Iterator[list[Place]]:
    """Yield *places* in parts for one run each; the chains of a token stand in one part."""
    files = [row for row in work.book.rows(FILES) if row["table_name"] == TRANSFERS.name]
    rows = {(r["token"], r["chain_id"]): r["rows"] for r in files if r["unlisted_at"] is None}
    part: list[Place] = []
    size = 0
    for _, group in groupby(sorted(places, key=lambda place: place.key), lambda place: place.token.id):
        chains = list(group)
        weight = sum(rows.get(place.key, 0) for place in chains)
        if part and size + weight > TOGETHER:
            yield part
            part, size = [], 0
        part += chains
        size += weight
    if part:
        yield part


def commit_measured(work: Session, places: Sequence[Place]) -> None:
    """Compute the metrics of *places*, all chains of some tokens, and commit each place and each token.

    The rows of chain_id `all` are made in the same run. Where the figures of a place contradict each other
    its stocks are NULL with that reason, and its part is computed again.
    """
    derived = {place.key: derived_of(work, place.key) for place in places}
    rows = {place.key: dict(derivation_of(work, place) or {}) for place in places}
    publications = {place.key: published(work, place, rows[place.key]) for place in places}
    inputs = {t.name: pa.concat_tables([d[t.name] for d in derived.values()]) for t in DERIVED}
    inputs |= told_by_files(work)
    told = [row for place in places for row in certificates_of(work, place)]
    days = [row for these in publications.values() for row in these]
    while True:
        tables, broken = measure_all(work.registry, list(rows.values()), inputs, told, days)
        fresh = {key: why for key, why in broken.items() if key in rows and rows[key]["why_null"] is None}
        if not fresh:
            break
        for key, why in fresh.items():
            rows[key]["why_null"] = why
    kept: dict[tuple[str, str], dict[str, pa.Table]] = {} if work.settings.sql != "all" else derived
    parted = {name: (_by_place(table), table.schema.empty_table()) for name, table in tables.items()}

    def of(key: tuple[str, str]) -> dict[str, pa.Table]:
        return {name: found.get(key, empty) for name, (found, empty) in parted.items()}

    causes = {p.key: cause_of(derivation_of(work, p), rows[p.key], LATE) for p in places}
    for place in places:
        commit_tables(
            work.book, work.lake, place.key, kept.get(place.key, {}) | of(place.key), sql=work.settings.sql,
            cause=causes[place.key], copy_again=True,
            rows={
                DERIVATIONS: [rows[place.key]],
                PUBLICATIONS: fresh_publications(work, publications[place.key]),
                CLAIMS: [whole_claim(place.token.id)],
            },
        )  # fmt: skip
    for token in dict.fromkeys(place.token.id for place in places):
        key = (token, ALL_CHAINS)
        whole = {name: rows for name, rows in of(key).items() if name in WHOLE}
        cause = min(why for (its, _), why in causes.items() if its == token)
        commit_tables(work.book, work.lake, key, whole, sql=work.settings.sql, rows={}, cause=cause)


def _by_place(rows: pa.Table) -> dict[tuple[str, str], pa.Table]:
    """Return the rows of each (token, chain id); they are sorted by both."""
    ends: set[int] = set()
    for name in ("token", "chain_id"):
        for run in pc.run_end_encode(
            rows[name].combine_chunks(), run_end_type=pa.int32()
        ).run_ends.to_pylist():
            ends.add(run)
    found: dict[tuple[str, str], pa.Table] = {}
    first = 0
    for last in sorted(ends):
        found[rows["token"][first].as_py(), rows["chain_id"][first].as_py()] = rows.slice(first, last - first)
        first = last
    return found
