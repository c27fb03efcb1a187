"""The read path: every table of a home as a DuckDB view. Needs neither web3 nor SQLAlchemy."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlparse

from indexer.config.dimensions import dimension_rows
from indexer.config.model import Registry
from indexer.config.settings import Settings
from indexer.floor.calendar import utc_days
from indexer.floor.errors import StoreUnusable, Usage
from indexer.floor.tables import (
    BOOK,
    CALENDAR,
    DIMENSIONS,
    IMPORTED_NAVS,
    LOGS,
    NAVS,
    TABLES,
    Table,
    arrow_schema,
)
from indexer.store.bookread import DATABASES, arrow_rows, read_book
from indexer.store.intact import REPAIR, flaws, unusable
from indexer.store.lakeviews import SQL_TYPES, shown, text

__all__ = ["DATABASES", "arrow_rows", "connect", "read_book", "reading"]

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

FIRST_DAY = date(2015, 7, 30)
"""The calendar's first day: that of Ethereum's first block."""


def connect(settings: Settings, registry: Registry) -> duckdb.DuckDBPyConnection:
    """Return a connection with a view for every table of the home.

    Raises Usage where the home does not exist yet. A table without rows is empty, not missing.
    """
    return over(settings, registry, read_book(settings.home, settings.database))


def over(
    settings: Settings, registry: Registry, book: Mapping[str, pa.Table], sound: Collection[str] = ()
) -> duckdb.DuckDBPyConnection:
    """Return a connection with a view for every table as *book* lists them; cursors of it see the same.

    The files *sound* were held against their names before, by whoever asks, and are not again.
    """
    import duckdb  # noqa: PLC0415 - help does not pay for DuckDB

    con = duckdb.connect(":memory:")
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET python_enable_replacements = false")
    con.execute(f"SET allowed_directories = [{text(_uri(settings.lake, ''))}]")
    dimensions = dimension_rows(registry)
    _copy(con, CALENDAR, utc_days(FIRST_DAY, datetime.now(UTC).date()))
    paths = listed(book["files"])
    check_files(settings.lake, [path for path in told_of(paths) if path not in sound])
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
        add_imported_navs(con, shown(con, NAVS, uris) if uris else None)
    return con


@contextmanager
def reading(settings: Settings, registry: Registry) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give the views of ``connect``; StoreUnusable where a file of the lake cannot be read, Usage where it is of an
    earlier version and lacks what was asked."""
    import duckdb  # noqa: PLC0415 - help does not pay for DuckDB

    con = None
    try:
        con = connect(settings, registry)
        yield con
    except duckdb.BinderException:
        _refuse_outdated(settings)
        raise
    except (duckdb.Error, RuntimeError) as error:
        trouble = unreadable(settings, error)
        if trouble is None:
            raise
        raise trouble from None
    finally:
        if con is not None:
            con.close()


def _refuse_outdated(settings: Settings) -> None:
    """Raise Usage where a table was made by a version that declared other columns of it."""
    from indexer.store.lake import schema_digest  # noqa: PLC0415 - seldom needed

    files = read_book(settings.home, settings.database)["files"]
    rows = files.select(["table_name", "schema_digest", "unlisted_at"]).to_pylist()
    for row in rows:
        table = TABLES.get(row["table_name"])
        other = table is not None and row["schema_digest"] not in ("", schema_digest(table))
        if other and row["unlisted_at"] is None:
            raise Usage(
                f"{row['table_name']} of this home was made by another version and has other columns. Make "
                "the tables again: `rwa rebuild`, which asks no endpoint."
            ) from None


def told_of(paths: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the files that are held against their names before anything is read: all but raw logs."""
    return [path for name, these in paths.items() if name != LOGS.name for path in these]


def check_files(lake: str, paths: Sequence[str]) -> None:
    """Raise StoreUnusable where a file is missing or its content is not what its name tells.

    DuckDB looks at no checksum, so a flipped bit would be a figure. Raw logs, by far the most, are looked at when a
    query names them; a lake on another kind of file system keeps checksums itself.
    """
    folder = _folder(lake)
    if folder is not None:
        for flaw in flaws(folder, paths):
            raise unusable(flaw)


def register(con: duckdb.DuckDBPyConnection, table: Table, rows: pa.Table) -> None:
    """Show an Arrow table under the name of *table*."""
    con.register(f"arrow_{table.name}", rows)
    con.execute(f'CREATE OR REPLACE TEMP VIEW "{table.name}" AS SELECT * FROM "arrow_{table.name}"')


def _copy(con: duckdb.DuckDBPyConnection, table: Table, rows: pa.Table) -> None:
    """Put a small Arrow table into the connection; no other name of it remains."""
    con.register("rows_of_book", rows)
    con.execute(f'CREATE OR REPLACE TABLE "{table.name}" AS SELECT * FROM rows_of_book')
    con.unregister("rows_of_book")


def view(con: duckdb.DuckDBPyConnection, table: Table, uris: Sequence[str]) -> None:
    """Show Parquet files under the name of *table*; an empty table has its schema from the declaration."""
    if not uris:
        _copy(con, table, arrow_schema(table).empty_table())
        return
    con.execute(f'CREATE OR REPLACE VIEW "{table.name}" AS SELECT * FROM {shown(con, table, uris)}')


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
        f"CAST({given.get(c.name, 'NULL')} AS {SQL_TYPES[c.kind]}) AS {c.name}" for c in NAVS.columns
    )
    before = "" if told is None else f"SELECT {', '.join(NAVS.names)} FROM {told} UNION ALL "
    con.execute(
        f"CREATE VIEW navs AS {before}SELECT {figures} FROM imported_navs i JOIN tokens t"
        " ON (i.scope = 'token' AND i.name = t.token)"
        " OR (i.scope = 'product' AND i.name = t.product AND t.wraps IS NULL)"
        " JOIN derivations d ON d.token = t.token WHERE i.superseded_at IS NULL"
    )


def guarded(
    con: duckdb.DuckDBPyConnection, sql: str, rows: int, seconds: float, lake: str | None = None
) -> pa.Table:
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
        raise Usage("One SELECT is taken; tables are read-only.")
    sql = statements[0].query.rstrip().rstrip(";")
    if lake is not None and LOGS.name in sql.lower():
        check_files(lake, _raw_paths(con))
    lock(con)
    timer = threading.Timer(seconds, con.interrupt)
    timer.start()
    try:
        bounded = f"SELECT * FROM ({sql}\n) LIMIT {rows}"
        return arrow(con.sql(bounded))
    except duckdb.InterruptException:
        raise Usage(
            f"The query took longer than {seconds:g} seconds and was stopped; "
            "ask for fewer rows or days (`rwa query --timeout` gives it more)."
        ) from None
    except duckdb.Error as error:
        if isinstance(error, duckdb.IOException | duckdb.InvalidInputException) and ".parquet" in str(error):
            raise  # a file is to blame, not the query
        raise Usage(f"The query failed: {_said(error)}") from None
    finally:
        timer.cancel()


def _raw_paths(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the listed files of raw logs."""
    listed = "SELECT path FROM files WHERE table_name = 'logs' AND unlisted_at IS NULL"
    return [str(path) for (path,) in con.execute(listed).fetchall()]


def arrow(relation: duckdb.DuckDBPyRelation) -> pa.Table:
    """Return the rows of *relation*."""
    rows: pa.Table = relation.to_arrow_table()
    return rows


def unreadable(settings: Settings, error: Exception) -> StoreUnusable | None:
    """Return what to say where *error* comes from a file of the lake; None where it does not."""
    paths = [
        path
        for these in listed(read_book(settings.home, settings.database)["files"]).values()
        for path in these
    ]
    folder = _folder(settings.lake)
    if folder is not None:
        for flaw in flaws(folder, paths):
            return unusable(flaw)
    if ".parquet" not in str(error):
        return None
    if any(path in str(error) for path in paths):
        return StoreUnusable(f"A file of the lake cannot be read: {_said(error)} {REPAIR}")
    return StoreUnusable(
        "A file of the lake was replaced while it was read, and is gone already: the clock jumped ahead, or reading "
        "took longer than an hour. Nothing is lost. Run the same command again."
    )


def lock(con: duckdb.DuckDBPyConnection) -> None:
    """Close everything but the lake, for good: the settings cannot be changed back, nor set again."""
    if con.execute("SELECT current_setting('lock_configuration')").fetchall() == [(True,)]:
        return
    con.execute("SET enable_external_access = false")
    con.execute("SET memory_limit = '4GB'")
    con.execute("SET lock_configuration = true")


def _said(error: Exception) -> str:
    """Return what DuckDB said, its hint included, without the excerpt of the statement."""
    return " ".join(str(error).split("\n\nLINE")[0].split())[:400]


def _folder(lake: str) -> Path | None:
    """Return the lake as a folder; None where it is on another kind of file system."""
    scheme = urlparse(lake).scheme
    return Path(_uri(lake, "")) if scheme == "file" or len(scheme) < 2 else None


def _uri(lake: str, path: str) -> str:
    parsed = urlparse(lake)
    if parsed.scheme == "file":
        return f"{parsed.path.rstrip('/')}/{path}"
    if len(parsed.scheme) > 1:
        return f"{lake.rstrip('/')}/{path}"
    return str(Path(lake).absolute() / path)


def listed(files: pa.Table) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for row in files.select(["table_name", "path", "unlisted_at"]).to_pylist():
        if row["unlisted_at"] is None:
            out.setdefault(row["table_name"], []).append(row["path"])
    return {name: sorted(paths) for name, paths in out.items()}
