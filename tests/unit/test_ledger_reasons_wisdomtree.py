"""Facts about WisdomTree's reasons: there is only Transfer."""

from reasons_kit import ALICE, BOB, asks, burn, mint, move, said


def test_a_mint_or_a_burn_is_never_issuance_by_default() -> None:
    """Dividends, crossings and subscriptions look the same, so nothing is claimed and nothing is fetched."""
    parts = (mint(0, ALICE, 5), burn(1, ALICE, 5), move(2, ALICE, BOB, 1))
    assert said("wisdomtree", *parts) == [
        ("unclassified", "default"),
        ("unclassified", "default"),
        ("transfer", "default"),
    ]
    assert not asks("wisdomtree", *parts)


def test_a_configured_role_still_tells() -> None:
    """What a redemption wallet burns was redeemed."""
    assert said("wisdomtree", burn(0, BOB, 5), roles={BOB: "redeem_wallet"}) == [("redemption", "role")]
