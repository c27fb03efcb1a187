import asyncio

import pyarrow as pa
import pytest
from replayed import content, recorded
from rpc_node import CHAIN_NUMBER, Fault, Node, block, block_hash, chain_of, log

from indexer.floor.errors import NoEndpoint, Usage
from indexer.floor.filters import filter_of
from indexer.floor.spans import BlockRef, Span, cut, halve
from indexer.floor.tables import LOGS, arrow_schema
from indexer.serve.misbehave import Faults
from indexer.serve.replay import Replay
from indexer.sources.endpoint import Manners
from indexer.sources.evm import Call, CallAnswer, Evm, TxRef
from indexer.sources.pool import Pool
from indexer.sources.provider_errors import Refused

CHAIN = f"eip155:{CHAIN_NUMBER}"
ADDRESS = "0x" + "11" * 20
ALL = filter_of(CHAIN, [ADDRESS])
HEAD = 100
SPAN = Span(5, 9)


def blocks(number, _, head=HEAD, fork="aa"):
    number = head if not number.startswith("0x") else int(number, 16)
    return block(number, fork) if number <= head else None


def honest(**methods):
    """Return a node with blocks up to the head and one log in each of the blocks 5 and 7."""
    given = {"eth_getBlockByNumber": blocks, "eth_getLogs": lambda _: [log(5, 0), log(7, 0)]}
    return Node(**(given | methods))


def refusing(code, text):
    def method(*_):
        raise Fault(code, text)

    return method


def with_evm(act, *nodes, patience=1.0):
    """Run *act* on a chain served by *nodes*; return what it gives and the notes."""
    notes = []

    async def run():
        for node in nodes:
            await node.__aenter__()
        try:
            chain = chain_of(*(node.url for node in nodes))
            async with Pool(chain, manners=Manners(patience=patience), on_note=notes.append) as pool:
                return await act(Evm(chain, pool))
        finally:
            for node in nodes:
                await node.__aexit__(None)

    return asyncio.run(run()), notes


def raised(kind, act, *nodes):
    async def run(evm):
        with pytest.raises(kind) as caught:
            await act(evm)
        return caught.value

    return with_evm(run, *nodes)[0]


def fetch(evm):
    return evm.logs(SPAN, ALL)


# Logs


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


# A whole recorded chain


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


# Heads and headers


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
        return await evm.first_block_at(time, 0, await evm.head("latest"))

    assert with_evm(act, node)[0] == BlockRef(number, block_hash(number), number * 12)
    assert node.times("eth_getBlockByNumber") <= 9


def test_a_time_after_the_head_has_no_block():
    """A date that has not come yet is the user's to change."""
    high = BlockRef(HEAD, block_hash(HEAD), HEAD * 12)
    assert "Give an earlier date." in str(raised(Usage, lambda e: e.first_block_at(1_201, 0, high), honest()))


# Calls

AT = BlockRef(7, block_hash(7), 84)
SUPPLY = Call(ADDRESS, bytes.fromhex("18160ddd"), AT)
LARGEST = f"0x{2**256 - 1:064x}"


def call(evm):
    return evm.calls([SUPPLY])


def test_a_call_is_pinned_to_the_hash_of_its_block():
    """Number and fork are fixed by the block hash; the largest word comes back whole."""
    node = honest(eth_call=lambda *_: LARGEST)
    answers, _ = with_evm(call, node)
    assert answers == [CallAnswer(b"\xff" * 32, None, "answered", "node-1")]
    assert node.asked[-1] == ("eth_call", [{"to": ADDRESS, "data": "0x18160ddd"}, {"blockHash": AT.hash}])


def by_number_only(what, pin):
    if isinstance(pin, dict):
        raise Fault(-32602, "invalid argument 1: json: cannot unmarshal object into Go value of type string")
    return "0x2a"


def test_a_node_without_pins_by_hash_is_asked_by_number_and_its_block_checked():
    """Where {"blockHash": …} is refused the number is used, the header compared, and that is remembered."""
    node = honest(eth_call=by_number_only)

    async def act(evm):
        return [*await call(evm), *await call(evm)]

    answers, _ = with_evm(act, node)
    assert [answer.result for answer in answers] == [b"\x2a", b"\x2a"]
    pins = [params[1] for method, params in node.asked if method == "eth_call"]
    assert pins == [{"blockHash": AT.hash}, "0x7", "0x7"]


def test_a_call_by_number_on_another_fork_is_refused():
    """State of another block with the same number is not what was asked."""
    forked = honest(eth_call=by_number_only, eth_getBlockByNumber=lambda n, full: blocks(n, full, fork="bb"))
    answers, notes = with_evm(call, forked, honest(eth_call=lambda *_: "0x2b"))
    assert answers == [CallAnswer(b"\x2b", None, "answered", "node-2")]
    assert "node-1 has another block 7 than the one asked about." in notes[0]


def test_a_revert_is_an_answer_and_missing_state_is_none():
    """What the contract said no to, what no node can say, and what nobody understands stay three things."""
    for fault, kind, endpoint in (
        (refusing(3, "execution reverted"), "reverted", "node-1"),
        (refusing(-32000, "missing trie node"), "missing-state", ""),
        (refusing(-32000, "out of gas"), "unknown", ""),
    ):
        (answer,), _ = with_evm(call, honest(eth_call=fault))
        assert (answer.result, answer.kind, answer.endpoint) == (None, kind, endpoint)
        assert answer.error


def test_only_what_one_endpoint_lacks_is_asked_of_the_next():
    """An endpoint with half of the state answers that half, an archive the rest."""

    def young(what, pin):
        if pin["blockHash"] == AT.hash:
            raise Fault(-32000, "missing trie node")
        return "0x01"

    archive = honest(eth_call=lambda *_: "0x02")
    later = SUPPLY._replace(block=BlockRef(8, block_hash(8), 96))
    answers, _ = with_evm(lambda evm: evm.calls([later, SUPPLY]), honest(eth_call=young), archive)
    assert [(answer.result, answer.endpoint) for answer in answers] == [
        (b"\x01", "node-1"),
        (b"\x02", "node-2"),
    ]
    assert archive.times("eth_call") == 1


def test_many_calls_are_few_requests():
    """A thousand calls are twenty batches, and the answers keep their order."""
    node = honest(eth_call=lambda what, _: what["data"])
    asked = [Call(ADDRESS, number.to_bytes(4), AT) for number in range(1_000)]
    answers, _ = with_evm(lambda evm: evm.calls(asked), node)
    assert [int.from_bytes(answer.result) for answer in answers] == list(range(1_000))
    assert len(node.posts) == 1 + 20


def test_no_calls_are_no_request():
    """Nothing asked, nothing sent."""
    node = honest()
    assert with_evm(lambda evm: evm.calls([]), node)[0] == []
    assert node.posts == []


def test_a_passing_error_within_a_batch_is_asked_again():
    """Of fifty calls of which some fail for now, only those are asked again."""
    failing = iter([True, True])

    def now_and_then(what, _):
        if what["data"] == "0x00000003" and next(failing, False):
            raise Fault(-32603, "Internal error")
        return what["data"]

    node = honest(eth_call=now_and_then)
    asked = [Call(ADDRESS, number.to_bytes(4), AT) for number in range(5)]
    answers, _ = with_evm(lambda evm: evm.calls(asked), node)
    assert [int.from_bytes(answer.result) for answer in answers] == [0, 1, 2, 3, 4]
    assert node.times("eth_call") == 5 + 2


# Transactions

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
