"""Which legs are one crossing, and which are left open."""

import random
from collections import Counter

import pytest

from indexer.ledger.matching import SEVERAL, Leg, Limits, match, swaps

HOUR = 3_600
MAIN, SIDE, THIRD = "eip155:1", "eip155:56", "eip155:137"
ALICE, BOB = "0x" + "a1" * 20, "0x" + "b0" * 20
THREE_DAYS = Limits(72 * HOUR)
BIG = 2**256 - 1


def leg(chain: str, hour: float, direction: str, amount: int, receiver: str | None = ALICE, **more) -> Leg:
    number = more.pop("number", 0)
    place = f"{chain}/{direction}/{hour}/{amount}/{receiver}/{number}"
    time = int(hour * HOUR)
    made = Leg("gold", chain, time, time, place, number, 0, direction, amount, None, receiver)
    return made._replace(**more)


def out(hour: float, amount: int, receiver: str | None = ALICE, chain: str = MAIN, **more) -> Leg:
    return leg(chain, hour, "out", amount, receiver, **more)


def into(hour: float, amount: int, receiver: str | None = ALICE, chain: str = SIDE, **more) -> Leg:
    return leg(chain, hour, "in", amount, receiver, **more)


def joined(*legs: Leg, limits: Limits = THREE_DAYS) -> list[tuple[Leg, Leg, str]]:
    return [tuple(pair) for pair in match(legs, limits).pairs]


def test_the_same_amount_to_the_same_receiver_is_one_crossing() -> None:
    """The burn names where it goes to, the mint who gets it; amounts may have 78 digits."""
    a, b = out(1, BIG), into(5, BIG)
    assert joined(b, a) == [(a, b, "receiver")]


def test_an_arrival_is_never_before_its_departure() -> None:
    """What arrived an hour earlier came from elsewhere; what arrives in the same second may be it."""
    a = out(5, 7)
    assert joined(a, into(4, 7)) == []
    assert joined(into(5, 7), a) == [(a, into(5, 7), "receiver")]


def test_a_crossing_goes_to_another_chain() -> None:
    """Out and back in on one chain are two halves of two crossings."""
    assert joined(out(1, 7), into(2, 7, chain=MAIN)) == []


def test_the_window_holds_to_the_second() -> None:
    """72 hours are within 72 hours; a second more is not."""
    a = out(0, 7)
    assert len(joined(a, into(72, 7))) == 1
    assert joined(a, into(72, 7)._replace(block_time=72 * HOUR + 1)) == []


def test_a_link_joins_whatever_the_amount_and_the_time() -> None:
    """A message id that both logs carry is proof, also after weeks and where a fee was taken."""
    a, b = out(0, 100, link="0x9"), into(999, 97, BOB, link="0x9")
    assert joined(a, b) == [(a, b, "link")]


def test_two_links_that_differ_are_two_crossings() -> None:
    """The same amount to the same receiver does not join what names two messages."""
    assert joined(out(0, 7, link="0x1"), into(1, 7, link="0x2")) == []


def test_equal_departures_arrive_in_the_order_they_left() -> None:
    """Of two equal sends the first arrives first, and the second stays in transit."""
    first, second = out(1, 7, number=1), out(2, 7, number=2)
    found = match([second, into(6, 7), first], THREE_DAYS)
    assert [pair.out for pair in found.pairs] == [first]
    assert [one for one, _ in found.unmatched] == [second]


def test_of_one_second_the_place_on_the_chain_is_the_order() -> None:
    """Two equal sends in one block leave in the order of their logs, whatever their hashes."""
    first, second = out(1, 7, number=4, tx_hash="0xff"), out(1, 7, number=9, tx_hash="0x00")
    assert joined(second, first, into(2, 7)) == [(first, into(2, 7), "receiver")]


def test_senders_tell_equal_departures_apart() -> None:
    """Where both logs name sender and receiver, the sender decides before the order."""
    first, second = out(1, 7, sender=ALICE), out(2, 7, sender=BOB)
    b = into(6, 7, sender=BOB)
    assert joined(first, second, b) == [(second, b, "accounts")]


def test_a_departure_older_than_the_window_does_not_hold_up_the_next() -> None:
    """A send that never arrived is passed over."""
    old, fresh = out(0, 7), out(100, 7)
    assert joined(old, fresh, into(101, 7)) == [(fresh, into(101, 7), "receiver")]


def test_from_two_chains_it_could_be_either() -> None:
    """Two equal sends from two chains: which arrived first is not known, and not guessed."""
    legs = [out(1, 7), out(2, 7, chain=THIRD), into(5, 7)]
    found = match(legs, THREE_DAYS)
    assert found.pairs == ()
    assert {why for _, why in found.unmatched} == {SEVERAL}


def test_a_named_chain_decides_between_two() -> None:
    """The departure that names another destination is not it."""
    a, other = out(1, 7, other_chain=SIDE), out(2, 7, chain=THIRD, other_chain=MAIN)
    assert joined(a, other, into(5, 7)) == [(a, into(5, 7), "receiver")]


def test_another_numbering_of_chains_names_none_of_ours() -> None:
    """Wormhole's 4 says nothing that could be compared with an EVM chain id."""
    a = out(1, 7, other_chain="wormhole:4")
    assert joined(a, into(2, 7)) == [(a, into(2, 7), "receiver")]


def test_what_left_for_the_books_arrives_nowhere() -> None:
    """Book entry is no chain: an equal mint elsewhere is another matter."""
    assert joined(out(1, 7, other_chain="book-entry"), into(2, 7)) == []


def test_an_amount_alone_joins_where_it_is_the_only_one() -> None:
    """Receivers differ, as through a router; nothing else of that amount crossed within the window."""
    a, b = out(1, 7, ALICE), into(2, 7, BOB)
    assert joined(a, b) == [(a, b, "amount")]


@pytest.mark.parametrize(
    "third", [out(2, 7, "0x" + "cc" * 20), into(9, 7, "0x" + "cc" * 20), into(9, 7, BOB, chain=THIRD)]
)
def test_an_amount_that_occurs_twice_is_not_guessed(third: Leg) -> None:
    """A second departure or arrival of that amount leaves all of them open, with the reason."""
    found = match([out(1, 7, ALICE), into(3, 7, BOB), third], THREE_DAYS)
    assert found.pairs == ()
    assert [why for _, why in found.unmatched] == [SEVERAL] * 3


def test_nothing_is_not_matched_by_its_amount() -> None:
    """Legs of amount zero are alike everywhere."""
    assert joined(out(1, 0, ALICE), into(2, 0, BOB)) == []


def test_a_tolerance_joins_amounts_that_differ_by_a_fee() -> None:
    """One receiver, amounts apart by the tolerance and not by more."""
    a = out(1, 1_000)
    assert joined(a, into(2, 990), limits=Limits(72 * HOUR, 10)) == [(a, into(2, 990), "near")]
    assert joined(a, into(2, 989), limits=Limits(72 * HOUR, 10)) == []
    assert joined(a, into(2, 990)) == []


def test_two_amounts_within_the_tolerance_are_not_guessed() -> None:
    """Either could be the other end."""
    assert joined(out(1, 1_000), into(2, 995), into(3, 996), limits=Limits(72 * HOUR, 10)) == []


def test_a_mint_that_no_rule_explains_is_the_arrival_of_the_only_departure_that_fits() -> None:
    """Superstate burns with Bridge here and mints plainly there."""
    a, b = out(1, 7, other_chain=SIDE), into(2, 7, candidate=True)
    assert joined(a, b) == [(a, b, "receiver")]


def test_a_burn_that_no_rule_explains_is_the_departure_of_a_told_arrival() -> None:
    """The other way round."""
    a, b = out(1, 7, candidate=True), into(2, 7)
    assert joined(a, b) == [(a, b, "receiver")]


def test_two_candidates_are_never_joined() -> None:
    """A burn here and an equal mint there may be a redemption and a subscription."""
    assert joined(out(1, 7, candidate=True), into(2, 7, candidate=True)) == []


def test_of_two_candidates_none_is_taken() -> None:
    """One of two equal mints to the receiver is a subscription, and nothing says which."""
    legs = [out(1, 7), into(2, 7, candidate=True, number=1), into(3, 7, candidate=True, number=2)]
    assert joined(*legs) == []


def test_a_candidate_is_taken_by_amount_alone_only_on_the_chain_that_is_named() -> None:
    """A mint to somebody else is a crossing only where the departure says that it went there."""
    b = into(2, 7, BOB, candidate=True)
    assert joined(out(1, 7), b) == []
    a = out(1, 7, other_chain=SIDE)
    assert joined(a, b) == [(a, b, "amount")]


def test_where_rules_tell_arrivals_a_plain_mint_is_none() -> None:
    """The chain's own log tells each arrival; a mint without it is something else."""
    told = [out(0, 9), into(1, 9)]
    assert len(joined(*told, out(2, 7), into(3, 7, candidate=True))) == 1


def test_a_swap_of_classes_is_as_much_in_as_out_in_one_transaction() -> None:
    """Burned of one token, minted of another, in one transaction."""
    a = out(1, 7, candidate=True, tx_hash="0x1")
    b = into(1, 7, chain=MAIN, candidate=True, tx_hash="0x1", token="silver")
    assert [tuple(pair) for pair in swaps([b, a])] == [(a, b, "transaction")]
    assert list(swaps([a, b._replace(token="gold")])) == []
    assert list(swaps([a, b._replace(tx_hash="0x2")])) == []
    assert list(swaps([a, b, b._replace(log_index=9)])) == []


def _crossings(seed: int) -> list[Leg]:
    """Return random crossings between three chains, some of them still under way."""
    chance = random.Random(seed)
    legs: list[Leg] = []
    for number in range(300):
        here, there = chance.sample([MAIN, SIDE, THIRD], 2)
        who, amount = chance.choice([ALICE, BOB, "0x" + "cc" * 20]), chance.choice([1, 5, 10**30, number])
        start = chance.randrange(500 * HOUR)
        named = chance.choice([None, there])
        legs.append(out(0, amount, who, here, block_time=start, other_chain=named, number=number))
        if chance.random() < 0.9:
            arrived = start + chance.randrange(90 * HOUR)
            legs.append(into(0, amount, who, there, block_time=arrived, number=number))
    return legs


@pytest.mark.parametrize("seed", range(8))
def test_whatever_crosses_no_leg_is_used_twice_and_none_is_lost(seed: int) -> None:
    """Each leg is in one pair or left; pairs keep every rule; the order given does not matter."""
    legs = _crossings(seed)
    found = match(legs, THREE_DAYS)
    used = [one for pair in found.pairs for one in (pair.out, pair.into)]
    assert Counter([*used, *(one for one, _ in found.unmatched)]) == Counter(legs)
    for a, b, _ in found.pairs:
        assert (a.direction, b.direction, a.amount) == ("out", "in", b.amount)
        assert a.chain_id != b.chain_id
        assert a.other_chain in (None, b.chain_id)
        assert 0 <= b.block_time - a.block_time <= 72 * HOUR
    random.Random(seed).shuffle(legs)
    assert match(legs, THREE_DAYS) == found


def test_a_hundred_thousand_legs_are_matched_at_once() -> None:
    """Many equal amounts do not make it slow: the work grows with n log n."""
    legs = [out(i / 100, i % 7 + 1, f"0x{i % 50}", number=i) for i in range(50_000)]
    legs += [into(i / 100 + 1, i % 7 + 1, f"0x{i % 50}", number=i) for i in range(50_000)]
    assert len(match(legs, THREE_DAYS).pairs) == 50_000
