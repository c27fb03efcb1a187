"""What each endpoint of a simulated run does wrong, drawn from the seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, fields

LIES = ("drops", "cuts", "prunes_silently", "splits", "strays", "orphaned")
"""Faults that give a wrong answer and no sign of it. An endpoint with one of them is not honest."""


@dataclass(frozen=True)
class Faults:
    """The faults of one endpoint; 0, None and False are off. Shares are 0..1 of requests."""

    fails: float = 0.0
    """Share that ends in an HTTP error, an internal error, rubbish, half an answer, null or a closed line."""
    hangs: float = 0.0
    """Share that is never answered."""
    rate: int | None = None
    """Most requests within a second; 429 beyond."""
    lags: int = 0
    """Blocks it is behind."""
    sways: int = 0
    """Its head jumps back and forth by up to so many blocks: several nodes behind one address."""
    range_cap: int | None = None
    result_cap: int | None = None
    doubles: float = 0.0
    """Share of log answers that hold a log twice."""
    shuffles: bool = False
    no_batch: bool = False
    no_hash_pin: bool = False
    no_times: bool = False
    past_head: bool = False
    """Logs beyond the head are answered as far as they are there, in place of an error."""
    prunes_state: int | None = None
    prunes_loudly: int | None = None
    """Blocks behind the head, beyond which logs are refused."""
    other_chain: bool = False
    """It serves another chain from the start, and says so."""
    down: bool = False
    """It cannot be reached."""

    drops: float = 0.0
    """Share of logs that it does not have."""
    cuts: int | None = None
    """An answer ends after so many logs, and does not say so."""
    prunes_silently: int | None = None
    """Blocks behind the head, beyond which there are no logs, and no error either."""
    splits: int = 0
    """Logs come from a node so many blocks behind the one that gives the headers."""
    strays: float = 0.0
    """Share of requests that a node of another chain answers."""
    orphaned: bool = False
    """It stays on a branch that counts no more."""

    @property
    def lies(self) -> list[str]:
        return [name for name in LIES if getattr(self, name)]

    @property
    def serves(self) -> bool:
        """Return whether all that there is can be had from it, by asking often enough."""
        lacks = (
            self.hangs == 1.0 or self.lies or self.other_chain or self.down or self.prunes_loudly is not None
        )
        return not lacks and self.lags <= 4 and self.prunes_state is None

    @property
    def kinds(self) -> list[str]:
        return [field.name for field in fields(self) if getattr(self, field.name) != field.default]


def honest(draw: random.Random, *, mute: bool = False) -> Faults:
    """Return the faults of an endpoint that tells the truth, in its time; *mute* ones may never answer."""
    chosen: dict[str, object] = {}

    def maybe(share: float, name: str, value: object) -> None:
        if draw.random() < share:
            chosen[name] = value

    maybe(0.4, "fails", draw.choice([0.05, 0.1, 0.3]))
    maybe(0.15, "hangs", draw.choice([0.05, 0.05, 0.05, 1.0]) if mute else 0.05)
    maybe(0.2, "rate", draw.choice([3, 8, 9]))
    maybe(0.2, "lags", draw.randint(1, 4))
    maybe(0.2, "sways", draw.randint(1, 6))
    maybe(0.4, "range_cap", draw.choice([20, 50, 100, 1000]))
    maybe(0.2, "result_cap", draw.choice([5, 20, 60]))
    maybe(0.15, "doubles", draw.choice([0.1, 0.4]))
    maybe(0.3, "shuffles", value=True)
    maybe(0.2, "no_batch", value=True)
    maybe(0.2, "no_hash_pin", value=True)
    maybe(0.3, "no_times", value=True)
    maybe(0.3, "past_head", value=True)
    return Faults(**chosen)  # type: ignore[arg-type]


def poor(draw: random.Random) -> Faults:
    """Return the faults of an endpoint that tells the truth, and cannot serve everything."""
    base = honest(draw, mute=True)
    what = draw.choice(["prunes_loudly", "prunes_state", "other_chain", "down", "lags"])
    value = {"prunes_loudly": draw.randint(0, 80), "prunes_state": 0, "lags": draw.randint(10, 90)}.get(
        what, True
    )
    return Faults(**{**base.__dict__, what: value})


def liar(draw: random.Random) -> Faults:
    """Return the faults of an endpoint that gives wrong answers without a sign."""
    base = honest(draw)
    what = draw.choice(LIES)
    value = {
        "drops": draw.choice([0.02, 0.1, 0.5]),
        "cuts": draw.choice([3, 10, 40]),
        "prunes_silently": draw.randint(5, 80),
        "splits": draw.randint(5, 80),
        "strays": draw.choice([0.05, 0.3]),
        "orphaned": True,
    }[what]
    return Faults(**{**base.__dict__, what: value, "past_head": base.past_head or what == "splits"})


def drawn(draw: random.Random) -> list[Faults]:
    """Return the endpoints of one run: one in four runs has none that serves all, two in five have a liar."""
    count = draw.choice([1, 1, 2, 2, 3, 4])
    makers = draw.choices([honest, poor, liar], [5, 2, 3], k=count)
    some = [make(draw) for make in makers]
    if draw.random() < 0.75 and not any(faults.serves for faults in some):
        some[draw.randrange(count)] = honest(draw)
    draw.shuffle(some)
    return some
