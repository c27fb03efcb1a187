"""Following a real node: reorganisations of several depths, a kill, a WebSocket, and what stands in the end."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from anvil_kit import CHAIN, deployed, mine, running, send, url_of
from line_kit import Quiet
from own_chain import Home, Named, home_of, write_config
from web3 import Web3

from indexer.cli.main import main
from indexer.sync.follow import follow_all
from indexer.sync.orders import Order
from indexer.sync.session import session

DEPTHS = (1, 5, 32)
PATIENCE = 600.0
"""Seconds after which only a process that hangs is not done, however slow the machine."""


class Place(NamedTuple):
    """A node with the deployed contract, and a home that is to follow it."""

    web3: Web3
    contract: Any
    home: Home


@pytest.fixture(params=["http", "ws"])
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    """A fresh node with a token whose owner minted; blocks are final 64 below the head."""
    with running(finality=64) as web3:
        contract, block = deployed(web3, "Ledger")
        send(web3, contract.functions.mint(web3.eth.accounts[0], 10**30))
        mine(web3, 1)
        config = write_config(
            tmp_path / "config", "anvil", CHAIN, [Named("ledger", contract.address, decimals=18, start=block)]
        )
        url = url_of(web3).replace("http", request.param, 1)
        yield Place(web3, contract, home_of(tmp_path / "home", config, f"anvil={url}"))


def act(place: Place, blocks: int, draw: random.Random) -> None:
    """Mine *blocks* blocks of two transfers each."""
    for _ in range(blocks):
        for _ in range(2):
            to = Web3.to_checksum_address(f"0x{draw.getrandbits(32) + 1:040x}")
            send(place.web3, place.contract.functions.transfer(to, draw.randrange(10**24)))
        mine(place.web3, 1)


async def caught_up(place: Place) -> None:
    """Wait until the derived tables are at the node's head."""
    for _ in range(int(PATIENCE / 0.1)):
        head = place.web3.eth.get_block("latest")
        if frontier(place) == (head["number"], head["hash"].to_0x_hex()):
            return
        await asyncio.sleep(0.1)
    pytest.fail("the follower did not come to the head")


def frontier(place: Place) -> tuple[int, str] | None:
    """Return how far the tables are, as the book has it; None where there is none yet."""
    path = place.home.settings.home / "rwa.db"
    with (
        suppress(sqlite3.OperationalError),
        closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as con,
    ):
        return con.execute("SELECT frontier_block, frontier_hash FROM derivations").fetchone()
    return None


def assert_equal(place: Place) -> None:
    """The tables say what the contract says: supply, and the balance of everybody who ever held."""
    views = place.contract.functions
    last = "SELECT supply_raw FROM supply_changes ORDER BY block_number DESC, log_index DESC LIMIT 1"
    assert place.home.values(last) == [views.totalSupply().call()]
    balances = place.home.rows("SELECT holder, units FROM balances")
    assert len(balances) > 2
    for row in balances:
        assert row["units"] == views.balanceOf(Web3.to_checksum_address(row["holder"])).call()


def test_reorganisations_of_every_depth_leave_what_the_chain_has(place: Place) -> None:
    """Through branches of 1, 5 and 32 blocks that were taken back the follower ends with the contract's state."""
    draw = random.Random(7)

    async def drive() -> None:
        act(place, 40, draw)
        await caught_up(place)
        for depth in DEPTHS:
            place.web3.provider.make_request("anvil_reorg", [depth, []])
            act(place, 3, draw)
            await caught_up(place)
            assert_equal(place)
        for _ in range(2):
            mine(place.web3, 70)
            act(place, 1, draw)
            await caught_up(place)

    notes = followed(place, drive)
    assert sum("reorganisation" in note for note in notes) == len(DEPTHS)
    assert any(note.endswith("logs, 1 tokens derived.") for note in notes)
    assert_equal(place)
    final = place.home.rows("SELECT first, last, final FROM segments ORDER BY first")
    assert sum(row["final"] for row in final) >= 1
    assert place.home.values("SELECT bool_and(final) FROM certificates") == [True]
    assert all(
        row["final"] for row in final if row["last"] <= place.web3.eth.get_block("finalized")["number"]
    )


def followed(place: Place, drive: Any) -> list[str]:
    """Follow while *drive* runs, and return what the follower said."""
    notes = Quiet()

    async def both() -> None:
        with session(place.home.settings, place.home.registry, notes) as work:
            order = Order(tuple(place.home.registry.tokens.values()), last="latest")
            follower = asyncio.create_task(follow_all(work, order))
            driver = asyncio.create_task(drive())
            await asyncio.wait([follower, driver], return_when=asyncio.FIRST_COMPLETED)
            follower.cancel()
            with suppress(asyncio.CancelledError):
                await follower
            await driver

    asyncio.run(both())
    return notes.notes


def test_a_fork_below_finality_halts_and_is_taken_only_when_told(tmp_path: Path) -> None:
    """Exit 7 and no table touched; `rwa repair --fork` then takes the new branch and tells what was published."""
    with running() as web3:
        contract, block = deployed(web3, "Ledger")
        send(web3, contract.functions.mint(web3.eth.accounts[0], 10**30))
        mine(web3, 1)
        config = write_config(
            tmp_path / "config", "anvil", CHAIN, [Named("ledger", contract.address, decimals=18, start=block)]
        )
        place = Place(web3, contract, home_of(tmp_path / "home", config, f"anvil={url_of(web3)}"))
        day_passes(web3)
        act(place, 10, random.Random(8))
        day_passes(web3)
        mine(web3, 3)
        assert rwa(place, "backfill", "ledger") == 0
        before = place.home.rows("FROM supply_daily ORDER BY day"), place.home.rows("FROM segments")
        assert before[0][0]["published_at"] is not None
        web3.provider.make_request("anvil_reorg", [8, []])
        send(web3, contract.functions.burn(7))
        mine(web3, 5)
        assert rwa(place, "backfill") == 7
        assert before == (place.home.rows("FROM supply_daily ORDER BY day"), place.home.rows("FROM segments"))
        assert rwa(place, "status") == 0
        assert place.home.values("SELECT halted IS NOT NULL FROM heads") == [True]
        assert rwa(place, "repair", "--fork", "anvil") == 0
        assert_equal(place)
        assert set(place.home.values("SELECT cause FROM restatements")) == {"reorg"}
        assert rwa(place, "backfill") == 0


def day_passes(web3: Web3) -> None:
    """Let the next block be of the next day."""
    web3.provider.make_request("evm_increaseTime", [86_400])
    mine(web3, 1)


def rwa(place: Place, *arguments: str) -> int:
    """Run the command in this process; return its exit code."""
    url = url_of(place.web3)
    settings = place.home.settings
    return main(
        ["--home", str(settings.home), "--config", str(settings.config), "--rpc", f"anvil={url}", *arguments]
    )
