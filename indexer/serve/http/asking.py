"""The parameters that routes take. One that a route does not have is refused: misspelt, it would change nothing."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from indexer.floor.tables import Table
from indexer.serve.http.formats import Form
from indexer.serve.http.listings import time_of

ROWS = 1_000
MOST_ROWS = 10_000
LONGEST_SQL = 20_000
LONGEST_IN_URL = 4_000
"""Characters; each may take twelve in a URL, of which servers and proxies take 64 KiB."""

_DAY = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
_CHAIN: Any = Field([], max_length=200, description="Only these chains, by name; repeatable.")
_FIRST: Any = Field(None, alias="from", pattern=_DAY, description="First UTC day.")
_LAST: Any = Field(None, alias="to", pattern=_DAY, description="Last UTC day, included.")


class Formed(BaseModel):
    """How rows are written."""

    model_config = ConfigDict(extra="forbid")

    form: Form | None = Field(
        None, alias="format", description="How rows are written; else the Accept header says."
    )


class Paged(Formed):
    """Which page of the rows."""

    limit: int = Field(ROWS, ge=1, le=MOST_ROWS, description="Rows of a page.")
    cursor: str | None = Field(
        None, max_length=100, pattern=r"^[A-Za-z0-9_-]+$", description="`next` of the page before."
    )


class Answered(Paged):
    """A question to one of the answers."""

    at: str | None = Field(
        None, max_length=40, description="At this block, the close of this UTC day, or this UTC time."
    )
    first: str | None = _FIRST
    last: str | None = _LAST
    chain: list[str] = _CHAIN
    known_on: str | None = Field(
        None, pattern=_DAY, description="Days as they were published by this UTC day."
    )
    product: bool = Field(default=False, description="The name is a product's, not a token's.")


class OnBasis(Answered):
    """A question to the roll-forward."""

    basis: str = Field("total", max_length=20, description="total or circulating.")


class Selected(Formed):
    """One SELECT in DuckDB's SQL over the tables."""

    q: str = Field(
        max_length=LONGEST_IN_URL, description="One SELECT; a longer one goes into the body of a POST."
    )
    limit: int = Field(MOST_ROWS, ge=1, le=MOST_ROWS, description="At most so many rows.")


class Posted(BaseModel):
    """One SELECT in DuckDB's SQL over the tables, in a body."""

    model_config = ConfigDict(extra="forbid")

    sql: str = Field(max_length=LONGEST_SQL, description="One SELECT.")
    limit: int = Field(MOST_ROWS, ge=1, le=MOST_ROWS, description="At most so many rows.")


def listing(table: Table) -> type[Paged]:
    """Return the parameters of a listing of *table*: filters for the columns that it has."""
    fields: dict[str, Any] = {}
    if "token" in table.names:
        told = "Only these tokens, by id, product, symbol or contract; repeatable."
        fields["token"] = (list[str], Field([], max_length=200, description=told))
    if "chain_id" in table.names:
        fields["chain"] = (list[str], _CHAIN)
    if time_of(table) is not None:
        fields |= {"first": (str | None, _FIRST), "last": (str | None, _LAST)}
    return create_model(f"{table.name}_listing", __base__=Paged, **fields)
