"""The SQL tables as SQLModel classes, made from the one declaration in floor/tables.py."""

from __future__ import annotations

import types
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Double, Index, LargeBinary, Numeric, Text
from sqlalchemy import Table as SqlTable
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel

from indexer.floor.tables import BOOK, DERIVED, DIGITS, DIMENSIONS, METRICS, MONEY_SCALE, SCALE, Table


class Exact(TypeDecorator[Decimal]):
    """A decimal that no database rounds: NUMERIC on PostgreSQL, plain text on SQLite."""

    impl = Text
    cache_ok = True

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale

    def __repr__(self) -> str:
        return f"Exact({self.scale})"

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())
        return dialect.type_descriptor(Numeric(DIGITS, self.scale))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Decimal | str | None:
        if value is None or dialect.name != "sqlite":
            return value
        return format(value, "f")

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        del dialect
        return None if value is None else Decimal(value)


_KINDS: Mapping[str, tuple[type[Any], TypeEngine[Any]]] = {
    "text": (str, Text()),
    "int": (int, BigInteger()),
    "bool": (bool, Boolean()),
    "time": (datetime, DateTime()),
    "day": (date, Date()),
    "bytes": (bytes, LargeBinary()),
    "bytes20": (bytes, LargeBinary()),
    "bytes32": (bytes, LargeBinary()),
    "units": (Decimal, Exact(0)),
    "amount": (Decimal, Exact(SCALE)),
    "money": (Decimal, Exact(MONEY_SCALE)),
    "ratio": (float, Double()),
}

COPIED = (*DERIVED, *METRICS, *DIMENSIONS)
"""Tables that SQL holds as a copy for other people's tools; nothing here reads them."""


def _model(table: Table) -> type[SQLModel]:
    """Return the SQLModel class of *table*.

    The book has its key as primary key. A copy is replaced whole per token and chain and its key may
    hold NULL, so it has an index instead, and the mapper is told the key.
    """
    booked = table in BOOK
    annotations: dict[str, Any] = {}
    fields: dict[str, Any] = {"__tablename__": table.name, "__module__": __name__, "__doc__": table.doc}
    columns: dict[str, Column[Any]] = {}
    for column in table.columns:
        python, sql = _KINDS[column.kind]
        columns[column.name] = Column(
            column.name,
            sql,
            primary_key=booked and column.name in table.key,
            nullable=column.nullable,
            comment=column.doc,
        )
        annotations[column.name] = python | None if column.nullable else python
        default = None if column.nullable else ...
        fields[column.name] = Field(default=default, sa_column=columns[column.name])
    if not booked:
        fields["__mapper_args__"] = {"primary_key": [columns[name] for name in table.key]}
        fields["__table_args__"] = (Index(f"ix_{table.name}", *table.key),)
    fields["__annotations__"] = annotations
    return types.new_class(
        "".join(part.title() for part in table.name.split("_")),
        (SQLModel,),
        {"table": True},
        lambda namespace: namespace.update(fields),
    )


MODELS: Mapping[str, type[SQLModel]] = {table.name: _model(table) for table in (*BOOK, *COPIED)}


def sql_table(name: str) -> SqlTable:
    """Return the SQLAlchemy table of the table called *name*."""
    return SQLModel.metadata.tables[name]
