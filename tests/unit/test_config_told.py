"""Files of figures: what is good, and what each fault is told as."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from config_kit import ADDRESS, CHAINS, DEPLOYMENT, PLATFORM, TOKEN, read

from indexer.config.model import Registry
from indexer.config.told import FORMATS, Asked, parse
from indexer.floor.errors import Usage

KNOWN = """
[[token.deployment]]
chain = "solana"
chain_id = "solana:mainnet"
address = "CCz3SGVziFeLYk2xfEstkiqJfYkjaSWb2GCABYsVcjo2"
status = "known"
"""
SECOND = '\n[polygon]\nid = "eip155:137"\nendpoints = ["https://node.example/rpc"]\n'
NAVS = "token,day,price,currency,source\n"
SUPPLY = "product,chain,day,supply,source\n"
LABELS = "chain,address,label,source\n"


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """One token on ethereum, known on solana too; the day is 2026-02-01."""
    registry: Registry = read(
        tmp_path_factory.mktemp("config"), PLATFORM + TOKEN + DEPLOYMENT + KNOWN, CHAINS + SECOND
    )
    return Asked(registry, None, date(2026, 2, 1))


def said(kind: str, text: str, asked: Asked) -> str:
    with pytest.raises(Usage) as refused:
        parse(kind, "file.csv", text.encode(), asked)
    return str(refused.value)


def test_prices_are_read_exactly(asked: Asked) -> None:
    """A day is its first second in UTC, a price every digit that stands there."""
    (row,) = parse(
        "navs", "file.csv", f"{NAVS}ustb,2026-01-31,10.912345678901234567,USD,A letter\n".encode(), asked
    )
    assert (row["scope"], row["name"], row["line"]) == ("token", "ustb", 2)
    assert row["effective_at"] == datetime.fromisoformat("2026-01-31")
    assert row["price"] == Decimal("10.912345678901234567")
    assert (row["currency"], row["source"]) == ("USD", "A letter")


def test_a_time_has_its_zone(asked: Asked) -> None:
    """Four o'clock in New York is nine in the evening UTC."""
    text = "product,time,price,currency,source\nustb,2026-01-30T16:00:00-05:00,1,USD,A\n"
    (row,) = parse("navs", "file.csv", text.encode(), asked)
    assert (row["scope"], row["effective_at"]) == ("product", datetime.fromisoformat("2026-01-30T21:00"))


def test_supply_of_a_chain_that_is_not_indexed(asked: Asked) -> None:
    """A known chain, a chain by its CAIP-2 id, and the issuer's books; zero is a figure."""
    lines = (
        "ustb,solana,2026-01-31,0,A",
        "ustb,stellar:pubnet,2026-01-31,2,A",
        "ustb,book-entry,2026-01-31,3.5,A",
    )
    rows = parse("external-supply", "file.csv", (SUPPLY + "\n".join(lines)).encode(), asked)
    assert [(row["chain"], row["supply"]) for row in rows] == [
        ("solana", 0), ("stellar:pubnet", 2), ("book-entry", Decimal("3.5")),
    ]  # fmt: skip


def test_a_label_may_hold_commas_and_any_script(asked: Asked) -> None:
    """CSV's own quotes; a chain by name or by id."""
    rows = parse(
        "labels",
        "file.csv",
        f'{LABELS}eip155:1,{ADDRESS},"Treasury, Zürich ünit",A\n'.encode("utf-8-sig"),
        asked,
    )
    assert [(row["chain_id"], row["address"], row["label"]) for row in rows] == [
        ("eip155:1", ADDRESS.lower(), "Treasury, Zürich ünit")
    ]


def test_the_source_of_the_command_fills_what_the_file_leaves_open(asked: Asked) -> None:
    """The file's own word stands where there is one."""
    text = f"{NAVS}ustb,2026-01-30,1,USD,\nustb,2026-01-31,1,USD,A letter\n"
    rows = parse("navs", "file.csv", text.encode(), asked._replace(source="--"))
    assert [row["source"] for row in rows] == ["--", "A letter"]


WRONG = {
    "an unknown token": (
        "navs",
        f"{NAVS}ustp,2026-01-31,1,USD,A",
        "line 2, token = 'ustp' is no token of the configuration; did you mean 'ustb'?",
    ),
    "an unknown product": (
        "external-supply",
        f"{SUPPLY}gold,solana,2026-01-31,1,A",
        "product = 'gold' is no product",
    ),
    "a day that is none": (
        "navs",
        f"{NAVS}ustb,2026-02-30,1,USD,A",
        "day = '2026-02-30' is not a day; write it as",
    ),
    "a day in another order": ("navs", f"{NAVS}ustb,31.01.2026,1,USD,A", "day = '31.01.2026' is not a day"),
    "a day to come": ("navs", f"{NAVS}ustb,2026-02-02,1,USD,A", "lies in the future"),
    "a time without zone": (
        "navs",
        "token,time,price,currency,source\nustb,2026-01-31T16:00:00,1,USD,A",
        "is not a time with its zone",
    ),
    "a comma for the point": (
        "navs",
        f'{NAVS}ustb,2026-01-31,"1,05",USD,A',
        "price = '1,05' is not an amount; write digits (at most 20)",
    ),
    "an exponent": ("navs", f"{NAVS}ustb,2026-01-31,1e5,USD,A", "price = '1e5' is not an amount"),
    "a negative price": ("navs", f"{NAVS}ustb,2026-01-31,-1,USD,A", "price = '-1' is not an amount"),
    "no price": ("navs", f"{NAVS}ustb,2026-01-31,0,USD,A", "price = '0' is no price"),
    "nineteen decimals": ("navs", f"{NAVS}ustb,2026-01-31,0.{'1' * 19},USD,A", "at most 18 decimals"),
    "figures of another script": ("navs", f"{NAVS}ustb,2026-01-31,\u0661,USD,A", "is not an amount"),
    "a currency as a sign": ("navs", f"{NAVS}ustb,2026-01-31,1,$,A", "currency = '$' is not a currency code"),
    "no source": (
        "navs",
        f"{NAVS}ustb,2026-01-31,1,USD,",
        "source = '' is empty; say who the figure is from",
    ),
    "no source at all": (
        "navs",
        "token,day,price,currency\nustb,2026-01-31,1,USD",
        "has no column source; add it, or say with --source",
    ),
    "a missing column": (
        "navs",
        "token,day,price,source\nustb,2026-01-31,1,A",
        "line 1 has no column currency; add it.",
    ),
    "token and product": (
        "navs",
        "token,product,day,price,currency,source\nustb,ustb,2026-01-31,1,USD,A",
        "has token and product; keep one.",
    ),
    "an unknown column": (
        "navs",
        "token,day,prise,currency,source\nustb,2026-01-31,1,USD,A",
        "'prise' is not a known column; did you mean 'price'?",
    ),
    "a column twice": (
        "navs",
        "token,day,price,price,currency,source\nustb,2026-01-31,1,1,USD,A",
        "price stands twice",
    ),
    "a role": (
        "labels",
        f"chain,address,label,role,source\nethereum,{ADDRESS},x,escrow,A",
        "roles change figures, so they stand in the configuration",
    ),
    "a row that is short": ("navs", f"{NAVS}ustb,2026-01-31,1,USD", "line 2 has 4 cells, the header 5"),
    "the same twice": (
        "navs",
        f"{NAVS}ustb,2026-01-31,1,USD,A\nustb,2026-01-31,2,USD,A",
        "line 3 says of the same what line 2 says",
    ),
    "an indexed chain": (
        "external-supply",
        f"{SUPPLY}ustb,ethereum,2026-01-31,1,A",
        "is indexed for ustb, so its supply is counted from events",
    ),
    "an indexed chain by its id": (
        "external-supply",
        f"{SUPPLY}ustb,eip155:1,2026-01-31,1,A",
        "is indexed for ustb",
    ),
    "a chain misspelt": ("external-supply", f"{SUPPLY}ustb,solanna,2026-01-31,1,A", "did you mean 'solana'?"),
    "a label's chain": (
        "labels",
        f"{LABELS}moon,{ADDRESS},x,A",
        "chain = 'moon' is no chain of the configuration",
    ),
    "a wrong checksum": (
        "labels",
        f"{LABELS}ethereum,{ADDRESS.replace('0x43415eB6', '0x43415EB6')},x,A",
        "wrong checksum (EIP-55)",
    ),
    "an empty label": ("labels", f"{LABELS}ethereum,{ADDRESS},,A", "label = '' is empty"),
    "a long label": ("labels", f"{LABELS}ethereum,{ADDRESS},{'x' * 201},A", "is longer than 200 characters"),
    "no rows": ("navs", NAVS, "has no rows below its header"),
    "nothing": ("navs", "", "is empty; its first line must name the columns"),
    "semicolons": ("navs", NAVS.replace(",", ";"), "has ';' between its cells; save it as CSV with commas"),
    "an open quote": ("navs", f'{NAVS}ustb,"2026-01-31,1,USD,A\n', "is not CSV"),
    "a NUL": ("navs", f"{NAVS}ustb,2026-01-31\0,1,USD,A", "holds NUL characters"),
}


@pytest.mark.parametrize(("kind", "text", "told"), WRONG.values(), ids=WRONG)
def test_a_fault_is_told_with_place_value_and_remedy(kind: str, text: str, told: str, asked: Asked) -> None:
    """A sentence names the file, and nothing is imported."""
    sentence = said(kind, text, asked)
    assert told in sentence
    assert "file.csv" in sentence


def test_what_is_not_utf8_is_refused(asked: Asked) -> None:
    """A spreadsheet's own encoding would read as other letters."""
    with pytest.raises(Usage, match="not UTF-8"):
        parse("labels", "file.csv", LABELS.encode() + f"ethereum,{ADDRESS},Zürich,A".encode("latin-1"), asked)


def test_every_fault_is_told_at_once(asked: Asked) -> None:
    """Twenty in full, the rest counted; one good row beside them is not taken."""
    bad = "".join(f"ustb,2026-01-{day:02},x,USD,A\n" for day in range(1, 26))
    sentences = said("navs", f"{NAVS}ustb,2026-01-31,1,USD,A\n{bad}", asked).splitlines()
    assert (len(sentences), sentences[0], sentences[-1]) == (
        22,
        "Nothing of file.csv was imported.",
        "And 5 more.",
    )


def test_hostile_text_is_told_as_escapes(asked: Asked) -> None:
    """A terminal sequence or a turned direction in a cell reaches no terminal."""
    sentence = said("navs", f"{NAVS}\x1b[2J\u202eustb,2026-01-31,1,USD,A", asked)
    assert "'\\x1b[2J\\u202eustb'" in sentence
    assert sentence.replace("\n", "").isprintable()


def test_every_column_of_a_format_has_a_reader() -> None:
    """Each format names columns that it can read, and its table keeps what they give."""
    for wanted in FORMATS.values():
        assert {name for group in wanted.columns for name in group} | {"source"} == set(wanted.readers)
