"""What the OpenAPI description says of rows: each column with its kind and its meaning, from the declarations."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from indexer.config.model import Registry
from indexer.config.settings import Settings
from indexer.floor.tables import BOOK, METRICS, TABLES, Table, arrow_schema
from indexer.metrics.answers import ANSWERS, Question
from indexer.store.read import over

if TYPE_CHECKING:
    import pyarrow as pa

Schema = dict[str, Any]

DECIMAL = r"^-?\d+(\.\d+)?$"
"""An exact amount is text: JSON's numbers would lose digits."""

MEANING: Mapping[str, str] = {
    "supply": "Stock, in token units: what is held at the close of a UTC day, at a block or at an instant.",
    "rollforward": "Flow, in token units, per UTC day: opening + movements = closing.",
    "holders": "Stock: how many addresses, holders and entities hold at the close of a UTC day, and how concentrated.",
    "balances": "Stock, in token units: what each address holds at a point, largest first.",
    "flows": "Flow, in token units, per UTC day, by effect, reason and evidence.",
    "transfers": "Flow, in token units: the entries of the ledger, each with what it was and how that is known.",
    "nav": "Stock: the price of one token unit in force, how old it is, and the value of the supply at it.",
    "product": "Stock, in the product's currency: a product over all its tokens and chains at the close of a UTC day.",
    "queue": "Stock: requests by kind at a point: waits until settlement, and what still waits by age, in seconds.",
    "cohorts": "Stock, in addresses: holders by the month they came in, and how many hold at each month's close.",
    "yield": "Ratio, a year: what a unit has earned between two observations of its price or multiplier.",
}


def columns(settings: Settings, registry: Registry) -> dict[str, Schema]:
    """Return the schema of a row of every answer, by its name: each is asked for no token, of a home without rows."""
    nothing = Question(tokens=())
    with closing(
        over(settings, registry, {table.name: arrow_schema(table).empty_table() for table in BOOK})
    ) as con:
        return {name: of_arrow(answer(con, nothing).schema) for name, answer in ANSWERS.items()}


def of_table(table: Table) -> Schema:
    """Return the JSON schema of a row of *table*."""
    docs = {column.name: column.doc for column in table.columns}
    return _object(arrow_schema(table), docs)


def of_arrow(schema: pa.Schema) -> Schema:
    """Return the JSON schema of a row of an answer; what a column means is told by the table that declares it."""
    docs: dict[str, str] = {}
    for table in (*TABLES.values(), *BOOK, *METRICS):
        docs |= {column.name: column.doc for column in table.columns}
    return _object(schema, docs)


def _object(schema: pa.Schema, docs: Mapping[str, str]) -> Schema:
    fields = {
        field.name: {**_kind(field.type), "description": docs.get(field.name, field.name)} for field in schema
    }
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _kind(kind: pa.DataType) -> Schema:
    import pyarrow as pa  # noqa: PLC0415 - help does not pay for Arrow

    for fits, told in (
        (pa.types.is_decimal, {"type": ["string", "null"], "pattern": DECIMAL}),
        (pa.types.is_integer, {"type": ["integer", "null"]}),
        (pa.types.is_floating, {"type": ["number", "null"]}),
        (pa.types.is_boolean, {"type": ["boolean", "null"]}),
        (pa.types.is_timestamp, {"type": ["string", "null"], "format": "date-time"}),
        (pa.types.is_date, {"type": ["string", "null"], "format": "date"}),
    ):
        if fits(kind):
            return told
    return {"type": ["string", "null"]}


AS_OF: Schema = {
    "type": "array",
    "description": "Through which block each token on each chain is told, and its last certificate.",
    "items": {
        "type": "object",
        "properties": {
            "token": {"type": "string"},
            "chain_id": {"type": "string"},
            "block_number": {"type": "integer"},
            "block_time": {"type": "string", "format": "date-time"},
            "final": {"type": "boolean"},
            "why_null": {"type": ["string", "null"]},
            "certificate": {"type": ["string", "null"]},
            "certified_block": {"type": ["integer", "null"]},
        },
    },
}


def page(row: Schema) -> Schema:
    """Return the JSON schema of a page of rows."""
    return {
        "type": "object",
        "required": ["as_of", "rows", "next", "note"],
        "properties": {
            "as_of": AS_OF,
            "rows": {"type": "array", "items": row},
            "note": {"type": ["string", "null"], "description": "Where there are no rows: what there is."},
            "next": {
                "type": ["string", "null"],
                "description": "cursor of the page that follows; null at the end",
            },
        },
    }


ERROR: Schema = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string", "description": "What is wrong, and what to do."}},
}
