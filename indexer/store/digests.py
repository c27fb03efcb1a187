"""One digest a table: two homes with the same rows have the same digests, however they were fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.floor.tables import (
    AUDITS,
    CLAIMS,
    ENDPOINTS,
    FILES,
    FILTERS,
    HEADS,
    RESTATEMENTS,
    SEGMENTS,
    TABLES,
    Table,
)

if TYPE_CHECKING:
    import duckdb

PROGRESS = (SEGMENTS, FILES, FILTERS, ENDPOINTS, HEADS, CLAIMS, AUDITS, RESTATEMENTS)
"""How rows were fetched, where they lie and what was said on the way: differs between runs that reach the same."""

_BY_CHANCE = frozenset({"fetched_at", "published_at", "imported_at", "superseded_at", "endpoint"})


def digests(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return the digest of every table but the book of progress, without wall clocks and endpoint names.

    The order of rows does not matter, their number does.
    """
    return {table.name: _digest(con, table) for table in TABLES.values() if table not in PROGRESS}


def _digest(con: duckdb.DuckDBPyConnection, table: Table) -> str:
    names = [name for name in table.names if name not in _BY_CHANCE]
    cells = ", ".join(f'coalesce(CAST("{name}" AS VARCHAR), chr(0))' for name in names)
    row = con.execute(
        f"SELECT md5(coalesce(string_agg(line, '' ORDER BY line), '')) || '-' || count(*) "
        f'FROM (SELECT md5(concat_ws(chr(31), {cells})) AS line FROM "{table.name}")'
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has one row
    return str(row[0])
