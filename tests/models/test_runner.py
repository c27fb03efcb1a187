"""What the runner promises beside the rows: schemas, order, choice, refusals, audits that can fail."""

from datetime import date, datetime

import duckdb
import pyarrow as pa
import pytest
from metrics_kit import full, given, shown

from indexer.floor.calendar import utc_days
from indexer.floor.errors import Permanent, Usage
from indexer.floor.tables import TABLES, arrow_schema
from indexer.metrics.runner import audit, compute, model_order

FRONTIER = "2024-01-03T12:00:00"
LEDGER = """
time                 from  to  raw  effect  reason
2024-01-01T10:00:00  -     a   100  mint    issuance
2024-01-02T10:00:00  a     b   40   move    transfer
2024-01-02T11:00:00  b     -   10   burn    redemption
"""


PRODUCT = {"products": "product  currency\np        USD\n", "tokens": "token  product\nt      p\n"}


def ledger() -> duckdb.DuckDBPyConnection:
    return shown(given({"transfers": LEDGER, **PRODUCT}, FRONTIER))


def test_every_metric_comes_once_in_its_declared_schema_sorted_by_key():
    """compute yields each metric table once, with the declared Arrow schema, in the order of its key."""
    made = list(compute(ledger()))
    assert sorted(name for name, _ in made) == sorted(model_order())
    for name, rows in made:
        assert rows.schema == arrow_schema(TABLES[name])
        keys = [tuple(str(row[part]) for part in TABLES[name].key) for row in rows.to_pylist()]
        assert keys == sorted(keys)
        assert len(set(keys)) == len(keys)


def test_only_what_is_asked_comes():
    """With *only*, other metrics are neither yielded nor left behind."""
    con = ledger()
    assert [name for name, _ in compute(con, ["flows_daily"])] == ["flows_daily"]
    left = con.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'computed'"
    ).fetchall()
    assert left == [("flows_daily",)]


def test_an_unknown_metric_is_refused_with_the_known_ones():
    """A name that is no metric is the user's mistake, told with the names there are."""
    with pytest.raises(Usage, match=r"No metric is called nonsense\. There are: activity_daily"):
        list(compute(ledger(), ["nonsense"]))


def test_a_view_with_the_name_of_a_metric_does_not_hide_the_run():
    """Metrics of an earlier run that the caller shows as views are not read by this run."""
    con = ledger()
    before = dict(compute(con))
    con.register("supply_daily", arrow_schema(TABLES["supply_daily"]).empty_table())
    assert dict(compute(con)) == before


def test_two_runs_make_the_same_rows():
    """The order in which rows come in does not change what comes out."""
    rows = given({"transfers": LEDGER}, FRONTIER)
    backwards = rows | {"transfers": rows["transfers"][::-1], "supply_changes": rows["supply_changes"][::-1]}
    assert dict(compute(shown(rows))) == dict(compute(shown(backwards)))


def test_a_calendar_that_is_too_short_is_refused():
    """Rows outside the calendar would be lost in silence, so the run stops with both bounds."""
    con = ledger()
    con.register("calendar", utc_days(date(2024, 1, 2), date(2024, 1, 3)))
    with pytest.raises(Permanent, match="the rows need 2024-01-01 10:00:00 to 2024-01-03 12:00:00"):
        list(compute(con))


def broken(table: str, column: str, value: object, day: date | None = None) -> list[str]:
    """Return the audits that find one changed value in a computed table."""
    con = ledger()
    list(compute(con))
    where = "TRUE" if day is None else f"day = DATE '{day}'"
    con.execute(f"UPDATE computed.{table} SET {column} = ? WHERE {where}", [value])
    return sorted({found.audit for found in audit(con)})


@pytest.mark.parametrize(
    ("table", "column", "value", "wanted"),
    [
        ("supply_rollforward", "issued", 1, "rollforward_adds_up"),
        ("supply_rollforward", "opening", 1, "opening_is_previous_closing"),
        ("supply_rollforward", "closing", 1, "closing_is_supply"),
        ("supply_daily", "supply", 1, "closing_is_supply"),
        ("holders_daily", "entered", 5, "holders_add_up"),
        ("holders_daily", "holders", 9, "holders_add_up"),
        ("holders_daily", "addresses", 9, "holders_are_balances"),
        ("activity_daily", "transfers", 7, "every_entry_is_counted"),
        ("flows_daily", "transfers", 7, "every_entry_is_counted"),
        ("flows_daily", "amount", None, "null_has_a_reason"),
        ("supply_daily", "units", None, "null_has_a_reason"),
        ("product_daily", "supply", 1, "product_is_its_parts"),
        ("product_daily", "value_net", 10, "product_is_its_parts"),
        ("product_daily", "value_net", None, "null_has_a_reason"),
        ("activity_daily", "volume_raw", None, "null_has_a_reason"),
        ("yields_daily", "yield_7d", 0.05, "yields_are_of_their_windows"),
    ],
)
def test_an_audit_finds_one_changed_figure(table: str, column: str, value: object, wanted: str):
    """Each audit can fail: it finds a figure that was changed on one day."""
    assert wanted in broken(table, column, value, date(2024, 1, 2))


@pytest.mark.parametrize(
    ("column", "value", "wanted"),
    [
        ("units", 41, "balances_make_supply"),
        ("units", -1, "balances_not_negative"),
        ("balance", None, "null_has_a_reason"),
        ("beneficial", None, "null_has_a_reason"),
        ("beneficial", 1, "beneficial_is_balance"),
    ],
)
def test_an_audit_finds_one_changed_balance(column: str, value: object, wanted: str):
    """The audits of balances find a figure that was changed."""
    assert wanted in broken("balances", column, value)


def test_an_audit_of_many_breaks_returns_twenty_and_counts_the_rest():
    """A ledger that is wrong throughout does not flood its reader."""
    rows = given({"transfers": LEDGER}, FRONTIER)
    con = shown(rows)
    list(compute(con))
    con.execute(
        "INSERT INTO computed.balances SELECT token, chain_id, contract, CAST(i AS VARCHAR), -1, -1, 0, -1, entity,"
        " role, first_seen, last_active, as_of_block, why_null FROM computed.balances, range(30) AS n (i)"
        " WHERE units = 60"
    )
    found = [each for each in audit(con) if each.audit == "balances_not_negative"]
    assert len(found) == 20
    assert found[-1].detail.endswith("and 10 more rows")


def test_audits_read_the_views_where_nothing_was_computed():
    """Over a lake, in a connection without a run, the audits read the stored tables."""
    con = ledger()
    made = dict(compute(con))
    lake = shown(given({"transfers": LEDGER, **PRODUCT}, FRONTIER))
    for name, rows in made.items():
        lake.register(name, rows)
    assert audit(lake) == []
    wrong = made["balances"].to_pylist()
    wrong[0]["units"] += 1
    lake.register("balances", pa.Table.from_pylist(wrong, schema=made["balances"].schema))
    assert [found.audit for found in audit(lake)] == ["balances_make_supply"]


def test_a_hole_of_one_token_leaves_another_untouched():
    """One token whose units are unknown does not make another's unknown in the same run."""
    rows = given({"transfers": LEDGER}, FRONTIER)
    frontier = {"frontier_time": datetime.fromisoformat(FRONTIER)}
    other = [row | {"token": "u", "units": None, "why_null": "lost"} for row in rows["transfers"]]
    rows["transfers"] = [*rows["transfers"], *other]
    rows["derivations"].append(full("derivations", {"token": "u", **frontier}))
    rows["deployments"].append(full("deployments", {"token": "u"}))
    made = dict(compute(shown(rows)))["balances"].to_pylist()
    assert [(row["units"] is None) for row in made if row["token"] == "t"] == [False, False]
    assert {row["why_null"] for row in made if row["token"] == "u"} == {"the supply is not known"}
