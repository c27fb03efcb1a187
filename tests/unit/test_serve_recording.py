"""A recorded chain answers what its file holds, and nothing more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_abi import decode
from replayed import NAMES, SUPPLY, content, recorded

from indexer.floor.errors import Usage
from indexer.floor.spans import Span
from indexer.serve.recording import Recording, State, selector

TOKEN = "0x" + "a1" * 20


def word(value: str) -> State:
    return State("value", f"0x{int(value) % 2**256:064x}")


def asked(signature: str, holder: str) -> str:
    return selector(signature) + "0" * 24 + holder.lower()[2:]


def log(block: int, index: int) -> dict:
    return {
        "address": TOKEN,
        "topics": [],
        "data": "0x",
        "blockNumber": hex(block),
        "logIndex": hex(index),
    }


def tiny(**changes: object) -> dict:
    """A chain of three blocks with one token whose supply the test chooses."""
    view = {"to": TOKEN, "sig": "totalSupply()", "data": SUPPLY}
    token = {
        "address": TOKEN,
        "symbol": "T",
        "name": "",
        "decimals": 18,
        "deploy_block": 1,
        "views": {"per_block": {"totalSupply": view}, "per_address_at_samples": {}},
    }
    return {
        "format": "rwa-recording/1",
        "chain_id": 7,
        "blocks": [{"number": hex(n), "hash": f"0x{n:064x}", "stateRoot": f"0x{n:064x}"} for n in range(3)],
        "logs": [],
        "tx_fields": [],
        "txs": [],
        "contracts": {TOKEN: {"deploy_block": 1}},
        "tokens": {"T": token},
        "truth": {"samples": [], "per_block_changes": {"T": {"totalSupply": [[1, "0"]]}}},
        **changes,
    }


def written(path: Path, value: dict) -> Path:
    path.write_text(json.dumps(value))
    return path


def test_name_is_the_file_without_its_endings(tmp_path):
    """The chain is named by the file's name without .json and .gz."""
    assert (recorded("ustb").name, Recording(written(tmp_path / "x.y.json", tiny())).name) == ("ustb", "x.y")


def test_plain_json_is_the_same_as_gzipped(tmp_path):
    """A file that is not gzipped gives the same chain."""
    plain = Recording(written(tmp_path / "ustb.json", content("ustb")))
    assert [log[:4] for log in plain.logs] == [log[:4] for log in recorded("ustb").logs]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"nothing",
        b"[]",
        b"{}",
        b"\x1f\x8b\x08broken",
        json.dumps(tiny(format="rwa-recording/2")).encode(),
        json.dumps(tiny(blocks=[])).encode(),
        json.dumps(tiny(blocks=[tiny()["blocks"][0], tiny()["blocks"][2]])).encode(),
        json.dumps(tiny(logs=[log(2, 0), log(1, 0)])).encode(),
        json.dumps(tiny(logs=[log(1, 0), log(1, 0)])).encode(),
        json.dumps(tiny(truth={"samples": [], "per_block_changes": {}})).encode(),
        json.dumps(tiny(tx_fields=["hash"], txs=[["0x00"]])).encode(),
    ],
)
def test_file_of_another_kind_is_refused_with_its_path(tmp_path, raw):
    """What is no recording is the user's error, and the sentence names the file."""
    file = tmp_path / "odd.json.gz"
    file.write_bytes(raw)
    with pytest.raises(Usage, match=r"odd\.json\.gz is "):
        Recording(file)


def test_missing_file_is_refused_with_its_path(tmp_path):
    """A path without a file is the user's error."""
    with pytest.raises(Usage, match=r"Cannot read the recording .*none\.json"):
        Recording(tmp_path / "none.json")


@pytest.mark.parametrize("name", NAMES)
def test_views_answer_the_truth_at_every_block(name):
    """From a change up to the block before the next one, a view answers the truth's value; null reverts."""
    chain, truth = recorded(name), content(name)["truth"]["per_block_changes"]
    for key, token in content(name)["tokens"].items():
        for field, view in token["views"]["per_block"].items():
            changes = truth[key][field]
            ends = [first - 1 for first, _ in changes[1:]] + [chain.head]
            for (first, value), last in zip(changes, ends, strict=True):
                wanted = State("reverts") if value is None else word(value)
                to = view["to"].lower()
                assert {chain.call(to, view["data"], first), chain.call(to, view["data"], last)} == {wanted}


@pytest.mark.parametrize("name", NAMES)
def test_holders_answer_the_truth_at_every_sample(name):
    """balanceOf and sharesOf answer the truth at each sampled block; who is not listed holds zero."""
    chain, tokens = recorded(name), content(name)["tokens"]
    compared = 0
    for sample in content(name)["truth"]["samples"]:
        for key, held in sample["tokens"].items():
            for field, signature in tokens[key]["views"]["per_address_at_samples"].items():
                for holder in tokens[key]["addresses"]:
                    value = held[field].get(holder, "0")
                    wanted = State("reverts") if value is None else word(value)
                    at = tokens[key]["address"].lower(), asked(signature, holder), sample["block"]
                    assert chain.call(*at) == wanted
                    compared += 1
    assert compared > 1000


def test_balance_between_samples_is_unknown():
    """A balance at a block without a sample is not in the file, and not guessed."""
    truth = content("ustb")["truth"]["samples"]
    token = content("ustb")["tokens"]["USTB"]["address"].lower()
    between = next(n for n in range(200, 394) if n not in {sample["block"] for sample in truth})
    assert recorded("ustb").call(token, asked("balanceOf(address)", TOKEN), between) == State("unknown")


def test_balances_revert_for_strangers_too_while_every_balance_reverts():
    """While balanceOf reverts for every listed holder it reverts for one that never appeared."""
    token = content("dstoken")["tokens"]["BUIDL"]
    call = asked("balanceOf(address)", TOKEN)
    assert recorded("dstoken").call(token["address"].lower(), call, token["deploy_block"]) == State("reverts")


def test_function_the_file_does_not_hold_is_unknown():
    """A call that no view lists finds no state."""
    token = content("ustb")["tokens"]["USTB"]["address"].lower()
    assert recorded("ustb").call(token, "0xfeaf968c", 394) == State("unknown")


def test_address_without_code_answers_nothing():
    """A call to an account, or to a contract before it was deployed, answers no bytes."""
    token = content("ustb")["tokens"]["USTB"]
    calls = (TOKEN, SUPPLY, 394), (token["address"].lower(), SUPPLY, token["deploy_block"] - 1)
    assert [recorded("ustb").call(*call) for call in calls] == [State("value", "0x")] * 2


@pytest.mark.parametrize("name", NAMES)
def test_token_tells_its_decimals_symbol_and_name(name):
    """decimals, symbol and name are answered as ABI values."""
    for token in content(name)["tokens"].values():
        told = []
        for function, kind in (("decimals()", "uint8"), ("symbol()", "string"), ("name()", "string")):
            state = recorded(name).call(token["address"].lower(), selector(function), recorded(name).head)
            told += decode([kind], bytes.fromhex(state.data[2:]))
        assert told == [token["decimals"], token["symbol"], token["name"]]


@pytest.mark.parametrize("value", [10**30, 2**256 - 1, -1, -(2**255)])
def test_number_of_any_size_is_one_word(tmp_path, value):
    """A view answers numbers up to 256 bits exactly, negative ones in two's complement."""
    truth = {"samples": [], "per_block_changes": {"T": {"totalSupply": [[1, str(value)]]}}}
    answer = Recording(written(tmp_path / "t.json", tiny(truth=truth))).call(TOKEN, SUPPLY, 2)
    assert decode(["int256" if value < 0 else "uint256"], bytes.fromhex(answer.data[2:])) == (value,)


def test_reverted_transactions_and_creations_are_known():
    """Transactions that failed are served as any other, and a creation has no target."""
    rows = content("stbt")["txs"]
    failed = next(row for row in rows if not row[5])
    created = next(row for row in rows if row[8])
    chain = recorded("stbt")
    assert chain.transaction(failed[0])["input"] == failed[9]
    assert (chain.transaction(created[0])["to"], chain.transaction(created[0])["input"]) == (None, "0x")


def test_log_with_fewer_topics_than_asked_positions_does_not_match(tmp_path):
    """A wildcard position still wants a topic there, as in geth."""
    chain = Recording(written(tmp_path / "t.json", tiny(logs=[log(1, 0)])))
    assert [len(chain.select(Span(0, 2), None, topics)) for topics in ((), (None,))] == [1, 0]
