"""Ingest: the requests of one chain, by several workers, into the one writer. Knows nothing of tokens."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow.compute as pc

from indexer.floor.errors import NoEndpoint
from indexer.floor.spans import BlockRef, Span
from indexer.floor.together import together
from indexer.sources.evm import Evm, LogsAnswer
from indexer.sources.provider_errors import Refused
from indexer.sync.coverage import Task
from indexer.sync.orders import Progress
from indexer.sync.tasks import smaller
from indexer.sync.writer import LogWriter, Piece


@dataclass(slots=True)
class Ingested:
    """What a chain's ingest reached. *open_spans* has a sentence per span that stays open, *touched* the contracts
    that had new logs, *changed* a sentence for each final span that had other logs before."""

    logs: int = 0
    fast: int = 0
    slow: int = 0
    open_spans: list[str] = field(default_factory=list)
    stopped: str | None = None
    touched: set[str] = field(default_factory=set)
    changed: list[str] = field(default_factory=list)
    cuts: int = 0
    holes: int = 0


MOST_CUTS = 500
"""How often requests that were refused for a reason nobody knows are cut: beyond that they stay open as they are."""

MOST_HOLES = 3
"""Single blocks refused for such a reason, with nothing served in between, after which the chain is given up."""


class Terms(NamedTuple):
    """Whom to believe for a request: an endpoint that has the block *pin*, and rather none of *told*, which have
    been asked before."""

    pin: BlockRef | None = None
    told: frozenset[str] = frozenset()


AskOn = Callable[[Task], Terms]


async def ingest(
    evm: Evm,
    tasks: Sequence[Task],
    writer: LogWriter,
    workers: int,
    progress: Progress,
    terms: AskOn = lambda _: Terms(),
) -> Ingested:
    """Fetch *tasks* and hand each answer to *writer*; what is answered is kept whatever fails later."""
    chain = evm.chain.name
    queue = deque(tasks)
    done = Ingested()
    progress.start(f"logs {chain}", sum(len(task.span) for task in tasks), "blocks")

    async def work() -> None:
        while queue and done.stopped is None:
            task = _next(queue, evm.pool.span)
            try:
                answer = await _answer(evm, task, told := terms(task))
            except Refused as refused:
                pieces = _pieces(task, refused, done)
                queue.extendleft(reversed(pieces))
                if not pieces:
                    done.open_spans.append(_sentence(chain, task, refused))
                    progress.advance(f"logs {chain}", len(task.span))
                continue
            except NoEndpoint as error:
                done.stopped = done.stopped or str(error)
                return
            done.holes = 0
            writer.add(Piece(task.filter, task.span, answer.logs, answer.end, answer.endpoint))
            done.logs += answer.logs.num_rows
            if not told.told:
                done.touched |= {f"0x{one.hex()}" for one in pc.unique(answer.logs["address"]).to_pylist()}
            done.fast += answer.fast
            done.slow += answer.slow
            progress.advance(f"logs {chain}", len(task.span))

    try:
        await together(work() for _ in range(workers))
    finally:
        writer.flush()
        done.changed = list(writer.changed)
        for sentence in done.changed:
            progress.note(sentence)
    return done


async def _answer(evm: Evm, task: Task, terms: Terms) -> LogsAnswer:
    """Return the logs of *task*: the word of an endpoint that was not asked before, where one lives and serves."""
    if terms.told and evm.pool.has_others(terms.told):
        with suppress(NoEndpoint, Refused):
            return await evm.logs(task.span, task.filter, terms.pin, terms.told)
    return await evm.logs(task.span, task.filter, terms.pin)


def _next(queue: deque[Task], blocks: int) -> Task:
    """Take the next request off *queue*, of at most *blocks* blocks; the rest stays in front."""
    task = queue.popleft()
    if len(task.span) <= blocks:
        return task
    first = Span(task.span.first, task.span.first + blocks - 1)
    queue.appendleft(Task(Span(first.last + 1, task.span.last), task.filter))
    return Task(first, task.filter)


def _pieces(task: Task, refused: Refused, done: Ingested) -> list[Task]:
    """Return *task* in smaller requests; none where it stays open. Cuts for unknown reasons are counted.

    What is refused for a reason that nobody knows may be one bad block, which cutting finds; where all is
    refused it would go on block by block for ever.
    """
    pieces = smaller(task, refused.refusal)
    if refused.refusal.kind != "unknown":
        return pieces
    done.cuts += 1
    if pieces:
        return pieces if done.cuts <= MOST_CUTS else []
    done.holes += 1
    if done.holes >= MOST_HOLES:
        done.stopped = done.stopped or f"{refused} So were the requests before it."
    return []


def _sentence(chain: str, task: Task, refused: Refused) -> str:
    contracts = ", ".join(task.filter.addresses)
    why = "is refused" if refused.refusal.kind == "unknown" else "no endpoint serves a request that small"
    return (
        f"{chain} block {task.span} stays open for {contracts}: {why} ({refused}). "
        f"Add another endpoint with --rpc {chain}=URL and run the same command again."
    )
