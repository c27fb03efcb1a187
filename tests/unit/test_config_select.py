import pytest
from config_kit import ADDRESS, CHAINS, DEPLOYMENT, OTHER, PLATFORM, TOKEN, read

from indexer.config.select import find_address, select
from indexer.floor.errors import Usage

THIRD = "0x14d60E7FDC0D71d8611742720E4C50E7a974020c"
PRODUCTS = PLATFORM + '\n[[product]]\nid = "cash"\nname = "Cash"\nasset_class = "fund"\ncurrency = "USD"\n'


def token(name, symbol, product, address, chain="ethereum"):
    text = TOKEN.replace('id = "ustb"', f'id = "{name}"').replace('"USTB"', f'"{symbol}"')
    text = text.replace('product = "ustb"', f'product = "{product}"')
    return text + DEPLOYMENT.replace(ADDRESS, address).replace('"ethereum"', f'"{chain}"')


@pytest.fixture
def registry(tmp_path):
    """Two tokens of the product cash, one of which is called ustb as the other product is."""
    chains = CHAINS + CHAINS.replace("[ethereum]", "[plume]").replace(":1", ":2")
    text = PRODUCTS + token("ustb", "USTB", "cash", ADDRESS) + token("ustb-i", "FUND", "cash", OTHER)
    text += token("other", "OTH", "ustb", THIRD) + token("oracle", "FUND", "ustb", ADDRESS, "plume")
    return read(tmp_path, text, chains)


def ids(registry, *names, **options):
    return [token.id for token in select(registry, names, **options)]


def test_a_token_id_comes_before_a_product_id(registry):
    """Where an id is both, the token is meant."""
    assert ids(registry, "ustb") == ["ustb"]


def test_product_says_the_other(registry):
    """With product the product is meant, with all its tokens."""
    assert ids(registry, "ustb", product=True) == ["other", "oracle"]


def test_a_product_means_all_its_tokens(registry):
    """A product's name stands for its tokens."""
    assert ids(registry, "cash") == ["ustb", "ustb-i"]


@pytest.mark.parametrize("name", ["oth", "OTH", "Oth", " oth "])
def test_a_symbol_is_found_in_any_case(registry, name):
    """A symbol means its token, however it is written."""
    assert ids(registry, name) == ["other"]


@pytest.mark.parametrize("name", [THIRD, THIRD.lower()])
def test_an_address_means_its_token(registry, name):
    """A contract's address means its token, however it is written."""
    assert ids(registry, name) == ["other"]


def test_one_address_may_mean_two_tokens(registry):
    """The same address on two chains is two contracts, hence two tokens."""
    assert ids(registry, ADDRESS) == ["ustb", "oracle"]
    assert [(t.id, d.chain) for t, d in find_address(registry, ADDRESS)] == [
        ("ustb", "ethereum"),
        ("oracle", "plume"),
    ]


def test_no_token_is_at_another_address(registry):
    """An address of nothing we know finds nothing."""
    assert find_address(registry, "0x" + "12" * 20) == []


def test_names_that_overlap_give_each_token_once(registry):
    """A token named twice comes once, where it was named first."""
    assert ids(registry, "ustb-i", "cash", "ustb-i") == ["ustb-i", "ustb"]


def test_a_symbol_of_two_tokens_is_refused(registry):
    """A symbol that two tokens share is told with their ids."""
    with pytest.raises(Usage, match="symbol of several tokens: ustb-i, oracle"):
        select(registry, ["fund"])


def test_an_unknown_name_is_refused_with_what_is_close(registry):
    """A slip of the keyboard is told with what was probably meant."""
    with pytest.raises(Usage, match=r"Token 'usbt' is unknown\. Did you mean ustb.*`rwa tokens`"):
        select(registry, ["usbt"])


def test_an_unknown_product_is_refused(registry):
    """With product a token's id is not enough."""
    with pytest.raises(Usage, match="Product 'ustb-i' is unknown"):
        select(registry, ["ustb-i"], product=True)


def test_an_unknown_address_is_refused(registry):
    """An address that is no token's is told as such."""
    with pytest.raises(Usage, match="No token of the configuration is at 0x1212"):
        select(registry, ["0x" + "12" * 20])
