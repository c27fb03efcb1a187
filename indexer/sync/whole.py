"""What holds beyond one token on one chain: figures over all chains, and the dimensions' copy in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from indexer.config.dimensions import dimension_rows
from indexer.floor.calendar import utc_days
from indexer.floor.tables import (
    CALENDAR,
    CLAIMS,
    DERIVATIONS,
    DERIVED,
    DIMENSIONS,
    EXTERNAL_SUPPLY,
    PUBLICATIONS,
    RESTATEMENTS,
)
from indexer.store.read import FIRST_DAY, arrow_rows
from indexer.sync.committing import commit_tables
from indexer.sync.deriving import WHOLE_CLAIM, derived_of, stored_of, told_by_files
from indexer.sync.measuring import ALL_CHAINS, PRODUCTS_READ, whole_products, whole_token
from indexer.sync.pairing import pair_products
from indexer.sync.remeasuring import measure_claimed
from indexer.sync.restating import IMPORTED, LATE
from indexer.sync.session import Session, now


def measure_whole(work: Session, done: Collection[str] = ()) -> None:
    """Compute and commit the rows of chain_id `all` for every token whose chains changed, and those of its product.

    Legs of crossings are joined first, since that may change what entries were. The claim that says so is
    committed with the change, so that a run that ends in between leaves it. Of the tokens *done* legs are joined
    and the rows stand already, unless joining others' changes their entries.
    """
    imported = measure_claimed(work)
    paired = pair_products(work, claimed_tokens(work) - set(done))
    claimed = claimed_tokens(work)
    for token in sorted(claimed - (set(done) - imported - paired)):
        rows = work.book.rows(DERIVATIONS, token=token)
        parts = [derived_of(work, (token, row["chain_id"])) for row in rows]
        derived = {t.name: pa.concat_tables([part[t.name] for part in parts]) for t in DERIVED}
        derived |= told_by_files(work)
        tables = whole_token(work.registry, rows, derived, work.book.rows(PUBLICATIONS, token=token))
        commit_tables(
            work.book, work.lake, (token, ALL_CHAINS), tables,
            sql=work.settings.sql, rows={}, cause=_cause(work, [token], imported),
        )  # fmt: skip
    _measure_products(work, claimed, imported)
    with work.book.commit() as commit:
        commit.remove(CLAIMS, [{"claim": f"{WHOLE_CLAIM} {token}"} for token in sorted(claimed)])


def claimed_tokens(work: Session) -> set[str]:
    """Return the tokens whose figures over all chains are due."""
    return {row["claim"].removeprefix(f"{WHOLE_CLAIM} ") for row in work.book.rows(CLAIMS, owner=WHOLE_CLAIM)}


def _measure_products(work: Session, tokens: Collection[str], imported: Collection[str]) -> None:
    """Compute and commit the rows of every product that one of *tokens* belongs to."""
    known = work.registry.tokens.values()
    products = {token.product for token in known if token.id in tokens}
    members = [token.id for token in known if token.product in products]
    rows = [row for token in members for row in work.book.rows(DERIVATIONS, token=token)]
    if not rows:
        return
    parts = [stored_of(work, (row["token"], row["chain_id"]), PRODUCTS_READ) for row in rows]
    stored = {table.name: pa.concat_tables([part[table.name] for part in parts]) for table in PRODUCTS_READ}
    made = whole_products(work.registry, rows, stored, work.book.rows(EXTERNAL_SUPPLY))
    for product in sorted(products):
        own = {name: table.filter(pc.equal(table["product"], product)) for name, table in made.items()}
        commit_tables(
            work.book, work.lake, (product, ALL_CHAINS), own,
            sql=work.settings.sql, rows={}, cause=_cause(work, members, imported),
        )  # fmt: skip


def _cause(work: Session, tokens: Sequence[str], imported: Collection[str]) -> str:
    """Return why figures over several chains may change: a file, else what was said last of their *tokens*."""
    if any(token in imported for token in tokens):
        return IMPORTED
    told = [row for token in tokens for row in work.book.rows(RESTATEMENTS, token=token)]
    newest = max(told, key=lambda row: row["fetched_at"], default=None)
    return LATE if newest is None else str(newest["cause"])


def copy_dimensions(work: Session) -> None:
    """Replace the SQL copy of what the configuration says, for the joins of other people's tools."""
    if work.settings.sql == "none":
        return
    rows = dimension_rows(work.registry)
    with work.book.commit() as commit:
        for table in DIMENSIONS:
            if table is CALENDAR:
                commit.replace(table, utc_days(FIRST_DAY, now().date()))
            else:
                commit.replace(table, arrow_rows(table, rows[table.name]))
