"""Copies of the tables for others: Parquet, CSV or Delta, with a dictionary and a manifest that says what they hold."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from indexer.floor.cells import moment
from indexer.floor.dictionary import Entry, entries
from indexer.floor.errors import StoreUnusable, Usage
from indexer.floor.tables import (
    CERTIFICATES,
    DERIVED,
    DIMENSIONS,
    METRICS,
    RESTATEMENTS,
    TABLES,
    Table,
    arrow_schema,
)
from indexer.serve.proofs import proofs

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MANIFEST = "manifest.json"
DICTIONARY = "dictionary.csv"
USUAL = (*DERIVED, *METRICS, *DIMENSIONS, CERTIFICATES, RESTATEMENTS)
"""Tables of an export that names none: all but raw rows and the book of progress."""

ROWS = 100_000
"""Rows that are held at a time."""


class Told(Protocol):
    """Where progress goes."""

    def start(self, stage: str, total: int, unit: str) -> None: ...

    def advance(self, stage: str, amount: int) -> None: ...


class Order(NamedTuple):
    """What is exported: where to, which tables in which form, and of which tokens (None: all)."""

    folder: Path
    tables: tuple[Table, ...]
    form: str
    tokens: tuple[str, ...] | None = None


class Written(NamedTuple):
    """One table that was written."""

    table: str
    path: str
    rows: int
    bytes: int | None
    sha256: str | None


def export(con: duckdb.DuckDBPyConnection, order: Order, told: Told) -> list[Written]:
    """Write the tables of *order* from one view of the home; return what was written.

    Files are made aside and renamed, the manifest last. A folder that holds something else is refused.
    """
    _prepare(order.folder)
    told.start("export", len(order.tables), "tables")
    written = []
    try:
        for table in order.tables:
            _check_columns(con, table)
            written.append(_FORMS[order.form](con, order, table))
            told.advance("export", 1)
        _put(order.folder / DICTIONARY, dictionary(order.tables))
        _put(order.folder / MANIFEST, json.dumps(_manifest(con, order, written), indent=1) + "\n")
    except OSError as error:
        raise StoreUnusable(
            f"{order.folder} cannot be written ({error.strerror or error}); free space, or name another."
        ) from None
    return written


def dictionary(tables: Sequence[Table]) -> str:
    """Return the data dictionary of *tables* as CSV."""
    told = io.StringIO()
    out = csv.writer(told, lineterminator="\n")
    out.writerow(Entry._fields)
    out.writerows(
        [str(cell).lower() if isinstance(cell, bool) else cell for cell in one] for one in entries(tables)
    )
    return told.getvalue()


def _prepare(folder: Path) -> None:
    """Make *folder*; Usage where it holds something that no export wrote."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        strange = next(iter(folder.iterdir()), None) if not (folder / MANIFEST).exists() else None
    except OSError as error:
        raise Usage(f"{folder} cannot be written ({error.strerror}); name another folder.") from None
    if strange is not None:
        raise Usage(
            f"{folder} holds something else ({strange.name}); name an empty folder, or one of an earlier export."
        )


def _check_columns(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Raise Usage where the home's files of *table* are those of an earlier version."""
    there = set(con.table(table.name).columns)
    lacking = [name for name in table.names if name not in there]
    if lacking:
        raise Usage(
            f"{table.name} of this home has no column {lacking[0]} yet: an earlier version made it. Make it "
            "again first: `rwa rebuild`, which asks no endpoint."
        )


def _parquet(con: duckdb.DuckDBPyConnection, order: Order, table: Table) -> Written:
    from pyarrow import parquet  # noqa: PLC0415 - help does not pay for Arrow

    path = order.folder / f"{table.name}.parquet"
    schema = described(table)
    rows = 0
    aside = path.with_suffix(".part")
    with parquet.ParquetWriter(aside, schema, compression="zstd") as writer:
        for batch in _batches(con, order, table, schema):
            writer.write_batch(batch)
            rows += batch.num_rows
    return _written(order, table, aside, path, rows)


def _csv(con: duckdb.DuckDBPyConnection, order: Order, table: Table) -> Written:
    """Write by DuckDB's own writer: every digit, times in UTC with their Z, bytes as 0x text, NULL empty."""
    path = order.folder / f"{table.name}.csv"
    aside = path.with_suffix(".part")
    columns = ", ".join(
        f'\'0x\' || lower(hex("{c.name}")) AS "{c.name}"' if c.kind.startswith("bytes") else f'"{c.name}"'
        for c in table.columns
    )
    target = str(aside).replace("'", "''")
    con.execute(
        f"COPY ({_select(order, table, columns)}) TO '{target}'"
        " (FORMAT csv, HEADER, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%fZ')"
    )
    (rows,) = con.execute(f"SELECT count(*) FROM ({_select(order, table, '1')})").fetchall()[0]
    return _written(order, table, aside, path, int(rows))


def _delta(con: duckdb.DuckDBPyConnection, order: Order, table: Table) -> Written:
    """Write a Delta table; written again it is a new version of it, and earlier ones can still be read."""
    import pyarrow as pa  # noqa: PLC0415 - help does not pay for Arrow

    try:
        from deltalake import write_deltalake  # noqa: PLC0415 - an extra
    except ImportError:
        raise Usage(
            "Delta tables need one more package: pip install 'rwa-indexer[delta]'. Parquet and CSV need none."
        ) from None
    schema = described(table)
    rows = 0

    def counted() -> Iterator[pa.RecordBatch]:
        nonlocal rows
        for batch in _batches(con, order, table, schema):
            rows += batch.num_rows
            yield batch

    write_deltalake(
        order.folder / table.name,
        pa.RecordBatchReader.from_batches(schema, counted()),
        mode="overwrite",
        schema_mode="overwrite",
        name=table.name,
        description=table.doc,
    )
    return Written(table.name, table.name, rows, None, None)


_FORMS: Mapping[str, Callable[[duckdb.DuckDBPyConnection, Order, Table], Written]] = {
    "parquet": _parquet,
    "csv": _csv,
    "delta": _delta,
}
FORMS = tuple(_FORMS)
"""What an export may be written as."""


def described(table: Table) -> pa.Schema:
    """Return the Arrow schema of *table* with what each column means in its metadata."""
    schema = arrow_schema(table)
    fields = [
        field.with_metadata({"comment": column.doc})
        for field, column in zip(schema, table.columns, strict=True)
    ]
    import pyarrow as pa  # noqa: PLC0415 - help does not pay for Arrow

    return pa.schema(
        fields, metadata={"table": table.name, "description": table.doc, "key": ",".join(table.key)}
    )


def _select(order: Order, table: Table, columns: str) -> str:
    """Return the SELECT of the rows of *table* that are wanted, sorted by its key."""
    where = ""
    if order.tokens is not None:
        listed = ", ".join("'" + token.replace("'", "''") + "'" for token in order.tokens)
        if "token" in table.names:
            where = f" WHERE token IN ({listed})"
        elif "product" in table.names:
            where = f" WHERE product IN (SELECT product FROM tokens WHERE token IN ({listed}))"
    key = ", ".join(f'"{name}" NULLS FIRST' for name in table.key)
    return f'SELECT {columns} FROM "{table.name}"{where} ORDER BY {key}'


def _batches(
    con: duckdb.DuckDBPyConnection, order: Order, table: Table, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    columns = ", ".join(f'"{name}"' for name in table.names)
    reader = con.sql(_select(order, table, columns)).to_arrow_reader(ROWS)
    for batch in reader:
        yield batch.cast(schema)


def _written(order: Order, table: Table, aside: Path, path: Path, rows: int) -> Written:
    with aside.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = aside.stat().st_size
    aside.replace(path)
    return Written(table.name, str(path.relative_to(order.folder)), rows, size, digest)


def _put(path: Path, text: str) -> None:
    aside = path.with_suffix(".part")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)


def _manifest(con: duckdb.DuckDBPyConnection, order: Order, written: Sequence[Written]) -> dict[str, Any]:
    """Return what is in the folder, and through which block each token on each chain holds."""
    return {
        "program": f"rwa-indexer {version('rwa-indexer')}",
        "exported_at": moment(datetime.now(UTC).replace(microsecond=0)),
        "format": order.form,
        "dictionary": DICTIONARY,
        "tables": [one._asdict() for one in written],
        "tokens": _through(con, order),
    }


_HELD = (
    "token", "chain_id", "first_block", "frontier_block", "frontier_hash", "frontier_time", "final", "why_null",
    "verdict", "certified_block", "certificate_id", "config_digest", "code_version",
)  # fmt: skip
"""What the manifest says of each token and chain."""


def _through(con: duckdb.DuckDBPyConnection, order: Order) -> list[dict[str, Any]]:
    return [
        {name: moment(row[name]) if isinstance(row[name], datetime) else row[name] for name in _HELD}
        for row in proofs(con, order.tokens)
    ]


def tables_named(names: Sequence[str]) -> tuple[Table, ...]:
    """Return the tables that *names* mean, the usual ones where there are none; Usage where one is unknown."""
    unknown = [name for name in names if name not in TABLES]
    if unknown:
        raise Usage(f"--table {unknown[0]} is no table; there are {', '.join(sorted(TABLES))}.")
    return tuple(TABLES[name] for name in dict.fromkeys(names)) or USUAL
