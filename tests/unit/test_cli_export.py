"""`rwa export`: what the copies hold, and what stands beside them."""

from __future__ import annotations

import csv
import hashlib
import json
from decimal import Decimal
from pathlib import Path

import deltalake
import pytest
import yaml
from line_kit import CONFIG, settings_for
from pyarrow import parquet

from indexer.cli.main import main
from indexer.floor.dictionary import dbt_sources, entries
from indexer.floor.tables import BOOK, DERIVED, DIMENSIONS, METRICS, SUPPLY_DAILY, TABLES, arrow_schema
from indexer.serve.exporting import USUAL
from indexer.store.read import connect

SOURCES = Path(__file__).parents[2] / "docs" / "dbt" / "sources.yml"


def exported(home: Path, folder: Path, *options: str) -> int:
    return main(["--home", str(home), "--config", str(CONFIG), "--quiet", "export", str(folder), *options])


def test_parquet_has_the_rows_and_types_of_the_home(ustb_home: Path, tmp_path: Path) -> None:
    """Every usual table, in its declared schema, sorted by its key, with each column's meaning."""
    assert exported(ustb_home, tmp_path / "out") == 0
    with connect(*settings_for(ustb_home, [])) as con:
        for table in USUAL:
            read = parquet.read_table(tmp_path / "out" / f"{table.name}.parquet")
            assert read.schema.equals(arrow_schema(table)), table.name
            ((rows,),) = con.execute(f"SELECT count(*) FROM {table.name}").fetchall()
            assert read.num_rows == rows
        days = con.sql("SELECT * FROM supply_daily ORDER BY token, chain_id, day").to_arrow_table()
    read = parquet.read_table(tmp_path / "out" / "supply_daily.parquet")
    assert read.to_pylist() == days.to_pylist()
    assert read.schema.field("supply").metadata[b"comment"] == b"Total supply in token units"


def test_the_manifest_says_what_holds_and_the_dictionary_what_it_means(
    ustb_home: Path, tmp_path: Path
) -> None:
    """Digests of the files, the frontier with its certificate, and every column of every table written."""
    exported(ustb_home, tmp_path, "--table", "supply_daily", "--table", "transfers")
    told = json.loads((tmp_path / "manifest.json").read_text())
    assert [(t["token"], t["frontier_block"], t["verdict"]) for t in told["tokens"]] == [
        ("ustb", 394, "pass")
    ]
    for one in told["tables"]:
        assert hashlib.sha256((tmp_path / one["path"]).read_bytes()).hexdigest() == one["sha256"]
    with (tmp_path / "dictionary.csv").open() as file:
        listed = [(row["table"], row["column"], row["meaning"]) for row in csv.DictReader(file)]
    assert listed == [
        (table, column.name, column.doc)
        for table in ("supply_daily", "transfers")
        for column in TABLES[table].columns
    ]


def test_csv_keeps_every_digit(ustb_home: Path, tmp_path: Path) -> None:
    """Decimals as text, times with their Z, bytes as 0x text."""
    exported(ustb_home, tmp_path, "--format", "csv", "--table", "supply_daily", "--table", "logs")
    with (tmp_path / "supply_daily.csv").open() as file:
        last = list(csv.DictReader(file))[-2]
    with connect(*settings_for(ustb_home, [])) as con:
        ((supply,),) = con.execute("SELECT supply FROM supply_daily WHERE day = ?", [last["day"]]).fetchall()
    assert Decimal(last["supply"]) == supply
    assert last["published_at"].endswith("Z")
    with (tmp_path / "logs.csv").open() as file:
        log = next(csv.DictReader(file))
    assert (log["address"][:2], len(log["address"]), log["block_time"][-1]) == ("0x", 42, "Z")


def test_delta_keeps_decimals_and_a_second_export_is_a_new_version(ustb_home: Path, tmp_path: Path) -> None:
    """The table is replaced, what it was before can still be read."""
    for _ in range(2):
        assert exported(ustb_home, tmp_path, "--format", "delta", "--table", "supply_daily") == 0
    table = deltalake.DeltaTable(tmp_path / "supply_daily")
    assert table.version() == 1
    assert table.metadata().description == SUPPLY_DAILY.doc
    with connect(*settings_for(ustb_home, [])) as con:
        days = con.sql("SELECT day, supply FROM supply_daily ORDER BY day").to_arrow_table().to_pylist()
    read = table.to_pyarrow_dataset().to_table(columns=["day", "supply"]).to_pylist()
    assert sorted(read, key=lambda row: row["day"]) == days


def test_only_rows_of_the_tokens_asked(ustb_home: Path, tmp_path: Path) -> None:
    """Another token leaves the tables of this one empty."""
    assert (
        exported(
            ustb_home, tmp_path, "--token", "stbt", "--table", "supply_daily", "--table", "product_daily"
        )
        == 0
    )
    assert parquet.read_table(tmp_path / "supply_daily.parquet").num_rows == 0
    assert parquet.read_table(tmp_path / "product_daily.parquet").num_rows == 0


def test_a_folder_that_holds_something_else_is_left_alone(
    ustb_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """So is a wrong table; both are sentences."""
    (tmp_path / "thesis.txt").write_text("mine")
    assert exported(ustb_home, tmp_path) == 2
    assert "holds something else (thesis.txt)" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    assert exported(ustb_home, tmp_path / "out", "--table", "prices") == 2
    assert "--table prices is no table" in capsys.readouterr().err


def test_the_sources_are_what_the_declaration_gives() -> None:
    """docs/dbt/sources.yml has every table and column with its meaning, as YAML; `scripts/docs` writes it."""
    text = SOURCES.read_text("utf-8")
    assert text == dbt_sources((*METRICS, *DERIVED, *DIMENSIONS, *BOOK))
    (source,) = yaml.safe_load(text)["sources"]
    told = {
        (t["name"], c["name"]): (c["description"], c["data_type"])
        for t in source["tables"]
        for c in t["columns"]
    }
    wanted = {
        (e.table, e.column): (e.meaning, e.postgres_type)
        for e in entries((*METRICS, *DERIVED, *DIMENSIONS, *BOOK))
    }
    assert told == wanted
