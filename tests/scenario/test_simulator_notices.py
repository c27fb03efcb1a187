"""The simulator would notice: it is run on a program that was broken on purpose, one line at a time."""

from __future__ import annotations

from itertools import count, islice

import pytest
import sim_plan
from sim_batch import ran
from sim_mutants import MUTANTS, Mutant
from sim_run import cheaply

RUNS = 60
"""After so many runs a mutant counts as not noticed."""
pytestmark = pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")  # the killed await nothing


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_a_broken_program_is_noticed(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some seed ends in what may not be, soon."""
    mutant.put(monkeypatch)
    planned = getattr(sim_plan, mutant.plan)
    plans = islice(filter(mutant.wants, map(planned, count())), RUNS)
    with cheaply():
        for number, plan in enumerate(plans, 1):
            judged = ran(plan)[1]
            if judged.bad:
                print(
                    f"{mutant.what}: noticed in run {number}, seed {plan.seed}: {judged.word}: {judged.text}"
                )
                return
    pytest.fail(f"{mutant.what}: {RUNS} runs noticed nothing")
