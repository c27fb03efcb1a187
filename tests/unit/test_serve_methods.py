"""Each method of a replayed chain answers as a node would."""

from __future__ import annotations

import json

import pytest
from replayed import ALL, HEADER, NAMES, SUPPLY, WHOLE, ZERO, content, fetched, recorded, sent, token

from indexer.serve.replay import Replay, serving

TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
BOTH = "cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other"
APPROVAL = "0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925"


@pytest.fixture(scope="module")
def base():
    with serving(Replay([recorded(name) for name in NAMES])) as base_url:
        yield base_url


@pytest.mark.parametrize("name", NAMES)
def test_endpoint_tells_its_chain_and_head(base, name):
    """Chain id, network and head are those of the file."""
    told = [
        sent(f"{base}/{name}", method)["result"]
        for method in ("eth_chainId", "net_version", "eth_blockNumber")
    ]
    file = content(name)
    assert told == [hex(file["chain_id"]), str(file["chain_id"]), hex(file["head"])]


@pytest.mark.parametrize("name", NAMES)
def test_all_logs_come_exactly_as_recorded(base, name):
    """The logs of the whole chain are those of the file, in its order, every field."""
    assert sent(f"{base}/{name}", "eth_getLogs", ALL)["result"] == content(name)["logs"]


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"address": token("stbt", "STBT")}, lambda log: log["address"] == token("stbt", "STBT")),
        (
            {"address": [token("stbt", "STBT").upper().replace("X", "x", 1), token("stbt", "WSTBT")]},
            lambda log: log["address"] in (token("stbt", "STBT"), token("stbt", "WSTBT")),
        ),
        ({"address": []}, lambda _: True),
        ({"topics": [TRANSFER]}, lambda log: log["topics"][0] == TRANSFER),
        ({"topics": [[TRANSFER, APPROVAL]]}, lambda log: log["topics"][0] in (TRANSFER, APPROVAL)),
        ({"topics": [None, ZERO]}, lambda log: log["topics"][1:2] == [ZERO]),
        ({"topics": [[], [], ZERO]}, lambda log: log["topics"][2:3] == [ZERO]),
        ({"topics": [TRANSFER, None]}, lambda log: log["topics"][0] == TRANSFER and len(log["topics"]) > 1),
        ({"fromBlock": "0x79", "toBlock": "0x79"}, lambda log: log["blockNumber"] == "0x79"),
        (
            {"fromBlock": "0x64", "toBlock": "0xc8", "address": token("stbt", "WSTBT"), "topics": [TRANSFER]},
            lambda log: (
                100 <= int(log["blockNumber"], 16) <= 200
                and log["address"] == token("stbt", "WSTBT")
                and log["topics"][0] == TRANSFER
            ),
        ),
    ],
)
def test_filter_takes_what_it_asks_for(base, asked, wanted):
    """Spans, one or many addresses, topics with null and alternatives select as in a node."""
    answered = sent(f"{base}/stbt", "eth_getLogs", {**ALL, **asked})["result"]
    expected = [log for log in content("stbt")["logs"] if wanted(log)]
    assert expected
    assert answered == expected


def test_logs_of_one_block_by_its_hash(base):
    """blockHash selects the logs of that block."""
    block = content("ustb")["blocks"][222]
    answered = sent(f"{base}/ustb", "eth_getLogs", {"blockHash": block["hash"]})["result"]
    assert len(answered) == 133
    assert {log["blockHash"] for log in answered} == {block["hash"]}


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({"fromBlock": "0x0", "toBlock": "0x18b"}, "block range extends beyond current head block"),
        ({"fromBlock": "0x2", "toBlock": "0x1"}, "invalid block range params"),
        (
            {"fromBlock": "0x2", "blockHash": ZERO},
            f"invalid argument 0: {BOTH}",
        ),
        ({"topics": [None] * 5}, "exceed max topics"),
    ],
)
def test_filter_without_sense_is_refused_in_the_words_of_geth(base, asked, text):
    """Ranges beyond the head, reversed ones and contradictions are invalid parameters."""
    assert sent(f"{base}/ustb", "eth_getLogs", asked)["error"] == {"code": -32602, "message": text}


def test_logs_of_an_unknown_block_hash_are_an_error(base):
    """A hash that no block has is not an empty answer."""
    assert sent(f"{base}/ustb", "eth_getLogs", {"blockHash": ZERO})["error"]["message"] == "unknown block"


@pytest.mark.parametrize(
    ("tag", "number"), [("earliest", 0), ("latest", 394), ("safe", 394), ("finalized", 394)]
)
def test_block_by_tag(base, tag, number):
    """A header comes as recorded; finalized and safe are the head unless told otherwise."""
    assert (
        sent(f"{base}/ustb", "eth_getBlockByNumber", tag, HEADER)["result"]
        == content("ustb")["blocks"][number]
    )


def test_block_by_hash_is_the_block_by_number(base):
    """Both ways lead to the same header."""
    block = content("ustb")["blocks"][7]
    assert sent(f"{base}/ustb", "eth_getBlockByHash", block["hash"], HEADER)["result"] == block


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("eth_getBlockByNumber", ["0x18b", False]),
        ("eth_getBlockByHash", [ZERO, False]),
        ("eth_getTransactionByHash", [ZERO]),
        ("eth_getTransactionByBlockHashAndIndex", [ZERO, "0x0"]),
    ],
)
def test_what_there_is_not_is_null(base, method, params):
    """A block beyond the head, an unknown hash: null, and no error."""
    assert sent(f"{base}/ustb", method, *params) == {"jsonrpc": "2.0", "id": 1, "result": None}


def test_block_with_whole_transactions(base):
    """With true, the block holds its transactions as objects, in their order."""
    block = sent(f"{base}/stbt", "eth_getBlockByNumber", "0x79", WHOLE)["result"]
    rows = [row for row in content("stbt")["txs"] if row[1] == 0x79]
    assert [(t["hash"], t["from"], t["input"]) for t in block["transactions"]] == [
        (row[0], row[3], row[9] or "0x") for row in rows
    ]


def test_transaction_by_place_is_the_transaction_by_hash(base):
    """Both ways lead to the same transaction, with sender, target and whole input."""
    row = next(row for row in content("stbt")["txs"] if row[1] == 0x79 and row[2] == 3)
    by_hash = sent(f"{base}/stbt", "eth_getTransactionByHash", row[0])["result"]
    block_hash = content("stbt")["blocks"][0x79]["hash"]
    assert (
        sent(f"{base}/stbt", "eth_getTransactionByBlockHashAndIndex", block_hash, "0x3")["result"] == by_hash
    )
    assert by_hash == {
        "blockHash": block_hash,
        "blockNumber": "0x79",
        "from": row[3],
        "hash": row[0],
        "input": row[9],
        "to": row[4],
        "transactionIndex": "0x3",
        "type": "0x0",
    }


def test_code_stands_from_the_deploy_block_on(base):
    """A contract has code from its deploy block on, an account never."""
    deployed = content("ustb")["tokens"]["USTB"]["deploy_block"]
    at = [
        sent(f"{base}/ustb", "eth_getCode", address, hex(block))["result"]
        for address, block in (
            (token("ustb", "USTB"), deployed - 1),
            (token("ustb", "USTB"), deployed),
            ("0x" + "1" * 40, deployed),
        )
    ]
    assert at == ["0x", "0x01", "0x"]


@pytest.mark.parametrize("field", ["data", "input"])
def test_call_is_pinned_by_number_tag_or_hash(base, field):
    """A number, a tag, EIP-1898's block hash and its block number pin the same state."""
    head = content("ustb")["blocks"][-1]["hash"]
    call = {"to": token("ustb", "USTB"), field: SUPPLY}
    pins = ("0x18a", "latest", {"blockHash": head}, {"blockNumber": "0x18a"})
    supply = int(content("ustb")["truth"]["per_block_changes"]["USTB"]["totalSupply"][-1][1])
    assert [sent(f"{base}/ustb", "eth_call", call, pin)["result"] for pin in pins] == [f"0x{supply:064x}"] * 4


@pytest.mark.parametrize("pin", ["0x18b", {"blockHash": ZERO}])
def test_call_at_a_block_there_is_not_finds_no_header(base, pin):
    """State of a block beyond the head or with an unknown hash is an error, not an empty answer."""
    answered = sent(f"{base}/ustb", "eth_call", {"to": token("ustb", "USTB"), "data": SUPPLY}, pin)
    assert answered["error"] == {"code": -32000, "message": "header not found"}


def test_call_without_state_misses_a_trie_node(base):
    """State that the file does not hold is answered as a pruned node answers."""
    error = sent(f"{base}/ustb", "eth_call", {"to": token("ustb", "USTB"), "data": "0xfeaf968c"}, "latest")[
        "error"
    ]
    root = content("ustb")["blocks"][-1]["stateRoot"]
    assert (error["code"], error["message"]) == (
        -32000,
        f"missing trie node {root[2:]} (path ) state {root} is not available",
    )


def test_call_that_reverts_is_code_three(base):
    """A null in the truth is a call that reverts."""
    call = {"to": token("dstoken", "BUIDL"), "data": SUPPLY}
    error = sent(f"{base}/dstoken", "eth_call", call, "0x13")["error"]
    assert error == {"code": 3, "message": "execution reverted", "data": "0x"}


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("eth_chainId", ["0x1"]),
        ("eth_getBlockByNumber", []),
        ("eth_getBlockByNumber", ["0x1"]),
        ("eth_getBlockByNumber", [1, False]),
        ("eth_getBlockByNumber", ["0x01", False]),
        ("eth_getBlockByNumber", ["newest", False]),
        ("eth_getBlockByNumber", ["0x1", "yes"]),
        ("eth_getBlockByHash", ["0x12", False]),
        ("eth_getLogs", []),
        ("eth_getLogs", ["all"]),
        ("eth_getLogs", [{"address": "0x12"}]),
        ("eth_getLogs", [{"topics": TRANSFER}]),
        ("eth_getLogs", [{"topics": ["0x12"]}]),
        ("eth_call", [{"data": SUPPLY}, "latest"]),
        ("eth_call", [{"to": "0x" + "1" * 40, "data": "0x123"}, "latest"]),
        ("eth_call", ["0x", "latest"]),
        ("eth_call", [{"to": "0x" + "1" * 40}, {"blockHash": ZERO, "blockNumber": "0x1"}]),
        ("eth_call", [{"to": "0x" + "1" * 40}, {}]),
        ("eth_getCode", ["0x1", "latest"]),
        ("eth_getTransactionByBlockHashAndIndex", [ZERO, 3]),
    ],
)
def test_parameters_a_node_cannot_read_are_invalid(base, method, params):
    """Missing, superfluous and malformed parameters are -32602."""
    assert sent(f"{base}/ustb", method, *params)["error"]["code"] == -32602


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700),
        (b"[]", -32600),
        (b"7", -32600),
        (b'{"id":1,"method":"eth_chainId"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_mining"}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":{}}', -32602),
    ],
)
def test_body_that_is_no_call_is_refused(base, body, code):
    """No JSON, an empty batch, no method, an unknown method, parameters by name: each has its code."""
    assert fetched(f"{base}/ustb", body)["error"]["code"] == code


def test_batch_answers_each_call_under_its_id(base):
    """A batch answers in order, ids kept whatever they are, an error beside results."""
    calls = [(7, "eth_chainId"), ("a", "eth_nothing"), (None, "eth_blockNumber")]
    body = json.dumps([{"jsonrpc": "2.0", "id": id_, "method": method} for id_, method in calls])
    answers = fetched(f"{base}/ustb", body.encode())
    assert [(answer["id"], "result" in answer) for answer in answers] == [
        (7, True),
        ("a", HEADER),
        (None, True),
    ]


@pytest.mark.parametrize("name", NAMES)
def test_receipts_hold_every_log_once(base, name):
    """The receipts of all blocks together hold the logs of the file, and a block that is not there has none."""
    head = content(name)["head"]
    every = [sent(f"{base}/{name}", "eth_getBlockReceipts", hex(n))["result"] for n in range(0, head + 1, 20)]
    told = [log for receipts in every for receipt in receipts for log in receipt["logs"]]
    assert told == [log for log in content(name)["logs"] if int(log["blockNumber"], 16) % 20 == 0]
    assert sent(f"{base}/{name}", "eth_getBlockReceipts", hex(head + 1))["result"] is None
