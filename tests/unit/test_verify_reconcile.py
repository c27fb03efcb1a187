"""Reported figures beside ours: which status each gets, and why."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from indexer.config.reported import Reported
from indexer.floor.errors import Usage
from indexer.verify.business import business_days
from indexer.verify.findings import Entry, Finding, Ours, Stock, Terms
from indexer.verify.reconcile import reconcile

HERE, THERE = "eip155:1", "eip155:137"
MONDAY = date(2024, 7, 1)
FRIDAY = date(2024, 7, 5)
"""The fourth of July lies before it."""
SIFMA = business_days("XSIF", MONDAY, FRIDAY)
TERMS = Terms(Decimal(0), 3, SIFMA)


def row(
    amount: str, day: date = MONDAY, kind: str = "issuance", chain: str | None = None, line: int = 2
) -> Reported:
    return Reported(line, day, kind, Decimal(amount), chain)


def entry(amount: str | None, day: date = MONDAY, kind: str = "issuance", **more: str) -> Entry:
    value = None if amount is None else Decimal(amount)
    return Entry(
        more.get("chain", HERE),
        day,
        kind,
        more.get("evidence", "event"),
        value,
        more.get("tx", f"0x{amount}"),
    )


def compared(
    rows: list[Reported], entries: list[Entry], terms: Terms = TERMS, **more: object
) -> list[Finding]:
    covered = {HERE: (date.min, FRIDAY + timedelta(days=30))}
    return reconcile(
        rows,
        Ours(**({"chains": (HERE,), "stocks": {}, "entries": entries, "covered": covered} | more)),
        terms,
    )


def said(found: list[Finding]) -> list[tuple[object, ...]]:
    return [(f.status, f.day, f.our_day, f.shift) for f in found]


def test_a_days_total_matches_whatever_it_is_made_of() -> None:
    """One reported figure against two entries, with both transactions and each evidence's part."""
    (found,) = compared([row("30")], [entry("10"), entry("20", evidence="pattern")])
    assert (found.status, found.difference, found.transactions) == ("matched", 0, ("0x10", "0x20"))
    assert found.evidence == "event 10 · pattern 20"


def test_single_orders_match_where_the_total_does_not() -> None:
    """Of two orders one is on chain; the other is missing, by its own line."""
    found = compared([row("10", line=2), row("20", line=3)], [entry("10")])
    assert [(f.status, f.lines) for f in found] == [("missing", (3,)), ("matched", (2,))]


def test_a_shift_is_counted_in_business_days() -> None:
    """From Wednesday the third to Friday the fifth is one: the fourth of July is closed."""
    wednesday = MONDAY + timedelta(days=2)
    assert said(compared([row("10", wednesday)], [entry("10", FRIDAY)])) == [
        ("shifted", wednesday, FRIDAY, 1)
    ]
    assert said(compared([row("10", FRIDAY)], [entry("10", wednesday)])) == [
        ("shifted", FRIDAY, wednesday, -1)
    ]


def test_the_nearest_day_is_taken_and_nothing_twice() -> None:
    """Two entries of that amount: the nearer one is it, the other is extra where the report covers its day."""
    tuesday = MONDAY + timedelta(days=1)
    found = compared([row("10"), row("0", FRIDAY)], [entry("10", tuesday), entry("10", FRIDAY)])
    assert said(found) == [
        ("shifted", MONDAY, tuesday, 1),
        ("differs", FRIDAY, FRIDAY, 0),
    ]


def test_too_far_is_missing_and_what_is_outside_the_report_is_not_extra() -> None:
    """Three business days are looked at, and the report ends on its last day."""
    assert said(compared([row("10")], [entry("10", MONDAY + timedelta(days=10))])) == [
        ("missing", MONDAY, None, None)
    ]


def test_extra_is_what_no_row_tells_between_the_days_asked() -> None:
    """Days before the first row count where they were asked for."""
    tuesday = MONDAY + timedelta(days=1)
    entries = [entry("5", MONDAY), entry("10", tuesday)]
    assert said(compared([row("10", tuesday)], entries)) == [("matched", tuesday, tuesday, 0)]
    wider = TERMS._replace(first=MONDAY)
    assert said(compared([row("10", tuesday)], entries, wider))[0] == ("extra", MONDAY, MONDAY, None)


def test_an_order_that_slid_into_a_days_total_is_told() -> None:
    """Both days tell how much of them stands on the other."""
    tuesday = MONDAY + timedelta(days=1)
    found = compared([row("30"), row("15", tuesday)], [entry("35"), entry("10", tuesday)])
    assert said(found) == [("shifted", MONDAY, tuesday, 1), ("shifted", tuesday, MONDAY, -1)]
    assert found[0].why == "5 of it stands on 2024-07-02"


def test_a_row_booked_on_another_day_leaves_a_total_that_matches() -> None:
    """The order of Tuesday was reported with Monday's; both are found."""
    tuesday = MONDAY + timedelta(days=1)
    rows = [row("30", line=2), row("12", line=3)]
    found = compared(rows, [entry("10"), entry("20"), entry("12", tuesday)])
    assert [(f.status, f.lines, f.shift) for f in found] == [("shifted", (3,), 1), ("matched", (2,), 0)]


def test_amounts_are_exact_unless_a_tolerance_is_given() -> None:
    """The last digit of thirty-eight counts; digits accepts what rounding to the reported ones explains."""
    big = "99999999999999999999.123456789012345678"
    near = "99999999999999999999.123456789012345677"
    assert compared([row(big)], [entry(big)])[0].status == "matched"
    assert compared([row(big)], [entry(near)])[0].status == "differs"
    assert (
        compared([row(big)], [entry(near)], TERMS._replace(tolerance=Decimal("1e-18")))[0].status == "matched"
    )
    by_digits = TERMS._replace(tolerance=None)
    assert compared([row("10.13")], [entry("10.126")], by_digits)[0].status == "matched"
    assert compared([row("10.13")], [entry("10.141")], by_digits)[0].status == "differs"


def test_what_was_booked_as_something_else_is_said() -> None:
    """A missing redemption of the amount of a seizure."""
    (found,) = compared(
        [row("10", kind="redemption")], [entry("10", kind="forced", evidence="input", tx="0xab")]
    )
    assert (found.status, found.transactions) == ("missing", ("0xab",))
    assert found.why == "an entry of that amount is forced (input) on 2024-07-01"


def test_orders_that_were_booked_as_something_else_together_are_said() -> None:
    """Two mints that no rule could explain are the missing issuance, by both transactions."""
    entries = [entry("4", kind="unclassified"), entry("6", kind="unclassified")]
    (found,) = compared([row("10")], entries)
    assert (found.status, found.transactions) == ("missing", ("0x4", "0x6"))
    assert found.why == "2 entries, together of that amount, are unclassified (event) on 2024-07-01"


def test_an_unknown_amount_makes_its_day_unknown() -> None:
    """Nothing is called missing on a day of which we do not know everything."""
    (found,) = compared([row("10")], [entry(None), entry("10")])
    assert (found.status, found.why) == ("unknown", "an amount of the day is not known")


def test_a_day_that_is_not_covered_is_unknown() -> None:
    """After the frontier, and on a chain that is not here."""
    late = FRIDAY + timedelta(days=31)
    assert said(compared([row("10", late)], [])) == [("unknown", late, None, None)]
    assert compared([row("10", chain=THERE)], [])[0].why == "this chain is not in this home"


def test_all_chains_add_and_one_chain_does_not() -> None:
    """A row without a chain is of all of them."""
    entries = [entry("10"), entry("5", chain=THERE)]
    both = {"chains": (HERE, THERE), "covered": dict.fromkeys((HERE, THERE), (date.min, FRIDAY))}
    assert compared([row("15")], entries, **both)[0].status == "matched"
    assert compared([row("10", chain=HERE)], entries, **both)[0].status == "matched"


def test_a_stock_is_matched_shifted_or_differs() -> None:
    """A figure of the close before is told as that."""
    tuesday = MONDAY + timedelta(days=1)
    stocks = {
        ("supply", None, MONDAY): Stock(Decimal(100)),
        ("supply", None, tuesday): Stock(Decimal(110)),
        ("supply", None, FRIDAY): Stock(None, "a gap"),
    }
    rows = [row("100", MONDAY, "supply"), row("100", tuesday, "supply"), row("1", FRIDAY, "supply")]
    found = compared(rows, [], stocks=stocks)
    assert said(found) == [
        ("matched", MONDAY, MONDAY, 0), ("shifted", tuesday, MONDAY, -1), ("unknown", FRIDAY, None, None),
    ]  # fmt: skip
    assert found[2].why == "a gap"
    assert found[1].why == "it is the figure of another close; that of 2024-07-02 is 110"
    assert compared([row("99", MONDAY, "supply")], [], stocks=stocks)[0].difference == 1


def test_many_equal_amounts_are_each_taken_once() -> None:
    """A thousand orders of one amount a day late leave neither missing nor extra ones."""
    rows = [row("1", MONDAY, line=n) for n in range(1000)]
    found = compared(rows, [entry("1", MONDAY + timedelta(days=1), tx=str(n)) for n in range(1000)])
    assert {f.status for f in found} == {"shifted"}
    assert sum(len(f.transactions) for f in found) == 1000


def test_a_calendar_that_nobody_keeps_is_refused() -> None:
    """The sentence has near ones."""
    with pytest.raises(Usage, match="Did you mean XNYS or NYSE"):
        business_days("NYSF", MONDAY, FRIDAY)
    assert business_days("weekdays", MONDAY, FRIDAY).between(date(2024, 7, 3), FRIDAY) == 2
