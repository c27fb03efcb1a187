"""`rwa audit`: spans held against evidence from outside, rows and files against themselves."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from indexer.config.model import Chain, Registry, Token
from indexer.config.settings import Settings, endpoints_of
from indexer.floor.errors import NoEndpoint, Usage
from indexer.floor.spans import Span
from indexer.floor.tables import AUDITS, FILTERS, LOGS, SEGMENTS
from indexer.sources.evm import Evm
from indexer.sources.transport import Connect
from indexer.sources.websocket import way_to
from indexer.store.lake import Lake
from indexer.store.read import arrow_rows, read_book
from indexer.sync.audits import (
    Part,
    audit_row,
    cost_of,
    logs_in,
    parts_of,
    proof_of,
    sampled,
    standing,
    strength,
    unproven,
)  # fmt: skip
from indexer.sync.contradictions import contradictions, flawed_files
from indexer.sync.coverage import Book, book_of
from indexer.sync.orders import Progress
from indexer.sync.proving import Finding, Prover
from indexer.sync.session import Session, asking, now, session

Row = Mapping[str, Any]

DRY = 3
"""So many spans in a row that no endpoint settles, and the chain is left for another time."""


class AuditOrder(NamedTuple):
    """What to audit: *chains* None all, *first* and *last* blocks, *sample* a share or a number of spans."""

    tokens: tuple[Token, ...]
    chains: tuple[str, ...] | None = None
    first: int | None = None
    last: int | None = None
    level: str = "agreed"
    sample: float | int | None = None
    seed: str | None = None


class Audited(NamedTuple):
    """The rows of ``audits`` that were made, and a sentence for each chain that could not go on.

    *red* has a sentence for each token that a repair touched and whose certificate fails all the same.
    """

    rows: pa.Table
    troubles: tuple[str, ...]
    red: tuple[str, ...] = ()

    @property
    def failed(self) -> int:
        return sum(verdict == "failed" for verdict in self.rows["verdict"].to_pylist())

    @property
    def unknown(self) -> int:
        return sum(verdict == "unknown" for verdict in self.rows["verdict"].to_pylist())


class Left(NamedTuple):
    """What of a chain is to be audited, and how many blocks need not be, since they are proven already."""

    chain: Chain
    parts: list[Part]
    proven: int


def plan_audit(settings: Settings, registry: Registry, order: AuditOrder) -> list[dict[str, Any]]:
    """Return what an audit would cost, a row per chain and filter; asks nobody and writes nothing."""
    book = {name: rows.to_pylist() for name, rows in read_book(settings.home, settings.database).items()}
    lake = Lake(settings.lake)
    rows = []
    for chain in _chains(registry, order):
        left = _left(chain, book, lake, order)
        by_filter: dict[str, list[Part]] = {}
        for part in left.parts:
            by_filter.setdefault(part.unit.filter.id, []).append(part)
        rows += [_cost_row(chain, settings, order.level, mine, left.proven) for mine in by_filter.values()]
    return sorted(rows, key=lambda row: -row["requests"])


def _cost_row(
    chain: Chain, settings: Settings, level: str, parts: Sequence[Part], known: int
) -> dict[str, Any]:
    cost = cost_of(parts)
    return {
        "chain": chain.name,
        "chain_id": chain.id,
        "contracts": len(parts[0].unit.filter.addresses),
        "level": level,
        "first": parts[0].unit.span.first,
        "last": parts[-1].unit.span.last,
        "blocks": cost.blocks,
        "proven_blocks": known,
        "requests": cost.least,
        "requests_most": cost.most,
        "hours": _hours(cost.least, chain, settings),
        "hours_most": _hours(cost.most, chain, settings),
    }


def _hours(requests: int, chain: Chain, settings: Settings) -> float:
    rate = 10.0 * max(1, len(endpoints_of(chain, settings)))
    return round(requests / rate / 3600, 2)


def audit(
    settings: Settings,
    registry: Registry,
    order: AuditOrder,
    progress: Progress,
    connect: Connect = way_to,
) -> Audited:
    """Audit what *order* names, after saying what it costs; what is proven already is not asked again."""
    seed = order.seed or secrets.token_hex(4)
    with session(settings, registry, progress, connect) as work:
        rows = flawed_files(work)
        flawed = {row["filter_id"] for row in rows}
        rows += contradictions(work, [chain.id for chain in _chains(registry, order)], flawed)
        _forget_local(work)
        _keep(work, rows)
        troubles = []
        for chain in _chains(registry, order):
            left = _left(chain, _book_rows(work, chain, flawed), work.lake, order._replace(seed=seed))
            if not left.parts:
                continue
            progress.note(_said(chain, settings, order, left, seed))
            made, trouble = asyncio.run(_audit_chain(work, left, seed if order.sample is not None else None))
            rows += made
            troubles += trouble
    return Audited(arrow_rows(AUDITS, rows), tuple(troubles))


def _said(chain: Chain, settings: Settings, order: AuditOrder, left: Left, seed: str) -> str:
    cost = cost_of(left.parts)
    drawn = f", drawn with --seed {seed}" if order.sample is not None else ""
    return (
        f"{chain.name}: {order.level} for {cost.blocks:,} blocks{drawn} takes {cost.least:,} to {cost.most:,} "
        f"requests, {_hours(cost.least, chain, settings)} to {_hours(cost.most, chain, settings)} hours."
    )


async def _audit_chain(work: Session, left: Left, seed: str | None) -> tuple[list[dict[str, Any]], list[str]]:
    try:
        async with asking(work, left.chain) as evm:
            found, trouble = await prove_parts(work, evm, left.parts, seed)
    except NoEndpoint as error:
        return [], [str(error)]
    return [row for row, _ in found], [trouble] if trouble else []


async def prove_parts(
    work: Session, evm: Evm, parts: Sequence[Part], seed: str | None = None
) -> tuple[list[tuple[dict[str, Any], Finding]], str | None]:
    """Audit *parts* one after the other and keep each verdict at once; return them, and why it ended early."""
    prover, stage = Prover(evm), f"audit {evm.chain.name}"
    work.progress.start(stage, sum(len(part.unit.span) for part in parts), "blocks")
    found: list[tuple[dict[str, Any], Finding]] = []
    logs, dry = LogsOf(work.lake), 0
    for at, part in enumerate(parts):
        held = logs_in(logs.of(part.segment), part.unit.span)
        finding = await prover.prove(part.unit, held)
        row = audit_row(finding, held, now(), seed)
        _keep(work, [row])
        found.append((row, finding))
        work.progress.advance(stage, len(part.unit.span))
        if at + 1 == len(parts) or parts[at + 1].segment is not part.segment:
            raise_proof(work, part.segment, logs.of(part.segment))
        dry = dry + 1 if finding.verdict == "unknown" else 0
        if dry == DRY and at + 1 < len(parts):
            why = f"{evm.chain.name}: the audit stopped at block {part.unit.span.last}. {finding.detail}"
            return found, why
    return found, None


class LogsOf:
    """The logs of segments, the last one's kept."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._path: str | None = None
        self._logs: pa.Table | None = None

    def of(self, segment: Row) -> pa.Table:
        path = segment["path"]
        if self._logs is None or path != self._path:
            self._logs = self._lake.read(LOGS, [path] if path else [])
            self._path = path
        return self._logs


def raise_proof(work: Session, segment: Row, logs: pa.Table) -> None:
    """Book the proof that the audits of *segment* make by now, where it is more than it has."""
    audits = work.book.rows(AUDITS, chain_id=segment["chain_id"], filter_id=segment["filter_id"])
    level = proof_of(segment, standing(audits, segment, logs))
    if strength(level) > strength(segment["proof"]):
        with work.book.commit() as commit:
            commit.update(SEGMENTS, segment, proof=level)


def _keep(work: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Book verdicts; that nobody could settle a span does not replace that it failed."""
    fresh = []
    for row in rows:
        if row["verdict"] == "unknown":
            held = work.book.rows(AUDITS, **{name: row[name] for name in AUDITS.key if name != "first"})
            if any(one["first"] == row["first"] and one["verdict"] == "failed" for one in held):
                continue
        fresh.append(row)
    with work.book.commit() as commit:
        commit.put(AUDITS, fresh)


def _chains(registry: Registry, order: AuditOrder) -> list[Chain]:
    """Return the chains that the order's tokens live on."""
    names = dict.fromkeys(
        d.chain
        for token in order.tokens
        for d in token.deployments
        if d.indexed and d.chain in registry.chains
    )
    return [registry.chains[name] for name in names if order.chains is None or name in order.chains]


def _forget_local(work: Session) -> None:
    """Drop what was found of files and rows before: it is looked at whole each time."""
    gone = [row for level in ("file", "rows") for row in work.book.rows(AUDITS, level=level)]
    with work.book.commit() as commit:
        commit.remove(AUDITS, [{name: row[name] for name in AUDITS.key} for row in gone])


def _book_rows(work: Session, chain: Chain, flawed: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    segments = work.book.rows(SEGMENTS, chain_id=chain.id)
    return {
        "segments": [s for s in segments if s["path"] not in flawed],
        "filters": work.book.rows(FILTERS),
        "audits": work.book.rows(AUDITS, chain_id=chain.id),
    }


def _left(chain: Chain, rows: Mapping[str, Sequence[Row]], lake: Lake, order: AuditOrder) -> Left:
    """Return what of the tokens' segments on *chain* is not proven at the order's level yet."""
    contracts = _contracts(order.tokens, chain)
    if order.first is not None and order.last is not None and order.first > order.last:
        raise Usage(
            f"--from {order.first} lies behind --to {order.last}; give an earlier --from, or a later --to."
        )
    window = Span(order.first or 0, 2**62 if order.last is None else order.last)
    book = book_of(rows["segments"], rows["filters"], chain.id)
    parts = parts_of(book, concerning(book, contracts), order.level, window)
    drawn = sampled(parts, order.sample, order.seed or "")
    return without_proven(chain, drawn, [r for r in rows["audits"] if r["chain_id"] == chain.id], lake)


def without_proven(chain: Chain, parts: Sequence[Part], audits: Sequence[Row], lake: Lake) -> Left:
    """Return *parts* without those that good verdicts on the very same logs cover."""
    logs, known, open_ = LogsOf(lake), 0, list[Part]()
    good: list[Row] = []
    segment: Row | None = None
    for part in parts:
        if part.segment is not segment:
            segment = part.segment
            good = standing(audits, segment, logs.of(segment)) if audits else []
        left = unproven(good, part)
        known += len(part.unit.span) - sum(len(one.unit.span) for one in left)
        open_ += left
    return Left(chain, open_, known)


def concerning(book: Book, contracts: Iterable[str]) -> list[Row]:
    """Return the segments whose filter asked for one of *contracts*."""
    wanted = set(contracts)
    return [s for s in book.segments if not wanted.isdisjoint(book.filters[s["filter_id"]])]


def _contracts(tokens: Iterable[Token], chain: Chain) -> set[str]:
    return {
        address
        for token in tokens
        for where in token.deployments
        if where.chain == chain.name
        for address in (where.address, *(companion.address for companion in where.companions))
    }
