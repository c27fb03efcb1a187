"""What a home holds after a run, and what it should hold: plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sim_chain import TRANSFER, ZERO, Block

from indexer.floor.tables import TABLES, TRANSFERS
from indexer.store.lake import Lake

Entry = tuple[int, int, str, str, int]
"""Block, log index, from, to, amount."""


class Kept(NamedTuple):
    """What a home holds."""

    book: Mapping[str, Any]
    lake: Lake

    def rows(self, table: str) -> list[dict[str, Any]]:
        return self.book[table].to_pylist()

    def lake_rows(self, table: str, token: str | None) -> Any:
        files = [f for f in self.rows("files") if f["unlisted_at"] is None and f["table_name"] == table]
        return self.lake.read(TABLES[table], sorted(f["path"] for f in files if f["token"] == token))


def held_entries(kept: Kept, token: str) -> list[Entry]:
    table = kept.lake_rows(TRANSFERS.name, token)
    names = ("block_number", "log_index", "from_address", "to_address", "amount_raw")
    rows = zip(*(table[name].to_pylist() for name in names), strict=True)
    return sorted(
        (block, index, source, target, int(amount)) for block, index, source, target, amount in rows
    )


def entries(blocks: Sequence[Block], token: str) -> list[Entry]:
    """Return the transfers of *token* in *blocks*."""
    return [
        (block.number, log.index, "0x" + log.topics[1][-40:], "0x" + log.topics[2][-40:], int(log.data, 16))
        for block in blocks
        for log in block.logs
        if log.address == token and log.topics[0] == TRANSFER
    ]


def balances(moved: Sequence[Entry]) -> dict[str, int]:
    """Return what each holder has after *moved*, without those that have nothing."""
    held: dict[str, int] = {}
    for _, _, source, target, amount in moved:
        for address, change in ((source, -amount), (target, amount)):
            if address != ZERO:
                held[address] = held.get(address, 0) + change
    return {address: amount for address, amount in held.items() if amount}


def to_bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])
