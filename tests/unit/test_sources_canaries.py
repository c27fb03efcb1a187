"""Which endpoint is believed for old logs."""

import asyncio

import pyarrow as pa
import pytest
from rpc_node import ADDRESS, Node, blocks, chain_of, log, refusing

from indexer.config.model import Canary
from indexer.floor.errors import NoEndpoint
from indexer.floor.filters import filter_of
from indexer.floor.spans import Span
from indexer.sources.canaries import VALID_SECONDS, Asked, Canaries
from indexer.sources.evm import Evm
from indexer.sources.pool import Pool
from indexer.sources.transport import Manners

DEEP, HIGH = Canary(5, ADDRESS, None, 1), Canary(50, ADDRESS, None, 2)
LEARNT = Canary(70, ADDRESS, None, 1)


def watched(*verdicts):
    """Return canaries at 5 and 50 of which an endpoint gave *verdicts* (canary, held)."""
    canaries = Canaries([HIGH, DEEP])
    for canary, held in verdicts:
        canaries.judge("a", canary, held=held, now=0.0)
    return canaries


@pytest.mark.parametrize(
    ("verdicts", "first", "due"),
    [
        ((), 60, HIGH),
        ((), 20, DEEP),
        ((), 2, DEEP),
        (((HIGH, True),), 60, True),
        (((HIGH, True),), 20, DEEP),
        (((DEEP, True),), 60, True),
        (((HIGH, False),), 60, False),
        (((HIGH, False),), 20, DEEP),
        (((DEEP, False),), 20, False),
        (((DEEP, False),), 60, HIGH),
        (((DEEP, False), (HIGH, True)), 60, True),
        (((DEEP, True), (HIGH, False)), 60, False),
    ],
)
def test_the_canary_below_decides(verdicts, first, due):
    """An endpoint is believed from a canary that it returned on; a bad one bars it up to the next good one."""
    assert watched(*verdicts).due("a", first, 0.0) == due


def test_without_canaries_everybody_is_asked():
    """A chain of which nothing is known works as before."""
    assert Canaries([]).due("a", 0, 0.0) is True


def test_a_verdict_holds_a_day():
    """Nodes prune as they go, so a canary is asked for again."""
    canaries = watched((HIGH, True))
    assert canaries.due("a", 60, VALID_SECONDS - 1) is True
    assert canaries.due("a", 60, VALID_SECONDS) == HIGH


def test_doubt_asks_again():
    """Whoever is distrusted has to show its canaries anew."""
    canaries = watched((HIGH, True))
    canaries.doubt("a")
    assert canaries.due("a", 60, 0.0) == HIGH


def test_what_one_served_tells_of_another():
    """A block with logs that a proven endpoint served is a canary for one that dropped the older ones."""
    canaries = watched((HIGH, False))
    canaries.learn(LEARNT)
    assert canaries.due("a", 80, 0.0) == LEARNT
    assert canaries.due("a", 69, 0.0) is False


def test_learnt_canaries_do_not_make_work():
    """An endpoint that returned a canary is not asked for those that were learnt above it."""
    canaries = watched((HIGH, True))
    canaries.learn(LEARNT)
    assert canaries.due("a", 80, 0.0) is True


def test_the_depth_is_told():
    """The lowest block that is proved and the highest that is missing make the row of the endpoint."""
    assert watched((HIGH, True), (DEEP, False)).depth("a", 0.0) == (50, 5)
    assert watched((HIGH, True), (DEEP, True)).depth("a", 0.0) == (5, None)
    assert watched().depth("a", 0.0) == (None, None)


def compared(*answers):
    """Return who is doubted after *answers* (endpoint, span, blocks with logs), of one filter each."""
    canaries, told = watched((HIGH, True)), []
    for name, span, seen in answers:
        asked = Asked(span, filter_of("eip155:1", [ADDRESS], None))
        told += canaries.compare(name, asked, pa.table({"block_number": pa.array(seen, pa.int64())}))
    return [text.partition(" ")[0] for text in told], canaries.due("a", 60, 0.0)


@pytest.mark.parametrize(
    ("answers", "doubted"),
    [
        ((("a", Span(0, 9), []), ("b", Span(5, 20), [7])), ["a"]),
        ((("a", Span(0, 9), []), ("b", Span(5, 20), [15])), []),
        ((("a", Span(0, 9), []), ("b", Span(5, 20), [])), []),
        ((("a", Span(0, 9), []), ("a", Span(5, 20), [7])), []),
        ((("a", Span(0, 9), []), ("b", Span(5, 9), [7]), ("b", Span(5, 9), [7])), ["a"]),
    ],
)
def test_who_saw_nothing_where_another_has_logs_is_doubted(answers, doubted):
    """An empty answer that another endpoint contradicts costs the trust: canaries are asked again."""
    told, due = compared(*answers)
    assert (told, due) == (doubted, HIGH if doubted else True)


def node(first_kept=0, count=1):
    """Return a node with *count* logs in block 5 and one in each of 40 and 160, without those before *first_kept*."""
    held = [*(log(5, index) for index in range(count)), log(40, 0), log(160, 0)]

    def logs(query):
        low, high = int(query["fromBlock"], 16), int(query["toBlock"], 16)
        return [one for one in held if max(low, first_kept) <= int(one["blockNumber"], 16) <= high]

    return Node(eth_getBlockByNumber=lambda n, _: blocks(n, _, head=200), eth_getLogs=logs)


def logs_of(span, *nodes, canaries=(DEEP,), again=None):
    """Return the numbers of the blocks with logs in *span*, who gave them, and the notes."""
    notes = []

    async def run():
        for one in nodes:
            await one.__aenter__()
        try:
            chain = chain_of(*(one.url for one in nodes))
            object.__setattr__(chain, "canaries", tuple(canaries))
            async with Pool(chain, manners=Manners(patience=1.0), on_note=notes.append) as pool:
                evm = Evm(chain, pool)
                await evm.head("latest")
                for each in [span, *([again] if again else [])]:
                    answer = await evm.logs(each, filter_of(chain.id, [ADDRESS], None))
                return answer.logs["block_number"].to_pylist(), answer.endpoint, pool.learned()
        finally:
            for one in nodes:
                await one.__aexit__(None)

    return (*asyncio.run(run()), notes)


def test_a_pruned_node_is_passed_over():
    """A node whose canary is gone is not believed to have nothing; the other is asked, and it is said once."""
    pruned, archive = node(first_kept=100), node()
    found, who, learned, notes = logs_of(Span(0, 50), pruned, archive, again=Span(10, 60))
    assert (found, who) == ([40], "node-2")
    (note,) = notes
    assert note.startswith(
        "node-1 has no logs of block 5 any more, or not all (a pruned node); it is not asked"
    )
    assert [(row.logs_from, row.no_logs_at) for row in learned] == [(None, 5), (5, None)]


def test_pruned_nodes_alone_are_no_answer():
    """Where every endpoint dropped the logs nothing is fetched rather than nothing found."""
    with pytest.raises(NoEndpoint) as caught:
        logs_of(Span(0, 50), node(first_kept=100))
    assert "node-1 has no logs of block 5 any more" in str(caught.value)
    assert "--rpc testnet=URL" in str(caught.value)


def test_null_is_no_empty_list():
    """A node that fails may say null where logs were asked for: it is asked again, and not held to be pruned."""
    archive = node()
    whole, said = archive.methods["eth_getLogs"], iter([None])
    archive.methods["eth_getLogs"] = lambda query: next(said, whole(query))
    assert logs_of(Span(0, 50), archive)[0] == [5, 40]


def test_more_logs_than_there_are_is_no_better():
    """A node that gives more logs of a block than it has is not believed either."""
    with pytest.raises(NoEndpoint, match="gave 2 logs for block 5, which has 1"):
        logs_of(Span(0, 50), node(count=2))


def test_a_proof_is_asked_once():
    """An endpoint is asked for its canary before the first old logs, and no more for those that follow."""
    archive = node()
    found, _, learned, _ = logs_of(Span(20, 50), archive, again=Span(100, 130))
    assert (found, learned[0].logs_from, archive.times("eth_getLogs")) == ([], 5, 3)


def test_the_newest_blocks_need_no_proof():
    """What a node needs itself it has: near the head a pruned node is asked without a canary."""
    pruned = node(first_kept=100)
    found, who, _, _ = logs_of(Span(150, 190), pruned)
    assert (found, who, pruned.times("eth_getLogs")) == ([160], "node-1", 1)


def test_a_node_that_says_so_is_passed_over():
    """An honest refusal of a canary is as good as an empty answer."""
    honest = Node(
        eth_getBlockByNumber=lambda n, _: blocks(n, _, head=200),
        eth_getLogs=refusing(-32000, "pruned history"),
    )
    found, who, _, _ = logs_of(Span(0, 50), honest, node())
    assert (found, who) == ([5, 40], "node-2")
