"""Whatever a provider writes in place of an answer has one of the known meanings and is safe to show."""

import json
import re
from pathlib import Path

from fuzz_kit import JSON, NUMBERS, WORDS, fuzzed
from hypothesis import strategies as st

from indexer.floor.spans import Span
from indexer.sources.provider_errors import CUT, classify
from indexer.sources.shown import hide

KINDS = {*CUT, "rate", "transient", "missing-state", "absent", "auth", "disabled", "reverted", "unknown"}
PAYLOADS = json.loads((Path(__file__).parents[1] / "data" / "rpc" / "provider_errors.json").read_text())
TEXTS = [row["message"] for row in PAYLOADS]
URL = "https://user:pa55w0rd-secret@k3y-host-0123.node.example/v2/path-key-0123456789?apikey=query-key-9876543210"


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A provider's text, real ones cut and joined, with numbers, spans, URLs and hex put in."""
    parts = st.one_of(
        st.sampled_from(TEXTS),
        st.text(max_size=60),
        WORDS,
        NUMBERS.map(str),
        st.tuples(NUMBERS, NUMBERS).map(lambda pair: f"[{hex(pair[0])}, {hex(pair[1])}]"),
        st.sampled_from(
            [
                URL,
                "0x" + "ab" * 32,
                "retry in 99999s",
                "max ٣٣٣ blocks",
                "limit of 1,000,000,000k",
                " " * 3000,
            ]
        ),
    )
    joined = draw(st.sampled_from(["", " ", "\n", "://", "."])).join(draw(st.lists(parts, max_size=4)))
    at = draw(st.integers(0, len(joined)))
    return joined[at:] if draw(st.booleans()) else joined


@fuzzed(
    600,
    text=texts(),
    status=st.one_of(st.none(), st.integers(100, 599)),
    code=st.one_of(st.none(), NUMBERS, st.sampled_from([-32005, -32000, -32602, -32600, 3])),
    data=st.one_of(
        st.none(), JSON, texts(), st.fixed_dictionaries({"from": WORDS, "to": WORDS, "rate": JSON})
    ),
    asked=st.one_of(
        st.none(),
        st.tuples(st.integers(0, 2**40), st.integers(0, 10**6)).map(lambda p: Span(p[0], p[0] + p[1])),
    ),
)
def test_any_error_has_a_known_meaning_and_believable_hints(text, status, code, data, asked):
    """The kind is a known one, a suggested span is a true part of the asked one, and no key is shown."""
    refusal = classify(status, code, hide(text, URL), data, asked)
    assert refusal.kind in KINDS
    assert asked or status == 413 or refusal.kind not in CUT
    if refusal.span is not None:
        assert asked.first <= refusal.span.first <= refusal.span.last <= asked.last
        assert refusal.span != asked
    if refusal.max_blocks is not None:
        assert refusal.max_blocks > 0
        assert refusal.max_blocks < len(asked)
    assert refusal.max_addresses is None or refusal.max_addresses > 0
    assert refusal.retry_after is None or 0 <= refusal.retry_after < 10_000
    assert refusal.text
    assert refusal.text.isprintable()
    assert len(refusal.text) <= 200
    assert not re.search(r"[a-z]://\S", refusal.text)
    assert not re.search("[0-9a-fA-F]{20}", refusal.text)
    for part in ("pa55w0rd-secret", "k3y-host-0123", "path-key-0123456789", "query-key-9876543210"):
        assert part not in refusal.text
