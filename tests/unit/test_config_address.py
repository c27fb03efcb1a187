import pytest

from indexer.config.address import checksummed, evm_address

# The examples that EIP-55 itself gives.
SOUND = [
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]


@pytest.mark.parametrize("address", SOUND)
def test_the_standards_examples_pass(address):
    """An address with a right checksum comes back in lower case."""
    assert evm_address(address) == address.lower()


@pytest.mark.parametrize("address", SOUND)
def test_the_checksum_is_the_standards(address):
    """The checksum of a lower-case address is the one EIP-55 gives."""
    assert checksummed(address.lower()) == address


@pytest.mark.parametrize(
    "digits", ["5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED"]
)
def test_one_case_has_no_checksum(digits):
    """An address in one case has no checksum and is accepted."""
    assert evm_address("0x" + digits) == "0x" + digits.lower()


def test_one_wrong_case_is_refused_with_the_right_one():
    """A single letter of the wrong case breaks the checksum, and the right spelling is told."""
    with pytest.raises(ValueError, match="0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"):
        evm_address("0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")


@pytest.mark.parametrize(
    "text",
    ["", "0x", "0x12", "0x" + "1" * 39, "0x" + "1" * 41, "1" * 42, "0x" + "g" * 40, "0x" + "1" * 40 + "\n"],
)
def test_another_shape_is_refused(text):
    """What is not 0x and forty hexadecimal digits is no address."""
    with pytest.raises(ValueError, match="40 hexadecimal digits"):
        evm_address(text)


def test_the_zero_address_is_refused():
    """The zero address is no contract and no holder."""
    with pytest.raises(ValueError, match="zero address"):
        evm_address("0x" + "0" * 40)
