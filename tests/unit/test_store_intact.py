"""Damage on disk is noticed: every flipped bit of a file, every page and cell of the database, in a sentence."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest
from line_kit import settings_for
from store_kit import moves, opened, piece

from indexer.floor.errors import StoreUnusable
from indexer.floor.tables import BOOK, LOGS
from indexer.store.book import Book
from indexer.store.intact import check_revision, flaws, known_revisions
from indexer.store.journal import Journal
from indexer.store.lake import Lake
from indexer.store.read import connect, guarded, read_book
from indexer.sync.writer import LogWriter

SEED = 20_261
FLIPS = 300


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with logs, a journal, and nothing derived."""
    book, lake = opened(tmp_path)
    assert lake.folder is not None
    book.keep(Journal(lake.folder))
    writer = LogWriter(book, lake)
    for first in range(0, 500, 10):
        writer.add(piece(first, first + 9, first + 1, first + 5))
        writer.flush()
    book.close()
    return tmp_path


def test_every_flipped_bit_of_a_file_is_noticed(tmp_path: Path) -> None:
    """Of three hundred files with one bit flipped each none is read."""
    draw = random.Random(SEED)
    lake = Lake(str(tmp_path))
    path = lake.write(LOGS, moves(*range(1, 200)), {"chain_id": "c"}).path
    sound = (tmp_path / path).read_bytes()
    for _ in range(FLIPS):
        body = bytearray(sound)
        body[draw.randrange(len(body))] ^= 1 << draw.randrange(8)
        (tmp_path / path).write_bytes(body)
        with pytest.raises(StoreUnusable, match=r"is damaged.*Run `rwa repair --store`"):
            lake.read(LOGS, [path])


def test_readers_notice_too(home: Path) -> None:
    """A query on raw logs looks at their files first; one that needs them not is answered."""
    file = next((home / "lake" / "logs").rglob("*.parquet"))
    body = bytearray(file.read_bytes())
    body[len(body) // 2] ^= 1
    file.write_bytes(body)
    settings, registry = settings_for(home, [])
    with connect(settings, registry) as con, pytest.raises(StoreUnusable, match="is damaged"):
        guarded(con, "SELECT count(*) FROM logs", 1, 5.0, settings.lake)
    with connect(settings, registry) as con:
        assert guarded(con, "SELECT count(*) AS n FROM segments", 1, 5.0, settings.lake).to_pylist() == [
            {"n": 50}
        ]


def test_what_is_wrong_with_a_file_is_said(tmp_path: Path) -> None:
    """Missing, a folder of that name, and another content are told apart."""
    lake = Lake(str(tmp_path))
    path = lake.write(LOGS, moves(1), {"chain_id": "c"}).path
    (tmp_path / "logs" / "c" / "0-folder.parquet").mkdir()
    (tmp_path / path).write_bytes(b"")
    found = flaws(tmp_path, [path, "logs/none.parquet", "logs/c/0-folder.parquet"])
    assert [flaw.what.split(" (")[0].split(":")[0] for flaw in found] == [
        "is damaged",
        "is missing",
        "cannot be read",
    ]


@pytest.mark.parametrize("seed", range(40))
def test_a_database_with_a_damaged_page_is_read_right_or_not_at_all(home: Path, seed: int) -> None:
    """Forty databases with a page, a cell or a byte of another kind: StoreUnusable or rows, never another error."""
    draw = random.Random(seed)
    database = home / "rwa.db"
    body = bytearray(database.read_bytes())
    at, length = draw.randrange(100, len(body)), draw.choice([1, 8, 200, 4096])
    body[at : at + length] = draw.randbytes(min(length, len(body) - at))
    database.write_bytes(body)
    url = f"sqlite:///{database}"
    with suppress(StoreUnusable):
        assert set(read_book(home, url)) == {table.name for table in BOOK}
    with suppress(StoreUnusable):
        book = Book(url)
        try:
            for table in BOOK:
                book.rows(table)
        finally:
            book.close()


def test_a_database_of_a_newer_version_is_left_alone(home: Path) -> None:
    """A schema that this version does not know is StoreUnusable, for writers and readers; not a byte is changed."""
    with closing(sqlite3.connect(home / "rwa.db")) as con, con:
        con.execute("UPDATE alembic_version SET version_num = '9999'")
    with closing(sqlite3.connect(home / "rwa.db")) as con:
        con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = (home / "rwa.db").read_bytes()
    with pytest.raises(StoreUnusable, match=r"newer version.*pip install -U rwa-indexer"):
        Book(f"sqlite:///{home / 'rwa.db'}")
    with pytest.raises(StoreUnusable, match=r"newer version.*pip install -U rwa-indexer"):
        connect(*settings_for(home, []))
    assert (home / "rwa.db").read_bytes() == before


def test_the_revisions_are_those_of_the_migrations() -> None:
    """Each migration's file begins with its revision, so readers need not import Alembic to know them."""
    folder = Path(__file__).parents[2] / "indexer" / "store" / "migrations" / "versions"
    told = {line.split("'")[1] for file in folder.glob("*.py") for line in file.read_text().splitlines()
            if line.startswith("revision =")}  # fmt: skip
    assert known_revisions() == told
    for revision in told:
        check_revision(revision, "It")


def test_a_raw_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """Raw rows with a column that this version does not know are StoreUnusable: it would lose that column."""
    lake = Lake(str(tmp_path))
    rows = moves(1, 2)
    path = lake.write(LOGS, rows.append_column("blob_gas", rows["block_number"]), {"chain_id": "c"}).path
    with pytest.raises(StoreUnusable, match=r"newer version.*pip install -U rwa-indexer"):
        lake.read(LOGS, [path])
