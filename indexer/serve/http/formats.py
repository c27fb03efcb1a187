"""Rows as a client asks for them: JSON with exact amounts as text, CSV, Arrow or Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from indexer.floor.cells import jsonable, text

if TYPE_CHECKING:
    import pyarrow as pa


class Form(StrEnum):
    """How rows are written."""

    JSON = "json"
    CSV = "csv"
    ARROW = "arrow"
    PARQUET = "parquet"


MEDIA: Mapping[Form, str] = {
    Form.JSON: "application/json",
    Form.CSV: "text/csv; charset=utf-8",
    Form.ARROW: "application/vnd.apache.arrow.stream",
    Form.PARQUET: "application/vnd.apache.parquet",
}


class Page(NamedTuple):
    """Rows, as of which blocks they hold, the cursor of the page that follows, and why there are none."""

    rows: pa.Table
    as_of: Sequence[Mapping[str, Any]]
    following: str | None
    note: str | None = None


def chosen(asked: Form | None, accept: str) -> Form:
    """Return the form that was asked for, else the first of the Accept header that there is, else JSON."""
    if asked is not None:
        return asked
    wanted = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    by_media = {media.partition(";")[0]: form for form, media in MEDIA.items()}
    return next((by_media[media] for media in wanted if media in by_media), Form.JSON)


def written(page: Page, form: Form) -> bytes:
    """Return the body of *page*."""
    return _WRITERS[form](page)


def _json(page: Page) -> bytes:
    columns = [list(map(jsonable, column.to_pylist())) for column in page.rows.columns]
    names = page.rows.column_names
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    body = {
        "as_of": [_plain(one) for one in page.as_of],
        "rows": rows,
        "next": page.following,
        "note": page.note,
    }
    return json.dumps(body, separators=(",", ":")).encode()


def _plain(row: Mapping[str, Any]) -> dict[str, object]:
    return {name: jsonable(value) for name, value in row.items()}


def _csv(page: Page) -> bytes:
    sheet = io.StringIO()
    out = csv.writer(sheet, lineterminator="\n")
    out.writerow(page.rows.column_names)
    columns = [[text(value) for value in column.to_pylist()] for column in page.rows.columns]
    out.writerows(zip(*columns, strict=True))
    return sheet.getvalue().encode()


def streamed(rows: pa.Table) -> bytes:
    """Return *rows* as an Arrow stream."""
    import pyarrow as pa  # noqa: PLC0415 - only this form pays for it

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows)
    return bytes(sink.getvalue())


def _parquet(page: Page) -> bytes:
    import pyarrow as pa  # noqa: PLC0415 - only this form pays for it
    from pyarrow import parquet  # noqa: PLC0415 - same

    sink = pa.BufferOutputStream()
    parquet.write_table(page.rows, sink, compression="zstd")
    return bytes(sink.getvalue())


_WRITERS: Mapping[Form, Callable[[Page], bytes]] = {
    Form.JSON: _json,
    Form.CSV: _csv,
    Form.ARROW: lambda page: streamed(page.rows),
    Form.PARQUET: _parquet,
}
