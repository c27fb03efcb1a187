"""Small scenes for the tests of the ledger: raw logs, one token, one covered run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pyarrow as pa

from indexer.config.model import Companion, Deployment, Role, Token
from indexer.floor.spans import BlockRef
from indexer.floor.tables import LOGS, arrow_schema
from indexer.ledger.scene import Run, Scene
from indexer.ledger.values import ZERO, Call

CHAIN_ID = "eip155:900001"
TOKEN, OTHER = "0x" + "77" * 20, "0x" + "88" * 20
ALICE, BOB, CAROL = ("0x" + pair * 20 for pair in ("a1", "b0", "ca"))
TRANSFER = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
SHARES = "9d9c909296d9c674451c0c24f02cb64981eb3b727f99865939192f880a755dcb"
SPAN = 1_000
LATE = Run(
    100,
    BlockRef(SPAN, "0x" + "ff" * 32, 0),
    holds_start=False,
    why_null="history starts before the first covered block",
)
"""A run that does not hold the token's start."""


def word(value: int | str) -> bytes:
    """Return a number or an address as an ABI word."""
    return (int(value, 16) if isinstance(value, str) else value).to_bytes(32, "big")


def raw(
    block: int,
    index: int,
    topics: Sequence[bytes],
    data: bytes,
    *,
    address: str = TOKEN,
    tx: int | None = None,
) -> dict[str, object]:
    """Return a row of ``logs``; its transaction is *tx*, or its index, and has the hash of ``tx_hash``."""
    place = index if tx is None else tx
    named = dict(zip(("topic0", "topic1", "topic2", "topic3"), topics, strict=False))
    return {
        "chain_id": CHAIN_ID,
        "block_number": block,
        "block_hash": word(block),
        "block_time": moment(block),
        "tx_hash": bytes.fromhex(tx_hash(block, place)[2:]),
        "tx_index": place,
        "log_index": index,
        "address": bytes.fromhex(address[2:]),
        "data": data,
        **named,
    }


def transfer(
    block: int, index: int, sides: tuple[str, str], value: int, *, tx: int | None = None, address: str = TOKEN
) -> dict[str, object]:
    topics = [bytes.fromhex(TRANSFER), word(sides[0]), word(sides[1])]
    return raw(block, index, topics, word(value), tx=tx, address=address)


def shares(
    block: int, index: int, sides: tuple[str, str], value: int, *, tx: int | None = None
) -> dict[str, object]:
    topics = [bytes.fromhex(SHARES), word(sides[0]), word(sides[1])]
    return raw(block, index, topics, word(value), tx=tx)


def tx_hash(block: int, place: int) -> str:
    return f"0x{block:032x}{place:032x}"


def seconds(block: int) -> int:
    return 1_700_000_000 + 12 * block


def moment(block: int) -> datetime:
    return datetime.fromtimestamp(seconds(block), UTC).replace(tzinfo=None)


def logs_of(*rows: Mapping[str, object]) -> pa.Table:
    schema = arrow_schema(LOGS)
    return pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema)


def run_to(last: int = SPAN) -> Run:
    """Return a run from the token's start to block *last*."""
    return Run(0, BlockRef(last, "0x" + "ff" * 32, seconds(last)), holds_start=True, why_null=None)


def deployment(
    *,
    decimals: int = 18,
    roles: tuple[Role, ...] = (),
    companions: tuple[Companion, ...] = (),
    reads: tuple[str, ...] = (),
) -> Deployment:
    return Deployment(
        token="token", chain="testnet", chain_id=CHAIN_ID, address=TOKEN, decimals=decimals, start=0, kind="native",
        status="indexed", companions=companions, roles=roles, reads=reads, source="test", confidence="high",
    )  # fmt: skip


def token(
    where: Deployment, *, accrual: str = "plain", reasons: str = "plain", events: tuple[str, ...] = (),
    defaults: Mapping[str, str] | None = None,
) -> Token:  # fmt: skip
    return Token(
        id="token", symbol="TKN", name="Token", platform="test", product="token", accrual=accrual, reasons=reasons,
        tier="core", wraps=None, defaults=defaults or {}, events=events, deployments=(where,), source="test",
        confidence="high",
    )  # fmt: skip


def scene(
    *rows: Mapping[str, object],
    run: Run | None = None,
    where: Deployment | None = None,
    what: Token | None = None,
    calls: Mapping[str, Call | None] | None = None,
    reads: Mapping[tuple[int, str, bytes], int | None] | None = None,
    moments: Mapping[int, BlockRef | None] | None = None,
) -> Scene:
    """Return the scene of a plain token with the given logs, if nothing else is said."""
    place = where or deployment()
    return Scene(
        what or token(place),
        place,
        run or run_to(),
        logs_of(*rows),
        {} if calls is None else calls,
        {key: None if value is None else word(value) for key, value in (reads or {}).items()},
        moments or {},
    )


MINT, BURN, MOVE = (ZERO, ALICE), (ALICE, ZERO), (ALICE, BOB)
