"""An EVM chain as the rest of the house sees it: head, headers, logs, pinned calls, transactions.

A thin shell on the pool: it words the question, and believes an answer only after it was held against it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeVar

import pyarrow as pa

from indexer.config.model import Chain
from indexer.floor.errors import NoEndpoint, Usage
from indexer.floor.filters import Filter
from indexer.floor.spans import BlockRef, Span
from indexer.floor.together import together
from indexer.sources.answers import TxAnswer, read_block, read_bloom
from indexer.sources.calls import Call, CallAnswer, Slot, ask_calls
from indexer.sources.canaries import Asked
from indexer.sources.checks import checked, hold, in_bloom, timed, untimed_blocks
from indexer.sources.endpoint import Ask, Endpoint, in_requests
from indexer.sources.logjson import BadAnswer, Parsed, parse_logs
from indexer.sources.pool import Pool, Want
from indexer.sources.provider_errors import CUT, Refusal, Refused
from indexer.sources.transactions import TxRef, ask_transactions
from indexer.sources.witness import Header, Receipts, ask_headers, ask_receipts

__all__ = ["Call", "CallAnswer", "Evm", "LogsAnswer", "Slot", "TxAnswer", "TxRef"]

A = TypeVar("A")
T = TypeVar("T")

AT_ONCE = 8
"""Requests for calls or transactions under way at a time."""

THREAD_BYTES = 1 << 20
"""From this size on logs are read in a thread, so that other answers keep coming in."""


class LogsAnswer(NamedTuple):
    """Logs of a span in the schema and order of ``logs``, and the header of its last block.

    Both are of the same endpoint. *fast* and *slow* count the rows by the path that read them.
    """

    logs: pa.Table
    end: BlockRef
    endpoint: str
    fast: int
    slow: int


class Evm:
    """One EVM chain behind a pool; any number of tasks may ask at once."""

    def __init__(self, chain: Chain, pool: Pool) -> None:
        self.chain = chain
        self.pool = pool
        # One at a time: threads beside each other would wait for Python's lock, each on its own memory.
        self._reading = asyncio.Lock()

    @property
    def chain_id(self) -> str:
        return self.chain.id

    async def head(self, finality: str | int) -> BlockRef:
        """Return the newest block that counts: by its tag, or *finality* blocks below the latest."""
        if isinstance(finality, int):
            return await self._confirmed(finality)
        want = Want(f"the block '{finality}'")
        try:
            return await self._ask(want, lambda endpoint: _block(endpoint, finality, want.text))
        except NoEndpoint as error:
            if finality == "latest":
                raise
            raise NoEndpoint(
                f"{error} Where a chain's nodes do not know '{finality}', set its finality in chains.toml to "
                f"a number of confirmations, such as 64."
            ) from None

    async def _confirmed(self, confirmations: int) -> BlockRef:
        want = Want(f"the block {confirmations} below the latest")

        async def act(endpoint: Endpoint) -> BlockRef:
            latest = await _block(endpoint, "latest", want.text)
            if not confirmations:
                return latest
            return await _block(endpoint, hex(max(0, latest.number - confirmations)), want.text)

        return await self._ask(want, act)

    async def header(self, number: int) -> BlockRef | None:
        """Return the block, or None where no endpoint has it: it is above the head."""
        want = Want(f"block {number}")
        try:
            return await self.pool.ask(want, lambda endpoint: _block(endpoint, hex(number), want.text))
        except Refused as error:
            if error.refusal.kind == "absent":
                return None
            raise NoEndpoint(str(error)) from None

    async def first_block_at(self, time: int, before: BlockRef | None, high: BlockRef) -> BlockRef:
        """Return the first block up to *high* whose time is at or after *time* (seconds).

        *before* is a block of an earlier time, None where none is known. Block times are nearly even, so the
        block is looked for where its time would lie, and every third step in the middle.
        """
        if high.time < time:
            raise Usage(
                f"{self.chain.name} has no block at or after {time} s since 1970: its block {high.number} is "
                f"of {high.time} s. Give an earlier date."
            )
        found, step = high, 0
        while (0 if before is None else before.number + 1) < found.number:
            step += 1
            number = _between(time, None if step % 3 == 0 else before, before, found)
            middle = await self.header(number)
            if middle is None:
                raise NoEndpoint(
                    f"No endpoint of {self.chain.name} has block {number}, which is needed to find the block of "
                    "a date: give its start as a block."
                )
            if middle.time >= time:
                found = middle
            else:
                before = middle
        return found

    async def logs(
        self, span: Span, wanted: Filter, pin: BlockRef | None = None, avoid: frozenset[str] = frozenset()
    ) -> LogsAnswer:
        """Return all logs of *wanted* in *span*, proved by the last block's header from the same endpoint.

        The endpoint must have the block *pin* too: so it stands on the branch that we follow. Endpoints in
        *avoid* are not asked. Raises Refused (range, results, size, addresses) where the span or the filter
        has to be cut.
        """
        want = Want(f"the logs of blocks {span}", len(span), len(wanted.addresses), avoid, span.first)
        heights = [span.last] if pin is None or pin.number == span.last else [span.last, pin.number]
        asks = [*(_ask_block(hex(n)) for n in heights), Ask("eth_getLogs", [_query(span, wanted)], span)]
        headers: dict[int, BlockRef] = {}

        async def act(endpoint: Endpoint) -> LogsAnswer:
            began = _clock()
            *blocks, logs = await endpoint.ask(asks)
            took = _clock() - began
            seen = [
                endpoint.believe(want.text, read_block, endpoint.accept(ask, block))
                for ask, block in zip(asks, blocks, strict=False)
            ]
            end = seen[0]
            if end is None or end.number != span.last:
                raise BadAnswer(f"{endpoint.name} has not block {span.last} yet.")
            if pin is not None:
                hold(endpoint.name, seen[-1], pin)

            bloom = endpoint.believe(want.text, read_bloom, endpoint.accept(asks[0], blocks[0]))

            def read(text: memoryview) -> Parsed:
                parsed = parse_logs(text, self.chain.id)
                logs = checked(parsed.logs, span, wanted, end)
                return parsed._replace(logs=in_bloom(logs, end, bloom if self.chain.blooms else None))

            text = endpoint.accept(asks[-1], logs)
            parsed = await self._off_loop(len(text), lambda: endpoint.believe(want.text, read, text))
            untimed = untimed_blocks(parsed.logs)
            if parsed.logs.num_rows:
                endpoint.block_timestamp = not untimed
            await _add_headers(endpoint, untimed, headers)
            table = endpoint.believe(want.text, lambda found: timed(found, headers, end), parsed.logs)
            self.pool.answered(endpoint.name, want, Asked(span, wanted), table, took)
            return LogsAnswer(table, end, endpoint.name, parsed.fast, parsed.slow)

        return await self._ask(want, act, also=frozenset({"unknown"}))

    async def headers(
        self, span: Span, avoid: frozenset[str] = frozenset(), pin: BlockRef | None = None
    ) -> list[Header]:
        """Return the header of every block of *span*, in order, of endpoints that have the block *pin* too.

        Endpoints in *avoid* are not asked.
        """
        blocks = range(span.first, span.last + 1)
        beside = 0 if pin is None else 1
        return await self._in_batches(lambda part: ask_headers(self.pool, part, avoid, pin), blocks, beside)

    async def receipts(self, header: Header, avoid: frozenset[str] = frozenset()) -> Receipts:
        """Return the receipts of the block of *header*, all of them; endpoints in *avoid* are not asked."""
        return await ask_receipts(self.pool, header, avoid)

    async def calls(self, calls: Sequence[Call | Slot]) -> list[CallAnswer]:
        """Return what each call gives or slot holds at its block, in order.

        State that no endpoint has is no revert.
        """
        return await self._in_batches(lambda part: ask_calls(self.pool, part), calls)

    async def transactions(self, wanted: Sequence[TxRef]) -> list[TxAnswer | None]:
        """Return each transaction, in order; None where every endpoint said that it does not have it."""
        return await self._in_batches(lambda part: ask_transactions(self.pool, part), wanted)

    async def _in_batches(
        self, ask: Callable[[Sequence[A]], Awaitable[list[T]]], asked: Sequence[A], beside: int = 0
    ) -> list[T]:
        """Return the answers in order, a few requests at a time; the first error is raised as it is.

        A part is what fits into one request *beside* others, as far as is known when it is due: so each is served
        by itself.
        """
        parts: dict[int, list[T]] = {}
        due = 0

        async def work() -> None:
            nonlocal due
            while due < len(asked):
                at, due = due, min(due + max(1, self.pool.batch - beside), len(asked))
                parts[at] = await ask(asked[at:due])

        await together(work() for _ in range(min(AT_ONCE, -(-len(asked) // self.pool.batch))))
        return [answer for at in sorted(parts) for answer in parts[at]]

    async def _off_loop(self, size: int, work: Callable[[], T]) -> T:
        if size < THREAD_BYTES:
            return work()
        async with self._reading:
            return await asyncio.to_thread(work)

    async def _ask(
        self, want: Want, act: Callable[[Endpoint], Awaitable[T]], also: frozenset[str] = frozenset()
    ) -> T:
        """Ask the pool; a refusal that no smaller request mends, nor is of the kinds *also*, is NoEndpoint."""
        try:
            return await self.pool.ask(want, act)
        except Refused as error:
            if error.refusal.kind in CUT | also:
                raise
            raise NoEndpoint(str(error)) from None


def _between(time: int, known: BlockRef | None, before: BlockRef | None, found: BlockRef) -> int:
    """Return the block to look at next, behind *before* and below *found*: by time where *known* tells one."""
    low = 0 if before is None else before.number + 1
    if known is None or found.time <= known.time:
        return (low + found.number) // 2
    blocks, seconds = found.number - known.number, found.time - known.time
    return min(max(known.number + (time - known.time) * blocks // seconds, low), found.number - 1)


def _query(span: Span, wanted: Filter) -> dict[str, object]:
    query: dict[str, object] = {
        "fromBlock": hex(span.first),
        "toBlock": hex(span.last),
        "address": list(wanted.addresses),
    }
    if wanted.topics is not None:
        query["topics"] = [list(wanted.topics)]
    return query


def _ask_block(number_or_tag: str) -> Ask:
    return Ask("eth_getBlockByNumber", [number_or_tag, False])


async def _block(endpoint: Endpoint, number_or_tag: str, what: str) -> BlockRef:
    """Return a block; Refused (absent) where this endpoint has none."""
    text = await endpoint.one(_ask_block(number_or_tag))
    block = endpoint.believe(what, read_block, text)
    if block is None:
        refusal = Refusal("absent", text=f"{endpoint.name} has not {what}.")
        raise Refused(refusal, refusal.text)
    if number_or_tag == "latest":
        endpoint.head = block.number
    if number_or_tag.startswith("0x") and block.number != int(number_or_tag, 16):
        raise BadAnswer(f"{endpoint.name}: answer refused for {what}: it is block {block.number}.")
    return block


async def _add_headers(endpoint: Endpoint, wanted: dict[int, str], headers: dict[int, BlockRef]) -> None:
    """Add the headers of *wanted* (number → hash) that are missing, a batch at a time."""
    missing = [n for n, block_hash in wanted.items() if n not in headers or headers[n].hash != block_hash]
    for part in in_requests(endpoint, missing):
        asks = [_ask_block(hex(number)) for number in part]
        for number, ask, answer in zip(part, asks, await endpoint.ask(asks), strict=True):
            block = endpoint.believe(f"block {number}", read_block, endpoint.accept(ask, answer))
            if block is None or block.number != number or block.hash != wanted[number]:
                raise BadAnswer(f"{endpoint.name} has another block {number} than its own logs come from.")
            headers[number] = block


def _clock() -> float:
    return asyncio.get_running_loop().time()
