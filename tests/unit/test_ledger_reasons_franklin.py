"""Facts about BENJI's reasons: the transfer agent tells them."""

from random import Random

import pytest
from reasons_kit import ALICE, BOB, HASH, OTHER, asks, burn, log, mint, move, said, verdicts

ID = bytes(range(32))
LINK = "0x" + ID.hex()
AGENT = OTHER


def settled(at: int, kind: int, shares: int, account: str = ALICE) -> object:
    return log(
        at,
        "TransactionSettled",
        AGENT,
        account=account,
        transactionType=kind,
        transactionId=ID,
        shares=shares,
    )


def dividend(at: int, shares: int, rate: int = 1, account: str = ALICE, **more: object) -> object:
    return log(at, "DividendDistributed", AGENT, account=account, rate=rate, shares=shares, **more)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(1, "adjustment"), (2, "issuance"), (3, "distribution"), (4, "distribution"), (7, "issuance"),
     (8, "issuance"), (12, "bridge_in")],
)  # fmt: skip
def test_a_settled_mint_is_what_its_type_says(kind: int, reason: str) -> None:
    """TransactionType tells a plan's purchase from a reinvestment or an arrival; the request's id is the link."""
    (got,) = verdicts("franklin", settled(0, kind, 5), mint(1, ALICE, 5))
    assert (got.reason, got.evidence, got.link) == (reason, "event", LINK)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(1, "adjustment"), (5, "redemption"), (6, "redemption"), (9, "redemption"), (11, "bridge_out")],
)
def test_a_settled_burn_is_what_its_type_says(kind: int, reason: str) -> None:
    """Cash, share and full liquidations redeem; an outgoing crossing does not."""
    (got,) = verdicts("franklin", burn(0, ALICE, 5), settled(1, kind, 5))
    assert (got.reason, got.evidence, got.link) == (reason, "event", LINK)


@pytest.mark.parametrize("kind", [0, 5, 99])
def test_a_type_that_does_not_mint_explains_no_mint(kind: int) -> None:
    """A liquidation, an invalid or an unknown type beside a mint says nothing of it."""
    assert said("franklin", settled(0, kind, 5), mint(1, ALICE, 5)) == [("unclassified", "default")]


@pytest.mark.parametrize("more", [{}, {"dividendCashAmount": 5, "dividendBasis": 9}])
def test_a_dividend_is_a_distribution(more: dict[str, int]) -> None:
    """Both dialects of DividendDistributed, three and eight arguments long, tell the mint beside them."""
    assert said("franklin", mint(0, ALICE, 5), dividend(1, 5, **more)) == [("distribution", "event")]


def test_a_negative_rate_burns() -> None:
    """Negative yield is a burn and still a distribution."""
    assert said("franklin", burn(0, ALICE, 5), dividend(1, 5, rate=-3)) == [("distribution", "event")]


def test_the_fifth_version_says_negative_in_a_flag() -> None:
    """isNegativeYield marks a burn whose rate has no sign."""
    told = dividend(1, 5, isNegativeYield=True, dividendBasis=9)
    assert said("franklin", burn(0, ALICE, 5), told) == [("distribution", "event")]


def test_a_burn_that_the_balance_caps_is_still_the_dividend() -> None:
    """The event tells the uncapped figure; the burn beside it takes all that the account had."""
    parts = (burn(0, ALICE, 3), dividend(1, 5, rate=-3))
    assert said("franklin", *parts, held={ALICE: 3}) == [("distribution", "event")]
    assert said("franklin", *parts) == [("distribution", "event")]


def test_a_smaller_burn_that_leaves_a_rest_is_not_the_dividend() -> None:
    """A cap would have emptied the account."""
    parts = (burn(0, ALICE, 3), dividend(1, 5, rate=-3))
    assert said("franklin", *parts, held={ALICE: 4}) == [("unclassified", "default")]


def test_a_capped_dividend_does_not_take_a_liquidation() -> None:
    """A burn that its own event tells to the unit is never the one a cap explains."""
    parts = (dividend(0, 9, rate=-3), burn(1, ALICE, 3), settled(2, 9, 3))
    assert said("franklin", *parts, held={ALICE: 3}) == [("redemption", "event")]


def test_a_positive_rate_explains_no_burn() -> None:
    """The sign of the rate must be the sign of the entry."""
    assert said("franklin", burn(0, ALICE, 5), dividend(1, 5)) == [("unclassified", "default")]


def test_a_dividend_and_a_purchase_of_one_account_and_amount_are_told_apart() -> None:
    """The agent logs before a purchase's Transfer and after a dividend's; each takes its neighbour."""
    parts = (mint(0, ALICE, 5), dividend(1, 5), settled(2, 7, 5), mint(3, ALICE, 5))
    assert [r for r, _ in said("franklin", *parts)] == ["distribution", "issuance"]
    parts = (settled(0, 7, 5), mint(1, ALICE, 5), mint(2, ALICE, 5), dividend(3, 5))
    assert [r for r, _ in said("franklin", *parts)] == ["issuance", "distribution"]


def test_two_events_never_tell_one_entry() -> None:
    """A dividend that minted nothing leaves the purchase of the same amount alone, and takes no second entry."""
    parts = (settled(0, 7, 5), mint(1, ALICE, 5), dividend(2, 5))
    assert said("franklin", *parts) == [("issuance", "event")]


def test_events_of_other_accounts_and_amounts_say_nothing() -> None:
    """Account and shares must both agree."""
    assert said("franklin", mint(0, ALICE, 5), dividend(1, 6), dividend(2, 5, account=BOB)) == [
        ("unclassified", "default")
    ]


def test_an_adjustment_takes_its_sign_from_the_transfer() -> None:
    """BalanceAdjusted has no sign."""
    told = log(1, "BalanceAdjusted", AGENT, account=ALICE, amount=5)
    assert said("franklin", mint(0, ALICE, 5), told) == [("adjustment", "event")]
    assert said("franklin", burn(0, ALICE, 5), told) == [("adjustment", "event")]


@pytest.mark.parametrize("name", ["AccountRecovered", "AssetRecovered"])
def test_a_recovery_is_a_burn_and_a_mint_with_one_link(name: str) -> None:
    """Same owner, new wallet: both legs carry the event's place and name the other account."""
    told = log(2, name, AGENT, fromAccount=ALICE, toAccount=BOB, amount=5)
    out, into = verdicts("franklin", burn(0, ALICE, 5), mint(1, BOB, 5), told)
    assert (out.reason, out.party, out.link) == ("recovery", BOB, f"{HASH}:2")
    assert (into.reason, into.party, into.link) == ("recovery", ALICE, f"{HASH}:2")


def test_the_fifth_versions_recovery_is_a_move() -> None:
    """It transfers instead of burning and minting."""
    told = log(1, "AccountRecovered", AGENT, fromAccount=ALICE, toAccount=BOB, amount=5)
    assert said("franklin", move(0, ALICE, BOB, 5), told) == [("recovery", "event")]


def test_a_settled_share_transfer_is_a_transfer_by_event() -> None:
    """TransferSettled tells the move and the request that asked for it."""
    told = log(
        0, "TransferSettled", AGENT, from_=ALICE, to=BOB, transactionId=ID, transactionType=10, shares=5
    )
    (got,) = verdicts("franklin", told, move(1, ALICE, BOB, 5))
    assert (got.reason, got.evidence, got.link) == ("transfer", "event", LINK)


def test_instant_crossings_are_no_subscriptions() -> None:
    """The token itself tells what came from or went to another chain; which one stands in no log."""
    into = log(1, "InstantCXTransferIn", account=ALICE, amount=5)
    out = log(1, "InstantCXTransferOut", account=ALICE, amount=5)
    assert said("franklin", mint(0, ALICE, 5), into) == [("bridge_in", "event")]
    assert said("franklin", burn(0, ALICE, 5), out) == [("bridge_out", "event")]
    assert said("franklin", mint(0, ALICE, 5), into._replace(contract=AGENT)) == [("unclassified", "default")]


def test_an_instant_transfer_is_a_transfer_by_event() -> None:
    """The admin's instant transfer has its own event."""
    told = log(1, "InstantTransfer", from_=ALICE, to=BOB, amount=5)
    assert said("franklin", move(0, ALICE, BOB, 5), told) == [("transfer", "event")]


def test_no_call_is_ever_asked_for() -> None:
    """The agent's events tell all, so no transaction is fetched."""
    assert not asks("franklin", mint(0, ALICE, 5), burn(1, ALICE, 5))


@pytest.mark.parametrize("seed", range(40))
def test_any_batch_in_the_agents_own_order_is_told_leg_by_leg(seed: int) -> None:
    """Few accounts and amounts, so that many legs look alike: the agent logs before a purchase's Transfer and
    after a liquidation's and a dividend's, and every leg gets its own reason."""
    draw = Random(seed)
    parts: list[object] = []
    wanted: list[str] = []
    for n in range(0, 24, 2):
        account, amount = draw.choice((ALICE, BOB)), draw.choice((5, 6))
        reason = draw.choice(("issuance", "redemption", "distribution", "negative"))
        first, second = {
            "issuance": (settled(n, 7, amount, account), mint(n + 1, account, amount)),
            "redemption": (burn(n, account, amount), settled(n + 1, 5, amount, account)),
            "distribution": (mint(n, account, amount), dividend(n + 1, amount, account=account)),
            "negative": (burn(n, account, amount), dividend(n + 1, amount, rate=-1, account=account)),
        }[reason]
        parts += [first, second]
        wanted.append("distribution" if reason == "negative" else reason)
    assert [reason for reason, _ in said("franklin", *parts)] == wanted
