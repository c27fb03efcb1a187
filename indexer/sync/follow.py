"""`rwa follow`: one round after the other on every chain, until it is told to stop."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Collection, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from indexer.config.model import Chain, Deployment, Registry, Token
from indexer.config.settings import Settings, endpoints_of
from indexer.floor.errors import Halted, NoEndpoint
from indexer.floor.tables import CERTIFICATES, DERIVATIONS, HEADS
from indexer.floor.together import together
from indexer.ledger.figures import moment
from indexer.sources.evm import Evm
from indexer.sources.transport import Connect
from indexer.sources.views import View
from indexer.sources.websocket import Wake, way_to
from indexer.sync.backfill import check, deployments_of
from indexer.sync.certify import verify_place
from indexer.sync.deriving import Place, derive_place, final_day, last_whole_day
from indexer.sync.healing import UNMENDED, mend_all, prove_fetched, suspicious
from indexer.sync.inputs import load_raw
from indexer.sync.orders import Order, Progress
from indexer.sync.repairing import without_resting
from indexer.sync.restating import REPAIRED
from indexer.sync.rounds import fetch, look, places_of
from indexer.sync.session import Session, asking, no_endpoint, now, remember, session, take_on, tidy
from indexer.sync.whole import copy_dimensions, measure_whole
from indexer.sync.writer import compact

QUICKEST, SLOWEST = 2.0, 15.0
"""Seconds between two looks at a chain, whatever its blocks take."""
LONGEST_REST = 300.0
"""Seconds until a chain that nobody serves, or that is halted, is looked at again."""
STILL = timedelta(minutes=10)
"""How long the tables of a token without new logs may lie behind the head."""
HEARTBEAT = 600.0
"""Seconds after which a follower says where it is though nothing happened."""
REMEMBER = 600.0
"""Seconds after which a follower keeps what it learnt of the endpoints: a power cut shall not cost it."""
UNSETTLED = timedelta(minutes=10)
"""How long blocks rest whose proof nobody could settle."""
CERTIFIED_FOR = timedelta(days=1)
COMPACT_ROUNDS = 100
TERMINATED = 143
"""Exit code after SIGTERM, as a shell has it."""


@dataclass(slots=True)
class Followed:
    """One chain as a follower has it: what it looks after, and what came since the tables were made."""

    wanted: Sequence[tuple[Token, Deployment]]
    places: list[Place] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    all_due: bool = True
    rounds: int = 0
    failures: int = 0
    served: bool = False
    said: float = 0.0
    kept: float = 0.0


def follow(
    settings: Settings, registry: Registry, order: Order, progress: Progress, connect: Connect = way_to
) -> None:
    """Keep the order's tokens at the head of their chains until cancelled or interrupted.

    A chain that nobody serves, or that is halted, is looked at again and again while others go on. Raises
    NoEndpoint where at the start no chain can be served, Halted where every chain is halted.
    """
    check(registry, order)
    with session(settings, registry, progress, connect) as work:
        take_on(work, order.tokens)
        copy_dimensions(work)
        asyncio.run(_terminable(follow_all(work, order)))


async def _terminable(job: Coroutine[Any, Any, None]) -> None:
    """Run *job* until it ends or SIGTERM comes: then it is cancelled where it waits, never inside a commit."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - this is a coroutine
    told: list[int] = []

    def stop() -> None:
        told.append(signal.SIGTERM)
        task.cancel()

    with suppress(NotImplementedError, RuntimeError, ValueError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
    try:
        await job
    except asyncio.CancelledError:
        if told:
            raise SystemExit(TERMINATED) from None
        raise


async def follow_all(work: Session, order: Order) -> None:
    """Follow every chain of *order* at once, in this event loop."""
    chains = {
        work.registry.chains[name]: Followed(wanted)
        for name, wanted in deployments_of(work.registry, order).items()
    }
    ended = Ends(len(chains))
    try:
        await together(_follow_chain(work, chain, held, order, ended) for chain, held in chains.items())
    finally:
        for chain in chains:
            _left(work, chain)


class Ends:
    """How many chains cannot go on; the follower ends once none can."""

    def __init__(self, chains: int) -> None:
        self._chains = chains
        self._stuck: dict[str, Halted | NoEndpoint] = {}

    def stuck(self, chain: str, error: Halted | NoEndpoint) -> None:
        """Raise what all chains say once this was the last that could go on."""
        self._stuck[chain] = error
        if len(self._stuck) == self._chains:
            kind = Halted if any(isinstance(e, Halted) for e in self._stuck.values()) else NoEndpoint
            raise kind("\n".join(str(e) for e in self._stuck.values()))

    def goes_on(self, chain: str) -> None:
        self._stuck.pop(chain, None)


class Calm:
    """Progress of a follower once it has caught up: notes only, no stage that starts anew every few seconds."""

    def __init__(self, loud: Progress) -> None:
        self.note = loud.note

    def start(self, stage: str, total: int, unit: str) -> None:
        del stage, total, unit

    def advance(self, stage: str, amount: int) -> None:
        del stage, amount


async def _follow_chain(work: Session, chain: Chain, held: Followed, order: Order, ended: Ends) -> None:
    """Make one round after the other; a chain that has no endpoint at all is said and left to the others."""
    if not endpoints_of(chain, work.settings):
        error = no_endpoint(chain)
        work.progress.note(str(error))
        ended.stuck(chain.name, error)
        return
    async with asking(work, chain) as evm, Wake(evm.chain.endpoints) as wake:
        while True:
            try:
                await one_round(work, evm, held, order)
                work = work._replace(progress=Calm(work.progress)) if held.rounds == 1 else work
                held.failures = 0
                ended.goes_on(chain.name)
                rest = pace(chain)
            except Halted as error:
                rest = _failed(work, held, error)
                ended.stuck(chain.name, error)
            except NoEndpoint as error:
                rest = _failed(work, held, error)
                if not held.served:
                    ended.stuck(chain.name, error)
            await wake.wait(rest)


def _failed(work: Session, held: Followed, error: Halted | NoEndpoint) -> float:
    """Say it the first time, the second, the fourth …, and return the seconds until the next look."""
    held.failures += 1
    if held.failures & (held.failures - 1) == 0:
        work.progress.note(str(error))
    jitter = 0.75 + random.random() / 2  # noqa: S311 - no secret
    return min(LONGEST_REST, QUICKEST * 2.0**held.failures) * jitter


def pace(chain: Chain) -> float:
    """Return the seconds between two looks at *chain*: about a block, within bounds."""
    return min(SLOWEST, max(QUICKEST, (chain.block_ms or 0) / 1000))


async def one_round(work: Session, evm: Evm, held: Followed, order: Order) -> None:
    """Bring one chain to its head: fetch, derive what has news, certify what is due."""
    settled = await look(work, evm, following=True)
    view = settled.view
    held.served = True
    if not held.places:
        held.places = await places_of(work, evm, held.wanted, view.head)
    first = order.first if isinstance(order.first, int) else None
    rest = without_resting(work, evm.chain_id)
    got = await fetch(work, evm, held.places, (first, view.head.number), view, order, rest)
    for sentence in got.open_spans:
        work.progress.note(sentence)
    if got.stopped is None and held.rounds % COMPACT_ROUNDS == 0:
        compact(work.book, work.lake, evm.chain_id, view.final.number)
        tidy(work.book, work.lake, now())
    held.rounds += 1
    held.touched |= got.touched
    held.all_due |= settled.unwound or bool(got.changed)
    if got.stopped is not None:
        raise NoEndpoint(got.stopped)
    for trouble in await prove_fetched(work, evm, held.places, order.proof, UNSETTLED):
        work.progress.note(trouble)
    derived = await _derive(work, evm, held, view, order)
    if asyncio.get_running_loop().time() - held.kept > REMEMBER:
        held.kept = asyncio.get_running_loop().time()
        remember(work.book, evm)
    if got.logs or settled.unwound or asyncio.get_running_loop().time() - held.said > HEARTBEAT:
        held.said = asyncio.get_running_loop().time()
        news = f"{got.logs:,} logs, {derived:,} tokens derived" if got.logs or derived else "nothing new"
        work.progress.note(f"{evm.chain.name}: block {view.head.number}, final {view.final.number}: {news}.")


async def _derive(work: Session, evm: Evm, held: Followed, view: View, order: Order) -> int:
    """Derive the places with news and those whose tables lie too far behind, certify what is due; return how many."""
    rows = {row["token"]: row for row in work.book.rows(DERIVATIONS, chain_id=evm.chain_id)}
    due = [p for p in held.places if held.all_due or _due(p, rows.get(p.key[0]), view, held.touched)]
    raw = load_raw(work, evm.chain_id) if due else None
    suspects: list[tuple[Place, dict[str, Any]]] = []
    for place in due:
        assert raw is not None  # noqa: S101 - there is one to derive
        row = await derive_place(work, place, raw, evm, final=view.final, reads=order.reads)
        if row is not None and order.verify and _uncertified(work, place):
            certificate = await verify_place(work, place, evm, again=False)
            if suspicious(work, place, certificate):
                suspects.append((place, certificate))
        await asyncio.sleep(0)  # a signal may have come
    held.touched, held.all_due = set(), False
    await mend_all(work, evm, held.places, suspects, final=view.final, reads=order.reads)
    if due:
        measure_whole(work)
    return len(due)


def _due(place: Place, row: Mapping[str, Any] | None, view: View, touched: Collection[str]) -> bool:
    """Tell whether a place has new logs, a day that has become final, or tables that lie too far behind."""
    if (
        row is None
        or row["config_digest"] == REPAIRED
        or any(contract.address in touched for contract in place.contracts)
    ):
        return True
    published = final_day(row)
    final = last_whole_day(moment(view.final.time - 1))
    behind: timedelta = moment(view.head.time) - row["frontier_time"]
    return behind > STILL or (published is not None and published < final)


def _uncertified(work: Session, place: Place) -> bool:
    """Tell whether the place's last certificate is older than a day, or red and never mended as far as can be."""
    rows = work.book.rows(CERTIFICATES, token=place.key[0], chain_id=place.key[1])
    newest = max(rows, key=lambda row: row["fetched_at"], default=None)
    return (
        newest is None
        or now() - newest["fetched_at"] > CERTIFIED_FOR
        or (newest["verdict"] == "fail" and UNMENDED not in (newest["reason"] or ""))
    )


def _left(work: Session, chain: Chain) -> None:
    """Book that the chain is followed no more, in good order."""
    rows = work.book.rows(HEADS, chain_id=chain.id)
    with work.book.commit() as commit:
        for row in rows:
            commit.update(HEADS, row, following=False)
