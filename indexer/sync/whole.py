"""What holds beyond one token on one chain: figures over all chains, and the dimensions' copy in SQL."""

from __future__ import annotations

import pyarrow as pa

from indexer.config.dimensions import dimension_rows
from indexer.floor.calendar import utc_days
from indexer.floor.tables import CALENDAR, CLAIMS, DERIVATIONS, DERIVED, DIMENSIONS
from indexer.store.read import FIRST_DAY, arrow_rows
from indexer.sync.committing import commit_tables
from indexer.sync.deriving import WHOLE_CLAIM, derived_of, told_by_files
from indexer.sync.measuring import ALL_CHAINS, whole_token
from indexer.sync.pairing import pair_products
from indexer.sync.remeasuring import measure_claimed
from indexer.sync.session import Session, now


def measure_whole(work: Session) -> None:
    """Compute and commit the rows of chain_id `all` for every token whose chains changed.

    Legs of crossings are joined first, since that may change what entries were. The claim that says so is
    committed with the change, so that a run that ends in between leaves it.
    """
    measure_claimed(work)
    claimed = work.book.rows(CLAIMS, owner=WHOLE_CLAIM)
    pair_products(work, {claim["claim"].removeprefix(f"{WHOLE_CLAIM} ") for claim in claimed})
    for claim in work.book.rows(CLAIMS, owner=WHOLE_CLAIM):
        token = claim["claim"].removeprefix(f"{WHOLE_CLAIM} ")
        rows = work.book.rows(DERIVATIONS, token=token)
        parts = [derived_of(work, (token, row["chain_id"])) for row in rows]
        derived = {t.name: pa.concat_tables([part[t.name] for part in parts]) for t in DERIVED}
        derived |= told_by_files(work)
        tables = whole_token(work.registry, rows, derived)
        commit_tables(work.book, work.lake, (token, ALL_CHAINS), tables, sql=work.settings.sql, rows={})
        with work.book.commit() as commit:
            commit.remove(CLAIMS, [{"claim": claim["claim"]}])


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
