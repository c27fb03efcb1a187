"""Figures of a token over all its chains, after its chains are derived."""

from __future__ import annotations

import pyarrow as pa

from indexer.floor.tables import CLAIMS, DERIVATIONS, DERIVED
from indexer.sync.committing import commit_tables
from indexer.sync.deriving import WHOLE_CLAIM, derived_of
from indexer.sync.measuring import ALL_CHAINS, whole_token
from indexer.sync.session import Session


def measure_whole(work: Session) -> None:
    """Compute and commit the rows of chain_id `all` for every token whose chains changed.

    The claim that says so is committed with the change, so that a run that ends in between leaves it.
    """
    for claim in work.book.rows(CLAIMS, owner=WHOLE_CLAIM):
        token = claim["claim"].removeprefix(f"{WHOLE_CLAIM} ")
        rows = work.book.rows(DERIVATIONS, token=token)
        parts = [derived_of(work, (token, row["chain_id"])) for row in rows]
        derived = {t.name: pa.concat_tables([part[t.name] for part in parts]) for t in DERIVED}
        tables = whole_token(work.registry, rows, derived)
        commit_tables(work.book, work.lake, (token, ALL_CHAINS), tables, sql=work.settings.sql, rows={})
        with work.book.commit() as commit:
            commit.remove(CLAIMS, [{"claim": claim["claim"]}])
