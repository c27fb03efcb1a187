"""What one endpoint can do, found by asking it. Every refusal is a fact here, never an error."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from indexer.config import model
from indexer.floor.errors import RwaError
from indexer.floor.spans import BlockRef
from indexer.floor.together import together
from indexer.sources.endpoint import Ask, Endpoint
from indexer.sources.logjson import BadAnswer
from indexer.sources.provider_errors import Refused
from indexer.sources.transport import Manners
from indexer.sync.limits import Probe, measure

OLD_BLOCKS = 200_000
"""How far back state is asked for: pruned nodes keep about 128 blocks."""

TOTAL_SUPPLY = "0x18160ddd"
_MANNERS = Manners(in_flight=1, timeout=10.0)


class Health(NamedTuple):
    """What was found of an endpoint; *tagged* where its chain is final by a tag, *trouble* why the rest is unknown."""

    chain: str
    endpoint: str
    latency_ms: int | None = None
    head: BlockRef | None = None
    final: int | None = None
    old_state: bool | None = None
    probe: Probe | None = None
    trouble: str | None = None
    tagged: bool = True


class Subject(NamedTuple):
    """A chain, one of its endpoints, and a contract there to ask about."""

    chain: model.Chain
    endpoint: model.Endpoint
    contract: str | None


async def examine_all(subjects: Sequence[Subject], *, probe: bool, done: Callable[[], None]) -> list[Health]:
    """Return the health of every subject, in order; *done* is called after each."""

    async def one(subject: Subject) -> Health:
        health = await examine(subject, probe=probe)
        done()
        return health

    return await together(one(subject) for subject in subjects)


async def examine(subject: Subject, *, probe: bool) -> Health:
    """Return what *subject*'s endpoint can do."""
    endpoint = Endpoint(subject.endpoint, subject.chain, _MANNERS)
    known = Health(subject.chain.name, subject.endpoint.name, tagged=isinstance(subject.chain.finality, str))
    try:
        await endpoint.prove_chain()
        began = time.monotonic()
        head = await _header(endpoint, "latest")
        known = known._replace(latency_ms=round((time.monotonic() - began) * 1000))
        known = known._replace(head=head, final=await _final(endpoint, subject.chain.finality, head))
        known = known._replace(old_state=await _old_state(endpoint, subject.contract, head))
        if probe:
            known = known._replace(probe=await measure(endpoint, subject.chain, subject.contract, head))
    except RwaError as error:
        known = known._replace(trouble=str(error))
    finally:
        await endpoint.close()
    return known


async def _header(endpoint: Endpoint, tag: str) -> BlockRef:
    header = msgspec.json.decode(await endpoint.one(Ask("eth_getBlockByNumber", [tag, False])))
    try:
        return BlockRef(int(header["number"], 16), header["hash"], int(header["timestamp"], 16))
    except (TypeError, KeyError, ValueError):
        raise BadAnswer(
            f"{endpoint.name} answered the {tag} block with something that is no header."
        ) from None


async def _final(endpoint: Endpoint, finality: str | int, head: BlockRef) -> int | None:
    """Return the newest final block; None where the endpoint does not know the tag."""
    if isinstance(finality, int):
        return max(head.number - finality, 0)
    try:
        return (await _header(endpoint, finality)).number
    except (Refused, BadAnswer):
        return None


async def _old_state(endpoint: Endpoint, contract: str | None, head: BlockRef) -> bool | None:
    """Return whether a call far back is answered; None where that cannot be told."""
    if contract is None:
        return None
    old = hex(max(head.number - OLD_BLOCKS, 1))
    try:
        await endpoint.one(Ask("eth_call", [{"to": contract, "data": TOTAL_SUPPLY}, old]))
    except Refused as error:
        return {"missing-state": False, "reverted": True}.get(error.refusal.kind)
    return True
