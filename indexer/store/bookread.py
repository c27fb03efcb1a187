"""The book as readers see it: all its tables as of one moment, without SQLAlchemy."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.floor.errors import StoreUnusable, Usage
from indexer.floor.tables import BOOK, Table, arrow_schema
from indexer.store.intact import REPAIR, check_revision

if TYPE_CHECKING:
    import pyarrow as pa

DATABASES = "--database takes sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME."
MARK = "database-id"
"""The file of a lake that names the database which lists its files."""

Rows = Sequence[Mapping[str, Any]]


def read_book(home: Path, database: str) -> dict[str, pa.Table]:
    """Return the tables of the book, all as of one moment."""
    if database.startswith("sqlite"):
        return _read_sqlite(home, Path(database.partition(":///")[2]))
    if database.startswith("postgresql"):
        return _read_postgres(database)
    raise Usage(DATABASES)


def stamp(home: Path, database: str) -> object:
    """Return something that differs once anything was committed to the book; cheap enough to ask each second."""
    if database.startswith("postgresql"):
        return _postgres_stamp(database)
    path = Path(database.partition(":///")[2])
    if not path.exists():
        raise _no_database(home, path)
    return tuple(_file_stamp(file) for file in (path, path.with_name(f"{path.name}-wal")))


def _file_stamp(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _postgres_stamp(database: str) -> object:
    """Return the number that the server's next writing transaction has: readers take none."""
    with _postgres(database) as con:
        return con.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next").fetchone()["next"]


def arrow_rows(table: Table, rows: Rows) -> pa.Table:
    """Return *rows* as the Arrow table that *table* declares; a missing column is NULL."""
    import pyarrow as pa  # noqa: PLC0415 - help does not pay for Arrow

    schema = arrow_schema(table)
    return pa.Table.from_pylist(
        [{name: row.get(name) for name in schema.names} for row in rows], schema=schema
    )


def _read_sqlite(home: Path, path: Path) -> dict[str, pa.Table]:
    if not path.exists():
        raise _no_database(home, path)
    try:
        with closing(_open_sqlite(path)) as con:
            con.execute("BEGIN")
            check_revision(_revision(con), f"The database {path}")
            return {table.name: _sqlite_table(con, table) for table in BOOK}
    except sqlite3.Error as error:
        if "no such table: files" in str(error) or "no such table: filters" in str(error):
            raise _no_database(home, path) from None
        if "no such table" in str(error) or "no such column" in str(error):
            raise StoreUnusable(
                f"The database {path} was made by an older version. Run `rwa rebuild` once: it brings it up to date."
            ) from None
        raise StoreUnusable(f"The database {path} cannot be read ({error}). {REPAIR}") from error
    except (
        ValueError,
        ArithmeticError,
        TypeError,
    ) as error:  # SQLite keeps no checksum: a cell is not what it was
        raise StoreUnusable(f"The database {path} holds what no column can ({error}). {REPAIR}") from error


def _no_database(home: Path, path: Path) -> StoreUnusable | Usage:
    """Return what to say where there is no database, or an empty one: lost, or not made yet."""
    return lost(path) if (home / "lake" / MARK).exists() else _no_data(home)


def lost(path: Path) -> StoreUnusable:
    """Return what to say where the database *path* is gone and its lake is there."""
    return StoreUnusable(
        f"The database {path} is missing or empty, and the lake beside it is not. Run `rwa repair --store`: it makes "
        "the database again from the lake."
    )


def _open_sqlite(path: Path) -> sqlite3.Connection:
    """Return a connection that only reads.

    Where the folder is read-only too, SQLite cannot make the file through which it shares a write-ahead log; without
    such a log there is nothing to share, and the database is read as it lies.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro"
    wal = path.with_name(f"{path.name}-wal")
    still = not os.access(path.parent, os.W_OK) and not (wal.exists() and wal.stat().st_size)
    return sqlite3.connect(f"{uri}&immutable=1" if still else uri, uri=True, timeout=30)


def _revision(con: sqlite3.Connection) -> str | None:
    """Return the revision of the database's schema; None where it has none yet."""
    if con.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone() is None:
        return None
    row = con.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


def _no_data(home: Path) -> Usage:
    return Usage(
        f"There is no data in {home} yet. Fetch some first, for example `rwa backfill ustb`, "
        "or name another folder with --home."
    )


def _sqlite_table(con: sqlite3.Connection, table: Table) -> pa.Table:
    names = ", ".join(f'"{name}"' for name in table.names)
    fetched = con.execute(f'SELECT {names} FROM "{table.name}"')
    kinds = [column.kind for column in table.columns]
    return arrow_rows(table, [_typed(table.names, kinds, row) for row in fetched])


def _typed(names: Iterable[str], kinds: Iterable[str], row: Sequence[Any]) -> dict[str, Any]:
    return {
        name: value if value is None or kind not in _FROM_SQLITE else _FROM_SQLITE[kind](value)
        for name, kind, value in zip(names, kinds, row, strict=True)
    }


_FROM_SQLITE: Mapping[str, Callable[[Any], Any]] = {
    "time": datetime.fromisoformat,
    "day": date.fromisoformat,
    "bool": bool,
    "units": Decimal,
    "amount": Decimal,
}


def _read_postgres(database: str) -> dict[str, pa.Table]:
    with _postgres(database) as con:
        _check_postgres(con)
        return {table.name: arrow_rows(table, _postgres_rows(con, table)) for table in BOOK}


@contextmanager
def _postgres(database: str) -> Iterator[Any]:
    """Give a connection whose transaction sees one moment; what goes wrong with it is said as a sentence."""
    try:
        import psycopg  # noqa: PLC0415 - an extra
        from psycopg.rows import dict_row  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise Usage("PostgreSQL needs its driver: pip install 'rwa-indexer[postgres]'.") from None
    url = database.replace("postgresql+psycopg://", "postgresql://", 1)
    try:
        with psycopg.connect(
            url, row_factory=dict_row, options="-c default_transaction_isolation=repeatable\\ read"
        ) as con:
            yield con
    except psycopg.errors.UndefinedTable:
        raise Usage(
            "There is no data in this database yet. Fetch some first, for example `rwa backfill ustb`."
        ) from None
    except psycopg.Error as error:
        raise StoreUnusable(
            f"The PostgreSQL database cannot be read ({type(error).__name__}); check --database and that it runs."
        ) from None


def _postgres_rows(con: Any, table: Table) -> Rows:
    names = ", ".join(f'"{name}"' for name in table.names)
    rows: Rows = con.execute(f'SELECT {names} FROM "{table.name}"').fetchall()
    return rows


def _check_postgres(con: Any) -> None:
    if con.execute("SELECT to_regclass('alembic_version') AS held").fetchone()["held"] is not None:
        row = con.execute("SELECT version_num FROM alembic_version").fetchone()
        check_revision(None if row is None else row["version_num"], "The database")
