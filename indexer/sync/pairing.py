"""The stage after derive: legs of one product's chains and tokens are joined, and what that changes committed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC
from typing import Any

from indexer.config.model import Token
from indexer.floor.tables import DERIVATIONS
from indexer.ledger.crossings import Joined, Part, join
from indexer.sync.committing import commit_tables
from indexer.sync.deriving import Place, commit_derived, derived_of
from indexer.sync.session import Session


def pair_products(work: Session, tokens: Collection[str]) -> set[str]:
    """Join the legs of every product that one of *tokens* belongs to; return the tokens that were measured again.

    Where a match changes what an entry was, the place is measured again and committed with it.
    """
    known = work.registry.tokens.values()
    products = {token.product for token in known if token.id in tokens}
    again: set[str] = set()
    for product in sorted(products):
        again |= _pair(work, [token for token in known if token.product == product])
    return again


def _pair(work: Session, tokens: list[Token]) -> set[str]:
    rows: list[dict[str, Any]] = []
    parts: list[Part] = []
    for token in tokens:
        for deployment in token.deployments:
            for row in work.book.rows(DERIVATIONS, token=token.id, chain_id=deployment.chain_id):
                tables = derived_of(work, (token.id, deployment.chain_id))
                until = int(row["covered_until"].replace(tzinfo=UTC).timestamp())
                rows.append(row)
                parts.append(
                    Part(
                        token,
                        deployment,
                        tables["transfers"],
                        tables["bridge_legs"],
                        until,
                        row["holds_start"],
                    )
                )
    if len({part.token.id for part in parts}) == 1 and not any(part.legs.num_rows for part in parts):
        return set()  # nothing crosses, and there is no other class to swap with
    joined = zip(rows, parts, join(parts), strict=True)
    return {part.token.id for row, part, made in joined if _commit(work, row, part, made)}


def _commit(work: Session, row: dict[str, Any], part: Part, made: Joined) -> bool:
    """Commit what joining changed; say whether the place was measured again."""
    if not made.transfers.equals(part.transfers):
        place = Place(part.token, part.deployment, ())
        commit_derived(work, place, row, derived_of(work, place.key) | made._asdict())
        return True
    if not made.bridge_legs.equals(part.legs):
        commit_tables(
            work.book,
            work.lake,
            part.place,
            {"bridge_legs": made.bridge_legs},
            sql=work.settings.sql,
            rows={},
        )
    return False
