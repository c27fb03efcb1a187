"""The whole line in this process, over a chain and a configuration that a test makes itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from eth_abi import encode
from line_kit import Quiet

from indexer.config.model import Registry
from indexer.config.settings import Settings, open_registry, resolve
from indexer.decode.abi import load_family
from indexer.serve.recording import FORMAT
from indexer.store.read import connect
from indexer.sync.backfill import backfill
from indexer.sync.orders import Order, Outcome

TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
ZERO = "0x" + "0" * 40
FIRST_SECOND = 1_750_000_000
BLOCK_SECONDS = 3_600
Row = dict[str, Any]


class Named(NamedTuple):
    """A token of a configuration that a test writes; all logs of its companions are asked for too."""

    id: str
    address: str
    decimals: int = 18
    start: int = 0
    companions: tuple[str, ...] = ()
    accrual: str = "plain"
    reasons: str = "plain"
    events: tuple[str, ...] = ()
    speaks: Mapping[str, tuple[str, ...]] = {}
    """Companions whose events have families, by address."""

    reads: tuple[str, ...] = ()
    more: str = ""
    """TOML of the deployment's other tables."""


class Home(NamedTuple):
    """A home with the configuration and the endpoint that it is filled from."""

    settings: Settings
    registry: Registry

    def backfill(self, **order: Any) -> Outcome:
        """Run the line for every token of the configuration."""
        tokens = tuple(self.registry.tokens.values())
        return backfill(self.settings, self.registry, Order(tokens, **order), Quiet())

    def rows(self, sql: str) -> list[Row]:
        """Return what a reader of the home gets for *sql*."""
        con = connect(self.settings, self.registry)
        try:
            return con.sql(sql).to_arrow_table().to_pylist()
        finally:
            con.close()

    def values(self, sql: str) -> list[Any]:
        """Return the one column of *sql*."""
        return [next(iter(row.values())) for row in self.rows(sql)]


def home_of(folder: Path, config: Path, rpc: str, database: str | None = None) -> Home:
    """Return the home in *folder*; *rpc* is CHAIN=URL."""
    settings = resolve(home=folder, config=config, rpc=[rpc], database=database)
    return Home(settings, open_registry(settings))


def write_config(folder: Path, chain: str, number: int, tokens: Iterable[Named]) -> Path:
    """Write a configuration of one chain and one platform with *tokens*, in the normal schema."""
    (folder / "platforms").mkdir(parents=True)
    (folder / "chains.toml").write_text(
        f'[{chain}]\nid = "eip155:{number}"\nendpoints = []\nfinality = "finalized"\n'
    )
    parts = ['[platform]\nid = "test"\nname = "Test"\nsource = "a test"\nconfidence = "high"']
    for token in tokens:
        parts.append(
            f'[[product]]\nid = "{token.id}"\nname = "{token.id}"\nasset_class = "fund"\ncurrency = "USD"'
        )
        parts.append(
            f'[[token]]\nid = "{token.id}"\nsymbol = "T"\nproduct = "{token.id}"\naccrual = "{token.accrual}"\n'
            f'reasons = "{token.reasons}"\nevents = {list(token.events)}\n[[token.deployment]]\n'
            f'chain = "{chain}"\naddress = "{token.address}"\n'
            f"decimals = {token.decimals}\nstart = {token.start}\nreads = {list(token.reads)}"
        )
        parts += [
            f'[[token.deployment.companion]]\nname = "{address}"\naddress = "{address}"\nevents = {list(families)}'
            for address, families in (dict.fromkeys(token.companions, ()) | token.speaks).items()
        ]
        parts.append(token.more)
    (folder / "platforms" / "test.toml").write_text("\n\n".join(parts) + "\n")
    return folder


def write_recording(
    path: Path, number: int, blocks: Sequence[Mapping[str, Any]], logs: Sequence[Mapping[str, Any]]
) -> Path:
    """Write a recorded chain of headers and logs alone: no transaction is told and no contract answers."""
    content = {
        "format": FORMAT,
        "chain_id": number,
        "blocks": blocks,
        "logs": logs,
        "tx_fields": ["hash", "block", "index"],
        "txs": [],
        "contracts": {},
        "tokens": {},
        "truth": {"samples": [], "per_block_changes": {}},
    }
    path.write_text(json.dumps(content))
    return path


def header(number: int) -> Row:
    """Return the header of a made-up block; blocks are an hour apart."""
    return {
        "number": hex(number),
        "hash": block_hash(number),
        "parentHash": block_hash(number - 1),
        "stateRoot": "0x" + "5a" * 32,
        "timestamp": hex(FIRST_SECOND + number * BLOCK_SECONDS),
        "transactions": [],
    }


def block_hash(number: int) -> str:
    return f"0xb10c{number % 2**64:060x}"


def log(block: int, index: int, address: str, topics: Sequence[str], data: str, tx: int | None = None) -> Row:
    """Return a log of a made-up block; *tx* is its transaction's place, its own index where None."""
    place = index if tx is None else tx
    return {
        "address": address,
        "topics": list(topics),
        "data": data,
        "blockNumber": hex(block),
        "blockHash": block_hash(block),
        "blockTimestamp": hex(FIRST_SECOND + block * BLOCK_SECONDS),
        "transactionHash": f"0x{block:032x}{place:032x}",
        "transactionIndex": hex(place),
        "logIndex": hex(index),
        "removed": False,
    }


class Said(NamedTuple):
    """An event of a family, with its arguments in the ABI's order."""

    family: str
    name: str
    values: tuple[Any, ...] = ()

    def encoded(self) -> tuple[list[str], str]:
        """Return the topics and the data of its log, as text; the first variant that takes the values counts."""
        specs = [
            s for many in load_family((self.family,)).events.values() for s in many if s.name == self.name
        ]
        spec = next(s for s in specs if len(s.arguments) == len(self.values))
        pairs = list(zip(spec.arguments, self.values, strict=True))
        topics = [encode([a.type], [value]).hex() for a, value in pairs if a.indexed]
        plain = [(a.type, value) for a, value in pairs if not a.indexed]
        data = encode([kind for kind, _ in plain], [value for _, value in plain])
        return ["0x" + topic for topic in (spec.topic0.hex(), *topics)], f"0x{data.hex()}"


def word(value: int | str) -> str:
    """Return a number or an address as an ABI word, 0x text."""
    return f"0x{int(value, 16) if isinstance(value, str) else value:064x}"


def account(number: int) -> str:
    return f"0x{number:040x}"
