"""The lake: names that end in the hash of their content, and files that are whole or not there."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from ledger_kit import CHAIN_ID
from store_kit import moves

from indexer.floor.errors import StoreUnusable
from indexer.floor.tables import LOGS, SUPPLY_DAILY, TRANSFERS, arrow_schema
from indexer.ledger.figures import rows_of
from indexer.store.lake import Lake, schema_digest

WHERE = {"chain_id": CHAIN_ID, "first": 1, "last": 3}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path))


def test_the_same_content_has_the_same_name(lake: Lake) -> None:
    """Written twice, rows are one file; the manifest's row says what it holds."""
    first, again = (lake.write(LOGS, moves(1, 2, 3), WHERE) for _ in range(2))
    assert first == again
    assert (first.table_name, first.chain_id, first.first, first.last, first.rows) == (
        "logs",
        CHAIN_ID,
        1,
        3,
        3,
    )
    assert [path for path, _ in lake.paths()] == [first.path]


def test_other_content_has_another_name(lake: Lake) -> None:
    """One more row in the same blocks is another file, and the first one stays as it was."""
    first, other = lake.write(LOGS, moves(1, 2), WHERE), lake.write(LOGS, moves(1, 2, 3), WHERE)
    assert first.path != other.path
    assert lake.read(LOGS, [first.path]).equals(moves(1, 2))


def test_nothing_temporary_remains(lake: Lake, tmp_path: Path) -> None:
    """After a write the folder has the file and nothing half-written beside it."""
    path = lake.write(LOGS, moves(1), WHERE).path
    assert [file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()] == [path]


def test_rows_come_back_file_after_file(lake: Lake) -> None:
    """Several files are read in the order they are named, all rows as they went in."""
    paths = [lake.write(LOGS, moves(n), WHERE).path for n in (3, 1)]
    assert lake.read(LOGS, paths).equals(pa.concat_tables([moves(3), moves(1)]))


def test_no_file_is_an_empty_table(lake: Lake) -> None:
    """Nothing to read is a table with the declared columns and no row."""
    assert lake.read(TRANSFERS, []).schema.equals(arrow_schema(TRANSFERS))


def test_some_columns_are_read_alone(lake: Lake) -> None:
    """Only the named columns are read, in the declared types."""
    path = lake.write(LOGS, moves(1, 2), WHERE).path
    assert lake.read(LOGS, [path], ["block_number", "data"]).column_names == ["block_number", "data"]


def test_decimals_of_38_digits_are_exact(lake: Lake) -> None:
    """The largest values of both scales survive a file to the last digit."""
    largest, finest = Decimal(10**38 - 1), Decimal(f"{10**20 - 1}.{10**18 - 1}")
    row = {
        "token": "token", "chain_id": CHAIN_ID, "day": date(2026, 1, 1), "units": largest, "supply": finest,
        "certificate": "none", "coverage": "full",
    }  # fmt: skip
    rows = rows_of(SUPPLY_DAILY, [row])
    path = lake.write(SUPPLY_DAILY, rows, {"token": "t", "chain_id": "c"}).path
    (found,) = lake.read(SUPPLY_DAILY, [path]).to_pylist()
    assert (found["units"], found["supply"]) == (largest, finest)


def test_a_missing_file_is_said_with_its_name(lake: Lake, tmp_path: Path) -> None:
    """A listed file that is gone is StoreUnusable: which one, and what to do."""
    path = lake.write(LOGS, moves(1), WHERE).path
    (tmp_path / path).unlink()
    with pytest.raises(
        StoreUnusable,
        match=f"{path} of the lake is listed in the manifest and missing. Run `rwa repair --store`",
    ):
        lake.read(LOGS, [path])


def test_a_damaged_file_is_said_with_its_name(lake: Lake, tmp_path: Path) -> None:
    """A file that is no Parquet is StoreUnusable, and the sentence names it."""
    path = lake.write(LOGS, moves(1), WHERE).path
    (tmp_path / path).write_bytes(b"PAR1 no more")
    with pytest.raises(StoreUnusable, match=path):
        lake.read(LOGS, [path])


def test_deleting_what_is_gone_is_fine(lake: Lake) -> None:
    """A file may be deleted twice."""
    path = lake.write(LOGS, moves(1), WHERE).path
    lake.delete(path)
    lake.delete(path)
    assert (lake.paths(), lake.size(path)) == ([], 0)


def test_schemas_are_told_apart() -> None:
    """A table's schema has one digest, another table's has another."""
    assert schema_digest(LOGS) == schema_digest(LOGS) != schema_digest(TRANSFERS)
