import asyncio

import pyarrow as pa
import pytest
from replayed import content, recorded
from rpc_node import (
    ADDRESS,
    CHAIN,
    HEAD,
    block,
    block_hash,
    blocks,
    chain_of,
    honest,
    log,
    raised,
    refusing,
    with_evm,
)

from indexer.floor.errors import NoEndpoint, Usage
from indexer.floor.filters import filter_of
from indexer.floor.spans import BlockRef, Span, cut, halve
from indexer.floor.tables import LOGS, arrow_schema
from indexer.serve.misbehave import Faults
from indexer.serve.replay import Replay
from indexer.sources.evm import Evm
from indexer.sources.pool import Pool
from indexer.sources.provider_errors import Refused
from indexer.sources.transport import Manners

ALL = filter_of(CHAIN, [ADDRESS])
SPAN = Span(5, 9)


def fetch(evm):
    return evm.logs(SPAN, ALL)


def test_logs_and_end_block_are_one_request():
    """The header of the end block is asked in the batch of its logs; the id of the chain came before."""
    node = honest()
    answer, notes = with_evm(fetch, node)
    assert [method for method, _ in node.asked] == ["eth_chainId", "eth_getBlockByNumber", "eth_getLogs"]
    assert len(node.posts) == 2
    assert answer.end == BlockRef(9, block_hash(9), 108)
    assert (answer.logs.num_rows, answer.endpoint, answer.fast + answer.slow, notes) == (2, "node-1", 2, [])
    assert answer.logs.schema == arrow_schema(LOGS)


def test_the_question_names_span_addresses_and_topics():
    """The filter of eth_getLogs is the span, the addresses and, where given, the first topics."""
    node = honest(eth_getLogs=lambda _: [])
    topic = "0x" + "22" * 32
    with_evm(lambda evm: evm.logs(SPAN, filter_of(CHAIN, [ADDRESS], [topic])), node)
    with_evm(fetch, node)
    asked = [params[0] for method, params in node.asked if method == "eth_getLogs"]
    assert asked[0] == {"fromBlock": "0x5", "toBlock": "0x9", "address": [ADDRESS], "topics": [[topic]]}
    assert asked[1] == {"fromBlock": "0x5", "toBlock": "0x9", "address": [ADDRESS]}


@pytest.mark.parametrize(
    ("method", "lie", "complaint"),
    [
        ("eth_getLogs", lambda _: [log(4, 0)], "a log of block 4 lies outside the asked span 5..9."),
        ("eth_getLogs", lambda _: [log(5, 0, address="0x" + "33" * 20)], "lies outside the asked filter."),
        ("eth_getLogs", lambda _: [log(5, 0), log(5, 0)], "log 0 of block 5 came twice."),
        (
            "eth_getLogs",
            lambda _: [log(9, 0, blockHash=block_hash(9, "bb"))],
            "another hash than its header.",
        ),
        ("eth_getLogs", lambda _: None, "The eth_getLogs result is not a list of logs"),
        ("eth_getLogs", lambda _: [log(5, 0, removed=True)], "is marked as removed by a reorg"),
        ("eth_getLogs", lambda _: [log(5, 0, blockNumber=None)], "is pending"),
        ("eth_getBlockByNumber", lambda *_: None, "node-1 has not block 9 yet."),
        ("eth_getBlockByNumber", lambda *_: block(8), "node-1 has not block 9 yet."),
        ("eth_getBlockByNumber", lambda *_: {"number": "0x9"}, "the result is not a block"),
    ],
)
def test_an_answer_that_cannot_be_right_is_refused_asked_elsewhere_and_said(method, lie, complaint):
    """Foreign, doubled, forked, null, removed and pending logs and a missing end block come from nobody."""
    answer, notes = with_evm(fetch, honest(**{method: lie}), honest())
    assert (answer.endpoint, answer.logs.num_rows) == ("node-2", 2)
    assert len(notes) == 1
    assert notes[0].startswith("node-1")
    assert complaint in notes[0]
    assert notes[0].endswith("Another endpoint is asked.")


def test_a_lie_that_everybody_tells_is_no_answer():
    """Where no endpoint gives a credible answer the span stays open, with the reason."""
    error = raised(NoEndpoint, fetch, honest(eth_getLogs=lambda _: [log(4, 0)]))
    assert str(error) == (
        "No endpoint of testnet could serve the logs of blocks 5..9. node-1: answer refused for the logs of "
        "blocks 5..9: a log of block 4 lies outside the asked span 5..9."
    )


def test_where_batches_are_refused_the_header_is_asked_first():
    """Without batches the header comes before the logs, at the same endpoint, and that is remembered."""
    node = honest()
    node.takes_batches = False

    async def act(evm):
        for _ in range(2):
            await fetch(evm)
        return evm.pool.learned()[0].batches

    assert with_evm(act, node)[0] is False
    assert [method for method, _ in node.asked[1:]] == ["eth_getBlockByNumber", "eth_getLogs"] * 2
    assert len(node.posts) == 1 + 1 + 4


def test_missing_times_come_from_one_batch_of_headers():
    """Where logs have no blockTimestamp the headers of their blocks are asked together, each block once."""
    bare = [log(5, 0, blockTimestamp=None), log(5, 1, blockTimestamp=None), log(7, 0, blockTimestamp=None)]
    node = honest(eth_getLogs=lambda _: bare)
    answer, _ = with_evm(fetch, node)
    assert answer.logs["block_time"].cast("int64").to_pylist() == [60_000_000, 60_000_000, 84_000_000]
    assert len(node.posts) == 3
    assert [params[0] for method, params in node.asked if method == "eth_getBlockByNumber"] == [
        "0x9",
        "0x5",
        "0x7",
    ]


def test_a_header_of_another_fork_gives_no_time():
    """A header whose hash is not that of the logs is not taken for their time."""
    bare = honest(
        eth_getLogs=lambda _: [log(5, 0, blockTimestamp=None)],
        eth_getBlockByNumber=lambda n, _: block(int(n, 16), "bb" if n == "0x5" else "aa"),
    )
    answer, notes = with_evm(fetch, bare, honest())
    assert answer.endpoint == "node-2"
    assert notes == ["node-1 has another block 5 than its own logs come from. Another endpoint is asked."]


def test_a_cap_is_the_planner_s_to_cut():
    """A refused range reaches the caller with its figure; it is no failure."""
    capped = honest(eth_getLogs=refusing(-32602, "query exceeds max block range 2"))
    assert raised(Refused, fetch, capped).refusal.max_blocks == 2


def test_logs_that_are_switched_off_are_no_endpoint():
    """BSC's public nodes serve no logs: another endpoint is needed, and the sentence has their words."""
    off = honest(eth_getLogs=refusing(-32005, "limit exceeded"))
    assert "node-1 declined eth_getLogs: limit exceeded." in str(raised(NoEndpoint, fetch, off))


def test_pruned_logs_are_asked_of_another_endpoint():
    """A node without old logs is no proof that there were none."""
    pruned = honest(eth_getLogs=refusing(4444, "pruned history unavailable"))
    assert with_evm(fetch, pruned, honest())[0].endpoint == "node-2"
    assert isinstance(raised(NoEndpoint, fetch, pruned), NoEndpoint)


async def gathered(evm, span, wanted):
    """Return the logs of *span* as a planner would: cut as the refusal says."""
    try:
        return [(await evm.logs(span, wanted)).logs]
    except Refused as error:
        refusal = error.refusal
    if refusal.kind == "addresses" or len(span) == 1:
        middle = len(wanted.addresses) // 2
        parts = [
            (span, filter_of(wanted.chain_id, some))
            for some in (wanted.addresses[:middle], wanted.addresses[middle:])
        ]
    elif refusal.max_blocks:
        parts = [(part, wanted) for part in cut(span, refusal.max_blocks)]
    else:
        parts = [(part, wanted) for part in halve(span)]
    return [table for part, some in parts for table in await gathered(evm, part, some)]


@pytest.mark.parametrize(
    "faults",
    [
        Faults(),
        Faults(seed=1, error_rate=0.2, hang_ms=20),
        Faults(range_cap=7),
        Faults(range_cap=50, no_batch=True),
        Faults(result_cap=50),
        Faults(address_cap=2),
        Faults(no_block_timestamp=True),
        Faults(seed=2, foreign_logs=0.3),
        Faults(seed=3, error_rate=0.2, hang_ms=20, no_block_timestamp=True, range_cap=30),
    ],
    ids=["well", "20 % fail", "7 blocks", "no batch", "50 logs", "2 addresses", "no times", "foreign", "all"],
)
def test_a_recorded_chain_comes_in_whole_from_an_endpoint_that_misbehaves(faults):
    """Every log of the recording, once, in order and with its time, through each fault."""
    file = content("ustb")
    addresses = sorted({entry["address"] for entry in file["logs"]})

    async def run():
        async with Replay([recorded("ustb")], faults).serve() as base:
            chain = chain_of(f"{base}/ustb", number=file["chain_id"])
            async with Pool(chain, manners=Manners(patience=20.0)) as pool:
                evm = Evm(chain, pool)
                head = await evm.head("finalized")
                wanted = filter_of(chain.id, addresses)
                async with asyncio.TaskGroup() as group:
                    tasks = [
                        group.create_task(gathered(evm, s, wanted)) for s in cut(Span(0, head.number), 60)
                    ]
                return pa.concat_tables([table for task in tasks for table in task.result()])

    table = asyncio.run(run()).sort_by([("block_number", "ascending"), ("log_index", "ascending")])
    expected = [(int(e["blockNumber"], 16), int(e["logIndex"], 16), e["data"]) for e in file["logs"]]
    rows = zip(*(table[name].to_pylist() for name in ("block_number", "log_index", "data")), strict=True)
    assert [(block_, index, "0x" + data.hex()) for block_, index, data in rows] == sorted(expected)
    times = {int(b["number"], 16): int(b["timestamp"], 16) for b in file["blocks"]}
    seconds = [time // 10**6 for time in table["block_time"].cast("int64").to_pylist()]
    assert seconds == [times[number] for number in table["block_number"].to_pylist()]


def test_the_head_is_a_tag_or_confirmations_below_the_latest():
    """A tag is asked as it is; a number counts down from the latest block and stops at the first."""

    async def act(evm):
        return [(await evm.head(finality)).number for finality in ("finalized", "latest", 0, 64, 1_000)]

    assert with_evm(act, honest())[0] == [HEAD, HEAD, HEAD, HEAD - 64, 0]


@pytest.mark.parametrize("method", [lambda *_: None, refusing(-32000, "finalized block not found")])
def test_a_chain_without_finality_says_what_to_set(method):
    """Where nodes do not know the tag the sentence says to give a number of confirmations."""
    error = raised(NoEndpoint, lambda evm: evm.head("finalized"), honest(eth_getBlockByNumber=method))
    assert "set its finality in chains.toml to a number of confirmations, such as 64." in str(error)


def test_a_block_above_the_head_is_none():
    """None means that every endpoint lacks the block; one that lags is not enough."""
    lagging = honest(eth_getBlockByNumber=lambda n, full: blocks(n, full, head=50))

    async def act(evm):
        return [await evm.header(number) for number in (60, HEAD, HEAD + 1)]

    found, notes = with_evm(act, lagging, honest())
    assert [ref and ref.number for ref in found] == [60, HEAD, None]
    assert notes == []


def test_headers_are_of_an_endpoint_that_has_our_block():
    """Who has another block at the height that we hold stands on another branch, and is passed by."""
    rest = {"parentHash": block_hash(4), "receiptsRoot": block_hash(0), "logsBloom": "0x" + "00" * 256}
    nodes = [
        honest(eth_getBlockByNumber=lambda n, full, fork=fork: blocks(n, full, fork=fork) | rest)
        for fork in ("bb", "aa")
    ]
    pin = BlockRef(90, block_hash(90), 0)
    headers, _ = with_evm(lambda evm: evm.headers(Span(5, 6), pin=pin), *nodes)
    assert [(h.block.number, h.endpoint) for h in headers] == [(5, "node-2"), (6, "node-2")]


def test_a_null_that_passes_is_not_the_head():
    """One null among good answers does not hide a block."""
    nulls = iter([None])
    node = honest(eth_getBlockByNumber=lambda n, full: next(nulls, blocks(n, full)))
    assert with_evm(lambda evm: evm.header(7), node)[0].number == 7


@pytest.mark.parametrize(("time", "number"), [(0, 0), (84, 7), (85, 8), (1_200, 100)])
def test_the_first_block_of_a_time_is_found_by_headers(time, number):
    """The first block at or after a time is found in few requests and without old state."""
    node = honest()

    async def act(evm):
        return await evm.first_block_at(time, None, await evm.head("latest"))

    assert with_evm(act, node)[0] == BlockRef(number, block_hash(number), number * 12)
    assert node.times("eth_getBlockByNumber") <= 9


def test_a_block_between_known_ones_is_found_at_once():
    """Block times are even, so a block is looked for where its time would lie: a few headers, however far."""
    node = honest()

    async def act(evm):
        return await evm.first_block_at(600, BlockRef(0, block_hash(0), 0), await evm.head("latest"))

    assert with_evm(act, node)[0] == BlockRef(50, block_hash(50), 600)
    assert node.times("eth_getBlockByNumber") <= 4


def test_a_time_after_the_head_has_no_block():
    """A date that has not come yet is the user's to change."""
    high = BlockRef(HEAD, block_hash(HEAD), HEAD * 12)
    assert "Give an earlier date." in str(
        raised(Usage, lambda e: e.first_block_at(1_201, None, high), honest())
    )
