from rpc_node import ADDRESS, Fault, block_hash, blocks, honest, refusing, with_evm

from indexer.floor.spans import BlockRef
from indexer.sources.calls import Call, CallAnswer, Slot

AT = BlockRef(7, block_hash(7), 84)
SUPPLY = Call(ADDRESS, bytes.fromhex("18160ddd"), AT)
LARGEST = f"0x{2**256 - 1:064x}"


def call(evm):
    return evm.calls([SUPPLY])


def test_a_call_is_pinned_to_the_hash_of_its_block():
    """Number and fork are fixed by the block hash; the largest word comes back whole."""
    node = honest(eth_call=lambda *_: LARGEST)
    answers, _ = with_evm(call, node)
    assert answers == [CallAnswer(b"\xff" * 32, None, "answered", "node-1")]
    assert node.asked[-1] == ("eth_call", [{"to": ADDRESS, "data": "0x18160ddd"}, {"blockHash": AT.hash}])


def test_a_slot_is_pinned_like_a_call():
    """A storage slot is asked for whole, at the hash of its block, beside calls in one batch."""
    slot = Slot(ADDRESS, (1).to_bytes(32, "big"), AT)
    node = honest(eth_call=lambda *_: LARGEST, eth_getStorageAt=lambda *_: f"0x{7:064x}")
    answers, _ = with_evm(lambda evm: evm.calls([SUPPLY, slot]), node)
    assert [answer.result for answer in answers] == [b"\xff" * 32, (7).to_bytes(32, "big")]
    assert node.asked[-1] == ("eth_getStorageAt", [ADDRESS, f"0x{1:064x}", {"blockHash": AT.hash}])


def by_number_only(what, pin):
    if isinstance(pin, dict):
        raise Fault(-32602, "invalid argument 1: json: cannot unmarshal object into Go value of type string")
    return "0x2a"


def test_a_node_without_pins_by_hash_is_asked_by_number_and_its_block_checked():
    """Where {"blockHash": …} is refused the number is used, the header compared, and that is remembered."""
    node = honest(eth_call=by_number_only)

    async def act(evm):
        return [*await call(evm), *await call(evm)]

    answers, _ = with_evm(act, node)
    assert [answer.result for answer in answers] == [b"\x2a", b"\x2a"]
    pins = [params[1] for method, params in node.asked if method == "eth_call"]
    assert pins == [{"blockHash": AT.hash}, "0x7", "0x7"]


def test_a_call_by_number_on_another_fork_is_refused():
    """State of another block with the same number is not what was asked."""
    forked = honest(eth_call=by_number_only, eth_getBlockByNumber=lambda n, full: blocks(n, full, fork="bb"))
    answers, notes = with_evm(call, forked, honest(eth_call=lambda *_: "0x2b"))
    assert answers == [CallAnswer(b"\x2b", None, "answered", "node-2")]
    assert "node-1 has another block 7 than the one asked about." in notes[0]


def test_a_node_that_lags_is_on_no_other_fork():
    """A node that has not got the block yet is waited for: it does not say that the block is none."""
    late = iter([6, 6, 6, 100, 100])
    behind = honest(
        eth_call=by_number_only, eth_getBlockByNumber=lambda n, full: blocks(n, full, head=next(late))
    )
    answers, notes = with_evm(call, behind, patience=5.0)
    assert [answer.result for answer in answers] == [b"\x2a"]
    assert notes == ["node-1 has not block 7 yet. It is asked again."]


def test_a_revert_is_an_answer_and_missing_state_is_none():
    """What the contract said no to, what no node can say, and what nobody understands stay three things."""
    for fault, kind, endpoint in (
        (refusing(3, "execution reverted"), "reverted", "node-1"),
        (refusing(-32000, "missing trie node"), "missing-state", ""),
        (refusing(-32000, "out of gas"), "unknown", ""),
    ):
        (answer,), _ = with_evm(call, honest(eth_call=fault))
        assert (answer.result, answer.kind, answer.endpoint) == (None, kind, endpoint)
        assert answer.error


def test_only_what_one_endpoint_lacks_is_asked_of_the_next():
    """An endpoint with half of the state answers that half, an archive the rest."""

    def young(what, pin):
        if pin["blockHash"] == AT.hash:
            raise Fault(-32000, "missing trie node")
        return "0x01"

    archive = honest(eth_call=lambda *_: "0x02")
    later = SUPPLY._replace(block=BlockRef(8, block_hash(8), 96))
    answers, _ = with_evm(lambda evm: evm.calls([later, SUPPLY]), honest(eth_call=young), archive)
    assert [(answer.result, answer.endpoint) for answer in answers] == [
        (b"\x01", "node-1"),
        (b"\x02", "node-2"),
    ]
    assert archive.times("eth_call") == 1


def test_many_calls_are_few_requests():
    """A thousand calls are twenty batches, and the answers keep their order."""
    node = honest(eth_call=lambda what, _: what["data"])
    asked = [Call(ADDRESS, number.to_bytes(4), AT) for number in range(1_000)]
    answers, _ = with_evm(lambda evm: evm.calls(asked), node)
    assert [int.from_bytes(answer.result) for answer in answers] == list(range(1_000))
    assert len(node.posts) == 1 + 20


def test_no_calls_are_no_request():
    """Nothing asked, nothing sent."""
    node = honest()
    assert with_evm(lambda evm: evm.calls([]), node)[0] == []
    assert node.posts == []


def test_a_passing_error_within_a_batch_is_asked_again():
    """Of fifty calls of which some fail for now, only those are asked again."""
    failing = iter([True, True])

    def now_and_then(what, _):
        if what["data"] == "0x00000003" and next(failing, False):
            raise Fault(-32603, "Internal error")
        return what["data"]

    node = honest(eth_call=now_and_then)
    asked = [Call(ADDRESS, number.to_bytes(4), AT) for number in range(5)]
    answers, _ = with_evm(lambda evm: evm.calls(asked), node)
    assert [int.from_bytes(answer.result) for answer in answers] == [0, 1, 2, 3, 4]
    assert node.times("eth_call") == 5 + 2
