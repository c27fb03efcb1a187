"""The .sql files themselves: portable, named, dated by the calendar, and ordered by what they read."""

from functools import cache
from pathlib import Path

import pytest
import sqlglot
from sqlglot import ErrorLevel, exp

import indexer.metrics
from indexer.floor.tables import METRICS, TABLES
from indexer.metrics.models import audits, models, needed, parse, statement, tables_read
from indexer.metrics.runner import INPUTS, model_order

tree_of = cache(parse)
FILES = [model.path for model in models().values()] + audits()
IDS = [path.stem for path in FILES]
QUERIES = sorted((Path(indexer.metrics.__file__).parent / "queries").glob("*.sql"))


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_no_construct_that_engines_do_not_share(path: Path):
    """No GROUP BY ALL, ORDER BY ALL, ASOF JOIN, QUALIFY, DISTINCT ON, or column list by star."""
    tree = tree_of(path)
    assert not [group for group in tree.find_all(exp.Group) if group.args.get("all")]
    assert not [join for join in tree.find_all(exp.Join) if join.args.get("method")]
    assert not [found for found in tree.find_all(exp.Distinct) if found.args.get("on")]
    assert not [star for star in tree.find_all(exp.Star) if not isinstance(star.parent, exp.Count)]
    assert not list(tree.find_all(exp.Qualify))
    assert not [column for column in tree.find_all(exp.Column) if column.name.lower() == "all"]


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_no_clock_and_no_zone(path: Path):
    """Days come from the calendar: no truncation, no zone, no current time, no cast of a time to a day.

    Where instants are matched to days by date first, both sides are cast alike, so no zone shows.
    """
    tree = tree_of(path)
    forbidden = (
        exp.DateTrunc, exp.TimestampTrunc, exp.AtTimeZone, exp.CurrentTimestamp, exp.CurrentDate, exp.Extract,
    )  # fmt: skip
    assert not list(tree.find_all(*forbidden))
    casts = [cast for cast in tree.find_all(exp.Cast) if cast.to.is_type("date")]
    assert not casts or path.stem in {"calendar_dates", "entries", "growth"}


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_it_can_be_said_in_the_dialect_of_spark(path: Path):
    """The statement is transpiled to Spark's dialect without anything unsupported."""
    text = path.read_text()
    assert sqlglot.transpile(text, read="duckdb", write="spark", unsupported_level=ErrorLevel.RAISE)


@pytest.mark.parametrize("path", FILES + QUERIES, ids=IDS + [f"query {path.stem}" for path in QUERIES])
def test_a_file_is_one_select_under_a_comment(path: Path):
    """A file holds one SELECT, and its first lines say what a row means."""
    text = path.read_text()
    (tree,) = sqlglot.parse(text, read="duckdb")
    assert isinstance(tree, (exp.Select, exp.Union))
    assert text.startswith("-- ")
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize("name", model_order())
def test_a_stored_model_names_the_columns_of_its_table(name: str):
    """Every output column is named, in the order in which the table is declared."""
    assert parse(models()[name].path).named_selects == TABLES[name].names


@pytest.mark.parametrize("name", list(models()))
def test_a_model_says_its_grain_and_kind(name: str):
    """The header comment states the grain, and whether rows are stocks, flows, or a step."""
    header = [line for line in models()[name].path.read_text().splitlines() if line.startswith("-- grain: ")]
    assert len(header) == 1
    assert "kind: " in header[0]


@pytest.mark.parametrize("path", audits(), ids=[path.stem for path in audits()])
def test_an_audit_answers_with_token_chain_and_detail(path: Path):
    """An audit's rows are token, chain_id, detail, and it reads stored tables only, so that it runs on a lake."""
    assert tree_of(path).named_selects == ["token", "chain_id", "detail"]
    assert {table.name for table in tables_read(tree_of(path))} <= set(TABLES)


def test_every_metric_table_has_a_model():
    """The stored models are the metric tables that are declared."""
    assert sorted(model_order()) == sorted(table.name for table in METRICS)


def test_a_model_stands_after_what_it_reads():
    """In the order of the run nothing is read before it is made, and all else is an input."""
    done = set(INPUTS)
    for name, model in models().items():
        assert model.reads <= done, name
        done.add(name)


def test_needed_holds_what_is_read_indirectly():
    """A model brings along the steps under its steps, and no stored table that it does not read."""
    found = needed(frozenset(["supply_daily"]))
    assert {"closes", "supply_points", "days", "checks"} <= found
    assert "balances" not in found


def test_computed_tables_are_read_from_the_schema_of_the_run():
    """A view of the caller with the name of a model never hides the rows of the run."""
    text = statement(models()["holders_daily"].path, frozenset(["holder_grid"]))
    assert "computed.holder_grid" in text
    assert "computed.held_changes" not in text
