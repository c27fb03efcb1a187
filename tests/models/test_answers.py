"""What `rwa show` answers: days, now, blocks, instants, and sentences where there is no figure."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache

import duckdb
import pytest
from metrics_kit import CHAIN, address, full, given, lines, moment, shown, values

from indexer.floor.errors import Usage
from indexer.floor.tables import TABLES
from indexer.metrics.answers import (
    ANSWERS,
    Question,
    balances,
    flows,
    holders,
    nav,
    product,
    rollforward,
    supply,
    transfers,
    yields,
)
from indexer.metrics.runner import compute

FRONTIER = "2024-01-03T12:00:00"
LEDGER = """
block  time                 from  to  raw      effect  reason
10     2024-01-01T10:00:00  -     a   5000000  mint    issuance
20     2024-01-02T10:00:00  a     b   2000000  move    transfer
20     2024-01-02T10:00:00  b     -   500000   burn    redemption
30     2024-01-03T10:00:00  -     c   1000000  mint    issuance
"""


def con_of(tables: dict[str, str], frontier: str = FRONTIER, **rows: list[dict]) -> duckdb.DuckDBPyConnection:
    """Return a connection with the inputs and the metrics as views, as a home shows them."""
    whole = given(tables, frontier) | rows
    made = {name: table.to_pylist() for name, table in compute(shown(whole))}
    return shown(whole | made)


@cache
def plain() -> duckdb.DuckDBPyConnection:
    """Return the ledger above; it is only read."""
    return con_of({"transfers": LEDGER})


def ask(**asked: object) -> Question:
    return Question(("t",), **asked)


def test_supply_is_a_row_a_day_and_one_for_now():
    """The frontier's day has no close; the row for now has the figure, at the frontier's block."""
    rows = supply(plain(), ask()).to_pylist()
    assert [(row["as_of"], row["supply"], row["block_number"]) for row in rows] == [
        ("2024-01-01", Decimal(5), None),
        ("2024-01-02", Decimal("4.5"), None),
        ("2024-01-03", None, None),
        ("now", Decimal("5.5"), 1000),
    ]


def test_days_from_and_to_are_both_included_and_end_without_now():
    """--from and --to choose days; a last day leaves the row for now out."""
    rows = supply(plain(), ask(first=date(2024, 1, 2), last=date(2024, 1, 2))).to_pylist()
    assert [row["day"] for row in rows] == [date(2024, 1, 2)]


@pytest.mark.parametrize(
    ("at", "wanted", "as_of"),
    [
        (10, "5", "block 10"),
        (19, "5", "block 19"),
        (20, "4.5", "block 20"),
        (1000, "5.5", "block 1000"),
        (date(2024, 1, 2), "4.5", "2024-01-02"),
        (moment("2024-01-02T09:59:59"), "5", "2024-01-02 09:59:59 UTC"),
        (moment("2024-01-02T10:00:00"), "4.5", "2024-01-02 10:00:00 UTC"),
        (datetime(2024, 1, 2, 10, tzinfo=UTC), "4.5", "2024-01-02 10:00:00 UTC"),
        (datetime(2024, 1, 2, 11, tzinfo=timezone(timedelta(hours=2))), "5", "2024-01-02 09:00:00 UTC"),
        (moment("2023-12-31"), "0", "2023-12-31 00:00:00 UTC"),
        (5, "0", "block 5"),
    ],
)
def test_supply_at_a_point(at, wanted: str, as_of: str):
    """At a block, day or instant the supply is that of the last change up to there."""
    (row,) = supply(plain(), ask(at=at)).to_pylist()
    assert (row["supply"], row["as_of"], row["why_null"]) == (Decimal(wanted), as_of, None)


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (1001, "block 1001 is beyond the frontier, block 1000"),
        (0, "block 0 is before the first covered block, 1"),
        (
            moment("2024-01-03T12:00:01"),
            "2024-01-03 12:00:01 UTC is beyond the frontier, 2024-01-03 12:00:00 UTC",
        ),
        (date(2024, 1, 4), "2024-01-04 is beyond the frontier, 2024-01-03 12:00:00 UTC"),
    ],
)
def test_what_is_not_covered_is_null_with_a_sentence(at, why: str):
    """Beyond the frontier and before the first covered block there is no figure, and a sentence says so."""
    con = plain()
    for answer in (supply, balances, holders):
        if answer is holders and type(at) is date:
            continue
        (row,) = answer(con, ask(at=at)).to_pylist()
        assert row["why_null"] == why


def test_a_day_that_is_not_over_says_so():
    """The frontier's own day is answered from supply_daily, with its reason."""
    (row,) = supply(plain(), ask(at=date(2024, 1, 3))).to_pylist()
    assert (row["supply"], row["why_null"]) == (None, "the day is not over at the frontier")
    (row,) = balances(plain(), ask(at=date(2024, 1, 3))).to_pylist()
    assert row["why_null"] == "2024-01-03 is not over at the frontier, 2024-01-03 12:00:00 UTC"


def test_balances_are_largest_first_and_leave_out_who_holds_nothing():
    """Now: a 3, b 1.5, c 1; at block 10 only a."""
    rows = balances(plain(), ask()).to_pylist()
    assert [(row["holder"], row["balance"]) for row in rows] == [
        (address("a"), Decimal(3)),
        (address("b"), Decimal("1.5")),
        (address("c"), Decimal(1)),
    ]
    (row,) = balances(plain(), ask(at=10)).to_pylist()
    assert (row["holder"], row["balance"], row["as_of"]) == (address("a"), Decimal(5), "block 10")
    assert len(balances(plain(), ask(limit=2)).to_pylist()) == 2


def test_holders_at_a_block_know_the_roles_of_that_time():
    """b is an escrow from 10:00 on, so at its block it is an address and no holder."""
    roles = [
        full(
            "address_roles",
            {"address": address("b"), "role": "escrow", "from_time": moment("2024-01-02T10:00:00")},
        )
    ]
    con = con_of({"transfers": LEDGER}, address_roles=roles)
    (row,) = holders(con, ask(at=20)).to_pylist()
    assert (row["addresses"], row["holders"]) == (2, 1)


def test_holders_by_day_have_the_whole_token_beside_its_chains():
    """Rows of chain `all` stand beside those of the chain."""
    rows = holders(plain(), ask(at=date(2024, 1, 2))).to_pylist()
    assert [(row["chain_id"], row["addresses"]) for row in rows] == [("all", 2), (CHAIN, 2)]


@pytest.mark.parametrize("answer", [rollforward, flows])
@pytest.mark.parametrize("at", [20, moment("2024-01-02T10:00:00")])
def test_movements_cover_whole_days(answer, at):
    """A roll-forward or a flow at a block or an instant is refused, with what to ask instead."""
    with pytest.raises(Usage, match="covers whole days: ask for a day with --at"):
        answer(plain(), ask(at=at))


def test_a_day_of_movements():
    """--at a day gives that day's row, its opening, movements and closing."""
    (row,) = rollforward(plain(), ask(at=date(2024, 1, 2))).to_pylist()
    assert (row["opening"], row["redeemed"], row["closing"]) == (Decimal(5), Decimal("-0.5"), Decimal("4.5"))
    assert [row["reason"] for row in flows(plain(), ask(at=date(2024, 1, 2))).to_pylist()] == [
        "redemption",
        "transfer",
    ]


def test_entries_of_a_block_of_days_and_the_newest():
    """Entries come in chain order; with a limit the newest ones."""
    con = plain()
    assert [row["effect"] for row in transfers(con, ask(at=20)).to_pylist()] == ["move", "burn"]
    assert len(transfers(con, ask(first=date(2024, 1, 2), last=date(2024, 1, 2))).to_pylist()) == 2
    assert [row["block_number"] for row in transfers(con, ask(limit=2)).to_pylist()] == [20, 30]
    with pytest.raises(Usage, match="Entries belong to blocks"):
        transfers(con, ask(at=moment("2024-01-02T10:00:00")))


def test_the_newest_days_with_a_limit():
    """A limit keeps the newest days of every token, and sorts as ever."""
    rows = rollforward(plain(), ask(limit=1)).to_pylist()
    assert [row["day"] for row in rows] == [date(2024, 1, 3)]


def test_a_token_that_is_not_indexed_says_so():
    """A deployment without a derivation has a row with the reason, not silence."""
    con = con_of({"transfers": LEDGER}, deployments=[
        full("deployments", {}),
        full("deployments", {"chain_id": "solana:1", "chain": "solana", "status": "known"}),
    ])  # fmt: skip
    rows = supply(con, ask(first=date(2024, 1, 4))).to_pylist()
    assert [(row["chain_id"], row["supply"], row["why_null"]) for row in rows] == [
        (CHAIN, Decimal("5.5"), None),
        ("solana:1", None, "t on solana is not indexed here"),
    ]


def test_a_block_number_needs_one_chain():
    """A block of one chain says nothing of another."""
    con = con_of({"transfers": LEDGER}, deployments=[
        full("deployments", {}),
        full("deployments", {"chain_id": "eip155:10", "chain": "optimism"}),
    ])  # fmt: skip
    with pytest.raises(Usage, match=r"lives on ethereum, optimism\. Choose one with --chain"):
        supply(con, ask(at=20))
    (row,) = supply(con, ask(at=20, chain_ids=(CHAIN,))).to_pylist()
    assert row["supply"] == Decimal("4.5")


REBASING = {
    "transfers": """
block  time                 from  to  raw  units  effect  why_null
10     2024-01-01T10:00:00  -     a   7    7      mint    -
10     2024-01-01T10:00:00  a     b   2    2      move    -
""",
    "supply_changes": """
at                   block  cause   units  supply_raw  supply    why_null
2024-01-01T10:00:00  10     mint    7      7           0.000007  -
2024-01-02T00:00:00  -      rebase  7      10          0.00001   -
2024-01-03T00:00:00  30     rebase  7      -           -         the log is not known
""",
    "rebases": """
at                   amount    why_null
2024-01-02T00:00:00  0.000003  -
2024-01-03T00:00:00  -         the log is not known
""",
}


@cache
def rebasing() -> duckdb.DuckDBPyConnection:
    return con_of(REBASING)


def test_balances_of_a_rebasing_token_follow_its_supply():
    """5 of 7 shares of 10 base units are 7, cut; 2 of 7 are 2."""
    rows = balances(rebasing(), ask(at=moment("2024-01-02"))).to_pylist()
    assert [(row["units"], row["balance"]) for row in rows] == [
        (Decimal(5), Decimal("0.000007")),
        (Decimal(2), Decimal("0.000002")),
    ]


def test_the_multiplier_is_cut_to_18_decimals():
    """10 over 7."""
    (row,) = supply(rebasing(), ask(at=moment("2024-01-02"))).to_pylist()
    assert row["multiplier"] == Decimal("1.428571428571428571")


def test_in_a_gap_units_are_given_and_figures_are_not():
    """Where the supply is unknown, shares stand and balances are NULL with the reason."""
    con = rebasing()
    (row,) = supply(con, ask(at=30)).to_pylist()
    assert (row["units"], row["supply"], row["why_null"]) == (Decimal(7), None, "the log is not known")
    assert {(row["balance"], row["why_null"]) for row in balances(con, ask(at=30)).to_pylist()} == {
        (None, "the log is not known")
    }


def test_a_block_near_a_step_by_time_is_not_guessed():
    """Between two blocks whose times are known the supply moved by time: the block alone cannot tell."""
    con = rebasing()
    (row,) = supply(con, ask(at=15)).to_pylist()
    assert row["supply"] is None
    assert row["why_null"].startswith("the supply moved by time near block 15")
    (row,) = supply(con, ask(at=10)).to_pylist()
    assert row["supply"] == Decimal("0.000007")


def test_a_certificate_at_the_point():
    """state where nothing changed since the check, open after a change, failed after a failing one."""
    checks = """
block  time                 verdict
25     2024-01-02T12:00:00  pass
29     2024-01-02T13:00:00  unknown
"""
    rows = [full("certificates", values(TABLES["certificates"], row)) for row in lines(checks)]
    con = con_of({"transfers": LEDGER}, certificates=rows)
    found = {at: supply(con, ask(at=at)).to_pylist()[0]["certificate"] for at in (20, 29, 30)}
    assert found == {20: "none", 29: "state", 30: "open"}
    failed = [*rows, full("certificates", {**rows[0], "block_number": 40, "verdict": "fail"})]
    con = con_of({"transfers": LEDGER}, certificates=failed)
    assert supply(con, ask(at=40)).to_pylist()[0]["certificate"] == "failed"


def test_an_entry_without_units_ends_what_is_known_of_balances():
    """Before the entry balances are given, from it on one row says why not."""
    ledger = """
block  time                 from  to  raw  units  effect  why_null
10     2024-01-01T10:00:00  -     a   7    7      mint    -
20     2024-01-01T11:00:00  a     b   2    -      move    the shares are not known
"""
    con = con_of({"transfers": ledger})
    assert balances(con, ask(at=10)).to_pylist()[0]["units"] == Decimal(7)
    (row,) = balances(con, ask(at=20)).to_pylist()
    assert (row["holder"], row["why_null"]) == (None, "the shares are not known")


def test_what_circulates_at_a_point_needs_a_list():
    """Float is left out while its role lasts; without any role what circulates is not known, and says so."""
    roles = [
        full(
            "address_roles",
            {"address": address("a"), "role": "issuer_float", "to_time": moment("2024-01-03")},
        )
    ]
    con = con_of({"transfers": LEDGER}, address_roles=roles)
    found = [supply(con, ask(at=at)).to_pylist()[0]["circulating"] for at in (10, 20, 30)]
    assert found == [Decimal(0), Decimal("1.5"), Decimal("5.5")]
    (row,) = supply(con_of({"transfers": LEDGER}, address_roles=[]), ask(at=20)).to_pylist()
    assert (row["supply"], row["circulating"]) == (Decimal("4.5"), None)
    assert row["why_null"] == "no list of the issuer's own addresses is known"


ESCROW = """
block  time                 from  to  raw  effect  reason      party
10     2024-01-01T10:00:00  -     a   100  mint    issuance    -
20     2024-01-02T10:00:00  a     e   60   move    escrow_in   -
20     2024-01-02T10:00:00  a     e   40   move    escrow_in   d
30     2024-01-03T10:00:00  e     -   60   burn    redemption  a
"""


def test_what_is_behind_an_escrow_at_a_point_is_its_requesters():
    """Whoever asked is named with what is still theirs, and counts as a holder, as in the daily tables."""
    role = full("address_roles", {"address": address("e"), "role": "escrow"})
    con = con_of({"transfers": ESCROW}, address_roles=[role])
    shown_at = {at: balances(con, ask(at=at)).to_pylist() for at in (20, 30)}
    names = ("holder", "balance", "escrowed", "beneficial")
    assert [[str(row[name])[:10] for name in names] for row in shown_at[20]] == [
        ["0xeeeeeeee", "0.00010000", "0E-18", "0E-18"],
        ["0xaaaaaaaa", "0E-18", "0.00006000", "0.00006000"],
        ["0xdddddddd", "0E-18", "0.00004000", "0.00004000"],
    ]
    assert [str(row["beneficial"])[:8] for row in shown_at[30]] == ["0E-18", "0.000040"]
    counts = [holders(con, ask(at=at)).to_pylist()[0] for at in (10, 20, 30)]
    assert [(row["addresses"], row["holders"]) for row in counts] == [(1, 1), (1, 2), (1, 1)]
    daily = [row["holders"] for row in holders(con, ask()).to_pylist() if row["chain_id"] == CHAIN]
    assert daily == [1, 2, None]


PRICES = [
    full("navs", {"effective_at": moment(f"2024-01-0{day}T08:00:00"), "price": Decimal(price)} | more)
    for day, price, more in (
        (1, "1.1", {"stale_at": moment("2024-01-02T08:00:00")}),
        (2, "1.2", {"block_number": 20, "kind": "transaction"}),
        (3, "1.3", {"stale_at": moment("2024-01-09")}),
    )
]


def test_the_nav_of_each_day_and_now():
    """Each close has the price in force with its age, staleness and value; now has the newest."""
    rows = nav(con_of({"transfers": LEDGER}, navs=PRICES), ask()).to_pylist()
    names = ("as_of", "nav", "age_hours", "nav_stale", "kind", "value", "why_null")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("2024-01-01", Decimal("1.1"), 16, False, "official", Decimal("5.5"), None),
        ("2024-01-02", Decimal("1.1"), 40, True, "official", Decimal("4.95"), None),
        ("2024-01-03", None, None, None, None, None, "the day is not over at the frontier"),
        ("now", Decimal("1.3"), 4, False, "official", Decimal("7.15"), None),
    ]


@pytest.mark.parametrize(
    ("at", "price", "why"),
    [
        (moment("2024-01-01T07:59:59"), None, "no price was known yet"),
        (moment("2024-01-01T12:00:00"), "1.1", None),
        (20, "1.1", None),
        (date(2024, 1, 2), "1.1", None),
        (1001, None, "block 1001 is beyond the frontier, block 1000"),
    ],
)
def test_the_nav_at_a_point(at, price: str | None, why: str | None):
    """At a point the price is what the chain knew there, and where there is none a sentence says why."""
    (row,) = nav(con_of({"transfers": LEDGER}, navs=PRICES), ask(at=at)).to_pylist()
    assert (row["nav"], row["why_null"]) == (None if price is None else Decimal(price), why)


def test_a_token_without_a_price_source_says_so():
    """Neither a day nor a point has a price, and both say that none is configured."""
    con = con_of({"transfers": LEDGER}, navs=[])
    for at in (date(2024, 1, 2), moment("2024-01-02T12:00:00")):
        (row,) = nav(con, ask(at=at)).to_pylist()
        assert (row["nav"], row["value"], row["why_null"]) == (None, None, "no price source is configured")


def test_a_supply_row_keeps_quiet_about_prices():
    """What `show supply` shows is there, so no reason stands beside it."""
    (row,) = supply(con_of({"transfers": LEDGER}, navs=[]), ask(at=date(2024, 1, 2))).to_pylist()
    assert (row["supply"], row["why_null"]) == (Decimal("4.5"), None)


def test_a_product_is_told_by_day_over_all_its_chains():
    """The rows are those of the product that the token belongs to; a block or a chain asks for another answer."""
    products = {"products": "product  currency\np        USD\n", "tokens": "token  product\nt      p\n"}
    con = con_of({"transfers": LEDGER, **products})
    rows = product(con, ask(last=date(2024, 1, 2))).to_pylist()
    assert [(row["product"], row["supply"], row["complete"]) for row in rows] == [
        ("p", Decimal(5), True),
        ("p", Decimal("4.5"), True),
    ]
    assert product(con, ask(at=date(2024, 1, 2))).to_pylist() == rows[1:]
    assert [row["day"] for row in product(con, ask(limit=1)).to_pylist()] == [date(2024, 1, 3)]
    with pytest.raises(Usage, match="told by day"):
        product(con, ask(at=20))
    with pytest.raises(Usage, match="over all its chains"):
        product(con, ask(chain_ids=(CHAIN,)))


def test_every_answer_has_its_name():
    """The names are those that `rwa show` takes."""
    assert list(ANSWERS) == [
        "supply",
        "rollforward",
        "holders",
        "balances",
        "flows",
        "transfers",
        "nav",
        "product",
        "yield",
        "queue",
        "cohorts",
    ]


FUND = """
at                   price
2024-01-01T12:00:00  100
2024-01-08T12:00:00  107
"""


@cache
def fund() -> duckdb.DuckDBPyConnection:
    """Return the ledger above with a price a week, followed to 10 January."""
    return con_of({"transfers": LEDGER, "navs": FUND}, "2024-01-10T12:00:00")


def test_yields_are_rows_by_day_with_the_dates_that_they_are_made_of():
    """A day asked, or days from and to; 7 % in 7 days are 365 % a year."""
    for asked in (ask(at=date(2024, 1, 8)), ask(first=date(2024, 1, 8), last=date(2024, 1, 8))):
        (row,) = yields(fund(), asked).to_pylist()
        assert (row["as_of"], row["yield_7d"]) == ("2024-01-08", 3.65)
        assert (row["yield_7d_from"], row["yield_7d_to"]) == (date(2024, 1, 1), date(2024, 1, 8))
    assert len(yields(fund(), ask()).to_pylist()) == 10


@pytest.mark.parametrize(
    ("at", "day", "wanted"),
    [
        (moment("2024-01-08T23:59:58"), date(2024, 1, 7), None),
        (moment("2024-01-08T23:59:59"), date(2024, 1, 8), 3.65),
        (1000, date(2024, 1, 9), 3.65),
    ],
)
def test_yield_at_a_point_is_that_of_the_last_day_over_by_then(at, day: date, wanted: float | None):
    """A block or an instant has the yield of the last day that was over, and the row names that day."""
    (row,) = yields(fund(), ask(at=at)).to_pylist()
    assert (row["day"], row["yield_7d"]) == (day, wanted)
    assert row["as_of"] != str(day)


def test_yield_before_the_first_day_is_a_sentence():
    """Where no day was over, and beyond the frontier, there is no figure."""
    (row,) = yields(fund(), ask(at=moment("2023-12-31"))).to_pylist()
    assert (row["yield_7d"], row["why_null"]) == (None, "no day of it was over by then")
    (row,) = yields(fund(), ask(at=1001)).to_pylist()
    assert row["why_null"] == "block 1001 is beyond the frontier, block 1000"
