"""Registries, oracles, queues and schedules that log absurd things: no crash, and never a wrong number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from line_kit import Quiet
from own_chain import (
    FIRST_SECOND,
    ZERO,
    Home,
    Named,
    Row,
    Said,
    account,
    header,
    home_of,
    log,
    write_config,
    write_recording,
)

from indexer.cli.ask import What
from indexer.cli.main import main
from indexer.serve.recording import Recording
from indexer.serve.replay import Replay, serving
from indexer.store.digests import digests
from indexer.store.read import connect
from indexer.sync.rebuild import rebuild

CHAIN, NUMBER, BLOCKS = "absurd", 900_101, 72
ONE, MOST, SIGN = 10**18, 2**256 - 1, 2**255
AGES = 31_556_952 * 10**9
"""Seconds of a thousand million years: no calendar has that date."""

ANNE, BOB, EVE = account(0xA11CE), account(0xB0B), account(0xE7E)
HOSTILE = "\0\u202egnp.exe\u0007<b>" + "x" * 10_000
TOKENS = (
    "usdo", "halted", "rusd", "gone", "xstock", "rated", "spent", "early", "benji", "sides", "here", "there", "liar",
    "owing",
)  # fmt: skip
AT = {name: account(0x70CE_0000 + number) for number, name in enumerate(TOKENS)}
ORACLE, NOBODY, PROVIDER, REGISTRY, NAV, AGENT, MANAGER, SPEAKER = (
    account(0xC0DE_0000 + n) for n in range(8)
)


def price(kind: str, contract: str, decimals: int) -> str:
    return (
        f'[[token.deployment.price]]\nkind = "{kind}"\ncontract = "{contract}"\ndecimals = {decimals}\n'
        'currency = "USD"\ncadence = "business_day"\nsource = "a test"\nconfidence = "high"'
    )


def named(name: str, accrual: str, reasons: str, events: str, **more: Any) -> Named:
    return Named(name, AT[name], 18, 0, (), accrual, reasons, tuple(events.split()), **more)


CONFIGURED = (
    named("usdo", "multiplier_rebase", "openeden", "usdo"),
    named("halted", "multiplier_rebase", "openeden", "usdo"),
    named("rusd", "price_rebase", "ondo", "rousg", speaks={ORACLE: ("ondo_range_oracle",)}, reads=("getPrice",)),
    named("gone", "price_rebase", "ondo", "rousg", speaks={NOBODY: ("ondo_range_oracle",)}, reads=("getPrice",)),
    named("xstock", "timed_rebase", "backed", "backed_autofee", reads=("getCurrentMultiplier",)),
    named(
        "rated", "dstoken", "securitize", "dstoken dstoken_shares",
        speaks={PROVIDER: ("dstoken_provider",), REGISTRY: ("dstoken_registry",)},
    ),
    named(
        "spent", "nav", "superstate", "superstate_token",
        speaks={NAV: ("superstate_oracle",)}, more=price("price_checkpoints", NAV, 6),
    ),
    named("early", "plain", "ondo", "usdy", speaks={MANAGER: ("ondo_manager",)}),
    named(
        "benji", "distribution", "franklin", "franklin_token",
        speaks={AGENT: ("franklin_transfer_agent",)}, more=price("settled", AGENT, 18),
    ),
    named("sides", "plain", "plain", "erc20", speaks={SPEAKER: ("erc20", "usdo", "proxy")}),
    named("here", "nav", "ondo", "ousg", speaks={AT["there"]: ("rousg",)}),
    named("there", "nav", "ondo", "ousg", speaks={AT["here"]: ("ousg",)}),
    named("liar", "plain", "superstate", "superstate_token"),
    named("owing", "plain", "superstate", "superstate_token")._replace(decimals=6),
)  # fmt: skip


def both(
    name: str, family: str, twin: str, sides: tuple[str, str], numbers: tuple[int, ...]
) -> list[tuple[str, Said]]:
    """Return a Transfer of the first number and its twin with the others."""
    transfer = Said("erc20", "Transfer", (*sides, numbers[0]))
    return [(AT[name], transfer), (AT[name], Said(family, twin, (*sides, *numbers[1:])))]


def move(name: str, sender: str, receiver: str, amount: int) -> tuple[str, Said]:
    return AT[name], Said("erc20", "Transfer", (sender, receiver, amount))


def shares_of(name: str, amount: int, shares: int) -> list[tuple[str, Said]]:
    family = {"rusd": "rousg", "gone": "rousg", "xstock": "backed_autofee"}[name]
    return both(name, family, "TransferShares", (ZERO, ANNE), (amount, shares))


def told() -> Mapping[int, list[tuple[str, Said]]]:
    """Return what each block's contracts log, one transaction a block."""
    checkpoint = "superstate_oracle", "NewCheckpoint"
    dividend = "franklin_transfer_agent", "DividendDistributed"
    settled = "franklin_transfer_agent", "TransactionSettled"
    wallet = "dstoken_registry", "DSRegistryServiceWalletAdded"
    ranged = "ondo_range_oracle", "RangeSet"
    return {
        1: [
            (ORACLE, Said(*ranged, (0, FIRST_SECOND - 9_000_000, AGES, 10**27, ONE))),
            *((AT[name], Said("usdo", "BonusMultiplier", (ONE,))) for name in ("usdo", "halted")),
            (AT["rated"], Said("dstoken", "DSServiceSet", (8196, PROVIDER))),
            (NAV, Said(*checkpoint, (FIRST_SECOND, FIRST_SECOND, 10_500_000))),
        ],
        2: [
            *(move(name, ZERO, ANNE, 5 * ONE) for name in TOKENS if name not in ("rusd", "gone", "xstock", "rated")),
            *shares_of("rusd", 5 * ONE, 50_000 * ONE),
            *shares_of("gone", 5 * ONE, 50_000 * ONE),
            *shares_of("xstock", 5 * ONE, 5 * ONE),
            *both("rated", "dstoken_shares", "TxShares", (ZERO, ANNE), (5 * ONE, 5 * ONE, ONE)),
        ],
        20: [
            (AT["halted"], Said("usdo", "BonusMultiplier", (0,))),
            (AT["usdo"], Said("usdo", "BonusMultiplier", (MOST,))),
            (ORACLE, Said(*ranged, (1, FIRST_SECOND + 100_000, 0, MOST, MOST))),
            (ORACLE, Said(*ranged, (SIGN, 0, MOST, 0, 0))),
            *(
                (AT["xstock"], Said("backed_autofee", "MultiplierScheduled", (MOST - n, AGES + n)))
                for n in range(1000)
            ),
            (PROVIDER, Said("dstoken_provider", "RebasingRateUpdated", (ONE, SIGN))),
            (REGISTRY, Said(*wallet, (ANNE, HOSTILE, EVE))),
            (REGISTRY, Said(*wallet, (BOB, "", EVE))),
            (NAV, Said(*checkpoint, (2**64 - 1, 2**64 - 1, 2**128 - 1))),
            (NAV, Said(*checkpoint, (FIRST_SECOND + 80_000, 0, 2**128 - 1))),
            (NAV, Said(*checkpoint, (FIRST_SECOND + 90_000, 0, 0))),
        ],
        21: [
            *(
                (MANAGER, Said("ondo_manager", "MintRequested", (ANNE, key, MOST, MOST, MOST)))
                for key in (bytes(32), b"\xff" * 32)
            ),
            (MANAGER, Said("ondo_manager", "RedemptionCompleted", (BOB, bytes(32), MOST, SIGN, MOST))),
            (MANAGER, Said("ondo_manager", "ClaimableTimestampSet", (AGES, b"\xff" * 32))),
            (AGENT, Said(*dividend, (ANNE, AGES, -SIGN, MOST, MOST))),
            (AGENT, Said(*dividend, (BOB, MOST, SIGN - 1, 0, 0, MOST, MOST, True))),
            (AGENT, Said(*settled, (ANNE, MOST, 255, bytes(32), SIGN, MOST, MOST))),
            (AGENT, Said("franklin_transfer_agent", "BalanceAdjusted", (ANNE, MOST, HOSTILE))),
            (SPEAKER, Said("erc20", "Transfer", (ANNE, EVE, 5 * ONE))),
            (SPEAKER, Said("erc20", "Transfer", (ZERO, EVE, MOST))),
            (SPEAKER, Said("usdo", "AccountBanned", (ANNE,))),
            (SPEAKER, Said("proxy", "Upgraded", (EVE,))),
            (AT["rated"], Said("dstoken", "Burn", (ANNE, MOST, HOSTILE))),
            (AT["liar"], Said("superstate_token", "AdminBurn", (EVE, ANNE, MOST))),
            move("owing", BOB, ANNE, 10**37),
        ],
    }  # fmt: skip


class Played(NamedTuple):
    """The home that the chain went into, and its configuration."""

    home: Home
    config: Path


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """All tokens on one chain, through the whole line; no contract answers a call."""
    folder = tmp_path_factory.mktemp("absurd")
    logs: list[Row] = []
    for block, many in told().items():
        logs += [log(block, n, address, *said.encoded(), tx=0) for n, (address, said) in enumerate(many)]
    path = write_recording(folder / f"{CHAIN}.json", NUMBER, [header(n) for n in range(BLOCKS)], logs)
    config = write_config(folder / "config", CHAIN, NUMBER, CONFIGURED)
    with serving(Replay([Recording(path)])) as url:
        home = home_of(folder / "home", config, f"{CHAIN}={url}")
        assert home.backfill(verify=False).open_spans == ()
    return Played(home, config)


def closes(played: Played, name: str) -> dict[date, tuple[Any, Any]]:
    """Return units and supply, or why there is none, at the close of each whole day."""
    rows = played.home.rows(
        "SELECT day, units, supply, why_null FROM supply_daily "
        f"WHERE token = '{name}' AND coverage = 'full' ORDER BY day"
    )
    return {
        row["day"]: (row["units"], row["supply"] if row["supply"] is not None else row["why_null"])
        for row in rows
    }


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("halted", "a multiplier of zero"),
        ("usdo", "38 digits"),
        ("rusd", "price"),
        ("rated", "38 digits"),
    ],
)
def test_an_absurd_rate_is_null_from_there_on(played: Played, name: str, why: str) -> None:
    """The day before it closes with the exact supply; from it on supply is NULL and says why."""
    first, *rest = closes(played, name).values()
    assert first[1] == 5
    assert rest
    for _, supply in rest:
        assert why in str(supply)


@pytest.mark.parametrize(
    ("name", "units"), [("gone", 50_000 * ONE), ("xstock", 5 * ONE), ("rusd", 50_000 * ONE)]
)
def test_shares_stay_known(played: Played, name: str, units: int) -> None:
    """An oracle that is no contract, and a thousand times that no calendar has, leave shares exact."""
    days = closes(played, name)
    assert {held for held, _ in days.values()} == {units}
    if name != "rusd":
        assert all(isinstance(why, str) and why for _, why in days.values())


def test_a_price_beyond_calendar_or_digits_is_null(played: Played) -> None:
    """A NAV of the year 584 thousand million, one of 39 digits and one of zero are gaps; the first one stands."""
    rows = played.home.rows(
        "SELECT price, effective_at, why_null FROM navs WHERE token = 'spent' ORDER BY block_number"
    )
    assert [row["price"] is not None for row in rows] == [True, False, False, False]
    assert rows[0]["why_null"] is None
    assert all(row["why_null"] for row in rows[1:])
    assert max(row["effective_at"].year for row in rows) == 2025


def test_an_absurd_request_says_what_does_not_fit(played: Played) -> None:
    """Steps of requests are there with NULL figures and the reason; an id of zeros is none."""
    rows = played.home.rows("SELECT * FROM request_events WHERE token = 'early' ORDER BY log_index")
    assert [row["phase"] for row in rows] == ["requested", "requested", "settled", "claimable"]
    assert [row["request_id"] is None for row in rows] == [True, False, True, False]
    for row in rows[:3]:
        assert (row["units"], row["asset_amount"]) == (None, None)
        assert "38 digits" in row["why_null"]


def test_an_absurd_dividend_has_no_day_and_no_rate(played: Played) -> None:
    """A dividend of a day and rate that no table holds moves nothing and has neither."""
    rows = played.home.rows("SELECT * FROM distributions WHERE token = 'benji' ORDER BY log_index")
    assert [(row["accrual_date"], row["rate"], row["units"]) for row in rows] == [(None, None, 0)] * 2
    assert [units for units, _ in closes(played, "benji").values()][-1] == 5 * ONE


def test_a_companion_speaks_for_nobody_else(played: Played) -> None:
    """Transfers and bans that a companion logs move nothing and are told as the companion's own."""
    assert set(closes(played, "sides").values()) == {(5 * ONE, 5)}
    assert played.home.values("SELECT holder FROM balances WHERE token = 'sides'") == [ANNE]
    assert played.home.values("SELECT DISTINCT contract FROM compliance_events WHERE token = 'sides'") == [
        SPEAKER
    ]


def test_a_burn_that_is_only_said_burns_nothing(played: Played) -> None:
    """An event about a burn without a Transfer leaves the ledger."""
    assert set(closes(played, "liar").values()) == {(5 * ONE, 5)}


def test_what_nobody_had_is_null(played: Played) -> None:
    """An address of a token with 6 decimals that sends 10^37 of nothing makes its stocks NULL, no crash."""
    assert {units for units, _ in closes(played, "owing").values()} == {None}
    assert all("a log may be missing" in str(why) for _, why in closes(played, "owing").values())


def test_text_of_a_log_is_short_plain_ascii(played: Played) -> None:
    """No control or bidi character and no ten thousand characters of a log come into a table."""
    for table in ("compliance_events", "entity_wallets", "request_events", "undecoded", "transfers"):
        for row in played.home.rows(f"SELECT * FROM {table}"):
            texts = [value for value in row.values() if isinstance(value, str)]
            assert all(text.isascii() and text.isprintable() and len(text) < 1000 for text in texts), row
    assert len(set(played.home.values("SELECT entity FROM entity_wallets"))) == 2


def test_every_answer_is_given(played: Played, capsys: pytest.CaptureFixture[str]) -> None:
    """`rwa show` answers every question about the absurd tokens, and `rwa status` is fine."""
    where = ["--home", str(played.home.settings.home), "--config", str(played.config)]
    for name in ("usdo", "rusd", "xstock", "rated", "spent", "benji"):
        for what in What:
            product = ["--product"] if what is What.PRODUCT else []
            assert main([*where, "show", what.value, name, *product]) == 0, capsys.readouterr().err
    assert main([*where, "status"]) == 0
    assert "Traceback" not in capsys.readouterr().err


def test_companions_of_each_other_are_each_their_own(played: Played) -> None:
    """Two tokens that listen to each other have their own supplies."""
    for name in ("here", "there"):
        assert set(closes(played, name).values()) == {(5 * ONE, 5)}


def test_the_order_of_tokens_does_not_matter(played: Played) -> None:
    """Derived again in the opposite order, every table has the same digest."""
    before = tables_of(played.home)
    tokens = list(played.home.registry.tokens.values())[::-1]
    rebuild(played.home.settings, played.home.registry, tokens, Quiet())
    assert tables_of(played.home) == before


def tables_of(home: Home) -> dict[str, str]:
    with connect(home.settings, home.registry) as con:
        return digests(con)
