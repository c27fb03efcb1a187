"""Facts about values of one word."""

import pytest
from eth_abi import decode
from eth_abi.exceptions import DecodingError
from hypothesis import given
from hypothesis import strategies as st

from indexer.decode.words import of_one_word, word_values

HUGE = 2**256 - 1
KINDS = [
    "address",
    "bool",
    "uint8",
    "uint96",
    "uint256",
    "int8",
    "int64",
    "int256",
    "bytes1",
    "bytes4",
    "bytes32",
]
EDGES = [
    0,
    1,
    2,
    127,
    128,
    255,
    256,
    10**30,
    2**96 - 1,
    2**160 - 1,
    2**160,
    2**255,
    HUGE - 127,
    HUGE - 128,
    HUGE,
]
WORDS = st.one_of(
    st.binary(min_size=32, max_size=32),
    st.sampled_from(EDGES).map(lambda number: number.to_bytes(32, "big")),
    st.binary(max_size=32).map(lambda head: head.ljust(32, b"\0")),
    st.binary(max_size=32).map(lambda tail: tail.rjust(32, b"\0")),
)


@given(st.lists(st.tuples(st.sampled_from(KINDS), WORDS), max_size=4), st.binary(max_size=40))
def test_words_are_read_as_eth_abi_reads_them(given_words: list[tuple[str, bytes]], behind: bytes) -> None:
    """Values, and refusals of dirty padding, are those of eth-abi's strict decoder."""
    types = [kind for kind, _ in given_words]
    data = b"".join(word for _, word in given_words) + behind
    try:
        wanted = decode(types, data)
    except DecodingError:
        wanted = None
    assert word_values(types, data) == wanted


@pytest.mark.parametrize("kind", KINDS)
def test_data_that_ends_too_soon_holds_no_value(kind: str) -> None:
    """A word of 31 bytes is no word."""
    assert word_values([kind], bytes(31)) is None


def test_the_largest_and_the_lowest_integer_are_exact() -> None:
    """2^256 less one and -2^255 come back as they are."""
    data = HUGE.to_bytes(32, "big") + (-(2**255)).to_bytes(32, "big", signed=True)
    assert word_values(["uint256", "int256"], data) == (HUGE, -(2**255))


@pytest.mark.parametrize("kind", ["string", "bytes", "uint256[]", "uint8[2]", "(uint256,bool)", "function"])
def test_what_may_be_longer_or_is_rare_is_not_read_here(kind: str) -> None:
    """Strings, bytes, arrays and tuples are left to eth-abi."""
    assert not of_one_word(kind)
