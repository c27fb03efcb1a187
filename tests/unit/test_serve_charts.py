"""Pictures: what is in them, what is left out and said, and that they obey no text."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from line_kit import CONFIG

from indexer.cli.main import main
from indexer.cli.optional import with_value
from indexer.floor.tables import ROLLFORWARD_FLOWS
from indexer.serve import charts
from indexer.serve.marks import whole
from indexer.serve.picture import page

DAY = date(2025, 1, 1)
NEXT = DAY + timedelta(days=1)


def row(day: date = DAY, chain: str = "ethereum", **more: Any) -> dict[str, Any]:
    return {"token": "t", "chain": chain, "chain_id": chain, "day": day, "why_null": None} | more


def drawn(spec: dict[str, Any]) -> list[Any]:
    return [(v["day"], v["series"], v["value"]) for v in spec["data"]["values"]]


def test_supply_is_stacked_without_copies_and_without_days_that_lack_a_chain() -> None:
    """A stack that lacks a chain would be too low, so the day is left out and named."""
    rows = [
        row(supply=Decimal(1)), row(chain="base", supply=Decimal(2)),
        row(chain="side", supply=Decimal(2), is_copy=True),
        row(NEXT, supply=Decimal(3)), row(NEXT, chain="base", supply=None, why_null="a gap"),
    ]  # fmt: skip
    chart = charts.supply(rows)
    assert drawn(chart.parts[0]) == [("2025-01-01", "ethereum", 1.0), ("2025-01-01", "base", 2.0)]
    assert chart.notes == (
        "t on side copies what is locked elsewhere: not stacked",
        "t: a chain is not known on 2025-01-02, which is left out",
    )


def test_a_waterfall_goes_from_the_first_opening_to_the_last_closing() -> None:
    """Movements are summed over the days that are known; a day that is not over is left out."""
    none = dict.fromkeys(ROLLFORWARD_FLOWS, Decimal(0))
    rows = [
        row(basis="total", opening=Decimal(10), closing=Decimal(15), **none | {"issued": Decimal(5)}),
        row(
            NEXT, basis="total", opening=Decimal(15), closing=Decimal(12), **none | {"redeemed": Decimal(-3)}
        ),
        row(
            NEXT + timedelta(days=1),
            basis="total",
            opening=None,
            closing=None,
            **dict.fromkeys(ROLLFORWARD_FLOWS),
        ),
    ]
    chart = charts.rollforward(rows)
    steps = [(v["step"], v["low"], v["high"], v["kind"]) for v in chart.parts[0]["data"]["values"]]
    assert steps == [
        ("opening", 0, 10, "stock"), ("issued", 10, 15, "up"), ("redeemed", 12, 15, "down"),
        ("closing", 0, 12, "stock"),
    ]  # fmt: skip
    assert chart.days == "2025-01-01 to 2025-01-02"


def test_flows_go_up_and_down_and_long_ones_are_summed() -> None:
    """Minted less burned by reason; over 110 days by week, over two years by month."""
    rows = [
        row(effect="mint", reason="issuance", amount=Decimal(5), minted=Decimal(5), burned=Decimal(0)),
        row(effect="burn", reason="redemption", amount=Decimal(2), minted=Decimal(0), burned=Decimal(2)),
        row(effect="move", reason="transfer", amount=Decimal(9), minted=Decimal(0), burned=Decimal(0)),
    ]
    assert drawn(charts.flows(rows).parts[0] | {"data": charts.flows(rows).parts[0]["data"]}) == [
        ("2025-01-01", "issuance", 5.0), ("2025-01-01", "redemption", -2.0),
    ]  # fmt: skip
    later = [row(DAY + timedelta(days=n), **{k: rows[0][k] for k in ("effect", "reason", "amount", "minted", "burned")})
             for n in range(0, 900, 10)]  # fmt: skip
    assert charts.flows(later).unit == "token units a month, UTC"
    assert len(drawn(charts.flows(later).parts[0])) == 30


def test_an_unknown_amount_is_a_note_and_no_zero() -> None:
    """The bar is not drawn, and the note counts it."""
    chart = charts.flows([row(effect="mint", reason="issuance", amount=None, minted=None, burned=Decimal(0))])
    assert drawn(chart.parts[0]) == []
    assert chart.notes == ("1 rows have an unknown amount",)


def test_no_text_ends_the_script_that_it_stands_in() -> None:
    """A label from a file or a name from a chain is data on the page."""
    evil = "</script><script>alert(1)</script>"
    rows = [row(holder="0x" + "ab" * 20, label=evil, balance=Decimal(1), role=evil)]
    text = page(whole(charts.balances(rows), evil, "", [evil]), "window.vegaEmbed = () => 1;")
    assert text.count("</script>") == 2
    assert "alert(1)</script>" not in text
    assert "https://" not in re.sub(r'"\$schema": "[^"]*"', "", text)


def test_plot_may_stand_alone() -> None:
    """What comes after it is its file only where it has an ending."""
    assert with_value("--plot", ["supply", "t", "--plot"]) == ["supply", "t", "--plot", "-"]
    assert with_value("--plot", ["--plot", "supply", "t"]) == ["--plot", "-", "supply", "t"]
    assert with_value("--plot", ["t", "--plot", "a.svg", "--to", "x"]) == [
        "t",
        "--plot",
        "a.svg",
        "--to",
        "x",
    ]
    assert with_value("--plot", ["t", "--plot", "--to", "x"]) == ["t", "--plot", "-", "--to", "x"]


def test_files_and_terminal_on_a_real_home(
    ustb_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SVG has title, block and certificate as text, PNG is one, the terminal draws all; the rest is refused."""
    monkeypatch.chdir(tmp_path)
    common = ["--home", str(ustb_home), "--config", str(CONFIG), "show"]
    for what in ("flows", "balances", "yield", "product"):
        assert main([*common, what, "ustb", "--plot"]) == 0
        assert "█" in capsys.readouterr().out
    for what in ("supply", "rollforward", "holders", "nav"):
        assert main([*common, what, "ustb", "--plot", f"{what}.svg"]) == 0, capsys.readouterr().err
        text = Path(f"{what}.svg").read_text("utf-8")
        assert "USTB: " in text
        assert "block 394" in text.replace("\N{NO-BREAK SPACE}", " ")
        assert "certificate pass" in text.replace("\N{NO-BREAK SPACE}", " ")
        capsys.readouterr()
        assert main([*common, what, "ustb", "--plot"]) == 0
        assert "█" in capsys.readouterr().out
    assert main([*common, "supply", "ustb", "--plot", "a.png"]) == 0
    assert Path("a.png").read_bytes()[:4] == b"\x89PNG"
    for wrong in (
        ["supply", "ustb", "--plot", "a.pdf"],
        ["transfers", "ustb", "--plot"],
        ["nav", "ustb", "--plot", "--json"],
    ):
        assert main([*common, *wrong]) == 2
