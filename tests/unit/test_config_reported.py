"""Reports: what is read, and that a bad row is named and the others kept."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from config_kit import CHAINS, DEPLOYMENT, PLATFORM, TOKEN, read

from indexer.config.reported import Asked, Report, read_report
from indexer.floor.errors import Usage

HEAD = "day,kind,amount,chain\n"
KNOWN = """
[[token.deployment]]
chain = "solana"
chain_id = "solana:mainnet"
address = "CCz3SGVziFeLYk2xfEstkiqJfYkjaSWb2GCABYsVcjo2"
status = "known"
"""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    registry = read(tmp_path_factory.mktemp("config"), PLATFORM + TOKEN + DEPLOYMENT + KNOWN, CHAINS)
    return Asked(
        registry, registry.tokens["ustb"], ("issuance", "redemption", "distribution"), date(2026, 2, 1)
    )


def told(text: str, asked: Asked) -> Report:
    return read_report("june.csv", text.encode(), asked)


def test_a_row_is_read_exactly(asked: Asked) -> None:
    """Day, kind, every digit of the amount, and the chain by its CAIP-2 id; no chain is all of them."""
    rows = told(
        f"{HEAD}2026-01-31,Subscriptions,0.000000000000000001,ethereum\n2026-01-31,supply,7,\n", asked
    ).rows
    assert rows == (
        (2, date(2026, 1, 31), "issuance", Decimal("1e-18"), "eip155:1"),
        (3, date(2026, 1, 31), "supply", Decimal(7), None),
    )


def test_the_chain_may_be_left_out_and_other_columns_are_named(asked: Asked) -> None:
    """A report with a column of its own is compared, and it is said that the column is not."""
    report = told("Date,Kind,Amount,Desk\n2026-01-31,issuance,7,NY\n", asked)
    assert (len(report.rows), report.faults) == (1, ())
    assert report.notes == ("june.csv, line 1: column 'desk' is not compared.",)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("2026-01-32,issuance,7,", "line 2, day = '2026-01-32' is not a day; write it as 2026-01-31"),
        ("2026-03-01,issuance,7,", "lies in the future"),
        ("2026-01-31,isuance,7,", "is no kind of figure; did you mean 'issuance'?"),
        ("2026-01-31,redemption,-7,", "has a sign; redemption tells the direction already"),
        ('2026-01-31,issuance,"1,050",', "is not an amount; write digits"),
        ("2026-01-31,issuance,=1+1,", "is not an amount"),
        ("2026-01-31,issuance,7,polygon", "is no chain of ustb; it is on ethereum, solana"),
        ("2026-01-31,issuance,7", "has 3 cells, the header 4"),
        ("2026-01-31,\x1b[2Jx,7,", r"kind = '\x1b[2jx' is no kind".replace("2j", "2J")),
    ],
)
def test_a_bad_row_is_named_and_the_others_are_kept(row: str, fault: str, asked: Asked) -> None:
    """The fault has the line and the remedy."""
    report = told(f"{HEAD}{row}\n2026-01-30,issuance,7,\n", asked)
    assert [one.line for one in report.rows] == [3]
    assert len(report.faults) == 1
    assert fault in report.faults[0]


def test_a_yield_may_be_negative(asked: Asked) -> None:
    """A distribution that takes has a sign; nothing else does."""
    assert told(f"{HEAD}2026-01-31,dividends,-7.5,\n", asked).rows[0].amount == Decimal("-7.5")


def test_a_stock_told_twice_is_a_fault_and_a_flow_is_not(asked: Asked) -> None:
    """A day has one supply; it may have many orders."""
    text = (
        f"{HEAD}2026-01-31,supply,7,\n2026-01-31,supply,8,\n2026-01-31,issuance,7,\n2026-01-31,issuance,7,\n"
    )
    report = told(text, asked)
    assert [one.line for one in report.rows] == [2, 4, 5]
    assert "says of the same what line 2 says" in report.faults[0]


@pytest.mark.parametrize(
    "text", ["", "day,kind\n2026-01-31,supply\n", "day;kind;amount\n", "day,kind,amont,amount\n"]
)
def test_a_header_that_cannot_be_used_is_refused(text: str, asked: Asked) -> None:
    """There is nothing to keep then."""
    with pytest.raises(Usage, match=r"june\.csv"):
        told(text, asked)


def test_what_stands_before_a_broken_quote_is_kept(tmp_path: Path, asked: Asked) -> None:
    """A file that stops being CSV is read up to there."""
    report = told(f'{HEAD}2026-01-31,issuance,7,\n2026-01-31,"issu"x,7,\n', asked)
    assert [one.line for one in report.rows] == [2]
    assert "not read from there on" in report.faults[0]
