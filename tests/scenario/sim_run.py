"""One seed: a chain, its endpoints, and a program that is run, killed and run again until it should be done."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from line_kit import Quiet
from own_chain import Named, write_config
from sim_chain import STARTS, TOKENS, Shape, World
from sim_crash import Disk, Mortal, mortal
from sim_faults import Faults, drawn
from sim_loop import Clock, simulated
from sim_node import NUMBER, Node, Wire

from indexer.config import model
from indexer.config.load import load
from indexer.config.model import Registry
from indexer.config.settings import Settings, resolve
from indexer.floor.errors import RwaError
from indexer.sources.transport import Manners, rate_of
from indexer.store import book
from indexer.sync import backfill, deriving, writer
from indexer.sync.orders import Order, Outcome

CHAIN = "simulated"
NAMES = ("one", "two")
SHM = Path("/dev/shm")
LAST_TRIES = 4
"""How often a user runs it again before he believes that it cannot be had; twice where nobody serves all."""


class Round(NamedTuple):
    """One run of the program: up to where, when it is killed (0: never), and whether the power goes too."""

    last: str
    wait: float
    at_await: int
    at_store: int
    power: bool
    flush: float


class Plan(NamedTuple):
    """All that a seed draws."""

    seed: int
    shape: Shape
    faults: list[Faults]
    rounds: list[Round]

    def __str__(self) -> str:
        told = [f"  endpoint {n}: {_short(faults)}" for n, faults in enumerate(self.faults, 1)]
        return "\n".join([f"seed {self.seed}: {self.shape}", *told, *(f"  {r}" for r in self.rounds)])


@dataclass
class Ran:
    """What a seed came to: the home is still there."""

    plan: Plan
    world: World
    settings: Settings
    registry: Registry
    outcome: Outcome | None = None
    errors: list[str] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    cuts: int = 0
    notes: list[str] = field(default_factory=list)


def plan_of(seed: int) -> Plan:
    """Return what *seed* draws."""
    draw = random.Random(f"plan {seed}")
    finality = draw.choice([4, 16, 64])
    shape = Shape(
        blocks=finality + draw.choice([20, 60, 120]),
        growth=draw.choice([0, 20, 60]),
        pace=draw.choice([0.3, 1.0, 5.0]),
        spacing=draw.choice([12, 3_600]),
        finality=finality,
        forks=draw.choice([0.0, 0.05, 0.2]),
        deepest=finality,
        busy=draw.choice([0.1, 0.4]),
    )
    return Plan(seed, shape, drawn(draw), [_round(draw) for _ in range(draw.choice([0, 1, 1, 2, 3]))])


def run_seed(plan: Plan, folder: Path) -> Ran:
    """Run all that *plan* says in *folder*."""
    draw = random.Random(f"run {plan.seed}")
    random.seed(plan.seed)  # the pool's jitter
    world = World(random.Random(f"world {plan.seed}"), plan.shape, str(plan.seed))
    strays = any(faults.strays for faults in plan.faults)
    other = World(random.Random(f"other {plan.seed}"), plan.shape, f"{plan.seed} other") if strays else None
    names = [f"{CHAIN}-rpc-{n}" for n, _ in enumerate(plan.faults, 1)]
    nodes = {
        name: Node(name, world, other, faults, str(plan.seed))
        for name, faults in zip(names, plan.faults, strict=True)
    }
    home = folder / "home"
    home.mkdir()
    shutil.copy(template(), home / "rwa.db")
    settings = resolve(
        home=home, config=config(), rpc=[f"{CHAIN}=" + ",".join(f"https://{n}.invalid" for n in names)]
    )
    ran = Ran(plan, world, settings, registry())
    clock = Clock()

    def connect(named: model.Endpoint, manners: Manners) -> Wire:
        return Wire(nodes[named.name], clock, manners, rate_of(named, manners))

    disk = Disk(home / "lake")
    last = Round("finalized", 0.0, 0, 0, power=False, flush=0.0)
    tries = LAST_TRIES if any(faults.serves for faults in plan.faults) else 2
    for number, one in enumerate([*plan.rounds, *[last] * tries]):
        clock.now += one.wait
        if number >= len(plan.rounds):
            clock.now = max(clock.now + 700, world.settled + 1)
        steps = Mortal(one.at_await, one.at_store)
        progress = Quiet()
        writer.FLUSH_SECONDS = one.flush
        ran.outcome = None
        with mortal(steps, disk, ran.kills), simulated(clock, steps.on_await):
            try:
                order = Order(tuple(ran.registry.tokens.values()), last=one.last)
                ran.outcome = backfill.backfill(settings, ran.registry, order, progress, connect=connect)
            except RwaError as error:
                ran.errors.append(f"{type(error).__name__}: {error}")
        ran.notes += progress.notes
        if steps.died and one.power:
            ran.cuts += bool(disk.cut(draw))
        if number >= len(plan.rounds) and ran.outcome and not (ran.outcome.open_spans or ran.outcome.halted):
            break
    for node in nodes.values():
        ran.told += node.told
    return ran


def _round(draw: random.Random) -> Round:
    killed = draw.random()
    return Round(
        last=draw.choice(["finalized", "latest"]),
        wait=draw.choice([0.0, 5.0, 30.0]),
        at_await=int(2 ** draw.uniform(0, 9)) if killed < 0.4 else 0,
        at_store=draw.randint(1, 60) if killed >= 0.4 and killed < 0.85 else 0,
        power=draw.random() < 0.5,
        flush=draw.choice([0.0, 1e9]),
    )


@contextmanager
def without_metrics() -> Iterator[None]:
    """Leave out within the block what costs ten times as much as all the rest: metrics, and schema changes.

    Metrics are computed of tables that are compared here; the database is a copy of one of the newest schema.
    """
    held = deriving.measure, backfill.measure_whole, backfill.copy_dimensions, book._migrate
    template()
    deriving.measure = lambda *_: {}  # type: ignore[assignment]
    backfill.measure_whole = backfill.copy_dimensions = book._migrate = lambda _: None
    try:
        yield
    finally:
        deriving.measure, backfill.measure_whole, backfill.copy_dimensions, book._migrate = held


@cache
def _folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory(dir=SHM if SHM.is_dir() else None)


@cache
def config() -> Path:
    folder = Path(_folder().name) / "config"
    return write_config(
        folder,
        CHAIN,
        NUMBER,
        [Named(n, a, d, start=s) for n, a, d, s in zip(NAMES, TOKENS, (18, 6), STARTS, strict=True)],
    )


@cache
def registry() -> Registry:
    return load(config(), None)


@cache
def template() -> Path:
    """Return an empty database of the newest schema: making one costs more than all the rest."""
    path = Path(_folder().name) / "template.db"
    book.Book(f"sqlite:///{path}").close()
    return path


def _short(faults: Faults) -> str:
    return ", ".join(f"{kind}={getattr(faults, kind)}" for kind in faults.kinds) or "none"
