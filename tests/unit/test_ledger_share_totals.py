"""Total supply between the totals that a share-rebasing contract tells: exact, bounded, or NULL with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.ledger.accruals.share_steps import Place, Step
from indexer.ledger.accruals.share_totals import Settled, settle, stretches, unsolved

HUGE = 10**30
WORD = 2**256 - 1


class Told(NamedTuple):
    """A step as logs and inputs tell it, and the contract's total supply after it and its change by it."""

    step: Step
    supply: int
    change: int


class Contract:
    """STBT's arithmetic: S and T, every division floor. Source: STBT.sol, _issue, _redeem, _distributeInterests."""

    def __init__(self) -> None:
        self.supply = self.shares = 0
        self.told: list[Told] = []

    def issue(self, amount: int) -> None:
        shares = amount * self.shares // self.supply if self.supply else 0
        after = self.supply + amount
        if shares == 0:
            shares = after = amount
        self.shares += shares
        self._tell(Step("mint", self._place(), shares=shares, amount=amount, asked=amount), after)

    def redeem(self, amount: int) -> None:
        shares = -(-amount * self.shares // self.supply)
        self.shares -= shares
        after = self.supply - amount
        self._tell(Step("burn", self._place(), shares=shares, amount=amount, asked=amount), after)

    def distribute(self, interest: int) -> None:
        total = self.supply + interest
        self._tell(Step("sync", self._place(), amount=interest, total=total), total)

    def transfer(self, shares: int) -> None:
        self._tell(Step("move", self._place(), shares=shares), self.supply)

    def steps(self, hidden: Sequence[int] = ()) -> list[Step]:
        """Return the steps, those at the places *hidden* without what was asked."""
        steps = [told.step for told in self.told]
        return [s._replace(asked=None) if n in hidden else s for n, s in enumerate(steps)]

    def _tell(self, step: Step, supply: int) -> None:
        self.told.append(Told(step, supply, supply - self.supply))
        self.supply = supply

    def _place(self) -> Place:
        number = len(self.told)
        return Place(number, number, "0xb10c", f"0x{number:064x}", 0, 0)


def supplies(settled: Sequence[Settled]) -> list[int | None]:
    return [each.totals.supply for each in settled]


@pytest.fixture
def contract() -> Contract:
    return Contract()


def test_the_first_issue_needs_no_input(contract: Contract) -> None:
    """The first issue's shares are its amount, so the supply is known from the log alone."""
    contract.issue(HUGE)
    (first,) = settle(contract.steps(hidden=[0]))
    assert (first.totals.supply, first.totals.shares, first.change, first.why) == (HUGE, HUGE, HUGE, None)


def test_an_issue_rounds_its_shares_down(contract: Contract) -> None:
    """After interest an issue of v gives fewer shares than v, and supply still grows by v exactly."""
    contract.issue(HUGE)
    contract.distribute(HUGE // 7)
    contract.issue(10**18 + 1)
    settled = settle(contract.steps())
    assert settled[-1].totals.supply == HUGE + HUGE // 7 + 10**18 + 1
    assert settled[-1].step.shares < 10**18


def test_an_issue_too_small_for_a_share_overwrites_the_total(contract: Contract) -> None:
    """Where v·T // S is 0 the contract sets S to v: v was issued, and what was there before is dropped."""
    contract.issue(HUGE)
    contract.distribute(1)
    contract.issue(1)
    last = settle(contract.steps())[-1]
    assert (last.totals.supply, last.totals.shares) == (1, HUGE + 1)
    assert (last.change, last.dropped) == (1, HUGE + 1)


def test_an_overwritten_total_without_its_input_is_within_its_bound(contract: Contract) -> None:
    """A hidden issue of one share may have overwritten the total, and its bound says so."""
    contract.issue(HUGE)
    contract.distribute(1)
    contract.issue(1)
    last = settle(contract.steps(hidden=[2]))[-1]
    assert last.totals.supply is None
    assert last.totals.low <= 1
    assert last.totals.high is not None


def test_one_unknown_between_two_totals_is_solved(contract: Contract) -> None:
    """The one amount that no input tells is what the next total leaves over."""
    contract.issue(HUGE)
    contract.distribute(3 * HUGE)
    contract.issue(123_456_789)
    contract.transfer(10**20)
    contract.redeem(10**20 + 3)
    contract.distribute(5)
    settled = settle(contract.steps(hidden=[4]))
    assert supplies(settled) == [told.supply for told in contract.told]
    assert settled[4].change == -(10**20 + 3)
    assert settled[4].why is None


def test_two_unknowns_are_bounded_until_the_next_total(contract: Contract) -> None:
    """Of two unknown amounts neither is solved: NULL with a bound that holds, and known at the next total."""
    contract.issue(HUGE)
    contract.distribute(3 * HUGE)
    contract.issue(123_456_789)
    contract.redeem(10**20 + 3)
    contract.distribute(5)
    settled = settle(contract.steps(hidden=[2, 3]))
    for each, told in zip(settled[2:4], contract.told[2:4], strict=True):
        assert each.totals.supply is None
        assert each.totals.low <= told.supply <= (each.totals.high or 0)
        assert each.why is not None
        assert "its input is not at hand" in each.why
        assert f"between {each.totals.low} and {each.totals.high} base units" in each.why
    assert settled[4].totals.supply == contract.supply


def test_a_known_amount_after_an_unknown_one_keeps_its_change(contract: Contract) -> None:
    """What was asked stays known where the total is not."""
    contract.issue(HUGE)
    contract.distribute(3 * HUGE)
    contract.issue(123_456_789)
    contract.issue(10**20)
    last = settle(contract.steps(hidden=[2]))[-1]
    assert (last.totals.supply, last.change) == (None, 10**20)


def test_an_input_that_contradicts_its_log_gives_no_total(contract: Contract) -> None:
    """An amount asked that does not give the logged shares is told, with both, and the total is NULL."""
    contract.issue(HUGE)
    contract.distribute(HUGE // 7)
    contract.issue(10**20)
    steps = contract.steps()
    steps[2] = steps[2]._replace(asked=10**20 + 10)
    last = settle(steps)[-1]
    assert (last.totals.supply, last.totals.high) == (None, None)
    assert last.why is not None
    assert str(10**20 + 10) in last.why
    assert str(steps[2].shares) in last.why


def test_a_total_that_contradicts_the_steps_doubts_all_of_them(contract: Contract) -> None:
    """Where the next total is not what the steps lead to, none of the stretch has a figure."""
    contract.issue(HUGE)
    contract.issue(10**20)
    contract.distribute(5)
    steps = contract.steps()
    steps[2] = steps[2]._replace(total=steps[2].total + 1)
    first, second, sync = settle(steps)
    for each in (first, second):
        assert (each.totals.supply, each.change) == (None, None)
        assert each.why is not None
        assert "the contract's next total says" in each.why
    assert sync.totals.supply == steps[2].total


def test_the_last_burn_leaves_nothing(contract: Contract) -> None:
    """Redeeming all leaves no shares and no supply, and the next issue is a first one again."""
    contract.issue(HUGE)
    contract.distribute(HUGE // 7)
    contract.redeem(HUGE + HUGE // 7)
    contract.issue(42)
    settled = settle(contract.steps(hidden=[3]))
    assert [(s.totals.shares, s.totals.supply) for s in settled[2:]] == [(0, 0), (42, 42)]


def test_the_word_s_largest_value_is_exact(contract: Contract) -> None:
    """Amounts of 2^256 − 1 keep every digit."""
    contract.issue(WORD)
    contract.distribute(-(10**30) - 1)
    contract.redeem(WORD // 3)
    last = settle(contract.steps())[-1]
    assert last.totals.supply == WORD - 10**30 - 1 - WORD // 3


def test_stretches_end_with_totals(contract: Contract) -> None:
    """Steps are taken between totals; the last stretch has none to end it."""
    contract.issue(100)
    contract.distribute(1)
    contract.transfer(3)
    found = [([step.kind for step in steps], sync is not None) for steps, sync in stretches(contract.steps())]
    assert found == [(["mint"], True), (["move"], False)]


def test_unsolved_are_those_that_no_later_total_gives(contract: Contract) -> None:
    """One unknown before a total is solved, two are not, and after the last total not even one is."""
    contract.issue(HUGE)
    contract.issue(1_000)
    contract.distribute(1)
    contract.issue(2_000)
    contract.issue(3_000)
    contract.distribute(1)
    contract.issue(4_000)
    found = unsolved(contract.steps(hidden=[0, 1, 3, 4, 6]))
    assert [step.place.block for step in found] == [3, 4, 6]


AMOUNTS = st.one_of(st.integers(1, 9), st.integers(1, 10**6), st.integers(10**18, HUGE))
ACTS = st.lists(
    st.tuples(st.sampled_from(("issue", "redeem", "all", "distribute", "transfer")), AMOUNTS),
    min_size=1,
    max_size=14,
)


def acted(acts: Sequence[tuple[str, int]]) -> Contract:
    """Return a contract after those of *acts* that it would not refuse."""
    contract = Contract()
    for act, amount in acts:
        if act == "issue":
            contract.issue(amount)
        elif act in {"redeem", "all"} and contract.supply and contract.shares:
            contract.redeem(contract.supply if act == "all" else min(amount, contract.supply))
        elif act == "distribute" and contract.shares:
            least = 1 - contract.supply
            contract.distribute(max(amount % 1_000 - 400, least))
        elif act == "transfer":
            contract.transfer(amount)
    return contract


def changed(each: Settled) -> int | None:
    """Return what the step changed the supply by."""
    return None if each.change is None else each.change - each.dropped


@settings(max_examples=400, deadline=None)
@given(ACTS)
def test_with_all_inputs_every_total_is_exact(acts: list[tuple[str, int]]) -> None:
    """Whatever is issued, redeemed and distributed, each total and change is the contract's."""
    contract = acted(acts)
    for each, told in zip(settle(contract.steps()), contract.told, strict=True):
        assert each.totals.supply == told.supply
        if each.step.kind != "move":
            assert (changed(each), each.why) == (told.change, None)


@settings(max_examples=1_500, deadline=None)
@given(ACTS, st.sets(st.integers(0, 13)))
def test_with_inputs_hidden_no_total_is_wrong(acts: list[tuple[str, int]], hidden: set[int]) -> None:
    """Whichever inputs are missing, a total is right or NULL with a reason, and its bound holds the truth."""
    contract = acted(acts)
    for each, told in zip(settle(contract.steps(sorted(hidden))), contract.told, strict=True):
        assert each.totals.supply in {None, told.supply}
        assert each.totals.low <= told.supply
        assert each.totals.high is None or told.supply <= each.totals.high
        if each.step.kind != "move":
            assert changed(each) in {None, told.change}
            known = each.totals.supply is not None and each.change is not None
            assert known == (each.why is None)
