"""What a seed draws: the chain, its endpoints, and when the program is run and killed."""

from __future__ import annotations

import random
from typing import NamedTuple

from sim_chain import Shape
from sim_faults import Faults, drawn

from indexer.sync.proving import LEVELS

WORLDS = 60
"""Chains in a thousand seeds."""
DAY = 90_000.0
"""Seconds, a little more than a day: what is certified once a day is due again."""


class Round(NamedTuple):
    """One run of the program after a pause of *wait* seconds: *command* is finalized, latest or follow.

    A follower is stopped after *seconds*. It dies at its *at_await*-th step or its *at_store*-th step of the
    store (0: never), and with *power* what was not synced is lost too. *flush* is FLUSH_SECONDS.
    """

    command: str
    wait: float = 0.0
    seconds: float = 0.0
    at_await: int = 0
    at_store: int = 0
    power: bool = False
    flush: float = 0.0


class Plan(NamedTuple):
    """All that a seed draws. After *rounds* comes *last*, again and again until there is nothing more to be had.

    *proof* is the level that is asked for while fetching; with *canaries* some blocks are known to have logs.
    """

    seed: int
    shape: Shape
    faults: list[Faults]
    rounds: list[Round]
    last: Round
    proof: str = LEVELS[0]
    canaries: bool = False

    @property
    def honest(self) -> bool:
        """Return whether some endpoint serves all there is."""
        return any(faults.serves for faults in self.faults)

    @property
    def lies(self) -> bool:
        return any(faults.lies for faults in self.faults)

    def __str__(self) -> str:
        told = [f"  endpoint {n}: {_short(faults)}" for n, faults in enumerate(self.faults, 1)]
        proved = f"  proof {self.proof}{', canaries' if self.canaries else ''}"
        return "\n".join([f"seed {self.seed}: {self.shape}", proved, *told, *(f"  {r}" for r in self.rounds)])


def world_of(seed: int) -> int:
    """Return the number of the chain that *seed* runs on: one serves many, since making it costs most."""
    return seed % WORLDS + seed // 1_000 * WORLDS


def backfills(seed: int) -> Plan:
    """Return the plan of *seed* for runs of `rwa backfill`."""
    draw = random.Random(f"world {world_of(seed)}")
    finality = draw.choice([4, 16, 64])
    shape = Shape(
        blocks=finality + draw.choice([20, 60, 120]),
        growth=draw.choice([0, 20, 60]),
        pace=draw.choice([0.3, 1.0, 5.0]),
        spacing=draw.choice([12, 3_600]),
        finality=finality,
        forks=draw.choice([0.0, 0.05, 0.2]),
        deepest=finality,
        busy=draw.choice([0.1, 0.3]),
    )
    draw = random.Random(f"plan {seed}")
    rounds = [_round(draw, draw.choice(["finalized", "latest"])) for _ in range(draw.choice([0, 1, 1, 2, 3]))]
    return Plan(seed, shape, drawn(draw), rounds, Round("finalized", wait=700.0), *_proof(seed))


def follows(seed: int) -> Plan:
    """Return the plan of *seed* for a follower, at the head of a chain that grows and forks under it."""
    draw = random.Random(f"follow world {world_of(seed)}")
    finality = draw.choice([4, 8, 8, 24, 64])
    shape = Shape(
        blocks=finality + draw.choice([10, 30]),
        growth=draw.choice([10, 16]),
        pace=draw.choice([3.0, 6.0]),
        spacing=12,
        finality=finality,
        forks=draw.choice([0.0, 0.25, 0.5]),
        deepest=draw.choice([1, 5, 64]),
        busy=draw.choice([0.15, 0.4]),
        rest=DAY,
        tail=finality + 3 if finality < 10 else 3,
        below=draw.random() < 0.08,
    )
    draw = random.Random(f"follow {seed}")
    rounds = [_round(draw, "follow") for _ in range(draw.choice([1, 2, 2, 3]))]
    return Plan(seed, shape, drawn(draw), rounds, Round("follow", wait=DAY, seconds=90.0), *_proof(seed))


def _proof(seed: int) -> tuple[str, bool]:
    """Return the proof level of *seed*, mostly the one that costs nothing, and whether there are canaries."""
    draw = random.Random(f"proof {seed}")
    return draw.choices(LEVELS, [7, 1, 1, 1])[0], draw.random() < 0.3


def _round(draw: random.Random, command: str) -> Round:
    killed = draw.random()
    return Round(
        command,
        wait=draw.choice([0.0, 5.0, 30.0]) if command != "follow" else draw.choice([0.0, 0.0, 10.0]),
        seconds=draw.choice([20.0, 40.0, 70.0]),
        at_await=int(2 ** draw.uniform(0, 9 if command != "follow" else 11)) if killed < 0.4 else 0,
        at_store=draw.randint(1, 60) if 0.4 <= killed < 0.85 else 0,
        power=draw.random() < 0.5,
        flush=draw.choice([0.0, 1e9]),
    )


def _short(faults: Faults) -> str:
    return ", ".join(f"{kind}={getattr(faults, kind)}" for kind in faults.kinds) or "none"
