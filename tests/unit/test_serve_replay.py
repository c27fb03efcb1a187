"""Recorded chains are served over HTTP, counted, and gone when they should be."""

from __future__ import annotations

import asyncio
import socket
import urllib.error

import aiohttp
import pytest
from replayed import ALL, HEADER, NAMES, SUPPLY, ZERO, content, fetched, recorded, sent, token

from indexer.floor.errors import Usage
from indexer.serve.methods import Called
from indexer.serve.replay import Replay, run_forever, serving


@pytest.fixture(scope="module")
def base():
    with serving(Replay([recorded(name) for name in NAMES])) as base_url:
        yield base_url


def test_root_lists_the_chains(base):
    """GET / tells names, chain ids and heads."""
    files = [content(name) for name in NAMES]
    wanted = [
        {"name": name, "chain_id": file["chain_id"], "head": file["head"]}
        for name, file in zip(NAMES, files, strict=True)
    ]
    assert fetched(f"{base}/") == {"chains": wanted}


@pytest.mark.parametrize("path", ["/", "/none"])
def test_path_without_a_chain_names_the_chains(base, path):
    """With several files there is no chain at /, and the answer says which there are."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        sent(base + path, "eth_chainId")
    assert (refused.value.code, refused.value.read().decode()) == (
        404,
        "No such chain. Chains here: ustb, stbt, dstoken, tbill.\n",
    )


def test_single_chain_stands_at_the_root_too():
    """With one file, / is that chain."""
    with serving(Replay([recorded("stbt")])) as base_url:
        assert sent(f"{base_url}/", "eth_chainId") == sent(f"{base_url}/stbt", "eth_chainId")


def test_requests_are_counted_by_method_and_function():
    """Counts tell methods and, of calls, the function by name, else the selector; reset starts again."""
    replay = Replay([recorded("stbt")])
    held = {"to": token("stbt", "STBT"), "data": "0x70a08231" + ZERO[2:]}
    with serving(replay) as base_url:
        url = f"{base_url}/stbt"
        for data in (SUPPLY, "0x3A98EF39", "0x12345678"):
            sent(url, "eth_call", {"to": token("stbt", "STBT"), "data": data}, "0xa")
        sent(url, "eth_call", held, {"blockHash": content("stbt")["blocks"][10]["hash"]})
        sent(url, "eth_chainId")
        functions = {"totalSupply()": 1, "totalShares()": 1, "0x12345678": 1, "balanceOf(address)": 1}
        wanted = {"method": {"eth_call": 4, "eth_chainId": 1}, "eth_call": functions}
        assert fetched(f"{url}/counts") == replay.counts("stbt") == wanted
        assert replay.calls("stbt") == {Called(token("stbt", "STBT"), f, 10): 1 for f in functions}
        fetched(f"{url}/counts/reset", b"")
        assert replay.counts("stbt") == {"method": {}, "eth_call": {}}


def test_lower_head_hides_what_comes_after():
    """A head of N is the newest block; later blocks, logs, transactions and states are not there."""
    later = next(row[0] for row in content("ustb")["txs"] if row[1] > 100)
    with serving(Replay([recorded("ustb")], head=100, final_lag=12)) as url:
        assert sent(url, "eth_blockNumber")["result"] == hex(100)
        assert sent(url, "eth_getBlockByNumber", "finalized", HEADER)["result"]["number"] == hex(88)
        assert sent(url, "eth_getBlockByNumber", hex(101), HEADER)["result"] is None
        assert (
            sent(url, "eth_getBlockByHash", content("ustb")["blocks"][101]["hash"], HEADER)["result"] is None
        )
        assert sent(url, "eth_getTransactionByHash", later)["result"] is None
        assert (
            sent(url, "eth_getLogs", {"fromBlock": hex(101), "toBlock": hex(101)})["error"]["code"] == -32602
        )
        assert sent(url, "eth_getCode", token("ustb", "USTB"), hex(101))["error"]["code"] == -32000
        logs = sent(url, "eth_getLogs", ALL)["result"]
        assert logs == [log for log in content("ustb")["logs"] if int(log["blockNumber"], 16) <= 100]


def test_head_beyond_the_file_is_its_end():
    """A head that the file does not reach is the file's last block."""
    with serving(Replay([recorded("ustb")], head=10**9)) as url:
        assert sent(url, "eth_blockNumber")["result"] == hex(394)


@pytest.mark.parametrize(("names", "head"), [([], None), (["ustb", "ustb"], None), (["ustb"], -1)])
def test_replay_that_cannot_be_is_refused(names, head):
    """No file, two of one name, a head before the first block: each is the user's error."""
    with pytest.raises(Usage):
        Replay([recorded(name) for name in names], head=head)


def test_taken_port_is_the_users_error():
    """A port that another program holds is refused with what to change."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(Usage, match=f"Cannot listen on 127.0.0.1:{port}.*another --port"),
            serving(Replay([recorded("ustb")]), port=port),
        ):
            pass


def test_endpoint_is_gone_when_its_context_ends():
    """After the context nothing listens, and the thread has ended."""
    with serving(Replay([recorded("ustb")])) as url:
        pass
    with pytest.raises(urllib.error.URLError):
        sent(url, "eth_chainId")


def test_endpoint_runs_until_cancelled():
    """run_forever tells its URL once it listens, and stops when cancelled."""

    async def played() -> object:
        ready: asyncio.Queue[str] = asyncio.Queue()
        running = asyncio.create_task(
            run_forever(Replay([recorded("ustb")]), "127.0.0.1", 0, ready.put_nowait)
        )
        async with aiohttp.ClientSession() as session, session.get(await ready.get()) as answer:
            chains = await answer.json()
        running.cancel()
        await asyncio.wait([running])
        return chains["chains"][0]["name"], running.cancelled()

    assert asyncio.run(played()) == ("ustb", True)
