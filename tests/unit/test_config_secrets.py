import pytest

from indexer.config.secrets import hide_keys, keys_of, may_be_key
from indexer.config.urls import tells_nothing

KEY = "9aa3d95b3bc440fa88"


@pytest.mark.parametrize(
    ("url", "keys"),
    [
        (f"https://h.example/v2/{KEY}", {KEY}),
        (f"https://h.example/?apikey={KEY}&net=main", {KEY}),
        (f"https://h.example/?{KEY}", {KEY}),
        (f"https://{KEY}.h.example/", {KEY}),
        (f"https://me:{KEY}@h.example/", {KEY, f"me:{KEY}"}),
        (f"https://h.example/#{KEY}", {KEY}),
        ("https://ethereum-mainnet.h.example/rpc/ethereum", set()),
        (f"http://[{KEY}", {f"http://[{KEY}"}),
    ],
)
def test_the_parts_that_may_be_keys_are_found(url, keys):
    """A key is found in path, query, host, user and fragment; plain words are none."""
    assert keys_of(url) == keys


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("ethereum-mainnet", False),
        ("avalanche-c-chain-rpc", False),
        ("v3", False),
        ("abcdefghijklmnopqrst", True),
        ("ab12cd34", True),
        ("12345678-1234-1234-1234-123456789abc", True),
    ],
)
def test_a_key_is_told_from_words(text, key):
    """Long runs of letters and runs with digits are keys; words with hyphens are not."""
    assert may_be_key(text) is key


@pytest.mark.parametrize(
    ("url", "nothing"),
    [
        ("https://eth.drpc.org", True),
        ("https://ethereum.reth.rs/rpc", True),
        (f"https://{KEY}.quiknode.example/", False),
        (f"https://h.example/{KEY}", False),
        ("https://me@h.example/", False),
        ("https://h.example/?k=1", False),
    ],
)
def test_a_host_is_shown_only_where_the_url_holds_no_key(url, nothing):
    """A URL that may hold a key, or names a user, gives its endpoint no name."""
    assert tells_nothing(url) is nothing


def test_words_beside_a_key_stay():
    """Only the key goes."""
    assert hide_keys(f"bad key {KEY} on ethereum", frozenset({KEY})) == "bad key <hidden> on ethereum"
    assert hide_keys("nothing here", frozenset({KEY})) == "nothing here"
