"""Facts about tokens that are listed in a CSV file."""

from datetime import date

import pytest
from config_kit import ADDRESS, CHAINS, OTHER, PLATFORM, read, refusal, written

from indexer.config.load import config_digest, load
from indexer.config.uses import uses_of

LIST = f"""
[[list]]
file     = "shares.csv"
prefix   = "x-"
currency = "USD"
accrual  = "timed_rebase"
reasons  = "backed"
decimals = 18
start    = 2025-05-01
reads    = ["getCurrentMultiplier"]
known    = {{ solana = "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp" }}
source   = "the issuer's list"

  [[list.role]]
  address = "{OTHER}"
  role    = "issuer_float"

  [[list.companion]]
  name    = "Oracle"
  chains  = ["base"]
  address = "{OTHER}"
  events  = ["erc20"]
"""
HEAD = "symbol,name,asset_class,chains,address,decimals,start\n"
ROW = f"AAx,Alcoa,equity,ethereum base,{ADDRESS},,\n"
TWO = CHAINS + CHAINS.replace("[ethereum]", "[base]").replace(":1", ":8453")


def listed(folder, rows, text=LIST):
    (folder / "platforms").mkdir(parents=True, exist_ok=True)
    (folder / "platforms" / "shares.csv").write_text(rows)
    return read(folder, PLATFORM + text, TWO)


def told(folder, rows, text=LIST):
    (folder / "platforms").mkdir(parents=True, exist_ok=True)
    (folder / "platforms" / "shares.csv").write_text(rows)
    return refusal(folder, PLATFORM + text, TWO)


def test_a_row_is_a_token_on_each_of_its_chains(tmp_path):
    """A row has its own symbol, name and address, and what the list says of all."""
    token = listed(tmp_path, HEAD + ROW).tokens["x-aax"]
    assert (token.symbol, token.name, token.platform, token.accrual, token.reasons, token.tier) == (
        "AAx", "Alcoa", "superstate", "timed_rebase", "backed", "long",
    )  # fmt: skip
    assert [(d.chain, d.address, d.decimals, d.start, d.reads, d.source) for d in token.deployments] == [
        (chain, ADDRESS.lower(), 18, date(2025, 5, 1), ("getCurrentMultiplier",), "the issuer's list")
        for chain in ("ethereum", "base")
    ]


def test_a_row_without_a_product_is_its_own(tmp_path):
    """A listed token is a product of its asset class by itself."""
    product = listed(tmp_path, HEAD + ROW).products["x-aax"]
    assert (product.name, product.asset_class, product.currency) == ("Alcoa", "equity", "USD")


def test_rows_with_one_symbol_are_one_token(tmp_path):
    """A token with another address on another chain has a row for each."""
    rows = HEAD + f"AAx,Alcoa,equity,ethereum,{ADDRESS},,\nAAx,Alcoa,equity,base,{OTHER},6,17\n"
    text = LIST.replace(f'address = "{OTHER}"', 'address = "0x14d60E7FDC0D71d8611742720E4C50E7a974020c"')
    token = listed(tmp_path, rows, text).tokens["x-aax"]
    assert [(d.chain, d.decimals, d.start) for d in token.deployments] == [
        ("ethereum", 18, date(2025, 5, 1)),
        ("base", 6, 17),
    ]


def test_what_is_shared_may_be_of_some_chains(tmp_path):
    """A companion of the list that names its chains belongs to no other."""
    ethereum, base = listed(tmp_path, HEAD + ROW).tokens["x-aax"].deployments
    assert [r.role for r in ethereum.roles] == [r.role for r in base.roles] == ["issuer_float"]
    assert (len(ethereum.companions), len(base.companions)) == (0, 1)


def test_a_chain_that_is_only_known_has_its_id_from_the_list(tmp_path):
    """On such a chain a contract is known, not indexed, and its address is as that chain writes it."""
    rows = HEAD + ROW + "AAx,Alcoa,equity,solana,XsRbLZthfABAPAfumWNEJhPyiKDW6TvDVeAeW7oKqA2,,\n"
    known = listed(tmp_path, rows).tokens["x-aax"].deployments[2]
    assert (known.status, known.chain_id, known.decimals, known.start, known.roles) == (
        "known", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", None, None, (),
    )  # fmt: skip
    assert known.address == "XsRbLZthfABAPAfumWNEJhPyiKDW6TvDVeAeW7oKqA2"


def test_a_listed_token_has_a_digest_like_any_other(tmp_path):
    """What the list says of all is part of what each token's derivation depends on."""
    token = listed(tmp_path / "one", HEAD + ROW).tokens["x-aax"]
    other = listed(tmp_path / "two", HEAD + ROW, LIST.replace("timed_rebase", "plain")).tokens["x-aax"]
    assert config_digest(token, token.deployments[0]) != config_digest(other, other.deployments[0])


def test_an_address_that_many_tokens_share_is_one_use(tmp_path):
    """What an address is is told once, with all the tokens and chains of it."""
    rows = HEAD + ROW + "ABx,Other,equity,ethereum,0x14d60E7FDC0D71d8611742720E4C50E7a974020c,,\n"
    uses = uses_of(listed(tmp_path, rows), OTHER)
    assert [(u.what, u.tokens, u.chains) for u in uses] == [
        ("issuer_float", ("x-aax", "x-abx"), ("ethereum", "base")),
        ("Oracle", ("x-aax",), ("base",)),
    ]


WRONG = {
    "an unknown column": (HEAD.replace("name", "nmae") + ROW, "shares.csv, line 1: 'nmae' is no column"),
    "a column twice": (HEAD.replace("name", "symbol") + ROW, "line 1: 'symbol' is no column, or is there twice"),
    "a missing column": (HEAD.replace(",chains", "") + ROW, "line 1: the column chains is missing; add it."),
    "an empty file": ("", "line 1: the column symbol is missing; add it."),
    "a cell too many": (HEAD + ROW.replace("Alcoa", "Alcoa, Inc."), "line 2: 8 cells where the first line names 7"),
    "an empty cell that is needed": (HEAD + ROW.replace("AAx", " "), "line 2: symbol is empty; write it."),
    "a bad checksum": (HEAD + ROW.replace("0x43415eB6", "0x43415EB6"), "address = '0x43415EB6"),
    "an unknown chain": (HEAD + ROW.replace("base", "bsae"), "deployment 'bsae', chain = 'bsae' is unknown; did you"),
    "an unknown class": (HEAD + ROW.replace("equity", "stock"), "product 'x-aax', asset_class = 'stock' is unknown"),
    "decimals that are none": (HEAD + ROW.replace(",,\n", ",x,\n"), "decimals = 'x' must be a whole number from 0"),
    "a start that is none": (HEAD + ROW.replace(",,\n", ",,soon\n"), "start = 'soon' must be a block"),
    "a contract twice": (HEAD + ROW + ROW.replace("AAx", "ABx"), "is token 'x-aax' on ethereum already"),
    "a chain twice": (HEAD + ROW.replace("ethereum base", "base base"), "is token 'x-aax' on base already"),
    "a quote that does not end": (HEAD + '"AAx', "is not CSV in UTF-8"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_list_is_refused(what, tmp_path):
    """A fault in a list is told with its file, its place, its value and what to do."""
    rows, sentence = WRONG[what]
    said = told(tmp_path, rows)
    assert "shares.csv" in said
    assert sentence in said


def test_a_list_that_is_not_there_is_refused(tmp_path):
    """A list names a file beside its own."""
    assert "file = 'shares.csv' is not there; put it beside superstate.toml" in refusal(
        tmp_path, PLATFORM + LIST, TWO
    )


def test_a_list_is_a_file_of_its_folder(tmp_path):
    """The name of a list leads nowhere else."""
    said = refusal(tmp_path, PLATFORM + LIST.replace("shares.csv", "../shares.csv"), TWO)
    assert "file = '../shares.csv' must be the name of a file" in said


def test_an_id_of_a_list_is_unique_like_any_other(tmp_path):
    """A listed token may not take the id of one that a platform's file has."""
    token = f"""
[[token]]
id = "x-aax"
symbol = "OLD"
product = "ustb"
accrual = "plain"
[[token.deployment]]
chain = "ethereum"
address = "{OTHER}"
decimals = 6
"""
    assert "id = 'x-aax' stands in" in told(tmp_path, HEAD + ROW, token + LIST)


def test_the_homes_entry_replaces_a_listed_token(tmp_path):
    """A token of the same id in a home's own file stands in place of the listed one."""

    listed(tmp_path / "base", HEAD + ROW)
    mine = (
        PLATFORM.replace('id = "ustb"', 'id = "x-aax"')
        + f"""
[[token]]
id = "x-aax"
symbol = "AAx"
product = "x-aax"
accrual = "plain"
[[token.deployment]]
chain = "ethereum"
address = "{OTHER}"
decimals = 6
"""
    )
    over = written(tmp_path / "over", mine, chains="")
    token = load(tmp_path / "base", over).tokens["x-aax"]
    assert (token.accrual, len(token.deployments)) == ("plain", 1)


def test_a_cell_with_thousands_of_digits_is_no_number(tmp_path):
    """Digits that Python itself would not read are refused as a start like any other text."""
    said = told(tmp_path, HEAD + f"AAx,Alcoa,equity,ethereum,{ADDRESS},6,{'9' * 5000}\n")
    assert "must be a block such as 16431887, or a day" in said
