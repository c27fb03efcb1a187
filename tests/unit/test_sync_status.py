"""What `rwa status` says of a home: shares of the volume by evidence, and what is unclassified."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from crossings_kit import entry, ledger
from line_kit import settings_for
from store_kit import derivation, opened

from indexer.floor.tables import DERIVATIONS
from indexer.sync.committing import commit_tables
from indexer.sync.status import EVIDENCE, status

TOKEN, CHAIN_ID = "xaum", "eip155:900010"
Stood = Callable[..., dict[str, Any]]


@pytest.fixture
def stood(tmp_path: Path) -> Stood:
    """Return the status of a home that holds these entries of one token."""

    def row(*entries: dict[str, object]) -> dict[str, Any]:
        book, lake = opened(tmp_path)
        tables = {"transfers": ledger(CHAIN_ID, *entries, token=TOKEN)}
        rows = {DERIVATIONS: [derivation(token=TOKEN, chain_id=CHAIN_ID)]}
        commit_tables(book, lake, (TOKEN, CHAIN_ID), tables, sql="none", rows=rows)
        book.close()
        settings, registry = settings_for(tmp_path, [])
        (found,) = status(settings, registry, [registry.tokens[TOKEN]]).to_pylist()
        return dict(found)

    return row


def test_each_evidence_has_its_share_of_what_was_minted_and_burned(stood: Stood) -> None:
    """60 by event, 30 by match and 10 that nobody explains, of 100; moves are no change."""
    row = stood(
        entry(1, "mint", 60, "issuance"),
        entry(2, "burn", 30, "bridge_out", evidence="match"),
        entry(3, "mint", 10),
        entry(4, "move", 900, "transfer", evidence="default"),
    )
    assert {name: row[name] for name in EVIDENCE} == {
        "event": 0.6, "input": 0.0, "role": 0.0, "match": 0.3, "pattern": 0.0, "default": 0.1,
    }  # fmt: skip
    assert row["unclassified_share"] == 0.1


def test_counts_stand_beside_the_shares(stood: Stood) -> None:
    """A thousand small redemptions and one large issuance are told apart."""
    small = [entry(hour, "burn", 1, "redemption", evidence="pattern") for hour in range(20)]
    row = stood(entry(30, "mint", 980, "issuance"), *small)
    assert (row["changes"], row["event_changes"], row["pattern_changes"]) == (21, 1, 20)
    assert (row["event"], row["pattern"]) == (0.98, 0.02)


def test_what_is_unclassified_may_rest_on_an_event(stood: Stood) -> None:
    """An admin's mint is logged and still says nothing of why."""
    row = stood(entry(1, "mint", 5, evidence="event"), entry(2, "mint", 15, "issuance"))
    assert (row["event"], row["default"], row["unclassified_share"], row["unclassified"]) == (
        1.0,
        0.0,
        0.25,
        1,
    )


def test_an_unknown_amount_is_counted_and_has_no_volume(stood: Stood) -> None:
    """Shares are of what is known, and how many changes are not is said."""
    row = stood(entry(1, "mint", 4, "issuance"), entry(2, "mint", None, "issuance", evidence="role"))
    assert (row["amounts_unknown"], row["changes"], row["event"], row["role"]) == (1, 2, 1.0, 0.0)


def test_amounts_beyond_38_digits_together_have_shares_too(stood: Stood) -> None:
    """The sum does not fit a decimal; a ratio needs none."""
    large = 10**38 - 1
    row = stood(*(entry(hour, "mint", large, "issuance") for hour in range(3)), entry(9, "burn", large))
    assert (row["event"], row["default"]) == (0.75, 0.25)


@pytest.mark.parametrize("entries", [[], [entry(1, "move", 5, "transfer")], [entry(1, "mint", None)]])
def test_where_nothing_changed_hands_there_is_no_share(
    stood: Stood, entries: list[dict[str, object]]
) -> None:
    """NULL, not 0: no volume has no parts."""
    assert {stood(*entries)[name] for name in (*EVIDENCE, "unclassified_share")} == {None}
