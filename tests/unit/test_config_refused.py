"""Each way to be wrong is refused with the file, the key, the value and what to do."""

import sys

import pytest
from config_kit import ADDRESS, CHAINS, DEPLOYMENT, OTHER, PLATFORM, TOKEN, refusal

ALL = PLATFORM + TOKEN + DEPLOYMENT
ROLE = f'[[token.deployment.role]]\naddress = "{OTHER}"\nrole = "operator"\n'
COMPANION = f'[[token.deployment.companion]]\nname = "Oracle"\naddress = "{OTHER}"\nevents = ["erc20"]\n'
PRICE = f"""[[token.deployment.price]]
kind = "chainlink"
contract = "{OTHER}"
decimals = 8
cadence = "daily"
"""
PAR = '[[token.deployment.price]]\nkind = "par"\nvalue = "1.00"\nsource = "the prospectus"\n'
CANARY = f'[[ethereum.canary]]\nblock = 9\naddress = "{OTHER}"\ncount = 2\n'
TERMS = '[terms]\nregion = "U.S."\nas_of = "2025-11"\nsource = "a survey"\nconfidence = "low"\n'

WRONG = {
    "an unknown key of a token": (
        ALL.replace("symbol =", "symbl ="),
        "token 'ustb', symbl = 'USTB' is not a known key; did you mean 'symbol'?",
    ),
    "a missing key": (ALL.replace('symbol = "USTB"\n', ""), "token 'ustb', symbol is missing; add it."),
    "an unknown key of a role": (ALL + ROLE + "until = 3\n", "the keys here are address, role, from, to"),
    "an unknown table": (ALL + "[[tokens]]\n", "tokens is not a known key; did you mean 'token'?"),
    "a number for text": (ALL.replace('"USTB"', "7"), "symbol = 7 must be text in quotes."),
    "text for a number": (ALL.replace("= 6", '= "6"'), "decimals = '6' must be a whole number from 0 to 18"),
    "a float": (ALL.replace("= 6", "= 6.0"), "decimals = 6.0 must be a whole number"),
    "a truth value for a number": (ALL.replace("= 6", "= true"), "decimals = True must be a whole number"),
    "nineteen decimals": (ALL.replace("= 6", "= 19"), "deployment 'ethereum', decimals = 19 must be a whole number"),
    "missing decimals": (ALL.replace("decimals = 6\n", ""), 'decimals is missing; add it, or write status = "known"'),
    "a missing address": (ALL.replace(f'address = "{ADDRESS}"\n', ""), "deployment 'ethereum', address is missing"),
    "a bad checksum": (ALL.replace("0x43415eB6", "0x43415EB6"), "has a wrong checksum (EIP-55)"),
    "a short address": (ALL.replace(ADDRESS, "0x12"), "address = '0x12' is not an EVM address"),
    "a negative start": (ALL.replace("18725909", "-1"), "start = -1 is negative"),
    "a start in quotes": (ALL.replace("18725909", '"2023-01-01"'), "must be a block such as 16431887, or a day"),
    "a start with a time": (ALL.replace("18725909", "2023-01-01T00:00:00Z"), "start must be a block"),
    "a start of another age": (ALL.replace("18725909", "2203-01-01"), "start must be a block"),
    "a start that no chain reaches": (ALL.replace("18725909", "1" + "0" * 30), "must be a block such as"),
    "a token without a deployment": (PLATFORM + TOKEN + "deployment = []\n", "deployment is empty; give at least one"),
    "a float start": (ALL.replace("18725909", "1.5"), "start = 1.5 must be a block"),
    "an unknown chain": (
        ALL.replace('chain = "ethereum"', 'chain = "etherium"'),
        "chain = 'etherium' is unknown; did you mean 'ethereum'? The configuration has ethereum.",
    ),
    "a table in the place of many": (ALL.replace("[[token]]", "[token]"), "token must be a list: [ ] around values"),
    "an unknown product": (ALL.replace('product = "ustb"', 'product = "ustp"'), "product = 'ustp' is unknown; did you"),
    "an unknown accrual": (ALL.replace('"plain"', '"rebase"'), "accrual = 'rebase' is unknown;"),
    "unknown reasons": (ALL.replace("symbol =", 'reasons = "ondoo"\nsymbol ='), "did you mean 'ondo'?"),
    "an unknown ABI file": (ALL.replace("symbol =", 'events = ["stbtt"]\nsymbol ='), "has no file of event fragments"),
    "an unknown ABI file of a companion": (ALL + COMPANION.replace("erc20", "erc21"), "did you mean 'erc20'?"),
    "an unknown role": (ALL + ROLE.replace("operator", "operater"), "role = 'operater' is unknown; did you mean"),
    "a reserve of an unknown product": (ALL + ROLE.replace("operator", "reserve_of:usdo"), "is unknown; the"),
    "a role that ends before it begins": (ALL + ROLE + "from = 2024-02-01\nto = 2024-01-01\n", "not later than from"),
    "the same role twice": (ALL + ROLE + ROLE, "has the role operator from that time already"),
    "the same companion twice": (ALL + COMPANION + COMPANION, "is the companion 'Oracle' already"),
    "the token as its companion": (ALL + COMPANION.replace(OTHER, ADDRESS), "is the token itself"),
    "a topic of another length": (ALL + COMPANION + 'topics = ["0xddf2"]\n', "is not a topic"),
    "an unknown kind": (ALL + 'kind = "bridged"\n', "kind = 'bridged' is unknown"),
    "a slot that is no number": (
        ALL + 'implementation_slot = "0x1"\n',
        "implementation_slot = '0x1' must be the number of a storage slot",
    ),
    "an unknown read": (ALL + 'reads = ["totalShares"]\n', "reads number 1 = 'totalShares' is unknown; it is one of"),
    "an unknown asset class": (ALL.replace("us-treasuries", "treasuries"), "asset_class = 'treasuries' is unknown"),
    "a currency in lower case": (ALL.replace('"USD"', '"usd"'), "currency = 'usd' must be a currency code"),
    "a confidence that is none": (ALL + 'confidence = "sure"\n', "it is one of high, medium, low"),
    "an id in upper case": (ALL.replace('id = "ustb"\nsymbol', 'id = "USTB"\nsymbol'), "id = 'USTB' must be"),
    "a wrapped token that is none": (ALL.replace("symbol =", 'wraps = "ustb"\nsymbol ='), "wraps = 'ustb' is unknown"),
    "a window of no hours": (
        ALL.replace("[[token.deployment]]", "[token.bridge]\nwindow_hours = 0\n[[token.deployment]]"),
        "bridge, window_hours = 0 must be a whole number of hours from 1",
    ),
    "a tolerance as a float": (
        ALL.replace("[[token.deployment]]", "[token.bridge]\ntolerance = 0.01\n[[token.deployment]]"),
        "bridge, tolerance = 0.01 must be text in quotes",
    ),
    "a tolerance below zero": (
        ALL.replace("[[token.deployment]]", '[token.bridge]\ntolerance = "-1"\n[[token.deployment]]'),
        "bridge, tolerance = '-1' must be token units as text",
    ),
    "a default that no mint can be": (
        ALL.replace("[[token.deployment]]", '[token.defaults]\nmint = "redemption"\n[[token.deployment]]'),
        "defaults, mint = 'redemption' is unknown",
    ),
    "one contract for two tokens": (
        ALL + TOKEN.replace('id = "ustb"', 'id = "two"') + DEPLOYMENT.replace(ADDRESS, ADDRESS.lower()),
        "is token 'ustb' on ethereum already; a contract is one token",
    ),
    "two contracts of a token on a chain": (ALL + DEPLOYMENT.replace(ADDRESS, OTHER), "has token 'ustb' already"),
    "a chain id that chains.toml has": (ALL + 'chain_id = "eip155:1"\n', "stands in chains.toml already"),
    "a chain id of no shape": (
        ALL + '[[token.deployment]]\nchain = "sui"\nchain_id = "sui"\nstatus = "known"\n', "is not a CAIP-2 chain id",
    ),
    "a platform without a name": (ALL.replace('name = "Superstate"\n', ""), "platform, name is missing; add it"),
    "an empty name": (ALL.replace('"A fund"', '" "'), "name = ' ' is empty; write it, or leave the key out"),
    "a price of an unknown kind": (ALL + PRICE.replace("chainlink", "pyth"), "kind = 'pyth' is unknown; it is one of"),
    "a price without decimals": (ALL + PRICE.replace("decimals = 8\n", ""), "price number 1, decimals is missing; add"),
    "a price without a cadence": (ALL + PRICE.replace('cadence = "daily"\n', ""), "cadence is missing; say how often"),
    "a cadence that is none": (ALL + PRICE.replace("daily", "hourly"), "cadence = 'hourly' is unknown; it is one of"),
    "a feed without its contract": (
        ALL + PRICE.replace(f'contract = "{OTHER}"\n', ""), "contract is missing; name the contract that tells",
    ),
    "a price with 37 decimals": (ALL + PRICE.replace("= 8", "= 37"), "decimals = 37 must be a whole number from 0"),
    "no grace": (ALL + PRICE + "grace_hours = 0\n", "grace_hours = 0 must be a whole number above 0"),
    "a price written down": (ALL + PRICE + 'value = "1.02"\n', "other prices are read, not configured; leave it out"),
    "a feed that nobody hears": (ALL + PRICE, "is no companion and may not be read; add it as a companion, or"),
    "an oracle whose logs are not fetched": (
        ALL + PRICE.replace("chainlink", "rwa_price"), "is no companion of this deployment, so its logs are not",
    ),
    "the same price twice": (ALL + PRICE + PRICE, "kind = 'chainlink' is told from there already"),
    "par without a value": (ALL + PAR.replace('value = "1.00"\n', ""), "value is missing; write the par value in"),
    "par as a number": (ALL + PAR.replace('"1.00"', "1"), "value = 1 must be text in quotes"),
    "par of nothing": (ALL + PAR.replace('"1.00"', '"0.00"'), "value = '0.00' must be a price above 0 in quotes"),
    "par without its document": (ALL + PAR.replace('source = "the prospectus"\n', ""), "name the document that makes"),
    "par of a contract": (ALL + PAR + f'contract = "{OTHER}"\n', "tells no par value; leave it out"),
    "terms without a source": (TERMS.replace('source = "a survey"\n', "") + ALL, "terms, source is missing; add it"),
    "terms of no date": (TERMS.replace("2025-11", "Nov 2025") + ALL, "as_of = 'Nov 2025' must be a year, month or day"),
    "terms that the page does not have": (TERMS.replace("region", "regions") + ALL, "did you mean 'region'?"),
    "a table where a list belongs": (ALL.replace("[[token.deployment]]", "[token.deployment]"), "must be a list"),
}  # fmt: skip

WRONG_CHAINS = {
    "a chain id of no shape": (CHAINS.replace('"eip155:1"', '"1"'), "ethereum, id = '1' is not the CAIP-2 id"),
    "another family": (CHAINS + 'family = "solana"\n', "family = 'solana' is unknown"),
    "a finality that is no tag": (CHAINS.replace('"finalized"', '"final"'), 'must be "finalized", "safe", or a number'),
    "no confirmations": (CHAINS.replace('"finalized"', "0"), "finality = 0 must be"),
    "a floor in quotes": (CHAINS.replace("2020-01-01", '"2020-01-01"'), "floor = '2020-01-01' must be a day"),
    "a block that takes no time": (CHAINS + "block_ms = 0\n", "block_ms = 0 must be a whole number above 0"),
    "blooms in words": (CHAINS + 'blooms = "wrong"\n', "blooms = 'wrong' must be true or false"),
    "an explorer that is no page": (CHAINS + 'explorer = "etherscan"\n', "explorer = 'etherscan' is not an http or"),
    "endpoints that are one text": (CHAINS.replace('["https://node.example/rpc"]', '"https://a.b"'), "must be a list"),
    "a chain name in upper case": (CHAINS.replace("[ethereum]", "[Ethereum]"), "id = 'Ethereum' must be lower-case"),
    "an id twice": (CHAINS + CHAINS.replace("[ethereum]", "[mainnet]"), "is the id of ethereum already"),
    "names that are spelled alike": (
        CHAINS + CHAINS.replace("[ethereum]", "[a-b]").replace(":1", ":2")
        + CHAINS.replace("[ethereum]", "[a_b]").replace(":1", ":3"),
        "a_b differs from a-b only in '-' and '_'",
    ),
    "a canary of no block": (CHAINS + CANARY.replace("= 9", "= 0"), "canary number 1, block = 0 must be a whole"),
    "a canary of no logs": (CHAINS + CANARY.replace("= 2", "= 0"), "canary number 1, count = 0 must be a whole number"),
    "a canary of no contract": (CHAINS + CANARY.replace(OTHER, "0x12"), "address = '0x12' is not an EVM address"),
    "a canary of no topic": (CHAINS + CANARY + 'topic0 = "Transfer"\n', "topic0 = 'Transfer' is not a topic, which"),
    "a canary twice": (CHAINS + CANARY + CANARY, "canary number 2, block = 9 has that canary already; leave one out"),
    "a canary without its count": (CHAINS + CANARY.replace("count = 2", ""), "canary number 1, count is missing;"),
    "a canary that is no list": (CHAINS + CANARY.replace("[[", "[").replace("]]", "]"), "canary must be a list"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_platform_file_is_refused(what, tmp_path):
    """A fault in a platform file is told with file, place, value and remedy."""
    text, sentence = WRONG[what]
    told = refusal(tmp_path, text)
    assert "superstate.toml: " in told
    assert sentence in told


@pytest.mark.parametrize("what", WRONG_CHAINS)
def test_a_wrong_chain_is_refused(what, tmp_path):
    """A fault in chains.toml is told with file, place, value and remedy."""
    text, sentence = WRONG_CHAINS[what]
    told = refusal(tmp_path, chains=text)
    assert "chains.toml: " in told
    assert sentence in told


def test_a_long_list_of_what_there_is_is_counted(tmp_path):
    """A wrong product among hundreds is told in a line, not with all their names."""
    one = '[[product]]\nid = "p{}"\nname = "P"\nasset_class = "fund"\ncurrency = "USD"\n'
    many = "".join(one.format(number) for number in range(30))
    told = refusal(tmp_path, ALL.replace('product = "ustb"', 'product = "ustp"') + many)
    assert (
        "'ustp' is unknown; did you mean 'ustb'? The configuration has 31 of them, which `rwa tokens" in told
    )


def test_a_url_under_a_wrong_key_is_not_shown(tmp_path):
    """A slip in the key's name does not make its URL public."""
    told = refusal(tmp_path, chains=CHAINS + 'endpoint = "https://h/SECRETKEY1234567"\n')
    assert "endpoint is not a known key; did you mean 'endpoints'?" in told
    assert "SECRETKEY" not in told


def test_what_is_no_table_is_no_chain(tmp_path):
    """A plain value in chains.toml is told as such."""
    assert "base = 7 must be a table" in refusal(tmp_path, chains="base = 7\n" + CHAINS)


@pytest.mark.parametrize(
    "url",
    [
        "wsx://h/SECRETKEY1234567",
        "https:///SECRETKEY1234567",
        "SECRETKEY1234567",
        "https://h:x/SECRETKEY1234567",
    ],
)
def test_a_wrong_endpoint_is_refused_and_not_shown(url, tmp_path):
    """An endpoint that is no http URL is refused without a word of it, as it may hold a key."""
    told = refusal(tmp_path, chains=CHAINS.replace("https://node.example/rpc", url))
    assert "endpoints number 1 is not an http or https URL with a host" in told
    assert "SECRETKEY" not in told


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("deep = " + "[" * 5000, "is not valid TOML: lists or tables lie too deep in one another"),
        ("long = " + "9" * 5000, "is not valid TOML: a number has thousands of digits"),
        ("decimals = 0x" + "f" * 5000, "decimals must be a whole number from 0 to 18"),
        (f'"{"x" * 5000}" = 1', "x… = 1 is not a known key"),
        ('"https://h/SECRETKEY1234567" = 1', "(hidden) = 1 is not a known key"),
    ],
    ids=["deep", "long", "hex", "a long key", "a URL for a key"],
)
def test_absurd_toml_is_told_in_short(line, said, tmp_path):
    """What Python's reader gives up on, or cannot even print, is a sentence with the file like any other fault."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000)  # Python's own; web3 raises it where it was imported before
    try:
        told = refusal(tmp_path, PLATFORM + TOKEN + DEPLOYMENT.replace("decimals = 6", line))
    finally:
        sys.setrecursionlimit(limit)
    assert "superstate.toml" in told
    assert said in told
    assert "SECRETKEY" not in told
    assert len(told) < 2_000
