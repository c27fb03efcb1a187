"""Where histories start, as blocks: dates become blocks by bisection over headers, once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from indexer.config.model import Chain, Deployment
from indexer.floor.errors import Usage
from indexer.floor.spans import BlockRef
from indexer.floor.tables import STARTS
from indexer.ledger.figures import moment
from indexer.sources.evm import Evm
from indexer.store.book import Book
from indexer.sync.coverage import starts_of


class Starts:
    """The dates of one chain that were found as blocks."""

    def __init__(self, book: Book, chain: Chain) -> None:
        self._book = book
        self._chain = chain
        self._known: dict[date, int] = {
            row["day"]: row["block_number"] for row in book.rows(STARTS, chain_id=chain.id)
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
        for day in sorted(d for d in wanted if isinstance(d, date) and d not in self._known):
            await self.block_at(evm, day, head)
        return self.of(deployment)

    async def block_at(self, evm: Evm, day: date, head: BlockRef) -> int:
        """Return the first block at or after the first second of *day*, UTC."""
        if day not in self._known:
            low = max((b for d, b in self._known.items() if d < day), default=0)
            block = await evm.first_block_at(_seconds(day), low, head)
            self._known[day] = block.number
            with self._book.commit() as commit:
                row = {"chain_id": self._chain.id, "day": day, "block_number": block.number}
                commit.put(STARTS, [{**row, "block_time": moment(block.time)}])
        return self._known[day]

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
        if start not in self._known:
            raise Usage(
                f"The start {start} on {self._chain.name} has not been found as a block yet; "
                "run `rwa backfill` first."
            )
        return self._known[start]


def _seconds(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())
