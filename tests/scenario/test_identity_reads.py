"""However the blocks were fetched and however far earlier runs came, what rests on reads, instants and other
contracts is the same too; and what is raw makes it again without an endpoint."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from homes import Filled, Homes
from line_kit import Quiet, differing, digests_of, run, settings_for

from indexer.config.model import Registry, Token
from indexer.config.settings import Settings
from indexer.serve.misbehave import Faults
from indexer.sync.coverage import Task
from indexer.sync.orders import Outcome
from indexer.sync.rebuild import rebuild, recompute

SEED = 20_261_125
FILES: Mapping[str, tuple[str, ...]] = {
    "backed": ("backed",),
    "rousg": ("rousg",),
    "usdo": ("usdo",),
    "benji": ("benji",),
    "dstoken": ("dstoken",),
    "xaum": ("xaum_main", "xaum_side"),
}
"""What each home holds: a rate read by the day, an oracle that is switched, a multiplier without a shares event,
dividends told elsewhere, shares with a provider, and two chains with a bridge."""

Plain = Callable[[str], Filled]


class Way(NamedTuple):
    """One way to fetch: what the endpoint does, in which order spans are asked, and where earlier runs ended."""

    home: str
    faults: Faults = Faults()
    order: str = "as cut"
    stops: tuple[int, ...] = ()


def _reversed(tasks: list[Task]) -> list[Task]:
    return tasks[::-1]


def _shuffled(tasks: list[Task]) -> list[Task]:
    return random.Random(SEED).sample(tasks, len(tasks))


ORDERS: Mapping[str, Callable[[list[Task]], list[Task]]] = {
    "as cut": list,
    "reversed": _reversed,
    "shuffled": _shuffled,
}
FAILING = Faults(range_cap=7, error_rate=0.2, seed=SEED)
WAYS = [
    pytest.param(Way("backed", FAILING, "shuffled"), id="backed: 7 blocks, 20 % fail, shuffled"),
    pytest.param(Way("backed", stops=(60, 61, 200)), id="backed: four windows"),
    pytest.param(Way("rousg", Faults(range_cap=1)), id="rousg: one block a request"),
    pytest.param(Way("rousg", FAILING, stops=(90, 300)), id="rousg: before and behind the switch"),
    pytest.param(Way("usdo", Faults(range_cap=500, result_cap=20), "reversed"), id="usdo: 20 logs, reversed"),
    pytest.param(Way("benji", Faults(result_cap=60), stops=(215,)), id="benji: 60 logs, two windows"),
    pytest.param(
        Way("dstoken", Faults(address_cap=2, rate_limit=40, range_cap=150)), id="dstoken: two addresses"
    ),
    pytest.param(
        Way("dstoken", stops=(20, 200), order="shuffled"), id="dstoken: before its services are set"
    ),
    pytest.param(Way("xaum", FAILING, "reversed", stops=(100,)), id="xaum: both chains in two windows"),
]


def fetched(home: Path, way: Way) -> None:
    """Fill *home* by *way*; each earlier run ends at a block."""
    for last in (*way.stops, "finalized"):
        for name in FILES[way.home]:
            assert run(home, name, way.faults, arrange=ORDERS[way.order], last=last).open_spans == ()


@pytest.fixture(scope="module")
def plain(homes: Homes) -> Plain:
    """Each home by name, filled in one run from a well-behaved endpoint, and its digests."""
    return lambda name: homes.plain(*FILES[name])


@pytest.mark.parametrize("way", WAYS)
def test_the_way_leaves_the_tables_as_they_are(way: Way, plain: Plain, tmp_path: Path) -> None:
    """Caps, failures, orders and windows change no table, nor which calls and instants are asked for."""
    fetched(tmp_path, way)
    whole = plain(way.home).digests
    told = {"publications", "restatements"} if way.stops else set()  # what was said on the way
    same = {name: digest for name, digest in whole.items() if name not in told}
    assert differing(same, digests_of(tmp_path)) == []


@pytest.mark.parametrize("name", FILES)
def test_raw_rows_make_the_tables_again(name: str, plain: Plain, tmp_path: Path) -> None:
    """`rwa metrics`, and `rwa rebuild`, which finds calls, instants and transactions among the raw rows."""
    home, whole = plain(name).copy(tmp_path / "home"), plain(name).digests
    for again in (recompute, rebuild):
        outcome = without_endpoint(home, again)
        assert [result.note for result in outcome.results if result.note] == []
        assert differing(whole, digests_of(home)) == []


def without_endpoint(
    home: Path, again: Callable[[Settings, Registry, list[Token], Quiet], Outcome]
) -> Outcome:
    """Make the tables of every token of *home* again, with no endpoint to ask."""
    settings, registry = settings_for(home, [])
    return again(settings, registry, list(registry.tokens.values()), Quiet())


def test_the_homes_hold_what_the_facts_are_about(plain: Plain) -> None:
    """There are reads, instants, fetched transactions, distributions, requests, prices and legs to differ."""
    held = {name: plain(name).digests for name in FILES}
    wanted = {
        "reads": ("backed", "rousg"), "moments": ("backed", "rousg"), "distributions": ("benji", "dstoken"),
        "request_events": ("benji", "xaum"), "navs": ("rousg", "usdo", "benji"), "entity_wallets": ("dstoken",),
        "bridge_legs": ("xaum",), "transactions": ("usdo", "dstoken"), "compliance_events": tuple(FILES),
    }  # fmt: skip
    empty = [(t, name) for t, names in wanted.items() for name in names if held[name][t].endswith("-0")]
    assert empty == []
