"""What derive takes and gives: values between the raw rows and the tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pyarrow as pa

from indexer.config.model import Deployment, Token
from indexer.floor.spans import BlockRef
from indexer.ledger.values import Call


class Run(NamedTuple):
    """The covered blocks that derive takes: *first* up to the *frontier*.

    *why_null* says why stocks are not known, where the run does not hold the token's start.
    """

    first: int
    frontier: BlockRef
    holds_start: bool
    why_null: str | None


class TxWanted(NamedTuple):
    """A transaction whose sender, target and input are wanted."""

    block_number: int
    block_hash: str
    tx_hash: str
    tx_index: int


class ReadWanted(NamedTuple):
    """A call pinned to a block."""

    block: BlockRef
    address: str
    call: bytes


class Needs(NamedTuple):
    """What must be fetched before derive can go on; *moments* are instants (seconds) wanted as blocks."""

    transactions: tuple[TxWanted, ...] = ()
    reads: tuple[ReadWanted, ...] = ()
    moments: tuple[int, ...] = ()


class Scene(NamedTuple):
    """Everything that one derivation may see.

    *logs* are the group's raw logs of the run in (block, log index) order, each once. *calls* maps a
    transaction hash to its call, or to None where no endpoint had it; *reads* maps a pinned call to its
    answer, or to None where it reverted or may not be made; *moments* maps an instant to the first block at
    or after it, or to None where nobody can say. A key that is missing has not been asked. *read_times* has
    the time, in seconds, of the blocks that reads are pinned to.
    """

    token: Token
    deployment: Deployment
    run: Run
    logs: pa.Table
    calls: Mapping[str, Call | None]
    reads: Mapping[tuple[int, str, bytes], bytes | None]
    moments: Mapping[int, BlockRef | None]
    read_times: Mapping[int, int] = {}

    def word(self, block: int, address: str, call: bytes, place: int = 0) -> int | None:
        """Return one word of a read's answer as a number; None where there is none."""
        answer = self.reads.get((block, address, call))
        at = place * 32
        return (
            None if answer is None or len(answer) < at + 32 else int.from_bytes(answer[at : at + 32], "big")
        )


class Ledger(NamedTuple):
    """What an accrual makes of the token's own logs.

    *entries* has the columns of ``transfers`` without reason, rule, evidence, party, link and other_chain;
    the other tables are whole.
    """

    entries: pa.Table
    supply_changes: pa.Table
    rebases: pa.Table
    undecoded: pa.Table
