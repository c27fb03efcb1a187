"""Segments that ended above the final block: asked again whether the chain still has them."""

from __future__ import annotations

from indexer.floor.spans import BlockRef
from indexer.floor.tables import FILES, MOMENTS, READS, SEGMENTS, TRANSACTIONS
from indexer.sources.evm import Evm
from indexer.sync.raw import forget_from
from indexer.sync.session import Session, now


async def settle_tips(work: Session, evm: Evm, final: BlockRef) -> None:
    """Drop segments whose last block the chain no longer has, and mark those final that have become so.

    A block's hash covers all blocks before it, so the hash at a segment's end speaks for the segment. What
    is dropped, with the reads and transactions of its blocks, is missing again, hence fetched again. A block
    that no endpoint has yet is left for later.
    """
    open_ones = [s for s in work.book.rows(SEGMENTS, chain_id=evm.chain_id) if not s["final"]]
    for segment in open_ones:
        stands = await evm.header(segment["last"])
        if stands is None:
            continue
        if stands.hash != segment["last_hash"]:
            for table in (READS, TRANSACTIONS):
                forget_from(work.book, work.lake, table, evm.chain_id, segment["first"])
        moments = work.book.rows(MOMENTS, chain_id=evm.chain_id)
        with work.book.commit() as commit:
            if stands.hash != segment["last_hash"]:
                gone = [m for m in moments if m["block_number"] >= segment["first"]]
                commit.remove(MOMENTS, [{name: m[name] for name in MOMENTS.key} for m in gone])
                commit.remove(SEGMENTS, [{name: segment[name] for name in SEGMENTS.key}])
                if segment["path"]:
                    commit.update(FILES, {"path": segment["path"]}, unlisted_at=now())
                work.progress.note(
                    f"{evm.chain.name}: blocks {segment['first']}..{segment['last']} were replaced by others in "
                    "a reorganisation; they are fetched again."
                )
            elif segment["last"] <= final.number:
                commit.update(SEGMENTS, segment, final=True)
