"""Metrics of one token on one chain: the inputs as views, the models, the audits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from indexer.config.dimensions import dimension_rows
from indexer.config.model import Registry
from indexer.floor.calendar import utc_days
from indexer.floor.errors import Permanent
from indexer.floor.tables import (
    BRIDGE_LEGS,
    CALENDAR,
    CERTIFICATES,
    DERIVATIONS,
    DERIVED,
    DIMENSIONS,
    EXTERNAL_SUPPLY,
    IMPORTED_NAVS,
    METRICS,
    NAVS,
    PUBLICATIONS,
    SUPPLY_DAILY,
    TABLES,
    arrow_schema,
)
from indexer.metrics.increment import compute_since
from indexer.metrics.runner import Break, audit, compute
from indexer.store.read import add_imported_navs, arrow_rows, register

if TYPE_CHECKING:
    import duckdb

Rows = Sequence[Mapping[str, Any]]

ALL_CHAINS = "all"
WHOLE = ("holders_daily",)
"""Tables with rows for a token over all its chains: one address on two chains counts once there."""

PRODUCTS = ("product_daily",)
"""Tables with rows for a product over all its tokens and chains."""

PRODUCTS_READ = (SUPPLY_DAILY, BRIDGE_LEGS)
"""Stored tables of the tokens of a product that its own rows are made from."""


PRODUCT_AUDITS = ("product_is_its_parts",)
"""Audits that read what ``whole_products`` computes."""


MEMORY = "1500MB"
"""What DuckDB may hold: Arrow tables come in beside it, and Python's part of the work. More goes to SPILL."""

SPILL = Path(gettempdir()) / "rwa-metrics"

CONTRADICTED = "the figures do not hold together"
"""How the reason begins where an audit finds a break: a negative balance, balances that are not the supply,
a roll-forward that does not close."""


class Inconsistent(Permanent):
    """An audit found rows that contradict each other; the text says which."""


def measure(
    registry: Registry,
    derivations: Rows,
    derived: Mapping[str, pa.Table],
    certificates: Rows = (),
    publications: Rows = (),
    only: Sequence[str] | None = None,
) -> dict[str, pa.Table]:
    """Return the metric tables of what is derived; raises Inconsistent where an audit finds a break.

    Rows that hold for a token over all its chains are left to ``whole_token``, those of products to
    ``whole_products``.
    """
    con = connection(registry, derivations, derived, certificates, publications)
    tables = _computed(con, only)
    breaks = audit(con) if only is None else []
    if breaks:
        raise Inconsistent(_said(breaks[0]))
    return {name: by_whole(rows, whole=False) for name, rows in tables.items()}


def measure_since(
    registry: Registry,
    derivations: Rows,
    derived: Mapping[str, pa.Table],
    certificates: Rows,
    publications: Rows,
    cuts: Mapping[tuple[str, str], date],
    held: Mapping[str, pa.Table],
) -> dict[str, pa.Table]:
    """Return the rows of ``measure`` from the day of each place in *cuts* on; balances and requests whole.

    *held* are the committed metrics, and the `transfers` that they were made of. Rows that hold for a token over
    all its chains are there too: they are of worth where all of its places are measured. Raises Inconsistent.
    """
    con = connection(registry, derivations, derived, certificates, publications)
    tables = compute_since(con, cuts, held)
    for name in PRODUCTS:
        register(con, TABLES[name], arrow_schema(TABLES[name]).empty_table())
    breaks = audit(con)
    if breaks:
        raise Inconsistent(_said(breaks[0]))
    return tables


def measured(
    registry: Registry,
    stands: dict[str, Any],
    inputs: Mapping[str, pa.Table],
    told: tuple[Rows, Rows],
    day: date | None,
    held: Mapping[str, pa.Table],
) -> tuple[dict[str, pa.Table], date | None]:
    """Return the metrics of the derivation *stands*, and from which day on they are; None where of all days.

    *told* are certificates and publications. What contradicts itself is measured whole, and then with its stocks
    NULL for that reason, which *stands* tells.
    """
    if day is not None:
        key = (stands["token"], stands["chain_id"])
        try:
            tables = measure_since(registry, [stands], inputs, *told, {key: day}, held)
            return {name: by_whole(rows, whole=False) for name, rows in tables.items()}, day
        except Inconsistent:
            pass
    try:
        return measure(registry, [stands], inputs, *told), None
    except Inconsistent as error:
        stands["why_null"] = str(error)
        return measure(registry, [stands], inputs, *told), None


def measure_all(
    registry: Registry,
    derivations: Rows,
    derived: Mapping[str, pa.Table],
    certificates: Rows,
    publications: Rows,
) -> tuple[dict[str, pa.Table], Mapping[tuple[str, str], str]]:
    """Return the metric tables of several tokens, each on all its chains, those over all chains included; and why.

    Where an audit finds a break the rows of the whole are no good: the second result then says of which (token,
    chain id), and why its stocks are NULL. One run for many costs a small part of one run each.
    """
    con = connection(registry, derivations, derived, certificates, publications)
    tables = _computed(con, None)
    return tables, {(found.token, found.chain_id): _said(found) for found in reversed(audit(con))}


def _computed(con: duckdb.DuckDBPyConnection, only: Sequence[str] | None) -> dict[str, pa.Table]:
    """Return the rows of all metrics of tokens, or of *only*, and leave them for the audits."""
    wanted = [table.name for table in METRICS if table.name not in PRODUCTS] if only is None else only
    tables = dict(compute(con, wanted))
    for name in PRODUCTS:
        register(con, TABLES[name], arrow_schema(TABLES[name]).empty_table())
    return tables


def _said(found: Break) -> str:
    return (
        f"{CONTRADICTED} ({found.audit}: {found.detail}): a log may be missing, or the "
        "configured start may be too late"
    )


def connection(
    registry: Registry,
    derivations: Rows,
    derived: Mapping[str, pa.Table],
    certificates: Rows,
    publications: Rows,
) -> duckdb.DuckDBPyConnection:
    """Return a connection with the models' inputs as views."""
    import duckdb  # noqa: PLC0415 - fetching does not pay for DuckDB

    con = duckdb.connect(":memory:")
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET preserve_insertion_order = false")
    con.execute(f"SET memory_limit = '{MEMORY}'")
    con.execute(f"SET temp_directory = '{SPILL}'")
    for name, table in derived.items():
        register(con, TABLES[name], table)
    dimensions = dimension_rows(registry)
    for dimension in DIMENSIONS:
        if dimension.name in dimensions:
            register(con, dimension, arrow_rows(dimension, dimensions[dimension.name]))
    register(con, DERIVATIONS, arrow_rows(DERIVATIONS, derivations))
    register(con, CERTIFICATES, arrow_rows(CERTIFICATES, certificates))
    register(con, PUBLICATIONS, arrow_rows(PUBLICATIONS, publications))
    register(con, CALENDAR, _days(derivations, derived))
    if IMPORTED_NAVS.name in derived:
        con.execute("DROP VIEW navs")
        add_imported_navs(con, f"arrow_{NAVS.name}")
    return con


def whole_token(
    registry: Registry, derivations: Rows, derived: Mapping[str, pa.Table], publications: Rows
) -> dict[str, pa.Table]:
    """Return the rows that hold for one token over all its chains: chain_id is `all`."""
    con = connection(registry, derivations, derived, (), publications)
    return {name: by_whole(rows, whole=True) for name, rows in compute(con, WHOLE)}


def whole_products(
    registry: Registry, derivations: Rows, stored: Mapping[str, pa.Table], external: Rows
) -> dict[str, pa.Table]:
    """Return the rows of every product whose tokens' PRODUCTS_READ tables are in *stored*.

    *external* are the rows of external_supply. Raises Permanent where the rows contradict the tokens'.
    """
    derived = {table.name: stored.get(table.name, arrow_schema(table).empty_table()) for table in DERIVED}
    con = connection(registry, derivations, derived, (), ())
    register(con, SUPPLY_DAILY, stored[SUPPLY_DAILY.name])
    register(con, EXTERNAL_SUPPLY, arrow_rows(EXTERNAL_SUPPLY, external))
    last = max(row["frontier_time"] for row in derivations).date()
    first = pc.min(stored[SUPPLY_DAILY.name]["day"]).as_py()
    register(con, CALENDAR, utc_days(min(first or last, last), last))
    made = dict(compute(con, PRODUCTS, given=(SUPPLY_DAILY.name,)))
    breaks = audit(con, PRODUCT_AUDITS)
    if breaks:
        raise Permanent(f"The figures of a product do not hold together: {breaks[0].detail}. This is a bug.")
    return made


def by_whole(rows: pa.Table, *, whole: bool) -> pa.Table:
    every = pc.equal(rows["chain_id"], ALL_CHAINS)
    return rows.filter(every if whole else pc.invert(every))


def _days(derivations: Rows, derived: Mapping[str, pa.Table]) -> pa.Table:
    """Return the calendar from the first event to the last frontier."""
    columns = (("transfers", "block_time"), ("supply_changes", "effective_at"), ("rebases", "effective_at"))
    moments: list[datetime] = [row["frontier_time"] for row in derivations]
    for name, column in columns:
        first = pc.min(derived[name][column]).as_py() if derived[name].num_rows else None
        if first is not None:
            moments.append(first)
    return utc_days(min(moments).date(), max(row["frontier_time"] for row in derivations).date())
