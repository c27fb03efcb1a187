"""Two recorded chains joined by a bridge: every arrival finds its departure, and what is under way adds up."""

import gzip
import json
from collections import defaultdict, deque
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from homes import Homes
from line_kit import CONFIG, RECORDINGS, Quiet, digests_of, run, settings_for

from indexer.store.read import connect
from indexer.sync.rebuild import rebuild

PAIR = ("xaum_main", "xaum_side")
OTHER = dict(zip(PAIR, reversed(PAIR), strict=True))
CHAINS = {"xaum_main": "eip155:900010", "xaum_side": "eip155:900011"}


@cache
def told(name: str) -> dict[str, Any]:
    with gzip.open(RECORDINGS / f"{name}.json.gz", "rt", encoding="utf-8") as file:
        raw: dict[str, Any] = json.load(file)
    return raw


@pytest.fixture(scope="module")
def home(homes: Homes) -> Path:
    """Both chains, one after the other."""
    return homes.plain(*PAIR).home


def rows(home: Path, sql: str) -> list[tuple[Any, ...]]:
    settings, registry = settings_for(home, [], CONFIG)
    with connect(settings, registry) as con:
        return con.execute(sql).fetchall()


def journal(name: str, operation: str) -> Iterator[tuple[int, tuple[str, str, int], str]]:
    """Yield (time, what crossed, transaction) of the operator's own calls that succeeded."""
    raw = told(name)
    times = {int(b["number"], 16): int(b["timestamp"], 16) for b in raw["blocks"]}
    hashes = {int(b["number"], 16): b["transactions"] for b in raw["blocks"]}
    for block, index, said, _, _, args, status in raw["truth"]["journal"]:
        if said == operation and status == 1:
            sender, receiver, value = args
            yield times[block], (sender.lower(), receiver.lower(), int(value)), hashes[block][index]


def expected(here: str) -> set[tuple[str, str]]:
    """Return (departure, arrival) of what arrived *here*: of equal calls the first sent arrives first."""
    waiting: dict[tuple[str, str, int], deque[str]] = defaultdict(deque)
    for _, what, tx in journal(OTHER[here], "ccSendToken"):
        waiting[what].append(tx)
    return {(waiting[what].popleft(), tx) for _, what, tx in journal(here, "ccReceive")}


@pytest.mark.parametrize("name", PAIR)
def test_every_arrival_finds_its_departure(home: Path, name: str) -> None:
    """The pairs are those of the operators' journal: sender, receiver and amount, in the order sent."""
    found = rows(
        home,
        f"SELECT matched_tx, tx_hash FROM bridge_legs WHERE chain_id = '{CHAINS[name]}' AND direction = 'in'",
    )
    assert set(found) == expected(name)
    assert len(found) == len(expected(name)) > 100


@pytest.mark.parametrize("name", PAIR)
def test_what_is_under_way_is_what_the_recording_says(home: Path, name: str) -> None:
    """Departures without arrival add up to in_flight_to_this_chain_at_end, to the last unit."""
    there = CHAINS[OTHER[name]]
    ((amount, oldest),) = rows(
        home,
        "SELECT sum(amount_raw), max(age_seconds) FROM bridge_legs"
        f" WHERE chain_id = '{there}' AND direction = 'out' AND in_transit",
    )
    assert amount == Decimal(told(name)["tokens"]["XAUm"]["extra"]["in_flight_to_this_chain_at_end"])
    assert 0 < oldest < 72 * 3600


def test_no_arrival_is_left_without_departure(home: Path) -> None:
    """Both chains are held from their start, so nothing came from nowhere."""
    assert rows(home, "SELECT count(*) FROM bridge_legs WHERE direction = 'in' AND matched_by IS NULL") == [
        (0,)
    ]


def test_both_legs_name_each_other_and_share_a_link(home: Path) -> None:
    """A pair is two rows that point at each other; the transfers show link and chain, told by an event."""
    assert rows(
        home,
        """SELECT DISTINCT a.link = b.link AND a.matched_at = b.matched_at AND b.matched_tx = a.tx_hash
           FROM bridge_legs a JOIN bridge_legs b
           ON a.matched_chain = b.chain_id AND a.matched_tx = b.tx_hash AND a.matched_log_index = b.log_index""",
    ) == [(True,)]
    assert rows(
        home,
        """SELECT DISTINCT t.evidence, t.link = l.link, t.other_chain = l.matched_chain
           FROM transfers t JOIN bridge_legs l USING (token, chain_id, tx_hash, log_index, entry)
           WHERE l.matched_by IS NOT NULL""",
    ) == [("event", True, True)]


def test_the_product_only_changes_by_issuance_and_redemption(home: Path) -> None:
    """On every day supply and what is under way, over both chains, are what was minted and burned but for crossings."""
    days = rows(
        home,
        """SELECT p.day, p.supply + p.in_transit, p.in_transit, p.complete, sum(
             CASE t.effect WHEN 'mint' THEN t.amount WHEN 'burn' THEN -t.amount END)
           FROM product_daily p JOIN transfers t ON t.block_time < p.day + INTERVAL 1 DAY
           WHERE p.coverage = 'full' AND t.reason NOT IN ('bridge_in', 'bridge_out')
           GROUP BY ALL ORDER BY p.day""",
    )
    assert len(days) > 30
    assert all(complete for *_, complete, _ in days)
    assert [whole for _, whole, *_ in days] == [issued for *_, issued in days]
    assert sum(1 for _, _, under_way, *_ in days if under_way) > 3


def test_supplies_and_what_is_under_way_are_what_was_minted_and_redeemed(home: Path) -> None:
    """The sum of both supplies and the tokens under way only changes by issuance and redemption."""
    ((supply,),) = rows(
        home,
        "SELECT sum(CASE effect WHEN 'mint' THEN amount_raw WHEN 'burn' THEN -amount_raw END) FROM transfers",
    )
    ((under_way,),) = rows(
        home, "SELECT sum(amount_raw) FROM bridge_legs WHERE in_transit AND direction = 'out'"
    )
    ((issued,),) = rows(
        home,
        """SELECT sum(CASE effect WHEN 'mint' THEN amount_raw WHEN 'burn' THEN -amount_raw END) FROM transfers
           WHERE reason NOT IN ('bridge_in', 'bridge_out')""",
    )
    assert supply + under_way == issued


def test_the_order_of_the_chains_does_not_matter(home: Path, tmp_path: Path) -> None:
    """The other chain first, and derived again from raw rows: the same tables."""
    for name in reversed(PAIR):
        run(tmp_path, name)
    assert digests_of(tmp_path) == digests_of(home)
    settings, registry = settings_for(tmp_path, [], CONFIG)
    rebuild(settings, registry, [registry.tokens["xaum"]], Quiet())
    assert digests_of(tmp_path) == digests_of(home)


def test_one_chain_alone_says_what_it_cannot_know(homes: Homes) -> None:
    """While the other chain is not in the home nothing is called under way."""
    found = rows(
        homes.plain("xaum_main").home,
        "SELECT DISTINCT in_transit, why_null FROM bridge_legs WHERE direction = 'out'",
    )
    assert found == [
        (None, "its destination is not told, and 1 deployments of the token are not in this home")
    ]


def test_nothing_is_missing_that_no_rule_asked_for(home: Path) -> None:
    """A crossing's log tells all, so its transaction is not fetched and does not count as missing."""
    assert rows(home, "SELECT DISTINCT inputs_missing FROM derivations") == [(0,)]
    assert rows(home, "SELECT count(*) FROM transactions JOIN bridge_legs USING (tx_hash)") == [(0,)]
