"""The configuration of the chain that is played."""

from __future__ import annotations

from pathlib import Path

from benching.chain import CHAIN_NUMBER, CONTRACTS, FIRST_BLOCK


def write_config(folder: Path) -> Path:
    """Return a configuration of the five contracts, as plain tokens of one chain."""
    (folder / "platforms").mkdir(parents=True, exist_ok=True)
    chain = f'[bench]\nid = "eip155:{CHAIN_NUMBER}"\nfamily = "evm"\nendpoints = []\nfinality = "finalized"\n'
    (folder / "chains.toml").write_text(chain)
    text = '[platform]\nid = "bench"\nname = "Bench"\n'
    for number, contract in enumerate(CONTRACTS, 1):
        text += f"""
[[product]]
id = "b{number}"
name = "Bench {number}"
asset_class = "fund"
currency = "USD"

[[token]]
id = "b{number}"
symbol = "B{number}"
name = "Bench {number}"
product = "b{number}"
accrual = "plain"
reasons = "plain"
events = ["erc20"]

  [[token.deployment]]
  chain = "bench"
  address = "{contract}"
  decimals = 18
  start = {FIRST_BLOCK}
"""
    (folder / "platforms" / "bench.toml").write_text(text)
    return folder
