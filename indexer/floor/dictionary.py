"""The data dictionary: what every table and column means, made from the one declaration of the tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from indexer.floor.tables import BOOK, DERIVED, DIMENSIONS, METRICS, RAW, TABLES, Table

PART_OF = {
    table.name: part
    for part, tables in (
        ("raw", RAW), ("ledger", DERIVED), ("metrics", METRICS), ("book", BOOK), ("dimensions", DIMENSIONS),
    )
    for table in tables
}  # fmt: skip
"""What each table is a part of."""

PARQUET_TYPES = {
    "text": "string", "int": "int64", "bool": "boolean", "time": "timestamp (UTC, microseconds)", "day": "date",
    "bytes": "binary", "bytes20": "binary (20 bytes)", "bytes32": "binary (32 bytes)", "units": "decimal(38,0)",
    "amount": "decimal(38,18)", "money": "decimal(38,6)", "ratio": "double",
}  # fmt: skip
POSTGRES_TYPES = {
    "text": "text", "int": "bigint", "bool": "boolean", "time": "timestamp without time zone", "day": "date",
    "bytes": "bytea", "bytes20": "bytea", "bytes32": "bytea", "units": "numeric(38,0)", "amount": "numeric(38,18)",
    "money": "numeric(38,6)", "ratio": "double precision",
}  # fmt: skip
UNITS = {
    "units": "base units or shares", "amount": "token units, or the price or multiplier of one",
    "money": "currency of the price", "ratio": "share of a whole",
}  # fmt: skip


class Entry(NamedTuple):
    """One column of the dictionary."""

    table: str
    part: str
    column: str
    type: str
    postgres_type: str
    unit: str
    key: bool
    nullable: bool
    meaning: str


def entries(tables: Iterable[Table] = tuple(TABLES.values())) -> Iterator[Entry]:
    """Yield every column of *tables* in order."""
    for table in tables:
        for column in table.columns:
            yield Entry(
                table.name,
                PART_OF[table.name],
                column.name,
                PARQUET_TYPES[column.kind],
                POSTGRES_TYPES[column.kind],
                UNITS.get(column.kind, ""),
                column.name in table.key,
                column.nullable,
                column.doc,
            )


def dbt_sources(tables: Iterable[Table]) -> str:
    """Return a dbt ``sources.yml`` of *tables* as a database holds them."""
    lines = [
        "# Made by scripts/docs from indexer/floor/tables.py; a test compares the two.",
        "version: 2",
        "",
        "sources:",
        "  - name: rwa",
        "    description: Tokenized real-world assets as rwa-indexer derives, measures and certifies them",
        "    schema: \"{{ var('rwa_schema', 'public') }}\"",
        "    tables:",
    ]
    for table in tables:
        lines += [
            f"      - name: {table.name}",
            f"        description: {_yaml(table.doc)}",
            f"        meta: {{part: {PART_OF[table.name]}, key: [{', '.join(table.key)}]}}",
            "        columns:",
        ]
        for column in table.columns:
            lines += [
                f"          - name: {column.name}",
                f"            description: {_yaml(column.doc)}",
                f"            data_type: {POSTGRES_TYPES[column.kind]}",
            ]
            if not column.nullable:
                lines.append("            data_tests: [not_null]")
    return "\n".join(lines) + "\n"


def _yaml(text: str) -> str:
    """Return *text* as a YAML scalar: every JSON string is one."""
    return json.dumps(text, ensure_ascii=False)
