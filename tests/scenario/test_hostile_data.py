"""Logs that a ledger cannot hold, or that are unusual in number or order: nothing is lost, nothing rounded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Context
from typing import Any, NamedTuple

import pytest
from own_chain import (
    TRANSFER,
    ZERO,
    Home,
    Named,
    Row,
    account,
    header,
    home_of,
    log,
    word,
    write_config,
    write_recording,
)

from indexer.serve.recording import Recording
from indexer.serve.replay import Replay, serving
from indexer.sync.orders import Outcome

NUMBER = 900_100
BLOCKS = 72
MANY = 10_000
CROWDED = 30
LARGEST = 10**38 - 1
EXACT = Context(prec=80)
ANNE, BOB, CLEO = account(0xA11CE), account(0xB0B), account(0xC1E0)
REPEATED = ((ANNE, BOB), (BOB, ANNE), (ANNE, ANNE), (ANNE, BOB), (ZERO, ANNE), (ANNE, ZERO))
DAY, NEXT, LATER = date(2025, 6, 15), date(2025, 6, 16), date(2025, 6, 17)
BROKEN_AT = 20
"""The block of the log that cannot be held; it lies on the second day."""


class Kind(NamedTuple):
    """A log that no ledger can hold: its topics, its data, and the reason it is told with."""

    topics: list[str]
    data: str
    reason: str


BROKEN = {
    "huge": Kind([TRANSFER, word(ZERO), word(ANNE)], word(2**256 - 1), "amount over 38 digits"),
    "thirty-nine": Kind([TRANSFER, word(ANNE), word(BOB)], word(10**38), "amount over 38 digits"),
    "nft": Kind([TRANSFER, word(ANNE), word(BOB), word(7)], "0x", "ERC-721 Transfer: four topics"),
    "short": Kind(
        [TRANSFER, word(ANNE), word(BOB)],
        "0x" + "00" * 30 + "01",
        "Transfer whose data is not one word of 32 bytes",
    ),
}
PLAIN = ("steady", "full")
ADDRESSES = {name: account(0x70CE_0000 + n) for n, name in enumerate((*BROKEN, *PLAIN))}


class Played(NamedTuple):
    """The chain's logs as the node has them, and the home that they went into."""

    logs: list[Row]
    home: Home
    outcome: Outcome

    def of(self, table: str, token: str, order: str) -> list[Row]:
        return self.home.rows(f"SELECT * FROM {table} WHERE token = '{token}' ORDER BY {order}")


class Writer:
    """Writes logs block after block, each at the next free place, in a transaction of its own if not told."""

    def __init__(self) -> None:
        self.logs: list[Row] = []
        self._block = self._index = self._tx = -1

    def add(self, block: int, token: str, topics: list[str], data: str, *, same_tx: bool = False) -> None:
        if block != self._block:
            self._block, self._index, self._tx = block, -1, -1
        self._index += 1
        self._tx += not same_tx
        self.logs.append(log(block, self._index, ADDRESSES[token], topics, data, self._tx))

    def move(
        self, block: int, token: str, sides: tuple[str, str], value: int, *, same_tx: bool = False
    ) -> None:
        topics = [TRANSFER, word(sides[0]), word(sides[1])]
        self.add(block, token, topics, word(value), same_tx=same_tx)


def broken_token(chain: Writer, block: int, token: str) -> None:
    """Write what each broken token does in *block*: a day of order, the log, and life after it."""
    if block == 1:
        chain.move(block, token, (ZERO, ANNE), 10**30)
    elif block == 2:
        chain.move(block, token, (ANNE, BOB), 10**29 + 1)
    elif block == BROKEN_AT:
        chain.add(block, token, BROKEN[token].topics, BROKEN[token].data)
    elif block == BROKEN_AT + 1:
        chain.move(block, token, (ZERO, CLEO), 5 * 10**18)
    elif block == BROKEN_AT + 20:
        chain.move(block, token, (ANNE, BOB), 7)


def steady(chain: Writer, block: int) -> None:
    """Write a token that keeps to the rules: one transaction over and over the same address, and a crowd."""
    if block == 1:
        chain.move(block, "steady", (ZERO, ANNE), 10**30)
        for number, sides in enumerate(REPEATED):
            chain.move(block, "steady", sides, 10**29 + 3, same_tx=number > 0)
    elif block == CROWDED:
        for number in range(MANY):
            chain.move(
                block, "steady", (ANNE, account(0xF000_0000 + number)), 10**24 + number, same_tx=number > 0
            )


def full(chain: Writer, block: int) -> None:
    """Write a token whose every amount fits, but not their sum."""
    if block in {1, BROKEN_AT}:
        chain.move(block, "full", (ZERO, ANNE), LARGEST)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """All tokens on one chain, through the whole line."""
    folder = tmp_path_factory.mktemp("hostile")
    chain = Writer()
    for block in range(BLOCKS):
        for token in BROKEN:
            broken_token(chain, block, token)
        steady(chain, block)
        full(chain, block)
    path = write_recording(folder / "hostile.json", NUMBER, [header(n) for n in range(BLOCKS)], chain.logs)
    tokens = [Named(name, address) for name, address in ADDRESSES.items()]
    config = write_config(folder / "config", "hostile", NUMBER, tokens)
    with serving(Replay([Recording(path)])) as url:
        home = home_of(folder / "home", config, f"hostile={url}/hostile")
        yield Played(chain.logs, home, home.backfill())


def test_every_log_is_kept_as_it_was(played: Played) -> None:
    """The raw table has each log with its topics and data, whatever they are."""
    rows = played.home.rows("SELECT * FROM logs ORDER BY block_number, log_index")
    assert len(rows) == len(played.logs)
    for row, wanted in zip(rows, played.logs, strict=True):
        topics = [row[f"topic{n}"] for n in range(4)]
        assert ["0x" + topic.hex() for topic in topics if topic is not None] == wanted["topics"]
        assert "0x" + row["data"].hex() == wanted["data"]


def test_every_log_is_in_one_table(played: Played) -> None:
    """Each log is an entry or a row of undecoded, never both and never neither."""
    keys = "SELECT token, block_number, log_index FROM"
    entries = {tuple(row.values()) for row in played.home.rows(f"{keys} transfers")}
    undecoded = {tuple(row.values()) for row in played.home.rows(f"{keys} undecoded")}
    names = {address: name for name, address in ADDRESSES.items()}
    wanted = {
        (names[entry["address"]], int(entry["blockNumber"], 16), int(entry["logIndex"], 16))
        for entry in played.logs
    }
    assert entries & undecoded == set()
    assert entries | undecoded == wanted
    assert len(undecoded) == len(BROKEN)


@pytest.mark.parametrize("token", BROKEN)
def test_what_cannot_be_held_says_why(played: Played, token: str) -> None:
    """The log is a row of undecoded with its place and the reason."""
    (row,) = played.of("undecoded", token, "log_index")
    assert (row["block_number"], row["address"], row["topic0"]) == (BROKEN_AT, ADDRESSES[token], TRANSFER)
    assert row["reason"] == BROKEN[token].reason


@pytest.mark.parametrize("token", BROKEN)
def test_supply_is_null_from_there_on(played: Played, token: str) -> None:
    """Supply is exact before the log, and NULL with the block, the log and the reason from it on."""
    before, at, after = played.of("supply_changes", token, "block_number, log_index")
    assert (before["supply_raw"], before["units"], before["why_null"]) == (10**30, 10**30, None)
    for row in (at, after):
        assert (row["supply_raw"], row["units"], row["supply"]) == (None, None, None)
        assert row["why_null"].startswith(f"block {BROKEN_AT} log ")
        assert row["why_null"].endswith(BROKEN[token].reason)
    assert (at["block_number"], at["cause"], after["block_number"]) == (BROKEN_AT, "undecoded", BROKEN_AT + 1)


@pytest.mark.parametrize("token", BROKEN)
def test_daily_supply_is_null_from_there_on(played: Played, token: str) -> None:
    """The first day closes with the exact supply; the day of the log and those after it have none."""
    first, *rest = played.of("supply_daily", token, "day")
    assert (first["day"], first["units"], first["supply"], first["circulating"]) == (
        DAY,
        10**30,
        10**12,
        None,
    )
    assert first["why_null"] == "no list of the issuer's own addresses is known"
    assert [row["day"] for row in rest[:2]] == [NEXT, LATER]
    for row in rest:
        assert (row["units"], row["supply"]) == (None, None)
        assert row["why_null"]
    assert BROKEN[token].reason in rest[0]["why_null"]


@pytest.mark.parametrize("token", BROKEN)
def test_the_roll_forward_is_null_from_there_on(played: Played, token: str) -> None:
    """The first day adds up exactly; the second has its opening and no closing, the third neither."""
    rows = played.of("supply_rollforward", token, "day")
    first, second, third, *_ = [row for row in rows if row["basis"] == "total"]
    assert (first["opening"], first["closing"], first["unclassified"]) == (0, 10**12, 10**12)
    assert (second["opening"], second["closing"]) == (10**12, None)
    assert (third["opening"], third["closing"]) == (None, None)
    assert BROKEN[token].reason in second["why_null"]
    assert BROKEN[token].reason in third["why_null"]


@pytest.mark.parametrize("token", BROKEN)
def test_holders_are_null_from_there_on(played: Played, token: str) -> None:
    """The first day has its two holders; from the log on nobody knows who holds what."""
    rows = [row for row in played.of("holders_daily", token, "day") if row["chain_id"] != "all"]
    assert (rows[0]["addresses"], rows[0]["holders"], rows[0]["entered"]) == (2, 2, 2)
    for row in rows[1:]:
        figures = (row["addresses"], row["holders"], row["entered"], row["exited"])
        assert figures == (None, None, None, None)
        assert row["why_null"]
    assert BROKEN[token].reason in rows[1]["why_null"]


@pytest.mark.parametrize("token", BROKEN)
def test_balances_are_null_with_the_reason(played: Played, token: str) -> None:
    """At the frontier every address that the ledger knows has no balance, and the reason."""
    rows = played.of("balances", token, "holder")
    assert {row["holder"] for row in rows} >= {ANNE, BOB, CLEO}
    for row in rows:
        assert (row["units"], row["balance"]) == (None, None)
        assert BROKEN[token].reason in row["why_null"]


@pytest.mark.parametrize("token", BROKEN)
def test_daily_balances_are_exact_before_it(played: Played, token: str) -> None:
    """At the first close both holders have their balance to the last unit; later closes have none."""
    rows = played.of("balance_days", token, "day, holder")
    first = {row["holder"]: row["units"] for row in rows if row["day"] == DAY}
    assert first == {ANNE: 9 * 10**29 - 1, BOB: 10**29 + 1}
    for row in rows:
        if row["day"] > DAY:
            assert (row["units"], row["balance"]) == (None, None)
            assert row["why_null"]


@pytest.mark.parametrize("token", BROKEN)
def test_flows_remain(played: Played, token: str) -> None:
    """Entries before and after the log keep their amounts, one by one and summed by day."""
    entries = [
        (row["block_number"], row["amount_raw"]) for row in played.of("transfers", token, "block_number")
    ]
    after = [(BROKEN_AT + 1, 5 * 10**18), (BROKEN_AT + 20, 7)]
    assert entries == [(1, 10**30), (2, 10**29 + 1), *after]
    flows = {(row["day"], row["effect"]): row for row in played.of("flows_daily", token, "day")}
    assert flows[NEXT, "mint"]["minted"] == 5
    assert base_units(flows[LATER, "move"]["amount"]) == 7


def test_a_broken_token_is_not_certified(played: Played) -> None:
    """Its certificate is unknown with the reason, not passed and not failed."""
    for token, kind in BROKEN.items():
        (row,) = played.of("certificates", token, "block_number")
        assert row["verdict"] == "unknown"
        assert kind.reason in row["reason"]


def test_an_address_repeated_in_a_transaction_adds_up(played: Played) -> None:
    """Six entries of one transaction over the same two addresses, one to itself: each is there, each counts."""
    entries = [row for row in played.of("transfers", "steady", "log_index") if row["block_number"] == 1][1:]
    assert len({row["tx_hash"] for row in entries}) == 1
    assert [row["effect"] for row in entries] == ["move"] * 4 + ["mint", "burn"]
    assert {row["amount_raw"] for row in entries} == {10**29 + 3}
    closes = {
        row["holder"]: row["units"] for row in played.of("balance_days", "steady", "day") if row["day"] == DAY
    }
    assert closes == {ANNE: 9 * 10**29 - 3, BOB: 10**29 + 3}


def test_ten_thousand_logs_in_a_block_are_all_there(played: Played) -> None:
    """Each of the ten thousand receivers of one block has its own amount, and the sender what is left."""
    balances = {row["holder"]: row["units"] for row in played.of("balances", "steady", "holder")}
    given = {account(0xF000_0000 + number): 10**24 + number for number in range(MANY)}
    assert {holder: units for holder, units in balances.items() if holder in given} == given
    assert balances[ANNE] == 9 * 10**29 - 3 - sum(given.values())


def test_holders_of_the_crowd_are_counted(played: Played) -> None:
    """The day after the crowded block has ten thousand and two holders."""
    rows = {r["day"]: r for r in played.of("holders_daily", "steady", "day") if r["chain_id"] != "all"}
    assert (rows[DAY]["holders"], rows[NEXT]["entered"], rows[NEXT]["holders"]) == (2, MANY, MANY + 2)


def test_a_sum_that_does_not_fit_is_null(played: Played) -> None:
    """Two amounts of 38 digits each: both entries are exact, their total is NULL and says so."""
    assert [row["amount_raw"] for row in played.of("transfers", "full", "block_number")] == [LARGEST] * 2
    first, second = played.of("supply_changes", "full", "block_number")
    assert (first["supply_raw"], first["why_null"]) == (LARGEST, None)
    assert (second["supply_raw"], second["why_null"]) == (None, "the total has more than 38 digits")
    (balance,) = played.of("balances", "full", "holder")
    assert balance["units"] is None
    assert balance["why_null"]


def base_units(amount: Any) -> int:
    """Return token units of 18 decimals in base units."""
    return int(amount.scaleb(18, EXACT))
