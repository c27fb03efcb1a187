import asyncio
import contextlib
import json
import random
from pathlib import Path

import pytest
from rpc_node import CHAIN_NUMBER, Fault, Node, Raw, chain_of, refusing

from indexer.floor.errors import NoEndpoint
from indexer.floor.spans import Span
from indexer.sources.endpoint import Ask
from indexer.sources.pool import Pool, Want
from indexer.sources.profile import Learned
from indexer.sources.provider_errors import Refused
from indexer.sources.transport import Manners

HEAD = Ask("eth_blockNumber", [])
WANT = Want("the head")
NOWHERE = "http://127.0.0.1:1/"


def head(endpoint):
    return endpoint.one(HEAD)


def logs(blocks=1_000):
    """Return a want of so many blocks and the request for them."""
    ask = Ask("eth_getLogs", [{}], Span(1, blocks))
    return Want(f"the logs of {blocks} blocks", blocks, 1), lambda endpoint: endpoint.one(ask)


def with_pool(act, *nodes, learned=(), urls=(), patience=5.0):
    """Run *act* on a pool of *nodes*, then *urls*; return what it gives and the notes."""
    notes = []

    async def run():
        async with asyncio.TaskGroup() as group:
            for node in nodes:
                group.create_task(node.__aenter__())
        try:
            chain = chain_of(*(node.url for node in nodes), *urls)
            manners = Manners(patience=patience, timeout=2.0)
            async with Pool(chain, learned, manners, notes.append) as pool:
                return await act(pool)
        finally:
            for node in nodes:
                await node.__aexit__(None)

    return asyncio.run(run()), notes


def raised(kind, act, *nodes, **options):
    """Return the error that *act* ends in, and the notes."""

    async def run(pool):
        with pytest.raises(kind) as caught:
            await act(pool)
        return caught.value

    return with_pool(run, *nodes, **options)


def test_a_request_goes_on_where_one_endpoint_fails():
    """What the first endpoint cannot serve the second one does, and that is said."""
    bad, good = Node(eth_blockNumber=refusing(-32603, "Internal error")), Node(eth_blockNumber=lambda: "0x1")
    text, notes = with_pool(lambda pool: pool.ask(WANT, head), bad, good)
    assert bytes(text) == b'"0x1"'
    assert notes == ["node-1 declined eth_blockNumber: Internal error. Another endpoint is asked."]


def test_a_long_run_outlives_failures_of_its_only_endpoint():
    """Two hundred requests succeed although one in five fails."""
    draw = random.Random(7)

    def flaky():
        if draw.random() < 0.2:
            raise Fault(-32603, "Internal error")
        return "0x1"

    async def act(pool):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(pool.ask(WANT, head)) for _ in range(200)]
        return {bytes(task.result()) for task in tasks}

    assert with_pool(act, Node(eth_blockNumber=flaky))[0] == {b'"0x1"'}


def test_no_endpoint_says_a_sentence_for_each():
    """Where nobody can serve, every endpoint is named with its reason and no URL."""
    keyed = Node(eth_blockNumber=refusing(-32000, "Must be authenticated!"))
    error, _ = raised(NoEndpoint, lambda p: p.ask(WANT, head), keyed, urls=[NOWHERE], patience=0.3)
    assert str(error) == (
        "No endpoint of testnet could serve the head. "
        "node-1 declined eth_blockNumber: Must be authenticated! node-2 cannot be connected to."
    )


def test_no_endpoint_at_all_says_how_to_give_one():
    """A chain without endpoints is not a puzzle."""
    error, _ = raised(NoEndpoint, lambda pool: pool.ask(WANT, head))
    assert "--rpc testnet=URL" in str(error)


def test_patience_ends():
    """An endpoint that cannot be reached is given up after the patience, not before a second try."""

    async def act(pool):
        await pool.ask(WANT, head)

    error, notes = raised(NoEndpoint, act, urls=[NOWHERE], patience=0.2)
    assert "node-1 cannot be connected to." in str(error)
    assert notes[0] == "node-1 cannot be connected to. It is asked again."


def test_an_endpoint_of_another_chain_is_left_out_for_good():
    """The wrong chain is asked for its id once, said once and never asked anything again."""
    wrong, good = Node(eth_chainId=lambda: "0x1"), Node(eth_blockNumber=lambda: "0x1")

    async def act(pool):
        for _ in range(3):
            await pool.ask(WANT, head)
        return wrong.asked

    asked, notes = with_pool(act, wrong, good)
    assert asked == [("eth_chainId", [])]
    assert notes == [
        f"node-1 serves chain 1, where testnet is chain {CHAIN_NUMBER}: correct its URL. It is left out."
    ]


def test_a_range_cap_reaches_the_planner_and_is_kept():
    """The refusal carries the cap, and from then on no larger request is made."""
    node = Node(eth_getLogs=refusing(-32602, "query exceeds max block range 500"))

    async def act(pool):
        caps = []
        for _ in range(2):
            with pytest.raises(Refused) as caught:
                await pool.ask(*logs())
            caps.append((caught.value.refusal.kind, caught.value.refusal.max_blocks))
        return caps, node.times("eth_getLogs"), pool.learned(), pool.span

    (caps, times, learned, span), notes = with_pool(act, node)
    assert caps == [("range", 500), ("range", 500)]
    assert times == 1
    assert ([row[:4] for row in learned], span) == ([("node-1", 500, None, True)], 500)
    assert notes == ["node-1 declined eth_getLogs: query exceeds max block range 500. Less is asked for."]


def test_what_one_endpoint_finds_too_large_another_serves():
    """The planner need not cut while some endpoint takes the whole."""
    small = Node(eth_getLogs=refusing(-32602, "query exceeds max block range 500"))
    text, _ = with_pool(lambda pool: pool.ask(*logs()), small, Node(eth_getLogs=lambda _: []))
    assert bytes(text) == b"[]"


def test_what_was_learned_is_taken_up():
    """A cap and the lack of batches from an earlier run hold from the first request."""
    node = Node(eth_getLogs=lambda _: [], eth_blockNumber=lambda: "0x1")

    async def act(pool):
        with pytest.raises(Refused) as caught:
            await pool.ask(*logs())
        await pool.endpoints[0].ask([HEAD, HEAD])
        return caught.value.refusal.max_blocks, node.times("eth_getLogs"), len(node.posts), str(caught.value)

    (cap, times, posts, text), _ = with_pool(act, node, learned=[Learned("node-1", 7, None, batches=False)])
    assert (cap, times, posts) == (7, 0, 2)
    assert (
        text == "No endpoint of testnet serves the logs of 1000 blocks at once: it serves 7 blocks at most."
    )


def test_a_dead_endpoint_does_not_hold_up_a_cut():
    """Where the only one that could take the whole is dead, less is asked of the others at once."""
    small = Node(eth_getLogs=refusing(-32602, "query exceeds max block range 500"))

    async def act(pool):
        dead = pool._standings[1]
        dead.failures, dead.rests_until = 9, 1e12
        with pytest.raises(Refused) as caught:
            await pool.ask(*logs())
        return caught.value.refusal.max_blocks, pool.span

    assert with_pool(act, small, urls=[NOWHERE])[0] == (500, 500)


def test_missing_state_is_asked_elsewhere():
    """A node without old state passes the question on to an archive."""
    pruned, archive = Node(eth_call=refusing(-32000, "missing trie node")), Node(eth_call=lambda: "0x01")
    text, _ = with_pool(lambda p: p.ask(WANT, lambda e: e.one(Ask("eth_call", []))), pruned, archive)
    assert bytes(text) == b'"0x01"'


def test_missing_state_everywhere_is_not_a_failure():
    """Where no endpoint has the state the caller learns just that."""
    pruned = Node(eth_call=refusing(-32000, "missing trie node"))
    error, _ = raised(Refused, lambda p: p.ask(WANT, lambda e: e.one(Ask("eth_call", []))), pruned)
    assert error.refusal.kind == "missing-state"


def test_an_unknown_error_is_tried_three_times():
    """Words that nobody knows may pass; said three times they are an answer."""
    node = Node(eth_blockNumber=refusing(-32099, "the moon is full"))
    error, _ = raised(Refused, lambda pool: pool.ask(WANT, head), node)
    assert (error.refusal.kind, node.times("eth_blockNumber")) == ("unknown", 3)


def test_a_refused_key_is_not_hammered():
    """An endpoint that refuses the key is left alone, and the run does not wait for it."""
    node = Node(eth_blockNumber=refusing(-32000, "Must be authenticated!"))

    async def act(pool):
        for _ in range(3):
            with pytest.raises(NoEndpoint):
                await pool.ask(WANT, head)
        return node.times("eth_blockNumber")

    assert with_pool(act, node)[0] == 1


def test_a_rate_limit_is_waited_out():
    """HTTP 429 with Retry-After rests the endpoint for so long, and then it serves."""
    node = Node(eth_blockNumber=lambda: "0x1")

    async def act(pool):
        await pool.ask(WANT, head)
        node.raw.append(Raw(429, b"", {"Retry-After": "1"}))
        await pool.ask(WANT, head)
        return node.posts[-1] - node.posts[-2]

    assert 1.0 <= with_pool(act, node)[0] < 1.5


def test_the_same_complaint_is_said_the_first_and_the_tenth_time():
    """Notes that differ by figures are one; it comes back with its count."""
    numbers = iter(range(100))

    def wrong():
        number = next(numbers)
        if number < 12:
            raise Fault(3, f"execution reverted at {number}")
        return "0x1"

    async def act(pool):
        for _ in range(13):
            with contextlib.suppress(Refused):
                await pool.ask(WANT, head)

    notes = with_pool(act, Node(eth_blockNumber=wrong))[1]
    assert notes == [
        "node-1 declined eth_blockNumber: execution reverted at 0.",
        "node-1 declined eth_blockNumber: execution reverted at 9. That was the 10th time.",
    ]


def test_work_is_spread_over_the_endpoints():
    """Many tasks use both endpoints."""
    one, two = Node(eth_blockNumber=lambda: "0x1"), Node(eth_blockNumber=lambda: "0x1")

    async def act(pool):
        async with asyncio.TaskGroup() as group:
            for _ in range(40):
                group.create_task(pool.ask(WANT, head))
        return one.times("eth_blockNumber"), two.times("eth_blockNumber"), pool.requests

    first, second, requests = with_pool(act, one, two)[0]
    assert first + second == 40
    assert min(first, second) >= 8
    assert requests == 42


PAYLOADS = json.loads((Path(__file__).parents[1] / "data" / "rpc" / "provider_errors.json").read_text())


def test_whatever_one_provider_says_another_serves():
    """Each of the 113 recorded errors, told by one endpoint, is followed by the answer of the good one."""
    saying = {}

    def refuse(_):
        raise Fault(saying["code"] or -32000, saying["message"], saying.get("data"))

    bad, good = Node(eth_getLogs=refuse), Node(eth_getLogs=lambda _: [])

    async def act(pool):
        served = []
        for row in PAYLOADS:
            saying.clear()
            saying.update(row)
            for standing in pool._standings:
                standing.rests_until, standing.failures, standing.endpoint.pace.rate = 0.0, 0, None
                standing.max_blocks = standing.max_addresses = None
            served.append(bytes(await pool.ask(*logs())))
        return served, bad.times("eth_getLogs"), good.times("eth_getLogs")

    served, asked, answered = with_pool(act, bad, good)[0]
    assert served == [b"[]"] * 113
    assert asked >= 113
    assert answered == 113
