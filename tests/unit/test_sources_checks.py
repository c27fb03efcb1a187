import json

import pytest
from rpc_node import block_hash, log

from indexer.floor.filters import filter_of
from indexer.floor.spans import BlockRef, Span
from indexer.floor.tables import LOGS, arrow_schema
from indexer.sources.bloom import bloom_of
from indexer.sources.checks import checked, in_bloom, timed, untimed_blocks
from indexer.sources.logjson import BadAnswer, parse_logs

CHAIN = "eip155:900005"
ADDRESS = "0x" + "11" * 20
SPAN = Span(5, 9)
END = BlockRef(9, block_hash(9), 108)
ALL = filter_of(CHAIN, [ADDRESS])


def parsed(*logs):
    return parse_logs(json.dumps(list(logs)).encode(), CHAIN).logs


def places(table):
    return list(zip(table["block_number"].to_pylist(), table["log_index"].to_pylist(), strict=True))


def refused(*logs, span=SPAN, wanted=ALL, end=END):
    with pytest.raises(BadAnswer) as caught:
        checked(parsed(*logs), span, wanted, end)
    return str(caught.value)


def test_logs_come_back_in_order():
    """Logs are put in order of block and log index, whatever order the node chose."""
    table = checked(parsed(log(7, 1), log(5, 0), log(7, 0)), SPAN, ALL, END)
    assert places(table) == [(5, 0), (7, 0), (7, 1)]


def test_no_logs_are_an_answer():
    """An empty answer passes."""
    assert checked(parsed(), SPAN, ALL, END).num_rows == 0


@pytest.mark.parametrize("number", [4, 10])
def test_a_log_outside_the_span_is_refused(number):
    """A log one block before or after the span is not what was asked."""
    assert refused(log(6, 0), log(number, 0)) == f"a log of block {number} lies outside the asked span 5..9."


def test_a_log_of_another_contract_is_refused():
    """A log of a contract that is not in the filter is not what was asked."""
    other = "0x" + "33" * 20
    assert refused(log(6, 0), log(6, 1, address=other)) == f"a log of {other} lies outside the asked filter."


@pytest.mark.parametrize("topics", [[], ["0x" + "44" * 32]])
def test_a_log_without_the_asked_topic_is_refused(topics):
    """Where first topics were asked for, a log with another or none is not what was asked."""
    wanted = filter_of(CHAIN, [ADDRESS], ["0x" + "22" * 32])
    assert (
        refused(log(6, 0, topics=topics), wanted=wanted) == "a log has a first topic that was not asked for."
    )
    assert checked(parsed(log(6, 0)), SPAN, wanted, END).num_rows == 1


def test_a_log_that_came_twice_is_refused():
    """The same place in a block twice is a contradiction."""
    assert refused(log(6, 3), log(5, 0), log(6, 3)) == "log 3 of block 6 came twice."


def test_two_hashes_of_one_block_are_refused():
    """Logs of two forks in one answer are a contradiction."""
    assert refused(log(6, 0), log(6, 1, blockHash=block_hash(6, "bb"))) == "block 6 came with two hashes."


def test_another_hash_than_the_end_block_s_header_is_refused():
    """Header and logs of the last block must be of one fork."""
    assert refused(log(9, 0), end=END._replace(hash=block_hash(9, "bb"))) == (
        "the logs of block 9 carry another hash than its header."
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"transactionIndex": "0x2"}, {"transactionIndex": "0x1"}),
        ({"transactionIndex": "0x1"}, {"transactionIndex": "0x1"}),
        ({"transactionHash": "0x" + "55" * 32}, {"transactionHash": "0x" + "55" * 32}),
    ],
    ids=["backwards", "two hashes of one place", "two places of one hash"],
)
def test_transactions_that_contradict_each_other_are_refused(first, second):
    """Within a block places rise with the logs, and each place is one transaction."""
    assert refused(log(6, 0, **first), log(6, 1, **second)) == (
        "the transactions of block 6 contradict their order."
    )


def test_one_transaction_may_have_many_logs():
    """Logs of one transaction share its hash and its place."""
    one = {"transactionHash": "0x" + "55" * 32, "transactionIndex": "0x4"}
    assert checked(parsed(*(log(6, i, **one) for i in range(10_000))), SPAN, ALL, END).num_rows == 10_000


def test_blocks_without_a_time_are_named_once():
    """Each block whose logs lack the time is named with the hash its header must have."""
    table = parsed(log(5, 0), log(6, 0, blockTimestamp=None), log(6, 1, blockTimestamp=None))
    assert untimed_blocks(table) == {6: block_hash(6)}


def test_missing_times_come_from_headers():
    """The result has the declared schema and a time in every row."""
    table = parsed(log(5, 0), log(6, 0, blockTimestamp=None), log(8, 0, blockTimestamp=None))
    headers = {n: BlockRef(n, block_hash(n), n * 12) for n in (6, 8)}
    full = timed(table, headers, END)
    assert full.schema == arrow_schema(LOGS)
    assert full["block_time"].cast("int64").to_pylist() == [60_000_000, 72_000_000, 96_000_000]


def test_a_time_that_no_header_gives_is_refused():
    """No log is kept without its time."""
    with pytest.raises(BadAnswer):
        timed(parsed(log(6, 0, blockTimestamp=None)), {}, END)


@pytest.mark.parametrize(
    "logs",
    [
        (log(5, 0, blockTimestamp="0x60"), log(6, 0, blockTimestamp="0x50")),
        (log(6, 0, blockTimestamp="0x50"), log(6, 1, blockTimestamp="0x51")),
        (log(6, 0, blockTimestamp="0x6d"),),
        (log(9, 0, blockTimestamp="0x6b"),),
    ],
    ids=["backwards", "two times of one block", "after the end block", "not the header's"],
)
def test_times_that_contradict_are_refused(logs):
    """Times rise with the blocks up to that of the end block's header."""
    with pytest.raises(BadAnswer):
        timed(parsed(*logs), {}, END)


def test_a_slice_of_a_larger_table_is_compared_where_it_lies():
    """Rows are compared by their own bytes, also in a table that was cut out of another."""
    table = parsed(*(log(n, 0) for n in range(1, 10)))
    assert checked(table.slice(4, 5), SPAN, ALL, END).num_rows == 5


def test_a_log_that_the_bloom_of_its_block_lacks_is_refused():
    """The end block's bloom is held against the logs of that block, and against no other."""
    own = bloom_of([(bytes.fromhex("11" * 20), [bytes.fromhex("22" * 32)])])
    table = parsed(log(7, 0), log(9, 0))
    assert in_bloom(table, END, own) is table
    assert in_bloom(parsed(log(7, 0)), END, 1).num_rows == 1
    with pytest.raises(BadAnswer, match="log 0 of block 9 is not in the bloom"):
        in_bloom(table, END, 1)


def test_a_chain_that_tells_no_bloom_is_not_held_to_it():
    """Without a bloom, or with one of only zeros, nothing is refused."""
    table = parsed(log(9, 0))
    assert in_bloom(table, END, None) is table
