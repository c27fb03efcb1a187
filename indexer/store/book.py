"""The book: the writer's side of the SQL database. One commit is one transaction.

Readers use store/read.py, which needs neither SQLAlchemy nor SQLModel.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
from alembic import command
from alembic.config import Config
from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Engine,
    Insert,
    Select,
    Update,
    and_,
    bindparam,
    create_engine,
    event,
    inspect,
    text,
)
from sqlalchemy import Table as SqlTable

from indexer.floor.errors import HomeBusy, StoreUnusable, Usage
from indexer.floor.tables import CLAIMS, FILES, Table
from indexer.store.bookread import DATABASES
from indexer.store.bulk import insert_arrow
from indexer.store.intact import REPAIR, check_revision
from indexer.store.journal import KEPT, Act, Journal, kept
from indexer.store.sqltables import sql_table
from indexer.store.trouble import store_errors

Row = Mapping[str, Any]
Equal = tuple[tuple[str, str], ...]
REMEMBERED = 64
"""So many answers of the book are kept in memory: what each look of a follower asks for."""
JOURNALED = "journal"
"""The claim that names the journal's entry of the last commit."""
WRITER_KEY = 0x727761
"""The advisory lock of PostgreSQL that the writer holds: `rwa` in ASCII."""


class Book:
    """The SQL database of a home, open for writing; its schema is brought up to date on opening."""

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        self._journal: Journal | None = None
        self._read: dict[tuple[str, Equal], list[dict[str, Any]]] = {}
        self._folder = None if self._engine.dialect.name != "sqlite" else sqlite_path(url).parent
        with store_errors("opening the database", self._folder):
            self._held = _hold(self._engine)
            with self._engine.connect() as connection:
                _migrate(connection)

    def rows(self, table: Table, **equal: str) -> list[dict[str, Any]]:
        """Return the rows of *table* whose columns equal the given values, in key order.

        A book has one writer, so what was read stays true until a commit of its own touches the table.
        """
        key = table.name, tuple(equal.items())
        if key not in self._read:
            while len(self._read) >= REMEMBERED:
                del self._read[next(iter(self._read))]
            self._read[key] = self._rows(table, equal)
        return [dict(row) for row in self._read[key]]

    def _rows(self, table: Table, equal: Mapping[str, str]) -> list[dict[str, Any]]:
        query = _select(table.name, table.key, tuple(equal))
        with store_errors(f"reading {table.name}"), self._engine.connect() as connection:
            try:
                return [dict(row) for row in connection.execute(query, equal).mappings()]
            except (ValueError, ArithmeticError, TypeError) as error:  # a cell is not what was written
                raise StoreUnusable(
                    f"The table {table.name} holds what no column can ({error}). {REPAIR}"
                ) from error

    @contextmanager
    def commit(self) -> Iterator[Commit]:
        """Give one transaction: all of it happens, or none."""
        with store_errors("committing to the database", self._folder):
            with self._transaction() as commit:
                yield commit
                told = kept(commit.acts)
                if self._journal is not None and told:
                    after = self._last_told(commit.connection)
                    commit.put(CLAIMS, [_told(self._journal.add(after, told))])
            if self._journal is not None and told and self._journal.is_long():
                self._begin(self._journal)

    @contextmanager
    def _transaction(self) -> Iterator[Commit]:
        """Give a transaction; what was read of the tables that it touches is forgotten, however it ends."""
        touched = set[str]()
        try:
            with self._engine.begin() as connection:
                yield Commit(connection, touched)
        finally:
            self._read = {key: rows for key, rows in self._read.items() if key[0] not in touched}

    def keep(self, journal: Journal) -> None:
        """Tell every commit from now on to *journal* too, before it happens.

        A journal that does not tell of the last commit begins anew: of a home that had none, or of another
        database's copy.
        """
        with store_errors("opening the journal", self._folder):
            with self._engine.connect() as connection:
                last = self._last_told(connection)
            if not journal.holds(last):
                self._begin(journal, aside=True)
        self._journal = journal

    def _begin(self, journal: Journal, *, aside: bool = False) -> None:
        state = {table: self.rows(table) for table in (*KEPT, FILES, CLAIMS)}
        name = journal.begin(state, aside=aside)
        with self._transaction() as commit:
            commit.put(CLAIMS, [_told(name)])

    def _last_told(self, connection: Connection) -> str:
        claims = sql_table(CLAIMS.name)
        found = connection.execute(claims.select().where(claims.c.claim == JOURNALED)).mappings().first()
        return str(found["owner"]) if found else ""

    def close(self) -> None:
        if self._held is not None:
            self._held.close()
        self._engine.dispose()


class Commit:
    """One open transaction on the book; the names of the tables that it touches go to *touched*."""

    def __init__(self, connection: Connection, touched: set[str] | None = None) -> None:
        self.connection = connection
        self._touched = set[str]() if touched is None else touched
        self.acts: list[Act] = []
        """What this transaction did to the book, for the journal."""

    def put(self, table: Table, rows: Sequence[Row]) -> None:
        """Insert *rows*; a row with the same key is replaced."""
        if not rows:
            return
        self._remove(table, [{name: row[name] for name in table.key} for row in rows])
        self.acts.append(Act("put", table, rows))
        self.connection.execute(_insert(table.name), [dict(row) for row in rows])

    def remove(self, table: Table, rows: Sequence[Row]) -> None:
        """Delete the rows that have the given values."""
        self.acts.append(Act("remove", table, rows))
        self._remove(table, rows)

    def do(self, act: Act) -> None:
        """Do again what a journal tells."""
        if act.kind == "put":
            self.put(act.table, act.rows)
        elif act.kind == "remove":
            self.remove(act.table, act.rows)
        else:
            self.update(act.table, act.rows[0], **(act.values or {}))

    def _remove(self, table: Table, rows: Sequence[Row]) -> None:
        self._touched.add(table.name)
        if rows:
            query = _delete(table.name, tuple(rows[0]))
            self.connection.execute(query, [{f"old_{k}": v for k, v in row.items()} for row in rows])

    def update(self, table: Table, row: Row, **values: Any) -> None:
        """Set *values* on the row that has *row*'s key."""
        key = {name: row[name] for name in table.key}
        self.acts.append(Act("update", table, [key], values))
        self._touched.add(table.name)
        query = _update(table.name, table.key, tuple(values))
        self.connection.execute(query, {**{f"old_{k}": v for k, v in key.items()}, **values})

    def replace(self, table: Table, rows: pa.Table | None, since: date | None = None, **equal: str) -> None:
        """Replace the copied rows that have the given values by *rows*; None only clears them.

        Given *since*, only those of days from it on.
        """
        if since is None:
            self._remove(table, [equal])
        else:
            target = sql_table(table.name)
            same = [target.c[name] == value for name, value in equal.items()]
            self._touched.add(table.name)
            self.connection.execute(target.delete().where(and_(*same, target.c["day"] >= since)))
        if rows is not None:
            insert_arrow(self.connection, sql_table(table.name), rows)


# Statements are made once, since they are asked often. A value may be NULL in no column that rows are named by.


@cache
def _insert(name: str) -> Insert:
    return sql_table(name).insert()


@cache
def _delete(name: str, named: tuple[str, ...]) -> Delete:
    target = sql_table(name)
    return target.delete().where(*_these(target, named))


@cache
def _update(name: str, key: tuple[str, ...], changed: tuple[str, ...]) -> Update:
    target = sql_table(name)
    return (
        target.update().where(*_these(target, key)).values({column: bindparam(column) for column in changed})
    )


def _these(target: SqlTable, named: Iterable[str]) -> list[ColumnElement[bool]]:
    return [target.c[column] == bindparam(f"old_{column}") for column in named]


@cache
def _select(name: str, key: tuple[str, ...], equal: tuple[str, ...]) -> Select[Any]:
    """Return the query for a table's rows by the columns *equal*, in key order."""
    source = sql_table(name)
    query = source.select().where(*(source.c[name] == bindparam(name) for name in equal))
    return query.order_by(*(source.c[name] for name in key))


def _hold(engine: Engine) -> Connection | None:
    """Hold a PostgreSQL database for one writer: a home's lock does not reach the homes that share it.

    The server lets go when the connection ends, so a killed writer leaves nothing behind.
    """
    if engine.dialect.name != "postgresql":
        return None
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    if not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": WRITER_KEY}).scalar():
        connection.close()
        raise HomeBusy(
            "Another rwa process is writing to this database; wait until it ends, or choose another --database. "
            "Reading commands work meanwhile."
        )
    return connection


def alembic_config() -> Config:
    """Return Alembic's configuration; the connection is handed over by the caller."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _told(entry: str) -> dict[str, Any]:
    return {"claim": JOURNALED, "owner": entry, "fetched_at": datetime.now(UTC).replace(tzinfo=None)}


def sqlite_path(url: str) -> Path:
    """Return the file of an SQLite database."""
    return Path(url.partition(":///")[2]).absolute()


def _migrate(connection: Connection) -> None:
    if inspect(connection).has_table("alembic_version"):
        check_revision(
            connection.execute(text("SELECT version_num FROM alembic_version")).scalar(), "The database"
        )
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()


def _engine(url: str) -> Engine:
    if url.startswith("sqlite"):
        with store_errors("making the home"):
            sqlite_path(url).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url)
        prepare(engine)
        return engine
    if not url.startswith("postgresql"):
        raise Usage(DATABASES)
    try:
        return create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    except ModuleNotFoundError as error:
        raise Usage("PostgreSQL needs its driver: pip install 'rwa-indexer[postgres]'.") from error


def prepare(engine: Engine) -> None:
    """Let an SQLite *engine* commit to the disk, and begin transactions itself."""
    event.listen(engine, "connect", _sqlite_connect)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))


def _sqlite_connect(connection: Any, _record: Any) -> None:
    # The driver would open transactions by itself, and not for schema changes; SQLAlchemy begins them.
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 30000"):
        connection.execute(f"PRAGMA {pragma}")
