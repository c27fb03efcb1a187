"""Metrics that are due because something beside the chain changed: prices that a file told."""

from __future__ import annotations

from typing import Any

from indexer.floor.tables import CLAIMS, DERIVATIONS
from indexer.sync.deriving import Place, commit_derived, derived_of
from indexer.sync.restating import IMPORTED
from indexer.sync.session import Session, now

MEASURE_CLAIM = "measure"


def due(token: str) -> dict[str, Any]:
    """Return the claim that the metrics of *token* on all its chains are still to be computed again."""
    return {"claim": f"{MEASURE_CLAIM} {token}", "owner": MEASURE_CLAIM, "fetched_at": now()}


def measure_claimed(work: Session) -> set[str]:
    """Compute and commit the metrics of every token that is claimed, also by a run that ended before; return which."""
    done = set()
    for claim in work.book.rows(CLAIMS, owner=MEASURE_CLAIM):
        name = claim["claim"].removeprefix(f"{MEASURE_CLAIM} ")
        done.add(name)
        token = work.registry.tokens.get(name)
        for deployment in () if token is None else token.deployments:
            for row in work.book.rows(DERIVATIONS, token=deployment.token, chain_id=deployment.chain_id):
                assert token is not None  # noqa: S101 - it has the deployment
                place = Place(token, deployment, ())
                commit_derived(work, place, row, derived_of(work, place.key), cause=IMPORTED)
        with work.book.commit() as commit:
            commit.remove(CLAIMS, [{"claim": claim["claim"]}])
    return done
