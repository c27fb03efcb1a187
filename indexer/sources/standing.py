"""What is known of each endpoint, and what follows from it: whom to ask, how long to wait, when to stop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from indexer.floor.errors import Transient
from indexer.sources.endpoint import Ask, Endpoint, WrongChain
from indexer.sources.profile import (
    FIRST_SPAN,
    FIRST_WINDOW,
    GUESS,
    MOST_PATIENT,
    narrower,
    next_span,
    patience_with,
    wider,
)
from indexer.sources.provider_errors import CUT, Refusal
from indexer.sources.transport import LONGEST_PAUSE, Slow

FEWEST_TRIES = 8
FIRST_PAUSE = 0.05
LAST_PAUSE = 5.0
UNREACHED = 10.0
"""Seconds of patience with endpoints none of which can be connected to: a machine without internet is told soon."""
GOOD_ENOUGH = 4
"""Answers between two failures after which the second is no further one of a row."""
DEAD = 5
"""Failures in a row after which nobody waits for an endpoint when another has answered."""


class Want(NamedTuple):
    """What a request asks for: in words, and as far as an endpoint may be too small for it.

    *avoid* names endpoints that are not asked, since another's word is wanted. *first* is the first block
    where logs are asked for, *state* the oldest block of pinned calls.
    """

    text: str
    blocks: int = 1
    addresses: int = 0
    avoid: frozenset[str] = frozenset()
    first: int | None = None
    state: int | None = None

    @property
    def cuttable(self) -> bool:
        """Whether a smaller request may bring the same."""
        return self.first is not None and (self.blocks > 1 or self.addresses > 1)


@dataclass(slots=True)
class Standing:
    """What the pool knows of one endpoint now. Moments are the event loop's.

    *out* says that it is never asked again. *window* is how many requests may be under way, *obeyed* how
    often its caps were kept to in full since they were last tried, *patience* after how often they are.
    """

    endpoint: Endpoint
    max_blocks: int | None = None
    max_addresses: int | None = None
    max_results: int | None = None
    span: int | None = None
    window: float = FIRST_WINDOW
    obeyed: int = 0
    patience: int = GUESS
    state_depth: int | None = None
    no_state_depth: int | None = None
    capped_at: float | None = None
    good_at: float | None = None
    bad_at: float | None = None
    busy: int = 0
    failures: int = 0
    answers: int = 0
    rests_until: float = 0.0
    last_words: str = ""
    pruned: str = ""
    out: bool = False


@dataclass(slots=True)
class Tried:
    """What one request has cost so far, in seconds, and whether anybody was there."""

    started: float
    tries: int = 0
    waited: float = 0.0
    reached: bool = False


def fits(standing: Standing, want: Want) -> bool:
    """Return whether the endpoint serves requests of this size, as far as is known."""
    blocks, addresses = standing.max_blocks, standing.max_addresses
    return (blocks is None or want.blocks <= blocks) and (addresses is None or want.addresses <= addresses)


def choose(
    standings: Iterable[Standing], want: Want, passed: Mapping[str, Refusal], now: float
) -> Standing | float | None:
    """Return the endpoint to ask, or the seconds to wait for one, or None where nobody is left.

    *passed* has the endpoints that declined this very request. Nobody waits for a resting endpoint where a
    smaller request would do, nor for a dead one where another endpoint has spoken or takes smaller requests.
    """
    not_asked = want.avoid.union(passed)
    left = [s for s in standings if not s.out and s.endpoint.name not in not_asked]
    able = [s for s in left if fits(s, want)]
    ready = [s for s in able if s.rests_until <= now]
    if ready:
        head = newest(ready)
        return min(ready, key=lambda s: (full(s), s.failures, _unlikely(s, want, head), s.busy / s.window))
    if any(refusal.kind in CUT for refusal in passed.values()):
        return None
    if passed or len(able) < len(left):
        able = [s for s in able if s.failures < DEAD]
    return min((s.rests_until for s in able), default=now) - now if able else None


def full(standing: Standing) -> bool:
    """Return whether as many requests are under way as the endpoint bears."""
    return standing.busy >= int(standing.window)


def newest(standings: Iterable[Standing]) -> int | None:
    """Return the newest head that any endpoint named."""
    return max((s.endpoint.head for s in standings if s.endpoint.head is not None), default=None)


def _unlikely(standing: Standing, want: Want, head: int | None) -> bool:
    """Return whether the endpoint has refused state as old as this, or is not at the block yet."""
    lacks, own = standing.no_state_depth, standing.endpoint.head
    if want.state is not None and own is not None and own < want.state:
        return True
    return want.state is not None and head is not None and lacks is not None and head - want.state >= lacks


def spent(tried: Tried, wait: float, now: float, patience: float) -> bool:
    """Return whether to give up rather than wait *wait* seconds more.

    Where nobody was there at all the patience is short. Slow requests get a few tries whatever the time. A
    wait that a provider asked for is granted beside the patience; the rest after a refused key is not waited for.
    """
    patience = patience if tried.reached or not tried.tries else min(patience, UNREACHED)
    waited = tried.waited + (wait if wait <= 2 * LAST_PAUSE else 0.0)
    late = now - tried.started > patience and tried.tries >= FEWEST_TRIES
    return late or waited > patience or wait > LONGEST_PAUSE


def pause(failures: int, draw: float) -> float:
    """Return the seconds an endpoint rests after its *failures*-th failure in a row; *draw* is in 0..1."""
    return float(min(LAST_PAUSE, FIRST_PAUSE * 2 ** min(failures - 1, 16)) * (0.5 + draw))


def learn(standing: Standing, refusal: Refusal, want: Want, now: float) -> None:
    """Lower what the endpoint is asked for: to the figure it gave, else to half of what it refused."""
    if refusal.kind == "range" and want.blocks > 1:
        told = refusal.max_blocks or (len(refusal.span) if refusal.span else None)
        standing.max_blocks = _lowered(standing.max_blocks, told, want.blocks)
    elif refusal.kind == "addresses" and want.addresses > 1:
        told = refusal.max_addresses
        standing.max_addresses = _lowered(standing.max_addresses, told, want.addresses)
    elif refusal.kind in ("results", "size"):
        standing.max_results = refusal.max_results or standing.max_results
        if want.first is not None and want.blocks > 1:
            standing.span = min(size_of(standing), want.blocks // 2)
        return
    else:
        return
    standing.capped_at, standing.obeyed = now, 0
    standing.patience = min(patience_with(told is not None, standing.patience), MOST_PATIENT)


def size_of(standing: Standing) -> int:
    """Return how many blocks a log request to this endpoint should have."""
    span = standing.span or FIRST_SPAN
    return span if standing.max_blocks is None else min(span, standing.max_blocks)


def answered(standing: Standing, want: Want, logs: int, seconds: float) -> None:
    """Take note of an answer to a log request: the next span, and whether a cap is worth another trial."""
    cap = standing.max_blocks
    grown = next_span(size_of(standing), want.blocks, logs, seconds, standing.max_results)
    standing.span = grown if cap is None else min(grown, cap)
    used = (cap is not None and want.blocks * 10 >= cap * 9) or want.addresses == standing.max_addresses
    if not used:
        return
    standing.obeyed += 1
    if standing.obeyed >= standing.patience:
        standing.max_blocks = None if cap is None else cap * 2
        standing.span = standing.max_blocks
        standing.max_addresses = None if standing.max_addresses is None else standing.max_addresses * 2
        standing.obeyed, standing.patience = 0, min(standing.patience * 2, MOST_PATIENT)


def served(standing: Standing, want: Want, head: int | None, most: int, now: float) -> None:
    """Take note that the endpoint served *want*: it may get more at a time, and how deep its state goes."""
    standing.failures, standing.good_at = 0, now
    standing.window = wider(standing.window, most)
    standing.endpoint.pace.served()
    if want.state is not None and head is not None:
        depth = max(head - want.state, 0)
        standing.state_depth = max(depth, standing.state_depth or 0)
        if standing.no_state_depth is not None and standing.no_state_depth <= depth:
            standing.no_state_depth = None


def failed(standing: Standing, kind: str, want: Want, head: int | None) -> None:
    """Take note of a failure of *kind*: less at a time, a slower pace, or that old state is not there."""
    if kind in ("rate", "slow"):
        standing.window = narrower(standing.window)
    if kind == "rate":
        standing.endpoint.pace.refused()
    if kind == "slow" and want.first is not None:
        standing.span = max(1, min(size_of(standing), want.blocks) // 2)
    if kind == "missing-state" and want.state is not None and head is not None:
        depth = max(head - want.state, 0)
        lacks = standing.no_state_depth
        standing.no_state_depth = depth if lacks is None else min(depth, lacks)


def in_a_row(standing: Standing) -> int:
    """Return how many failures in a row one more makes: what was answered meanwhile breaks the row.

    A long task of many requests is not served before its last one; that is no reason for longer and longer rests.
    """
    since, standing.answers = standing.endpoint.answered - standing.answers, standing.endpoint.answered
    return 1 if since >= GOOD_ENOUGH else standing.failures + 1


def _lowered(known: int | None, told: int | None, asked: int) -> int:
    if told is not None and told < asked:
        # A figure that was obeyed and refused all the same would lead down in steps of one.
        return told if known is None or known < asked else min(told, asked // 2)
    # Several requests may be under way when the first is refused: the others must not halve it once more.
    return known if known is not None and known < asked else asked // 2


def best_cut(refusals: Iterable[Refusal]) -> Refusal | None:
    """Return the refusal whose remedy costs the fewest requests: the one that says most."""
    cuts = [refusal for refusal in refusals if refusal.kind in CUT]
    return max(cuts, key=_promise, default=None)


def _promise(refusal: Refusal) -> tuple[int, int]:
    return len(refusal.span) if refusal.span else refusal.max_blocks or 0, refusal.max_addresses or 0


def cap(standing: Standing, want: Want) -> Refusal:
    """Return what an endpoint that is known to be too small would have said."""
    blocks, addresses = standing.max_blocks, standing.max_addresses
    if blocks is not None and want.blocks > blocks:
        return Refusal("range", max_blocks=blocks, text=f"it serves {blocks} blocks at most")
    return Refusal("addresses", max_addresses=addresses, text=f"it serves {addresses} addresses at most")


def calm(standing: Standing, kind: str) -> None:
    """Take what an endpoint said again and again as its answer: it is not ill, and need not rest."""
    if kind == "unknown":
        standing.failures, standing.rests_until = 0, 0.0


def kind_of(error: Transient | WrongChain) -> str:
    """Return what kind of failure an error without a refusal is."""
    if isinstance(error, WrongChain):
        return "out"
    return "slow" if isinstance(error, Slow) else "transient"


def passing(refusal: Refusal | None) -> bool:
    """Return whether the endpoint answered with an error that should pass."""
    return refusal is not None and refusal.kind == "transient"


async def lives(endpoint: Endpoint) -> bool:
    """Return whether the endpoint answers anything."""
    try:
        await endpoint.one(Ask("eth_blockNumber", []))
    except Transient:
        return False
    return True
