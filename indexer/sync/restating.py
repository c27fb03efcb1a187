"""Restatements: published daily figures that a commit changes, told beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from indexer.floor.tables import Table
from indexer.metrics.known import figures_of, kinds_of, labelled

if TYPE_CHECKING:
    import pyarrow as pa

LATE = "late data"
"""The cause where neither code nor configuration changed and no repair or reorganisation is known."""

IMPORTED = "import"
"""The cause where a file told other figures than the one before, or figures where there were none."""

REPAIRED = "repaired"
"""What stands for the configuration's digest of a derivation whose logs a repair changed under it."""


def restated(table: Table, old: pa.Table, new: pa.Table, cause: str, at: datetime) -> list[dict[str, Any]]:
    """Return a row of ``restatements`` for each published figure of *old* that *new* has otherwise.

    A row that one of them lacks has no figures there. What was not published may change as it likes.
    """
    if not {"day", "published_at"} <= set(table.names) or not _any_published(old):
        return []
    figures = figures_of(table)
    return [
        row
        for changed in _changed(table, old, new, figures)
        for row in _rows(table, changed, figures, cause, at)
    ]


def cause_of(held: Mapping[str, Any] | None, made: Mapping[str, Any], otherwise: str) -> str:
    """Return why figures of a derivation changed: its code, its configuration, else *otherwise*."""
    if held is not None and held["code_version"] != made["code_version"]:
        return "code"
    if held is not None and held["config_digest"] == REPAIRED:
        return "repair"
    if held is not None and held["config_digest"] != made["config_digest"]:
        return "config"
    return otherwise


def _any_published(old: pa.Table) -> bool:
    return bool(old.num_rows and old["published_at"].null_count < old.num_rows)


def _changed(table: Table, old: pa.Table, new: pa.Table, figures: list[str]) -> list[dict[str, Any]]:
    """Return the published rows with another figure: their keys, each figure as it was (o_) and as it is (n_)."""
    import duckdb  # noqa: PLC0415 - help does not pay for DuckDB
    import pyarrow.compute as pc  # noqa: PLC0415 - nor for Arrow

    old = old.filter(pc.is_valid(old["published_at"]))
    new = new.filter(pc.less_equal(new["day"], pc.max(old["day"])))
    keys = ", ".join(f'coalesce(old."{name}", new."{name}") AS "{name}"' for name in table.key)
    same = " AND ".join(f'old."{name}" IS NOT DISTINCT FROM new."{name}"' for name in table.key)
    pairs = ", ".join(
        f'CAST(old."{n}" AS VARCHAR) AS "o_{n}", CAST(new."{n}" AS VARCHAR) AS "n_{n}"' for n in figures
    )
    differ = " OR ".join(f'old."{name}" IS DISTINCT FROM new."{name}"' for name in figures)
    with duckdb.connect(":memory:") as con:
        con.register("old", old)
        con.register("new", new)
        found = con.sql(f"SELECT {keys}, {pairs} FROM old FULL JOIN new ON {same} WHERE {differ}")
        rows: list[dict[str, Any]] = found.to_arrow_table().to_pylist()
        return rows


def _rows(
    table: Table, changed: Mapping[str, Any], figures: list[str], cause: str, at: datetime
) -> Iterator[dict[str, Any]]:
    more = [str(changed[name]) for name in kinds_of(table)]
    for name in figures:
        before, after = changed[f"o_{name}"], changed[f"n_{name}"]
        if before != after:
            yield {
                "token": changed.get("token", changed.get("product")),
                "chain_id": changed.get("chain_id", "all"),
                "table_name": table.name,
                "day": changed["day"],
                "column_name": labelled(name, more),
                "old_value": before,
                "new_value": after,
                "cause": cause,
                "fetched_at": at,
            }
