"""The lake: Parquet files whose names end in the hash of their content, so a name never changes meaning."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlparse

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from indexer.floor.errors import StoreUnusable
from indexer.floor.tables import RAW, Table, arrow_schema
from indexer.store import durable
from indexer.store.bookread import MARK
from indexer.store.durable import UNFINISHED
from indexer.store.intact import REPAIR, UPGRADE, Flaw, digest, named_digest, unusable
from indexer.store.trouble import store_errors

__all__ = ["MARK", "UNFINISHED", "Lake", "LakeFile", "rename", "schema_digest"]

SEGMENT_KEY = b"rwa_segment"
_UNIQUE = {"tx_hash", "data", "topic3", "amount", "amount_raw", "units", "input"}
"""Columns whose values hardly repeat: a dictionary would be built and thrown away."""

_SKIPPED = ["block_number", "block_time", "day", "effective_at"]
"""Columns by whose range a reader skips row groups; statistics of the others cost more than they save."""


THREADED = 10_000
"""From so many rows on a file is read by several threads: below, waking them costs more than they save."""


class LakeFile(NamedTuple):
    """A written file as the manifest lists it."""

    path: str
    table_name: str
    chain_id: str | None
    token: str | None
    first: int | None
    last: int | None
    rows: int
    schema_digest: str


def schema_digest(table: Table) -> str:
    """Return the digest of *table*'s schema: files of another one are not read as this one."""
    return hashlib.sha256(str(arrow_schema(table)).encode()).hexdigest()[:12]


class Lake:
    """Files below one root, on any file system that pyarrow knows."""

    def __init__(self, root: str) -> None:
        self.root = root
        scheme = urlparse(root).scheme
        if len(scheme) > 1 and scheme != "file":
            self._fs, self._base = fs.FileSystem.from_uri(root)
        else:
            self._fs = fs.LocalFileSystem()
            self._base = str(Path(urlparse(root).path if scheme == "file" else root).absolute())

    @property
    def folder(self) -> Path | None:
        """The lake as a folder; None where it is on another kind of file system."""
        return Path(self._base) if isinstance(self._fs, fs.LocalFileSystem) else None

    def uri(self, path: str) -> str:
        """Return where DuckDB finds *path*."""
        if isinstance(self._fs, fs.LocalFileSystem):
            return f"{self._base}/{path}"
        return f"{self.root.rstrip('/')}/{path}"

    def write(self, table: Table, rows: pa.Table, where: Mapping[str, str | int | None]) -> LakeFile:
        """Write *rows* and return the file for the manifest.

        *where* has chain_id, token, first and last as far as they make sense, and for raw rows the whole
        segment: it goes into the file, so that a lost book can be made again from the lake. Temporary
        name, fsync, rename: a file that has its name is whole.
        """
        rows = rows.replace_schema_metadata({SEGMENT_KEY: json.dumps(dict(where)).encode()})
        sink = pa.BufferOutputStream()
        pq.write_table(
            rows,
            sink,
            compression="zstd",
            compression_level=1,
            use_dictionary=[name for name in table.names if name not in _UNIQUE],
            write_statistics=[name for name in table.names if name in _SKIPPED],
            write_page_checksum=True,
            store_schema=True,
        )
        body = sink.getvalue()
        name = _name(table, where, digest(body))
        with store_errors(f"writing {name} to the lake", self.folder):
            self._put(name, body)
        chain_id, token = where.get("chain_id"), where.get("token")
        first, last = where.get("first"), where.get("last")
        return LakeFile(
            name,
            table.name,
            None if chain_id is None else str(chain_id),
            None if token is None else str(token),
            None if first is None else int(first),
            None if last is None else int(last),
            rows.num_rows,
            schema_digest(table),
        )

    def read(self, table: Table, paths: Sequence[str], columns: Sequence[str] | None = None) -> pa.Table:
        """Return the rows of *paths* one file after the other; an empty table where there is none."""
        schema = arrow_schema(table)
        if columns is not None:
            schema = pa.schema([schema.field(name) for name in columns])
        parts = []
        for path in paths:
            with store_errors(f"reading {path} from the lake"), self.opened(path) as file:
                _check_columns(table, path, file.schema_arrow.names)
                many = file.metadata.num_rows >= THREADED
                parts.append(_shaped(file.read(columns=schema.names, use_threads=many), schema))
        return pa.concat_tables(parts) if parts else schema.empty_table()

    def opened(self, path: str) -> pq.ParquetFile:
        """Return *path*, whose content is the one that its name tells; else StoreUnusable with its name.

        The digest costs a sixth of reading the columns, and notices what the page checksums cover and the rest.
        """
        full = f"{self._base}/{path}"
        if self._fs.get_file_info(full).type == fs.FileType.NotFound:
            raise unusable(Flaw(path, "is listed in the manifest and missing"))
        with self._fs.open_input_stream(full) as stream:
            body = stream.read_buffer()
        if digest(body) != named_digest(path):
            raise unusable(Flaw(path, "is damaged: its content is not the one that its name tells"))
        return pq.ParquetFile(pa.BufferReader(body))

    def mark(self, name: str | None = None) -> str | None:
        """Return the name of the database that this lake belongs to, after setting it where one is given."""
        full = f"{self._base}/{MARK}"
        with store_errors("reading whose lake it is"):
            if name is not None:
                self._put(MARK, pa.py_buffer(name.encode()))
            if self._fs.get_file_info(full).type == fs.FileType.NotFound:
                return None
            with self._fs.open_input_stream(full) as held:
                return str(held.read().decode()) or None

    def size(self, path: str) -> int:
        """Return the bytes of *path*; 0 where it is missing."""
        return int(self._fs.get_file_info(f"{self._base}/{path}").size or 0)

    def paths(self) -> list[tuple[str, datetime]]:
        """Return every file of the lake, with its last change (UTC, without zone)."""
        found = self._fs.get_file_info(fs.FileSelector(self._base, recursive=True, allow_not_found=True))
        return [
            (info.path[len(self._base) :].lstrip("/"), info.mtime.astimezone(UTC).replace(tzinfo=None))
            for info in found
            if info.type == fs.FileType.File and info.mtime is not None
        ]

    def delete(self, path: str) -> None:
        """Remove a file that left the manifest long ago; one that is gone already is fine."""
        with store_errors(f"removing {path} from the lake"):
            full = f"{self._base}/{path}"
            if self._fs.get_file_info(full).type != fs.FileType.NotFound:
                self._fs.delete_file(full)

    def _put(self, name: str, body: pa.Buffer) -> None:
        full = f"{self._base}/{name}"
        if not isinstance(self._fs, fs.LocalFileSystem):
            with self._fs.open_output_stream(full) as out:
                out.write(body)
            return
        durable.write_whole(Path(full), body, rename)


def rename(temporary: Path, target: Path) -> None:
    """Give a whole file its name: the last step before the manifest may list it."""
    durable.rename(temporary, target)


def _check_columns(table: Table, path: str, names: Sequence[str]) -> None:
    """Raise StoreUnusable where a file has columns that cannot be told by this version.

    The columns of derived tables are in the database's schema too, so a newer version shows there first.
    """
    if table in RAW and set(names) - set(table.names):
        raise StoreUnusable(f"The file {path} of the lake {UPGRADE}")
    if any(column.name not in names and not column.nullable for column in table.columns):
        raise StoreUnusable(f"The file {path} of the lake was written by another version. {REPAIR}")


def _shaped(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return *rows* in the declared types; a column that an older version did not have is NULL."""
    rows = rows.replace_schema_metadata(None)
    if rows.schema.equals(schema):
        return rows
    for field in schema:
        if field.name not in rows.column_names:
            rows = rows.append_column(field, pa.nulls(rows.num_rows, field.type))
    return rows.select(schema.names).cast(schema)


def _name(table: Table, where: Mapping[str, str | int | None], digest: str) -> str:
    chain = str(where.get("chain_id") or "all").replace(":", "-")
    token = where.get("token")
    first, last = where.get("first"), where.get("last")
    reach = "" if first is None else f"{first}-{last}-"
    folder = f"{table.name}/{token}/{chain}" if token else f"{table.name}/{chain}"
    return f"{folder}/{reach}{digest}.parquet"
