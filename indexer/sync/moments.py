"""Instants as blocks, found by bisection over headers, once: where histories start, and when prices move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from indexer.config.model import Chain, Deployment
from indexer.floor.errors import Usage
from indexer.floor.spans import BlockRef
from indexer.floor.tables import MOMENTS
from indexer.ledger.figures import moment
from indexer.sources.evm import Evm
from indexer.store.book import Book
from indexer.sync.coverage import seconds, starts_of


class Moments:
    """The instants of one chain that were found as blocks: for each the first block at or after it."""

    def __init__(self, book: Book, chain: Chain) -> None:
        self._book = book
        self._chain = chain
        self.known: dict[int, BlockRef | None] = {
            seconds(row["instant"]): BlockRef(
                row["block_number"], row["block_hash"], seconds(row["block_time"])
            )
            for row in book.rows(MOMENTS, chain_id=chain.id)
        }

    def of(self, deployment: Deployment) -> Mapping[str, int]:
        """Return the start block of every contract of the token's group, by address.

        Usage where a date was never searched, because no backfill has run.
        """
        return starts_of(deployment, self._chain.floor, self._block)

    async def find(self, evm: Evm, deployment: Deployment, head: BlockRef) -> Mapping[str, int]:
        """Return the same, after searching the dates that are not known yet."""
        wanted = {deployment.start if deployment.start is not None else self._chain.floor}
        wanted |= {companion.start for companion in deployment.companions}
        for day in sorted(d for d in wanted if isinstance(d, date) and _seconds(d) not in self.known):
            await self.block_at(evm, day, head)
        return self.of(deployment)

    async def block_at(self, evm: Evm, day: date, head: BlockRef) -> int:
        """Return the first block at or after the first second of *day*, UTC."""
        return (await self.find_block(evm, _seconds(day), head)).number

    async def find_block(self, evm: Evm, at: int, head: BlockRef, hints: Sequence[BlockRef] = ()) -> BlockRef:
        """Return the first block at or after *at* (seconds) and remember it; *hints* are known blocks.

        Raises Usage where the chain has not got there, by *head*.
        """
        held = self.known.get(at)
        if held is not None:
            return held
        blocks = [*hints, *(block for block in self.known.values() if block is not None)]
        before = max((b for b in blocks if b.time < at), default=None)
        high = min((b for b in blocks if at <= b.time and b.number <= head.number), default=head)
        block = await evm.first_block_at(at, before, high)
        self.known[at] = block
        row = {"chain_id": self._chain.id, "instant": moment(at), "block_number": block.number}
        row |= {"block_hash": block.hash, "block_time": moment(block.time)}
        with self._book.commit() as commit:
            commit.put(MOMENTS, [row])
        return block

    async def window_start(self, evm: Evm, first: int | date, head: BlockRef) -> int:
        """Return the first block of a window; behind the head where the chain has not got there yet."""
        if not isinstance(first, date):
            return first
        return head.number + 1 if _seconds(first) > head.time else await self.block_at(evm, first, head)

    async def window_end(self, evm: Evm, last: int | date, head: BlockRef) -> int:
        """Return the last block of a window that ends with a block, or with the end of a day."""
        if not isinstance(last, date):
            return min(last, head.number)
        after = last + timedelta(days=1)
        if _seconds(after) > head.time:
            return head.number
        return await self.block_at(evm, after, head) - 1

    def _block(self, start: int | date | None) -> int:
        if start is None:
            return 0
        if not isinstance(start, date):
            return start
        block = self.known.get(_seconds(start))
        if block is None:
            raise Usage(
                f"The start {start} on {self._chain.name} has not been found as a block yet; "
                "run `rwa backfill` first."
            )
        return block.number


def _seconds(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())
