"""A file that is no recording is refused in a sentence, whatever is in it, and takes little memory."""

from __future__ import annotations

import gzip
import json
import re
import resource
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from fuzz_answers import somewhere
from fuzz_kit import JSON, RAW_JSON, fuzzed, sentences
from fuzz_logs import near, spoilt_bytes
from hypothesis import strategies as st

from indexer.floor.errors import Usage
from indexer.floor.spans import Span
from indexer.serve.recording import Recording

WHOLE = Path(__file__).parents[1] / "recordings" / "ustb.json.gz"
BOMB_BYTES = 3 << 30
ROOM = 2 << 30


@cache
def small() -> dict[str, Any]:
    """The first blocks of a recording, with the logs, transactions and state that belong to them."""
    whole = json.loads(gzip.decompress(WHOLE.read_bytes()))
    whole["blocks"] = whole["blocks"][:6]
    last = int(whole["blocks"][-1]["number"], 16)
    whole["logs"] = [log for log in whole["logs"] if int(log["blockNumber"], 16) <= last]
    place = whole["tx_fields"].index("block")
    whole["txs"] = [row for row in whole["txs"] if row[place] <= last]
    truth = whole["truth"]
    truth["samples"] = [one for one in truth["samples"] if one["block"] <= last][:2]
    for changes in truth["per_block_changes"].values():
        for name, series in changes.items():
            changes[name] = [pair for pair in series if pair[0] <= last]
    return {name: whole[name] for name in whole if name in KEPT}


KEPT = ("format", "chain_id", "blocks", "logs", "tx_fields", "txs", "contracts", "tokens", "truth")


@st.composite
def spoilt_recordings(draw: st.DrawFn) -> bytes:
    """The bytes of a recording with a few values, keys or bytes changed, gzipped or not."""
    content = {"whole": json.loads(json.dumps(small()))}
    for _ in range(draw(st.integers(0, 2))):
        place, key = draw(somewhere(content, "whole"))
        how = draw(st.integers(0, 3))
        if how == 0 and isinstance(place, dict):
            del place[key]
        else:
            place[key] = draw(st.one_of(JSON, near(place[key]), st.just("RAW")))
        content.setdefault("whole", None)
    text = json.dumps(content["whole"])
    body = text.replace('"RAW"', draw(RAW_JSON) if '"RAW"' in text else "").encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 3)) == 0:
        body = draw(spoilt_bytes(body))
    if draw(st.booleans()):
        body = gzip.compress(body, 1)
        body = draw(spoilt_bytes(body)) if draw(st.booleans()) else body
    return body


def told(error: Usage) -> None:
    """Hold what is said of a refused recording."""
    sentences(str(error))
    assert "spoilt.json.gz" in str(error)


@fuzzed(100, body=spoilt_recordings())
def test_a_spoilt_recording_loads_or_is_told(body):
    """What loads answers questions; what does not is wrong use, with the file's name."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "spoilt.json.gz"
        path.write_bytes(body)
        try:
            played = Recording(path)
        except Usage as error:
            told(error)
            return
    assert played.block_body(played.head) is not None
    assert len(played.select(Span(played.first, played.head), None, ())) == len(played.logs)


def test_a_gzip_bomb_is_refused_before_it_fills_the_memory(tmp_path):
    """Three gigabytes of blanks in three megabytes are not unpacked."""
    bomb = tmp_path / "bomb.json.gz"
    bomb.write_bytes(gzip.compress(b" " * (1 << 24)) * (BOMB_BYTES >> 24))
    code = f"from indexer.cli.main import main; raise SystemExit(main(['replay', {str(bomb)!r}]))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (ROOM, ROOM)),
    )
    assert done.returncode == 2, done.stderr
    assert "unpacks to more than" in done.stderr


@pytest.mark.parametrize("path", ["/dev/zero", "/", "x" * 300, "a\0b"])
def test_what_is_no_file_is_told(path):
    """A device without end, a folder and an impossible name are wrong use."""
    with pytest.raises(Usage, match=re.escape(path[:9])):
        Recording(path)
