"""An endpoint that is told to misbehave does so, as real ones do."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request

import aiohttp
import pytest
from replayed import ALL, HEADER, SUPPLY, content, fetched, recorded, sent, token

from indexer.floor.errors import Usage
from indexer.floor.spans import Span
from indexer.serve.dialects import ADDRESSES, RANGE, RESULTS
from indexer.serve.jsonrpc import Asked, Reply, Request
from indexer.serve.misbehave import FAILURES, Faults, Mischief
from indexer.serve.replay import Replay, serving

CROWDED = 222  # a block of ustb with 133 logs


def playing(name: str, **faults: object):
    return serving(Replay([recorded(name)], Faults(**faults)))


def blocks(first: int, last: int) -> dict:
    return {"fromBlock": hex(first), "toBlock": hex(last)}


def posted(url: str, request: object) -> tuple[int, dict, str]:
    """Return status, headers and text of one HTTP answer, whatever its status."""
    body = json.dumps(request).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body)) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


def logs_request(asked: dict) -> dict:
    return {"jsonrpc": "2.0", "id": 1, "method": "eth_getLogs", "params": [asked]}


@pytest.mark.parametrize("dialect", RANGE)
def test_range_over_the_cap_is_refused_in_each_dialect(dialect):
    """A range of seven blocks passes a cap of seven, one of eight is an error; single blocks always pass."""
    with playing("ustb", range_cap=7, range_dialect=dialect) as url:
        answers = [json.loads(posted(url, logs_request(blocks(10, last)))[2]) for last in (10, 16, 17)]
    assert ["error" in answer for answer in answers] == [False, False, True]


def test_dialects_take_turns():
    """Without a chosen dialect every provider's words come up."""
    mischief = Mischief(Faults(range_cap=1), "ustb")
    told = {mischief.refused_before(Span(1, 9), 1).message for _ in RANGE}
    assert len(told) == len(RANGE)


def test_refusal_carries_the_providers_http_status():
    """QuickNode refuses a range with HTTP 413, and the body is JSON-RPC all the same."""
    with playing("ustb", range_cap=10_000, range_dialect="quicknode") as url:
        status, _, text = posted(url, logs_request({"fromBlock": "0x0", "toBlock": "0x1"}))
        assert (status, "result" in json.loads(text)) == (200, True)
    with playing("ustb", range_cap=1, range_dialect="quicknode") as url:
        status, _, text = posted(url, logs_request(blocks(0, 1)))
    assert (status, json.loads(text)["error"]) == (
        413,
        {"code": -32614, "message": "eth_getLogs is limited to a 1 range"},
    )


@pytest.mark.parametrize("dialect", RESULTS)
def test_too_many_logs_are_refused_in_each_dialect(dialect):
    """An answer over the cap is an error that names the cap."""
    with playing("ustb", result_cap=50, result_dialect=dialect) as url:
        error = sent(url, "eth_getLogs", ALL)["error"]
    assert "50" in error["message"]


def test_suggested_range_works():
    """The range that a refusal suggests holds the most blocks that stay within the cap."""
    with playing("ustb", result_cap=50, result_dialect="infura") as url:
        told = sent(url, "eth_getLogs", ALL)["error"]["data"]
        first, last = int(told["from"], 16), int(told["to"], 16)
        within = len(sent(url, "eth_getLogs", blocks(first, last))["result"])
        assert (told["limit"], first, within <= 50) == (50, 0, True)
        assert "error" in sent(url, "eth_getLogs", blocks(first, last + 1))


@pytest.mark.parametrize("binds", [False, True])
def test_single_block_passes_the_result_cap_unless_it_binds_there_too(binds):
    """A block with 133 logs is answered under a cap of 50, or refused where the cap binds one block."""
    with playing("ustb", result_cap=50, result_cap_one_block=binds) as url:
        answered = sent(url, "eth_getLogs", blocks(CROWDED, CROWDED))
    assert len(answered.get("result", [])) == (0 if binds else 133)


@pytest.mark.parametrize("dialect", ADDRESSES)
def test_filter_with_too_many_addresses_is_refused(dialect):
    """Two addresses pass a cap of two, three do not."""
    some = list(content("ustb")["contracts"])
    with playing("ustb", address_cap=2, address_dialect=dialect) as url:
        answers = [sent(url, "eth_getLogs", {**ALL, "address": some[:n]}) for n in (2, 3)]
    assert ["error" in answer for answer in answers] == [False, True]


def test_rate_limit_counts_any_second():
    """Three requests pass within a second, the fourth only when the first is a second old."""
    mischief = Mischief(Faults(rate_limit=3), "ustb")
    late = [mischief.late(now) is not None for now in (0.0, 0.5, 0.9, 0.99, 1.0, 1.2, 1.5)]
    assert late == [False, False, False, True, False, True, False]


def test_rate_limit_as_http_429():
    """The bare refusal is HTTP 429 with Retry-After."""
    with playing("ustb", rate_limit=1, rate_dialect="http") as url:
        sent(url, "eth_chainId")
        status, headers, text = posted(url, {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"})
    assert (status, headers["Retry-After"], text) == (429, "1", "Too Many Requests")


@pytest.mark.parametrize(("dialect", "code"), [("infura", -32005), ("quicknode", -32007), ("drpc", 42903)])
def test_rate_limit_as_json(dialect, code):
    """The refusal in a provider's words is an error object under the request's id."""
    with playing("ustb", rate_limit=1, rate_dialect=dialect) as url:
        sent(url, "eth_chainId")
        refused = json.loads(posted(url, {"jsonrpc": "2.0", "id": 9, "method": "eth_chainId"})[2])
    assert (refused["id"], refused["error"]["code"]) == (9, code)


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        ("http_500", "500 Internal Server Error"),
        ("http_502", "502 <html>"),
        ("internal_error", '200 {"jsonrpc":"2.0","id":1,"error":{"code":-32603'),
        ("null_result", '200 {"jsonrpc":"2.0","id":1,"result":null}'),
        ("not_json", "200 error code: 1015"),
        ("truncated", '200 {"jsonrpc":"2.0","id":1,"res'),
        ("cut_off", "ClientPayloadError"),
        ("closed", "ServerDisconnectedError"),
        ("hang", "ServerDisconnectedError"),
    ],
)
def test_failure_of_each_kind_as_a_client_sees_it(kind, seen):
    """Every kind of failing request arrives as that failure."""

    async def asked(url: str) -> str:
        request = {"jsonrpc": "2.0", "id": 1, "method": "eth_getLogs", "params": [ALL]}
        try:
            async with aiohttp.ClientSession() as session, session.post(url, json=request) as answer:
                return f"{answer.status} {(await answer.read()).decode()}"
        except aiohttp.ClientError as error:
            return type(error).__name__

    with playing("ustb", error_rate=1, error_kinds=(kind,), hang_ms=20) as url:
        assert asyncio.run(asked(url)).startswith(seen)


def test_truncated_body_is_no_json():
    """A body cut in half cannot be read as JSON, though the connection ended well."""
    good = Reply(b'{"jsonrpc":"2.0","id":1,"result":[]}')
    cut = FAILURES["truncated"](Asked((Request(b"1", "eth_getLogs", []),), many=False), good, 0)
    with pytest.raises(json.JSONDecodeError):
        json.loads(cut.body)


def test_retry_is_drawn_afresh():
    """The same request fails some times and passes other times, in the order that the seed says."""

    def outcomes(seed: int) -> list[bool]:
        mischief = Mischief(Faults(seed=seed, error_rate=0.2), "ustb")
        good, asked = Reply(b"{}"), Asked((Request(b"1", "eth_chainId", []),), many=False)
        return [mischief.spoiled(asked, good) == good for _ in range(1000)]

    assert outcomes(1) == outcomes(1) != outcomes(2)
    assert 150 < outcomes(1).count(False) < 250


def test_batch_fails_whole():
    """A null result hits every call of a batch, each under its id."""
    batch = [{"jsonrpc": "2.0", "id": n, "method": "eth_chainId"} for n in (1, 2)]
    with playing("ustb", error_rate=1, error_kinds=("null_result",)) as url:
        answers = fetched(url, json.dumps(batch).encode())
    assert [(answer["id"], answer["result"]) for answer in answers] == [(1, None), (2, None)]


def test_named_logs_are_missing_without_a_word():
    """Logs that are dropped by block and index are absent, all others are there."""
    lost = [(int(log["blockNumber"], 16), int(log["logIndex"], 16)) for log in content("ustb")["logs"][5:8]]
    with playing("ustb", drop_logs=lost) as url:
        answered = sent(url, "eth_getLogs", ALL)["result"]
    assert answered == content("ustb")["logs"][:5] + content("ustb")["logs"][8:]


def test_share_of_logs_is_missing_every_time():
    """What one endpoint lost it never has; one of another seed lost other logs."""
    answers = []
    for seed in (1, 1, 2):
        with playing("ustb", seed=seed, drop_logs=0.1) as url:
            answers += [sent(url, "eth_getLogs", ALL)["result"]]
    assert 0.85 < len(answers[0]) / len(content("ustb")["logs"]) < 0.95
    assert answers[0] == answers[1] != answers[2]


def test_foreign_log_was_not_asked_for():
    """One log outside the asked span or filter comes with the answer."""
    asked = {**blocks(0, 50), "address": token("ustb", "USTB")}
    with playing("ustb") as url:
        honest = sent(url, "eth_getLogs", asked)["result"]
    with playing("ustb", foreign_logs=1) as url:
        answered = sent(url, "eth_getLogs", asked)["result"]
    assert answered[:-1] == honest
    assert int(answered[-1]["blockNumber"], 16) > 50 or answered[-1]["address"] != token("ustb", "USTB")


def test_old_state_is_missing():
    """Calls deeper than the kept blocks miss their trie node, later ones are answered."""
    call = {"to": token("ustb", "USTB"), "data": SUPPLY}
    with playing("ustb", no_old_state=10) as url:
        answers = [sent(url, "eth_call", call, hex(block)) for block in (383, 384)]
    assert answers[0]["error"]["message"].startswith("missing trie node ")
    assert "result" in answers[1]


@pytest.mark.parametrize("every", [False, True])
def test_transactions_are_forgotten(every):
    """All transactions, or those named, are null by hash and by place."""
    rows = [row for row in content("stbt")["txs"] if row[1] == 0x79][:2]
    block_hash = content("stbt")["blocks"][0x79]["hash"]
    with playing("stbt", no_input=every or [rows[0][0].upper().replace("X", "x", 1)]) as url:
        by_hash = [sent(url, "eth_getTransactionByHash", row[0])["result"] for row in rows]
        places = [
            sent(url, "eth_getTransactionByBlockHashAndIndex", block_hash, hex(row[2]))["result"]
            for row in rows
        ]
    assert [found is None for found in by_hash] == [found is None for found in places] == [True, every]


def test_hash_index_is_forgotten():
    """Without its index a node knows a transaction by its place in the block only."""
    row = next(row for row in content("stbt")["txs"] if row[1] == 0x79)
    block_hash = content("stbt")["blocks"][0x79]["hash"]
    with playing("stbt", no_hash_index=True) as url:
        assert sent(url, "eth_getTransactionByHash", row[0])["result"] is None
        placed = sent(url, "eth_getTransactionByBlockHashAndIndex", block_hash, hex(row[2]))
    assert placed["result"]["hash"] == row[0]


def test_batch_is_refused():
    """A node that takes no batches answers one error; single calls pass."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}
    with playing("ustb", no_batch=True) as url:
        refused = fetched(url, json.dumps([call, call]).encode())
        assert sent(url, "eth_chainId")["result"] == hex(900005)
    assert (refused["id"], refused["error"]["code"]) == (None, -32005)


def test_logs_without_the_time_of_their_block():
    """Older nodes send logs without blockTimestamp; nothing else is missing."""
    with playing("ustb", no_block_timestamp=True) as url:
        answered = sent(url, "eth_getLogs", blocks(0, 50))["result"]
    honest = [dict(log) for log in content("ustb")["logs"] if int(log["blockNumber"], 16) <= 50]
    for log in honest:
        del log["blockTimestamp"]
    assert answered == honest


def test_chain_id_is_wrong():
    """An endpoint of another chain says so in both places."""
    with playing("ustb", wrong_chain_id=1) as url:
        told = [sent(url, method)["result"] for method in ("eth_chainId", "net_version")]
    assert told == ["0x1", "1"]


def receipts_of(url: str, number: int) -> list[dict]:
    return sent(url, "eth_getBlockReceipts", hex(number))["result"]


def test_receipts_keep_what_logs_lack_unless_told_otherwise():
    """drop_logs takes logs out of eth_getLogs; out of receipts only with receipts_too."""
    first = content("ustb")["logs"][0]
    block, index = int(first["blockNumber"], 16), int(first["logIndex"], 16)
    counts = []
    for faults in (
        {},
        {"drop_logs": {(block, index)}},
        {"drop_logs": {(block, index)}, "receipts_too": True},
    ):
        with playing("ustb", **faults) as url:
            counts.append(sum(len(receipt["logs"]) for receipt in receipts_of(url, block)))
    assert counts == [counts[0], counts[0], counts[0] - 1]


def test_receipts_by_block_can_be_missing():
    """With no_receipts a receipt comes by its transaction only, the same."""
    with playing("ustb") as url:
        whole = receipts_of(url, 5)
    with playing("ustb", no_receipts=True) as url:
        assert "error" in sent(url, "eth_getBlockReceipts", "0x5")
        assert sent(url, "eth_getTransactionReceipt", whole[0]["transactionHash"])["result"] == whole[0]


def test_lagging_node_answers_past_its_head():
    """A lenient node answers a range beyond its head with what it has, though it has no such block."""
    with serving(Replay([recorded("ustb")], Faults(answers_past_head=True), head=50)) as url:
        answered = sent(url, "eth_getLogs", blocks(0, 100))["result"]
        assert sent(url, "eth_getBlockByNumber", hex(100), HEADER)["result"] is None
    assert answered == [log for log in content("ustb")["logs"] if int(log["blockNumber"], 16) <= 50]


@pytest.mark.parametrize("addend", [1, -1, 10**30, -(2**256)])
def test_answer_is_off_by_the_addend(addend):
    """call_override adds to one function of one contract, modulo 2^256, and to no other."""
    stbt = content("stbt")["tokens"]["STBT"]["address"]
    supply, shares = (
        int(content("stbt")["truth"]["per_block_changes"]["STBT"][name][-1][1])
        for name in ("totalSupply", "totalShares")
    )
    with playing("stbt", call_override={(stbt, SUPPLY): addend}) as url:
        answers = [
            int(sent(url, "eth_call", {"to": stbt, "data": data}, "latest")["result"], 16)
            for data in (SUPPLY, "0x3a98ef39")
        ]
    assert answers == [(supply + addend) % 2**256, shares]


def test_every_answer_is_late():
    """Latency holds each answer back."""
    with playing("ustb", latency_ms=60) as url:
        started = time.monotonic()
        sent(url, "eth_chainId")
    assert time.monotonic() - started >= 0.06


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ({"error_rate": 1.5}, "error_rate is 1.5; give a share between 0 and 1."),
        ({"drop_logs": -0.1}, "drop_logs is -0.1; give a share between 0 and 1."),
        ({"range_cap": 0}, "range_cap is 0; give a number of at least 1, or leave it out."),
        ({"rate_limit": -1}, "rate_limit is -1; give a number of at least 1, or leave it out."),
        ({"address_dialect": "x"}, "address_dialect is 'x'; choose one of infura, geth."),
        ({"error_kinds": ("fire",)}, f"error_kinds is 'fire'; choose one of {', '.join(FAILURES)}."),
    ],
)
def test_faults_without_sense_are_refused(wrong, remedy):
    """A wrong share, cap or name is the user's error, with what to give."""
    with pytest.raises(Usage) as refused:
        Faults(**wrong)
    assert str(refused.value) == remedy
