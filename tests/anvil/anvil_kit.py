"""A real node for the tests of this folder: anvil, whose blocks are mined on request."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from web3 import HTTPProvider, Web3

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache" / "anvil"
CHAIN = 31337
DEADLINE = 15.0


class Deployed(NamedTuple):
    """A contract and the block it was deployed in."""

    contract: Any
    block: int


def binary() -> Path:
    """Return anvil's program; fails with a sentence where it is not installed."""
    found = sorted(CACHE.glob("node_modules/@foundry-rs/anvil-*/bin/anvil"))
    if not found:
        pytest.fail(
            "anvil is not installed in .cache/anvil; run scripts/setup, or the tests by scripts/test."
        )
    return found[0]


@contextmanager
def running(finality: int = 2) -> Iterator[Web3]:
    """A fresh anvil, as web3 sees it, whose blocks are final *finality* below the head; it ends with the context."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--port", str(port), "--no-mining", "--slots-in-an-epoch", str(finality // 2), "--silent"]
    process = subprocess.Popen([binary(), *options])
    try:
        _wait_for(port)
        yield Web3(HTTPProvider(f"http://127.0.0.1:{port}"))
    finally:
        process.terminate()
        process.wait(DEADLINE)


def url_of(web3: Web3) -> str:
    return str(web3.provider.endpoint_uri)


def deployed(web3: Web3, name: str, *arguments: Any) -> Deployed:
    """Deploy the contract of ``name``.json in a block of its own."""
    compiled = json.loads((HERE / f"{name}.json").read_text())
    kind = web3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
    sent = kind.constructor(*arguments).transact({"from": web3.eth.accounts[0], "gas": 2_000_000})
    mine(web3, 1)
    receipt = web3.eth.get_transaction_receipt(sent)
    return Deployed(at(web3, name, receipt["contractAddress"]), receipt["blockNumber"])


def at(web3: Web3, name: str, address: str) -> Any:
    """Return the contract at *address*, spoken to by the ABI of ``name``.json."""
    compiled = json.loads((HERE / f"{name}.json").read_text())
    return web3.eth.contract(address=address, abi=compiled["abi"])


def send(web3: Web3, call: Any) -> None:
    call.transact({"from": web3.eth.accounts[0], "gas": 1_000_000})


def mine(web3: Web3, blocks: int) -> None:
    web3.provider.make_request("anvil_mine", [hex(blocks)])


def _wait_for(port: int) -> None:
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
