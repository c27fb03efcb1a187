"""What to do next on a chain: a pure decision from what is held, the head, and what stands at our heights now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from indexer.floor.spans import BlockRef


class Anchor(NamedTuple):
    """The end of a held segment: a block whose hash we know, and whether it was final when last looked at."""

    number: int
    hash: str
    final: bool


class Fetch(NamedTuple):
    """Ask for what is missing up to *last*."""

    last: int


class Unwind(NamedTuple):
    """Drop what is held above a block: the chain took another branch there."""

    above: int


class Wait(NamedTuple):
    """Nothing to do yet."""

    why: str


class Halt(NamedTuple):
    """The chain contradicts what was final: nothing may be touched before a person has looked."""

    why: str


Step = Fetch | Unwind | Wait | Halt


def next_step(anchors: Sequence[Anchor], head: BlockRef, standing: Mapping[int, str]) -> Step:
    """Return the one step that brings *anchors* closer to *head*.

    *anchors* are the ends of what is held, ascending; *standing* has the hash that the chain has at their
    heights now. A head below our tip is an endpoint that lags: no reorganisation is read out of it.
    """
    if not anchors:
        return Fetch(head.number)
    tip = anchors[-1].number
    if head.number < tip:
        return Wait(f"the head, block {head.number}, lies below block {tip} that is held")
    if tip not in standing:
        return Wait(f"block {tip} is not told")
    if all(standing.get(anchor.number, anchor.hash) == anchor.hash for anchor in anchors):
        return Fetch(head.number) if head.number > tip else Wait("there is no new block")
    return _other_branch(anchors, tip, standing)


def _other_branch(anchors: Sequence[Anchor], tip: int, standing: Mapping[int, str]) -> Step:
    """Return what to do where our tip stands no more: go back to where the branches part, unless that was final."""
    common = _common(anchors, standing)
    final = max((anchor.number for anchor in anchors if anchor.final), default=-1)
    if common >= final:
        return Unwind(common)
    if final not in standing:
        return Wait(f"block {tip} is another one now, and block {final}, which was final, is not told")
    return Halt(
        f"its block {final} was final with hash {_hash_at(anchors, final)}, and is now {standing[final]}"
    )


def _common(anchors: Sequence[Anchor], standing: Mapping[int, str]) -> int:
    """Return the highest height up to which all anchors that are told stand; -1 where none does."""
    fallen = [a.number for a in anchors if standing.get(a.number, a.hash) != a.hash]
    standing_ones = [a.number for a in anchors if standing.get(a.number) == a.hash]
    return max((number for number in standing_ones if number < min(fallen)), default=-1)


def _hash_at(anchors: Sequence[Anchor], number: int) -> str:
    return next(anchor.hash for anchor in anchors if anchor.number == number and anchor.final)


def anchors_of(segments: Iterable[Mapping[str, Any]]) -> list[Anchor]:
    """Return the ends of the segments that are not final, and the newest final one, ascending."""
    ends = {Anchor(s["last"], s["last_hash"], bool(s["final"])) for s in segments}
    newest = max((anchor.number for anchor in ends if anchor.final), default=-1)
    return sorted(anchor for anchor in ends if not anchor.final or anchor.number == newest)
