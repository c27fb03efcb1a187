import io
import json
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from pyarrow import parquet

from indexer.cli.output import Format, Sheet, chosen, emit
from indexer.floor.errors import Usage

BIG = Decimal(2**256 - 1)
ANSWER = pa.table(
    {
        "token": ["ustb", "ustb"],
        "day": [date(2025, 1, 1), date(2025, 1, 2)],
        "supply": pa.array([Decimal(10**30), None], pa.decimal128(38, 0)),
        "at": pa.array([datetime(2025, 1, 1, 16), None], pa.timestamp("us")),  # noqa: DTZ001 - UTC without a zone
    }
)


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self):
        return True


def test_json_is_an_array_of_objects_without_floats(capsys):
    """JSON rows hold decimals as text, times with their Z and NULL as null."""
    emit(ANSWER, Format.JSON)
    assert json.loads(capsys.readouterr().out) == [
        {"token": "ustb", "day": "2025-01-01", "supply": str(10**30), "at": "2025-01-01T16:00:00Z"},
        {"token": "ustb", "day": "2025-01-02", "supply": None, "at": None},
    ]


def test_json_of_no_rows_is_an_empty_array(capsys):
    """A program that reads JSON gets JSON even where there is nothing."""
    emit(ANSWER.slice(0, 0), Format.JSON)
    assert json.loads(capsys.readouterr().out) == []


def test_json_escapes_what_a_terminal_would_obey(capsys):
    """JSON text stays one that json reads back, with control characters escaped."""
    emit(Sheet(("name",), [("a\x1b[2J\u202eb\x9b",)]), Format.JSON)
    out = capsys.readouterr().out
    assert out.isascii()
    assert json.loads(out) == [{"name": "a\x1b[2J\u202eb\x9b"}]


def test_csv_keeps_every_digit(capsys):
    """CSV has a line a row, every digit and an empty cell for NULL."""
    emit(Sheet(("token", "supply", "why"), [("a,b", BIG, None)]), Format.CSV)
    assert capsys.readouterr().out == f'token,supply,why\n"a,b",{BIG},\n'


def test_a_table_tells_shared_text_once(capsys):
    """In a table what all rows share stands above it, once."""
    emit(ANSWER.select(["token", "day", "supply"]), Format.TABLE)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "token ustb"
    assert lines[-1].split() == ["2025-01-02", "NULL"]


def test_long_shared_text_is_folded(monkeypatch, capsys):
    """What every row shares stands above the table in lines that fit the terminal."""
    monkeypatch.setenv("COLUMNS", "40")
    emit(pa.table({"source": ["a document " * 9] * 2, "n": [1, 2]}), Format.TABLE)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 40


def test_a_brief_table_names_what_it_leaves_out(capsys):
    """Columns that a table does not show are named below it."""
    emit(ANSWER, Format.TABLE, ("day", "supply"))
    assert "more with --json: token, at" in capsys.readouterr().out


def test_a_brief_table_is_still_whole_json(capsys):
    """The choice of columns is for tables only."""
    emit(ANSWER, Format.JSON, ("day",))
    assert set(json.loads(capsys.readouterr().out)[0]) == {"token", "day", "supply", "at"}


def test_a_table_of_nothing_says_so_on_stderr(capsys):
    """No rows is said to people, and stdout stays empty."""
    emit(ANSWER.slice(0, 0), Format.TABLE)
    assert capsys.readouterr() == ("", "No rows.\n")


def test_parquet_to_stdout_reads_back_with_its_types(capfdbinary):
    """Parquet on stdout is the table itself."""
    emit(ANSWER, Format.PARQUET)
    assert parquet.read_table(io.BytesIO(capfdbinary.readouterr().out)) == ANSWER


def test_a_sheet_of_mixed_kinds_becomes_text_in_parquet(capfdbinary):
    """A column that holds blocks and days is text in Parquet."""
    emit(Sheet(("start", "blocks"), [(5, 1), (date(2025, 1, 1), None)]), Format.PARQUET)
    rows = parquet.read_table(io.BytesIO(capfdbinary.readouterr().out)).to_pylist()
    assert rows == [{"start": "5", "blocks": 1}, {"start": "2025-01-01", "blocks": None}]


def test_json_and_csv_contradict():
    """Two formats at once are refused."""
    with pytest.raises(Usage, match="contradict"):
        chosen(Format.CSV, as_json=True)


def test_parquet_is_not_written_to_a_terminal(monkeypatch):
    """Binary output is refused where a person would see it."""
    monkeypatch.setattr("sys.stdout", Terminal())
    with pytest.raises(Usage, match="binary"):
        chosen(Format.PARQUET, as_json=False)


def test_a_table_is_the_default():
    """Without an option rows are a table."""
    assert chosen(None, as_json=False) is Format.TABLE
