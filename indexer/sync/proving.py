"""Evidence for the logs of a span: another endpoint's answer, headers with their blooms, receipts.

Asks, and leaves the verdict on a block to ``verify/completeness``. Nothing is written here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import pyarrow as pa

from indexer.floor.errors import NoEndpoint
from indexer.floor.filters import Filter
from indexer.floor.spans import BlockRef, Span, halve
from indexer.floor.tables import LOGS
from indexer.floor.together import together
from indexer.sources.evm import Evm
from indexer.sources.provider_errors import Refused
from indexer.sources.witness import Header
from indexer.store.read import arrow_rows
from indexer.verify.completeness import Judged, bloom_holds, difference, judge, may_matter
from indexer.verify.headers import recomputes

LEVELS = ("end_block", "agreed", "bloom", "receipts")
"""From what costs nothing to what every block's receipts prove."""

AT_ONCE = 8
NAMED = 3
"""So many blocks are named in a sentence; the rest are counted."""


class Unit(NamedTuple):
    """Blocks of one filter whose logs are to be proved; *end* is the last block of the segment
    that holds them: whoever gives evidence must have it too."""

    filter: Filter
    span: Span
    level: str
    served: frozenset[str]
    end: BlockRef | None = None


class Finding(NamedTuple):
    """What the evidence says of a unit. *right* holds the logs that it should have, where that is proven."""

    unit: Unit
    verdict: str
    detail: str | None = None
    endpoint: str | None = None
    right: pa.Table | None = None
    added: int = 0
    removed: int = 0
    parent_hash: str | None = None
    last_hash: str | None = None


class Unsettled(Exception):
    """No endpoint could settle it; the text says why."""


class Prover:
    """Asks one chain for evidence; an endpoint that did not serve the logs is asked first."""

    def __init__(self, evm: Evm) -> None:
        self._evm = evm
        self._names = [endpoint.name for endpoint in evm.pool.endpoints]
        self._alone = False

    async def prove(self, unit: Unit, held: pa.Table) -> Finding:
        """Return what evidence of the unit's level says of the logs *held* of its span."""
        try:
            if unit.level == "agreed":
                return await self._agreed(unit, held)
            return await self._by_headers(unit, held)
        except Unsettled as doubt:
            return Finding(unit, "unknown", str(doubt))

    def _others(self, unit: Unit) -> frozenset[str]:
        """Return whom not to ask: those who served the logs, as long as somebody else is there."""
        return frozenset() if self._alone or unit.served.issuperset(self._names) else unit.served

    async def _agreed(self, unit: Unit, held: pa.Table) -> Finding:
        """Hold *held* against another endpoint's answer; blocks that differ are settled by receipts."""
        avoid = self._others(unit)
        try:
            answers = [await self._logs(unit.span, unit.filter, unit.end, avoid)]
            if (
                not avoid
            ):  # one of two that both may have served it: their answers must agree with each other too
                other = frozenset({answers[0][1]})
                answers.append(await self._logs(unit.span, unit.filter, unit.end, other))
        except NoEndpoint as error:
            raise Unsettled(f"no second endpoint could answer: {error}") from None
        ours = by_block(held)
        apart: dict[int, str] = {}
        for logs, name in answers:
            theirs = by_block(logs)
            apart |= {n: name for n in {*ours, *theirs} if ours.get(n, []) != theirs.get(n, [])}
        who = ", ".join(dict.fromkeys(name for _, name in answers))
        if not apart:
            return Finding(unit, "pass", None, who)
        headers = [h for n in sorted(apart) for h in await self._headers(unit, Span(n, n))]
        for header in headers:
            _check_chain(unit, [header])
        found = await self._settled(unit, headers, ours)
        for number, judged in found.items():  # two words against each other, and nothing to settle it
            if judged.verdict == "unknown":
                found[number] = judged._replace(verdict="failed")
        blamed = ", ".join(sorted(set(apart.values())))
        return _summed(unit, held, found, who, f"{blamed} gave other logs of {named(sorted(apart))}")

    async def _logs(
        self, span: Span, wanted: Filter, pin: BlockRef | None, avoid: frozenset[str]
    ) -> tuple[pa.Table, str]:
        """Return the logs of *span* and who gave them, in as many requests as the endpoint needs.

        It must have our block *pin*: one of another chain would prove its own logs.
        """
        try:
            answer = await self._evm.logs(span, wanted, pin, avoid)
        except Refused as error:
            if len(span) == 1:
                raise NoEndpoint(str(error)) from None
            parts = [await self._logs(half, wanted, pin, avoid) for half in halve(span)]
            return pa.concat_tables([logs for logs, _ in parts]), parts[-1][1]
        return answer.logs, answer.endpoint

    async def _by_headers(self, unit: Unit, held: pa.Table) -> Finding:
        """Hold *held* against headers: every block's receipts, or of those whose bloom leaves room for a log."""
        headers = await self._headers(unit, unit.span)
        owned = _check_chain(unit, headers)
        ours = by_block(held)
        blooms = self._evm.chain.blooms and unit.level == "bloom"
        wanted = [h for h in headers if not blooms or h.block.number in ours or may_matter(h, unit.filter)]
        if blooms and not all(bloom_holds(h, ours.get(h.block.number, [])) for h in wanted):
            wanted = headers  # a bloom that lacks a log tells nothing: every block is looked at
        found = await self._settled(unit, wanted, ours)
        if blooms and any(judged.verdict == "exception" for judged in found.values()):
            found |= await self._settled(unit, [h for h in headers if h.block.number not in found], ours)
        said = (
            None
            if owned
            else "the chain makes its block hashes in its own way, so headers are believed as told"
        )
        made = _summed(unit, held, found, headers[0].endpoint, said)
        return made._replace(parent_hash=headers[0].parent_hash, last_hash=headers[-1].block.hash)

    async def _headers(self, unit: Unit, span: Span) -> list[Header]:
        """Return the headers of *span*, of another endpoint than served the logs where there is one."""
        avoid = self._others(unit)
        try:
            return await self._evm.headers(span, avoid, unit.end)
        except NoEndpoint as error:
            if not avoid:
                raise Unsettled(str(error)) from None
        self._alone = True
        return await self._headers(unit, span)

    async def _settled(
        self, unit: Unit, headers: Sequence[Header], ours: Mapping[int, list[dict[str, Any]]]
    ) -> dict[int, Judged]:
        """Return the verdict of each block by its receipts; a block without transactions has no log."""

        async def one(header: Header) -> Judged:
            return await self._judged(unit, header, ours.get(header.block.number, []))

        found = await together((one(header) for header in headers), at_once=AT_ONCE)
        return {header.block.number: judged for header, judged in zip(headers, found, strict=True)}

    async def _judged(self, unit: Unit, header: Header, held: list[dict[str, Any]]) -> Judged:
        """Return the verdict on one block, after asking one endpoint after the other for receipts that fit it."""
        if not header.transactions and not held:
            return Judged("pass")
        prefer, tried, why = self._others(unit), frozenset[str](), ""
        while True:
            try:
                told = await self._evm.receipts(header, prefer | tried)
            except NoEndpoint as error:
                if prefer:
                    prefer, self._alone = frozenset(), True
                    continue
                return Judged("unknown", why or f"block {header.block.number}: {error}")
            judged = judge(header, told.receipts, held, unit.filter)
            if isinstance(judged, Judged):
                return judged
            tried |= {told.endpoint}
            why = f"{judged.why} ({', '.join(sorted(tried))})"


def _check_chain(unit: Unit, headers: Sequence[Header]) -> bool:
    """Return whether the headers make their own hashes; raise Unsettled where they are not one chain, ours."""
    for before, after in pairwise(headers):
        if after.parent_hash != before.block.hash:
            raise Unsettled(
                f"blocks {before.block.number} and {after.block.number} that came are not of one chain"
            )
    last = headers[-1].block
    if unit.end is not None and last.number == unit.end.number and last.hash != unit.end.hash:
        raise Unsettled(
            f"{headers[-1].endpoint} has another block {last.number} than the one our logs end with"
        )
    owned = [recomputes(header.raw) for header in headers]
    if any(owned) and not all(owned):
        odd = headers[owned.index(False)]
        raise Unsettled(
            f"the fields of block {odd.block.number} that {odd.endpoint} gave do not make its hash"
        )
    return all(owned)


def by_block(logs: pa.Table) -> dict[int, list[dict[str, Any]]]:
    """Return the rows of *logs* by their block."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in logs.to_pylist():
        found[row["block_number"]].append(row)
    return dict(found)


def _summed(
    unit: Unit, held: pa.Table, found: Mapping[int, Judged], endpoint: str, said: str | None
) -> Finding:
    """Return what the verdicts on single blocks make of the span; the worst counts."""
    verdicts = {judged.verdict for judged in found.values()}
    verdict = next((v for v in ("failed", "unknown", "exception") if v in verdicts), "pass")
    told = [judged.why for judged in found.values() if judged.verdict == verdict and judged.why]
    detail = "; ".join([*([said] if said else []), *told[:NAMED]])
    if len(told) > NAMED:
        detail += f"; and {len(told) - NAMED} more blocks"
    proven = "unknown" not in verdicts and all(
        j.right is not None for j in found.values() if j.verdict == "failed"
    )
    right = _righted(held, found) if verdict == "failed" and proven else None
    added, removed = difference(held.to_pylist(), right.to_pylist()) if right is not None else (0, 0)
    if right is None and verdict == "failed":
        added = sum(judged.added for judged in found.values())
        removed = sum(judged.removed for judged in found.values())
    return Finding(unit, verdict, detail or None, endpoint, right, added, removed)


def _righted(held: pa.Table, found: Mapping[int, Judged]) -> pa.Table:
    """Return *held* with the blocks that failed as their receipts have them."""
    wrong = {number: judged.right or [] for number, judged in found.items() if judged.verdict == "failed"}
    rows = [row for row in held.to_pylist() if row["block_number"] not in wrong]
    rows += [row for right in wrong.values() for row in right]
    rows.sort(key=lambda row: (row["block_number"], row["log_index"]))
    return arrow_rows(LOGS, rows)


def named(blocks: Sequence[int]) -> str:
    """Return *blocks* in words, the first few by number."""
    shown = ", ".join(str(block) for block in blocks[:NAMED])
    rest = f" and {len(blocks) - NAMED} more" if len(blocks) > NAMED else ""
    return f"block{'s' if len(blocks) > 1 else ''} {shown}{rest}"
