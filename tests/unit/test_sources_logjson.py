"""Facts about reading JSON-RPC answers and logs."""

import gzip
import json
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.floor.tables import LOGS
from indexer.sources.logjson import BadAnswer, Parsed, envelopes, parse_logs, schema

DATA = Path(__file__).parent.parent / "data"
CHAIN = "eip155:1"
COMPACT = (",", ":")


def log(number: int = 0, **changed: object) -> dict[str, object]:
    """One log as geth writes it; widths of its quantities vary with *number*."""
    base: dict[str, object] = {
        "address": f"0x{number + 1:040x}",
        "topics": [f"0x{number + i:064x}" for i in range(3)],
        "data": f"0x{number:064x}",
        "blockNumber": hex(0xFFFF0 + number),
        "transactionHash": f"0x{number * 7:064x}",
        "transactionIndex": hex(number % 40),
        "blockHash": f"0x{number * 13:064x}",
        "blockTimestamp": hex(1_700_000_000 + number),
        "logIndex": hex(number % 5000),
        "removed": False,
    }
    return {key: value for key, value in {**base, **changed}.items() if value is not Ellipsis}


def compact(*logs: dict[str, object]) -> bytes:
    return json.dumps(logs, separators=COMPACT).encode()


def spaced(*logs: dict[str, object]) -> bytes:
    return json.dumps(logs, indent=1).encode()


def parsed(*logs: dict[str, object]) -> Parsed:
    return parse_logs(compact(*logs), CHAIN)


def refusal(text: bytes) -> str:
    with pytest.raises(BadAnswer) as caught:
        parse_logs(text, CHAIN)
    return str(caught.value)


# Values and columns


def test_a_log_keeps_every_byte_and_number():
    """A log becomes the declared columns, losslessly."""
    row = parsed(log(3, data="0x00ff", topics=["0x" + "aB" * 32])).logs.to_pylist()[0]
    assert row == {
        "chain_id": CHAIN,
        "block_number": 0xFFFF3,
        "block_hash": (39).to_bytes(32, "big"),
        "block_time": datetime(2023, 11, 14, 22, 13, 23),  # noqa: DTZ001 - UTC without a zone, as declared
        "tx_hash": (21).to_bytes(32, "big"),
        "tx_index": 3,
        "log_index": 3,
        "address": (4).to_bytes(20, "big"),
        "topic0": b"\xab" * 32,
        "topic1": None,
        "topic2": None,
        "topic3": None,
        "data": b"\x00\xff",
    }


def test_columns_are_those_of_logs_in_order():
    """Parsed logs have the declared columns and types, empty answers too."""
    for text in (b"[]", b" [ ] ", compact(log())):
        table = parse_logs(text, CHAIN).logs
        assert table.column_names == LOGS.names
        assert table.schema == schema()


def test_only_block_time_may_be_null_beyond_the_declaration():
    """The schema of parsed logs differs from that of ``logs`` in block_time's nullability alone."""
    assert [f.name for f in schema() if f.nullable] == ["block_time", "topic0", "topic1", "topic2", "topic3"]


def test_both_paths_give_the_same_table():
    """Ten thousand logs of one block read by shape equal the same logs read one by one."""
    logs = [log(i, blockNumber="0x112a880") for i in range(10_000)]
    by_shape, one_by_one = parsed(*logs), parse_logs(spaced(*logs), CHAIN)
    assert (by_shape.fast, by_shape.slow) == (10_000, 0)
    assert (one_by_one.fast, one_by_one.slow) == (0, 10_000)
    assert by_shape.logs.equals(one_by_one.logs)
    by_shape.logs.validate(full=True)


def test_odd_rows_keep_their_place_among_the_fast_ones():
    """Rows with other topics, data, spaces and key order are read in place, and counted."""
    logs = [log(i) for i in range(20, 1020)]
    logs[10] = log(10, data="0x" + "22" * 31)
    logs[20] = log(20, topics=[])
    logs[30] = log(30, topics=["0x" + "33" * 32] * 4)
    logs[40] = dict(reversed(log(40).items()))
    logs[50] = log(50, blockTimestamp=...)
    texts = [json.dumps(one, separators=COMPACT) for one in logs]
    texts[999] = json.dumps(logs[999])
    answer = parse_logs(f"[{','.join(texts)}]".encode(), CHAIN)
    assert (answer.fast, answer.slow) == (994, 6)
    assert answer.logs.equals(parse_logs(spaced(*logs), CHAIN).logs)


def test_a_block_number_with_one_digit_more_is_read_fast():
    """Where a number grows a digit, the rows on both sides are read by shape."""
    logs = [log(i, blockNumber=hex(0xFFFFFF - 200 + i)) for i in range(400)]
    answer = parsed(*logs)
    assert (answer.fast, answer.slow) == (400, 0)
    assert answer.logs["block_number"].to_pylist() == [0xFFFFFF - 200 + i for i in range(400)]


def test_several_shapes_in_one_answer_are_all_read_fast():
    """Interleaved events with other topics and data each get their shape."""
    logs = [
        log(i, topics=["0x" + "44" * 32] * (i % 5), data="0x" + "55" * (32 * (i % 3))) for i in range(3000)
    ]
    answer = parsed(*logs)
    assert (answer.fast, answer.slow) == (3000, 0)
    assert answer.logs.equals(parse_logs(spaced(*logs), CHAIN).logs)


def test_another_key_order_and_constant_extra_keys_are_read_fast():
    """A node that orders its keys otherwise and adds its own is no slower."""
    logs = [{**dict(reversed(log(i).items())), "type": "mined", "l1": None} for i in range(500)]
    answer = parsed(*logs)
    assert answer.fast >= 499
    assert answer.logs.equals(parse_logs(spaced(*logs), CHAIN).logs)


def test_quantities_of_every_width_up_to_int64_are_exact():
    """Numbers of 1 to 16 hex digits, 2^63-1 among them, come out as they went in."""
    numbers = [min(16**width, 2**63 - 1) for width in range(16)] * 20
    answer = parsed(*(log(i, logIndex=hex(n)) for i, n in enumerate(numbers)))
    assert answer.logs["log_index"].to_pylist() == numbers
    assert answer.fast == 300


def test_logs_without_a_timestamp_have_none():
    """A missing or null blockTimestamp is NULL, on both paths."""
    assert parsed(*(log(i, blockTimestamp=...) for i in range(100))).logs["block_time"].null_count == 100
    assert parsed(log(blockTimestamp=None)).logs["block_time"].null_count == 1


def test_a_time_of_zero_is_unknown_above_the_first_block():
    """Nodes that do not know a log's time write zero; only block 0 may have it."""
    many = [log(i, blockTimestamp="0x0", blockNumber=hex(i)) for i in range(100)]
    for answer in (parsed(*many), parse_logs(spaced(*many), CHAIN)):
        assert answer.logs["block_time"].null_count == 99
        assert answer.logs["block_time"][0].as_py() == datetime(1970, 1, 1)  # noqa: DTZ001 - UTC without a zone


@pytest.mark.parametrize("stamp", ["0x6553f100", "0x06553F100", 1_700_000_000, "1700000000"])
def test_a_time_may_be_hex_or_decimal(stamp: object):
    """Hex quantities, plain numbers and decimal text are the same instant."""
    assert parsed(log(blockTimestamp=stamp)).logs["block_time"][0].value == 1_700_000_000_000_000


def test_upper_case_hex_is_read():
    """Hex digits may be of either case, on both paths."""
    logs = [log(i, address="0x" + "aB" * 20, data="0x" + "Cd" * 32) for i in range(100)]
    answer = parsed(*logs)
    assert answer.fast == 100
    assert set(answer.logs["address"].to_pylist()) == {b"\xab" * 20}
    assert answer.logs.equals(parse_logs(spaced(*logs), CHAIN).logs)


def test_data_of_any_length_is_kept():
    """Empty data and a hundred kilobytes are kept whole."""
    sizes = [0, 1, 31, 32, 33, 4096, 100_000]
    answer = parsed(*(log(i, data="0x" + "7f" * size) for i, size in enumerate(sizes)))
    assert [len(value) for value in answer.logs["data"].to_pylist()] == sizes


def test_braces_inside_values_do_not_mislead():
    """Extra keys may hold objects, and texts with braces, quotes and escapes."""
    logs = [log(i) for i in range(200)]
    logs[7] = log(7, note='}, {"address": "', more={"a": [{}, {"b": "}"}]})
    answer = parsed(*logs)
    assert (answer.fast, answer.slow) == (0, 200)
    assert answer.logs.num_rows == 200


def test_a_real_block_is_read_whole():
    """The 291 logs of mainnet's block 18,000,000 come out, without times."""
    body = gzip.decompress((DATA / "ethereum-18000000" / "getlogs.json.gz").read_bytes())
    _, answer = envelopes(body)
    assert answer.result is not None
    got = parse_logs(answer.result, CHAIN)
    assert got.logs.num_rows == 291
    assert got.logs["log_index"].to_pylist() == list(range(291))
    assert set(got.logs["block_number"].to_pylist()) == {18_000_000}
    assert got.logs["block_time"].null_count == 291


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2**31), st.integers(0, 4), st.binary(max_size=40)), max_size=150))
def test_whatever_a_node_logs_is_read_as_written(rows: list[tuple[int, int, bytes]]):
    """For any mix of numbers, topics and data both paths agree with each other and with the input."""
    logs = [
        log(i, logIndex=hex(n), topics=[f"0x{n:064x}"] * count, data="0x" + data.hex())
        for i, (n, count, data) in enumerate(rows)
    ]
    answer = parsed(*logs)
    assert answer.logs.equals(parse_logs(spaced(*logs), CHAIN).logs)
    assert answer.logs["data"].to_pylist() == [data for _, _, data in rows]
    assert answer.logs["log_index"].to_pylist() == [n for n, _, _ in rows]


# What is refused

BAD = {
    "address of 19 bytes": ({"address": "0x" + "11" * 19}, "address of 19 bytes"),
    "odd digits": ({"data": "0x123"}, "data '0x123', which is not whole bytes of hex"),
    "not hex": ({"address": "0x" + "zz" * 20}, "address '0xzz"),
    "no prefix": ({"data": "00"}, "data '00'"),
    "empty data": ({"data": ""}, "data ''"),
    "short topic": ({"topics": ["0x11"]}, "topics[0] of 1 bytes, where 32 are due"),
    "five topics": ({"topics": ["0x" + "11" * 32] * 5}, "5 topics"),
    "pending": ({"blockNumber": None}, "pending"),
    "removed": ({"removed": True}, "removed by a reorg"),
    "no block hash": ({"blockHash": None}, "blockHash null"),
    "above int64": ({"logIndex": hex(2**63)}, "logIndex '0x8000000000000000', which is above 2^63-1"),
    "a signed number": ({"logIndex": "-0x1"}, "logIndex '-0x1', which is not a hex quantity"),
    "an underscore": ({"logIndex": "0x1_0"}, "not a hex quantity"),
    "an empty number": ({"blockNumber": "0x"}, "blockNumber '0x', which is not a hex quantity"),
    "a far time": ({"blockTimestamp": hex(2**44)}, "blockTimestamp '0x100000000000', which is no time"),
    "a negative time": ({"blockTimestamp": -1}, "blockTimestamp '-1'"),
    "a number for text": ({"data": 5}, "`$[0].data`"),
    "a missing key": ({"logIndex": ...}, "missing required field `logIndex`"),
}


@pytest.mark.parametrize(("changed", "said"), BAD.values(), ids=BAD)
def test_a_bad_log_is_refused_by_its_field(changed: dict[str, object], said: str):
    """A value that cannot be a log's is refused, and the sentence names the field."""
    assert said in refusal(compact(log(**changed)))


@pytest.mark.parametrize("changed", [changed for changed, _ in BAD.values()], ids=BAD)
def test_one_bad_log_among_many_good_ones_is_refused(changed: dict[str, object]):
    """A bad row is not hidden by a thousand good ones of the same shape."""
    logs = [log(i) for i in range(1000)]
    logs[777] = log(777, **changed)
    said = refusal(compact(*logs))
    assert "777" in said


def test_a_key_that_stands_twice_is_refused():
    """JSON leaves open which twin counts, so neither does."""
    one = json.dumps(log(), separators=COMPACT)
    for twin in ('"data":"0x"', '"removed":false', '"da\\u0074a":"0x"', '"blockTimestamp":"0x1"'):
        text = f"[{one[:-1]},{twin}}}]".encode()
        assert "twice" in refusal(text)


@pytest.mark.parametrize("text", [b"null", b" null", b"{}", b"", b"7", b'"0x"', b"[null]", b"[1]", b"[[]]"])
def test_what_is_no_list_of_logs_is_refused(text: bytes):
    """Null and other JSON is never an empty list."""
    assert "is not a list of logs" in refusal(text)


@pytest.mark.parametrize("make", [compact, spaced])
def test_a_cut_anywhere_is_noticed(make):
    """No proper beginning of an answer passes for an answer."""
    text = make(*(log(i) for i in range(100)))
    for end in [*range(0, 1500, 7), *range(len(text) - 800, len(text))]:
        assert refusal(text[:end])


def test_missing_and_doubled_commas_are_refused():
    """Rows are an array only with one comma between each two."""
    rows = [json.dumps(log(i), separators=COMPACT) for i in range(100)]
    for text in ("".join(rows), ",,".join(rows), ",".join(rows) + ",", "," + ",".join(rows)):
        assert refusal(f"[{text}]".encode())


def test_fast_rows_cannot_hide_inside_an_odd_rows_text():
    """Two halves of a broken object around good rows do not pass once the good ones are taken out."""
    rows = [json.dumps(log(i), separators=COMPACT) for i in range(200)]
    one = json.dumps(log(5), separators=COMPACT)
    rows[50] = one[:-1] + ',"note":"}'
    rows[60] = '"}'
    assert refusal(f"[{','.join(rows)}]".encode())


def test_any_changed_byte_is_noticed():
    """A byte that is no longer JSON, hex or a known key is refused; only optional keys may be misspelt."""
    rows = [json.dumps(log(i), separators=COMPACT) for i in range(100)]
    optional = {
        at
        for key in ("blockTimestamp", "removed")
        for at in range(rows[50].index(key), rows[50].index(key) + len(key))
    }
    for at in range(len(rows[50])):
        changed = rows[50][:at] + "~" + rows[50][at + 1 :]
        text = f"[{','.join([*rows[:50], changed, *rows[51:]])}]".encode()
        if at in optional:
            assert parse_logs(text, CHAIN).slow == 1
        else:
            assert refusal(text)


def test_a_refusal_never_quotes_a_whole_body():
    """Sentences quote at most 120 characters of a node's text, made printable."""
    said = refusal(compact(log(data="0x\x1b[31m" + "z" * 5000)))
    assert "\x1b" not in said
    assert len(said) < 300


def test_deep_nesting_is_refused():
    """An answer of a million brackets is refused, not a crash."""
    deep = '{"x":' + "[" * 1_000_000 + "]" * 1_000_000 + "}"
    assert refusal(f"[{deep}]".encode())
    with pytest.raises(BadAnswer):
        envelopes(b"[" * 1_000_000)


# Envelopes


def test_one_answer_is_one_envelope():
    """A single answer keeps its id and its result's text."""
    (only,) = envelopes(b'{"jsonrpc":"2.0","id":7,"result":[1, 2]}')
    assert (only.id, bytes(only.result or b""), only.error) == (7, b"[1, 2]", None)


def test_a_batch_keeps_its_order():
    """The answers of a batch come in the order of the body, whatever their ids."""
    body = (
        b'[{"id":2,"result":"0x1"},{"id":"1","error":{"code":-32000,"message":"no"}}, {"id":3,"result":null}]'
    )
    second, first, third = envelopes(body)
    assert (second.id, bytes(second.result or b"")) == (2, b'"0x1"')
    assert (first.id, first.result, first.error) == (1, None, {"code": -32000, "message": "no"})
    assert bytes(third.result or b"") == b"null"


def test_an_error_that_is_plain_text_is_kept():
    """Some gateways answer an error without a code; its text is the message."""
    (only,) = envelopes(b'{"error":"rate limited"}')
    assert (only.id, only.result, only.error) == (None, None, {"message": "rate limited"})


def test_a_null_error_is_none():
    """A null error beside a result is no error."""
    (only,) = envelopes(b'{"id":1,"error":null,"result":[]}')
    assert only.error is None
    assert bytes(only.result or b"") == b"[]"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \n",
        b"<html>502 Bad Gateway</html>",
        b'{"id":1}',
        b"[1]",
        b"null",
        b'"x"',
        b"\xff\xfe",
        b"[{}]",
    ],
)
def test_what_is_no_answer_is_refused(body: bytes):
    """An empty body, HTML and JSON without result or error are refused."""
    with pytest.raises(BadAnswer):
        envelopes(body)


def test_a_truncated_body_is_refused():
    """No proper beginning of a body passes, in a batch neither."""
    single = b'{"jsonrpc":"2.0","id":1,"result":' + compact(log(1), log(2)) + b"}"
    for body in (single, b"[" + single + b"," + single + b"]"):
        for end in range(len(body)):
            with pytest.raises(BadAnswer):
                envelopes(body[:end])


def test_a_result_is_a_view_of_the_body():
    """A result is not copied out of a large body."""
    body = b'{"id":1,"result":' + compact(*(log(i) for i in range(50))) + b"}"
    (only,) = envelopes(body)
    assert isinstance(only.result, memoryview)
    assert pa.py_buffer(only.result).address - pa.py_buffer(body).address == len(b'{"id":1,"result":')
