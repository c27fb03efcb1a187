"""Bulk rows on SQLite: decimals are text, so nothing is rounded on the way in or out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from ledger_kit import ALICE, BOB, CHAIN_ID, TOKEN
from sqlalchemy import select
from store_kit import NOW, opened

from indexer.floor.tables import TABLES, TRANSFERS
from indexer.ledger.figures import rows_of, token_units
from indexer.store.book import Book
from indexer.store.sqltables import sql_table

LARGEST = 10**38 - 1
BALANCES = TABLES["balances"]


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    made, _ = opened(tmp_path)
    yield made
    made.close()


def balances(*amounts: int | None) -> pa.Table:
    rows = [
        {
            "token": "token", "chain_id": CHAIN_ID, "contract": TOKEN, "holder": f"0x{n:040x}", "units": units,
            "balance": token_units(units, 18), "first_seen": NOW, "last_active": NOW, "as_of_block": n,
        }
        for n, units in enumerate(amounts)
    ]  # fmt: skip
    return rows_of(BALANCES, rows)


def stored(folder: Path, columns: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "rwa.db")) as con:
        return con.execute(f"SELECT {columns} FROM balances ORDER BY as_of_block").fetchall()


def replace(book: Book, rows: pa.Table) -> None:
    with book.commit() as commit:
        commit.replace(BALANCES, rows, token="token")


@pytest.mark.parametrize("units", [0, 1, 10**30, 10**30 + 1, LARGEST])
def test_decimals_are_text_to_the_last_digit(book: Book, tmp_path: Path, units: int) -> None:
    """SQLite holds the digits as text, without exponent; as a number it would round beyond 2^63."""
    replace(book, balances(units))
    whole = f"{units:019d}"
    assert stored(tmp_path, "units, typeof(units), balance, typeof(balance)") == [
        (str(units), "text", f"{whole[:-18]}.{whole[-18:]}", "text")
    ]


def test_the_models_read_what_bulk_wrote(book: Book, tmp_path: Path) -> None:
    """Rows written in bulk come back through SQLAlchemy as the same decimals, times and numbers."""
    rows = balances(10**30 + 1, LARGEST, None)
    replace(book, rows)
    table = sql_table("balances")
    with book.commit() as commit:
        found = commit.connection.execute(select(table).order_by(table.c.as_of_block)).mappings().all()
    assert [dict(row) for row in found] == rows.to_pylist()
    assert found[1]["units"] == Decimal(LARGEST)
    assert stored(tmp_path, "typeof(units)")[2] == ("null",)


def test_many_rows_come_in_several_chunks(book: Book, tmp_path: Path) -> None:
    """More rows than one chunk are all there, in their order, exact."""
    many = 60_001
    replace(book, balances(*(10**30 + n for n in range(many))))
    found = stored(tmp_path, "units")
    assert [units for (units,) in found] == [str(10**30 + n) for n in range(many)]


def test_replacing_takes_only_the_named_rows(book: Book, tmp_path: Path) -> None:
    """Rows of the given values go, those of others stay; None only clears."""
    replace(book, balances(1, 2))
    with book.commit() as commit:
        commit.replace(BALANCES, None, token="other")
    assert len(stored(tmp_path, "units")) == 2
    replace(book, balances(3))
    assert stored(tmp_path, "units") == [("3",)]
    with book.commit() as commit:
        commit.replace(BALANCES, None, token="token")
    assert stored(tmp_path, "units") == []


def test_text_is_bound_not_spliced(book: Book, tmp_path: Path) -> None:
    """Text with quotes and statements is kept as it is."""
    odd = "it's'); DROP TABLE balances; --"
    rows = rows_of(
        TRANSFERS,
        [
            {
                "token": "token", "chain_id": CHAIN_ID, "contract": TOKEN, "block_number": 1, "block_time": NOW,
                "tx_hash": "0x", "tx_index": 0, "log_index": 0, "entry": 0, "from_address": ALICE, "to_address": BOB,
                "effect": "move", "reason": odd, "rule": "r", "evidence": "e",
            }
        ],
    )  # fmt: skip
    with book.commit() as commit:
        commit.replace(TRANSFERS, rows, token="token")
    with closing(sqlite3.connect(tmp_path / "rwa.db")) as con:
        assert con.execute("SELECT reason FROM transfers").fetchall() == [(odd,)]
