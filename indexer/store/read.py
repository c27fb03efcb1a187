"""The read path: every table of a home as a DuckDB view. Needs neither web3 nor SQLAlchemy."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from indexer.config.dimensions import dimension_rows
from indexer.config.model import Registry
from indexer.config.settings import Settings
from indexer.floor.calendar import utc_days
from indexer.floor.errors import StoreUnusable, Usage
from indexer.floor.tables import BOOK, CALENDAR, DIMENSIONS, IMPORTED_NAVS, NAVS, TABLES, Table, arrow_schema

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

DATABASES = "--database takes sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME."

FIRST_DAY = date(2015, 7, 30)
"""The calendar's first day: that of Ethereum's first block."""

Rows = Sequence[Mapping[str, Any]]


def connect(settings: Settings, registry: Registry) -> duckdb.DuckDBPyConnection:
    """Return a connection with a view for every table of the home.

    Raises Usage where the home does not exist yet. A table without rows is empty, not missing.
    """
    import duckdb  # noqa: PLC0415 - help does not pay for DuckDB

    book = read_book(settings.home, settings.database)
    con = duckdb.connect(":memory:")
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET python_enable_replacements = false")
    con.execute(f"SET allowed_directories = [{_text(_uri(settings.lake, ''))}]")
    dimensions = dimension_rows(registry)
    _copy(con, CALENDAR, utc_days(FIRST_DAY, datetime.now(UTC).date()))
    paths = _listed(book["files"])
    has_imports = book[IMPORTED_NAVS.name].num_rows > 0
    for table in TABLES.values():
        if table is CALENDAR:
            continue
        if table in BOOK:
            _copy(con, table, book[table.name])
        elif table in DIMENSIONS and table.name in dimensions:
            _copy(con, table, arrow_rows(table, dimensions[table.name]))
        elif table is not NAVS or not has_imports:
            view(con, table, [_uri(settings.lake, path) for path in paths.get(table.name, [])])
    if has_imports:
        uris = [_uri(settings.lake, path) for path in paths.get(NAVS.name, [])]
        add_imported_navs(con, _parquet(uris) if uris else None)
    return con


@contextmanager
def reading(settings: Settings, registry: Registry) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give the views of ``connect``; StoreUnusable where a file of the lake cannot be read."""
    import duckdb  # noqa: PLC0415 - help does not pay for DuckDB

    con = None
    try:
        con = connect(settings, registry)
        yield con
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        if ".parquet" not in str(error):
            raise
        raise unreadable(error) from None
    finally:
        if con is not None:
            con.close()


def register(con: duckdb.DuckDBPyConnection, table: Table, rows: pa.Table) -> None:
    """Show an Arrow table under the name of *table*."""
    con.register(f"arrow_{table.name}", rows)
    con.execute(f'CREATE OR REPLACE TEMP VIEW "{table.name}" AS SELECT * FROM "arrow_{table.name}"')


def _copy(con: duckdb.DuckDBPyConnection, table: Table, rows: pa.Table) -> None:
    """Put a small Arrow table into the connection; no other name of it remains."""
    con.register("rows_of_book", rows)
    con.execute(f'CREATE OR REPLACE TEMP TABLE "{table.name}" AS SELECT * FROM rows_of_book')
    con.unregister("rows_of_book")


def view(con: duckdb.DuckDBPyConnection, table: Table, uris: Sequence[str]) -> None:
    """Show Parquet files under the name of *table*; an empty table has its schema from the declaration."""
    if not uris:
        _copy(con, table, arrow_schema(table).empty_table())
        return
    con.execute(f'CREATE OR REPLACE TEMP VIEW "{table.name}" AS SELECT * FROM {_parquet(uris)}')


def _parquet(uris: Sequence[str]) -> str:
    return f"read_parquet([{', '.join(map(_text, uris))}])"


def add_imported_navs(con: duckdb.DuckDBPyConnection, told: str | None) -> None:
    """Show under `navs` also the prices that files told, marked as kind import.

    *told* is what the chain told, as SQL reads it, or None where it told nothing. A price of a product is one
    of each of its tokens but the wrappers, whose unit is another. It counts as published on its own date: when
    it was imported says nothing of when it was known.
    """
    given = {
        "token": "d.token", "chain_id": "d.chain_id", "contract": "'import'", "effective_at": "i.effective_at",
        "published_at": "i.effective_at", "price": "i.price", "currency": "i.currency", "kind": "'import'",
        "source": "i.source",
    }  # fmt: skip
    figures = ", ".join(
        f"CAST({given.get(c.name, 'NULL')} AS {_SQL_TYPES[c.kind]}) AS {c.name}" for c in NAVS.columns
    )
    before = "" if told is None else f"SELECT {', '.join(NAVS.names)} FROM {told} UNION ALL "
    con.execute(
        f"CREATE TEMP VIEW navs AS {before}SELECT {figures} FROM imported_navs i JOIN tokens t"
        " ON (i.scope = 'token' AND i.name = t.token)"
        " OR (i.scope = 'product' AND i.name = t.product AND t.wraps IS NULL)"
        " JOIN derivations d ON d.token = t.token WHERE i.superseded_at IS NULL"
    )


_SQL_TYPES = {"text": "VARCHAR", "int": "BIGINT", "time": "TIMESTAMP", "amount": "DECIMAL(38, 18)"}


def read_book(home: Path, database: str) -> dict[str, pa.Table]:
    """Return the tables of the book, all as of one moment."""
    if database.startswith("sqlite"):
        return _read_sqlite(home, Path(database.partition(":///")[2]))
    if database.startswith("postgresql"):
        return _read_postgres(database)
    raise Usage(DATABASES)


def guarded(con: duckdb.DuckDBPyConnection, sql: str, rows: int, seconds: float) -> pa.Table:
    """Return at most *rows* rows of one SELECT that a user wrote.

    The statement can read the views and nothing else: no other file, no setting, no network, and it is
    stopped after *seconds*. Raises Usage with DuckDB's own words where it cannot be run.
    """
    import duckdb  # noqa: PLC0415 - help does not pay for DuckDB

    try:
        statements = con.extract_statements(sql)
    except duckdb.Error as error:
        raise Usage(f"The query cannot be read: {_said(error)}") from None
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise Usage("`rwa query` takes one SELECT; tables are read-only.")
    sql = statements[0].query.rstrip().rstrip(";")
    _lock(con)
    timer = threading.Timer(seconds, con.interrupt)
    timer.start()
    try:
        bounded = f"SELECT * FROM ({sql}\n) LIMIT {rows}"
        return arrow(con.sql(bounded))
    except duckdb.InterruptException:
        raise Usage(
            f"The query took longer than {seconds:g} seconds and was stopped; "
            "ask for fewer rows or days, or give it more with --timeout."
        ) from None
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        if ".parquet" not in str(error):
            raise Usage(f"The query failed: {_said(error)}") from None
        raise unreadable(error) from None
    except duckdb.Error as error:
        raise Usage(f"The query failed: {_said(error)}") from None
    finally:
        timer.cancel()


def arrow(relation: duckdb.DuckDBPyRelation) -> pa.Table:
    """Return the rows of *relation*."""
    rows: pa.Table = relation.to_arrow_table()
    return rows


def unreadable(error: Exception) -> StoreUnusable:
    """Return what to say of a file of the lake that is missing or damaged."""
    return StoreUnusable(
        f"A file of the lake cannot be read: {_said(error)} Run `rwa rebuild`, which makes all tables but logs, "
        "reads and transactions again; those are restored from a copy, or fetched again into a new home."
    )


def arrow_rows(table: Table, rows: Rows) -> pa.Table:
    """Return *rows* as the Arrow table that *table* declares; a missing column is NULL."""
    import pyarrow as pa  # noqa: PLC0415 - help does not pay for Arrow

    schema = arrow_schema(table)
    return pa.Table.from_pylist(
        [{name: row.get(name) for name in schema.names} for row in rows], schema=schema
    )


def _lock(con: duckdb.DuckDBPyConnection) -> None:
    """Close everything but the lake, for good: the settings cannot be changed back."""
    con.execute("SET enable_external_access = false")
    con.execute("SET memory_limit = '4GB'")
    con.execute("SET lock_configuration = true")


def _text(value: str) -> str:
    """Return an SQL string literal."""
    return "'" + value.replace("'", "''") + "'"


def _said(error: Exception) -> str:
    """Return what DuckDB said, its hint included, without the excerpt of the statement."""
    return " ".join(str(error).split("\n\nLINE")[0].split())[:400]


def _uri(lake: str, path: str) -> str:
    parsed = urlparse(lake)
    if parsed.scheme == "file":
        return f"{parsed.path.rstrip('/')}/{path}"
    if len(parsed.scheme) > 1:
        return f"{lake.rstrip('/')}/{path}"
    return str(Path(lake).absolute() / path)


def _listed(files: pa.Table) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for row in files.select(["table_name", "path", "unlisted_at"]).to_pylist():
        if row["unlisted_at"] is None:
            out.setdefault(row["table_name"], []).append(row["path"])
    return {name: sorted(paths) for name, paths in out.items()}


def _read_sqlite(home: Path, path: Path) -> dict[str, pa.Table]:
    if not path.exists():
        raise _no_data(home)
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as con:
            con.execute("BEGIN")
            return {table.name: _sqlite_table(con, table) for table in BOOK}
    except sqlite3.Error as error:
        if "no such table: files" in str(error) or "no such table: filters" in str(error):
            raise _no_data(home) from None
        raise StoreUnusable(
            f"The database of {home} cannot be read ({error}). If it was made by another version, run "
            "`rwa backfill` once; if it is damaged, restore it from a copy."
        ) from error


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
            return {table.name: arrow_rows(table, _postgres_rows(con, table)) for table in BOOK}
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
