"""Facts about Transfers out of raw logs."""

import gzip
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import eth_abi
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from eth_abi.exceptions import DecodingError
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.decode import transfers
from indexer.decode.transfers import TRANSFER_TOPIC, Transfers, decode_transfers
from indexer.floor.tables import LOGS, MAX_UNITS, arrow_schema
from indexer.sources.logjson import envelopes, parse_logs

DATA = Path(__file__).parent.parent / "data"
APPROVAL = keccak(b"Approval(address,address,uint256)")
ALICE, BOB, TOKEN = b"\xaa" * 20, b"\xbb" * 20, b"\xcc" * 20
NOON = datetime(2024, 1, 1, 12)  # noqa: DTZ001 - UTC without a zone, as declared
ERC20, ERC721 = 141, 2  # counted in the capture by topics and length of data
EDGES = [
    0,
    1,
    2**63,
    2**64 - 1,
    2**64,
    2**64 + 1,
    2**127,
    2**128,
    10**30,
    MAX_UNITS,
    MAX_UNITS + 1,
    2**256 - 1,
]


def word(value: bytes | int) -> bytes:
    return value.rjust(32, b"\0") if isinstance(value, bytes) else value.to_bytes(32, "big")


def moved(value: int, data: bytes | None = None, topics: Sequence[bytes] | None = None) -> dict[str, object]:
    """The varying columns of a Transfer's log."""
    given_topics = (TRANSFER_TOPIC, word(ALICE), word(BOB)) if topics is None else topics
    return {"topics": given_topics, "data": word(value) if data is None else data}


def logs(*rows: dict[str, object]) -> pa.Table:
    """Logs as the store holds them, one block each."""
    out = []
    for number, row in enumerate(rows):
        topics = [*row["topics"], None, None, None, None]
        out.append(
            {
                "chain_id": "eip155:1",
                "block_number": number,
                "block_hash": word(number),
                "block_time": NOON,
                "tx_hash": word(number + 1),
                "tx_index": number % 7,
                "log_index": number % 11,
                "address": TOKEN,
                **{f"topic{i}": topics[i] for i in range(4)},
                "data": row["data"],
            }
        )
    return pa.Table.from_pylist(out, schema=arrow_schema(LOGS))


def reasons(*rows: dict[str, object]) -> list[str]:
    return decode_transfers(logs(*rows)).undecoded["reason"].to_pylist()


def test_the_topic_is_the_events_hash():
    """The constant is the keccak hash of the event's signature."""
    assert keccak(b"Transfer(address,address,uint256)") == TRANSFER_TOPIC


def test_a_transfer_becomes_text_and_an_integer():
    """Addresses and hash are lower-case 0x text, the value is exact, times and places are kept."""
    row = decode_transfers(logs(moved(10**30))).rows.to_pylist()
    assert row == [
        {
            "contract": "0x" + "cc" * 20,
            "block_number": 0,
            "block_time": NOON,
            "tx_hash": "0x" + "00" * 31 + "01",
            "tx_index": 0,
            "log_index": 0,
            "from_address": "0x" + "aa" * 20,
            "to_address": "0x" + "bb" * 20,
            "value": Decimal(10**30),
        }
    ]


@pytest.mark.parametrize("value", [value for value in EDGES if value <= MAX_UNITS])
def test_every_amount_up_to_38_digits_is_exact(value: int):
    """Amounts about the limits of 64 and 128 bits and of 38 digits come out as they went in."""
    assert decode_transfers(logs(moved(value))).rows["value"].to_pylist() == [Decimal(value)]


@pytest.mark.parametrize("value", [value for value in EDGES if value > MAX_UNITS])
def test_a_larger_amount_is_told_not_rounded(value: int):
    """10^38 and 2^256-1 are no rows of the ledger but undecoded ones."""
    got = decode_transfers(logs(moved(value)))
    assert got.rows.num_rows == 0
    assert got.undecoded.to_pylist() == [
        {
            "block_number": 0,
            "tx_hash": "0x" + "00" * 31 + "01",
            "log_index": 0,
            "address": "0x" + "cc" * 20,
            "topic0": "0x" + TRANSFER_TOPIC.hex(),
            "reason": "amount over 38 digits",
        }
    ]


def test_four_topics_are_an_erc_721():
    """A token id as fourth topic is no amount."""
    topics = (TRANSFER_TOPIC, word(ALICE), word(BOB), word(7))
    assert reasons(moved(0, data=b"", topics=topics)) == ["ERC-721 Transfer: four topics"]


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_topics_are_not_decoded(count: int):
    """A Transfer whose addresses stand in the data is undecoded."""
    topics = (TRANSFER_TOPIC, word(ALICE))[:count]
    assert reasons(moved(1, topics=topics)) == [transfers.FEW_TOPICS]


@pytest.mark.parametrize("size", [0, 1, 31, 33, 64, 96])
def test_data_of_another_length_is_not_decoded(size: int):
    """Thirty-one bytes are no amount, and neither are sixty-four."""
    assert reasons(moved(0, data=b"\1" * size)) == [transfers.NOT_ONE_WORD]


@pytest.mark.parametrize("place", [1, 2])
def test_dirty_padding_is_not_decoded(place: int):
    """An address with anything before its twenty bytes is none."""
    topics = [TRANSFER_TOPIC, word(ALICE), word(BOB)]
    topics[place] = b"\0" * 11 + b"\1" + ALICE
    assert reasons(moved(1, topics=topics)) == [transfers.DIRTY_ADDRESS]


def test_the_first_reason_is_told():
    """A log that is wrong in every way has one reason: the number of its topics."""
    topics = (TRANSFER_TOPIC, b"\1" * 32, b"\2" * 32, word(1))
    assert reasons(moved(0, data=b"\3" * 31, topics=topics)) == [transfers.FOUR_TOPICS]


def test_other_events_are_ignored():
    """Approvals, anonymous logs and other topics are neither rows nor undecoded."""
    other = (APPROVAL, word(ALICE), word(BOB))
    got = decode_transfers(
        logs(moved(1, topics=other), moved(2, topics=()), moved(3, data=b"", topics=other))
    )
    assert (got.rows.num_rows, got.undecoded.num_rows) == (0, 0)


def test_rows_keep_their_order_among_others():
    """Transfers stay in the order of the logs, undecoded ones as well."""
    table = logs(
        moved(5),
        moved(0, topics=(APPROVAL, word(ALICE), word(BOB))),
        moved(0, data=b"\1" * 31),
        moved(6),
        moved(2**256 - 1),
        moved(7),
    )
    got = decode_transfers(table)
    assert got.rows["value"].to_pylist() == [5, 6, 7]
    assert got.rows["block_number"].to_pylist() == [0, 3, 5]
    assert got.undecoded["block_number"].to_pylist() == [2, 4]


def test_no_logs_give_empty_tables_with_their_columns():
    """Nothing in, nothing out, but typed."""
    got = decode_transfers(arrow_schema(LOGS).empty_table())
    assert got.rows.schema == transfers.ROWS
    assert got.undecoded.schema == transfers.UNDECODED
    assert (got.rows.num_rows, got.undecoded.num_rows) == (0, 0)


def test_slices_and_chunks_are_read_at_their_place():
    """A table cut out of another, in several chunks, gives what it holds and no more."""
    every = logs(*(moved(n) for n in range(50)))
    table = pa.concat_tables([every.slice(3, 4), every.slice(20, 1), every.slice(40)])
    wanted = [3, 4, 5, 6, 20, *range(40, 50)]
    assert decode_transfers(table).rows["value"].to_pylist() == wanted


def test_more_rows_than_one_slice_are_decoded_in_order(monkeypatch: pytest.MonkeyPatch):
    """Rows beyond the size of a slice follow the others."""
    monkeypatch.setattr(transfers, "_SLICE", 7)
    got = decode_transfers(logs(*(moved(n, data=b"" if n % 5 == 0 else None) for n in range(40))))
    assert got.rows["value"].to_pylist() == [n for n in range(40) if n % 5]
    assert got.undecoded["block_number"].to_pylist() == [n for n in range(40) if n % 5 == 0]


def test_logs_from_parquet_and_from_duckdb_decode_the_same(tmp_path: Path):
    """Logs read back from a file, also as plain binary by SQL, give the same Transfers."""
    table = logs(moved(1), moved(2, topics=(TRANSFER_TOPIC,)), moved(10**38 - 1), moved(4, data=b""))
    path = tmp_path / "logs.parquet"
    pq.write_table(table, path)
    wanted = decode_transfers(table)
    assert wanted.rows.num_rows == 2
    by_sql = (
        duckdb.connect().sql("SELECT * FROM read_parquet($path)", params={"path": str(path)}).to_arrow_table()
    )
    for other in (pq.read_table(path), by_sql):
        assert decode_transfers(other) == wanted


def test_a_real_block_has_its_transfers():
    """Block 18,000,000 of mainnet: every ERC-20 Transfer decodes as eth-abi does, ERC-721 ones are told."""
    body = gzip.decompress((DATA / "ethereum-18000000" / "getlogs.json.gz").read_bytes())
    answer = envelopes(body)[1].result
    assert answer is not None
    table = parse_logs(answer, "eip155:1").logs
    at = table.schema.get_field_index("block_time")
    table = table.set_column(at, "block_time", pa.repeat(pa.scalar(NOON, pa.timestamp("us")), len(table)))
    got = decode_transfers(table)
    assert got.rows.num_rows == ERC20
    assert got.undecoded["reason"].to_pylist() == [transfers.FOUR_TOPICS] * ERC721
    by_index = {row["log_index"]: row for row in table.to_pylist()}
    for row in got.rows.to_pylist():
        log = by_index[row["log_index"]]
        assert row["value"] == eth_abi.decode(["uint256"], log["data"])[0]
        assert row["from_address"] == eth_abi.decode(["address"], log["topic1"])[0]
        assert row["to_address"] == eth_abi.decode(["address"], log["topic2"])[0]
        assert row["contract"] == "0x" + log["address"].hex()


def oracle(row: dict[str, object]) -> tuple[str, str, int] | None:
    """What eth-abi reads out of a three-topic Transfer; None where it or our 38 digits refuse."""
    _, debited, credited = row["topics"]
    try:
        sender, receiver = eth_abi.decode(["address"], debited)[0], eth_abi.decode(["address"], credited)[0]
        (value,) = eth_abi.decode(["uint256"], row["data"])
    except DecodingError:
        return None
    return (sender, receiver, value) if value <= MAX_UNITS and len(row["data"]) == 32 else None


NUMBERS = st.one_of(
    st.sampled_from(EDGES),
    st.integers(0, 2**256 - 1),
    st.integers(MAX_UNITS - 5, MAX_UNITS + 5),
    st.integers(0, 2**70),
)
ADDRESSES = st.one_of(st.binary(min_size=20, max_size=20).map(word), st.binary(min_size=32, max_size=32))
DATA_OF = st.one_of(NUMBERS.map(word), NUMBERS.map(word), st.binary(max_size=70))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(ADDRESSES, ADDRESSES, DATA_OF), max_size=30))
def test_transfers_are_what_eth_abi_reads(rows: list[tuple[bytes, bytes, bytes]]):
    """For any topics and data, eth-abi accepts and reads what we do, but for trailing bytes and 38 digits."""
    made = [moved(0, data=data, topics=(TRANSFER_TOPIC, a, b)) for a, b, data in rows]
    got: Transfers = decode_transfers(logs(*made))
    wanted = [(number, *read) for number, row in enumerate(made) if (read := oracle(row)) is not None]
    read = got.rows.select(["block_number", "from_address", "to_address", "value"]).to_pylist()
    assert [tuple(row.values()) for row in read] == wanted
    left = set(range(len(made))) - {number for number, *_ in wanted}
    assert set(got.undecoded["block_number"].to_pylist()) == left
