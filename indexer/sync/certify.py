"""`rwa verify`: reads the contract's state at a block and keeps the certificate."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from indexer.config.model import Registry, Token
from indexer.config.settings import Settings
from indexer.floor.errors import NoEndpoint, Usage
from indexer.floor.spans import BlockRef
from indexer.floor.tables import CERTIFICATES
from indexer.ledger.figures import moment
from indexer.sources.evm import Call, CallAnswer, Evm
from indexer.store.read import arrow_rows
from indexer.sync.coverage import seconds
from indexer.sync.deriving import Place, commit_certificate, derivation_of, derived_of
from indexer.sync.orders import Progress
from indexer.sync.raw import number
from indexer.sync.rebuild import indexed_places
from indexer.sync.session import Session, asking, now, session
from indexer.verify.certificate import (
    SETTLED,
    Basis,
    Sample,
    State,
    certificate,
    digest,
    figure_at,
    sample_of,
)


class Views(NamedTuple):
    """Selectors of what a contract tells of itself; the last two where it has shares."""

    supply: str = "18160ddd"  # totalSupply()
    balance: str = "70a08231"  # balanceOf(address)
    shares: str | None = None  # totalShares()
    shares_of: str | None = None  # sharesOf(address)


VIEWS: Mapping[str, Views] = {
    "plain": Views(),
    "share_rebase": Views(shares="3a98ef39", shares_of="f5eb42dc"),
    "price_rebase": Views(shares="d5002f2e", shares_of="f5eb42dc"),  # getTotalShares(), sharesOf(address)
    "multiplier_rebase": Views(shares="3a98ef39", shares_of="f5eb42dc"),
    "timed_rebase": Views(),
    "dstoken": Views(),
    "erc4626": Views(),
    "nav": Views(),
    "distribution": Views(),
}


def verify(
    settings: Settings, registry: Registry, tokens: Sequence[Token], block: int | None, progress: Progress
) -> pa.Table:
    """Certify *tokens* on every chain they are derived on; return the new rows of ``certificates``.

    *block* None is each frontier. Raises Usage where none of the tokens is derived.
    """
    with session(settings, registry, progress) as work:
        places = indexed_places(work, tokens)
        if not places:
            raise Usage("None of these tokens has been indexed in this home; run `rwa backfill` first.")
        rows = asyncio.run(_verify_all(work, places, block))
    return arrow_rows(CERTIFICATES, rows)


async def _verify_all(work: Session, places: Sequence[Place], block: int | None) -> list[dict[str, Any]]:
    rows = []
    work.progress.start("certificates", len(places), "tokens")
    for place in places:
        chain = work.registry.chains[place.deployment.chain]
        async with asking(work, chain) as evm:
            rows.append(await verify_place(work, place, evm, block))
        work.progress.advance("certificates", 1)
    return rows


async def verify_place(
    work: Session, place: Place, evm: Evm, block: int | None = None, *, again: bool = True
) -> dict[str, Any]:
    """Certify one place at *block* (its frontier where None) and commit the certificate.

    Unless *again*, a certificate that passed on the very same figures stands and nothing is asked.
    """
    row = derivation_of(work, place)
    assert row is not None  # noqa: S101 - only derived places come here
    basis = _basis(place, row)
    at = await _block(evm, row, block)
    held = _standing(work, place, basis, at)
    if held and not again:
        return held
    derived = derived_of(work, place.key)
    made = await _compared(place, evm, row, basis, derived, at)
    commit_certificate(work, place, row, derived, made)
    return made


async def verdict_at(
    work: Session,
    place: Place,
    evm: Evm,
    block: int,
    derived: Mapping[str, pa.Table],
    *,
    holders: bool = True,
) -> dict[str, Any]:
    """Return the certificate that *block* would have; it is not kept. Without *holders* only the supply counts.

    What contradicts itself further on is compared all the same.
    """
    row = derivation_of(work, place)
    assert row is not None  # noqa: S101 - only derived places come here
    at = await _block(evm, row, block)
    known = row | {"why_null": None}
    return await _compared(place, evm, known, _basis(place, row), derived, at, holders=holders)


async def _compared(
    place: Place,
    evm: Evm,
    row: Mapping[str, Any],
    basis: Basis,
    derived: Mapping[str, pa.Table],
    at: BlockRef,
    *,
    holders: bool = True,
) -> dict[str, Any]:
    figure = figure_at(derived, row["why_null"], at)
    sample = sample_of(figure.holders if holders else {}, at)
    state = await _state(evm, place, at, sample)
    made = certificate(basis, at, figure, sample, state, final=row["final"])
    return made | {"block_time": moment(at.time), "fetched_at": now()}


async def _block(evm: Evm, row: Mapping[str, Any], block: int | None) -> BlockRef:
    frontier = BlockRef(row["frontier_block"], row["frontier_hash"], seconds(row["frontier_time"]))
    if block is None or block == frontier.number:
        return frontier
    if not row["first_block"] <= block <= frontier.number:
        raise Usage(
            f"Block {block} is outside the indexed blocks of {row['token']} on {row['chain_id']}, "
            f"{row['first_block']} to {frontier.number}; choose one inside, or backfill further."
        )
    header = await evm.header(block)
    if header is None:
        raise NoEndpoint(f"No endpoint of {evm.chain.name} has block {block}.")
    return header


async def _state(evm: Evm, place: Place, at: BlockRef, sample: Sample) -> State:
    """Return what the contract says of its supply and of the sampled balances, pinned to the block."""
    views = VIEWS[place.token.accrual]
    address = place.deployment.address
    words = [views.supply, *([views.shares] if views.shares else [])]
    words += [views.balance + _word(holder) for holder in sample.addresses]
    if views.shares_of:
        words += [views.shares_of + _word(holder) for holder in sample.addresses]
    answers = await evm.calls([Call(address, bytes.fromhex(word), at) for word in words])
    values = [number(answer.result) for answer in answers]
    rest = values[2:] if views.shares else values[1:]
    count = len(sample.addresses)
    return State(
        supply=values[0],
        units=values[1] if views.shares else None,
        balances=dict(zip(sample.addresses, rest[:count], strict=True)),
        shares=dict(zip(sample.addresses, rest[count:], strict=True)) if views.shares_of else {},
        has_shares=views.shares is not None,
        endpoint=next((answer.endpoint for answer in answers if answer.endpoint), ""),
        why=_why(answers),
    )


def _why(answers: Sequence[CallAnswer]) -> str | None:
    for answer in answers:
        if answer.kind == "missing-state":
            return "no endpoint keeps the state of this block; ask an archive node, or verify at the frontier"
        if answer.kind == "reverted":
            return f"the contract's own view reverts ({answer.error})"
        if answer.error:
            return answer.error
        if number(answer.result) is None:
            return "there is no contract at this address at this block"
    return None


def _word(address: str) -> str:
    return address[2:].rjust(64, "0")


def _basis(place: Place, row: Mapping[str, Any]) -> Basis:
    spans = [place.key, row["first_block"], row["frontier_block"], row["frontier_hash"]]
    spans += [[c.address, c.topics, c.start] for c in place.contracts]
    return Basis(
        row["token"],
        row["chain_id"],
        place.deployment.decimals or 0,
        digest(spans),
        row["config_digest"],
        row["code_version"],
    )


def _standing(work: Session, place: Place, basis: Basis, at: BlockRef) -> dict[str, Any] | None:
    """Return the certificate that already says it, if there is one."""
    for row in work.book.rows(CERTIFICATES, token=place.key[0], chain_id=place.key[1]):
        same = all(
            row[name] == getattr(basis, name) for name in ("spans_digest", "config_digest", "code_version")
        )
        if same and row["block_hash"] == at.hash and row["verdict"] in SETTLED:
            return row
    return None
