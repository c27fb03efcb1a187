"""Evidence on real blocks: what proves a span, what its chain cannot prove, and what nobody can settle."""

from __future__ import annotations

import json

import pytest
import real_blocks
from rpc_node import CHAIN, Node, with_evm

from indexer.floor.filters import filter_of
from indexer.floor.spans import Span
from indexer.floor.tables import LOGS
from indexer.sources.witness import read_header
from indexer.store.read import arrow_rows
from indexer.sync.proving import Prover, Unit
from indexer.verify.completeness import rows_of
from indexer.verify.receipts import EMPTY_ROOT

ETHEREUM, CRONOS = "ethereum-18000000", "cronos-11446765"
USDC = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
SERVED = frozenset({"node-1"})


def node(name, *, receipts=None, methods=(), **header):
    """Return a node with one real block; *header* and *receipts* replace what it says."""
    told = real_blocks.block(name) | header
    given = {
        "eth_getBlockByNumber": lambda *_: told,
        "eth_getBlockReceipts": lambda _: real_blocks.receipts(name) if receipts is None else receipts,
    }
    return Node(**{method: answer for method, answer in given.items() if method not in methods})


def unit_of(name, address, level):
    number = int(real_blocks.block(name)["number"], 16)
    return Unit(filter_of(CHAIN, [address]), Span(number, number), level, SERVED)


def held_of(name, address):
    """Return the logs of a contract in a real block, as its receipts hold them."""
    header = read_header(json.dumps(real_blocks.block(name)).encode())

    async def act(evm):
        return (await evm.receipts(header)).receipts

    return rows_of(header, with_evm(act, node(name))[0], filter_of(CHAIN, [address]))


def proved(name, address, held, *nodes, level="receipts"):
    async def act(evm):
        return await Prover(evm).prove(unit_of(name, address, level), arrow_rows(LOGS, held))

    return with_evm(act, *(nodes or (node(name),)))[0]


def contract_of(name):
    """Return a contract that logs in the block."""
    return next(log["address"] for receipt in real_blocks.receipts(name) for log in receipt["logs"])


@pytest.mark.parametrize("level", ["bloom", "receipts"])
def test_the_logs_of_a_real_block_pass(level):
    """All logs of USDC in block 18,000,000 are those that its receipts commit to."""
    held = held_of(ETHEREUM, USDC)
    assert len(held) > 5
    assert proved(ETHEREUM, USDC, held, level=level).verdict == "pass"


@pytest.mark.parametrize("level", ["bloom", "receipts"])
@pytest.mark.parametrize("lost", [0, 3, -1])
def test_a_log_that_is_missing_is_found_and_given(level, lost):
    """Without one log among others of its block the span fails, and the evidence holds the log."""
    held = held_of(ETHEREUM, USDC)
    shorter = [row for row in held if row is not held[lost]]
    finding = proved(ETHEREUM, USDC, shorter, level=level)
    assert (finding.verdict, finding.added, finding.removed) == ("failed", 1, 0)
    assert finding.right.to_pylist() == held


def test_a_log_that_was_made_up_is_found():
    """A log whose amount was changed is one that is missing and one that should not be there."""
    held = held_of(ETHEREUM, USDC)
    forged = [held[0] | {"data": b"\x01" * 32}, *held[1:]]
    finding = proved(ETHEREUM, USDC, forged)
    assert (finding.verdict, finding.added, finding.removed) == ("failed", 1, 1)


def test_receipts_that_are_not_the_header_s_are_asked_elsewhere():
    """An endpoint whose receipts lack a log is passed over for one whose receipts make the root."""
    held = held_of(ETHEREUM, USDC)
    told = real_blocks.receipts(ETHEREUM)
    next(receipt for receipt in told if receipt["logs"])["logs"].pop()
    honest, liar = node(ETHEREUM), node(ETHEREUM, receipts=told)
    assert proved(ETHEREUM, USDC, held, honest, liar).verdict == "pass"
    finding = proved(ETHEREUM, USDC, held, liar)
    assert finding.verdict == "unknown"
    assert "do not make the receiptsRoot of its header (node-1)" in finding.detail


def test_a_block_that_its_own_chain_proves_wrongly_is_an_exception():
    """A block of Cronos is a stated exception where the receipts as told are what is held: pass it cannot."""
    address = contract_of(CRONOS)
    finding = proved(CRONOS, address, held_of(CRONOS, address), level="bloom")
    assert finding.verdict == "exception"
    assert "receiptsRoot of an empty block" in finding.detail


def test_what_differs_where_the_chain_proves_nothing_is_failed_and_not_put_right():
    """On Cronos the receipts as told are no proof, so a difference is said and nothing takes its place."""
    finding = proved(CRONOS, contract_of(CRONOS), [])
    assert (finding.verdict, finding.right) == ("failed", None)


def test_a_wrong_bloom_makes_receipts_count():
    """A header whose bloom lacks the logs of its own block tells nothing by its bloom; its receipts do."""
    held = held_of(ETHEREUM, USDC)
    other = "0x" + "00" * 255 + "01"
    finding = proved(ETHEREUM, USDC, held, node(ETHEREUM, logsBloom=other), level="bloom")
    assert finding.verdict == "exception"
    assert "bloom is not that of its logs" in finding.detail
    assert "in its own way" in finding.detail


def test_a_header_with_a_root_and_no_receipts_is_not_believed():
    """No answer in place of receipts that must be there settles nothing."""
    finding = proved(ETHEREUM, USDC, held_of(ETHEREUM, USDC), node(ETHEREUM, receipts=[]))
    assert finding.verdict == "unknown"


def test_one_endpoint_alone_agrees_with_nobody():
    """Agreement takes another endpoint than the one that served the logs."""
    finding = proved(ETHEREUM, USDC, [], level="agreed")
    assert finding.verdict == "unknown"
    assert "no second endpoint" in finding.detail


def test_an_empty_block_needs_no_receipts():
    """A block without transactions has no logs; it is not asked about."""
    empty = node(ETHEREUM, transactions=[], receiptsRoot=EMPTY_ROOT, methods=("eth_getBlockReceipts",))
    assert proved(ETHEREUM, USDC, [], empty).verdict == "pass"
