"""Facts about the sheet that logs are written to, in whatever order they are read."""

import numpy as np

from indexer.sources.logsheet import Rows, Sheet, schema

MICROS = 10**6


def row(block: int, data: bytes, time: int | None = 7, topics: int = 1) -> dict[str, int | bytes | None]:
    """Return one log of *block*, whose bytes tell the block."""
    mark = bytes([block % 256])
    return {
        "block_number": block, "block_hash": mark * 32, "block_time": time, "tx_hash": mark * 32,
        "tx_index": block + 1, "log_index": block + 2, "address": mark * 20,
        **{f"topic{i}": mark * 32 if i < topics else None for i in range(4)}, "data": data,
    }  # fmt: skip


def at(*rows: int) -> Rows:
    return np.array(rows, dtype=np.int64)


def test_rows_stand_where_they_were_put() -> None:
    """Logs put in another order, with data of several lengths, come back in the order of their places."""
    logs = [row(1, b"one"), row(2, b""), row(3, b"three"), row(4, b"one"), row(5, b"five!")]
    sheet = Sheet(5)
    sheet.put_each(at(4, 2), [logs[4], logs[2]])
    sheet.put_each(at(3, 1, 0), [logs[3], logs[1], logs[0]])
    table = sheet.table()
    table.validate(full=True)
    assert table["data"].to_pylist() == [b"one", b"", b"three", b"one", b"five!"]
    for name in ("block_number", "tx_index", "log_index", "address", "tx_hash", "topic0"):
        assert table[name].to_pylist() == [log[name] for log in logs]


def test_a_shape_is_put_as_columns() -> None:
    """Logs of one shape come as whole columns; a topic they do not have is NULL."""
    sheet = Sheet(2)
    sheet.put(
        at(1, 0),
        {
            "block_number": at(9, 2**62), "block_time": at(3, 4), "tx_index": at(1, 1), "log_index": at(5, 6),
            "block_hash": np.array([b"h" * 32] * 2, "V32"), "tx_hash": np.array([b"t" * 32] * 2, "V32"),
            "address": np.array([b"a" * 20, b"b" * 20], "V20"), "data": np.array([b"x" * 64, b"y" * 64], "V64"),
        },
    )  # fmt: skip
    table = sheet.table()
    assert table["block_number"].to_pylist() == [2**62, 9]
    assert table["data"].to_pylist() == [b"y" * 64, b"x" * 64]
    assert table["topic0"].null_count == 2


def test_a_time_that_the_node_does_not_know_is_null() -> None:
    """No time, and a time of zero above block 0, are NULL; block 0 may be of second 0."""
    sheet = Sheet(4)
    sheet.put_each(at(0, 1, 2, 3), [row(0, b"", 0), row(1, b"", 0), row(2, b"", None), row(3, b"", 7)])
    assert sheet.table()["block_time"].cast("int64").to_pylist() == [0, None, None, 7 * MICROS]


def test_a_sheet_for_no_log_is_an_empty_table() -> None:
    """An answer without logs has the columns of every other one."""
    table = Sheet(0).table()
    assert table.num_rows == 0
    assert table.schema == schema().remove(0)
