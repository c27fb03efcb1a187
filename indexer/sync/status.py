"""`rwa status`: how far each token is, and what is missing. Reads the home only; asks no endpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from indexer.config.model import Deployment, Registry, Token
from indexer.config.settings import Settings
from indexer.store.read import reading
from indexer.sync.coverage import book_of, group_of, open_holes, starts_of
from indexer.sync.health import health

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_LAST_CERTIFICATE = """
    SELECT token, chain_id, arg_max(verdict, (block_number, fetched_at)) AS verdict,
           max(block_number) AS block_number
    FROM certificates GROUP BY token, chain_id
"""

EVIDENCE = ("event", "input", "role", "match", "pattern", "default")
"""How a rule may know what a mint or a burn was, the surest first."""

_VOLUME = "sum(CAST(amount_raw AS DOUBLE))"
_KINDS = [(name, f"evidence = '{name}'") for name in EVIDENCE]
_COUNTED = [
    ("unclassified", "reason = 'unclassified'"),
    *((f"{name}_changes", where) for name, where in _KINDS),
]
_SHARED = [("unclassified_share", "reason = 'unclassified'"), *_KINDS]
_COUNTS = ("changes", "amounts_unknown", *(name for name, _ in _COUNTED))
_SHARES = tuple(name for name, _ in _SHARED)
_FIGURES = [
    *(f"count(*) FILTER ({where}) AS {name}" for name, where in _COUNTED),
    *(f'{_VOLUME} FILTER ({where}) / nullif({_VOLUME}, 0) AS "{name}"' for name, where in _SHARED),
]
_CHANGES = f"""
    SELECT token, chain_id, count(*) AS changes, count(*) FILTER (amount_raw IS NULL) AS amounts_unknown,
           {", ".join(_FIGURES)}
    FROM transfers WHERE effect IN ('mint', 'burn') GROUP BY token, chain_id
"""
"""Mints and burns by evidence: how many, and their share of what was minted and burned. A ratio is a DOUBLE."""

_UNDECODED = "SELECT token, chain_id, count(*) AS undecoded FROM undecoded GROUP BY token, chain_id"


def status(settings: Settings, registry: Registry, tokens: Sequence[Token]) -> pa.Table:
    """Return one row per token and chain of this home: frontier, what is missing, last certificate.

    Columns: token, chain, state (how its chain is, by ``health``; chain_says is the sentence), frontier_block,
    frontier_time, head (the newest block of the chain that this home has seen), final, lag_seconds behind it,
    holes (spans that some contract of the group misses), missing_blocks, unclassified of changes (mints and
    burns), undecoded, inputs_missing, verdict and verified_block of the last certificate, why_null. The share
    of the volume minted and burned stands under each evidence's name and as unclassified_share, how many
    changes as event_changes …; those whose amount is not known (amounts_unknown) have no volume.
    """
    with reading(settings, registry) as con:
        return status_of(con, registry, tokens)


def status_of(con: duckdb.DuckDBPyConnection, registry: Registry, tokens: Sequence[Token]) -> pa.Table:
    """Return the rows of ``status`` over the tables of a home."""
    import pyarrow as pa  # noqa: PLC0415 - help does not pay for Arrow

    rows = []
    derivations = _by_place(con, "SELECT * FROM derivations")
    facts = {name: _by_place(con, sql) for name, sql in _FACTS.items()}
    heads = {row["chain_id"]: row for row in _rows(con, "SELECT * FROM heads")}
    seen = {chain_id for (chain_id,) in con.execute("SELECT DISTINCT chain_id FROM segments").fetchall()}
    for token in tokens:
        for deployment in token.deployments:
            held = derivations.get((token.id, deployment.chain_id))
            if held is not None or (deployment.indexed and deployment.chain_id in seen):
                rows.append(
                    _row(con, registry, deployment, held or {}, facts, heads.get(deployment.chain_id))
                )
    return pa.Table.from_pylist(rows, schema=status_schema())


_FACTS = {"certificate": _LAST_CERTIFICATE, "changes": _CHANGES, "undecoded": _UNDECODED}


def _row(
    con: duckdb.DuckDBPyConnection,
    registry: Registry,
    deployment: Deployment,
    held: Mapping[str, Any],
    facts: Mapping[str, Mapping[tuple[str, str], Mapping[str, Any]]],
    head: Mapping[str, Any] | None,
) -> dict[str, Any]:
    place = (deployment.token, deployment.chain_id)
    seen = _rows(con, "SELECT * FROM segments WHERE chain_id = ?", deployment.chain_id)
    newest = max(seen, key=lambda s: s["last"], default=None)
    holes = _holes(con, registry, deployment, seen, newest["last"] if newest else 0)
    newest_block, newest_time = _newest(head, newest)
    chain = health(head, registry.chains[deployment.chain].block_ms, datetime.now(UTC).replace(tzinfo=None))
    certificate = facts["certificate"].get(place, {})
    changes = facts["changes"].get(place, {})
    reached = held.get("frontier_time")
    return {
        "token": deployment.token,
        "chain": deployment.chain,
        "state": chain.state,
        "frontier_block": held.get("frontier_block"),
        "frontier_time": reached,
        "head": newest_block,
        "final": held.get("final"),
        "lag_seconds": int((newest_time - reached).total_seconds()) if newest_time and reached else None,
        "holes": len(holes),
        "missing_blocks": sum(len(span) for span in holes),
        **{name: changes.get(name, 0) for name in _COUNTS},
        **{name: _share(changes, name) for name in _SHARES},
        "undecoded": facts["undecoded"].get(place, {}).get("undecoded", 0),
        "inputs_missing": held.get("inputs_missing"),
        "verdict": certificate.get("verdict"),
        "verified_block": certificate.get("block_number"),
        "why_null": held.get("why_null", "nothing of it is derived yet"),
        "chain_says": chain.why,
    }


def _newest(
    head: Mapping[str, Any] | None, segment: Mapping[str, Any] | None
) -> tuple[int | None, datetime | None]:
    """Return the newest block of the chain that this home has seen, named by an endpoint or fetched."""
    blocks = [(s["last"], s["last_time"]) for s in (segment,) if s]
    blocks += [(h["head_number"], h["head_time"]) for h in (head,) if h and h["head_number"] is not None]
    return max(blocks, default=(None, None))


def _share(changes: Mapping[str, Any], name: str) -> float | None:
    """Return a share of the volume: 0 where nothing of that kind happened, None where nothing happened."""
    whole = changes.get("changes", 0) - changes.get("amounts_unknown", 0)
    return (changes.get(name) or 0.0) if whole else None


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


_WHOLE = ("frontier_block", "head", "lag_seconds", "holes", "missing_blocks", "undecoded", "inputs_missing",
          "verified_block", *_COUNTS)  # fmt: skip
_NAMES = ("token", "chain", "state", "frontier_block", "frontier_time", "head", "final", "lag_seconds", "holes",
          "missing_blocks", *_COUNTS, *_SHARES, "undecoded", "inputs_missing", "verdict", "verified_block",
          "why_null", "chain_says")  # fmt: skip


def status_schema() -> pa.Schema:
    import pyarrow as pa  # noqa: PLC0415 - help does not pay for Arrow

    kinds = {
        "frontier_time": pa.timestamp("us"),
        "final": pa.bool_(),
        **dict.fromkeys(_SHARES, pa.float64()),
        **dict.fromkeys(_WHOLE, pa.int64()),
    }
    return pa.schema([(name, kinds.get(name, pa.string())) for name in _NAMES])
