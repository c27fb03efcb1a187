"""The program broken on purpose: each mutant is one line of it put otherwise, and must be noticed."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from sim_plan import Plan

from indexer.sources import checks, evm, witness
from indexer.sources.endpoint import Endpoint
from indexer.store import durable, journal
from indexer.sync import rounds, tips, writer
from indexer.verify import certificate


class Mutant(NamedTuple):
    """In *name* of *owner*, a module or class, *old* becomes *new*. *plan* names the plan that shall notice.

    *users* are modules that imported it by name. Only plans that *wants* holds of are run.
    """

    what: str
    owner: Any
    name: str
    old: str
    new: str
    plan: str = "backfills"
    users: tuple[Any, ...] = ()
    wants: Callable[[Plan], bool] = lambda _: True

    def put(self, patch: pytest.MonkeyPatch) -> None:
        """Put the broken one in place."""
        real: Callable[..., Any] = getattr(self.owner, self.name)
        text = textwrap.dedent(inspect.getsource(real))
        assert text.count(self.old) == 1, f"{self.name} has changed: the mutant must be written anew"
        made: dict[str, Any] = {}
        exec(text.replace(self.old, self.new), inspect.unwrap(real).__globals__, made)  # it is our own source
        for place in (self.owner, *self.users):
            patch.setattr(place, self.name, made[self.name])


def _loses_power(plan: Plan) -> bool:
    return any(one.at_store and one.power for one in plan.rounds)


def _dies(plan: Plan) -> bool:
    return any(one.at_store for one in plan.rounds)


def _lags(plan: Plan) -> bool:
    return any(faults.past_head and faults.lags > plan.shape.finality for faults in plan.faults)


def _forks(plan: Plan) -> bool:
    return plan.shape.forks >= 0.25 and plan.honest and not plan.lies


def _strands(plan: Plan) -> bool:
    return plan.shape.forks > 0 and plan.honest and any(faults.orphaned for faults in plan.faults)


def _is_capped(plan: Plan) -> bool:
    return not plan.lies and any(faults.serves and faults.range_cap for faults in plan.faults)


MUTANTS = (
    Mutant(
        "a span is believed though its end block is not there",
        evm.Evm, "logs",
        "        if end is None or end.number != span.last:\n"
        '            raise BadAnswer(f"{endpoint.name} has not block {span.last} yet.")\n'
        "        if pin is not None:\n"
        "            hold(endpoint.name, seen[-1], pin)\n",
        "        end = end or BlockRef(span.last, '0x' + '00' * 32, 1 << 33)\n",
        wants=_lags,
    ),
    Mutant(
        "the branch that an endpoint stands on is not looked at",
        checks, "hold", "    if seen is None", "    return\n    if seen is None", users=(evm, witness), wants=_strands,
    ),
    Mutant(
        "segments are committed before their files are listed",
        writer.LogWriter, "flush",
        "                _put(commit, run[0].filter, segment, file)\n",
        "                _put(commit, run[0].filter, segment, None)\n"
        "        for _, file in written:\n"
        "            with self._book.commit() as commit:\n"
        "                commit.put(FILES, [file_row(file)] if file else [])\n",
        wants=_dies,
    ),
    Mutant(
        "files are listed before they are synced",
        durable, "write_whole", "            os.fsync(out.fileno())\n", "", users=(journal,), wants=_loses_power,
    ),
    Mutant(
        "a request that was refused counts as one without logs",
        Endpoint, "_match",
        "            answers.append(self._refusal(envelope.error or {}, reply, ask.span))",
        "            refusal = self._refusal(envelope.error or {}, reply, ask.span)\n"
        "            answers.append(memoryview(b'[]') if ask.method == 'eth_getLogs' else refusal)",
        wants=_is_capped,
    ),
    Mutant(
        "what the chain took back stays in the tables",
        tips, "drop_above", "        commit.update(FILES,", "        0 and commit.update(FILES,",
        "follows", wants=_forks,
    ),
    Mutant(
        "the cursor goes on one block too far",
        writer.LogWriter, "_write", '"last": run[-1].span.last,', '"last": run[-1].span.last + 1,',
    ),
    Mutant(
        "a reorganisation of depth two and more is ignored",
        tips, "settle",
        "        drop_above(work, evm.chain_id, step.above)\n",
        "        if step.above >= anchors[-1].number - 1:\n"
        "            drop_above(work, evm.chain_id, step.above)\n",
        "follows", users=(rounds,), wants=_forks,
    ),
    Mutant(
        "a reorganisation drops one segment too few",
        tips, "drop_above", 's["last"] > above', 's["last"] > above + 1', "follows", wants=_forks,
    ),
    Mutant(
        "everything is final as soon as it is fetched",
        writer.LogWriter, "_write",
        '"final": self._final is None or run[-1].span.last <= self._final,', '"final": True,',
        "follows",
    ),
    Mutant(
        "what was provisional is not asked again once final",
        tips, "to_confirm", 'if not segment["final"] and', "if False and", "follows", users=(rounds,), wants=_forks,
    ),
    Mutant(
        "an endpoint of another chain is asked all the same",
        Endpoint, "prove_chain", "if number != self._chain.number:", "if False:",
        wants=lambda plan: any(faults.other_chain for faults in plan.faults),
    ),
    Mutant(
        "logs that came twice are kept twice",
        checks, "_in_order", "if not rising.all():", "if False:",
        wants=lambda plan: any(faults.doubles for faults in plan.faults),
    ),
    Mutant(
        "a certificate passes whatever it compares",
        certificate, "_verdict", "    if differs:", "    if False:", wants=lambda plan: plan.lies and not plan.honest,
    ),
)  # fmt: skip
