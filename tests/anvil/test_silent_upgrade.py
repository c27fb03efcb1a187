"""A proxy that logs nothing: its upgrade is found by its storage, between two backfills."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from anvil_kit import CHAIN, at, deployed, mine, running, send, url_of
from line_kit import Quiet
from own_chain import Home, Named, home_of, write_config
from web3 import Web3

from indexer.sync.rebuild import rebuild

ROOM = 5
"""The slot in which SilentProxy.sol keeps its target."""

UPGRADES = "SELECT * FROM compliance_events WHERE kind = 'implementation'"


def looking_home(folder: Path, web3: Web3, address: str, start: int) -> Home:
    """Return a home whose one token asks for the slot of its proxy's target."""
    slot = f"implementation_slot = {ROOM}"
    proxied = Named("proxied", address, start=start, reads=("implementation",), more=slot)
    config = write_config(folder / "config", "anvil", CHAIN, [proxied])
    return home_of(folder / "home", config, f"anvil={url_of(web3)}")


def mint(web3: Web3, token: Any) -> int:
    """Mint something and return the last final block."""
    send(web3, token.functions.mint(web3.eth.accounts[0], 10**18))
    mine(web3, 5)
    return int(web3.eth.get_block("finalized")["number"])


def test_a_silent_upgrade_is_one_row(tmp_path: Path) -> None:
    """Two backfills around resetImplementation give one row; a third and a rebuild leave it as it is."""
    with running() as web3:
        first, second = (deployed(web3, "Ledger").contract.address for _ in range(2))
        proxy = deployed(web3, "SilentProxy", first)
        token = at(web3, "Ledger", proxy.contract.address)
        home = looking_home(tmp_path, web3, proxy.contract.address, proxy.block)
        seen = mint(web3, token)
        assert [result.verdict for result in home.backfill().results] == ["pass"]
        assert home.rows(UPGRADES) == []

        send(web3, proxy.contract.functions.resetImplementation(second))
        found = mint(web3, token)
        home.backfill()
        (row,) = home.rows(UPGRADES)
        assert (row["account"], row["tx_hash"], row["log_index"]) == (second.lower(), None, None)
        assert row["block_number"] == found
        assert row["block_time"].timestamp() == web3.eth.get_block(found)["timestamp"]
        assert f"was {first.lower()} at block {seen}" in row["detail"]

        mint(web3, token)
        home.backfill()
        assert home.rows(UPGRADES) == [row]
        rebuild(home.settings, home.registry, tuple(home.registry.tokens.values()), Quiet())
        assert home.rows(UPGRADES) == [row]
        assert home.values("SELECT count(*) FROM reads WHERE octet_length(call) = 37") == [3]
