"""Transactions by what their logs say of them, batched: by hash, else by their place in the block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from indexer.floor.errors import NoEndpoint
from indexer.sources.answers import TxAnswer, read_transaction
from indexer.sources.endpoint import Ask, Endpoint, in_requests
from indexer.sources.pool import Pool, Want
from indexer.sources.provider_errors import Refusal, Refused


class TxRef(NamedTuple):
    """A transaction as its logs name it, 0x text."""

    block_number: int
    block_hash: str
    tx_hash: str
    tx_index: int


async def ask_transactions(pool: Pool, wanted: Sequence[TxRef]) -> list[TxAnswer | None]:
    """Return each transaction, in order; None where every endpoint said that it does not have it.

    Nodes drop the index by hash after about a year and still find a transaction by its place.
    """
    want = Want(f"transaction {wanted[0].tx_hash}")
    found: dict[TxRef, TxAnswer] = {}

    async def act(endpoint: Endpoint) -> None:
        refused: dict[TxRef, Refusal] = {}
        wordings = (_by_hash, _by_place) if endpoint.finds_by_hash else (_by_place, _by_hash)
        for wording in wordings:
            open_ = [ref for ref in wanted if ref not in found]
            said = await _fill(endpoint, [(ref, wording(ref)) for ref in open_], found) if open_ else {}
            if any(ref in found for ref in open_):
                endpoint.finds_by_hash = wording is _by_hash
            # What is said of the place counts: an index by hash may well be missing.
            refused = said if wording is _by_place else refused
        left = [refusal for ref, refusal in refused.items() if ref not in found]
        if left:
            passing = next((r for r in left if r.kind in ("rate", "transient", "unknown")), left[0])
            endpoint.accept(_by_place(wanted[0]), passing)

    try:
        await pool.ask(want, act)
    except Refused as error:
        if error.refusal.kind not in ("absent", "missing-state"):
            raise NoEndpoint(str(error)) from None
    return [found.get(ref) for ref in wanted]


async def _fill(
    endpoint: Endpoint, asks: Sequence[tuple[TxRef, Ask]], found: dict[TxRef, TxAnswer]
) -> dict[TxRef, Refusal]:
    """Add the transactions that the endpoint has to *found*, and return why the others are not there."""
    refused: dict[TxRef, Refusal] = {}
    for part in in_requests(endpoint, asks):
        refused |= await _fill_part(endpoint, part, found)
    return refused


async def _fill_part(
    endpoint: Endpoint, asks: Sequence[tuple[TxRef, Ask]], found: dict[TxRef, TxAnswer]
) -> dict[TxRef, Refusal]:
    """Do the same with one request, so that what came is kept though a later one fails."""
    refused: dict[TxRef, Refusal] = {}
    answers = await endpoint.ask([ask for _, ask in asks])
    for (ref, _), answer in zip(asks, answers, strict=True):
        if isinstance(answer, Refusal):
            refused[ref] = answer
            continue
        tx = endpoint.believe(f"transaction {ref.tx_hash}", read_transaction, answer)
        if tx is not None and (tx.hash, tx.block_hash) == (ref.tx_hash, ref.block_hash):
            found[ref] = tx
        else:
            refused[ref] = Refusal("absent", text=f"{endpoint.name} has not transaction {ref.tx_hash}.")
    return refused


def _by_hash(ref: TxRef) -> Ask:
    return Ask("eth_getTransactionByHash", [ref.tx_hash])


def _by_place(ref: TxRef) -> Ask:
    return Ask("eth_getTransactionByBlockHashAndIndex", [ref.block_hash, hex(ref.tx_index)])
