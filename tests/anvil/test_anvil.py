"""A real node: an ERC-20 of our own on anvil, indexed, certified and compared with what the contract says."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from anvil_kit import CHAIN, deployed, mine, running, send, url_of
from line_kit import Quiet
from own_chain import Home, Named, home_of, write_config
from web3 import Web3

from indexer.sync.certify import verify
from indexer.sync.orders import Outcome

TRANSFERS = 1_000
PER_BLOCK = 5
IN_ONE = 10
HOLDERS = 40
SEED = 20_261_124


class Chain(NamedTuple):
    """The node, the deployed contract and the block it was deployed in."""

    web3: Web3
    contract: Any
    deployed: int


class Done(NamedTuple):
    """The chain after its activity, and the home that was filled from it."""

    chain: Chain
    home: Home
    outcome: Outcome


@pytest.fixture(scope="module")
def node() -> Iterator[Web3]:
    """A fresh anvil whose blocks are mined on request."""
    with running() as web3:
        yield web3


@pytest.fixture(scope="module")
def done(node: Web3, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The contract after its transfers, and a home filled up to the node's final block."""
    chain = Chain(node, *deployed(node, "Ledger"))
    act(chain)
    mine(chain.web3, 5)  # so that everything above is final
    folder = tmp_path_factory.mktemp("anvil")
    token = Named("ledger", chain.contract.address, decimals=18, start=chain.deployed)
    config = write_config(folder / "config", "anvil", CHAIN, [token])
    home = home_of(folder / "home", config, f"anvil={url_of(node)}")
    return Done(chain, home, home.backfill())


def act(chain: Chain) -> None:
    """Mint, make a thousand transfers, several to a block and some to a transaction, and burn."""
    draw = random.Random(SEED)
    sender, calls = chain.web3.eth.accounts[0], chain.contract.functions
    receivers = [Web3.to_checksum_address(f"0x{draw.getrandbits(160):040x}") for _ in range(HOLDERS)]
    send(chain.web3, calls.mint(sender, 10**30))
    mine(chain.web3, 1)
    singles = TRANSFERS // 2
    for number in range(singles):
        send(chain.web3, calls.transfer(draw.choice(receivers), draw.randrange(10**24)))
        if number % PER_BLOCK == PER_BLOCK - 1:
            mine(chain.web3, 1)
    for _ in range((TRANSFERS - singles) // IN_ONE):
        to = [draw.choice(receivers) for _ in range(IN_ONE)]
        send(chain.web3, calls.transferMany(to, [draw.randrange(10**24) for _ in to]))
    mine(chain.web3, 1)
    send(chain.web3, calls.burn(10**29 + 1))
    mine(chain.web3, 1)


def test_every_transfer_is_there(done: Done) -> None:
    """The thousand transfers, the mint and the burn are entries of the ledger, and nothing else is."""
    found = done.home.rows(
        "SELECT effect, count(*) AS entries FROM transfers GROUP BY effect ORDER BY effect"
    )
    assert [(row["effect"], row["entries"]) for row in found] == [
        ("burn", 1), ("mint", 1), ("move", TRANSFERS),
    ]  # fmt: skip
    assert done.home.values("SELECT count(*) FROM undecoded") == [0]


def test_the_certificate_passes(done: Done) -> None:
    """Verify finds the supply and every holder's balance as the contract has them."""
    assert [result.verdict for result in done.outcome.results] == ["pass"], done.home.rows(
        "FROM certificates"
    )
    (row,) = done.home.rows("SELECT * FROM certificates")
    holders = done.home.values("SELECT count(*) FROM balances WHERE units > 0")
    assert (row["holders_wrong"], row["reads_used"]) == (0, 0)
    assert [row["holders_checked"]] == holders


def test_supply_and_balances_are_the_contracts(done: Done) -> None:
    """What readers get is totalSupply() and balanceOf() of the contract, asked here and not by the line."""
    views = done.chain.contract.functions
    last = "SELECT supply_raw FROM supply_changes ORDER BY block_number DESC, log_index DESC LIMIT 1"
    assert done.home.values(last) == [views.totalSupply().call()]
    balances = done.home.rows("SELECT holder, units FROM balances")
    assert len(balances) == HOLDERS + 1
    for row in balances:
        assert row["units"] == views.balanceOf(Web3.to_checksum_address(row["holder"])).call()


def test_an_earlier_block_passes_too(done: Done) -> None:
    """A certificate for a block in the middle compares with the state of that block."""
    middle = (done.chain.deployed + done.chain.web3.eth.block_number) // 2
    made = verify(
        done.home.settings, done.home.registry, tuple(done.home.registry.tokens.values()), middle, Quiet()
    )
    assert [(row["block_number"], row["verdict"]) for row in made.to_pylist()] == [(middle, "pass")]


def test_again_fetches_no_logs(done: Done) -> None:
    """A second run finds nothing missing: what was fetched, the rows and the results are the same."""
    tables = ("segments", "files", "transfers", "certificates")
    before = [done.home.rows(f"FROM {name} ORDER BY ALL") for name in tables]
    assert done.home.backfill().results == done.outcome.results
    assert [done.home.rows(f"FROM {name} ORDER BY ALL") for name in tables] == before
