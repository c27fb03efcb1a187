"""A chain that was never mined: logs of five contracts as a node would write them, from a seed.

Mostly Transfers and Approvals; some events of another shape, and odd rows: four topics, 31 bytes of data,
spaces between the tokens of the JSON, anonymous logs. Nobody moves more than was minted to him.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from typing import NamedTuple

TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
APPROVAL = "0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925"
OTHER = "0x" + "5eed" * 16

FIRST_BLOCK = 0xFFFF00  # a little below a block number with one digit more
FIRST_TIME = 1_700_000_000
CHAIN_NUMBER = 990_001
PER_BLOCK = 20
HOLDERS = 400
MINTED = 10**27
ODD_ONE_IN = 200
ODD = ("four topics", "31 bytes of data", "spaces", "no topics")


def _hex(draw: random.Random, size: int) -> str:
    return draw.randbytes(size).hex()


_SETUP = random.Random(20_000_000)  # noqa: S311 - a chain to play, not a secret
CONTRACTS = tuple("0x" + _hex(_SETUP, 20) for _ in range(5))
ACCOUNTS = tuple(_hex(_SETUP, 20) for _ in range(HOLDERS))


class Chain(NamedTuple):
    """The logs' text, each followed by a comma; block i's ends at ends[i].

    *mints* holds, by transaction, its block, its place there and the contract.
    """

    text: bytearray
    ends: list[int]
    kinds: Counter[str]
    mints: dict[str, tuple[int, int, str]]

    @property
    def last(self) -> int:
        return FIRST_BLOCK + len(self.ends) - 1

    def between(self, first: int, last: int) -> memoryview:
        """Return the text of the logs in first..last, without the last comma."""
        low, high = max(first, FIRST_BLOCK) - FIRST_BLOCK, min(last, self.last) - FIRST_BLOCK
        if low > high:
            return memoryview(b"")
        start, end = (self.ends[low - 1] if low else 0), self.ends[high]
        return memoryview(self.text)[start : max(start, end - 1)]


def block_hash(number: int) -> str:
    return "0x" + hashlib.sha256(f"block {number}".encode()).hexdigest()


def block_time(number: int) -> int:
    return FIRST_TIME + 12 * (number - FIRST_BLOCK)


def make_chain(logs: int, seed: int = 1) -> Chain:
    """Return a chain of so many logs, the same for the same seed."""
    draw = random.Random(seed)  # noqa: S311 - a chain to play, not a secret
    chain = Chain(bytearray(), [], Counter(), {})
    funded: set[tuple[str, int]] = set()
    made = 0
    while made < logs:
        count = min(logs - made, draw.randrange(1, 2 * PER_BLOCK))
        chain.text.extend(_block(chain, FIRST_BLOCK + len(chain.ends), count, draw, funded).encode())
        chain.ends.append(len(chain.text))
        made += count
    return chain


def _block(chain: Chain, number: int, count: int, draw: random.Random, funded: set[tuple[str, int]]) -> str:
    """Return the text of one block's logs; places grow as they do in a block shared with other contracts."""
    rows = []
    tx_index, log_index, tx_hash = draw.randrange(300), draw.randrange(600), "0x" + _hex(draw, 32)
    tail = f'"blockHash":"{block_hash(number)}","blockTimestamp":"{block_time(number):#x}"'
    for _ in range(count):
        if draw.random() < 0.7:
            tx_index, tx_hash = tx_index + draw.randrange(1, 4), "0x" + _hex(draw, 32)
        contract, topics, data, kind = _event(draw, funded)
        if kind == "mint":
            chain.mints[tx_hash] = (number, tx_index, contract)
        chain.kinds[kind] += 1
        row = (
            f'{{"address":"{contract}","topics":[{",".join(topics)}],"data":"{data}",'
            f'"blockNumber":"{number:#x}","transactionHash":"{tx_hash}","transactionIndex":"{tx_index:#x}",'
            f'{tail},"logIndex":"{log_index:#x}","removed":false}}'
        )
        rows.append((json.dumps(json.loads(row)) if kind == "spaces" else row) + ",")
        log_index += draw.randrange(1, 4)
    return "".join(rows)


def _event(draw: random.Random, funded: set[tuple[str, int]]) -> tuple[str, list[str], str, str]:
    """Return contract, topics in quotes, data and kind of one log."""
    contract = CONTRACTS[draw.randrange(len(CONTRACTS))]
    sender, receiver = draw.randrange(HOLDERS), draw.randrange(HOLDERS)
    pair = [f'"0x{"0" * 24}{ACCOUNTS[sender]}"', f'"0x{"0" * 24}{ACCOUNTS[receiver]}"']
    amount = f"0x{draw.randrange(10 ** draw.randrange(1, 22)):064x}"
    if draw.randrange(ODD_ONE_IN) == 0:
        return _odd(ODD[draw.randrange(len(ODD))], pair, amount, (CONTRACTS[-1], sender) in funded)
    what = draw.random()
    if what < 0.12:
        return contract, [f'"{APPROVAL}"', *pair], amount, "approval"
    if what < 0.14:
        return contract, [f'"{OTHER}"', pair[0]], amount + _hex(draw, 64), "other event"
    if (contract, sender) not in funded:
        funded.add((contract, sender))
        return contract, [f'"{TRANSFER}"', f'"0x{"0" * 64}"', pair[0]], f"0x{MINTED:064x}", "mint"
    return contract, [f'"{TRANSFER}"', *pair], amount, "transfer"


def _odd(kind: str, pair: list[str], amount: str, funded: bool) -> tuple[str, list[str], str, str]:
    """Return a log of an odd kind. What is no Transfer comes from the last contract alone."""
    contract = CONTRACTS[-1]
    if kind == "four topics":
        return contract, [f'"{TRANSFER}"', *pair, f'"{amount}"'], "0x", kind
    if kind == "31 bytes of data":
        return contract, [f'"{TRANSFER}"', *pair], amount[:-2], kind
    if kind == "no topics" or not funded:
        return contract, [], "0x" + "ab" * 45, "no topics"
    return contract, [f'"{TRANSFER}"', *pair], amount, "spaces"
