"""The book of audits: what is cut, drawn, proven and left, and what proof that makes of a segment."""

from __future__ import annotations

import pytest
from ledger_kit import CHAIN_ID, MOVE, logs_of, transfer
from store_kit import NOW, ONE, filter_row, segment

from indexer.floor.spans import Span
from indexer.sync.audits import (
    audit_row,
    cost_of,
    digest_of,
    logs_in,
    parts_of,
    proof_of,
    sampled,
    standing,
    unproven,
)  # fmt: skip
from indexer.sync.coverage import book_of
from indexer.sync.proving import Finding, Unit

LOGS = logs_of(transfer(5, 0, MOVE, 1), transfer(1500, 0, MOVE, 2))


def parts(level="bloom", window=None, *segments):
    held = list(segments) or [segment(0, 2499)]
    return parts_of(book_of(held, [filter_row(ONE)], CHAIN_ID), held, level, window)


def spans(found):
    return [tuple(part.unit.span) for part in found]


def verdict(first, last, level="bloom", word="pass", logs=LOGS, **hashes):
    unit = Unit(ONE, Span(first, last), level, frozenset())
    finding = Finding(unit, word, **hashes)
    return audit_row(finding, logs_in(logs, unit.span), NOW)


def test_a_segment_is_cut_at_whole_multiples():
    """Pieces begin at multiples of their size, whatever the window, so that another run cuts the same."""
    assert spans(parts()) == [(0, 999), (1000, 1999), (2000, 2499)]
    assert spans(parts("bloom", Span(1500, 2100))) == [(1500, 1999), (2000, 2100)]
    assert spans(parts("agreed")) == [(0, 2499)]


def test_provisional_blocks_are_not_audited():
    """What is not final yet is asked again anyway; a red certificate asks for it all the same."""
    held = [segment(0, 9, final=False)]
    assert parts("bloom", None, *held) == []
    book = book_of(held, [filter_row(ONE)], CHAIN_ID)
    assert spans(parts_of(book, held, "bloom", provisional=True)) == [(0, 9)]


def test_a_verdict_holds_for_its_logs_only():
    """Once a log of the span changes, the verdict on it does not count."""
    rows = [verdict(0, 999), verdict(1000, 1999)]
    assert len(standing(rows, segment(0, 2499), LOGS)) == 2
    changed = logs_of(transfer(5, 0, MOVE, 3), transfer(1500, 0, MOVE, 2))
    assert [row["first"] for row in standing(rows, segment(0, 2499), changed)] == [1000]


def test_what_is_left_is_what_no_good_verdict_covers():
    """A stronger level counts for a weaker one, a weaker or a bad one does not."""
    (part,) = parts("bloom", Span(0, 999))
    rows = [verdict(0, 99, "receipts"), verdict(200, 299, "agreed"), verdict(300, 399, word="exception")]
    assert spans(unproven(rows, part)) == [(100, 299), (400, 999)]


@pytest.mark.parametrize(
    ("rows", "proof"),
    [
        ([], "end_block"),
        ([verdict(0, 999)], "end_block"),
        ([verdict(0, 2499, "agreed")], "agreed"),
        ([verdict(0, 999, "receipts"), verdict(1000, 2499)], "bloom"),
        ([verdict(0, 2499, word="exception")], "bloom"),
        ([verdict(0, 2499, "receipts", word="repaired")], "receipts"),
    ],
)
def test_the_weakest_part_is_the_proof_of_a_segment(rows, proof):
    """A segment has the level that all of its blocks have."""
    assert proof_of(segment(0, 2499), rows) == proof


def test_headers_must_be_one_chain_that_ends_in_the_segment():
    """Spans whose headers do not link up, or end in another block than the segment, prove nothing together."""
    end = segment(0, 2499)["last_hash"]
    linked = [verdict(0, 999, last_hash="0xa"), verdict(1000, 2499, parent_hash="0xa", last_hash=end)]
    broken = [verdict(0, 999, last_hash="0xa"), verdict(1000, 2499, parent_hash="0xb", last_hash=end)]
    elsewhere = [verdict(0, 2499, last_hash="0xc")]
    assert [proof_of(segment(0, 2499), rows) for rows in (linked, broken, elsewhere)] == [
        "bloom", "end_block", "end_block",
    ]  # fmt: skip


def test_a_sample_is_drawn_again_by_its_seed():
    """The same seed draws the same spans, as many as asked or such a share of them."""
    all_of = parts("receipts")
    assert sampled(all_of, 3, "x") == sampled(all_of, 3, "x")
    assert len(sampled(all_of, 3, "x")) == 3
    assert len(sampled(all_of, 0.2, "x")) == 2
    assert len({tuple(spans(sampled(all_of, 3, str(seed)))) for seed in range(9)}) > 1


def test_the_cost_is_headers_and_at_most_every_block():
    """Headers come 49 in a request, beside our block; at most each block's receipts are asked for beside them."""
    assert cost_of(parts("bloom")) == (2500, 53, 2553)
    assert cost_of(parts("agreed")) == (2500, 1, 2501)


def test_a_digest_names_logs_and_their_order():
    """Other logs, or none, have another digest."""
    assert digest_of(LOGS) == digest_of(LOGS.slice(0))
    assert digest_of(LOGS) != digest_of(LOGS.slice(1))
