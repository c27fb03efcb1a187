"""Whatever text an endpoint gives for logs is read as plain JSON reads it, or refused in a sentence."""

from fuzz_kit import RAW_JSON, fuzzed, sentences
from fuzz_logs import log, rows_of, slowly, spoilt_logs, written
from hypothesis import strategies as st

from indexer.sources.logjson import BadAnswer, parse_logs

CHAIN = "eip155:900005"


def read(text: bytes):
    """The table, or None where the text was refused with a sentence that quotes little of it."""
    try:
        return parse_logs(text, CHAIN).logs
    except BadAnswer as error:
        sentences(str(error))
        return None


@fuzzed(250, text=spoilt_logs())
def test_spoilt_logs_are_refused_or_read_as_they_stand(text):
    """A list of logs with a few bytes, keys or values changed loses no log and alters none."""
    table = read(text)
    if table is not None:
        table.validate(full=True)
        assert rows_of(table) == slowly(text)


@fuzzed(
    150,
    text=st.one_of(st.binary(max_size=300), RAW_JSON.map(str.encode), st.text(max_size=200).map(str.encode)),
)
def test_any_bytes_are_refused_or_read_as_they_stand(text):
    """Bytes of any kind in the place of logs are never a crash, and an empty list only where one stands."""
    table = read(text)
    if table is not None:
        assert rows_of(table) == slowly(text)


@fuzzed(
    60,
    shapes=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 70)), min_size=1, max_size=4),
    count=st.integers(0, 300),
    spaced=st.booleans(),
    times=st.sampled_from([None, "0x0", ...]),
)
def test_good_logs_are_all_taken(shapes, count, spaced, times):
    """A list of good logs is never refused, whatever its lengths, topics, spaces and times."""
    logs = [
        log(40_000 + i // 3, i, topics=shapes[i % len(shapes)][0], size=shapes[i % len(shapes)][1])
        for i in range(count)
    ]
    for one in logs:
        if times is not ...:
            one["blockTimestamp"] = times
    text = written(logs, spaced=spaced).encode()
    table = read(text)
    assert table is not None
    assert rows_of(table) == slowly(text)
    assert table.num_rows == count
