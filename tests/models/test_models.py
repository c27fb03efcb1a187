"""Every case of the .toml files beside this one: given rows of the inputs, wanted rows of a metric."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from metrics_kit import given, lines, shown, values

from indexer.floor.tables import METRICS, TABLES
from indexer.metrics.runner import audit, compute

HERE = Path(__file__).parent
CASES = [
    pytest.param(path.stem, case, id=f"{path.stem}: {case['fact']}")
    for path in sorted(HERE.glob("*.toml"))
    for case in tomllib.loads(path.read_text())["case"]
]


@pytest.mark.parametrize(("model", "case"), CASES)
def test_given_rows_make_wanted_rows(model: str, case: dict[str, Any]):
    """The model makes the wanted rows, in the order of their key, and no other row; no audit objects."""
    con = shown(given(case["given"], case["frontier"], case.get("decimals", 6)))
    made = dict(compute(con))[model].to_pylist()
    wanted = [values(TABLES[model], row) for row in lines(case["want"])]
    if only := case.get("only"):
        made = [row for row in made if all(str(row[name]) == cell for name, cell in only.items())]
    names = wanted[0].keys() if wanted else ()
    assert [{name: row[name] for name in names} for row in made] == wanted
    assert bool(audit(con)) == case.get("broken", False)


def test_every_stored_model_has_cases():
    """A metric table without a file of cases fails here."""
    assert {path.stem for path in HERE.glob("*.toml")} == {table.name for table in METRICS}
