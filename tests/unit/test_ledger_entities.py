"""Wallets of an issuer's registry: whose they are, from which block to which."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
from ledger_kit import ALICE, BOB, OTHER, TOKEN, deployment, scene, token
from observed_kit import picked, say

from indexer.ledger.entities import entity_wallets, pseudonym
from indexer.ledger.told import Told

NAMES = ("entity", "wallet", "from_block", "to_block")


def made(*events: Told) -> pa.Table:
    return entity_wallets(scene(), events)


def put(block: int, wallet: str, entity: int, contract: str = TOKEN, index: int = 0) -> Told:
    return say(block, index, "EntityIdSet", contract, addr=wallet, entityId=entity)


def test_a_wallet_that_moves_closes_its_row() -> None:
    """To another entity, or to none: the row ends a block before."""
    rows = made(put(1, ALICE, 7), put(2, BOB, 7), put(5, ALICE, 8), put(9, ALICE, 0))
    assert picked(rows, *NAMES) == [("7", ALICE, 1, 4), ("7", BOB, 2, None), ("8", ALICE, 5, 8)]


def test_what_counts_in_a_block_is_its_end() -> None:
    """Set and taken back in one block leaves no row; away and back again leaves the old one."""
    assert made(put(1, ALICE, 7), put(1, ALICE, 0, index=1)).num_rows == 0
    rows = made(put(1, ALICE, 7), put(5, ALICE, 8), put(5, ALICE, 7, index=1))
    assert picked(rows, *NAMES) == [("7", ALICE, 1, None)]


def test_each_registry_speaks_for_itself() -> None:
    """The same wallet in an old and in a new list has a row in each."""
    rows = made(put(1, ALICE, 7), put(2, ALICE, 7, OTHER), put(3, ALICE, 0))
    assert picked(rows, "contract", *NAMES) == [
        (TOKEN, "7", ALICE, 1, 2),
        (OTHER, "7", ALICE, 2, None),
    ]


def test_setting_the_same_again_changes_nothing() -> None:
    """A repeated entity is the same row; taking out an unknown wallet is none."""
    rows = made(put(1, ALICE, 7), put(4, ALICE, 7), put(5, BOB, 0))
    assert picked(rows, *NAMES) == [("7", ALICE, 1, None)]


def test_an_investor_is_a_keyed_hash() -> None:
    """Two wallets of an investor share an entity, which does not hold the id."""
    rows = made(
        say(1, 0, "DSRegistryServiceWalletAdded", wallet=ALICE, investorId="id-1", sender=BOB),
        say(2, 0, "DSRegistryServiceWalletAdded", wallet=BOB, investorId="id-1", sender=BOB),
        say(3, 0, "DSRegistryServiceWalletRemoved", wallet=ALICE, investorId="id-1", sender=BOB),
    )
    named = pseudonym(scene(), "id-1")
    assert picked(rows, *NAMES) == [(named, ALICE, 1, 2), (named, BOB, 2, None)]
    assert "id-1" not in named


def test_an_investor_of_another_product_is_another_entity() -> None:
    """The key is made of platform and product: the hash joins chains, and does not join products."""
    here = scene()
    there = scene(what=replace(token(deployment()), product="other"))
    assert pseudonym(here, "id-1") == pseudonym(scene(), "id-1")
    assert pseudonym(here, "id-1") != pseudonym(there, "id-1")
