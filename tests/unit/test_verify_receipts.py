"""A block's receiptsRoot and its header's hash, recomputed from what nodes answered on mainnet."""

from __future__ import annotations

import json

import pytest
import real_blocks
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st
from rpc_node import Node, raised, with_evm

from indexer.floor.errors import NoEndpoint
from indexer.floor.spans import Span
from indexer.sources.bloom import bloom_of, may_hold
from indexer.sources.witness import Receipt, ReceiptLog, read_header
from indexer.verify.headers import recomputes
from indexer.verify.receipts import EMPTY_ROOT, UnknownReceipt, receipts_root

PROVABLE = ("ethereum-18000000", "ethereum-4369999", "arbitrum-150000000")


def asking(name: str):
    """Return what asks for the header and the receipts of a real block, as our source reads them."""
    number = int(real_blocks.block(name)["number"], 16)

    async def act(evm):
        (header,) = await evm.headers(Span(number, number))
        return header, (await evm.receipts(header)).receipts

    return act


def node_of(name: str, *, whole: bool = True) -> Node:
    """Return a node that has one real block; not *whole*: it gives receipts by transaction only."""
    told, receipts = real_blocks.block(name), real_blocks.receipts(name)
    by_hash = {receipt["transactionHash"]: receipt for receipt in receipts}
    methods = {"eth_getBlockByNumber": lambda *_: told, "eth_getTransactionReceipt": by_hash.get}
    return Node(**methods, **({"eth_getBlockReceipts": lambda _: receipts} if whole else {}))


def fetched(name: str, *, whole: bool = True):
    """Return the header and the receipts of a real block."""
    return with_evm(asking(name), node_of(name, whole=whole))[0]


@pytest.mark.parametrize("name", PROVABLE)
def test_receipts_of_a_real_block_make_the_root_of_its_header(name):
    """Before Byzantium, after it, and on an L2 with a type of its own, the root is that of the header."""
    header, receipts = fetched(name)
    assert receipts_root(receipts) == header.receipts_root


@pytest.mark.parametrize("name", PROVABLE)
def test_a_removed_log_is_detected(name):
    """Without one of its logs, whichever, a block's receipts do not make the root."""
    header, receipts = fetched(name)
    holders = [at for at, receipt in enumerate(receipts) if receipt.logs]
    for at in {holders[0], holders[len(holders) // 2], holders[-1]}:
        shorter = list(receipts)
        shorter[at] = receipts[at]._replace(logs=receipts[at].logs[1:])
        assert receipts_root(shorter) != header.receipts_root


def test_a_changed_byte_of_a_log_is_detected():
    """The data of a log counts as much as its being there."""
    header, receipts = fetched("ethereum-18000000")
    first = receipts[0]
    log = first.logs[0]._replace(data=first.logs[0].data[:-1] + b"\x00")
    assert receipts_root([first._replace(logs=(log,)), *receipts[1:]]) != header.receipts_root


def test_receipts_by_transaction_prove_the_same():
    """Where eth_getBlockReceipts is not offered, receipts asked one by one make the same root."""
    header, receipts = fetched("ethereum-4369999", whole=False)
    assert receipts_root(receipts) == header.receipts_root


def test_logs_of_receipts_are_the_logs_answered():
    """The receipts of block 18,000,000 hold the 291 logs that eth_getLogs gave in another capture."""
    header, receipts = fetched("ethereum-18000000")
    logs = [log for receipt in receipts for log in receipt.logs]
    assert [log.place for log in logs] == list(range(291))
    assert bloom_of((log.address, log.topics) for log in logs) == header.bloom


def test_a_block_of_cronos_proves_nothing():
    """Its header carries the root of an empty block and a bloom that its receipts do not make."""
    header, receipts = fetched("cronos-11446765")
    assert receipts
    assert header.receipts_root == EMPTY_ROOT
    assert bloom_of((log.address, log.topics) for receipt in receipts for log in receipt.logs) != header.bloom


def test_too_few_receipts_are_refused():
    """A block with a receipt less than its transactions is no answer (as in Cronos 68,216)."""
    error = raised(NoEndpoint, asking("cronos-68216"), node_of("cronos-68216"))
    assert "1 receipts came for 2 transactions" in str(error)


@pytest.mark.parametrize("name", PROVABLE)
def test_hash_of_a_header_is_recomputed(name):
    """The fields of a real header make its hash, on an L2 too."""
    assert recomputes(read_header(json.dumps(real_blocks.block(name)).encode()).raw)


@pytest.mark.parametrize("field", ["logsBloom", "receiptsRoot", "parentHash", "timestamp", "extraData"])
def test_a_changed_header_is_detected(field):
    """No field of a header can be changed without changing its hash."""
    told = real_blocks.block("ethereum-18000000")
    told[field] = told[field][:-1] + ("0" if told[field][-1] != "0" else "1")
    assert not recomputes(read_header(json.dumps(told).encode()).raw)


def test_unknown_types_are_said_and_not_guessed():
    """A receipt of a type whose encoding is not known names it."""
    with pytest.raises(UnknownReceipt, match="type 0x55"):
        receipts_root([Receipt("0xab", 0, 0x55, 21000, (), 1)])


def test_a_block_without_transactions_has_the_empty_root():
    """No receipt makes the root of an empty trie."""
    assert receipts_root([]) == EMPTY_ROOT


def test_a_bloom_holds_every_log_of_its_block_and_not_any_other():
    """What was logged is held, with its first topic; a contract that nobody knows is not."""
    header, receipts = fetched("ethereum-4369999")
    logs = [log for receipt in receipts for log in receipt.logs]
    assert all(may_hold(header.bloom, log.address, [log.topics[0]]) for log in logs)
    assert not may_hold(header.bloom, bytes.fromhex("530824da86689c9c17cdc2871ff29b058345b44a"))


def rlp_of(item) -> bytes:
    """Return RLP as the yellow paper has it, written anew here."""
    if isinstance(item, int):
        item = item.to_bytes((item.bit_length() + 7) // 8, "big")
    if isinstance(item, bytes) and len(item) == 1 and item[0] < 0x80:
        return item
    body, base = (item, 0x80) if isinstance(item, bytes) else (b"".join(map(rlp_of, item)), 0xC0)
    if len(body) < 56:
        return bytes([base + len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([base + 55 + len(size)]) + size + body


@given(
    st.booleans(),
    st.integers(0, 2**63),
    st.one_of(st.none(), st.integers(0, 2**64 - 1)),
    st.one_of(st.none(), st.just(1)),
    st.lists(st.tuples(st.binary(min_size=20, max_size=20), st.binary(max_size=70)), max_size=2),
)
@settings(max_examples=60, deadline=None)
def test_a_deposit_of_the_op_stack_makes_the_root_that_its_node_makes(ok, gas, nonce, version, raw):
    """Only from Canyon on, when a version is told, do nonce and version belong to what the root commits to."""
    logs = tuple(ReceiptLog(address, (), data, place) for place, (address, data) in enumerate(raw))
    receipt = Receipt(
        "0x" + "11" * 32, 0, 0x7E, gas, logs, status=int(ok), deposit_nonce=nonce, deposit_version=version
    )
    bloom = bloom_of((log.address, log.topics) for log in logs).to_bytes(256, "big")
    fields = [int(ok), gas, bloom, [[log.address, [], log.data] for log in logs]]
    fields += [] if version is None else [nonce or 0, version]
    leaf = rlp_of([b"\x20\x80", b"\x7e" + rlp_of(fields)])  # the one path is the nibbles of RLP's zero: 8, 0
    assert receipts_root([receipt]) == "0x" + keccak(leaf).hex()
