"""Certificates: events beside the contract's own state, and what each verdict means."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from ledger_kit import ALICE, BOB, CAROL, MINT, MOVE, moment, scene, seconds, transfer

from indexer.floor.spans import BlockRef
from indexer.floor.tables import CERTIFICATES
from indexer.ledger.derive import Derived, derive
from indexer.ledger.supply import OVERBURNED, Rate
from indexer.ledger.values import ZERO
from indexer.store.read import arrow_rows
from indexer.verify.certificate import Basis, Figure, Sample, State, certificate, figure_at, sample_of

HUGE = 10**30
LARGEST = 10**38 - 1
BASIS = Basis("token", "eip155:1", 18, "spans", "config", "1")
HELD = {ALICE: HUGE - 7, BOB: 7}
FIGURE = Figure(HUGE, HUGE, None, HELD)


def at(number: int) -> BlockRef:
    return BlockRef(number, f"0x{number:064x}", seconds(number))


def derived(*rows: dict[str, object]) -> Mapping[str, object]:
    made = derive(scene(*rows, calls=Anything()))
    assert isinstance(made, Derived)
    return made.tables()


class Anything(dict[str, None]):
    """Calls of which none is at hand and none need be asked for."""

    def __contains__(self, key: object) -> bool:
        return True

    def get(self, key: str, default: None = None) -> None:
        return None


def state(**told: object) -> State:
    """Return a plain contract's state that agrees with FIGURE, but for what is told."""
    agreed = State(HUGE, None, dict(HELD), {}, has_shares=False, endpoint="node-1", why=None)
    return agreed._replace(**told)


def judged(said: State, figure: Figure = FIGURE, basis: Basis = BASIS) -> tuple[str, str | None]:
    row = certificate(basis, at(9), figure, sample_of(figure.holders, at(9)), said, final=True)
    return row["verdict"], row["reason"]


def test_a_figure_is_what_the_events_say_up_to_the_block() -> None:
    """Supply and holders at a block leave out what comes later, and 0x0 holds nothing."""
    tables = derived(transfer(1, 0, MINT, HUGE), transfer(2, 0, MOVE, 7), transfer(3, 0, (BOB, CAROL), 7))
    assert figure_at(tables, None, at(2)) == Figure(HUGE, HUGE, None, HELD)
    assert figure_at(tables, None, at(3)).holders == {ALICE: HUGE - 7, BOB: 0, CAROL: 7}


def test_before_the_first_event_the_figure_is_nothing() -> None:
    """A token that has not minted has a supply of zero, known, and no holder."""
    assert figure_at(derived(transfer(5, 0, MINT, 1)), None, at(4)) == Figure(0, 0, None, {})


def test_holders_of_38_digits_are_summed_exactly() -> None:
    """An address that was given and gave 10^38 − 1 over and over has the exact rest, although sums overflow."""
    rows = [transfer(n, 0, (ZERO, ALICE), LARGEST) for n in range(1, 9)]
    rows += [transfer(n + 10, 0, (ALICE, BOB), LARGEST) for n in range(1, 8)]
    assert figure_at(derived(*rows), None, at(99)).holders == {ALICE: LARGEST, BOB: 7 * LARGEST}


def test_an_unknown_history_is_no_figure() -> None:
    """The reason of the derivation stands before the last change of supply."""
    found = figure_at(derived(transfer(1, 0, MINT, 5)), "history starts late", at(2))
    assert (found.units, found.supply, found.why_null) == (None, None, "history starts late")


def test_a_balance_is_rounded_as_the_contract_rounds() -> None:
    """units × numerator // denominator, in whole numbers of any size."""
    figure = Figure(3, 2**256 - 1, None, {ALICE: 2}, rate=Rate(2**256 - 1, 3))
    assert figure.balance(ALICE) == 2 * (2**256 - 1) // 3
    assert figure.balance(BOB) == 0


def test_agreement_passes() -> None:
    """Supply and every balance as the contract says: pass, and how many were looked at."""
    row = certificate(BASIS, at(9), FIGURE, sample_of(HELD, at(9)), state(), final=True)
    assert (row["verdict"], row["reason"], row["holders_checked"], row["holders_wrong"]) == (
        "pass",
        None,
        2,
        0,
    )
    assert (row["supply_raw"], row["contract_supply_raw"], row["tolerance"]) == (HUGE, HUGE, 0)
    assert (row["supply"], row["contract_supply"]) == (10**12, 10**12)


@pytest.mark.parametrize("off", [-1, 1])
def test_one_base_unit_of_supply_fails(off: int) -> None:
    """A supply that differs by one base unit in 10^30 fails, with both figures in the reason."""
    verdict, reason = judged(state(supply=HUGE + off))
    assert verdict == "fail"
    assert reason == f"events give a supply of {HUGE} base units, the contract says {HUGE + off}"


def test_one_base_unit_of_a_balance_fails() -> None:
    """A balance that differs by one fails, although the supply agrees."""
    assert judged(state(balances=HELD | {BOB: 8})) == ("fail", "1 of 2 balances differ")


def test_shares_are_compared_too() -> None:
    """A contract with shares must agree in total shares and in each holder's."""
    agreed = state(units=HUGE, shares=dict(HELD), has_shares=True)
    assert judged(agreed)[0] == "pass"
    assert (
        judged(agreed._replace(units=HUGE + 1))[1]
        == f"events give {HUGE} shares, the contract says {HUGE + 1}"
    )
    assert judged(agreed._replace(shares=HELD | {BOB: 6})) == ("fail", "1 of 2 balances differ")
    assert judged(agreed._replace(units=None, why="no old state")) == ("unknown", "no old state")


def test_what_the_events_do_not_know_is_unknown() -> None:
    """Without a figure nothing is claimed: unknown with the figure's reason, whatever the contract says."""
    assert judged(state(), Figure(None, None, "a hole", HELD)) == ("unknown", "a hole")


def test_more_burned_than_minted_is_red() -> None:
    """Whatever the contract says, that cannot be: a log is missing, or the start is too late."""
    why = f"{OVERBURNED} from block 7 log 0 on"
    assert judged(state(), Figure(None, None, why, HELD)) == ("fail", why)


def test_what_the_contract_does_not_answer_is_unknown() -> None:
    """Without the contract's state nothing is claimed: unknown with the endpoint's reason."""
    assert judged(state(supply=None, why="no old state")) == ("unknown", "no old state")


def test_balances_that_could_not_be_read_are_no_pass() -> None:
    """A supply that agrees does not make up for balances that nobody answered."""
    verdict, reason = judged(state(balances=HELD | {BOB: None}, why="no old state"))
    assert (verdict, reason) == (
        "unknown", "supply agrees; 1 of 2 balances could not be read: no old state",
    )  # fmt: skip


def test_a_supply_that_was_read_does_not_prove_itself() -> None:
    """Where the figure rests on a read of the same contract the verdict is read, not pass."""
    assert judged(state(), FIGURE._replace(reads_used=1))[0] == "read"


def test_a_difference_outweighs_what_is_missing() -> None:
    """A wrong supply fails even where balances could not be read."""
    assert judged(state(supply=1, balances={ALICE: None, BOB: None}))[0] == "fail"


def test_a_contract_that_answers_the_largest_word_fails_and_is_kept() -> None:
    """2^256 − 1 fits no column: the certificate fails with the number in its reason and can be stored."""
    row = certificate(BASIS, at(9), FIGURE, sample_of(HELD, at(9)), state(supply=2**256 - 1), final=True)
    assert (row["verdict"], row["contract_supply_raw"], row["contract_supply"]) == ("fail", None, None)
    assert str(2**256 - 1) in row["reason"]
    row |= {"block_time": moment(9), "fetched_at": moment(9)}
    assert arrow_rows(CERTIFICATES, [row]).num_rows == 1


def test_a_certificate_is_named_by_what_it_compared() -> None:
    """The same comparison has the same id, whichever endpoint answered; another figure has another."""
    sample = sample_of(HELD, at(9))
    ids = [
        certificate(BASIS, at(9), FIGURE, sample, said, final=True)["certificate_id"]
        for said in (state(), state(endpoint="node-2"), state(supply=1))
    ]
    assert ids[0] == ids[1] != ids[2]


def test_few_holders_are_all_checked() -> None:
    """Up to 300 addresses none is left out."""
    holders = {f"0x{n:040x}": n for n in range(300)}
    assert sample_of(holders, at(1)) == Sample(tuple(sorted(holders)), at(1).hash)


def test_of_many_holders_the_largest_and_a_drawn_sample_are_checked() -> None:
    """Of 10,000 the 100 largest are always in, the rest is drawn by the block's hash and by nothing else."""
    holders = {f"0x{n:040x}": n for n in range(10_000)}
    found = sample_of(holders, at(1))
    assert len(found.addresses) == 300
    assert set(found.addresses) >= {f"0x{n:040x}" for n in range(9_900, 10_000)}
    assert found == sample_of(dict(reversed(holders.items())), at(1))
    assert found.addresses != sample_of(holders, at(2)).addresses
