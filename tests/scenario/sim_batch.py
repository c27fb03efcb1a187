"""Many seeds, one after the other: what they came to, told in a line, and a failing one with its plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from sim_clean import EVERY, differs
from sim_judge import Judged, judge
from sim_plan import Plan
from sim_run import SHM, Ran, cheaply, run_seed


@dataclass
class Tally:
    """What some seeds came to, and what was done to them."""

    seeds: int = 0
    words: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    power_cuts: int = 0
    wrongs: Counter[str] = field(default_factory=Counter)
    forks: Counter[int] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = (
            f"{self.seeds} seeds: {dict(self.words)}",
            f"silent losses: {self.words['silent']}",
            f"kills: {dict(self.kills)}, power cuts that lost a file: {self.power_cuts}",
            f"wrongs done: {dict(self.wrongs.most_common())}",
            f"forks: {sum(self.forks.values())}, the deepest {max(self.forks, default=0)}",
        )
        return "\n".join([*told, *self.bad])


def ran(plan: Plan) -> tuple[Ran, Judged]:
    """Run one plan in a folder of its own; return what happened and what came of it."""
    with TemporaryDirectory(dir=SHM if SHM.is_dir() else None) as folder:
        done = run_seed(plan, Path(folder))
        judged = judge(done)
        if judged.word == "right" and plan.seed % EVERY == 0 and (told := differs(done)) is not None:
            judged = Judged("another", told)
        return done, judged


def run_seeds(seeds: Iterable[int], planned: Callable[[int], Plan]) -> Tally:
    """Run every seed and return what they came to."""
    tally = Tally()
    with cheaply():
        for seed in seeds:
            plan = planned(seed)
            done, judged = ran(plan)
            tally.seeds += 1
            tally.words[judged.word] += 1
            tally.kills += done.kills
            tally.power_cuts += done.cuts
            tally.wrongs += done.told
            tally.forks += Counter(done.world.forks)
            if judged.bad:
                tally.bad.append(f"{judged.word}: {judged.text}\n{plan}\n  {done.errors}")
    return tally
