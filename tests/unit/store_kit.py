"""Rows of the book and of the lake for the tests of the store and of what writes to it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from ledger_kit import CHAIN_ID, MOVE, OTHER, TOKEN, logs_of, transfer

from indexer.floor.filters import Filter, filter_of
from indexer.floor.spans import BlockRef, Span
from indexer.floor.tables import CERTIFICATES
from indexer.store.book import Book
from indexer.store.lake import Lake
from indexer.sync.writer import Piece

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_901, UTC).replace(tzinfo=None)
ONE, BOTH = filter_of(CHAIN_ID, [TOKEN]), filter_of(CHAIN_ID, [TOKEN, OTHER])


def opened(folder: Path) -> tuple[Book, Lake]:
    return Book(f"sqlite:///{folder / 'rwa.db'}"), Lake(str(folder / "lake"))


def segment(first: int, last: int, asked: Filter = ONE, **other: Any) -> dict[str, Any]:
    """Return a row of ``segments`` without logs."""
    return {
        "chain_id": CHAIN_ID,
        "filter_id": asked.id,
        "first": first,
        "last": last,
        "last_hash": f"0x{last:064x}",
        "last_time": datetime.fromtimestamp(last, UTC).replace(tzinfo=None),
        "endpoint": "node-1",
        "logs": 0,
        "proof": "end_block",
        "final": True,
        "path": None,
        "fetched_at": NOW,
    } | other


def filter_row(asked: Filter) -> dict[str, str]:
    return {"filter_id": asked.id, "chain_id": CHAIN_ID, "body": asked.body}


def end(block: int) -> BlockRef:
    return BlockRef(block, f"0x{block:064x}", block)


def moves(*blocks: int) -> pa.Table:
    """Return raw logs: one Transfer of as many base units as its block's number in each of *blocks*."""
    return logs_of(*(transfer(block, 0, MOVE, block) for block in blocks))


def piece(first: int, last: int, *blocks: int, asked: Filter = ONE) -> Piece:
    """Return an answered request with a Transfer in each of *blocks*."""
    return Piece(asked, Span(first, last), moves(*blocks), end(last), "node-1")


def certified(block: int, verdict: str = "pass", **other: Any) -> dict[str, Any]:
    """Return a row of ``certificates``."""
    numbers = dict.fromkeys(("holders_checked", "holders_wrong", "holders_known", "reads_used"), 0)
    blank = dict.fromkeys(CERTIFICATES.names, "") | numbers | dict.fromkeys(_UNKNOWN)
    told = {"token": "t", "chain_id": CHAIN_ID, "block_number": block, "verdict": verdict, "tolerance": 0}
    return blank | told | {
        "certificate_id": f"{block} {verdict}", "block_time": NOW, "fetched_at": NOW, "final": False,
        "rate_read": False,
    } | other  # fmt: skip


_UNKNOWN = (
    "units",
    "supply_raw",
    "supply",
    "contract_units",
    "contract_supply_raw",
    "contract_supply",
    "reason",
)


def derivation(**other: Any) -> dict[str, Any]:
    """Return a row of ``derivations`` that holds its start and lacks nothing."""
    texts = dict.fromkeys(("frontier_hash", "config_digest", "code_version"), "0x")
    return texts | {
        "token": "t", "chain_id": CHAIN_ID, "first_block": 0, "frontier_block": 9, "frontier_time": NOW,
        "covered_until": NOW, "final": True, "final_until": NOW, "holds_start": True, "why_null": None,
        "reads_allowed": True, "inputs_missing": 0,
    } | other  # fmt: skip
