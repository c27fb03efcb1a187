"""Derived and metric tables of one token on one chain: files first, then one transaction lists them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from indexer.floor.tables import DERIVED, FILES, RESTATEMENTS, TABLES, Table
from indexer.store.book import Book, Commit
from indexer.store.lake import Lake, LakeFile
from indexer.sync.periods import periods, reaches
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
    since: date | None = None,
) -> int:
    """Replace *tables* of the (token, chain id) *place* and put *rows* into the book; return tables changed.

    Of a table of products the place is (product, `all`). Given *since*, daily figures are those from that day on,
    and what is before stays. A file whose content did not change keeps its name, so nothing is written for it.
    *sql* says which copies go to SQL: all, metrics or none; *copy_again* copies what did not change too. Published
    figures that change are restated, with *cause*.
    """
    listed = _listed(book, place, tables)
    changes = [
        _changed(lake, place, TABLES[name], fresh, listed[name], since) for name, fresh in tables.items()
    ]
    at = now()
    told = [
        row
        for change in changes
        if change.differs
        for row in restated(change.table, lake.read(change.table, change.paths), change.rows, cause, at)
    ]
    with book.commit() as commit:
        commit.put(RESTATEMENTS, told)
        for change in changes:
            unlist(commit, change.gone)
            commit.put(FILES, [file_row(file) for file in change.fresh])
        for table, values in rows.items():
            commit.put(table, values)
        for change in changes:
            if copy_again or change.differs:
                _copy(commit, change.table, tables[change.table.name], place, sql, since)
    return sum(change.differs for change in changes)


class Change(NamedTuple):
    """What becomes of one table: the files read again (*paths*), their *rows* now, files *gone* and *fresh*."""

    table: Table
    paths: list[str]
    rows: pa.Table
    gone: list[str]
    fresh: list[LakeFile]

    @property
    def differs(self) -> bool:
        return bool(self.gone or self.fresh)


def _listed(book: Book, place: tuple[str, str], names: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the listed files of each table of *place*."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for row in book.rows(FILES, token=place[0], chain_id=place[1]):
        if row["unlisted_at"] is None and row["table_name"] in found:
            found[row["table_name"]].append(row)
    return found


def _changed(
    lake: Lake,
    place: tuple[str, str],
    table: Table,
    rows: pa.Table,
    listed: list[dict[str, Any]],
    since: date | None,
) -> Change:
    """Write *rows* by period, and beside those from *since* on what the files of its period hold before it."""
    if since is not None and "day" in table.names:
        listed = [file for file in listed if reaches(file, since)]
        held = lake.read(table, [file["path"] for file in listed])
        rows = pa.concat_tables([held.filter(pc.less(held["day"], pa.scalar(since, pa.date32()))), rows])
        if table.key[2:3] != ("day",):
            rows = rows.sort_by([(name, "ascending") for name in table.key])
    paths = [file["path"] for file in listed]
    where = {"token": place[0], "chain_id": place[1]}
    files = [
        lake.write(table, part.rows, {**where, "first": part.first, "last": part.last})
        for part in periods(table, rows)
    ]
    kept = {file.path for file in files}
    return Change(
        table,
        paths,
        rows,
        [path for path in sorted(paths) if path not in kept],
        [file for file in files if file.path not in paths],
    )


def _copy(
    commit: Commit, table: Table, rows: pa.Table, place: tuple[str, str], sql: str, since: date | None
) -> None:
    wanted = sql == "all" or (sql == "metrics" and table not in DERIVED)
    owner = {"product": place[0]} if "product" in table.key else {"token": place[0], "chain_id": place[1]}
    commit.replace(table, rows if wanted else None, since=since if "day" in table.names else None, **owner)
