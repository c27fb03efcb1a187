"""The 291 logs of Ethereum's block 18,000,000 through the whole line, counted here independently of it."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from decimal import Context
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from own_chain import TRANSFER, ZERO, Home, Named, home_of, write_config, write_recording

from indexer.decode.transfers import FOUR_TOPICS
from indexer.serve.recording import Recording
from indexer.serve.replay import Replay, serving
from indexer.sync.orders import Outcome

CAPTURE = Path(__file__).parents[1] / "data" / "ethereum-18000000" / "getlogs.json.gz"
BLOCK = 18_000_000
TIME = 0x64EA268F
ERC20, ERC721 = 141, 2
LATE = "history starts before the first covered block"
Log = dict[str, Any]


class Real(NamedTuple):
    """The block's logs as the node gave them, and the home that they went into."""

    logs: list[Log]
    home: Home
    outcome: Outcome

    def transfers(self, topics: int) -> list[Log]:
        """Return the logs with the Transfer topic and so many topics: three an ERC-20's, four an ERC-721's."""
        return [log for log in self.logs if log["topics"][:1] == [TRANSFER] and len(log["topics"]) == topics]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """Every contract with a Transfer in the block as a token, from long before the block, and all the others
    as companions of the first one, so that every log is asked for.

    The tokens' decimals are not in the logs, so all of them have 18 here; what is compared is base units.
    """
    folder = tmp_path_factory.mktemp("mainnet")
    header, logs = (answer["result"] for answer in json.loads(gzip.decompress(CAPTURE.read_bytes())))
    path = write_recording(folder / "ethereum.json", 1, [header], logs)
    moving = sorted({log["address"] for log in logs if log["topics"][:1] == [TRANSFER]})
    others = sorted({log["address"] for log in logs} - set(moving))
    first, *rest = moving
    tokens = [
        Named("t0", first, start=1, companions=tuple(others)),
        *(Named(f"t{number}", address, start=1) for number, address in enumerate(rest, 1)),
    ]
    config = write_config(folder / "config", "ethereum", 1, tokens)
    with serving(Replay([Recording(path)])) as url:
        home = home_of(folder / "home", config, f"ethereum={url}/ethereum")
        yield Real(logs, home, home.backfill(first=BLOCK))


def test_the_capture_is_what_it_says(real: Real) -> None:
    """The block has 291 logs, 141 ERC-20 Transfers and two of ERC-721s."""
    counts = (len(real.logs), len(real.transfers(3)), len(real.transfers(4)))
    assert counts == (291, ERC20, ERC721)


def test_every_log_is_kept(real: Real) -> None:
    """The table of raw logs has all 291 as the node gave them, with the time of the block."""
    rows = real.home.rows("SELECT *, epoch(block_time)::BIGINT AS seconds FROM logs ORDER BY log_index")
    assert len(rows) == 291
    for row, log in zip(rows, real.logs, strict=True):
        topics = [row[f"topic{n}"] for n in range(4)]
        assert ["0x" + topic.hex() for topic in topics if topic is not None] == log["topics"]
        assert ("0x" + row["address"].hex(), "0x" + row["data"].hex()) == (log["address"], log["data"])
        assert "0x" + row["tx_hash"].hex() == log["transactionHash"]
        assert (row["block_number"], row["seconds"]) == (BLOCK, TIME)


def test_erc20_transfers_are_entries(real: Real) -> None:
    """Each of the 141 ERC-20 Transfers is an entry with the amount and the accounts of its log."""
    rows = real.home.rows("SELECT * FROM transfers ORDER BY log_index")
    found = [
        (r["log_index"], r["contract"], r["from_address"], r["to_address"], r["amount_raw"]) for r in rows
    ]
    assert found == [
        (
            int(log["logIndex"], 16),
            log["address"],
            "0x" + log["topics"][1][26:],
            "0x" + log["topics"][2][26:],
            int(log["data"], 16),
        )
        for log in real.transfers(3)
    ]


def test_mints_and_burns_are_told_apart(real: Real) -> None:
    """An entry from the zero account is a mint, one to it a burn, counted here from the topics."""
    zero = "0x" + ZERO[2:].rjust(64, "0")
    wanted = Counter(
        "mint" if log["topics"][1] == zero else "burn" if log["topics"][2] == zero else "move"
        for log in real.transfers(3)
    )
    found = real.home.rows("SELECT effect, count(*) AS entries FROM transfers GROUP BY effect")
    assert {row["effect"]: row["entries"] for row in found} == wanted
    assert wanted["mint"] > 0


def test_erc721_transfers_are_excluded_and_said(real: Real) -> None:
    """The two ERC-721 Transfers are rows of undecoded with the reason, and no entries."""
    rows = real.home.rows("SELECT log_index, address, reason FROM undecoded ORDER BY log_index")
    assert [(row["log_index"], row["address"], row["reason"]) for row in rows] == [
        (int(log["logIndex"], 16), log["address"], FOUR_TOPICS) for log in real.transfers(4)
    ]


@pytest.mark.parametrize(
    ("table", "figures"),
    [
        ("supply_changes", ("units", "supply_raw", "supply")),
        ("supply_daily", ("units", "supply")),
        ("supply_rollforward", ("opening", "closing")),
        ("holders_daily", ("addresses", "holders", "entered", "exited")),
        ("balances", ("units", "balance")),
        ("balance_days", ("units", "balance")),
    ],
)
def test_stocks_are_null_and_say_why(real: Real, table: str, figures: tuple[str, ...]) -> None:
    """What a token held before this block nobody has seen, so every stock is NULL with that reason."""
    rows = real.home.rows(f"SELECT why_null, {', '.join(figures)} FROM {table}")
    assert rows
    for row in rows:
        assert row == {"why_null": LATE, **dict.fromkeys(figures)}


def test_flows_are_there(real: Real) -> None:
    """The day's flows count every entry and sum its amounts, although stocks are not known."""
    entries = real.home.values("SELECT sum(transfers)::BIGINT FROM flows_daily")
    assert entries == [ERC20]
    (summed,) = real.home.values("SELECT sum(amount) FROM flows_daily")
    assert int(summed.scaleb(18, Context(prec=80))) == sum(int(log["data"], 16) for log in real.transfers(3))


def test_certificates_are_unknown(real: Real) -> None:
    """Nothing is certified where nothing is claimed: each verdict is unknown, with the reason."""
    rows = real.home.rows("SELECT DISTINCT verdict, reason FROM certificates")
    assert rows == [{"verdict": "unknown", "reason": LATE}]
