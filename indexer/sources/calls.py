"""Calls and storage at exactly one block each, batched; what no node can say stays apart from a revert."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from indexer.floor.errors import NoEndpoint
from indexer.floor.spans import BlockRef
from indexer.sources.answers import read_block, read_bytes
from indexer.sources.endpoint import Answer, Ask, Endpoint, in_requests
from indexer.sources.logjson import BadAnswer
from indexer.sources.pool import Pool, Want
from indexer.sources.provider_errors import Refusal, Refused

_NO_HASH_PIN = frozenset({"unknown", "disabled", "transient"})
"""What a node may say that takes no pin by hash, or that does not have the block: its number tells which."""


class Call(NamedTuple):
    """A call of a contract (0x text) at one block."""

    address: str
    data: bytes
    block: BlockRef


class Slot(NamedTuple):
    """A storage slot (32 bytes) of a contract at one block."""

    address: str
    slot: bytes
    block: BlockRef


class CallAnswer(NamedTuple):
    """What a call gave, or what a slot holds.

    *kind* is answered, reverted, missing-state or unknown; *result* is there only where answered, *error*
    only where not; *endpoint* is empty where none could say.
    """

    result: bytes | None
    error: str | None
    kind: str
    endpoint: str


async def ask_calls(pool: Pool, calls: Sequence[Call | Slot]) -> list[CallAnswer]:
    """Return what each call gives, in order; each endpoint is asked only what the others could not say."""
    oldest = min(call.block.number for call in calls)
    want = Want(f"state at block {calls[0].block.number}", state=oldest)
    found: dict[int, CallAnswer] = {}

    async def act(endpoint: Endpoint) -> None:
        open_ = [i for i in range(len(calls)) if i not in found]
        left: list[Refusal] = []
        # What came is kept though a later request fails: one by one, a whole batch would hardly ever pass.
        for part in in_requests(endpoint, open_):
            answers = await _pinned(endpoint, [calls[i] for i in part])
            for i, answer in zip(part, answers, strict=True):
                if not isinstance(answer, Refusal):
                    result = endpoint.believe(want.text, read_bytes, answer)
                    found[i] = CallAnswer(result, None, "answered", endpoint.name)
                elif answer.kind == "reverted":
                    found[i] = CallAnswer(None, answer.text, answer.kind, endpoint.name)
                else:
                    left.append(answer)
        if left:
            # What may pass is asked again here before what this endpoint lacks is asked elsewhere.
            worst = next((r for r in left if r.kind != "missing-state"), left[0])
            endpoint.accept(_call(calls[0], None), worst)

    try:
        await pool.ask(want, act)
    except Refused as error:
        if error.refusal.kind == "forked":
            raise NoEndpoint(str(error)) from None
        nobody = CallAnswer(None, error.refusal.text, error.refusal.kind, "")
        return [found.get(i, nobody) for i in range(len(calls))]
    return [found[i] for i in range(len(calls))]


async def _pinned(endpoint: Endpoint, calls: Sequence[Call | Slot]) -> list[Answer]:
    """Return the answers to calls at exactly their blocks.

    By block hash (EIP-1898); where the node takes none, by number, with the hash checked right afterwards.
    """
    if endpoint.by_hash:
        answers = await endpoint.ask([_call(call, {"blockHash": call.block.hash}) for call in calls])
        if not all(isinstance(a, Refusal) and a.kind in _NO_HASH_PIN for a in answers):
            return answers
    blocks = sorted({call.block for call in calls})
    checks = [Ask("eth_getBlockByNumber", [hex(block.number), False]) for block in blocks]
    answers = await endpoint.ask([*(_call(call, hex(call.block.number)) for call in calls), *checks])
    for block, check, answer in zip(blocks, checks, answers[len(calls) :], strict=True):
        stands = endpoint.believe(f"block {block.number}", read_block, endpoint.accept(check, answer))
        if stands is None:
            raise BadAnswer(f"{endpoint.name} has not block {block.number} yet.")
        if stands.hash != block.hash:
            refusal = Refusal(
                "forked", text=f"{endpoint.name} has another block {block.number} than the one asked about."
            )
            raise Refused(refusal, refusal.text)
    if not all(isinstance(a, Refusal) for a in answers[: len(calls)]):
        endpoint.by_hash = False
    return answers[: len(calls)]


def _call(call: Call | Slot, pin: object) -> Ask:
    if isinstance(call, Slot):
        return Ask("eth_getStorageAt", [call.address, f"0x{call.slot.hex()}", pin])
    return Ask("eth_call", [{"to": call.address, "data": f"0x{call.data.hex()}"}, pin])
