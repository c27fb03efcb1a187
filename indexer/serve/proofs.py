"""Where a token's figures come from: how far each chain is derived, from what, and its newest certificate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from indexer.floor.cells import moment

if TYPE_CHECKING:
    import duckdb

_SQL = """
    SELECT d.*, n.chain, c.verdict, c.certificate_id, c.block_number AS certified_block
    FROM derivations d
    LEFT JOIN (SELECT chain_id, any_value(chain) AS chain FROM deployments GROUP BY chain_id) n
      ON n.chain_id = d.chain_id
    LEFT JOIN certificates c ON c.token = d.token AND c.chain_id = d.chain_id
    WHERE $tokens IS NULL OR list_contains(CAST($tokens AS VARCHAR[]), d.token)
    QUALIFY row_number() OVER (
      PARTITION BY d.token, d.chain_id ORDER BY c.block_number DESC, c.fetched_at DESC) = 1
    ORDER BY d.token, d.chain_id
"""


def proofs(con: duckdb.DuckDBPyConnection, tokens: Sequence[str] | None) -> list[dict[str, Any]]:
    """Return the derivation of each of *tokens* (None: all) on each chain, with its newest certificate beside it."""
    values = {"tokens": None if tokens is None else list(tokens)}
    rows: list[dict[str, Any]] = con.sql(_SQL, params=values).to_arrow_table().to_pylist()
    return rows


def checked(proof: Mapping[str, Any]) -> str:
    """Return what the newest certificate says."""
    if proof["verdict"] is None:
        return "no certificate"
    return f"certificate {proof['verdict']} at block {proof['certified_block']}"


def source_line(proof: Mapping[str, Any]) -> str:
    """Return the one line that stands below a picture: token, chain, block, certificate."""
    place = f"{proof['token']} on {proof['chain'] or proof['chain_id']}"
    final = "" if proof["final"] else ", not final"
    return f"{place}: block {proof['frontier_block']} ({moment(proof['frontier_time'])}{final}), {checked(proof)}"
