"""What doctor --probe measures of an endpoint, says of it and remembers."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from rpc_node import ADDRESS, Fault, Node, blocks, chain_of, log

from indexer.config.model import Canary
from indexer.sync.examine import Subject, examine
from indexer.sync.profiles import lags, measured, told

HEAD = 5_000
AT = datetime(2026, 1, 2, tzinfo=UTC).replace(tzinfo=None)


def logs(query):
    first, last = int(query["fromBlock"], 16), int(query["toBlock"], 16)
    if last - first + 1 > 500:
        raise Fault(-32602, "query exceeds max block range 500")
    return [one for one in (log(40, 0), log(4_990, 0)) if first <= int(one["blockNumber"], 16) <= last]


def balance(_, block):
    if int(block, 16) < HEAD - 128:
        raise Fault(-32000, "missing trie node")
    return "0x0"


def health(*canaries, **methods):
    """Return what is measured of a node with a range cap of 500 and the state of 128 blocks."""
    given = {
        "eth_getBlockByNumber": lambda n, _: blocks(n, _, head=HEAD),
        "eth_getLogs": logs,
        "eth_getBalance": balance,
        "eth_call": balance,
        "eth_blockNumber": lambda: hex(HEAD),
    }

    async def run():
        async with Node(**(given | methods)) as node:
            chain = replace(chain_of(node.url), canaries=canaries)
            return await examine(Subject(chain, chain.endpoints[0], ADDRESS), probe=True)

    return asyncio.run(run())


def test_an_endpoint_is_measured_in_words():
    """A row tells head, lag, caps, canaries, state and times, each with its unit."""
    found = health(Canary(40, ADDRESS, None, 1), Canary(30, ADDRESS, None, 1))
    words = ", ".join(told(found, 3)).partition(" ms, ")[2]
    assert words == (
        "head 5000, 3 blocks behind, final 5000, logs of 493 blocks, batches of 50 requests or more, 1 of 2 canaries, "
        "no logs of block 30, state of 128 blocks below the head, logs with times, "
        "more is refused: query exceeds max block range 500"
    )


def test_what_is_measured_is_remembered():
    """The row has the caps that were met and the depths that were proved, and keeps what was not measured."""
    found = health(Canary(40, ADDRESS, None, 1))
    old = measured(found, found.probe, 0, None, AT)._replace(span=777, max_blocks=5)._asdict()
    row = measured(found, found.probe, 3, old, AT)
    assert (row.max_blocks, row.max_batch, row.lag, row.logs_from, row.no_logs_at) == (500, None, 3, 40, None)
    assert (row.state_depth, row.no_state_depth, row.block_timestamp, row.finalized) == (128, 141, True, True)
    assert (row.span, row.capped_at) == (777, AT)


def test_the_newest_head_tells_how_far_others_are_behind():
    """Lag is counted from the newest head that an endpoint of the chain named."""
    one = health()
    two = one._replace(endpoint="node-2", head=one.head._replace(number=HEAD + 7))
    assert lags([one, two, one._replace(endpoint="node-3", head=None)]) == {
        ("testnet", "node-1"): 7,
        ("testnet", "node-2"): 0,
    }
