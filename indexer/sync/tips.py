"""The tip: whether the chain still has what we hold, what it took back, and what has become final since.

What was fetched above the final block is provisional. Once final it is asked again, since an endpoint may have
answered from a branch that did not last, and what comes then takes its place.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from typing import Any, NamedTuple

from indexer.floor.errors import Halted, NoEndpoint
from indexer.floor.spans import BlockRef, Span, merge
from indexer.floor.tables import (
    CERTIFICATES,
    DERIVATIONS,
    FILES,
    HEADS,
    MOMENTS,
    READS,
    SEGMENTS,
    TRANSACTIONS,
)
from indexer.ledger.figures import moment
from indexer.sources.evm import Evm
from indexer.sources.provider_errors import Refused
from indexer.sources.views import View, ask_view, ask_views
from indexer.sync.coverage import Book, Task, filter_by_id
from indexer.sync.heads import Anchor, Halt, Step, Unwind, Wait, anchors_of, next_step
from indexer.sync.raw import forget_from
from indexer.sync.session import Session, now
from indexer.sync.writer import outdate

LOOKS = 3
"""How often a fork below finality must be seen before the chain is halted: an honest endpoint may be silent once."""


class Settled(NamedTuple):
    """How the chain stands, and whether something that was held has been dropped."""

    view: View
    unwound: bool


async def settle(work: Session, evm: Evm, *, everyone: bool = False) -> Settled:
    """Return how the chain stands, after dropping what it took back; raises Halted where that was final.

    A head behind what was seen before is an endpoint that lags: others are asked, and where all lag nothing
    is dropped. Where one contradicts our tip, or with *everyone*, all are asked, and the branch with the
    highest head counts. A home that holds nothing yet goes with most endpoints.
    """
    anchors = anchors_of(work.book.rows(SEGMENTS, chain_id=evm.chain_id))
    if not anchors:
        return Settled(await _most(evm), unwound=False)
    view = None if everyone else await _one(evm, anchors, _highest(work, evm.chain_id))
    if view is not None and not _contradicts(view, anchors):
        return Settled(view, unwound=False)
    view, step = await _all(evm, anchors)
    if isinstance(step, Halt):
        raise Halted(_halted(evm.chain.name, step.why))
    if isinstance(step, Unwind):
        drop_above(work, evm.chain_id, step.above)
        work.progress.note(
            f"{evm.chain.name}: blocks from {step.above + 1} on were replaced by others in a reorganisation; they "
            "are fetched again."
        )
    elif isinstance(step, Wait) and _contradicts(view, anchors):
        raise NoEndpoint(f"{evm.chain.name} cannot be followed for now: {step.why}.")
    return Settled(view, isinstance(step, Unwind))


def _highest(work: Session, chain_id: str) -> int:
    """Return the height of the newest block that was ever seen of the chain."""
    rows = work.book.rows(HEADS, chain_id=chain_id)
    return rows[0]["head_number"] or 0 if rows else 0


async def _one(evm: Evm, anchors: list[Anchor], seen: int) -> View:
    """Return the view of one endpoint, of one that does not lag where there is one."""
    finality, tip = evm.chain.finality, anchors[-1].number
    try:
        return await ask_view(evm.pool, finality, [tip], max(tip, seen))
    except Refused:
        return await ask_view(evm.pool, finality, [a.number for a in anchors])


async def _all(evm: Evm, anchors: list[Anchor]) -> tuple[View, Step]:
    """Return the view of all endpoints that counts, and what follows; a halt is looked at more than once."""
    heights = [anchor.number for anchor in anchors]
    for look in range(LOOKS):
        views = await ask_views(evm.pool, evm.chain.finality, heights)
        # Each was asked once; where that failed everywhere, one is asked until it answers.
        view = branch(views or [await ask_view(evm.pool, evm.chain.finality, heights)], anchors)
        step = next_step(anchors, view.head, view.standing)
        if not isinstance(step, Halt):
            break
        await asyncio.sleep(2.0**look)
    return view, step


async def _most(evm: Evm) -> View:
    """Return a view of the branch that most endpoints stand on, by the lowest block that all call final."""
    finality = evm.chain.finality
    if len(evm.pool.endpoints) == 1:
        return await ask_view(evm.pool, finality, [])
    views = await ask_views(evm.pool, finality, [])
    if not views:
        return await ask_view(evm.pool, finality, [])
    height = min(view.final.number for view in views)
    views = await ask_views(evm.pool, finality, [height]) or views
    count = Counter(view.standing.get(height) for view in views)
    return max(views, key=lambda view: (count[view.standing.get(height)], view.head.number))


def branch(views: list[View], anchors: list[Anchor]) -> View:
    """Return the view that counts: one that keeps what was final before one that does not, then the highest head."""

    def rank(view: View) -> tuple[bool, int, bool]:
        final = [a for a in anchors if a.final]
        keeps = all(view.standing.get(a.number, a.hash) == a.hash for a in final)
        return keeps, view.head.number, not _contradicts(view, anchors)

    return max(views, key=rank)


def _contradicts(view: View, anchors: list[Anchor]) -> bool:
    return any(view.standing.get(a.number, a.hash) != a.hash for a in anchors)


def _halted(chain: str, why: str) -> str:
    return (
        f"{chain} is halted: {why}. No endpoint stands on the branch that this home holds, so nothing of it was "
        f"changed. Look at an explorer which branch is right: give endpoints of it with --rpc {chain}=URL, or drop "
        f"what this home holds above the fork with `rwa repair --fork {chain}` and run the command again."
    )


def drop_above(work: Session, chain_id: str, above: int) -> None:
    """Drop every segment that ends above block *above*, with the reads, transactions, instants and certificates
    of its blocks.

    They are missing then, hence fetched again. Segments go last: a run that ends in between starts anew.
    """
    gone = [s for s in work.book.rows(SEGMENTS, chain_id=chain_id) if s["last"] > above]
    first = min((s["first"] for s in gone), default=above + 1)
    for table in (READS, TRANSACTIONS):
        forget_from(work.book, work.lake, table, chain_id, first)
    certificates = [c for c in work.book.rows(CERTIFICATES, chain_id=chain_id) if c["block_number"] > above]
    derived = [d for d in work.book.rows(DERIVATIONS, chain_id=chain_id) if d["frontier_block"] > above]
    moments = [m for m in work.book.rows(MOMENTS, chain_id=chain_id) if m["block_number"] >= first]
    with work.book.commit() as commit:
        commit.remove(MOMENTS, [{name: m[name] for name in MOMENTS.key} for m in moments])
        commit.remove(SEGMENTS, [{name: s[name] for name in SEGMENTS.key} for s in gone])
        outdate(commit, derived)
        commit.remove(CERTIFICATES, [{"certificate_id": c["certificate_id"]} for c in certificates])
        for segment in gone:
            if segment["path"]:
                commit.update(FILES, {"path": segment["path"]}, unlisted_at=now())


def to_confirm(book: Book, final: int) -> list[Task]:
    """Return the requests that ask again for what was provisional and is final now, whole segments only."""
    spans: dict[str, list[Span]] = defaultdict(list)
    for segment in book.segments:
        if not segment["final"] and segment["last"] <= final:
            spans[segment["filter_id"]].append(Span(segment["first"], segment["last"]))
    return [
        Task(span, filter_by_id(book, filter_id)) for filter_id, mine in spans.items() for span in merge(mine)
    ]


def finalise(work: Session, chain_id: str, final: int) -> None:
    """Mark certificates final whose blocks are: a reorganisation would have taken them away before."""
    if any(not s["final"] and s["last"] <= final for s in work.book.rows(SEGMENTS, chain_id=chain_id)):
        return  # what they speak of has not been confirmed
    rows = [c for c in work.book.rows(CERTIFICATES, chain_id=chain_id) if not c["final"]]
    if due := [c for c in rows if c["block_number"] <= final]:
        with work.book.commit() as commit:
            for certificate in due:
                commit.update(CERTIFICATES, certificate, final=True)


def note_head(work: Session, chain_id: str, view: View | None, **known: Any) -> None:
    """Book how the chain stands; *known* replaces columns of ``heads``. Nothing is written where nothing changed."""
    rows = work.book.rows(HEADS, chain_id=chain_id)
    row = rows[0] if rows else _unseen(chain_id)
    fresh = {**row, "seen_at": now(), **known}
    if view is not None:
        fresh |= _told(view.head, view.final)
        if row["head_number"] is None or view.head.number > row["head_number"]:
            fresh["advanced_at"] = fresh["seen_at"]
        else:
            fresh |= {name: row[name] for name in ("head_number", "head_hash", "head_time")}
    with work.book.commit() as commit:
        commit.put(HEADS, [fresh])


def _told(head: BlockRef, final: BlockRef) -> dict[str, Any]:
    return {
        "head_number": head.number,
        "head_hash": head.hash,
        "head_time": moment(head.time),
        "final_number": final.number,
        "final_hash": final.hash,
        "trouble": None,
        "halted": None,
    }


def _unseen(chain_id: str) -> dict[str, Any]:
    blank = dict.fromkeys(HEADS.names)
    return {**blank, "chain_id": chain_id, "advanced_at": now(), "seen_at": now(), "following": False}
