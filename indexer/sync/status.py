"""`rwa status`: how far each token is, and what is missing. Reads the home only; asks no endpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from indexer.config.model import Deployment, Registry, Token
from indexer.config.settings import Settings
from indexer.store.read import reading
from indexer.sync.coverage import book_of, group_of, open_holes, starts_of

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_LAST_CERTIFICATE = """
    SELECT token, chain_id, arg_max(verdict, (block_number, fetched_at)) AS verdict,
           max(block_number) AS block_number
    FROM certificates GROUP BY token, chain_id
"""
_UNCLASSIFIED = """
    SELECT token, chain_id, count(*) FILTER (reason = 'unclassified') AS unclassified, count(*) AS entries
    FROM transfers WHERE effect IN ('mint', 'burn') GROUP BY token, chain_id
"""
_UNDECODED = "SELECT token, chain_id, count(*) AS undecoded FROM undecoded GROUP BY token, chain_id"


def status(settings: Settings, registry: Registry, tokens: Sequence[Token]) -> pa.Table:
    """Return one row per token and chain of this home: frontier, what is missing, last certificate.

    Columns: token, chain, frontier_block, frontier_time, head (the newest block that this home has seen of
    the chain), final, lag_seconds behind it, holes (spans that some contract of the group misses),
    missing_blocks, unclassified of changes (mints and burns) and their share, undecoded, inputs_missing,
    verdict and verified_block of the last certificate, why_null.
    """
    import pyarrow as pa  # noqa: PLC0415 - help does not pay for Arrow

    rows = []
    with reading(settings, registry) as con:
        derivations = _by_place(con, "SELECT * FROM derivations")
        facts = {name: _by_place(con, sql) for name, sql in _FACTS.items()}
        seen = {chain_id for (chain_id,) in con.execute("SELECT DISTINCT chain_id FROM segments").fetchall()}
        for token in tokens:
            for deployment in token.deployments:
                held = derivations.get((token.id, deployment.chain_id))
                if held is not None or (deployment.indexed and deployment.chain_id in seen):
                    rows.append(_row(con, registry, deployment, held or {}, facts))
    return pa.Table.from_pylist(rows, schema=_schema())


_FACTS = {"certificate": _LAST_CERTIFICATE, "unclassified": _UNCLASSIFIED, "undecoded": _UNDECODED}


def _row(
    con: duckdb.DuckDBPyConnection,
    registry: Registry,
    deployment: Deployment,
    held: Mapping[str, Any],
    facts: Mapping[str, Mapping[tuple[str, str], Mapping[str, Any]]],
) -> dict[str, Any]:
    place = (deployment.token, deployment.chain_id)
    seen = _rows(con, "SELECT * FROM segments WHERE chain_id = ?", deployment.chain_id)
    newest = max(seen, key=lambda s: s["last"], default=None)
    holes = _holes(con, registry, deployment, seen, newest["last"] if newest else 0)
    certificate = facts["certificate"].get(place, {})
    changes = facts["unclassified"].get(place, {})
    reached = held.get("frontier_time")
    return {
        "token": deployment.token,
        "chain": deployment.chain,
        "frontier_block": held.get("frontier_block"),
        "frontier_time": reached,
        "head": newest["last"] if newest else None,
        "final": held.get("final"),
        "lag_seconds": int((newest["last_time"] - reached).total_seconds()) if newest and reached else None,
        "holes": len(holes),
        "missing_blocks": sum(len(span) for span in holes),
        "unclassified": changes.get("unclassified", 0),
        "changes": changes.get("entries", 0),
        "unclassified_share": changes["unclassified"] / changes["entries"] if changes else None,
        "undecoded": facts["undecoded"].get(place, {}).get("undecoded", 0),
        "inputs_missing": held.get("inputs_missing"),
        "verdict": certificate.get("verdict"),
        "verified_block": certificate.get("block_number"),
        "why_null": held.get("why_null", "nothing of it is derived yet"),
    }


def _holes(
    con: duckdb.DuckDBPyConnection,
    registry: Registry,
    deployment: Deployment,
    segments: Sequence[Mapping[str, Any]],
    newest: int,
) -> list[Any]:
    found = "SELECT * FROM moments WHERE chain_id = ? AND instant = date_trunc('day', instant)"
    days = {r["instant"].date(): r["block_number"] for r in _rows(con, found, deployment.chain_id)}
    floor = registry.chains[deployment.chain].floor
    starts = starts_of(
        deployment, floor, lambda start: start if isinstance(start, int) else days.get(start, 0)
    )
    book = book_of(segments, _rows(con, "SELECT * FROM filters"), deployment.chain_id)
    return open_holes(book, group_of(deployment, starts), newest)


def _rows(con: duckdb.DuckDBPyConnection, sql: str, *values: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = con.sql(sql, params=list(values)).to_arrow_table().to_pylist()
    return rows


def _by_place(con: duckdb.DuckDBPyConnection, sql: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["token"], row["chain_id"]): row for row in _rows(con, sql)}


def _schema() -> pa.Schema:
    import pyarrow as pa  # noqa: PLC0415 - help does not pay for Arrow

    whole = dict.fromkeys(
        ("frontier_block", "head", "lag_seconds", "holes", "missing_blocks", "unclassified", "changes", "undecoded",
         "inputs_missing", "verified_block"),
        pa.int64(),
    )  # fmt: skip
    kinds = {
        "frontier_time": pa.timestamp("us"),
        "final": pa.bool_(),
        "unclassified_share": pa.float64(),
        **whole,
    }
    names = (
        "token", "chain", "frontier_block", "frontier_time", "head", "final", "lag_seconds", "holes",
        "missing_blocks", "unclassified", "changes", "unclassified_share", "undecoded", "inputs_missing", "verdict",
        "verified_block", "why_null",
    )  # fmt: skip
    return pa.schema([(name, kinds.get(name, pa.string())) for name in names])
