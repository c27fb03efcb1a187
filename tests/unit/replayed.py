"""What the tests of the replayed endpoint share: the recordings, and a client that sends one call."""

from __future__ import annotations

import gzip
import json
import urllib.request
from functools import cache
from pathlib import Path

from indexer.serve.recording import Recording

FOLDER = Path(__file__).parents[1] / "recordings"
NAMES = ("ustb", "stbt", "dstoken", "tbill")
SUPPLY = "0x18160ddd"
ZERO = "0x" + "0" * 64
ALL = {"fromBlock": "earliest", "toBlock": "latest"}
HEADER, WHOLE = False, True


@cache
def recorded(name: str) -> Recording:
    return Recording(FOLDER / f"{name}.json.gz")


@cache
def content(name: str) -> dict:
    return json.loads(gzip.decompress((FOLDER / f"{name}.json.gz").read_bytes()))


def token(name: str, key: str) -> str:
    return content(name)["tokens"][key]["address"].lower()


def fetched(url: str, body: bytes | None = None) -> object:
    with urllib.request.urlopen(urllib.request.Request(url, body)) as answer:
        return json.loads(answer.read())


def sent(url: str, method: str, *params: object) -> dict:
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return fetched(url, json.dumps(request).encode())
