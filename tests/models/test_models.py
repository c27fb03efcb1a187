"""Every case of the .toml files beside this one: given rows of the inputs, wanted rows of a metric.

All cases are computed at once, each with tokens and products of its own: a token's figures rest on no other token
but those of its product, so a case gets the rows that it would get alone, and one run of all models serves them all.
"""

import tomllib
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from metrics_kit import given, lines, shown, values

from indexer.floor.tables import METRICS, TABLES
from indexer.metrics.runner import audit, compute

HERE = Path(__file__).parent
READ = [
    (path.stem, case)
    for path in sorted(HERE.glob("*.toml"))
    for case in tomllib.loads(path.read_text())["case"]
]
CASES = [pytest.param(number, id=f"{model}: {case['fact']}") for number, (model, case) in enumerate(READ)]
Rows = list[dict[str, Any]]


class Made(NamedTuple):
    """What the models made of every case: the rows by model and case, and in which cases an audit objects."""

    rows: Mapping[str, Mapping[int, Rows]]
    broken: frozenset[int]


def own(number: int, row: dict[str, Any]) -> dict[str, Any]:
    """Return *row* with the names of tokens, products and chains as those of its case."""
    return {column: f"{value}@{number}" if is_name(column, value) else value for column, value in row.items()}


def is_name(column: str, value: Any) -> bool:
    if column == "role":
        return str(value).startswith("reserve_of:")
    return value is not None and column in {"token", "product", "wraps", "matched_token", "name", "chain"}


def plain(row: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Return the case of a row that a model made, and the row as the case would have it alone."""
    _, _, number = (row["product"] if "product" in row else row["token"]).partition("@")
    mark = f"@{number}"
    return int(number), {
        column: value.replace(mark, "") if isinstance(value, str) else value for column, value in row.items()
    }


@pytest.fixture(scope="module")
def made() -> Made:
    """All cases, computed at once."""
    rows: dict[str, Rows] = defaultdict(list)
    for number, (_, case) in enumerate(READ):
        for name, these in given(case["given"], case["frontier"], case.get("decimals", 6)).items():
            rows[name] += [own(number, row) for row in these]
    con = shown(rows)
    found: dict[str, dict[int, Rows]] = {}
    for name, table in compute(con):
        found[name] = defaultdict(list)
        for number, row in map(plain, table.to_pylist()):
            found[name][number].append(row)
    return Made(found, frozenset(int(each.token.partition("@")[2]) for each in audit(con)))


@pytest.mark.parametrize("number", CASES)
def test_given_rows_make_wanted_rows(number: int, made: Made):
    """The model makes the wanted rows, in the order of their key, and no other row; no audit objects."""
    model, case = READ[number]
    rows = made.rows[model][number]
    wanted = [values(TABLES[model], row) for row in lines(case["want"])]
    if only := case.get("only"):
        rows = [row for row in rows if all(str(row[name]) == cell for name, cell in only.items())]
    names = wanted[0].keys() if wanted else ()
    assert [{name: row[name] for name in names} for row in rows] == wanted
    assert (number in made.broken) == case.get("broken", False)


def test_every_stored_model_has_cases():
    """A metric table without a file of cases fails here."""
    assert {path.stem for path in HERE.glob("*.toml")} == {table.name for table in METRICS}
