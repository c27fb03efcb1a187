"""A small configuration on disk for the tests of the config room."""

from pathlib import Path

from indexer.config.load import load
from indexer.config.model import Registry
from indexer.floor.errors import Usage

ADDRESS = "0x43415eB6ff9DB7E26A15b704e7A3eDCe97d31C4e"
OTHER = "0x7712c34205737192402172409a8F7ccef8aA2AEc"
CHAINS = """
[ethereum]
id = "eip155:1"
endpoints = ["https://node.example/rpc"]
finality = "finalized"
floor = 2020-01-01
"""
DEPLOYMENT = f"""
[[token.deployment]]
chain = "ethereum"
address = "{ADDRESS}"
decimals = 6
start = 18725909
"""
TOKEN = """
[[token]]
id = "ustb"
symbol = "USTB"
product = "ustb"
accrual = "plain"
"""
PLATFORM = """
[platform]
id = "superstate"
name = "Superstate"

[[product]]
id = "ustb"
name = "A fund"
asset_class = "us-treasuries"
currency = "USD"
"""


def written(folder: Path, platform: str = PLATFORM + TOKEN + DEPLOYMENT, chains: str = CHAINS) -> Path:
    """Return *folder* with a chains.toml and one platform file."""
    (folder / "platforms").mkdir(parents=True, exist_ok=True)
    (folder / "chains.toml").write_text(chains)
    (folder / "platforms" / "superstate.toml").write_text(platform)
    return folder


def read(folder: Path, platform: str = PLATFORM + TOKEN + DEPLOYMENT, chains: str = CHAINS) -> Registry:
    return load(written(folder, platform, chains))


def refusal(folder: Path, platform: str = PLATFORM + TOKEN + DEPLOYMENT, chains: str = CHAINS) -> str:
    """Return what the loader says of a configuration that it must refuse."""
    try:
        read(folder, platform, chains)
    except Usage as error:
        return str(error)
    raise AssertionError("the configuration was accepted")
