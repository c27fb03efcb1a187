"""One seed: a chain, its endpoints, and a program that is run, killed and run again until it should be done."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, Self

import duckdb
import pyarrow as pa
import pytest
from line_kit import Quiet
from own_chain import Named, write_config
from pyarrow.parquet import ParquetFile
from sim_chain import STARTS, TOKENS, Shape, World
from sim_crash import Disk, Mortal, mortal
from sim_loop import Clock, simulated
from sim_node import NUMBER, Node, Wire
from sim_plan import Plan, Round, world_of
from sqlalchemy import Engine, QueuePool

from indexer.config import model
from indexer.config.load import load
from indexer.config.model import Registry
from indexer.config.settings import Settings, resolve
from indexer.floor.errors import Halted, RwaError
from indexer.sources.transport import Connect, Manners, rate_of
from indexer.store import book, lake
from indexer.sync import backfill, deriving, follow, session, writer
from indexer.sync.orders import Order, Outcome

CHAIN = "simulated"
NAMES = ("one", "two")
SHM = Path("/dev/shm")
LAST_TRIES = 4
"""How often a user runs it again before he believes that it cannot be had; twice where nobody serves all."""
ALONE = "not every block reached the proof 'agreed'"
"""Where nobody else is there to agree that is said; it is no hole."""
KNOWN = 4
"""Canaries of a chain."""
EPOCH = datetime.now(UTC)
"""The wall clock at simulated second 0: files and rows that bear the real one are not of the future."""


@dataclass
class Ran:
    """What a seed came to: the home is still there. *halted* is what the last run said of a fork below finality, *red*
    whether a certificate fails."""

    plan: Plan
    world: World
    settings: Settings
    registry: Registry
    ended: bool = False
    red: bool = False
    troubles: tuple[str, ...] = ()
    halted: str | None = None
    errors: list[str] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    cuts: int = 0
    notes: list[str] = field(default_factory=list)


def run_seed(plan: Plan, folder: Path) -> Ran:
    """Run all that *plan* says in *folder*."""
    draw = random.Random(f"run {plan.seed}")
    random.seed(plan.seed)  # the pool's jitter
    world = world_like(plan.shape, str(world_of(plan.seed)))
    nodes = _nodes(plan, world)
    home = folder / "home"
    home.mkdir()
    shutil.copy(template(), home / "rwa.db")
    urls = ",".join(f"https://{name}.invalid" for name in nodes)
    settings = resolve(home=home, config=config(), rpc=[f"{CHAIN}={urls}"])
    ran = Ran(plan, world, settings, registry_of(plan, world))
    clock, disk = Clock(), Disk(home / "lake")

    def connect(named: model.Endpoint, manners: Manners) -> Wire:
        return Wire(nodes[named.name], clock, manners, rate_of(named, manners))

    for one in plan.rounds:
        clock.now += one.wait
        steps = _run(ran, one, clock, disk, connect)
        if steps.died and one.power:
            ran.cuts += bool(disk.cut(draw))
    for tried in range(LAST_TRIES if plan.honest else 2):
        clock.now = max(clock.now + plan.last.wait, world.settled + 1)
        patience = 1 + tried * (6 if ran.red else 1)
        _run(ran, plan.last._replace(seconds=plan.last.seconds * patience), clock, disk, connect)
        if _whole(ran):
            break
    for node in nodes.values():
        ran.told += node.told
    return ran


@lru_cache(maxsize=8)
def world_like(shape: Shape, salt: str) -> World:
    """Return the chain of *shape* that *salt* draws."""
    return World(random.Random(f"world {salt}"), shape, salt)


def _nodes(plan: Plan, world: World) -> dict[str, Node]:
    strays = any(faults.strays or faults.other_chain for faults in plan.faults)
    other = world_like(plan.shape, f"{world_of(plan.seed)} other") if strays else None
    names = [f"{CHAIN}-rpc-{n}" for n, _ in enumerate(plan.faults, 1)]
    return {
        name: Node(name, world, other, faults, str(plan.seed))
        for name, faults in zip(names, plan.faults, strict=True)
    }


@contextmanager
def told(clock: Clock, flush: float) -> Iterator[None]:
    """Give the program the simulation's wall clock and pace of flushes, and take them back."""
    before = writer.FLUSH_SECONDS, session.datetime
    writer.FLUSH_SECONDS = flush
    session.datetime = SimpleNamespace(now=lambda zone: EPOCH.astimezone(zone) + timedelta(seconds=clock.now))
    try:
        yield
    finally:
        writer.FLUSH_SECONDS, session.datetime = before


def _run(ran: Ran, one: Round, clock: Clock, disk: Disk, connect: Connect) -> Mortal:
    """Run the program once, and book what it said."""
    until = clock.now + one.seconds if one.command == "follow" else None
    steps = Mortal(one.at_await, one.at_store, clock, until)
    progress = Quiet()
    ran.ended, ran.troubles, ran.halted = False, (), None
    tokens = tuple(ran.registry.tokens.values())
    with told(clock, one.flush), mortal(steps, disk, ran.kills), simulated(clock, steps.on_await):
        try:
            if one.command == "follow":
                follow.follow(
                    ran.settings, ran.registry, Order(tokens, proof=ran.plan.proof), progress, connect
                )
            else:
                order = Order(tokens, last=one.command, proof=ran.plan.proof)
                _book(ran, backfill.backfill(ran.settings, ran.registry, order, progress, connect=connect))
        except Halted as error:
            ran.ended, ran.halted = True, str(error)
        except RwaError as error:
            ran.errors.append(f"{type(error).__name__}: {error}")
            ran.troubles = (str(error),)
    ran.ended = ran.ended or steps.ended
    ran.notes += progress.notes
    if one.command == "follow" and steps.ended:
        ran.troubles = tuple(
            note
            for note in progress.notes
            if ("No endpoint" in note or "stays open" in note) and ALONE not in note
        )
    return steps


def _book(ran: Ran, outcome: Outcome) -> None:
    ran.ended = True
    ran.troubles = tuple(told for told in outcome.open_spans if ALONE not in told)
    ran.halted = "\n".join(outcome.halted) or None


def _whole(ran: Ran) -> bool:
    """Return whether there is nothing more to be had by running it again."""
    if ran.troubles or ran.halted or not ran.ended:
        return False
    with closing(sqlite3.connect(ran.settings.home / "rwa.db")) as con:
        ends = con.execute("SELECT max(last) FROM segments WHERE final GROUP BY filter_id").fetchall()
        (derived,) = con.execute("SELECT count(*) FROM derivations WHERE inputs_missing = 0").fetchone()
        newest = con.execute("SELECT verdict, max(fetched_at) FROM certificates GROUP BY token").fetchall()
    ran.red = any(verdict == "fail" for verdict, _ in newest)
    if derived < len(TOKENS) or (ran.plan.honest and ran.red):
        return False  # it was ended while it proved, derived or mended
    return bool(ends) and max(end for (end,) in ends) >= ran.world.end.final


@contextmanager
def cheaply() -> Iterator[None]:
    """Leave out within the block what costs ten times as much as all the rest, and loses nothing.

    Metrics are computed of tables that are compared here, and the database is a copy of one of the newest schema;
    DuckDB is opened once.
    """
    template()
    engine = duckdb.connect(":memory:", config={"threads": 1})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duckdb, "connect", lambda *_, **__: engine.cursor())
        patch.setattr(book, "_migrate", lambda _: None)
        patch.setattr(book, "_engine", engines := _Engines())
        patch.setattr(
            lake, "pq", SimpleNamespace(write_table=lake.pq.write_table, ParquetFile=_Files(ParquetFile))
        )
        patch.setattr(deriving, "measure", lambda *_: {})
        patch.setattr(deriving, "measured", lambda *_: ({}, None))
        patch.setattr(deriving, "_since", lambda *_: None)
        for place in (backfill, follow):
            patch.setattr(place, "measure_whole", lambda _: None)
            patch.setattr(place, "copy_dimensions", lambda _: None)
        yield
        engines.close()
    engine.close()


class _Files:
    """Parquet files by their bytes: the same content is decoded once."""

    def __init__(self, made: type[ParquetFile]) -> None:
        self._made = made
        self._held: dict[bytes, _File] = {}

    def __call__(self, source: Any) -> _File:
        body = source.read()
        if body not in self._held:
            if len(self._held) >= 100:
                self._held.clear()
            self._held[body] = _File(self._made(pa.BufferReader(body)))
        return self._held[body]


class _File:
    """A Parquet file whose columns are decoded once."""

    def __init__(self, file: ParquetFile) -> None:
        self.metadata, self.schema_arrow = file.metadata, file.schema_arrow
        self._read = cache(lambda names: file.read(columns=names, use_threads=False))

    def read(self, columns: list[str], *, use_threads: bool) -> pa.Table:
        return self._read(tuple(columns))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Others read it."""

    close = __exit__


class _Engines:
    """One engine of SQLAlchemy for all homes, one home after the other: a new one compiles each statement anew."""

    def __init__(self) -> None:
        self._path = ""
        self._engine = book.create_engine("sqlite://", creator=self._open, poolclass=QueuePool)
        book.prepare(self._engine)

    def __call__(self, url: str) -> Engine:
        self._path = str(book.sqlite_path(url))
        self._engine.dispose()
        return self._engine

    def close(self) -> None:
        self._engine.dispose()

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, check_same_thread=False)


@cache
def _folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory(dir=SHM if SHM.is_dir() else None)


@cache
def config() -> Path:
    tokens = [Named(n, a, d, start=s) for n, a, d, s in zip(NAMES, TOKENS, (18, 6), STARTS, strict=True)]
    folder = write_config(Path(_folder().name) / "config", CHAIN, NUMBER, tokens)
    with (folder / "chains.toml").open("a") as chains:
        chains.write("block_ms = 6000\n")
    return folder


@cache
def registry() -> Registry:
    return load(config(), None)


def registry_of(plan: Plan, world: World) -> Registry:
    """Return the configuration with the canaries that *plan* has: true logs of blocks that will stay."""
    if not plan.canaries:
        return registry()
    blocks = [
        b for b in world.end.blocks[: world.at(0.0).final] if any(log.address in TOKENS for log in b.logs)
    ]
    drawn = random.Random(f"canaries {plan.seed}").sample(blocks, min(KNOWN, len(blocks)))
    known = []
    for block in sorted(drawn):
        address = next(log.address for log in block.logs if log.address in TOKENS)
        count = sum(log.address == address for log in block.logs)
        known.append(model.Canary(block.number, address, None, count))
    chain = replace(registry().chains[CHAIN], canaries=tuple(known))
    return replace(registry(), chains={**registry().chains, CHAIN: chain})


@cache
def template() -> Path:
    """Return an empty database of the newest schema: making one costs more than all the rest."""
    path = Path(_folder().name) / "template.db"
    book.Book(f"sqlite:///{path}").close()
    return path
