"""How the chain stands, as one endpoint sees it at one moment: its head, its final block, hashes at given heights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from indexer.floor.errors import NoEndpoint
from indexer.floor.spans import BlockRef
from indexer.sources.answers import read_block
from indexer.sources.endpoint import Ask, Endpoint
from indexer.sources.logjson import BadAnswer
from indexer.sources.pool import Pool, Want
from indexer.sources.provider_errors import Refusal, Refused


class View(NamedTuple):
    """What one endpoint says; *standing* has the hash of each asked height that it has."""

    head: BlockRef
    final: BlockRef
    standing: Mapping[int, str]
    endpoint: str


async def ask_view(pool: Pool, finality: str | int, heights: Sequence[int], at_least: int = 0) -> View:
    """Return the view of the first endpoint whose head is at or above *at_least*.

    Raises Refused (behind) where every endpoint's head lies below, NoEndpoint where none answers.
    """
    want = Want("its newest block")
    try:
        return await pool.ask(want, lambda endpoint: _view(endpoint, finality, heights, at_least))
    except Refused as error:
        if error.refusal.kind == "behind":
            raise
        raise NoEndpoint(f"{error} {_hint(finality)}".rstrip()) from None


async def ask_views(pool: Pool, finality: str | int, heights: Sequence[int]) -> list[View]:
    """Return the view of every endpoint that answers."""
    return await pool.ask_each(lambda endpoint: _view(endpoint, finality, heights, 0))


def _hint(finality: str | int) -> str:
    if isinstance(finality, int):
        return ""
    return (
        f"Where a chain's nodes do not know '{finality}', set its finality in chains.toml to a number of "
        "confirmations, such as 64."
    )


async def _view(endpoint: Endpoint, finality: str | int, heights: Sequence[int], at_least: int) -> View:
    numbers = list(dict.fromkeys(heights))
    tags = ["latest"] if isinstance(finality, int) else ["latest", finality]
    found = await _blocks(endpoint, [*tags, *map(hex, numbers)])
    head, *rest = found
    if head is None:
        raise BadAnswer(f"{endpoint.name} has no newest block.")
    endpoint.head = head.number
    if head.number < at_least:
        refusal = Refusal("behind", text=f"{endpoint.name} is at block {head.number}, behind {at_least}.")
        raise Refused(refusal, refusal.text)
    if isinstance(finality, int):
        (final,) = await _blocks(endpoint, [hex(max(0, head.number - finality))])
    else:
        final, *rest = rest
    if not isinstance(finality, int):
        endpoint.finalized = final is not None
    if final is None:
        refusal = Refusal("absent", text=f"{endpoint.name} has no final block.")
        raise Refused(refusal, refusal.text)
    if final.number > head.number:
        raise BadAnswer(
            f"{endpoint.name} says that block {final.number} is final above its head {head.number}."
        )
    standing = {n: block.hash for n, block in zip(numbers, rest, strict=True) if block is not None}
    return View(head, final, standing, endpoint.name)


async def _blocks(endpoint: Endpoint, names: Sequence[str]) -> list[BlockRef | None]:
    """Return the named blocks, each held against its number where the name is one."""
    asks = [Ask("eth_getBlockByNumber", [name, False]) for name in names]
    found = []
    for name, ask, answer in zip(names, asks, await endpoint.ask(asks), strict=True):
        block = endpoint.believe(f"block {name}", read_block, endpoint.accept(ask, answer))
        if block is not None and name.startswith("0x") and block.number != int(name, 16):
            raise BadAnswer(
                f"{endpoint.name}: answer refused for block {int(name, 16)}: it is {block.number}."
            )
        found.append(block)
    return found
