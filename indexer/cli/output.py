"""Rows to stdout, in the form that was asked for."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from enum import StrEnum
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, NamedTuple, TextIO

import typer

from indexer.cli.grid import Compact, Grid, caption, compact, lines
from indexer.floor.cells import jsonable, text
from indexer.floor.errors import Usage

if TYPE_CHECKING:
    import pyarrow as pa


WIDTH = 100
"""Columns a table takes where there is no terminal to measure; COLUMNS in the environment says another."""


class Format(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


FormatOption = Annotated[
    Format | None, typer.Option("--format", help="How rows are printed.", show_default="table")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Short for --format json.")]


class Sheet(NamedTuple):
    """Rows that were never an Arrow table: column names, and tuples of values."""

    names: tuple[str, ...]
    rows: Sequence[tuple[object, ...]]


def sheet(rows: Sequence[Mapping[str, object]], names: Sequence[str]) -> Sheet:
    """Return the columns *names* of *rows*."""
    return Sheet(tuple(names), [tuple(row[name] for name in names) for row in rows])


def chosen(wanted: Format | None, as_json: bool) -> Format:
    """Return the one format that --format and --json agree on."""
    if as_json and wanted not in (None, Format.JSON):
        raise Usage(f"--json and --format {wanted.value} contradict each other; give one of them.")
    if wanted is Format.PARQUET and sys.stdout.isatty():
        raise Usage("Parquet is binary; send it to a file: … --format parquet > rows.parquet")
    return Format.JSON if as_json else wanted or Format.TABLE


def emit(answer: pa.Table | Sheet, how: Format, brief: Sequence[str] = ()) -> None:
    """Print *answer* to stdout. A table shows the columns *brief*, if any, and names the others."""
    with _reader():
        if how is Format.TABLE:
            _write_table(answer, brief)
        else:
            _WRITERS[how](answer)
        sys.stdout.flush()


def say(*sentences: str) -> None:
    """Print sentences for people to stdout, as `rwa demo` does between its tables."""
    with _reader():
        for sentence in sentences:
            sys.stdout.write(sentence + "\n")
        sys.stdout.flush()


@contextmanager
def _reader() -> Iterator[None]:
    """End quietly where whoever reads our output has seen enough, as `| head` does."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None


def _tuples(answer: pa.Table | Sheet) -> Iterator[tuple[object, ...]]:
    if isinstance(answer, Sheet):
        yield from answer.rows
        return
    for batch in answer.to_batches(max_chunksize=10_000):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _names(answer: pa.Table | Sheet) -> tuple[str, ...]:
    return answer.names if isinstance(answer, Sheet) else tuple(answer.column_names)


def _write_table(answer: pa.Table | Sheet, brief: Sequence[str]) -> None:
    grid = Grid(_names(answer), tuple(_tuples(answer)))
    if not grid.rows:
        sys.stderr.write("No rows.\n")
        return
    shown = grid.keep([grid.names.index(name) for name in brief or grid.names if name in grid.names])
    limit = shutil.get_terminal_size((WIDTH, 24)).columns
    for line in _table_lines(compact(shown), limit):
        sys.stdout.write(line + "\n")
    more = [name for name in grid.names if name not in shown.names]
    if more:
        sys.stdout.write("\n".join(wrap(f"more with --json: {', '.join(more)}", limit)) + "\n")


def _table_lines(told: Compact, limit: int) -> Iterator[str]:
    if told.common:
        yield from wrap(caption(told.common), limit, break_long_words=False, break_on_hyphens=False)
    yield from lines(told.grid, limit)
    if told.zero:
        yield from wrap(f"zero in every row: {', '.join(told.zero)}", limit)
    if told.null:
        yield from wrap(f"NULL in every row: {', '.join(told.null)}", limit)


def _write_json(answer: pa.Table | Sheet) -> None:
    names = _names(answer)
    before = "[\n"
    for row in _tuples(answer):
        fields = dict(zip(names, map(jsonable, row), strict=True))
        sys.stdout.write(before + json.dumps(fields))
        before = ",\n"
    sys.stdout.write("[]\n" if before == "[\n" else "\n]\n")


def csv_text(answer: Sheet) -> str:
    """Return the sheet as the text of a CSV file."""
    told = io.StringIO()
    _csv_rows(answer, told)
    return told.getvalue()


def _write_csv(answer: pa.Table | Sheet) -> None:
    _csv_rows(answer, sys.stdout)


def _csv_rows(answer: pa.Table | Sheet, to: TextIO) -> None:
    out = csv.writer(to, lineterminator="\n")
    out.writerow(_names(answer))
    out.writerows([text(value) for value in row] for row in _tuples(answer))


def _write_parquet(answer: pa.Table | Sheet) -> None:
    import pyarrow as pa  # noqa: PLC0415 - only this format pays for Arrow
    from pyarrow import parquet  # noqa: PLC0415 - only this format pays for Arrow

    table = _arrow(answer) if isinstance(answer, Sheet) else answer
    buffer = pa.BufferOutputStream()
    parquet.write_table(table, buffer, compression="zstd")
    sys.stdout.buffer.write(buffer.getvalue())


def _arrow(answer: Sheet) -> pa.Table:
    """Return the sheet as Arrow; a column of mixed types becomes text."""
    import pyarrow as pa  # noqa: PLC0415 - only this format pays for Arrow

    columns = zip(*answer.rows, strict=True) if answer.rows else [()] * len(answer.names)
    return pa.table(
        {name: _uniform(tuple(column)) for name, column in zip(answer.names, columns, strict=True)}
    )


def _uniform(values: Iterable[object]) -> list[object]:
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) <= 1 and kinds <= {bool, int, float, str, Decimal}:
        return list(values)
    return [None if value is None else text(value) for value in values]


_WRITERS = {
    Format.JSON: _write_json,
    Format.CSV: _write_csv,
    Format.PARQUET: _write_parquet,
}
