"""A real node: an ERC-20 of our own on anvil, indexed, certified and compared with what the contract says."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from line_kit import Quiet
from own_chain import Home, Named, home_of, write_config
from web3 import HTTPProvider, Web3

from indexer.sync.certify import verify
from indexer.sync.orders import Outcome

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache" / "anvil"
CHAIN = 31337
TRANSFERS = 1_000
PER_BLOCK = 5
IN_ONE = 10
HOLDERS = 40
SEED = 20_261_124
DEADLINE = 15.0


class Chain(NamedTuple):
    """The node's URL, its accounts, the deployed contract and the block it was deployed in."""

    url: str
    web3: Web3
    contract: Any
    deployed: int


class Done(NamedTuple):
    """The chain after its activity, and the home that was filled from it."""

    chain: Chain
    home: Home
    outcome: Outcome


def binary() -> Path:
    """Return anvil's program; fails with a sentence where it is not installed."""
    found = sorted(CACHE.glob("node_modules/@foundry-rs/anvil-*/bin/anvil"))
    if not found:
        pytest.fail(
            "anvil is not installed in .cache/anvil; run scripts/setup, or the tests by scripts/test."
        )
    return found[0]


@pytest.fixture(scope="module")
def node() -> Iterator[str]:
    """A fresh anvil whose blocks are mined on request; gives its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--port", str(port), "--no-mining", "--slots-in-an-epoch", "1", "--silent"]
    process = subprocess.Popen([binary(), *options])
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(DEADLINE)


def wait_for(port: int) -> None:
    until = time.monotonic() + DEADLINE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > until:
                pytest.fail(f"anvil did not open port {port} within {DEADLINE:g} seconds.")
            time.sleep(0.05)
        else:
            return


@pytest.fixture(scope="module")
def done(node: str, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The contract after its transfers, and a home filled up to the node's final block."""
    chain = deployed(node)
    act(chain)
    mine(chain.web3, 5)  # so that everything above is final
    folder = tmp_path_factory.mktemp("anvil")
    token = Named("ledger", chain.contract.address, decimals=18, start=chain.deployed)
    config = write_config(folder / "config", "anvil", CHAIN, [token])
    home = home_of(folder / "home", config, f"anvil={node}")
    return Done(chain, home, home.backfill())


def deployed(url: str) -> Chain:
    web3 = Web3(HTTPProvider(url))
    compiled = json.loads((HERE / "Ledger.json").read_text())
    kind = web3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
    sent = kind.constructor().transact({"from": web3.eth.accounts[0], "gas": 2_000_000})
    mine(web3, 1)
    receipt = web3.eth.get_transaction_receipt(sent)
    contract = web3.eth.contract(address=receipt["contractAddress"], abi=compiled["abi"])
    return Chain(url, web3, contract, receipt["blockNumber"])


def act(chain: Chain) -> None:
    """Mint, make a thousand transfers, several to a block and some to a transaction, and burn."""
    draw = random.Random(SEED)
    sender, calls = chain.web3.eth.accounts[0], chain.contract.functions
    receivers = [Web3.to_checksum_address(f"0x{draw.getrandbits(160):040x}") for _ in range(HOLDERS)]
    send(chain, calls.mint(sender, 10**30))
    mine(chain.web3, 1)
    singles = TRANSFERS // 2
    for number in range(singles):
        send(chain, calls.transfer(draw.choice(receivers), draw.randrange(10**24)))
        if number % PER_BLOCK == PER_BLOCK - 1:
            mine(chain.web3, 1)
    for _ in range((TRANSFERS - singles) // IN_ONE):
        to = [draw.choice(receivers) for _ in range(IN_ONE)]
        send(chain, calls.transferMany(to, [draw.randrange(10**24) for _ in to]))
    mine(chain.web3, 1)
    send(chain, calls.burn(10**29 + 1))
    mine(chain.web3, 1)


def send(chain: Chain, call: Any) -> None:
    call.transact({"from": chain.web3.eth.accounts[0], "gas": 1_000_000})


def mine(web3: Web3, blocks: int) -> None:
    web3.provider.make_request("anvil_mine", [hex(blocks)])


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
