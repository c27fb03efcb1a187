"""What check-recordings compares, and that each kind of difference is found."""

from __future__ import annotations

import dataclasses
import re
import sys
from decimal import Context, Decimal
from pathlib import Path

import pytest

from indexer.config.model import Chain, Deployment, Product, Registry, Token
from indexer.floor.errors import Usage
from indexer.ledger.values import REASONS
from indexer.serve.methods import Called

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from check_recordings import changes, compare, confusion, flows, line, printed, reads, rows, truth  # noqa: E402 - found through the path above
from check_recordings.figures import Crossing, Day, Entry, Holders, Holding, Ours, Rebase, Total  # noqa: E402 - the same
from check_recordings.ours import base_units  # noqa: E402 - the same

RECORDINGS = ROOT / "tests" / "recordings"
FILES = sorted(RECORDINGS.glob("*.json.gz"))
ROWS = rows.load(RECORDINGS / "flows.toml")

TOKEN = "0x" + "70" * 20
HOLDER, OTHER = "0x" + "a1" * 20, "0x" + "b2" * 20
DAY = "2026-01-05"
HUGE = 2**256 - 1


def token_truth(**changes: object) -> truth.TokenTruth:
    """A token without any truth, but for *changes*."""
    empty = truth.TokenTruth("T", TOKEN, 6, (), (), (), {}, {}, frozenset())
    return empty._replace(**changes)


def recording(tokens: tuple[truth.TokenTruth, ...], **changes: object) -> truth.Recording:
    """A recording of three blocks on one day."""
    empty = truth.Recording(
        path=Path("played.json.gz"), kind="played", chain="played", number=900099, head=2, logs=0,
        times={0: 100, 1: 200, 2: 300}, days=dict.fromkeys(range(3), DAY), tokens=tokens, operations={},
        changes={}, schedules={}, roles={},
    )  # fmt: skip
    return empty._replace(**changes)


def ours(*entries: Entry, rebases: tuple[Rebase, ...] = (), totals: tuple[Total, ...] = ()) -> Ours:
    return Ours("t", "eip155:900099", 6, entries, rebases, totals)


def entry(
    place: tuple[int, int], reason: str, raw: int | None, effect: str = "move", why: str | None = None
) -> Entry:
    return Entry(*place, DAY, effect, reason, raw, raw, why)


def row(category: str, *reasons: str, compare: str = "amount", **more: object) -> rows.Row:
    return rows.Row("played", "T", category, reasons, compare, "base units", "a sentence", **more)


def flow(
    booked: dict[str, truth.Booked],
    chosen: rows.Rows,
    mine: Ours,
    operations: dict[tuple[int, int], truth.Operation] | None = None,
) -> dict[str, compare.Tally]:
    """The tallies of one day's *booked* categories beside *mine*, by name."""
    token = token_truth(flows={DAY: booked})
    played = recording((token,), operations=operations or {})
    return {tally.what: tally for tally in flows.flows(played, token, chosen, {"T": mine})}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_category_of_a_file_is_in_a_row(path: Path) -> None:
    """Every flow category of every token of the files given has its row in flows.toml."""
    assert rows.missing(ROWS, truth.load(path)) == []


def test_a_category_in_no_row_is_found() -> None:
    """A category that no row holds is named, and differs where flows are compared."""
    booked = {DAY: {"lent": truth.Booked(1, 5)}}
    played = recording((token_truth(flows=booked),))
    nothing = rows.Rows((), ())
    assert rows.missing(nothing, played) == [("T", "lent")]
    assert flow(booked[DAY], nothing, ours())["flow lent"].differing


@pytest.mark.parametrize("chosen", ROWS.flows, ids=lambda r: f"{r.file}-{r.token}-{r.category}")
def test_each_row_rests_on_a_sentence(chosen: rows.Row) -> None:
    """Each row names the sentence it rests on, reasons of the project's list, and why what is left out is."""
    assert len(chosen.rests_on) > 15
    assert set(chosen.reasons) <= set(REASONS)
    assert chosen.reasons or chosen.table == "rebases"
    whole = chosen.measure == rows.Measure(counts=True, amounts=True)
    assert whole != bool(chosen.why)


def test_rows_are_unique() -> None:
    """No category of a file's token stands in two rows."""
    keys = [(r.file, r.token, r.category) for r in ROWS.flows]
    assert len(keys) == len(set(keys))


def test_a_file_of_another_name_takes_the_rows_of_its_tokens() -> None:
    """A recording of the same contracts under another name is compared by the same rows."""
    assert ROWS.of("ustb-longer", "USTB") == ROWS.of("ustb", "USTB")


def test_the_program_never_reads_the_rows() -> None:
    """No module of the package names flows.toml."""
    assert [
        p for p in (ROOT / "indexer").rglob("*.py") if "flows.toml" in p.read_text(encoding="utf-8")
    ] == []


def test_one_base_unit_off_at_the_top_of_the_range_differs() -> None:
    """A difference of one at 2^256-1 is found and said with its sign."""
    found = compare.tally("x", [compare.Pair("here", HUGE, HUGE - 1), compare.Pair("there", HUGE, HUGE)])
    assert found.compared == 2
    assert found.differing == (f"here: {HUGE - 1}, {HUGE} wanted (-1)",)


def test_null_with_a_reason_is_not_known() -> None:
    """NULL counts as not known where a reason stands beside it, and differs where none does."""
    found = compare.tally("x", [compare.Pair("here", 1, None, "no input"), compare.Pair("there", 1, None)])
    assert (found.unknown, len(found.differing)) == (1, 1)


def test_a_revert_in_the_truth_wants_null_with_a_reason() -> None:
    """Where the contract's own call reverts a figure differs, and so does NULL that says nothing."""
    pairs = [
        compare.Pair("here", None, None, "the oracle is paused"),
        compare.Pair("there", None, None),
        compare.Pair("beyond", None, 5),
    ]
    found = compare.tally("x", pairs)
    assert (found.reverting, len(found.differing)) == (1, 2)


def test_supply_before_the_contract_is_there_is_nothing() -> None:
    """A change of ours before the truth begins differs."""
    token = token_truth(supply=(truth.Point(1, 3),))
    totals = (Total(0, "mint", 3, 3, None), Total(1, "mint", 3, 3, None))
    assert compare.supply(token, ours(totals=totals)).differing == ("block 0: 3, 0 wanted (+3)",)


def test_a_change_of_supply_that_the_truth_lacks_differs() -> None:
    """Supply is compared at the blocks of both sides, so a change of ours alone is found."""
    token = token_truth(supply=(truth.Point(0, 0), truth.Point(1, 10**30)))
    totals = (Total(1, "mint", 10**30, 10**30, None), Total(2, "burn", 10**30 - 1, 10**30 - 1, None))
    assert compare.supply(token, ours(totals=totals)).differing == (
        f"block 2: {10**30 - 1}, {10**30} wanted (-1)",
    )


def test_a_holder_that_the_truth_lacks_differs() -> None:
    """An address that only one side names holds nothing on the other."""
    sample = truth.Sample(1, {HOLDER: 7}, None, 1)
    held = {1: Holders({HOLDER: Holding(7, 7, None), OTHER: Holding(1, 1, None)})}
    token = token_truth(samples=(sample,))
    assert len(compare.balances(token, held).differing) == 1
    assert len(compare.addresses(token, held).differing) == 1


def test_holders_that_are_not_known_do_not_count_as_nothing() -> None:
    """Where holders are not known as a whole, every balance of the truth is not known, and none differs."""
    token = token_truth(samples=(truth.Sample(1, {HOLDER: 7, OTHER: 1}, None, 2),))
    held = {1: Holders({}, "history starts before the first covered block")}
    assert compare.balances(token, held).unknown == 2
    assert compare.addresses(token, held).unknown == 1


def test_the_last_change_of_a_block_counts() -> None:
    """Of several changes in a block the last one is its supply."""
    token = token_truth(supply=(truth.Point(1, 3),))
    totals = (Total(1, "mint", 9, 9, None), Total(1, "burn", 3, 3, None))
    assert compare.supply(token, ours(totals=totals)).differing == ()


def test_minted_less_burned_with_rebases_is_the_change_of_a_transaction() -> None:
    """A mint, a burn and a rebase of one transaction add up to its change of totalSupply."""
    token = token_truth(deltas={(1, 0): {"totalSupply": 10**30 + 1}})
    entries = [entry((1, 0), "issuance", 10**30, "mint"), entry((1, 0), "redemption", 4, "burn")]
    mine = ours(*entries, rebases=(Rebase(1, 0, DAY, 5),))
    found, _ = changes.changes(token, mine)
    assert (found.compared, found.differing) == (1, ())


def test_a_change_that_no_transaction_of_the_truth_made_differs() -> None:
    """A mint of ours in a transaction that the truth does not list is found."""
    token = token_truth(deltas={(1, 0): {"totalSupply": 1}})
    mine = ours(entry((1, 0), "issuance", 1, "mint"), entry((2, 0), "issuance", 1, "mint"))
    found, _ = changes.changes(token, mine)
    assert found.differing == ("block 2, transaction 0: 1, 0 wanted (+1)",)


def by_block(supply: tuple[truth.Point, ...], mine: Ours) -> compare.Tally:
    """The changes of a token without deltas by transaction."""
    (found,) = changes.changes(token_truth(supply=supply), mine)
    return found


def test_the_changes_of_a_block_are_compared() -> None:
    """Each block's change of totalSupply is compared, the first one too."""
    mine = ours(entry((1, 0), "issuance", 8, "mint"), entry((2, 0), "redemption", 1, "burn"))
    found = by_block((truth.Point(0, 0), truth.Point(1, 8), truth.Point(2, 6)), mine)
    assert (found.compared, found.differing) == (3, ("block 2: -1, -2 wanted (+1)",))


def test_rounding_and_steps_by_time_are_part_of_a_block_s_change() -> None:
    """Minted less burned, rebased by time and rounding make the change of a block."""
    mine = ours(
        entry((1, 0), "issuance", 8, "mint"),
        rebases=(Rebase(1, None, DAY, 3),),
        totals=(Total(1, "rebase", 3, 3, None, 0, 1), Total(1, "mint", 12, 11, None, 1, 1)),
    )
    assert by_block((truth.Point(1, 12),), mine).differing == ()
    assert by_block((truth.Point(1, 11),), mine).differing


def test_changes_while_the_call_reverts_are_compared_as_one() -> None:
    """From the last answer of the call to its next one all changes are one."""
    stretch = (truth.Point(0, 5), truth.Point(1, None), truth.Point(2, 9))
    mints = [entry((block, 0), "issuance", amount, "mint") for block, amount in ((0, 5), (1, 1), (2, 3))]
    assert by_block(stretch, ours(*mints)).differing == ()
    assert by_block(stretch, ours(*mints[:2])).differing == ("block 2: 1, 4 wanted (-3)",)


def test_the_first_block_of_a_time_is_the_first_at_or_after_it() -> None:
    """An instant between two blocks belongs to the later one; one after the head to none."""
    played = recording(())
    assert [played.block_at(time) for time in (100, 101, 300, 301)] == [0, 1, 2, None]


def test_a_day_that_does_not_add_up_is_found() -> None:
    """A day whose movements miss its closing, a break between two days, and a NULL that says nothing differ."""
    good = (Day("d1", 0, 10**30, 10**30, 10**30, None), Day("d2", 10**30, 1, 10**30 + 1, 10**30 + 1, None))
    assert changes.days(ours()._replace(rollforward=good)).differing == ()
    for bad in (
        good[1]._replace(flows=2),
        good[1]._replace(opening=7, flows=10**30 - 6),
        good[1]._replace(supply=4),
        good[1]._replace(flows=None),
    ):
        assert len(changes.days(ours()._replace(rollforward=(good[0], bad))).differing) == 1


def test_what_is_under_way_is_compared_where_both_chains_are_there() -> None:
    """A figure in transit that is off, and an arrival without a departure, differ; with one chain neither."""
    token = token_truth(in_flight=10**30)

    def found(*crossing: int | None) -> list[compare.Tally]:
        return changes.crossing(token, ours()._replace(crossing=Crossing(*crossing)))

    assert [tally.differing for tally in found(3, 3, 10**30)] == [()]
    assert [len(tally.differing) for tally in found(3, 2, 10**30 - 1)] == [2]
    assert found(3, 0, None) == []


def test_rounding_beyond_its_bound_is_found() -> None:
    """A change of supply whose rounding passes the bound that the accrual states differs."""
    totals = (Total(1, "mint", 9, 9, None, -1, 1), Total(2, "mint", 9, 9, None, 2, 1))
    assert changes.rounding(ours(totals=totals)).differing == ("block 2: rounding 2, bound 1",)


def test_a_flow_compares_transactions_and_amount() -> None:
    """A category has two figures a day, and each is found where it is wrong."""
    only = rows.Rows((row("minted", "issuance"),), ())
    mine = ours(entry((1, 0), "issuance", 6, "mint"), entry((1, 0), "issuance", 4, "mint"))
    assert flow({"minted": truth.Booked(1, 10)}, only, mine)["flow minted"].compared == 2
    assert flow({"minted": truth.Booked(1, 10)}, only, mine)["flow minted"].differing == ()
    assert len(flow({"minted": truth.Booked(2, 11)}, only, mine)["flow minted"].differing) == 2


def test_a_flow_on_a_day_without_it_differs() -> None:
    """An entry with a category's reason on a day on which the truth books none is found."""
    only = rows.Rows((row("minted", "issuance"),), ())
    token = token_truth(flows={"2026-01-04": {"minted": truth.Booked(1, 10)}})
    played = recording((token,), days={0: "2026-01-04", 1: DAY})
    early = Entry(0, 0, "2026-01-04", "mint", "issuance", 10, 10)
    mine = ours(early, entry((1, 0), "issuance", 10, "mint"))
    (found, *_) = flows.flows(played, token, only, {"T": mine})
    assert len(found.differing) == 2


@pytest.mark.parametrize(("off", "differs"), [(-4, 0), (4, 0), (5, 1), (-5, 1)])
def test_within_allows_so_much_for_each_entry(off: int, differs: int) -> None:
    """Two base units an entry allow four for two entries and not five."""
    only = rows.Rows((row("seized", "forced", compare="within", within=2),), ())
    mine = ours(entry((1, 0), "forced", 10**30), entry((2, 0), "forced", 10**30 + off))
    booked = {"seized": truth.Booked(2, 2 * 10**30)}
    assert len(flow(booked, only, mine)["flow seized"].differing) == differs


def test_count_only_leaves_the_amount_out() -> None:
    """A category in another unit is compared by its transactions and says why."""
    only = rows.Rows((row("paid_usdc", "issuance", compare="count", why="the amount is USDC"),), ())
    found = flow({"paid_usdc": truth.Booked(1, 99)}, only, ours(entry((1, 0), "issuance", 6, "mint")))
    assert (found["flow paid_usdc"].compared, found["flow paid_usdc"].differing) == (1, ())
    assert "the amount is USDC" in found["flow paid_usdc"].note


def test_categories_of_one_reason_are_told_apart_by_operation() -> None:
    """Where two categories mean one reason, the journal's operation says which transaction is whose."""
    both = rows.Rows(
        (
            row("minted", "issuance"),
            row("paid_usdc", "issuance", compare="count", operations=("pay",), why="USDC"),
        ),
        (),
    )
    operations = {
        (1, 0): truth.Operation("mint", HOLDER, TOKEN, ()),
        (2, 0): truth.Operation("pay", HOLDER, TOKEN, ()),
    }
    mine = ours(entry((1, 0), "issuance", 6, "mint"), entry((2, 0), "issuance", 9, "mint"))
    booked = {"minted": truth.Booked(1, 6), "paid_usdc": truth.Booked(1, 77)}
    found = flow(booked, both, mine, operations)
    assert found["flow minted"].differing == found["flow paid_usdc"].differing == ()


def test_a_known_slip_is_taken_out_on_both_sides_and_listed() -> None:
    """A transfer to the token itself that the truth books as transferred is listed with what we say of it."""
    slip = rows.Slip("played", "T", ("transfer",), "transferred", "a sentence", to_itself=True)
    known = rows.Rows((row("transferred", "transfer"), row("redeemed", "redemption")), (slip,))
    operations = {
        (1, 0): truth.Operation("transfer", HOLDER, TOKEN, (OTHER, 3)),
        (2, 0): truth.Operation("transfer", HOLDER, TOKEN, (TOKEN, 10**30)),
    }
    mine = ours(entry((1, 0), "transfer", 3), entry((2, 0), "redemption", 10**30, "burn"))
    booked = {"transferred": truth.Booked(2, 10**30 + 3), "redeemed": truth.Booked(0, 0)}
    found = flow(booked, known, mine, operations)
    assert found["flow transferred"].differing == found["flow redeemed"].differing == ()
    assert "redemption 1" in found["slip: transfers to the token itself, booked as transferred"].note


def test_what_no_category_claims_is_listed() -> None:
    """Entries whose reason no category stands for are counted, not dropped."""
    found = flow({}, rows.Rows((), ()), ours(entry((1, 0), "redemption", 5, "burn")))
    assert found["no category: burn redemption"].note == "1 transactions, listed"


def test_an_amount_that_is_null_without_a_reason_differs() -> None:
    """A NULL amount must say why."""
    mine = ours(entry((1, 0), "issuance", None, "mint"), entry((2, 0), "issuance", None, "mint", "no input"))
    found = changes.explained(mine)
    assert (found.unknown, len(found.differing)) == (1, 1)


def test_categories_that_the_truth_mixes_are_counted_together() -> None:
    """A row with others beside it wants the sum of their transactions and amounts."""
    only = rows.Rows(
        (
            row("transferred", "transfer", "escrow_in", together=("queued",)),
            row("queued", "escrow_in", compare="at_least", why="some are booked as transferred"),
        ),
        (),
    )
    mine = ours(entry((1, 0), "transfer", 6), entry((1, 1), "escrow_in", 4), entry((1, 2), "escrow_in", 1))
    booked = {"transferred": truth.Booked(2, 7), "queued": truth.Booked(1, 4)}
    assert not any(tally.differing for tally in flow(booked, only, mine).values())
    booked = {"transferred": truth.Booked(0, 0), "queued": truth.Booked(3, 11)}
    found = flow(booked, only, mine)
    assert len(found["flow queued"].differing) == 2
    assert found["flow transferred"].differing == ()


@pytest.mark.parametrize(
    "function", ["totalSupply()", "balanceOf(address)", "sharesOf(address)", "totalIssued()"]
)
def test_reading_a_stock_is_refused(function: str) -> None:
    """Derive may read no total and no balance, not even once."""
    assert list(reads.refused(recording(()), (), {Called(TOKEN, function, 1): 1}))


def test_a_price_may_be_read_once_a_day_and_once_a_logged_change() -> None:
    """On a day with two logged changes and a schedule that takes effect a multiplier may be read four times."""
    played = recording((token_truth(),), changes={TOKEN: (1,), OTHER: (2,)}, schedules={OTHER: (250, 999)})
    groups = [frozenset({TOKEN, OTHER})]
    four = {Called(TOKEN, "multiplier()", 1): 2, Called(TOKEN, "multiplier()", 2): 2}
    assert list(reads.refused(played, groups, four | {Called(TOKEN, "decimals()", 1): 9})) == []
    assert list(reads.refused(played, groups, four | {Called(TOKEN, "multiplier()", 0): 1}))
    assert list(reads.refused(played, [], four))


def test_a_price_without_a_block_is_refused() -> None:
    """A price that is read at no block of the chain cannot be a figure of one."""
    assert list(reads.refused(recording(()), (), {Called(TOKEN, "multiplier()", None): 1}))


def test_an_operation_of_the_journal_has_a_row_of_the_confusion_table() -> None:
    """Entries stand in the row of what the operator did and the column of what we say; strays are marked."""
    known = rows.Rows(
        (row("minted", "issuance"), row("queued", "escrow_in")),
        (),
        (rows.Means(("mint", "bulkMint"), "minted"), rows.Means(("transfer",), "transferred")),
        (rows.Move("played", "to", "redeemer", "queued"),),
    )
    operations = {
        (1, 0): truth.Operation("bulkMint", HOLDER, TOKEN, ()),
        (1, 1): truth.Operation("transfer", HOLDER, TOKEN, (OTHER, 3)),
        (1, 2): truth.Operation("transfer", HOLDER, TOKEN, (HOLDER, 3)),
        (2, 0): truth.Operation("sweep", HOLDER, TOKEN, ()),
    }
    played = recording((token_truth(),), operations=operations, roles={OTHER: "redeemer"})
    entries = [
        entry((1, 0), "issuance", 1, "mint")._replace(evidence="event"),
        entry((1, 0), "unclassified", 1, "mint")._replace(evidence="default"),
        entry((1, 1), "escrow_in", 3)._replace(evidence="role"),
        entry((1, 2), "transfer", 3)._replace(evidence="default"),
        entry((2, 0), "transfer", 3)._replace(evidence="default"),
        entry((2, 1), "redemption", 3, "burn")._replace(evidence="pattern"),
    ]
    table = confusion.confusion(played, known, [ours(*entries)])
    assert table.categories == ["minted", confusion.OUTSIDE, "queued", "sweep", "transferred"]
    assert table.cells["queued", confusion.Said("escrow_in", "role")] == 1
    assert table.strays("minted", confusion.Said("unclassified", "default"))
    assert not table.strays("minted", confusion.Said("issuance", "event"))
    assert list(confusion.undecided(table)) == [
        "minted 1 as unclassified by default",
        f"{confusion.OUTSIDE} 1 as redemption by pattern",
    ]


def token_report(*tallies: compare.Tally, reading: bool = False) -> line.TokenReport:
    return line.TokenReport("T", TOKEN, "t", tallies, reading)


def report_of(*tokens: line.TokenReport) -> line.Report:
    return line.Report(recording(()), tokens, confusion.Table({}, {}), {"getPrice()": 7}, (), 0, "")


def test_a_report_shows_the_table_and_what_is_not_told() -> None:
    """A stray cell is marked, and what only a default says is named below the table."""
    cells = {("minted", confusion.Said("unclassified", "default")): 3}
    table = confusion.Table(cells, {"minted": frozenset({"issuance"})})
    said = "\n".join(printed.lines(report_of(token_report())._replace(confusion=table)))
    assert re.search(r"minted +3\*", said)
    assert "match: minted 3 as unclassified by default" in said


def test_null_that_nothing_excuses_is_refused() -> None:
    """NULL with a reason fails a token whose configuration names no read, or whose reads were allowed."""
    null = compare.Tally("balances", 0, unknown=2)
    asked = line.Asked(Path("config"), rows.Rows((), ()))
    for reading, allowed, refused in ((False, False, 1), (True, True, 1), (True, False, 0)):
        found = line.unanswered([token_report(null, reading=reading)], asked._replace(reads=allowed))
        assert len(list(found)) == refused


def test_the_summary_adds_the_files_up() -> None:
    """The last row of the summary holds the sums of all files, and what differs is counted."""
    one = report_of(token_report(compare.Tally("balances", 5), compare.Tally("flow x", 2, ("wrong",))))
    two = report_of(token_report(compare.Tally("balances", 6, unknown=4, reverting=3)))
    heads, *_, last = (text.split("  ") for text in printed.summary([one, two]))
    said = dict(zip((h.strip() for h in heads if h), (c.strip() for c in last if c), strict=False))
    assert said["file"] == "all"
    assert (said["series"], said["balances"], said["flows"]) == ("2", "11", "2")
    assert (said["reverts"], said["NULL"], said["reads"], said["differ"]) == ("3", "4", "14", "1")


def registry(address: str, number: int = 900099) -> Registry:
    """A configuration of one token on one chain named played."""
    deployment = Deployment(
        token="t", chain="played", chain_id=f"eip155:{number}", address=address, decimals=6, start=0,
        kind="native", status="indexed", companions=(), roles=(), reads=(), source="", confidence="",
    )  # fmt: skip
    token = Token(
        id="t", symbol="T", name="T", platform="p", product="t", accrual="plain", reasons="plain",
        tier="core", wraps=None, defaults={}, events=(), deployments=(deployment,), source="", confidence="",
    )  # fmt: skip
    chain = Chain("played", f"eip155:{number}", "Played", "evm", (), "finalized", None)
    product = Product("t", "p", "T", "fund", "USD")
    return Registry({"played": chain}, {}, {"t": product}, {"t": token})


def test_files_that_share_a_token_stand_in_one_home() -> None:
    """Two chains of one token go through the line together, another token apart."""
    known = registry(TOKEN)
    chains, tokens = dict(known.chains), dict(known.tokens)
    for name, number in (("side", 900098), ("other", 900097)):
        chains[name] = Chain(name, f"eip155:{number}", name, "evm", (), "finalized", None)
    (home,) = tokens["t"].deployments
    side = dataclasses.replace(home, chain="side", chain_id="eip155:900098", address=OTHER)
    tokens["t"] = dataclasses.replace(tokens["t"], deployments=(home, side))
    apart = dataclasses.replace(home, token="u", chain="other", chain_id="eip155:900097")
    tokens["u"] = dataclasses.replace(tokens["t"], id="u", deployments=(apart,))
    files = [
        recording((token_truth(address=TOKEN),)),
        recording((token_truth(address=TOKEN),), chain="other", number=900097),
        recording((token_truth(address=OTHER),), chain="side", number=900098),
    ]
    groups = line.together(files, Registry(chains, {}, known.products, tokens))
    assert [[r.chain for r in group] for group in groups] == [["played", "side"], ["other"]]


def test_tokens_are_known_by_their_configured_address() -> None:
    """A token of the file is the one configured at its address; the others are not configured."""
    played = recording((token_truth(), token_truth(key="U", address=OTHER)))
    assert list(line.configured(played, registry(TOKEN))) == ["T"]


@pytest.mark.parametrize(
    ("known", "says"),
    [
        (registry(HOLDER), "no such token"),
        (registry(TOKEN, 1), "chain id"),
        (Registry({}, {}, {}, {}), "no chain"),
    ],
)
def test_a_configuration_of_something_else_is_refused(known: Registry, says: str) -> None:
    """A configuration whose chain, chain id or addresses are not the file's is wrong use."""
    with pytest.raises(Usage, match=says):
        line.configured(recording((token_truth(),)), known)


def test_token_units_become_base_units_without_rounding() -> None:
    """An amount of 38 digits is the same number in base units."""
    assert base_units(Decimal(10**38 - 1).scaleb(-18, Context(prec=80)), 18) == 10**38 - 1


def test_a_fraction_of_a_base_unit_is_an_error() -> None:
    """An amount that no token of so few decimals can hold is not cut."""
    with pytest.raises(ValueError, match="no whole number"):
        base_units(Decimal("0.0000001"), 6)


def test_a_file_that_is_no_recording_is_refused(tmp_path: Path) -> None:
    """A file that cannot be read, or is something else, is wrong use."""
    (tmp_path / "x.json").write_text('{"format": "other"}')
    (tmp_path / "y.json.gz").write_bytes(b"not gzip")
    for name in ("x.json", "y.json.gz"):
        with pytest.raises(Usage):
            truth.load(tmp_path / name)
