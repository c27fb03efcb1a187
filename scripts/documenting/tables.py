"""docs/tables.md out of the one declaration in indexer/floor/tables.py."""

from __future__ import annotations

from indexer.floor.tables import BOOK, DERIVED, DIMENSIONS, METRICS, RAW, Column, Table

KINDS = {
    "text": "VARCHAR",
    "int": "BIGINT",
    "bool": "BOOLEAN",
    "time": "TIMESTAMP",
    "day": "DATE",
    "bytes": "BLOB",
    "bytes20": "BLOB, 20 bytes",
    "bytes32": "BLOB, 32 bytes",
    "units": "DECIMAL(38,0)",
    "amount": "DECIMAL(38,18)",
    "money": "DECIMAL(38,6)",
    "ratio": "DOUBLE",
}
"""A column's kind as a reader of `rwa query` meets it."""

PARTS = (
    ("Raw rows", "What nodes answered, kept whole. Parquet only.", RAW),
    ("Ledger", "Derived from raw rows, replaced whole per token and chain.", DERIVED),
    ("Metrics", "Computed from the ledger by the .sql files of indexer/metrics; see [metrics](metrics.md).", METRICS),
    ("Book", "What was fetched, from where, and what was proved. Kept in SQL.", BOOK),
    (
        "Dimensions",
        "The configuration as rows, made when `rwa query` or Python opens a home, and copied to SQL by each backfill.",
        DIMENSIONS,
    ),
)  # fmt: skip

OPENING = """\
# Tables

<!-- Made by scripts/docs from indexer/floor/tables.py; a test compares the two. -->

Every table of `rwa query` and `indexer.open`. Ledger and metrics have the same names and columns in Parquet and in SQL.
Times are UTC. Addresses and hashes are lower-case 0x text, and raw bytes in `logs` and `reads`.
`DECIMAL(38,0)` holds base units or shares, `DECIMAL(38,18)` token units; on SQLite both are plain text, because
SQLite would turn them into floats. What does not fit or is not known is NULL, and `why_null` says why.
Bold columns name a row; a question mark after the type says that NULL is allowed.
"""

EMPTY: dict[str, str] = {}
"""Tables that are declared and have no rows for a reader, and why."""


def page() -> str:
    """Return the page, whole."""
    return "\n".join([OPENING, *(line for part in PARTS for line in _part(*part))])


def _part(title: str, sentence: str, tables: tuple[Table, ...]) -> list[str]:
    lines = [f"## {title}", "", sentence, ""]
    for table in tables:
        said = " ".join([table.doc, *([EMPTY[table.name]] if table.name in EMPTY else [])])
        lines += [f"### {table.name}", "", said, "", "| column | type | meaning |", "|---|---|---|"]
        lines += [_row(table, column) for column in table.columns]
        lines.append("")
    return lines


def _row(table: Table, column: Column) -> str:
    name = f"**{column.name}**" if column.name in table.key else column.name
    kind = KINDS[column.kind] + ("?" if column.nullable else "")
    return f"| {name} | {kind} | {column.doc.replace('|', chr(92) + '|')} |"
