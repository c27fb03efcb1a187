import json

import pytest

from indexer.floor.spans import BlockRef
from indexer.sources.answers import TxAnswer, data, quantity, read_block, read_bytes, read_transaction
from indexer.sources.logjson import BadAnswer

HASH = "0x" + "Ab" * 32
SENDER = "0x" + "Cd" * 20
TX = {
    "hash": HASH, "from": SENDER, "to": None, "input": "0x60", "blockNumber": "0x1b4",
    "blockHash": HASH, "transactionIndex": "0x41", "value": "0x0", "v": "0x25",
}  # fmt: skip


def text(value):
    return memoryview(json.dumps(value).encode())


def test_a_header_is_number_hash_and_time():
    """Of a header just what names the block is read, in lower case."""
    header = {"number": "0x10", "hash": HASH, "timestamp": "0x64", "transactions": [HASH], "size": "0x1"}
    assert read_block(text(header)) == BlockRef(16, HASH.lower(), 100)


@pytest.mark.parametrize("header", [None, {"number": None, "hash": None, "timestamp": "0x64"}])
def test_no_block_and_a_pending_block_are_none(header):
    """A null result and a block that is not mined have no reference."""
    assert read_block(text(header)) is None


@pytest.mark.parametrize(
    "header",
    [
        {"number": "0x10", "hash": HASH},
        {"number": "0x10", "hash": "0xabcd", "timestamp": "0x64"},
        {"number": "16", "hash": HASH, "timestamp": "0x64"},
        {"number": hex(2**64), "hash": HASH, "timestamp": "0x64"},
        [],
    ],
    ids=["no time", "short hash", "decimal", "beyond int64", "a list"],
)
def test_a_header_of_the_wrong_shape_is_refused(header):
    """What is no header is BadAnswer and not a guess."""
    with pytest.raises(BadAnswer):
        read_block(text(header))


def test_return_data_is_bytes():
    """The largest word comes back whole, and no data is empty, not None."""
    assert int.from_bytes(read_bytes(text(f"0x{2**256 - 1:064x}"))) == 2**256 - 1
    assert read_bytes(text("0x")) == b""


@pytest.mark.parametrize("result", [None, "0x1", "abcd", "0xzz", 7, {"data": "0x"}])
def test_return_data_of_the_wrong_shape_is_refused(result):
    """A null or odd result is no return data."""
    with pytest.raises(BadAnswer):
        read_bytes(text(result))


def test_a_transaction_is_read():
    """A contract creation has no target; addresses and hashes are lower case."""
    tx = read_transaction(text(TX))
    assert tx == TxAnswer(HASH.lower(), 436, HASH.lower(), 65, SENDER.lower(), None, b"\x60")


def test_a_call_has_a_target():
    """The called contract is the target."""
    assert read_transaction(text(TX | {"to": SENDER})).target == SENDER.lower()


@pytest.mark.parametrize("tx", [None, TX | {"blockNumber": None, "blockHash": None}])
def test_no_transaction_and_a_pending_one_are_none(tx):
    """A transaction without a block is not history."""
    assert read_transaction(text(tx)) is None


def test_quantities_and_data_are_strict():
    """Only hex after 0x counts; a quantity fits int64."""
    assert (quantity("0x0"), quantity("0xff"), data("0xFF")) == (0, 255, b"\xff")
    for wrong in ("", "0x", "ff", "-0x1", "0x8000000000000000"):
        with pytest.raises(BadAnswer):
            quantity(wrong)
