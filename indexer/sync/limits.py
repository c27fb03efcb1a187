"""The limits of one endpoint, measured by asking it for ever more until it refuses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from indexer.config import model
from indexer.floor.spans import BlockRef, Span
from indexer.sources.canaries import Canaries
from indexer.sources.endpoint import BATCH, Ask, Endpoint
from indexer.sources.provider_errors import CUT, Refusal, Refused

LONGEST_SPAN = 100_000
NOBODY = "0x" + "0" * 40


class Probe(NamedTuple):
    """Limits: the largest span of eth_getLogs that was answered (0: none), requests in a batch, logs in an answer.

    *refused* is what was said to a larger span. *held* has the blocks of the canaries that were returned,
    *lacked* those that were not. *state* is how many blocks below the head a balance was told, None where at
    none; *whole_state* says that it was the first block. *timed* says whether logs carry the time of their
    block, None where there was no log.
    """

    blocks: int
    refused: Refusal | None
    batch: int
    held: tuple[int, ...]
    lacked: tuple[int, ...]
    state: int | None
    whole_state: bool
    timed: bool | None


async def measure(endpoint: Endpoint, chain: model.Chain, contract: str | None, head: BlockRef) -> Probe:
    """Return what *endpoint* serves; *contract* is one of the chain whose logs may be asked for."""
    refused: list[Refusal] = []
    timed: list[bool] = []

    async def logs(blocks: int) -> bool:
        span = Span(max(head.number - blocks + 1, 0), head.number)
        asked = {"fromBlock": hex(span.first), "toBlock": hex(span.last), "address": contract or NOBODY}
        try:
            text = bytes(await endpoint.one(Ask("eth_getLogs", [asked], span)))
        except Refused as error:
            if error.refusal.kind not in CUT | {"disabled", "auth", "missing-state", "unknown"}:
                raise
            refused.append(error.refusal)
            return False
        if b'"logIndex"' in text:
            timed.append(b'"blockTimestamp":"0x' in text.replace(b" ", b""))
        return True

    blocks = await largest(logs, min(LONGEST_SPAN, head.number + 1))
    await endpoint.ask([Ask("eth_blockNumber", [])] * BATCH)
    held, lacked = await _canaries(endpoint, chain)
    state = await largest(lambda depth: _has_state(endpoint, head.number - depth), max(head.number, 1))
    now = await _has_state(endpoint, head.number)
    return Probe(
        blocks=blocks,
        refused=refused[-1] if refused else None,
        batch=endpoint.batch,
        held=held,
        lacked=lacked,
        state=(state or 0) if now else None,
        whole_state=now and state >= head.number,
        timed=timed[-1] if timed else None,
    )


async def _canaries(endpoint: Endpoint, chain: model.Chain) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the blocks of the canaries that the endpoint returns, and of those that it does not."""
    watch = Canaries(chain.canaries)
    held: list[int] = []
    lacked: list[int] = []
    for canary in watch.known:
        try:
            lacks = await watch.probe(endpoint, canary, 0.0)
        except Refused as error:
            lacks = str(error)
        (held if lacks is None else lacked).append(canary.block)
    return tuple(held), tuple(lacked)


async def _has_state(endpoint: Endpoint, block: int) -> bool:
    try:
        await endpoint.one(Ask("eth_getBalance", [NOBODY, hex(max(block, 0))]))
    except Refused as error:
        if error.refusal.kind in ("rate", "auth"):
            raise
        return False
    return True


async def largest(answers: Callable[[int], Awaitable[bool]], most: int) -> int:
    """Return the largest figure of at most *most* that *answers*, within a tenth; 0 where none does.

    Grows tenfold from one, then halves the distance to the first refusal.
    """
    good, size = 0, 1
    while await answers(min(size, most)):
        good = min(size, most)
        if good == most:
            return good
        size *= 10
    bad = min(size, most)
    while good and bad - good > max(good // 10, 1):
        middle = (good + bad) // 2
        if await answers(middle):
            good = middle
        else:
            bad = middle
    return good
