"""`rwa reconcile` on the recorded USTB, whose report is made of the recording's truth."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from line_kit import CONFIG
from replayed import content

from indexer.cli.main import main
from indexer.serve.reconciled import Page, page

Ran = Callable[..., tuple[int, list[dict[str, str]], str]]


@pytest.fixture(scope="module")
def truth() -> list[list[str]]:
    """Supply at closes and what was minted each day, as the contract's state tells them."""
    told = content("ustb")["truth"]
    days = told["flows_from_state_per_utc_day"]["USTB"].items()
    minted = [
        [day, "issuance", units(x["totalSupply"]["up"]), "ustb"]
        for day, x in days
        if "up" in x["totalSupply"]
    ]
    closes = [sample for sample in told["samples"] if "empty block at 23:59:59" in sample["why"]]
    return minted[:-1] + [
        [
            str(datetime.fromtimestamp(s["timestamp"], UTC).date()),
            "supply",
            units(s["tokens"]["USTB"]["totalSupply"]),
            "",
        ]
        for s in closes
    ]


def units(raw: str) -> str:
    return f"{Decimal(raw).scaleb(-6):f}"


@pytest.fixture
def ran(ustb_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Ran:
    """Run the command on a report of *rows*: its exit code, its rows, and what it said."""

    def act(rows: list[list[str]], *options: str) -> tuple[int, list[dict[str, str]], str]:
        file = tmp_path / "june.csv"
        file.write_text("day,kind,amount,chain\n" + "".join(",".join(row) + "\n" for row in rows))
        command = [
            "--home",
            str(ustb_home),
            "--config",
            str(CONFIG),
            "reconcile",
            str(file),
            "--token",
            "ustb",
        ]
        code = main([*command, "--format", "csv", *options])
        said = capsys.readouterr()
        return code, list(csv.DictReader(io.StringIO(said.out))), said.err

    return act


def test_the_truth_matches(ran: Ran, truth: list[list[str]]) -> None:
    """Every figure that the state tells is ours, to the last digit, and the exit code is 0."""
    code, rows, said = ran(truth)
    assert code == 0, [row for row in rows if row["status"] != "matched"]
    assert {row["status"] for row in rows} == {"matched"}
    assert {row["difference"] for row in rows} == {"0"}
    assert f"All {len(truth):,} figures match." in said


def test_what_was_done_to_the_report_is_found(ran: Ran, truth: list[list[str]], tmp_path: Path) -> None:
    """One order reported on the day before, one left out, one made up, one wrong supply: each is told, nothing else."""
    rows = [list(row) for row in truth]
    minted = {row[0] for row in rows if row[1] == "issuance"}
    supply = next(number for number, row in enumerate(rows) if row[1] == "supply" and row[2] != "0")
    moved = next(n for n, r in enumerate(rows) if r[1] == "issuance" and n and before(r[0]) not in minted)
    gone = moved + 3
    lost, was = rows[gone], rows[moved][0]
    rows[moved][0] = before(was)
    rows[supply][2] += "1"
    made_up = next(
        str(day)
        for n in range(1, 90)
        if str(day := date.fromisoformat(rows[0][0]) + timedelta(n)) not in minted
    )
    rows = [*rows[:gone], *rows[gone + 1 :], [made_up, "issuance", "123.25", "ustb"]]
    html, table = tmp_path / "r.html", tmp_path / "r.csv"
    code, found, said = ran(
        rows, "--shift", "1", "--differences", "--report", str(html), "--report", str(table)
    )
    assert code == 3
    assert "1 differ, 1 missing, 1 extra, 1 shifted" in said
    by = {row["status"]: row for row in found}
    assert (by["shifted"]["day"], by["shifted"]["our_day"]) == (before(was), was)
    assert (by["extra"]["day"], by["extra"]["ours"]) == (lost[0], lost[2].rstrip("0").rstrip("."))
    assert (by["missing"]["day"], by["missing"]["reported"]) == (made_up, "123.25")
    assert by["differs"]["kind"] == "supply"
    assert by["extra"]["evidence"] == "event"
    assert by["extra"]["transactions"].startswith("0x")
    text = html.read_text("utf-8")
    assert all(
        word in text
        for word in ("certificate pass at block 394", by["extra"]["transactions"][:66], "rwa-indexer")
    )
    assert "<script" not in text
    whole = list(csv.DictReader(table.open()))
    assert len(whole) == len(rows) + 1
    assert {row["through_block"] for row in whole} == {"394"}
    assert all(row["code_version"] and row["version"] for row in whole)


def before(day: str) -> str:
    return str(date.fromisoformat(day) - timedelta(days=1))


def test_bad_rows_are_named_and_the_good_ones_compared(ran: Ran, truth: list[list[str]]) -> None:
    """Exit code 2 where nothing differs, so that no script takes it for a match."""
    code, rows, said = ran([*truth[:2], ["2024-02-31", "issuance", "1", ""]])
    assert (code, len(rows)) == (2, 2)
    assert "Not read: june.csv, line 4, day = '2024-02-31' is not a day" in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--report", "june.pdf"), "ends in neither .csv nor .html"),
        (("--tolerance", "much"), "--tolerance 'much' is no amount"),
        (("--calendar", "Mars"), "--calendar 'Mars' is not known"),
        (("--from", "2024-05-02", "--to", "2024-05-01"), "lies after --to"),
        (("--token", "stbt"), "rwa backfill stbt"),
    ],
)
def test_wrong_use_is_a_sentence(
    ran: Ran, truth: list[list[str]], options: tuple[str, ...], words: str
) -> None:
    """Exit code 2, and what to do."""
    code, _, said = ran(truth[:1], *options)
    assert code == 2
    assert words in said


def test_a_name_from_a_chain_is_text_on_the_page() -> None:
    """Whatever a row, a note or a name holds, the page shows it and obeys nothing."""
    evil = "</td><script>alert(1)</script><img src=x onerror=alert(1)>"
    row = {"status": 'x" onclick="alert(1)', "why": evil}
    text = page(
        Page("t", evil, evil, [(evil, evil)], [], [("matched", 1)], ["status", "why"], [row], [evil], [evil])
    )
    assert "<script" not in text
    assert "<img" not in text
    assert 'onclick="' not in text
