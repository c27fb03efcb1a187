"""Whatever an endpoint answers, the client ends soon, with what was said or with an error that was declared."""

import asyncio
import json

import pytest
from fuzz_answers import replies, spoilt_body
from fuzz_chain import HEAD, KEY, NUMBER, Spoilt, answered, asked, chain, header, logs_of
from fuzz_kit import RAW_JSON, fuzzed, sentences
from fuzz_logs import ADDRESS, block_hash, plain, rows_of, slowly
from hypothesis import strategies as st

from indexer.floor.errors import RwaError
from indexer.floor.filters import filter_of
from indexer.floor.spans import BlockRef, Span
from indexer.sources.endpoint import Ask, Endpoint
from indexer.sources.evm import Call, TxRef
from indexer.sources.logjson import BadAnswer, envelopes
from indexer.sources.provider_errors import Refusal
from indexer.sources.transport import Reply
from indexer.sources.views import ask_view

CALLS = [
    Ask("eth_getBlockByNumber", ["0x5", False]),
    Ask("eth_chainId", []),
    Ask("eth_getLogs", [{"fromBlock": "0x1", "toBlock": "0x9"}], Span(1, 9)),
]
CHAIN_ID = f"eip155:{NUMBER}"
WANTED = filter_of(CHAIN_ID, [ADDRESS])


def batch() -> bytes:
    asks = [{"id": i, "method": ask.method, "params": ask.params} for i, ask in enumerate(CALLS, 1)]
    return answered(json.dumps(asks).encode())


def sound(text: str) -> None:
    """What a person is told: whole sentences, without a part of the URL."""
    sentences(text)
    assert KEY not in text


@fuzzed(400, body=st.one_of(spoilt_body(batch()), st.binary(max_size=200), RAW_JSON.map(str.encode)))
def test_envelopes_are_read_as_plain_json_reads_them(body):
    """An answer that is taken has the ids, results and errors that plain json sees, in their order."""
    try:
        found = envelopes(body)
    except BadAnswer as error:
        sound(str(error))
        return
    whole = plain(body)
    seen = whole if isinstance(whole, list) else [whole]
    assert len(found) == len(seen)
    for envelope, answer in zip(found, seen, strict=True):
        if envelope.result is not None:
            assert json.dumps(plain(bytes(envelope.result))) == json.dumps(answer["result"])
            assert answer.get("error") is None
        if str(answer.get("id")).startswith("int "):
            assert f"int {envelope.id}" == answer["id"]


@fuzzed(400, reply=replies(batch()))
def test_a_batch_gives_each_request_its_own_answer(reply):
    """Each answer of a batch is the one with the request's id, once; else the whole is refused."""
    way = Spoilt(lambda number, body: reply if number == 1 else Reply(200, body, None))
    named = chain().endpoints[0]
    endpoint = Endpoint(named, chain(), connect=lambda *_: way)
    try:
        answers = asyncio.run(endpoint.ask(CALLS))
    except RwaError as error:
        sound(str(error))
        return
    assert len(answers) == len(CALLS)
    if way.posts > 1:
        return
    whole = plain(reply.body)
    by_id = {int(one["id"].removeprefix("int ")): one for one in whole}
    assert len(by_id) == len(whole) == len(CALLS)
    for number, answer in enumerate(answers, 1):
        if isinstance(answer, Refusal):
            assert answer.text
            assert KEY not in answer.text
        else:
            assert json.dumps(plain(bytes(answer))) == json.dumps(by_id[number]["result"])


def block(number: int) -> BlockRef:
    return BlockRef(number, block_hash(number), 1_700_000_000 + number * 12)


QUESTIONS = {
    "head": lambda evm: evm.head("finalized"),
    "confirmed": lambda evm: evm.head(4),
    "header": lambda evm: evm.header(7),
    "above": lambda evm: evm.header(HEAD + 4),
    "logs": lambda evm: evm.logs(Span(3, 20), WANTED, block(2)),
    "call": lambda evm: evm.calls(
        [Call(ADDRESS, b"\x18\x16\x0d\xdd", block(7)), Call(ADDRESS, b"\x01", block(8))]
    ),
    "transactions": lambda evm: evm.transactions([TxRef(7, block_hash(7), f"0x{91:064x}", 1)]),
    "headers": lambda evm: evm.headers(Span(3, 6)),
    "view": lambda evm: ask_view(evm.pool, "finalized", [3, 9]),
    "when": lambda evm: evm.first_block_at(1_700_000_100, None, block(25)),
}


@fuzzed(500, data=st.data(), question=st.sampled_from(sorted(QUESTIONS)), honest=st.integers(0, 6))
def test_the_whole_client_ends_with_an_answer_or_a_declared_error(data, question, honest):
    """Some answers are spoilt, later ones are honest: no other error comes out, and logs are what was sent."""

    def spoil(number: int, body: bytes) -> Reply:
        return data.draw(replies(body)) if number <= honest else Reply(200, body, None)

    way = Spoilt(spoil)
    try:
        found, notes = asked(way, QUESTIONS[question])
    except RwaError as error:
        sound(str(error))
        return
    for note in notes:
        sound(note)
    if question == "logs":
        result = next(
            envelope.result
            for envelope in envelopes(way.bodies[-1])
            if envelope.id == len(envelopes(way.bodies[-1]))
        )
        assert sorted(rows_of(found.logs)) == sorted(slowly(bytes(result)))


@pytest.mark.parametrize("question", sorted(QUESTIONS))
def test_the_little_chain_answers_every_question(question):
    """Unspoilt, the chain of these tests gives each question its answer."""
    found, notes = asked(Spoilt(lambda _, body: Reply(200, body, None)), QUESTIONS[question])
    assert notes == []
    if question == "logs":
        assert rows_of(found.logs) == slowly(json.dumps(logs_of(3, 20)).encode())
    if question == "headers":
        assert [one.block.hash for one in found] == [header(n)["hash"] for n in range(3, 7)]
