"""Ingest: whom it believes for a request, and where it goes when nobody else is there."""

from __future__ import annotations

from pathlib import Path

from line_kit import Quiet
from rpc_node import ADDRESS, CHAIN, block_hash, blocks, honest, refusing, with_evm
from store_kit import opened

from indexer.floor.filters import filter_of
from indexer.floor.spans import BlockRef, Span
from indexer.floor.tables import SEGMENTS
from indexer.sync.coverage import Task
from indexer.sync.ingest import Ingested, Terms, ingest
from indexer.sync.writer import LogWriter

TASK = Task(Span(1, 10), filter_of(CHAIN, [ADDRESS]))
FINAL = BlockRef(50, block_hash(50), 600)


def fetched(folder: Path, terms: Terms, *nodes: object) -> tuple[Ingested, list[str]]:
    """Return what one request under *terms* reached, and the endpoints that its segments name."""
    book, lake = opened(folder)

    async def act(evm: object) -> Ingested:
        return await ingest(evm, [TASK], LogWriter(book, lake), 1, Quiet(), lambda _: terms)

    try:
        done, _ = with_evm(act, *nodes)
        return done, [row["endpoint"] for row in book.rows(SEGMENTS)]
    finally:
        book.close()


def test_what_is_asked_again_is_asked_elsewhere(tmp_path: Path) -> None:
    """Where another endpoint lives, the one that answered before is not asked."""
    done, told = fetched(tmp_path, Terms(FINAL, frozenset({"node-1"})), honest(), honest())
    assert (done.logs, told) == (2, ["node-2"])
    assert done.touched == set()
    assert fetched(tmp_path / "new", Terms(FINAL), honest())[0].touched == {ADDRESS}


def test_where_nobody_else_serves_the_same_endpoint_is_asked(tmp_path: Path) -> None:
    """A second endpoint that declines, or that is not there, leaves the first one's word."""
    terms = Terms(FINAL, frozenset({"node-1"}))
    declines = honest(eth_getLogs=refusing(-32601, "the method eth_getLogs is not whitelisted"))
    assert fetched(tmp_path / "declines", terms, honest(), declines)[1] == ["node-1"]
    assert fetched(tmp_path / "alone", terms, honest())[1] == ["node-1"]


def test_an_endpoint_on_another_branch_is_not_believed(tmp_path: Path) -> None:
    """Its final block is another one: its logs are not taken, and where nobody else is there none are."""
    forked = honest(eth_getBlockByNumber=lambda n, full: blocks(n, full, fork="bb"))
    assert fetched(tmp_path / "two", Terms(FINAL), forked, honest())[1] == ["node-2"]
    done, told = fetched(
        tmp_path / "one", Terms(FINAL), honest(eth_getBlockByNumber=forked.methods["eth_getBlockByNumber"])
    )
    assert (done.logs, told) == (0, [])
    assert done.stopped is not None
    assert "another block 50 than the chain we follow" in done.stopped
