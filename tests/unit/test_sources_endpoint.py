import asyncio
import json
import logging
import subprocess
import sys
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from rpc_node import CHAIN_NUMBER, Fault, Node, Raw, block, chain_of

from indexer.floor.errors import Transient
from indexer.floor.spans import Span
from indexer.sources.endpoint import BATCH_TRIAL, Ask, Endpoint, WrongChain
from indexer.sources.logjson import BadAnswer
from indexer.sources.provider_errors import Refused
from indexer.sources.transport import Manners

KEY = "5ecr3tk3y0f7h3u53r"
HEAD = Ask("eth_blockNumber", [])


def opened(url, manners=None, number=CHAIN_NUMBER):
    chain = chain_of(url, number=number)
    return Endpoint(chain.endpoints[0], chain, manners)


def with_node(act, node=None, path="", **manners):
    """Run *act* on an endpoint whose node is *node*."""

    async def run():
        async with node or Node(eth_blockNumber=lambda: "0x10") as served:
            endpoint = opened(served.url + path, Manners(**manners))
            try:
                return await act(endpoint, served)
            finally:
                await endpoint.close()

    return asyncio.run(run())


def refused(act, node, kind=Transient, path=""):
    """Return the error that *act* ends in."""

    async def run(endpoint, served):
        with pytest.raises(kind) as caught:
            await act(endpoint, served)
        return caught.value

    return with_node(run, node, path)


def test_a_result_is_the_raw_json_text():
    """What comes back is the JSON text of the result as the node sent it."""
    assert bytes(with_node(lambda endpoint, _: endpoint.one(HEAD))) == b'"0x10"'


def test_one_connection_serves_many_requests():
    """Requests of one endpoint share a kept-alive connection."""
    peers = []

    async def act(endpoint, node):
        for _ in range(3):
            await endpoint.one(HEAD)
            peers.append(len(endpoint._transport._session.connector._conns))

    with_node(act)
    assert peers == [1, 1, 1]


def test_a_batch_is_one_request_and_its_answers_come_in_order():
    """A batch is answered by one HTTP request, in the order asked even where the node turns it round."""

    async def act(endpoint, node):
        found = [{"jsonrpc": "2.0", "id": i, "result": hex(i)} for i in (3, 1, 2)]
        node.raw.append(Raw(200, json.dumps(found).encode()))
        answers = await endpoint.ask([HEAD] * 3)
        return [bytes(answer) for answer in answers], len(node.posts)

    assert with_node(act) == ([b'"0x1"', b'"0x2"', b'"0x3"'], 1)


def test_a_json_error_with_status_400_keeps_its_meaning():
    """The body of a refused request is read: Alchemy says its range cap with HTTP 400."""
    said = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32600, "message": "up to a 500 block range"}}

    async def act(endpoint, node):
        node.raw.append(Raw(400, json.dumps(said).encode()))
        await endpoint.one(Ask("eth_getLogs", [], Span(1, 1_000)))

    refusal = refused(act, None, Refused).refusal
    assert (refusal.kind, refusal.max_blocks) == ("range", 500)


def test_an_html_page_is_understood_by_its_status():
    """A gateway's page is not shown; its status says what it means."""

    async def act(endpoint, node):
        node.raw.append(Raw(502, b"<html><title>502 Bad Gateway</title></html>"))
        await endpoint.one(HEAD)

    error = refused(act, None, Refused)
    assert (error.refusal.kind, str(error)) == ("transient", "node-1 declined eth_blockNumber: HTTP 502.")


@pytest.mark.parametrize(
    "body",
    [
        b'{"jsonrpc":"2.0","id":1,"resu',
        b"error code: 1015",
        b"",
        b'{"jsonrpc":"2.0","id":7,"result":"0x1"}',
        b'[{"jsonrpc":"2.0","id":1,"result":"0x1"},{"jsonrpc":"2.0","id":1,"result":"0x2"}]',
        b'{"jsonrpc":"2.0","id":1}',
    ],
    ids=["truncated", "not JSON", "empty", "another id", "twice the id", "neither"],
)
def test_a_body_that_is_no_answer_is_refused(body):
    """Truncated, foreign and doubled answers are BadAnswer, which is asked again elsewhere."""

    async def act(endpoint, node):
        node.raw.append(Raw(200, body))
        await endpoint.one(HEAD)

    assert str(refused(act, None, BadAnswer)).startswith("node-1")


def test_a_batch_that_lacks_an_answer_is_refused():
    """Two requests and one answer leave one in the dark."""

    async def act(endpoint, node):
        node.raw.append(Raw(200, b'[{"jsonrpc":"2.0","id":1,"result":"0x1"}]'))
        await endpoint.ask([HEAD, HEAD])

    assert str(refused(act, None, BadAnswer)) == (
        "node-1 gave 1 answers to 2 requests, or not to those asked."
    )


def test_an_endpoint_without_batches_is_asked_singly_and_that_is_remembered():
    """A refused batch is taken apart until it is served; from then on nothing is batched."""

    async def act(endpoint, node):
        node.takes_batches = False
        first = await endpoint.ask([HEAD] * 4)
        posts = len(node.posts)
        await endpoint.ask([HEAD] * 4)
        return len(first), endpoint.batch, posts, len(node.posts) - posts

    assert with_node(act) == (4, 1, 6, 4)


def test_a_passing_fault_does_not_cost_the_batches():
    """A gateway's 502 to a batch says nothing about batches."""

    async def act(endpoint, node):
        node.raw.append(Raw(502, b"<html>"))
        with pytest.raises(Refused):
            await endpoint.ask([HEAD] * 4)
        return endpoint.batch, len(await endpoint.ask([HEAD] * 4)), len(node.posts)

    assert with_node(act) == (50, 4, 2)


def test_a_range_cap_in_answer_to_a_batch_does_not_cost_the_batches():
    """One error for a whole batch that speaks of the range is about the range."""
    said = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "block range is too wide"}}

    async def act(endpoint, node):
        node.raw.append(Raw(200, json.dumps(said).encode()))
        with pytest.raises(Refused) as caught:
            await endpoint.ask([HEAD, Ask("eth_getLogs", [], Span(1, 9))])
        return endpoint.batch, caught.value.refusal.kind

    assert with_node(act) == (50, "range")


def test_an_answer_that_is_too_large_does_not_cost_the_batches():
    """HTTP 413 to logs and header asks for fewer logs, not for fewer requests."""

    async def act(endpoint, node):
        node.raw.append(Raw(413, b""))
        with pytest.raises(Refused) as caught:
            await endpoint.ask([HEAD, Ask("eth_getLogs", [], Span(1, 9))])
        return endpoint.batch, caught.value.refusal.kind

    assert with_node(act) == (50, "size")


def test_an_error_of_one_request_leaves_the_others_of_its_batch():
    """A batch of two gives one result and one refusal."""

    def fail(*_):
        raise Fault(3, "execution reverted: no")

    async def act(endpoint, _):
        return await endpoint.ask([HEAD, Ask("eth_call", [])])

    good, bad = with_node(act, Node(eth_blockNumber=lambda: "0x1", eth_call=fail))
    assert (bytes(good), bad.kind, bad.text) == (b'"0x1"', "reverted", "execution reverted: no")


def test_another_chain_is_refused_by_both_ids():
    """An endpoint of another chain is named with the chain it serves and the one configured."""

    async def run():
        async with Node() as node:
            endpoint = opened(node.url, number=1)
            try:
                with pytest.raises(WrongChain) as caught:
                    await endpoint.prove_chain()
            finally:
                await endpoint.close()
            return str(caught.value)

    assert asyncio.run(run()) == (
        f"node-1 serves chain {CHAIN_NUMBER}, where testnet is chain 1: correct its URL."
    )


def test_the_chain_is_asked_for_once():
    """Eight tasks that start together ask for the chain id once."""

    async def act(endpoint, node):
        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(endpoint.prove_chain())
        return node.times("eth_chainId")

    assert with_node(act) == 1


def test_a_chain_id_that_is_no_number_is_not_taken():
    """A null chain id proves nothing."""

    async def act(endpoint, _):
        await endpoint.prove_chain()

    assert isinstance(refused(act, Node(eth_chainId=lambda: None)), BadAnswer)


@pytest.mark.parametrize(
    "result", [b"1e999", b"9" * 5000, b"[" * 900 + b"]" * 900, b'"\xff"', b'"0x' + b"f" * 9000 + b'"']
)
def test_a_chain_id_that_no_one_can_read_is_a_bad_answer(result):
    """What is JSON and yet no number for us ends as a bad answer of the endpoint, not as an error of ours."""

    async def act(endpoint, node):
        node.raw.append(Raw(200, b'{"jsonrpc":"2.0","id":1,"result":' + result + b"}"))
        await endpoint.prove_chain()

    assert str(refused(act, None, BadAnswer)).startswith("node-1: answer refused for eth_chainId: ")


@pytest.mark.parametrize("code", [b"[]", b"{}", b'"x"', b"1.5", b"1e999", b"-32600000000000000000000000000"])
def test_an_error_code_that_is_no_code_is_an_unknown_refusal(code):
    """One error in answer to a batch is a refusal, whatever stands where its code is due."""

    async def act(endpoint, node):
        node.raw.append(
            Raw(200, b'{"jsonrpc":"2.0","id":null,"error":{"code":' + code + b',"message":"no"}}')
        )
        await endpoint.ask([HEAD] * 4)

    assert "node-1" in str(refused(act, None))


def test_the_rate_holds_in_every_window():
    """At 20 a second the node sees no bunch of more than 20, and 45 requests take two seconds."""

    async def act(endpoint, node):
        async with asyncio.TaskGroup() as group:
            for _ in range(45):
                group.create_task(endpoint.one(HEAD))
        return node.posts

    posts = with_node(act, rate=20)
    # The window is half of ours: the node reads a request some time after it was let go.
    assert all(sum(t <= u < t + 0.5 for u in posts) <= 20 for t in posts)
    assert posts[-1] - posts[0] > 1.9


def test_no_more_requests_are_under_way_than_allowed():
    """Thirty tasks share four requests at a time."""

    async def act(endpoint, node):
        node.delay = 0.01
        async with asyncio.TaskGroup() as group:
            for _ in range(30):
                group.create_task(endpoint.one(HEAD))
        return node.most_under_way

    assert with_node(act, in_flight=4) == 4


def test_silence_ends_in_a_sentence():
    """A node that accepts and says nothing is given up after the timeout."""

    async def act(endpoint, node):
        node.delay = 0.5
        with pytest.raises(Transient) as caught:
            await endpoint.one(HEAD)
        return str(caught.value)

    assert with_node(act, timeout=0.05) == "node-1 did not answer within 0.05 s."


def test_a_body_beyond_the_limit_is_not_read_on():
    """An answer above the limit is refused while it comes in."""

    async def act(endpoint, node):
        node.raw.append(Raw(200, b" " * (3 << 20)))
        with pytest.raises(BadAnswer) as caught:
            await endpoint.one(HEAD)
        return str(caught.value)

    assert with_node(act, max_body=1 << 20) == "node-1 answered more than 1 MiB."


@pytest.mark.parametrize(
    ("header", "low", "high"),
    [
        ("7", 7, 7),
        ("99999", 120, 120),
        ("in a minute", 30, 60),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0, 0),
    ],
)
def test_retry_after_is_honoured_as_seconds_or_date(header, low, high):
    """The header is read in both forms and never asks for more than two minutes."""
    if header == "in a minute":
        header = format_datetime(datetime.now(UTC) + timedelta(seconds=60))

    async def act(endpoint, node):
        node.raw.append(Raw(429, b"", {"Retry-After": header}))
        return await endpoint.post(b"{}")

    assert low <= with_node(act).retry_after <= high


def test_a_retry_after_that_is_neither_is_ignored():
    """An odd header is no wait."""

    async def act(endpoint, node):
        node.raw.append(Raw(429, b"", {"Retry-After": "soon"}))
        return await endpoint.post(b"{}")

    assert with_node(act).retry_after is None


@pytest.mark.parametrize(
    "url",
    [
        f"http://127.0.0.1:1/{KEY}",
        f"http://{KEY}.invalid/",
        f"http://127.0.0.1:1/?key={KEY}",
        f"http://user:{KEY}@127.0.0.1:1/",
        f"ftp://127.0.0.1/{KEY}",
        f"http://[::1/{KEY}",
        f"{KEY} is no URL",
        f"http://{KEY * 9}.com/",
        f"https://127.0.0.1:1/{KEY}",
    ],
)
def test_no_error_and_no_log_line_holds_the_url(url, caplog):
    """Where nothing can be reached, neither the error, its traceback nor any log line holds the key."""

    async def run():
        endpoint = opened(url)
        try:
            with pytest.raises(Transient) as caught:
                await endpoint.one(HEAD)
        finally:
            await endpoint.close()
        return caught.value

    with caplog.at_level(logging.DEBUG):
        error = asyncio.run(run())
    told = "".join(traceback.format_exception(error)) + caplog.text + repr(error)
    assert KEY not in told
    assert str(error).startswith("node-1 ")


@pytest.mark.parametrize(
    "raw",
    [
        Raw(
            200,
            json.dumps({"id": 1, "error": {"code": 1, "message": f"/v3/{KEY} is over its limit"}}).encode(),
        ),
        Raw(200, f"proxy error at /v3/{KEY}".encode()),
        Raw(403, f"<html>{KEY}</html>".encode()),
        Raw(302, b"", {"Location": f"https://elsewhere.example/{KEY}"}),
    ],
    ids=["JSON error", "plain text", "page", "redirect"],
)
def test_a_key_that_the_node_echoes_is_hidden(raw, caplog):
    """What a node or a gateway says is searched for parts of the URL."""

    async def act(endpoint, node):
        node.raw.append(raw)
        await endpoint.one(HEAD)

    with caplog.at_level(logging.DEBUG):
        error = refused(act, None, path=f"v3/{KEY}")
    assert KEY not in str(error) + caplog.text


def test_requests_are_counted():
    """Each HTTP request counts once, a batch too."""

    async def act(endpoint, _):
        await endpoint.ask([HEAD] * 60)
        return endpoint.requests

    assert with_node(act) == 2


def test_headers_of_blocks_pass_through_unread():
    """The text of a result is not looked at here."""

    async def act(endpoint, _):
        return json.loads(bytes(await endpoint.one(Ask("eth_getBlockByNumber", ["0x7", False]))))

    node = Node(eth_getBlockByNumber=lambda number, _: block(int(number, 16)))
    assert with_node(act, node) == block(7)


def test_an_answer_that_nests_without_end_does_not_kill_the_process():
    """web3 raises Python's limit of recursion; after it a deep answer would end the stack, and the process with it."""
    code = (
        "import asyncio, contextlib\n"
        "from indexer.config.model import Endpoint\n"
        "from indexer.floor.errors import Transient\n"
        "from indexer.sources.logjson import BadAnswer, envelopes\n"
        "from indexer.sources.transport import Http, Manners\n"
        "with contextlib.suppress(Transient):\n"
        "    asyncio.run(Http(Endpoint('node-1', 'http://127.0.0.1:9/'), Manners()).post(b'{}'))\n"
        "try:\n"
        "    envelopes(b'{\"error\":' + b'[' * 99_000 + b']' * 99_000 + b'}')\n"
        "except BadAnswer:\n"
        "    print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "refused\n")


def test_batches_are_tried_again():
    """A node that refused batches for a while gets them again after some hundred single requests."""

    async def act(endpoint, node):
        node.takes_batches = False
        await endpoint.ask([HEAD] * 10)
        small = endpoint.batch
        node.takes_batches = True
        await endpoint.ask([HEAD] * BATCH_TRIAL)
        return small, endpoint.batch

    small, again = with_node(act)
    assert small == 1
    assert again > 1
