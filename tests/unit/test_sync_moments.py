"""Starts of histories: blocks as they are, dates as the blocks they were found to be, once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from ledger_kit import CHAIN_ID, OTHER, TOKEN, deployment
from store_kit import opened

from indexer.config.model import Chain, Companion
from indexer.floor.errors import Usage
from indexer.floor.spans import BlockRef
from indexer.floor.tables import MOMENTS
from indexer.store.book import Book
from indexer.sync.moments import Moments

CHAIN = Chain("testnet", CHAIN_ID, "Testnet", "evm", (), "finalized", date(2026, 1, 2))
ORIGIN = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
HOUR = 3_600


class Hourly:
    """A chain with a block an hour since 2026 began; counts the searches."""

    def __init__(self) -> None:
        self.searched: list[tuple[int, int | None]] = []

    async def first_block_at(self, time: int, before: BlockRef | None, high: BlockRef) -> BlockRef:
        self.searched.append((time, None if before is None else before.number))
        return self.block(-(-(time - ORIGIN) // HOUR))

    def block(self, number: int) -> BlockRef:
        return BlockRef(number, f"0x{number:064x}", ORIGIN + number * HOUR)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    made, _ = opened(tmp_path)
    yield made
    made.close()


def test_a_block_is_its_own_start(book: Book) -> None:
    """A start that the configuration gives as a block needs no search."""
    where = replace(deployment(), start=16_431_887)
    assert Moments(book, CHAIN).of(where) == {TOKEN: 16_431_887}


def test_a_date_is_searched_once_and_remembered(book: Book) -> None:
    """The first block of the day is found, booked with its time, and not searched for by a later run."""
    chain = Hourly()
    where = replace(deployment(), start=date(2026, 1, 3))
    head = chain.block(1_000)
    found = asyncio.run(Moments(book, CHAIN).find(chain, where, head))
    again = asyncio.run(Moments(book, CHAIN).find(chain, where, head))
    assert found == again == {TOKEN: 48}
    assert chain.searched == [(ORIGIN + 48 * HOUR, None)]
    (row,) = book.rows(MOMENTS)
    at = datetime(2026, 1, 3, tzinfo=UTC).replace(tzinfo=None)
    assert (row["instant"], row["block_number"], row["block_time"]) == (at, 48, at)
    assert row["block_hash"] == f"0x{48:064x}"


def test_a_token_without_a_start_begins_at_the_chain_s_floor(book: Book) -> None:
    """Where nobody knows the first block, the chain's floor stands in."""
    where = replace(deployment(), start=None)
    found = asyncio.run(Moments(book, CHAIN).find(Hourly(), where, Hourly().block(1_000)))
    assert found == {TOKEN: 24}


def test_without_start_and_floor_a_history_begins_at_block_0(book: Book) -> None:
    """Where the configuration says nothing at all, nothing is left out."""
    assert Moments(book, replace(CHAIN, floor=None)).of(replace(deployment(), start=None)) == {TOKEN: 0}


def test_a_companion_starts_with_its_token_or_on_its_own(book: Book) -> None:
    """A companion without a start has the token's; one with a later start has that."""
    same = Companion("same", OTHER, (), None, None)
    later = Companion("later", "0x" + "99" * 20, (), None, 500)
    where = replace(deployment(companions=(same, later)), start=100)
    assert Moments(book, CHAIN).of(where) == {TOKEN: 100, OTHER: 100, "0x" + "99" * 20: 500}


def test_a_later_date_is_searched_from_an_earlier_one_on(book: Book) -> None:
    """What is known bounds the next search from below."""
    chain = Hourly()
    starts, head = Moments(book, CHAIN), chain.block(1_000)
    asyncio.run(starts.block_at(chain, date(2026, 1, 3), head))
    assert asyncio.run(starts.block_at(chain, date(2026, 1, 5), head)) == 96
    assert chain.searched[-1] == (ORIGIN + 96 * HOUR, 48)


def test_a_date_that_was_never_searched_says_what_to_run(book: Book) -> None:
    """Without a backfill a date is not a block yet, and the sentence names both."""
    with pytest.raises(Usage, match=r"2026-01-03 on testnet .* run `rwa backfill` first"):
        Moments(book, CHAIN).of(replace(deployment(), start=date(2026, 1, 3)))


@pytest.mark.parametrize(
    ("last", "block"),
    [
        pytest.param(30, 30, id="a block"),
        pytest.param(5_000, 100, id="a block above the head"),
        pytest.param(date(2026, 1, 2), 47, id="the end of a day"),
        pytest.param(date(2026, 1, 5), 100, id="a day that is not over"),
    ],
)
def test_a_window_ends_where_it_says_or_at_the_head(book: Book, last: int | date, block: int) -> None:
    """A block is itself, a day ends with its last block, and neither goes beyond the head."""
    chain = Hourly()
    assert asyncio.run(Moments(book, CHAIN).window_end(chain, last, chain.block(100))) == block
