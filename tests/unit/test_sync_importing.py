"""What an import does to the book, to what readers see, and to the metrics."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_DOWN, Context, Decimal
from pathlib import Path

import pytest
from crossings_kit import ALICE
from homes import Homes
from line_kit import Quiet, run, settings_for
from store_kit import NOW

from indexer.floor.errors import HomeBusy, Usage
from indexer.floor.tables import CLAIMS, IMPORTED_NAVS
from indexer.metrics.answers import Question, balances
from indexer.store.book import Book
from indexer.store.home import writing
from indexer.store.read import connect
from indexer.sync.importing import File, changes, import_file

NAVS = "token,day,price,currency,source\n"
Imported = Callable[..., dict[str, object]]
Asked = Callable[[str], list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def fetched(homes: Homes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the recorded USTB."""
    return homes.plain("ustb").copy(tmp_path_factory.mktemp("told") / "home")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home in which nothing was fetched."""
    return tmp_path


def brought(home: Path, kind: str, text: str, name: str = "a.csv", **more: object) -> dict[str, object]:
    settings, registry = settings_for(home, [])
    (row,) = import_file(settings, registry, File(kind, name, text.encode()), Quiet(), **more)
    return row


def asked(home: Path, sql: str) -> list[tuple[object, ...]]:
    with connect(*settings_for(home, [])) as con:
        return con.execute(sql).fetchall()


def counts(row: dict[str, object]) -> tuple[object, ...]:
    return row["added"], row["replaced"], row["unchanged"]


def test_a_row_keeps_where_it_is_from(home: Path) -> None:
    """Source, file, line and digest stand with the figure."""
    brought(home, "navs", f"{NAVS}ustb,2024-05-01,10.5,USD,A letter\n", name="may.csv")
    digest = File("navs", "may.csv", f"{NAVS}ustb,2024-05-01,10.5,USD,A letter\n".encode()).digest
    found = asked(
        home, "SELECT name, price, source, file, line, file_digest, superseded_at FROM imported_navs"
    )
    assert found == [("ustb", Decimal("10.5"), "A letter", "may.csv", 2, digest, None)]


def test_the_same_file_again_changes_nothing(home: Path) -> None:
    """Not a row, not a time."""
    text = f"{NAVS}ustb,2024-05-01,10.5,USD,A\n"
    assert counts(brought(home, "navs", text)) == (1, 0, 0)
    before = asked(home, "SELECT * FROM imported_navs")
    assert counts(brought(home, "navs", text, name="copy.csv")) == (0, 0, 1)
    assert asked(home, "SELECT * FROM imported_navs") == before


def test_what_is_told_anew_replaces_and_is_kept(home: Path) -> None:
    """A correction supersedes the row of that day and source; other sources and days stand."""
    brought(
        home,
        "navs",
        f"{NAVS}ustb,2024-05-01,10.5,USD,A\nustb,2024-05-02,10.6,USD,A\nustb,2024-05-01,9,USD,B\n",
    )
    row = brought(
        home, "navs", f"{NAVS}ustb,2024-05-01,10.51,USD,A\nustb,2024-05-02,10.60,USD,A\n", name="b.csv"
    )
    assert counts(row) == (0, 1, 1)
    sql = (
        "SELECT price, source, superseded_by IS NULL FROM imported_navs ORDER BY effective_at, source, price"
    )
    assert asked(home, sql) == [
        (Decimal("10.5"), "A", False),
        (Decimal("10.51"), "A", True),
        (Decimal(9), "B", True),
        (Decimal("10.6"), "A", True),
    ]


def test_an_earlier_file_may_be_right_again(home: Path) -> None:
    """Its row stands once more, and the one between is kept as replaced."""
    first, second = f"{NAVS}ustb,2024-05-01,10.5,USD,A\n", f"{NAVS}ustb,2024-05-01,7,USD,A\n"
    for text in (first, second, first):
        brought(home, "navs", text)
    standing = asked(home, "SELECT price FROM imported_navs WHERE superseded_at IS NULL")
    assert standing == [(Decimal("10.5"),)]
    assert asked(home, "SELECT count(*) FROM imported_navs") == [(2,)]


def test_one_bad_row_keeps_the_file_out(home: Path) -> None:
    """All or nothing."""
    brought(home, "navs", f"{NAVS}ustb,2024-05-01,10.5,USD,A\n")
    with pytest.raises(Usage, match="was imported"):
        brought(home, "navs", f"{NAVS}ustb,2024-05-02,10.5,USD,A\nustb,2024-05-03,x,USD,A\n")
    assert asked(home, "SELECT count(*) FROM imported_navs") == [(1,)]


def test_a_dry_run_writes_nothing_and_waits_for_nobody(home: Path) -> None:
    """It says what would happen, in a fresh home too, while another writer works."""
    text = f"{NAVS}ustb,2024-05-01,10.5,USD,A\n"
    row = brought(home, "navs", text, dry_run=True)
    assert (counts(row), row["note"]) == ((1, 0, 0), "dry run: nothing was written")
    assert list(home.iterdir()) == []
    brought(home, "navs", text)
    with writing(home):
        assert counts(brought(home, "navs", text.replace("10.5", "11"), dry_run=True)) == (0, 1, 0)
        with pytest.raises(HomeBusy):
            brought(home, "navs", text)
    assert asked(home, "SELECT price FROM imported_navs") == [(Decimal("10.5"),)]


def test_imported_prices_stand_in_navs_and_are_marked(fetched: Path) -> None:
    """A reader sees them on each chain of the home that the token is on, as kind import."""
    before = asked(fetched, "SELECT count(*) FROM navs")
    brought(fetched, "navs", f"{NAVS}ustb,2024-05-01,10.5,USD,A letter\n")
    found = asked(
        fetched,
        "SELECT token, chain_id, contract, effective_at, price, currency, source, published_at = effective_at,"
        " block_number, why_null FROM navs WHERE kind = 'import'",
    )
    at = datetime.fromisoformat("2024-05-01")
    assert found == [
        ("ustb", "eip155:900005", "import", at, Decimal("10.5"), "USD", "A letter", True, None, None)
    ]
    assert asked(fetched, "SELECT count(*) - 1 FROM navs") == before
    brought(fetched, "navs", f"{NAVS}ustb,2024-05-01,11,USD,A letter\n", name="b.csv")
    assert asked(fetched, "SELECT price FROM navs WHERE kind = 'import'") == [(Decimal(11),)]


def test_the_metrics_of_the_token_are_computed_again(fetched: Path) -> None:
    """At once, and by the next run where an import ended before it came to that."""
    row = brought(fetched, "navs", f"{NAVS}ustb,2024-05-03,10.5,USD,A\nstbt,2024-05-03,1,USD,A\n")
    assert row["note"] == "computed again: ustb"
    book = Book(f"sqlite:///{fetched / 'rwa.db'}")
    assert not [claim for claim in book.rows(CLAIMS) if claim["owner"] in ("measure", "whole")]
    with book.commit() as commit:
        commit.put(CLAIMS, [{"claim": "measure ustb", "owner": "measure", "fetched_at": NOW}])
    book.close()
    run(fetched, "ustb")
    assert asked(fetched, "SELECT count(*) FROM claims WHERE owner = 'measure'") == [(0,)]


def test_an_imported_price_gives_a_value_where_the_chain_tells_none(fetched: Path) -> None:
    """From its date on, until the next one; the product's price is its token's."""
    run(fetched, "xaum_side")
    head = "product,day,price,currency,source\n"
    brought(fetched, "navs", f"{head}xaum,2024-10-02,2400,USD,A\nxaum,2024-10-04,2500.5,USD,A\n")
    sql = (
        "SELECT circulating, nav, value, value_usd FROM supply_daily WHERE token = 'xaum'"
        " AND day BETWEEN '2024-10-01' AND '2024-10-04' ORDER BY day"
    )
    found = asked(fetched, sql)
    assert [row[1] for row in found] == [None, Decimal(2400), Decimal(2400), Decimal("2500.5")]
    for circulating, nav, value, value_usd in found[1:]:
        assert value == (circulating * nav).quantize(Decimal("1e-6"), ROUND_DOWN, Context(prec=80))
        assert value_usd == value


def test_what_rests_on_an_imported_price_says_so(fetched: Path) -> None:
    """Supply's value and flows name the kind, a yield its source; the chain's own prices are named as what they are."""
    run(fetched, "xaum_side")
    brought(fetched, "navs", "product,day,price,currency,source\nxaum,2024-10-05,2500.5,USD,Refiner\n")
    day = "= DATE '2024-10-06'"
    kinds = asked(
        fetched,
        f"SELECT 'supply', nav_kind FROM supply_daily WHERE token = 'xaum' AND day {day} UNION ALL "
        f"SELECT DISTINCT 'flows', price_kinds FROM flows_daily WHERE token = 'xaum' AND day > '2024-10-05' UNION ALL "
        f"SELECT 'yields', source FROM yields_daily WHERE token = 'xaum' AND day {day} ORDER BY 1",
    )
    assert kinds == [("flows", "import"), ("supply", "import"), ("yields", "import: Refiner")]
    assert asked(fetched, "SELECT DISTINCT nav_kind FROM supply_daily WHERE token = 'ustb' ORDER BY ALL") == [
        ("official",), (None,)
    ]  # fmt: skip


def test_what_an_import_changes_of_published_figures_is_restated(fetched: Path) -> None:
    """Old and new value of the day, cause import; a file that says the same again restates nothing."""
    head = "token,day,price,currency,source\n"
    run(fetched, "xaum_side")
    brought(fetched, "navs", f"{head}xaum,2024-10-20,2000,USD,Auditor\n")
    told = asked(fetched, "SELECT count(*) FROM restatements")
    brought(fetched, "navs", f"{head}xaum,2024-10-20,2000.0,USD,Auditor\n", name="same.csv")
    assert asked(fetched, "SELECT count(*) FROM restatements") == told
    brought(fetched, "navs", f"{head}xaum,2024-10-20,2001,USD,Auditor\n", name="b.csv")
    found = asked(
        fetched,
        "SELECT old_value, new_value, cause FROM restatements WHERE token = 'xaum' AND day = DATE '2024-10-20'"
        " AND table_name = 'supply_daily' AND column_name = 'nav' ORDER BY fetched_at DESC LIMIT 1",
    )
    assert found == [("2000.000000000000000000", "2001.000000000000000000", "import")]


def test_supply_from_outside_restates_the_product_and_nothing_else(fetched: Path) -> None:
    """Told otherwise, what stands elsewhere changes with cause import; the token's own supply does not."""
    head = "product,chain,day,supply,source\n"
    brought(fetched, "external-supply", f"{head}ustb,solana:main,2024-05-01,1.5,A\n")
    brought(fetched, "external-supply", f"{head}ustb,solana:main,2024-05-01,2.5,A\n", name="b.csv")
    found = asked(
        fetched,
        "SELECT DISTINCT table_name, column_name, old_value, new_value, cause FROM restatements"
        " WHERE token = 'ustb' AND day = DATE '2024-05-02' AND old_value LIKE '1.5%'",
    )
    assert found == [("product_daily", "elsewhere", "1.500000000000000000", "2.500000000000000000", "import")]


def test_a_label_stands_beside_its_balance(fetched: Path) -> None:
    """Two sources' names of the largest holder, and none for the others; another chain's label is not its own."""
    ((holder,),) = asked(
        fetched, "SELECT holder FROM balances WHERE token = 'ustb' ORDER BY units DESC LIMIT 1"
    )
    head = "chain,address,label,source\n"
    brought(
        fetched, "labels", f"{head}ustb,{holder},Treasury,A\nustb,{holder},Vault,B\nstbt,{ALICE},Other,A\n"
    )
    with connect(*settings_for(fetched, [])) as con:
        rows = balances(con, Question(("ustb",), None, None, None, None, 3)).to_pylist()
    assert [row["label"] for row in rows] == ["Treasury · Vault", None, None]


def test_external_supply_is_kept_by_chain_and_day(home: Path) -> None:
    """What is not on an indexed chain; the same day told anew replaces."""
    head = "product,chain,day,supply,source\n"
    brought(
        home,
        "external-supply",
        f"{head}ustb,book-entry,2024-05-01,9800000,A\nustb,solana:main,2024-05-01,1.5,A\n",
    )
    brought(home, "external-supply", f"{head}ustb,book-entry,2024-05-01,9900000,A\n", name="b.csv")
    sql = "SELECT scope, name, chain, day, supply FROM external_supply WHERE superseded_at IS NULL ORDER BY chain"
    day = date(2024, 5, 1)
    assert asked(home, sql) == [
        ("product", "ustb", "book-entry", day, Decimal(9900000)),
        ("product", "ustb", "solana:main", day, Decimal("1.5")),
    ]


def test_changes_are_decided_without_a_book() -> None:
    """A pure function: what is new, what is replaced, what stands."""
    row = {"scope": "token", "name": "ustb", "effective_at": NOW, "price": Decimal(1), "currency": "USD"}
    fresh = row | {"source": "A", "line": 2}
    held = fresh | {"file": "a", "file_digest": "1", "superseded_at": None}
    file = File("navs", "b", b"")
    assert changes(IMPORTED_NAVS, [held], [fresh], file, NOW).unchanged == (fresh,)
    changed = changes(IMPORTED_NAVS, [held], [fresh | {"currency": "EUR"}], file, NOW)
    assert (changed.replaced, changed.added[0]["file_digest"]) == ((held,), file.digest)
    gone = held | {"superseded_at": NOW}
    assert changes(IMPORTED_NAVS, [gone], [fresh], file, NOW).replaced == ()
