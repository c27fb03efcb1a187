"""Derived and metric tables of one token on one chain: files first, then one transaction lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from indexer.floor.tables import DERIVED, FILES, RESTATEMENTS, TABLES, Table
from indexer.store.book import Book, Commit
from indexer.store.lake import Lake
from indexer.sync.restating import LATE, restated
from indexer.sync.session import now
from indexer.sync.writer import file_row, unlist

BookRows = Mapping[Table, list[dict[str, Any]]]


def commit_tables(  # noqa: PLR0913 - each says something of its own
    book: Book,
    lake: Lake,
    place: tuple[str, str],
    tables: Mapping[str, pa.Table],
    *,
    sql: str,
    rows: BookRows,
    cause: str = LATE,
    copy_again: bool = False,
) -> int:
    """Replace *tables* of the (token, chain id) *place* and put *rows* into the book; return files changed.

    Of a table of products the place is (product, `all`). A file whose content did not change keeps its name,
    so nothing is written for it. *sql* says which copies go to SQL: all, metrics or none; *copy_again*
    copies what did not change too. Published figures that change are restated, with *cause*.
    """
    token, chain_id = place
    listed = {
        (row["table_name"], row["path"])
        for row in book.rows(FILES, token=token, chain_id=chain_id)
        if row["unlisted_at"] is None
    }
    files = {
        name: lake.write(TABLES[name], table, {"token": token, "chain_id": chain_id})
        for name, table in tables.items()
        if table.num_rows
    }
    fresh = [name for name, file in files.items() if (name, file.path) not in listed]
    kept = {file.path for file in files.values()}
    old = [path for name, path in sorted(listed) if name in tables and path not in kept]
    emptied = {name for name, path in listed if path in old} - set(fresh)
    at = now()
    was = {name: [p for n, p in listed if n == name] for name in tables}
    told = [
        row
        for name in [*fresh, *sorted(emptied)]
        for row in restated(TABLES[name], lake.read(TABLES[name], was[name]), tables[name], cause, at)
    ]
    with book.commit() as commit:
        commit.put(RESTATEMENTS, told)
        unlist(commit, old)
        commit.put(FILES, [file_row(files[name]) for name in fresh])
        for table, values in rows.items():
            commit.put(table, values)
        for name in tables if copy_again else [*fresh, *sorted(emptied)]:
            _copy(commit, TABLES[name], tables[name], place, sql)
    return len(fresh) + len(emptied)


def _copy(commit: Commit, table: Table, rows: pa.Table, place: tuple[str, str], sql: str) -> None:
    wanted = sql == "all" or (sql == "metrics" and table not in DERIVED)
    owner = {"product": place[0]} if "product" in table.key else {"token": place[0], "chain_id": place[1]}
    commit.replace(table, rows if wanted else None, **owner)
