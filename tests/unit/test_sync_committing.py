"""Derived and metric tables: files, manifest and SQL copy change together, and only where rows changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from ledger_kit import ALICE, CHAIN_ID, TOKEN, moment
from store_kit import NOW, opened

from indexer.floor.tables import DERIVATIONS, FILES, PUBLICATIONS, SUPPLY_CHANGES, TABLES, UNDECODED
from indexer.ledger.figures import rows_of
from indexer.store.book import Book
from indexer.store.lake import Lake
from indexer.sync.committing import commit_tables

PLACE = ("token", CHAIN_ID)
Home = tuple[Book, Lake]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    book, lake = opened(tmp_path)
    yield book, lake
    book.close()


def supply(*totals: int, token: str = "token") -> pa.Table:
    rows = [
        {
            "token": token, "chain_id": CHAIN_ID, "contract": TOKEN, "effective_at": moment(n), "block_number": n,
            "log_index": 0, "cause": "mint", "units": total, "supply_raw": total, "supply": total, "min_units": 1,
            "reads_used": 0,
            "rate_read": False,
        }
        for n, total in enumerate(totals)
    ]  # fmt: skip
    return rows_of(SUPPLY_CHANGES, rows)


def balances(*holders: str) -> pa.Table:
    rows = [
        {
            "token": "token", "chain_id": CHAIN_ID, "contract": TOKEN, "holder": holder, "units": 1, "balance": 1,
            "first_seen": NOW, "last_active": NOW, "as_of_block": 1,
        }
        for holder in holders
    ]  # fmt: skip
    return rows_of(TABLES["balances"], rows)


def put(home: Home, sql: str = "all", **tables: pa.Table) -> int:
    return commit_tables(*home, PLACE, tables, sql=sql, rows={})


def listed(home: Home) -> dict[str, str]:
    return {row["table_name"]: row["path"] for row in home[0].rows(FILES) if row["unlisted_at"] is None}


def copied(folder: Path, table: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "rwa.db")) as con:
        return con.execute(f'SELECT * FROM "{table}"').fetchall()


def test_a_table_is_listed_and_copied(home: Home, tmp_path: Path) -> None:
    """A new table is a listed file with its rows, and the same rows are in SQL."""
    assert put(home, supply_changes=supply(5, 7)) == 1
    path = listed(home)["supply_changes"]
    assert home[1].read(SUPPLY_CHANGES, [path]).equals(supply(5, 7))
    assert len(copied(tmp_path, "supply_changes")) == 2


def test_the_same_rows_again_change_nothing(home: Home) -> None:
    """Content names the file, so the same rows are the same file: nothing changes."""
    put(home, supply_changes=supply(5, 7))
    before = home[0].rows(FILES)
    assert put(home, supply_changes=supply(5, 7)) == 0
    assert home[0].rows(FILES) == before


def test_other_rows_take_the_place_of_the_old(home: Home, tmp_path: Path) -> None:
    """After a change only the new file is listed and only the new rows are in SQL."""
    put(home, supply_changes=supply(5, 7))
    old = listed(home)["supply_changes"]
    assert put(home, supply_changes=supply(5)) == 1
    assert listed(home)["supply_changes"] != old
    assert len(copied(tmp_path, "supply_changes")) == 1


def test_rows_that_come_back_are_listed_again(home: Home) -> None:
    """Rows that were there before have their old file, listed once more."""
    put(home, supply_changes=supply(5))
    first = listed(home)
    put(home, supply_changes=supply(6))
    put(home, supply_changes=supply(5))
    assert listed(home) == first


def test_a_table_that_loses_its_rows_has_no_file(home: Home, tmp_path: Path) -> None:
    """An emptied table leaves the manifest and the copy."""
    put(home, supply_changes=supply(5))
    assert put(home, supply_changes=supply()) == 1
    assert (listed(home), copied(tmp_path, "supply_changes")) == ({}, [])


def test_tables_that_were_not_given_stay(home: Home) -> None:
    """Writing some tables leaves the others of the place alone."""
    put(home, supply_changes=supply(5), undecoded=rows_of(UNDECODED, []))
    put(home, balances=balances(ALICE))
    assert set(listed(home)) == {"supply_changes", "balances"}


def test_other_tokens_stay(home: Home, tmp_path: Path) -> None:
    """Replacing a token's rows leaves those of another token on the chain."""
    commit_tables(
        *home, ("other", CHAIN_ID), {"supply_changes": supply(9, token="other")}, sql="all", rows={}
    )
    put(home, supply_changes=supply(5))
    put(home, supply_changes=supply(6))
    assert {row[0] for row in copied(tmp_path, "supply_changes")} == {"other", "token"}


@pytest.mark.parametrize(("sql", "derived", "metric"), [("all", 1, 1), ("metrics", 0, 1), ("none", 0, 0)])
def test_sql_holds_what_was_asked_for(
    home: Home, tmp_path: Path, sql: str, derived: int, metric: int
) -> None:
    """--sql metrics copies no derived table, none copies nothing; the lake has all in any case."""
    put(home, sql, supply_changes=supply(5), balances=balances(ALICE))
    assert (len(copied(tmp_path, "supply_changes")), len(copied(tmp_path, "balances"))) == (derived, metric)
    assert set(listed(home)) == {"supply_changes", "balances"}


def test_the_book_s_rows_come_with_the_tables(home: Home) -> None:
    """What the tables rest on is booked in the same transaction."""
    row = {"token": "token", "chain_id": CHAIN_ID, "through_day": date(2026, 1, 1), "published_at": NOW}
    commit_tables(*home, PLACE, {"supply_changes": supply(5)}, sql="all", rows={PUBLICATIONS: [row]})
    assert home[0].rows(PUBLICATIONS) == [row]


def test_a_commit_that_fails_leaves_everything(home: Home, tmp_path: Path) -> None:
    """Where a row cannot be booked neither manifest nor copy changes."""
    put(home, supply_changes=supply(5))
    before = home[0].rows(FILES)
    with pytest.raises(KeyError):
        commit_tables(
            *home, PLACE, {"supply_changes": supply(6)}, sql="all", rows={DERIVATIONS: [{"token": "token"}]}
        )
    assert home[0].rows(FILES) == before
    assert [row[7] for row in copied(tmp_path, "supply_changes")] == ["5"]
