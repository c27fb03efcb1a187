"""The book: the writer's side of the SQL database. One commit is one transaction.

Readers use store/read.py, which needs neither SQLAlchemy nor SQLModel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, and_, create_engine, event, text
from sqlalchemy.pool import NullPool

from indexer.floor.errors import HomeBusy, Usage
from indexer.floor.tables import Table
from indexer.store.bulk import insert_arrow
from indexer.store.read import DATABASES
from indexer.store.sqltables import sql_table
from indexer.store.trouble import store_errors

Row = Mapping[str, Any]
WRITER_KEY = 0x727761
"""The advisory lock of PostgreSQL that the writer holds: `rwa` in ASCII."""


class Book:
    """The SQL database of a home, open for writing; its schema is brought up to date on opening."""

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        with store_errors("opening the database"):
            self._held = _hold(self._engine)
            with self._engine.connect() as connection:
                _migrate(connection)

    def rows(self, table: Table, **equal: str) -> list[dict[str, Any]]:
        """Return the rows of *table* whose columns equal the given values, in key order."""
        source = sql_table(table.name)
        query = source.select().where(*(source.c[name] == value for name, value in equal.items()))
        query = query.order_by(*(source.c[name] for name in table.key))
        with store_errors(f"reading {table.name}"), self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    @contextmanager
    def commit(self) -> Iterator[Commit]:
        """Give one transaction: all of it happens, or none."""
        with store_errors("committing to the database"), self._engine.begin() as connection:
            yield Commit(connection)

    def close(self) -> None:
        if self._held is not None:
            self._held.close()
        self._engine.dispose()


class Commit:
    """One open transaction on the book."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, table: Table, rows: Sequence[Row]) -> None:
        """Insert *rows*; a row with the same key is replaced."""
        if not rows:
            return
        self.remove(table, [{name: row[name] for name in table.key} for row in rows])
        self._connection.execute(sql_table(table.name).insert(), [dict(row) for row in rows])

    def remove(self, table: Table, rows: Sequence[Row]) -> None:
        """Delete the rows that have the given values."""
        target = sql_table(table.name)
        for row in rows:
            self._connection.execute(
                target.delete().where(and_(*(target.c[name] == value for name, value in row.items())))
            )

    def update(self, table: Table, row: Row, **values: Any) -> None:
        """Set *values* on the row that has *row*'s key."""
        target = sql_table(table.name)
        where = and_(*(target.c[name] == row[name] for name in table.key))
        self._connection.execute(target.update().where(where).values(**values))

    def replace(self, table: Table, rows: pa.Table | None, **equal: str) -> None:
        """Replace the copied rows that have the given values by *rows*; None only clears them."""
        target = sql_table(table.name)
        where = [target.c[name] == value for name, value in equal.items()]
        self._connection.execute(target.delete().where(*where))
        if rows is not None:
            insert_arrow(self._connection, target, rows)


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


def _migrate(connection: Connection) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()


def _engine(url: str) -> Engine:
    if url.startswith("sqlite"):
        path = url.partition(":///")[2]
        with store_errors("making the home"):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, poolclass=NullPool)
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        return engine
    if not url.startswith("postgresql"):
        raise Usage(DATABASES)
    try:
        return create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    except ModuleNotFoundError as error:
        raise Usage("PostgreSQL needs its driver: pip install 'rwa-indexer[postgres]'.") from error


def _sqlite_connect(connection: Any, _record: Any) -> None:
    # The driver would open transactions by itself, and not for schema changes; SQLAlchemy begins them.
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 30000"):
        connection.execute(f"PRAGMA {pragma}")
