"""What derive says it needs: transactions, instants and pinned reads, fetched, kept raw, and handed back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from indexer.floor.tables import READS, TRANSACTIONS
from indexer.floor.together import together
from indexer.ledger.derive import Derived, account, interpret
from indexer.ledger.figures import moment, rows_of
from indexer.ledger.implementations import SLOT
from indexer.ledger.scene import Needs, ReadWanted, Scene, TxWanted
from indexer.ledger.values import Call
from indexer.sources.evm import Call as PinnedCall
from indexer.sources.evm import CallAnswer, Evm, Slot, TxRef
from indexer.sync.moments import Moments
from indexer.sync.raw import RawLogs, ReadKey, add_rows, hints_of, load_calls, load_read_times, load_reads
from indexer.sync.session import Session, now

T = TypeVar("T")
SELECTOR = 4
FETCH = 500
"""Transactions or reads that are fetched and stored at a time: what an interruption loses."""


AT_ONCE = 4
"""Instants that are looked for at the same time: each takes a few headers, one after the other."""


class Raw(NamedTuple):
    """The raw rows of one chain, loaded once for all its tokens.

    *unknown* and *unanswered* are the transactions and reads that nobody could give in this run.
    """

    logs: RawLogs
    calls: dict[str, Call | None]
    reads: dict[ReadKey, bytes | None]
    unknown: set[str]
    unanswered: set[ReadKey]
    moments: Moments
    read_times: dict[int, int]


def load_raw(work: Session, chain_id: str) -> Raw:
    """Return what the lake holds of *chain_id*."""
    return Raw(
        RawLogs(work.book, work.lake, chain_id),
        load_calls(work.book, work.lake, chain_id),
        load_reads(work.book, work.lake, chain_id),
        set(),
        set(),
        Moments(work.book, work.registry.by_id(chain_id)),
        load_read_times(work.book, work.lake, chain_id),
    )


def forget_absent(raw: Raw) -> None:
    """Forget that other tokens asked for what nobody could give: a token lacks only what it asks for itself."""
    for tx_hash in raw.unknown:
        raw.calls.pop(tx_hash, None)
    for key in raw.unanswered:
        raw.reads.pop(key, None)
    for at in not_found(raw):
        del raw.moments.known[at]


def not_found(raw: Raw) -> list[int]:
    """Return the instants that were wanted as blocks while nobody could or might be asked."""
    return [at for at, block in raw.moments.known.items() if block is None]


async def derived(work: Session, scene: Scene, raw: Raw, evm: Evm | None, *, reads: bool) -> Derived:
    """Return the tables of *scene*; what nobody can give is None in the scene."""

    async def fed(step: Callable[[], T | Needs]) -> T:
        while isinstance(made := step(), Needs):
            await _fetch_transactions(work, scene, raw, evm, made)
            await _find_moments(work, scene, raw, evm, made, allowed=reads)
            await _fetch_reads(work, scene, raw, evm, made, allowed=reads)
        return made

    ledger = await fed(lambda: account(scene))
    return await fed(lambda: interpret(scene, ledger))


async def _fetch_transactions(work: Session, scene: Scene, raw: Raw, evm: Evm | None, needs: Needs) -> None:
    wanted = [w for w in needs.transactions if w.tx_hash not in raw.calls]
    if evm is None:
        raw.unknown.update(w.tx_hash for w in wanted)
    absent = [w.tx_hash for w in wanted if w.tx_hash in raw.unknown]
    raw.calls.update(dict.fromkeys(absent, None))
    if evm is None:
        return
    wanted = [w for w in wanted if w.tx_hash not in raw.unknown]
    if wanted:
        work.progress.start(f"transactions {scene.token.id}", len(wanted), "transactions")
    for first in range(0, len(wanted), FETCH):
        part = wanted[first : first + FETCH]
        answers = await evm.transactions([TxRef(*w) for w in part])
        rows = []
        for want, answer in zip(part, answers, strict=True):
            raw.calls[want.tx_hash] = None
            if answer is None:
                raw.unknown.add(want.tx_hash)
            else:
                call = Call(answer.sender, answer.target, answer.input)
                raw.calls[want.tx_hash] = call
                rows.append(_transaction(scene.deployment.chain_id, want, call))
        add_rows(work.book, work.lake, TRANSACTIONS, scene.deployment.chain_id, rows_of(TRANSACTIONS, rows))
        work.progress.advance(f"transactions {scene.token.id}", len(part))


def _transaction(chain_id: str, want: TxWanted, call: Call) -> dict[str, Any]:
    text = f"0x{call.input.hex()}"
    return {
        "chain_id": chain_id,
        "tx_hash": want.tx_hash,
        "block_number": want.block_number,
        "tx_index": want.tx_index,
        "from_address": call.sender,
        "to_address": call.target,
        "selector": text[:10] if len(call.input) >= SELECTOR else None,
        "input": text,
    }


async def _find_moments(
    work: Session, scene: Scene, raw: Raw, evm: Evm | None, needs: Needs, *, allowed: bool
) -> None:
    """Find the first block at or after each instant, none of which lies behind the frontier."""
    wanted = [at for at in needs.moments if at not in raw.moments.known]
    if evm is None or not allowed:
        raw.moments.known.update(dict.fromkeys(wanted, None))
        return
    if wanted:
        work.progress.start(f"instants {scene.token.id}", len(wanted), "blocks")
    hints = hints_of(scene.logs, wanted) if wanted else ()

    async def find(at: int) -> None:
        await raw.moments.find_block(evm, at, scene.run.frontier, hints)
        work.progress.advance(f"instants {scene.token.id}", 1)

    await together((find(at) for at in wanted), AT_ONCE)


async def _fetch_reads(
    work: Session, scene: Scene, raw: Raw, evm: Evm | None, needs: Needs, *, allowed: bool
) -> None:
    wanted = [w for w in needs.reads if (w.block.number, w.address, w.call) not in raw.reads]
    absent = raw.unanswered.intersection((w.block.number, w.address, w.call) for w in wanted)
    raw.reads.update(dict.fromkeys(absent, None))
    wanted = [w for w in wanted if (w.block.number, w.address, w.call) not in absent]
    if evm is None or not allowed:
        asked = {(w.block.number, w.address, w.call) for w in wanted}
        raw.reads.update(dict.fromkeys(asked, None))
        raw.unanswered.update(asked if allowed else ())
        return
    for first in range(0, len(wanted), FETCH):
        part = wanted[first : first + FETCH]
        answers = await evm.calls([_pinned(w) for w in part])
        rows = []
        for want, answer in zip(part, answers, strict=True):
            raw.reads[want.block.number, want.address, want.call] = answer.result
            raw.read_times[want.block.number] = want.block.time
            if is_final(scene, want, answer):
                rows.append(_read(scene.deployment.chain_id, want, answer))
            else:
                raw.unanswered.add((want.block.number, want.address, want.call))
        add_rows(work.book, work.lake, READS, scene.deployment.chain_id, rows_of(READS, rows))


def is_final(scene: Scene, want: ReadWanted, answer: CallAnswer) -> bool:
    """Say whether nobody need be asked again: the contract answered, or reverted, or was not there yet.

    The token's own contract is there, so an empty answer of it is a node's mistake.
    """
    if answer.kind == "answered" and want.address != scene.deployment.address:
        return True
    return bool(answer.result) or answer.kind == "reverted"


def _pinned(want: ReadWanted) -> PinnedCall | Slot:
    """Return how the node is asked: a call, or a storage slot where the call begins with its mark."""
    if want.call.startswith(SLOT):
        return Slot(want.address, want.call.removeprefix(SLOT), want.block)
    return PinnedCall(want.address, want.call, want.block)


def _read(chain_id: str, want: ReadWanted, answer: CallAnswer) -> dict[str, Any]:
    return {
        "chain_id": chain_id,
        "block_number": want.block.number,
        "block_hash": bytes.fromhex(want.block.hash[2:]),
        "block_time": moment(want.block.time),
        "address": bytes.fromhex(want.address[2:]),
        "call": want.call,
        "result": answer.result,
        "error": answer.error,
        "endpoint": answer.endpoint,
        "fetched_at": now(),
    }
