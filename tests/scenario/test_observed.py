"""The tables beside the ledger over the recorded chains: a row for each log that tells one, and nothing else."""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from homes import Homes

from indexer.decode.abi import keccak

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from check_recordings.ours import opened  # noqa: E402 - found through the path above

RECORDINGS = ROOT / "tests" / "recordings"
CONFIG = RECORDINGS / "config"
Ask = Callable[[str, str], list[tuple[Any, ...]]]

PROCESS_WITHDRAW = (
    "ProcessWithdraw(address,address,uint256,uint256,uint256,uint256,uint256,{},uint256,bytes32,address)"
)
PROCESS_DEPOSIT = "ProcessDeposit(address,address,uint256,uint256,uint256,{},uint256,address,address)"
STEPS = {
    ("tbill", "redemption", "requested"): ("AddToWithdrawalQueue(address,address,uint256,bytes32)",),
    ("tbill", "redemption", "settled"): tuple(
        PROCESS_WITHDRAW.format(kind) for kind in ("int256", "uint256")
    ),
    ("tbill", "subscription", "settled"): tuple(
        PROCESS_DEPOSIT.format(kind) for kind in ("int256", "uint256")
    ),
    ("ustb", "bridge", "settled"): ("Bridge(address,address,uint256,address,string,uint256)",),
    ("ustb", "redemption", "settled"): ("OffchainRedeem(address,address,uint256)",),
    ("ustb", "subscription", "settled"): (
        "Subscribe(address,address,uint256,uint256,uint256)",
        "SubscribeV2(address,address,address,uint256,uint256,uint256)",
    ),
    ("maple", "redemption", "requested"): ("RedemptionRequested(address,uint256,uint256)",),
    ("maple", "redemption", "settled"): ("Withdraw(address,address,address,uint256,uint256)",),
    ("xaum_main", "mint", "requested"): ("MintRequest(address,uint256,uint256)",),
    ("xaum_main", "redemption", "settled"): ("Redeem(address,uint256,bytes)",),
    ("benji", "transfer", "settled"): (
        "TransferSettled(address,address,uint256,uint8,bytes32,uint256,uint256)",
    ),
}
"""By file, kind and phase: the events that tell such a step, each log once."""

CONTRACTS = {
    "usdo": {"ban": "AccountBanned(address)", "unban": "AccountUnbanned(address)"},
    "stbt": {"seize": "ControllerTransfer(address,address,address,uint256,bytes,bytes)"},
    "rusdy_audit2023": {"allow": "AccountStatusSet(address,uint256,bool)"},
    "tbill": {"allow": "GrantKyc(address,uint8)"},
}
"""By file: a kind of compliance event and the log that tells it; each names one account."""

WAITING = ("tbill", "maple", "xaum_main", "benji")
"""Files whose requests wait before they settle."""


@pytest.fixture(scope="module")
def ask(homes: Homes) -> Ask:
    """What a reader of a file's home gets for SQL."""

    def answer(name: str, sql: str) -> list[tuple[Any, ...]]:
        with opened(homes.plain(name).home, CONFIG) as con:
            return con.execute(sql).fetchall()

    return answer


@cache
def logs_of(name: str) -> Counter[str]:
    """Return how many logs the file has of each first topic."""
    with gzip.open(RECORDINGS / f"{name}.json.gz", "rt", encoding="utf-8") as file:
        return Counter(log["topics"][0] for log in json.load(file)["logs"] if log["topics"])


def count(name: str, *signatures: str) -> int:
    return sum(logs_of(name)[f"0x{keccak(signature.encode()).hex()}"] for signature in signatures)


@pytest.mark.parametrize(("name", "kind", "phase"), STEPS)
def test_each_log_is_a_step(ask: Ask, name: str, kind: str, phase: str) -> None:
    """As many steps as logs that tell them."""
    found = ask(name, f"SELECT count(*) FROM request_events WHERE kind = '{kind}' AND phase = '{phase}'")
    wanted = count(name, *STEPS[name, kind, phase])
    assert wanted > 0
    assert found == [(wanted,)]


@pytest.mark.parametrize("name", WAITING)
def test_what_settles_was_asked_for(ask: Ask, name: str) -> None:
    """Each step of a request with an id stands behind its first one, and the first asks."""
    orphans = ask(
        name,
        "SELECT DISTINCT phase FROM request_events r WHERE request_id IS NOT NULL AND (block_number, log_index) ="
        " (SELECT min((block_number, log_index)) FROM request_events f"
        " WHERE f.request_id = r.request_id AND f.kind IS NOT DISTINCT FROM r.kind)",
    )
    assert orphans == [("requested",)]


@pytest.mark.parametrize("name", WAITING)
def test_requests_are_the_last_steps(ask: Ask, name: str) -> None:
    """`requests` has a row for each id, open where no step ended it."""
    steps = ask(
        name,
        "SELECT count(DISTINCT (request_id, kind)) FROM request_events WHERE request_id IS NOT NULL",
    )
    joined = "request IN (SELECT request_id FROM request_events)"
    assert ask(name, f"SELECT count(*) FROM requests WHERE {joined}") == steps
    assert ask(name, "SELECT DISTINCT phase FROM requests WHERE is_open") in (
        [], [("requested",)], [("changed",)], [("requested",), ("changed",)], [("changed",), ("requested",)],
    )  # fmt: skip


def test_what_waits_is_what_the_ledger_holds_for_it(ask: Ask) -> None:
    """TBILL: the shares of open redemptions are those that were queued and not burned yet."""
    waiting = ask("tbill", "SELECT sum(units) FROM requests WHERE is_open AND kind = 'redemption'")
    queued = "sum(CASE reason WHEN 'escrow_in' THEN units WHEN 'redemption' THEN -units END)"
    assert waiting == ask("tbill", f"SELECT {queued} FROM transfers WHERE link IS NOT NULL")
    assert waiting[0][0] > 0


def test_every_dividend_is_a_row(ask: Ask) -> None:
    """BENJI: as many rows as logs; what they paid is what the ledger calls distribution."""
    told = count("benji", "DividendDistributed(address,uint256,int256,uint256,uint256)")
    assert ask("benji", "SELECT count(*) FROM distributions WHERE evidence = 'event'") == [(told,)]
    paid = ask("benji", "SELECT sum(units) FROM distributions")
    signed = "sum(CASE effect WHEN 'mint' THEN units ELSE -units END)"
    assert paid == ask("benji", f"SELECT {signed} FROM transfers WHERE reason = 'distribution'")
    assert ask("benji", "SELECT count(*) FROM distributions WHERE units IS DISTINCT FROM told_units") == [
        (0,)
    ]


@pytest.mark.parametrize("name", CONTRACTS)
def test_each_compliance_log_is_a_row(ask: Ask, name: str) -> None:
    """Bans, seizures and admissions: a row a log, each with its account."""
    for kind, signature in CONTRACTS[name].items():
        event = signature.partition("(")[0]
        told = f"kind IN ('{kind}', 'disallow') AND detail LIKE '{event}%' AND account IS NOT NULL"
        found = ask(name, f"SELECT token, count(*) FROM compliance_events WHERE {told} GROUP BY token")
        assert {rows for _, rows in found} == {count(name, signature)}


@pytest.mark.parametrize(("name", "signature"), [
    ("ustb", "EntityIdSet(address,uint256)"),
    ("dstoken", "DSRegistryServiceWalletAdded(address,string,address)"),
])  # fmt: skip
def test_wallets_have_entities(ask: Ask, name: str, signature: str) -> None:
    """Every wallet stands with one entity of a registry at a time, and no row is there that no log tells."""
    overlaps = (
        "SELECT count(*) FROM entity_wallets a JOIN entity_wallets b ON (a.token, a.contract, a.wallet) ="
        " (b.token, b.contract, b.wallet) AND a.from_block < b.from_block"
        " AND b.from_block <= coalesce(a.to_block, b.from_block)"
    )
    assert ask(name, overlaps) == [(0,)]
    ((wallets,),) = ask(name, "SELECT count(*) FROM entity_wallets")
    assert 0 < wallets <= count(name, signature)


def test_no_investor_id_is_in_a_table(ask: Ask) -> None:
    """DSToken: entities are hashes, and the locks by investor name those same hashes."""
    strange = "SELECT count(*) FROM entity_wallets WHERE NOT regexp_full_match(entity, '[0-9a-f]{32}')"
    assert ask("dstoken", strange) == [(0,)]
    locked = "SELECT count(*) FROM compliance_events WHERE detail LIKE 'HolderLocked%'"
    named = (
        f"{locked} AND regexp_extract(detail, 'holderId=(\\w+)', 1) IN (SELECT entity FROM entity_wallets)"
    )
    assert ask("dstoken", named) == ask("dstoken", locked) != [(0,)]
