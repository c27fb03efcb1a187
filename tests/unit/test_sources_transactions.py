from itertools import cycle

import pytest
from rpc_node import ADDRESS, Fault, block_hash, honest, refusing, with_evm

from indexer.sources.transactions import TxRef

REF = TxRef(7, block_hash(7), "0x" + "66" * 32, 3)
TX = {
    "hash": REF.tx_hash, "from": ADDRESS, "to": ADDRESS, "input": "0xa9059cbb", "blockNumber": "0x7",
    "blockHash": REF.block_hash, "transactionIndex": "0x3",
}  # fmt: skip


def get(evm):
    return evm.transactions([REF])


def test_a_transaction_is_asked_by_its_hash():
    """The input of a transaction needs no archive."""
    node = honest(eth_getTransactionByHash=lambda _: TX)
    (tx,), _ = with_evm(get, node)
    assert (tx.hash, tx.sender, tx.target, tx.input) == (
        REF.tx_hash,
        ADDRESS,
        ADDRESS,
        bytes.fromhex("a9059cbb"),
    )


@pytest.mark.parametrize(
    "by_hash",
    [
        lambda _: None,
        refusing(-32000, "transaction indexing is in progress"),
        lambda _: TX | {"blockHash": block_hash(7, "bb")},
    ],
)
def test_a_transaction_without_its_index_is_asked_by_its_place(by_hash):
    """Nodes forget the index by hash: the place in the block finds the transaction all the same."""
    node = honest(eth_getTransactionByHash=by_hash, eth_getTransactionByBlockHashAndIndex=lambda *_: TX)
    assert with_evm(get, node)[0][0].hash == REF.tx_hash
    assert node.asked[-1] == ("eth_getTransactionByBlockHashAndIndex", [REF.block_hash, "0x3"])


def test_another_transaction_in_that_place_is_not_taken():
    """A transaction with another hash is not the one that was asked for."""
    other = TX | {"hash": "0x" + "77" * 32}
    node = honest(
        eth_getTransactionByHash=lambda _: None, eth_getTransactionByBlockHashAndIndex=lambda *_: other
    )
    assert with_evm(get, node)[0] == [None]


def test_a_transaction_that_one_endpoint_lacks_another_may_have():
    """None only after every endpoint was asked."""
    without = honest(
        eth_getTransactionByHash=lambda _: None, eth_getTransactionByBlockHashAndIndex=lambda *_: None
    )
    assert with_evm(get, without, honest(eth_getTransactionByHash=lambda _: TX))[0][0].hash == REF.tx_hash
    assert with_evm(get, without)[0] == [None]


def test_a_passing_null_is_not_a_missing_transaction():
    """A null that is gone the next time does not cost the input."""
    nulls = iter([None, None])
    node = honest(
        eth_getTransactionByHash=lambda _: next(nulls, TX),
        eth_getTransactionByBlockHashAndIndex=lambda *_: None,
    )
    assert with_evm(get, node)[0][0].hash == REF.tx_hash


def test_an_endpoint_without_an_index_by_hash_is_asked_by_place_from_then_on():
    """What an endpoint lacks for one transaction is not asked again for each of the next."""
    node = honest(
        eth_getTransactionByHash=lambda _: None, eth_getTransactionByBlockHashAndIndex=lambda *_: TX
    )

    async def act(evm):
        return [*await get(evm), *await get(evm)]

    assert [tx.hash for tx in with_evm(act, node)[0]] == [REF.tx_hash] * 2
    assert node.times("eth_getTransactionByHash") == 1


def test_many_transactions_get_through_where_batches_are_refused_and_requests_fail():
    """Of an endpoint that takes no batch and fails at every third request, sixty transactions are had in seconds."""
    failing = cycle([True, False, False])

    def by_place(block, _):
        if next(failing):
            raise Fault(-32603, "Internal error")
        return TX | {"hash": block, "blockHash": block}

    refs = [TxRef(7, f"0x{n:064x}", f"0x{n:064x}", 3) for n in range(60)]
    node = honest(eth_getTransactionByHash=lambda _: None, eth_getTransactionByBlockHashAndIndex=by_place)
    node.takes_batches = False
    found, _ = with_evm(lambda evm: evm.transactions(refs), node)
    assert [tx.hash for tx in found] == [ref.tx_hash for ref in refs]
