"""The Python of the documentation runs: examples on a real home, and the notebook from its first cell to its last."""

from __future__ import annotations

import re
import runpy
from decimal import Decimal
from pathlib import Path

import pytest
from line_kit import CONFIG

import indexer

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(page for page in DOCS.glob("*.md") if "```python" in page.read_text("utf-8"))


@pytest.fixture
def here(ustb_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that holds the home as rwa-data, as somebody who follows the pages has it."""
    (tmp_path / "rwa-data").symlink_to(ustb_home)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RWA_CONFIG", str(CONFIG))
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_every_example_of_a_page_runs(page: Path, here: Path) -> None:
    """The blocks of a page one after the other, in one namespace; what they assert holds."""
    del here
    names: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        exec(compile(block, page.name, "exec"), names)
    assert "home" in names


@pytest.mark.parametrize("page", [DOCS / "questions.md"], ids=lambda page: page.stem)
def test_every_query_of_a_page_runs(page: Path, here: Path) -> None:
    """Each SQL block is one SELECT over tables and columns that there are, as `rwa query` takes it."""
    home = indexer.open(here / "rwa-data")
    for sql in re.findall(r"^```sql\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        assert home.query(sql).num_columns, sql


def test_the_notebook_runs(here: Path) -> None:
    """Every cell of docs/notebook.py, without a browser; its month adds up."""
    del here
    _, made = runpy.run_path(str(DOCS / "notebook.py"))["app"].run()
    (month,) = made["month"].to_dicts()
    assert month["opening"] + month["issued"] + month["redeemed"] + month["other"] == month["closing"]
    assert made["supply"].svg().startswith("<svg")


def test_decimals_stay_decimals_in_every_frame(here: Path) -> None:
    """The last of 38 digits is there in Arrow, pandas and Polars."""
    home = indexer.open(here / "rwa-data")
    sql = "SELECT CAST('12345678901234567890.123456789012345678' AS DECIMAL(38, 18)) AS amount"
    exact = Decimal("12345678901234567890.123456789012345678")
    assert home.query(sql)["amount"][0].as_py() == exact
    assert home.query(sql, to="pandas")["amount"].iloc[0] == exact
    assert home.query(sql, to="polars")["amount"][0] == exact


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda home: home.query("SELECT 1", to="numpy"), "rows come as arrow, pandas, polars"),
        (lambda home: home.show("prices", "ustb"), "There is no answer called 'prices'"),
        (lambda home: home.show("supply", "stbt"), "rwa backfill stbt"),
        (lambda home: home.show("supply", "ustb", at=5, first="2024-05-01"), "at= asks for one moment"),
    ],
)
def test_a_wrong_question_is_a_sentence(ask: object, words: str, here: Path) -> None:
    """What the command line would say, raised."""
    with pytest.raises(indexer.Usage, match=re.escape(words)):
        ask(indexer.open(here / "rwa-data"))
