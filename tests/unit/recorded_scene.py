"""Scenes of recorded chains for the tests of prices: logs from the file, reads from its truth at the block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

import pyarrow as pa
from ledger_kit import deployment, token
from replayed import content

from indexer.config.model import Companion, Deployment, Price
from indexer.floor.spans import BlockRef
from indexer.floor.tables import LOGS, arrow_schema
from indexer.ledger.scene import Needs, Run, Scene

T = TypeVar("T")


def source(kind: str, contract: str | None, decimals: int, **more: object) -> Price:
    """Return a price source in dollars; contracts are written as the recording writes them."""
    price = Price(
        kind=kind, contract=contract and contract.lower(), decimals=decimals, currency="USD", cadence="daily",
        grace_hours=24, value=None, source="test", confidence="high",
    )  # fmt: skip
    return replace(price, **more)


class Recorded:
    """One token of a recorded chain, its price sources, and the truth of its views at every block.

    The contracts of the sources are companions of the token. *asked* holds every read that was made.
    """

    def __init__(self, name: str, key: str, prices: Sequence[Price], reads: Sequence[str] = ()) -> None:
        self._held = content(name)
        self._told = self._held["tokens"][key]
        self.times = [int(block["timestamp"], 16) for block in self._held["blocks"]]
        changes = self._held["truth"]["per_block_changes"][key]
        self.truth = {view: self._at_every_block(rows) for view, rows in changes.items()}
        self.asked: set[tuple[int, str, bytes]] = set()
        where = self._deployment(prices, reads)
        last = len(self.times) - 1
        run = Run(0, BlockRef(last, self._hash(last), self.times[last]), holds_start=True, why_null=None)
        self.scene = Scene(token(where), where, run, self._logs(where), {}, {}, {})

    def fed(self, step: Callable[[Scene], T | Needs]) -> T:
        """Return what *step* makes once all it needs is there; a view that the file lacks answers None."""
        while isinstance(made := step(self.scene), Needs):
            for at in made.moments:
                number = next((n for n, time in enumerate(self.times) if time >= at), None)
                block = None if number is None else BlockRef(number, self._hash(number), self.times[number])
                self.scene.moments[at] = block
            for read in made.reads:
                place = (read.block.number, read.address, read.call)
                assert place not in self.asked
                self.asked.add(place)
                self.scene.reads[place] = self._answer(*place)
        return made

    def _deployment(self, prices: Sequence[Price], reads: Sequence[str]) -> Deployment:
        address = self._told["address"].lower()
        others = {price.contract for price in prices if price.contract} - {address}
        companions = tuple(Companion(one, one, (), None, None) for one in sorted(others))
        made = deployment(decimals=self._told["decimals"], companions=companions, reads=tuple(reads))
        return replace(made, address=address, prices=tuple(prices))

    def _logs(self, where: Deployment) -> pa.Table:
        wanted = {where.address, *(companion.address for companion in where.companions)}
        rows = [_row(log) for log in self._held["logs"] if log["address"].lower() in wanted]
        return pa.Table.from_pylist(rows, arrow_schema(LOGS))

    def _answer(self, block: int, address: str, call: bytes) -> bytes | None:
        for name, view in self._told["views"]["per_block"].items():
            if (view["to"].lower(), view["data"]) == (address, f"0x{call.hex()}"):
                value = self.truth[name][block]
                return None if value is None else int(value).to_bytes(32, "big")
        return None

    def _at_every_block(self, changes: Sequence[tuple[int, str | None]]) -> list[str | None]:
        at, held, out = dict(map(tuple, changes)), None, []
        for block in range(len(self.times)):
            held = at.get(block, held)
            out.append(held)
        return out

    def _hash(self, block: int) -> str:
        return str(self._held["blocks"][block]["hash"])


def _row(log: dict) -> dict[str, object]:
    topics = [bytes.fromhex(topic[2:]) for topic in log["topics"]]
    time = datetime.fromtimestamp(int(log["blockTimestamp"], 16), UTC).replace(tzinfo=None)
    names = ("topic0", "topic1", "topic2", "topic3")
    return {
        "chain_id": "eip155:900001",
        "block_number": int(log["blockNumber"], 16),
        "block_hash": bytes.fromhex(log["blockHash"][2:]),
        "block_time": time,
        "tx_hash": bytes.fromhex(log["transactionHash"][2:]),
        "tx_index": int(log["transactionIndex"], 16),
        "log_index": int(log["logIndex"], 16),
        "address": bytes.fromhex(log["address"][2:]),
        "data": bytes.fromhex(log["data"][2:]),
        **{name: topics[at] if at < len(topics) else None for at, name in enumerate(names)},
    }
