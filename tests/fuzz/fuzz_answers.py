"""JSON-RPC answers, spoilt: bodies with other values, ids and shapes, and bytes that are no answers."""

from __future__ import annotations

import json
from typing import Any

from fuzz_kit import JSON, LEAVES, RAW_JSON, WORDS
from fuzz_logs import near, spoilt_bytes
from hypothesis import strategies as st

from indexer.sources.transport import Reply

ERRORS = st.one_of(
    JSON,
    st.fixed_dictionaries(
        {},
        optional={
            "code": st.one_of(
                st.sampled_from([-32000, -32005, -32600, -32601, -32602, -32603, 3, 429]), JSON
            ),
            "message": st.one_of(st.text(max_size=60), WORDS, JSON),
            "data": JSON,
        },
    ),
)
STATUSES = st.one_of(
    st.just(200), st.sampled_from([200, 204, 302, 400, 401, 404, 405, 413, 429, 500, 503, 599])
)


@st.composite
def spoilt_body(draw: st.DrawFn, body: bytes) -> bytes:
    """An honest body with an envelope, an id or a value inside a result changed."""
    how = draw(st.integers(0, 9))
    if how == 0:
        return draw(spoilt_bytes(body))
    if how == 1:
        return draw(
            st.one_of(
                st.binary(max_size=80), RAW_JSON.map(lambda text: text.encode("utf-8", "surrogatepass"))
            )
        )
    if how == 3:
        error = draw(ERRORS)
        return json.dumps({"jsonrpc": "2.0", "id": draw(st.sampled_from([None, 1])), "error": error}).encode()
    value = json.loads(body)
    answers = value if isinstance(value, list) else [value]
    if how == 2 and len(answers) > 0:
        answers = draw(st.lists(st.sampled_from(answers), max_size=len(answers) + 1))
    for answer in draw(st.lists(st.sampled_from(answers), max_size=2)) if answers else []:
        draw(spoil_one(answer))
    whole: Any = answers if isinstance(value, list) or how == 4 else answers[0] if answers else None
    text = json.dumps(whole)
    raw = draw(RAW_JSON) if '"RAW"' in text else ""
    return text.replace('"RAW"', raw).encode("utf-8", "surrogatepass")


@st.composite
def spoil_one(draw: st.DrawFn, answer: dict[str, Any]) -> None:
    """Change one answer where it stands."""
    how = draw(st.integers(0, 6))
    if how == 0:
        answer["id"] = draw(st.one_of(LEAVES, st.integers(0, 5), st.integers(0, 5).map(str), st.just("RAW")))
    elif how == 1:
        answer.pop(draw(st.sampled_from(["id", "result", "jsonrpc"])), None)
    elif how == 2:
        answer["error"] = draw(ERRORS)
        if draw(st.booleans()):
            answer.pop("result", None)
    elif how == 3:
        answer["result"] = draw(st.one_of(JSON, st.just("RAW")))
    else:
        place, key = draw(somewhere(answer, "result"))
        place[key] = draw(st.one_of(JSON, near(place[key]), st.just("RAW")))


@st.composite
def somewhere(draw: st.DrawFn, place: Any, key: Any) -> tuple[Any, Any]:
    """A place within *place[key]*, as its container and key."""
    while True:
        inner = place.get(key) if isinstance(place, dict) else place[key]
        keys = (
            list(inner)
            if isinstance(inner, dict)
            else list(range(len(inner)))
            if isinstance(inner, list)
            else []
        )
        if not keys or draw(st.integers(0, 4)) == 0:
            place.setdefault(key, None) if isinstance(place, dict) else None
            return place, key
        place, key = inner, draw(st.sampled_from(keys))


@st.composite
def replies(draw: st.DrawFn, body: bytes) -> Reply:
    """What comes back in place of an honest *body*."""
    status = draw(STATUSES)
    after = draw(st.sampled_from([None, None, 0.0, 1.0, 120.0]))
    return Reply(status, draw(spoilt_body(body)) if draw(st.integers(0, 9)) else body, after)
