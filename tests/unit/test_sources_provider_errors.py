import json
from pathlib import Path

import pytest

from indexer.floor.spans import Span
from indexer.sources.provider_errors import classify

PAYLOADS = json.loads((Path(__file__).parents[1] / "data" / "rpc" / "provider_errors.json").read_text())
NO_TEXTS = {"(no error) result: [] for blocks the node has not got yet"}
"""Rows that tell of a behaviour: there is no error to read."""

MEANS = {"disabled": "auth", "addresses": "size"}
"""Kinds that the payloads do not tell from a wider one."""

WIDE = Span(0, 2**40)
CAPS = {
    "range 1000000 exceeds limit of 10000": 10_000,
    "eth_getLogs is limited to a 10,000 range": 10_000,
    "eth_getLogs is limited to 1024 block range": 1_024,
    "exceed maximum block range: 50000": 50_000,
    "maximum [from, to] blocks distance: 10000": 10_000,
    "Max range: 800": 800,
    "ranges over 10000 blocks are not supported on freetier": 10_000,
    "Maximum allowed number of requested blocks is 1000": 1_000,
    "eth_getLogs range is too large, max is 10k blocks": 10_000,
    "please limit the query to at most 1000 blocks": 1_000,
    "query block range exceeds server limit, narrow your filter: 5": 5,
    "requested too many blocks from 53164500 to 53166548, maximum is set to 2048": 2_048,
    "eth_getLogs block range too large, range: 99991, max: 3500": 3_500,
    "block range is larger than max block range, block range = 5120, max block range = 5000": 5_000,
    "block range is too wide (maximum 1024)": 1_024,
    "query must be smaller than size 1024": 1_024,
    "up to a 2000 block range": 2_000,
    "Query requested more than 10.000 blocks": 10_000,
    "block range greater than 1000 max": 1_000,
    "block range exceeds 1000": 1_000,
    "block range too large": None,
    "block range is bigger than maxBlockRange": None,
}


def said(row: dict, asked: Span | None = WIDE) -> object:
    return classify(row.get("http_status"), row.get("code"), row["message"], row.get("data"), asked)


@pytest.mark.parametrize("row", PAYLOADS, ids=[f"{i}-{row['provider']}" for i, row in enumerate(PAYLOADS)])
def test_each_recorded_payload_is_understood(row):
    """The meaning of each of the 113 payloads is read from it; the one that is no error is unknown."""
    kind = said(row).kind
    expected = "unknown" if row["message"] in NO_TEXTS else row["meaning"]
    assert MEANS.get(kind, kind) == expected


@pytest.mark.parametrize(
    "row", [r for r in PAYLOADS if r.get("suggested_range")], ids=lambda r: r["provider"]
)
def test_a_suggested_range_is_read(row):
    """A span that a provider suggests is taken from its text or data; dots are no figures."""
    first, last = (end if isinstance(end, int) else end.replace("...", "?") for end in row["suggested_range"])
    expected = None if "?" in str(first) else Span(int(str(first), 0), int(str(last), 0))
    assert said(row).span == expected


@pytest.mark.parametrize(("text", "cap"), CAPS.items())
def test_a_range_cap_is_read_from_its_text(text, cap):
    """The cap is read in whatever words, and is None where the text has no figure."""
    refusal = classify(None, -32602, text, None, WIDE)
    assert (refusal.kind, refusal.max_blocks) == ("range", cap)


def test_a_cap_in_the_data_is_read():
    """Tenderly and Blast hide the cap in the data beside 'invalid params'."""
    tenderly = classify(
        None, -32602, "invalid params", {"payload": "range 9 is bigger than range limit 5"}, WIDE
    )
    blast = classify(None, -32601, "Invalid params", {"range": "the range 1 - 9 exceeds … (9 > 3)."}, WIDE)
    assert (tenderly.max_blocks, blast.max_blocks) == (5, 3)


def test_the_very_range_that_was_refused_is_no_suggestion():
    """A reth-based node suggested what it had just refused: that is no hint."""
    text = "query exceeds max results 20000, retry with the range 10-20"
    assert classify(None, -32602, text, None, Span(10, 20)).span is None
    assert classify(None, -32602, text, None, Span(10, 21)).span == Span(10, 20)


def test_a_suggestion_outside_what_was_asked_is_ignored():
    """A suggested span that is not part of the asked one would leave a hole."""
    text = "Try with this block range [0x5, 0x40]."
    assert classify(None, -32005, text, None, Span(10, 60)).span is None


def test_a_cap_of_the_refused_length_counts_the_distance():
    """A node that refuses 1,000 blocks with 'max 1000' counts last - first, so 999 is the cap."""
    assert classify(None, None, "block range exceeds 1000", None, Span(1, 1_000)).max_blocks == 999


def test_a_cap_above_the_refused_length_is_no_hint():
    """A cap that the request kept to explains nothing."""
    assert classify(None, None, "block range exceeds 1000", None, Span(1, 500)).max_blocks is None


def test_a_bare_invalid_params_on_several_blocks_is_a_range_cap():
    """Infura's range cap may be no more than -32602: several blocks are then cut, one block is not."""
    assert classify(None, -32602, "invalid params", None, Span(1, 2)).kind == "range"
    assert classify(None, -32602, "invalid params", None, Span(1, 1)).kind == "unknown"
    assert classify(None, -32602, "invalid params", None, None).kind == "unknown"


def test_bsc_limit_exceeded_means_that_logs_are_off():
    """'limit exceeded' is no cap for eth_getLogs on BSC's public nodes, and a rate limit elsewhere."""
    assert classify(None, -32005, "limit exceeded", None, WIDE).kind == "disabled"
    assert classify(None, -32005, "limit exceeded", None, None).kind == "rate"


def test_what_a_contract_reverts_with_does_not_sway_the_kind():
    """A contract may revert with a provider's words; the call still reverted."""
    refusal = classify(None, 3, "execution reverted: query returned more than 10000 results", None, None)
    assert refusal.kind == "reverted"


def test_a_log_request_cannot_revert():
    """Words of a revert in answer to eth_getLogs are not believed."""
    assert classify(500, 3, "execution reverted", None, WIDE).kind == "transient"


def test_running_out_of_gas_is_no_revert():
    """The node's gas cap is not the contract's answer."""
    assert classify(None, -32000, "out of gas", None, None).kind == "unknown"


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("This query contains 5006 filters. The current limit is 5000.", 5_000),
        ("query exceeds the maximum of 1000 addresses or topics per search position", 1_000),
        ("exceed max addresses or topics per search position", None),
        ("exceed max addresses: 20", 20),
        ("please specify less number of address in the getLogs query", None),
    ],
)
def test_an_address_cap_is_told_from_a_block_cap(text, most):
    """A refusal of the filter says how many addresses at most, where it says so."""
    refusal = classify(None, -32602, text, None, WIDE)
    assert (refusal.kind, refusal.max_addresses, refusal.max_blocks) == ("addresses", most, None)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, "rate"),
        (401, "auth"),
        (403, "auth"),
        (404, "auth"),
        (301, "auth"),
        (413, "size"),
        (502, "transient"),
    ],
)
def test_a_status_without_text_has_a_meaning(status, kind):
    """Gateways answer HTML or nothing: the status decides then."""
    assert classify(status, None, "", None, WIDE).kind == kind


def test_a_wait_is_read_from_text_and_data():
    """The wait that a rate limit asks for is read in seconds."""
    infura = {"rate": {"allowed_rps": 1, "backoff_seconds": 30}}
    assert classify(429, -32005, "request rate exceeded", infura, None).retry_after == 30.0
    assert classify(429, None, "Too many requests, retry in 250ms", None, None).retry_after == 0.25
    assert classify(429, None, "Too many requests", None, None).retry_after is None
