"""What ingest makes of refusals that nobody understands: it finds the bad block, names it, and comes to an end."""

import asyncio

import pytest
from rpc_node import ADDRESS, Fault, Node, blocks, chain_of, log

from indexer.floor.filters import filter_of
from indexer.floor.spans import Span
from indexer.sources.evm import Evm
from indexer.sources.pool import Pool
from indexer.sources.transport import Manners
from indexer.sync.coverage import Task
from indexer.sync.ingest import MOST_HOLES, ingest

BLOCKS = 400
MOON = "the moon is full"


class Writer:
    """Keeps the spans that were handed over."""

    def __init__(self):
        self.spans = []
        self.changed = []

    def add(self, piece):
        self.spans.append(piece.span)

    def flush(self):
        pass


class Silent:
    def start(self, *_):
        pass

    def advance(self, *_):
        pass


def ingested(refuses):
    """Return what ingest reached of 400 blocks at a node that says *refuses(span)*, the spans it got, and requests."""

    def logs(query):
        span = Span(int(query["fromBlock"], 16), int(query["toBlock"], 16))
        refuses(span)
        return [log(n, 0) for n in range(span.first, span.last + 1) if n % 50 == 0]

    node = Node(
        eth_getBlockByNumber=lambda n, _: blocks(n, _, head=BLOCKS),
        eth_getLogs=logs,
        eth_blockNumber=lambda: "0x1",
    )
    writer = Writer()

    async def run():
        async with node:
            chain = chain_of(node.url)
            async with Pool(chain, manners=Manners(patience=1.0)) as pool:
                task = Task(Span(1, BLOCKS), filter_of(chain.id, [ADDRESS], None))
                done = await ingest(Evm(chain, pool), [task], writer, 1, Silent())
                return done, pool.span

    done, span = asyncio.run(run())
    return done, sorted(writer.spans), node.times("eth_getLogs"), span


@pytest.mark.parametrize(("code", "text"), [(-32099, MOON), (-32603, "Internal error")])
def test_one_bad_block_is_found_and_named(code, text):
    """An error that nobody knows, or that does not pass, is cut down to its block; all others are fetched."""

    def refuses(span):
        if span.first <= 333 <= span.last:
            raise Fault(code, text)

    done, spans, requests, _ = ingested(refuses)
    (sentence,) = done.open_spans
    assert f"testnet block 333 stays open for {ADDRESS}" in sentence
    assert f"node-1 declined eth_getLogs: {text}." in sentence
    assert sum(map(len, spans)) == BLOCKS - 1
    assert (done.logs, done.stopped) == (BLOCKS // 50, None)
    assert requests < 60


def test_where_all_is_refused_it_comes_to_an_end():
    """An endpoint that refuses every request is given up after a few blocks, with its own words."""

    def refuses(_):
        raise Fault(-32099, MOON)

    done, spans, requests, _ = ingested(refuses)
    assert spans == []
    assert MOON in done.stopped
    assert len(done.open_spans) == MOST_HOLES
    assert requests < 60


def test_what_passes_leaves_no_small_requests():
    """A fault that passed costs the next requests nothing."""
    left = [3]

    def refuses(_):
        if left[0]:
            left[0] -= 1
            raise Fault(-32099, MOON)

    done, spans, _, span = ingested(refuses)
    assert (sum(map(len, spans)), done.open_spans) == (BLOCKS, [])
    assert span >= 10_000
