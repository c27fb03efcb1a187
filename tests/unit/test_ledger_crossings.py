"""What joining the chains of a product makes of entries and legs."""

import pytest
from crossings_kit import ALICE, BOB, FAR, HOUR, MAIN, SIDE, entry, part

from indexer.config.model import Bridge
from indexer.ledger.crossings import Part, join
from indexer.ledger.legs import NOT_YET, as_ruled, carried, told_legs
from indexer.ledger.matching import SEVERAL

VERDICT = ("reason", "rule", "evidence", "party", "link", "other_chain")
BIG = 10**30


def said(parts: list[Part]) -> list[list[tuple[object, ...]]]:
    """Return the six columns of interpretation of each part's entries."""
    return [[tuple(row[n] for n in VERDICT) for row in made.transfers.to_pylist()] for made in join(parts)]


def legs(parts: list[Part]) -> list[list[dict[str, object]]]:
    return [made.bridge_legs.to_pylist() for made in join(parts)]


def again(parts: list[Part]) -> list[Part]:
    """Return the parts as they stand when joined."""
    return [
        p._replace(transfers=made.transfers, legs=made.bridge_legs)
        for p, made in zip(parts, join(parts), strict=True)
    ]


def test_both_ends_get_the_link_and_the_chain_and_keep_their_evidence() -> None:
    """The logs told that they crossed; only where to and with which other end is the match's."""
    parts = [part(MAIN, entry(1, "burn", BIG, "bridge_out")), part(SIDE, entry(5, "mint", BIG, "bridge_in"))]
    link = f"{MAIN}:0xburn1:3"
    assert said(parts) == [
        [("bridge_out", "rule@1", "event", None, link, SIDE)],
        [("bridge_in", "rule@1", "event", None, link, MAIN)],
    ]


def test_a_mint_that_no_rule_explains_becomes_an_arrival_by_match() -> None:
    """A burn that names chain and receiver, and the only mint there that fits."""
    out = entry(1, "burn", BIG, "bridge_out", other_chain=SIDE, from_address=BOB, party=ALICE)
    parts = [part(MAIN, out), part(SIDE, entry(5, "mint", BIG))]
    assert said(parts)[1] == [("bridge_in", "bridge-match@1", "match", BOB, f"{MAIN}:0xburn1:3", MAIN)]


def test_what_the_platform_takes_for_granted_is_proved_by_a_match() -> None:
    """A declared default of bridge_in is evidence default, and match once its departure is found."""
    arrived = entry(5, "mint", 7, "bridge_in", evidence="default")
    parts = [part(MAIN, entry(1, "burn", 7, "bridge_out")), part(SIDE, arrived)]
    assert [row[:3] for row in said(parts)[1]] == [("bridge_in", "bridge-match@1", "match")]


def test_other_entries_stay_as_they_were() -> None:
    """A mint that fits nothing keeps its verdict, and is no leg."""
    parts = [
        part(MAIN, entry(1, "burn", 7, "bridge_out")),
        part(SIDE, entry(5, "mint", 8), entry(6, "move", 7, "transfer")),
    ]
    assert [row[:3] for row in said(parts)[1]] == [
        ("unclassified", "rule@1", "default"),
        ("transfer", "rule@1", "event"),
    ]
    assert legs(parts)[1] == []


def test_decimals_of_the_chains_may_differ() -> None:
    """One and a half tokens are one and a half tokens with six decimals and with eighteen."""
    parts = [
        part(MAIN, entry(1, "burn", 1_500_000, "bridge_out"), decimals=6),
        part(SIDE, entry(5, "mint", 15 * 10**17, "bridge_in")),
    ]
    assert [row["matched_by"] for row in legs(parts)[0]] == ["accounts"]


def test_a_lock_and_the_mint_of_its_copy_are_one_crossing() -> None:
    """The copy's mint is matched; what is locked never counts as under way, it stays in the supply."""
    parts = [
        part(MAIN, entry(1, "move", 7, "bridge_lock"), entry(2, "move", 9, "bridge_lock")),
        part(SIDE, entry(5, "mint", 7, "bridge_in")),
    ]
    found = legs(parts)[0]
    assert [(row["matched_chain"], row["in_transit"]) for row in found] == [(SIDE, False), (None, False)]
    assert found[1]["why_null"] == "what is locked stays in the supply"


def test_classes_are_swapped_within_one_transaction() -> None:
    """As much of one class burned as of the other minted: both are a swap, with one link."""
    parts = [
        part(MAIN, entry(1, "burn", 7, tx_hash="0x5"), token="gold"),
        part(MAIN, entry(1, "mint", 7, tx_hash="0x5", log_index=9), token="gold-i"),
    ]
    link = f"{MAIN}:0x5:3"
    assert said(parts) == [[("class_swap", "swap-match@1", "match", None, link, None)]] * 2


@pytest.mark.parametrize("amount", [7, None])
def test_an_open_departure_is_under_way_with_its_age(amount: int | None) -> None:
    """Both chains are here: what did not arrive is under way; of an unknown amount nothing is said."""
    parts = [part(MAIN, entry(40, "burn", amount, "bridge_out"), until=60), part(SIDE, until=90)]
    (row,) = legs(parts)[0]
    assert row["in_transit"] is (True if amount else None)
    assert row["age_seconds"] == 50 * HOUR
    assert row["why_null"] == (None if amount else "its amount is not known")


def test_a_departure_older_than_the_window_says_so() -> None:
    """It is still under way, and has been for longer than crossings take."""
    parts = [part(MAIN, entry(1, "burn", 7, "bridge_out"), bridge=Bridge(window_hours=24)), part(SIDE)]
    (row,) = legs(parts)[0]
    assert (row["in_transit"], row["why_null"]) == (True, "nothing fits within 24 hours")


def test_what_goes_to_a_chain_outside_is_not_under_way() -> None:
    """Its destination is told, and is not here: it is elsewhere, not between."""
    gone = [
        entry(1, "burn", 7, "bridge_out", other_chain=FAR),
        entry(2, "burn", 9, "bridge_out", other_chain="book-entry"),
    ]
    found = legs([part(MAIN, *gone), part(SIDE)])[0]
    assert [(row["in_transit"], row["age_seconds"]) for row in found] == [(False, None)] * 2
    assert [row["why_null"] for row in found] == [
        f"its destination {FAR} is not in this home",
        "its destination is the issuer's books",
    ]


def test_where_it_went_is_not_known_while_a_deployment_is_missing() -> None:
    """Without a told destination it may have gone to the chain that is not here."""
    parts = [
        part(MAIN, entry(1, "burn", 7, "bridge_out"), chains=(MAIN, SIDE, FAR)),
        part(SIDE, chains=(MAIN, SIDE, FAR)),
    ]
    (row,) = legs(parts)[0]
    assert row["in_transit"] is None
    assert (
        row["why_null"] == "its destination is not told, and 1 deployments of the token are not in this home"
    )


def test_an_arrival_without_departure_counts_where_the_other_chain_is_whole() -> None:
    """It came from nowhere that is known; where the other chain starts late, it may have left before."""
    arrived = part(SIDE, entry(5, "mint", 7, "bridge_in"))
    assert legs([part(MAIN), arrived])[1][0]["in_transit"] is True
    (row,) = legs([part(MAIN, holds_start=False), arrived])[1]
    assert (row["in_transit"], row["why_null"]) == (
        None,
        "the chain that it came from is not held from its start",
    )


def test_two_that_fit_are_left_open_with_the_reason() -> None:
    """Two arrivals of that amount at other accounts: no guess."""
    parts = [
        part(MAIN, entry(40, "burn", 7, "bridge_out")),
        part(
            SIDE,
            entry(41, "mint", 7, "bridge_in", to_address=BOB),
            entry(42, "mint", 7, "bridge_in", to_address="0xc"),
        ),
    ]
    assert {row["why_null"] for rows in legs(parts) for row in rows} == {SEVERAL}


def test_joining_again_changes_nothing() -> None:
    """The result depends on what the rules said, not on an earlier match."""
    parts = [
        part(MAIN, entry(1, "burn", 7, "bridge_out", other_chain=SIDE), entry(2, "burn", 8)),
        part(SIDE, entry(5, "mint", 7), entry(6, "mint", 8, "bridge_in")),
    ]
    once = again(parts)
    assert [made.bridge_legs for made in join(once)] == [p.legs for p in once]
    assert [made.transfers for made in join(once)] == [p.transfers for p in once]


def test_a_match_is_taken_back_when_another_leg_makes_it_doubtful() -> None:
    """Later a second mint fits as well: the first is what its rule said again."""
    out, first = entry(1, "burn", 7, "bridge_out"), entry(5, "mint", 7)
    before = again([part(MAIN, out), part(SIDE, first)])
    assert before[1].transfers["reason"].to_pylist() == ["bridge_in"]
    fresh = part(SIDE, first, entry(6, "mint", 7))
    transfers, held = carried(fresh.transfers, fresh.legs, before[1].legs)
    assert transfers["reason"].to_pylist() == ["bridge_in", "unclassified"]
    after = again([before[0], fresh._replace(transfers=transfers, legs=held)])
    assert after[1].transfers == fresh.transfers
    assert after[1].legs.num_rows == 0


def test_deriving_again_carries_over_what_still_holds() -> None:
    """The same rules say the same of a leg: its match stands meanwhile. Another verdict drops it."""
    before = again([part(MAIN, entry(1, "burn", 7, "bridge_out")), part(SIDE, entry(5, "mint", 7))])
    fresh = part(SIDE, entry(5, "mint", 7), entry(9, "mint", 1, "bridge_in"))
    transfers, held = carried(fresh.transfers, fresh.legs, before[1].legs)
    assert transfers["evidence"].to_pylist() == ["match", "event"]
    assert held["why_null"].to_pylist() == [None, NOT_YET]
    other = part(SIDE, entry(5, "mint", 7, "issuance"))
    transfers, held = carried(other.transfers, other.legs, before[1].legs)
    assert (transfers, held.num_rows) == (other.transfers, 0)


def test_without_the_matches_the_entries_are_as_ruled() -> None:
    """Taking the matches back gives the rules' own ledger."""
    parts = [part(MAIN, entry(1, "burn", 7, "bridge_out")), part(SIDE, entry(5, "mint", 7))]
    for before, after in zip(parts, again(parts), strict=True):
        assert as_ruled(after.transfers, after.legs) == before.transfers


def test_who_departs_and_who_arrives() -> None:
    """The party is the account at the other end; without one it is the same account on both chains."""
    made = part(
        MAIN,
        entry(1, "burn", 7, "bridge_out", party=BOB),
        entry(2, "mint", 7, "bridge_in"),
        entry(3, "mint", 7),
    )
    assert [(row["sender"], row["receiver"]) for row in told_legs(made.transfers).to_pylist()] == [
        (ALICE, BOB),
        (ALICE, ALICE),
    ]
