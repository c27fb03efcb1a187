from datetime import date, datetime

import pyarrow as pa
from config_kit import ADDRESS, DEPLOYMENT, OTHER, PLATFORM, TOKEN, read

from indexer.config.dimensions import dimension_rows
from indexer.config.load import load
from indexer.floor.assets import config_dir
from indexer.floor.tables import TABLES, arrow_schema

ROLE = (
    f'[[token.deployment.role]]\naddress = "{OTHER}"\nrole = "operator"\nfrom = 2024-03-01T02:00:00+02:00\n'
)
ALL = PLATFORM + TOKEN + DEPLOYMENT + ROLE


def test_the_rows_fit_the_declared_tables():
    """Every row of the shipped configuration has its table's columns and fits its types, NULL where allowed."""
    rows = dimension_rows(load(config_dir()))
    assert set(rows) == {"platforms", "products", "tokens", "deployments", "chains", "address_roles", "terms"}
    for name, of_table in rows.items():
        assert of_table
        assert {tuple(sorted(row)) for row in of_table} == {tuple(sorted(TABLES[name].names))}
        pa.Table.from_pylist(of_table, schema=arrow_schema(TABLES[name])).validate(full=True)


def test_the_keys_are_unique():
    """No two rows of the shipped configuration have the same key."""
    for name, rows in dimension_rows(load(config_dir())).items():
        keys = [tuple(row[column] for column in TABLES[name].key) for row in rows]
        assert len(keys) == len(set(keys))


def test_a_start_is_a_block_or_a_day(tmp_path):
    """A deployment's start fills one column and leaves the other NULL."""
    row = dimension_rows(read(tmp_path, ALL))["deployments"][0]
    assert (row["address"], row["start_block"], row["start_day"]) == (ADDRESS.lower(), 18725909, None)
    row = dimension_rows(read(tmp_path, ALL.replace("18725909", "2024-01-01")))["deployments"][0]
    assert (row["start_block"], row["start_day"]) == (None, date(2024, 1, 1))


def test_a_roles_times_are_utc_without_a_zone(tmp_path):
    """A role's times are as tables hold times."""
    row = dimension_rows(read(tmp_path, ALL))["address_roles"][0]
    assert (row["from_time"], row["to_time"]) == (datetime(2024, 3, 1), None)  # noqa: DTZ001 - as tables hold it


def test_what_is_left_out_is_null(tmp_path):
    """A source that nobody gave is NULL, not an empty text."""
    row = dimension_rows(read(tmp_path, ALL))["tokens"][0]
    assert (row["source"], row["confidence"], row["wraps"]) == (None, None, None)
