"""Facts about dividends that no event names: a batch of issues is paid by rate, or it is not."""

from datetime import UTC, datetime

import pytest
from reasons_kit import ADMIN, ALICE, BOB, CAROL, OTHER, context, log, mint, transaction

from indexer.ledger.holdings import Minted
from indexer.ledger.reasons import classify
from indexer.ledger.reasons.dividends import business_day
from indexer.ledger.values import Call

BATCH = Call(ADMIN, OTHER, b"")
UNIT = 1_000_000
HELD = {ALICE: 1_000_000 * UNIT, BOB: 333_333_333_333, CAROL: 77 * UNIT}
OPERATOR = {ADMIN: "operator"}
SATURDAY = int(datetime(2024, 3, 2, 9, tzinfo=UTC).timestamp())
MONDAY = int(datetime(2024, 3, 4, 9, tzinfo=UTC).timestamp())


def paid(holder: str, rate: int = 4_200) -> tuple[str, int]:
    """Return what a payment of *rate* millionths gives *holder*, rounded down as the issuer does."""
    return holder, HELD[holder] * rate // 1_000_000


def issued(
    *gifts: tuple[str, int],
    held: dict[str, int] | None = HELD,
    time: int = MONDAY,
    day: tuple[Minted, ...] = (),
    call: Call | None = BATCH,
    roles: dict[str, str] | None = None,
) -> list[tuple[str, str]]:
    """Return (reason, evidence) of the issues of one transaction."""
    parts = [
        part
        for n, (to, value) in enumerate(gifts)
        for part in (log(2 * n, "Issue", to=to, value=value), mint(2 * n + 1, to, value))
    ]
    tx = transaction(*parts, call=call)._replace(block_time=time)
    entries = tuple(entry._replace(row=1_000 + entry.row) for entry in tx.entries)
    got = classify(tx._replace(entries=entries), context("securitize", roles=roles, held=held, day=day))
    assert got is not None
    return [(v.reason, v.evidence) for v in got]


def test_one_rate_for_all_is_a_distribution() -> None:
    """Three holders who get the same share of what they hold are paid; it is a pattern and says so."""
    assert issued(paid(ALICE), paid(BOB), paid(CAROL)) == [("distribution", "pattern")] * 3


@pytest.mark.parametrize("time", [SATURDAY, MONDAY])
def test_a_rate_is_proof_on_any_day(time: int) -> None:
    """Equal shares are no accident on a weekend either."""
    assert issued(paid(ALICE), paid(BOB), paid(CAROL), time=time) == [("distribution", "pattern")] * 3


def test_two_holders_suffice_where_they_agree_to_the_unit() -> None:
    """Two payments of millions of units agree by chance to one unit never."""
    assert issued(paid(ALICE), paid(BOB)) == [("distribution", "pattern")] * 2


def test_two_holders_that_agree_only_roughly_are_unsure() -> None:
    """A few hundred-thousandths apart, two purchases may be just that."""
    to, value = paid(BOB)
    assert issued(paid(ALICE), (to, value + value // 20_000)) == [("unclassified", "event")] * 2


def test_three_holders_may_differ_by_rounding_to_cents() -> None:
    """Daily accruals rounded to cents part the rates a little."""
    gifts = [(to, value // 10_000 * 10_000) for to, value in (paid(ALICE), paid(BOB))]
    held = {**HELD, CAROL: 2_000_000 * UNIT}
    carol = (CAROL, 2_000_000 * UNIT * 4_200 // 1_000_000 - 40_000)
    assert issued(*gifts, carol, held=held) == [("distribution", "pattern")] * 3


@pytest.mark.parametrize(("held", "value"), [(240, 1), (237, 0)])
def test_a_payment_too_small_to_tell_follows_the_rate(held: int, value: int) -> None:
    """A holder of dust gets a unit or nothing: rounding explains it."""
    gifts = (paid(ALICE), paid(BOB), paid(CAROL), (OTHER, value))
    assert issued(*gifts, held={**HELD, OTHER: held}) == [("distribution", "pattern")] * 4


def test_the_rest_of_a_payment_in_a_transaction_of_its_own_is_told_by_its_day() -> None:
    """A batch is cut by size; its last piece may have one holder, whose rate the day's others prove."""
    day = (Minted(1, *paid(BOB)), Minted(2, *paid(CAROL)))
    assert issued(paid(ALICE), day=day) == [("distribution", "pattern")]


def test_an_issue_at_another_rate_on_that_day_is_a_purchase() -> None:
    """A payment elsewhere on the day does not make every issue one; as small as one, its shape alone tells."""
    day = (Minted(1, *paid(BOB)), Minted(2, *paid(CAROL)))
    assert issued((ALICE, 5 * UNIT), day=day) == [("issuance", "pattern")]


def test_an_issue_larger_than_any_payment_is_told_by_its_log() -> None:
    """No dividend gives a tenth of what its holder has, so nothing is left to guess."""
    assert issued((ALICE, HELD[ALICE] // 10)) == [("issuance", "event")]


def test_new_holders_are_buyers() -> None:
    """Nobody is paid on nothing: a bulk issue to newcomers is an issuance for certain."""
    assert issued((ALICE, 5), (BOB, 6), held={}) == [("issuance", "event")] * 2


@pytest.mark.parametrize("large", [HELD[BOB] // 50, HELD[BOB] * 3])
def test_a_batch_that_no_payment_can_be_is_an_issuance_by_pattern(large: int) -> None:
    """More than a payment's share for one of them, and the whole batch was bought."""
    assert issued((ALICE, 17 * UNIT), (BOB, large)) == [("issuance", "pattern")] * 2


def test_small_unequal_shares_to_holders_stay_open() -> None:
    """They may be purchases or a payment for unequal periods: unsure is unclassified."""
    assert issued((ALICE, 1_777 * UNIT), (BOB, 991 * UNIT)) == [("unclassified", "event")] * 2


def test_unknown_balances_decide_nothing() -> None:
    """Where the ledger begins late, several issues stay unclassified and one is an issuance."""
    assert issued(paid(ALICE), paid(BOB), held=None) == [("unclassified", "event")] * 2
    assert issued(paid(ALICE), held=None) == [("issuance", "event")]


ODD = (OTHER, 90 * UNIT)
WITH_ODD = {**HELD, OTHER: 40_000 * UNIT}


def test_an_odd_one_in_a_payment_belongs_to_it() -> None:
    """A holder who came within the period gets less: on a business day, by the operator, it is paid too."""
    gifts = (paid(ALICE), paid(BOB), paid(CAROL), ODD)
    assert issued(*gifts, held=WITH_ODD, roles=OPERATOR) == [("distribution", "pattern")] * 4


@pytest.mark.parametrize(
    ("time", "roles", "call"),
    [(SATURDAY, OPERATOR, BATCH), (MONDAY, None, BATCH), (MONDAY, OPERATOR, None)],
)
def test_an_odd_one_is_unsure_without_operator_or_business_day(
    time: int, roles: dict[str, str] | None, call: Call | None
) -> None:
    """On a weekend, from a stranger or without the call the odd one stays open; the proven do not."""
    gifts = (paid(ALICE), paid(BOB), paid(CAROL), ODD)
    got = issued(*gifts, held=WITH_ODD, time=time, roles=roles, call=call)
    assert got == [("distribution", "pattern")] * 3 + [("unclassified", "event")]


def test_a_newcomer_in_a_payment_is_unsure() -> None:
    """Whoever held nothing cannot be paid, and why it stands in the batch is not known."""
    got = issued(paid(ALICE), paid(BOB), paid(CAROL), (OTHER, 5), roles=OPERATOR)
    assert got[-1] == ("unclassified", "event")


def test_rates_hold_at_any_size() -> None:
    """Balances of thirty digits are compared exactly."""
    held = {holder: balance * 10**24 + 7 for holder, balance in HELD.items()}
    gifts = [(holder, balance * 42 // 10_000) for holder, balance in held.items()]
    assert issued(*gifts, held=held) == [("distribution", "pattern")] * 3


def test_business_days_are_monday_to_friday() -> None:
    """2024-03-04 was a Monday."""
    week = [business_day(MONDAY + 86_400 * n) for n in range(7)]
    assert week == [True] * 5 + [False] * 2
