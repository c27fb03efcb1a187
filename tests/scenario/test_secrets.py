"""No key of an endpoint's URL leaves the process, whatever a command does and however the endpoint fails."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from leaky import HOST, KEYS, KINDS, TAIL, USER, WORD, leaking, leaks
from line_kit import CONFIG, recording

from indexer.cli.main import main
from indexer.config import secrets
from indexer.serve.misbehave import Faults
from indexer.serve.replay import Replay, serving
from indexer.sources.transport import Manners

COMMANDS = {
    "plan": ["plan", "stbt"],
    "backfill": ["backfill", "stbt"],
    "verify": ["verify"],
    "audit": ["audit", "stbt"],
    "repair": ["repair", "--fork", "stbt"],
    "repair --store": ["repair", "--store"],
    "doctor": ["doctor", "--chain", "stbt"],
    "doctor --probe": ["doctor", "--chain", "stbt", "--probe"],
    "status": ["status"],
    "config": ["config"],
    "chains": ["chains"],
}
UNREACHABLE = {
    "an unknown host": f"http://{USER}:{WORD}@{HOST}.invalid{TAIL}",
    "a closed port": f"http://{USER}:{WORD}@{HOST}.node.example:1{TAIL}",
    "no TLS": "https",
    "a closed WebSocket": f"ws://{USER}:{WORD}@{HOST}.node.example:1{TAIL}",
    "a WebSocket that is none": "ws",
    "a port that is none": f"http://{USER}:{WORD}@{HOST}.node.example:x{TAIL}",
    "an unclosed bracket": f"http://[{HOST}{TAIL}",
    "another scheme": f"ftp://{USER}:{WORD}@{HOST}.node.example{TAIL}",
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up soon, and find every host but the unknown one on this machine."""
    monkeypatch.setattr(Manners.__new__, "__defaults__", (50.0, 12, 0.3, 0.2, 1 << 24))
    asked = socket.getaddrinfo

    def found(host: str, *rest: object, **named: object) -> object:
        here = isinstance(host, str) and host.endswith(".node.example")
        return asked("127.0.0.1" if here else host, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    monkeypatch.delenv("http_proxy", raising=False)
    secrets._known.clear()


def told(
    home: Path,
    rpc: str,
    command: list[str],
    capsys: pytest.CaptureFixture[str],
    logs: pytest.LogCaptureFixture,
) -> str:
    """Return all that a command lets out: both streams, every log line, the database and the lake."""
    logs.clear()
    with logs.at_level(logging.DEBUG):
        main(["--home", str(home), "--config", str(CONFIG), "--rpc", f"stbt={rpc}", "--debug", *command])
    streams = capsys.readouterr()
    return "\n".join([streams.out, streams.err, logs.text, *kept(home)])


def kept(home: Path) -> list[str]:
    """Return what a home holds: every file as it stands, and every row."""
    found = []
    for path in [one for one in home.rglob("*") if one.is_file()]:
        found.append(path.read_bytes().decode("latin-1"))
        if path.suffix == ".parquet":
            found.append(str(pq.read_table(path).to_pylist()))
    if (home / "rwa.db").exists():
        with sqlite3.connect(home / "rwa.db") as con:
            found += con.iterdump()
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_no_answer_of_a_provider_leaks(kind, tmp_path, capsys, caplog):
    """Whatever a provider answers and however it repeats the keys, backfill lets none of them out."""
    with leaking(kind) as provider:
        text = told(tmp_path, provider.url(), COMMANDS["backfill"], capsys, caplog)
    assert provider.count > 0
    assert "stbt-rpc-1" in text
    assert leaks(text) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_leaks(command, tmp_path, capsys, caplog):
    """Every command that knows of endpoints keeps their keys to itself."""
    with leaking("error as it is") as provider:
        text = told(tmp_path, provider.url(), COMMANDS[command], capsys, caplog)
    assert leaks(text) == []


@pytest.mark.parametrize("name", UNREACHABLE)
def test_what_cannot_be_reached_leaks_nothing(name, tmp_path, capsys, caplog):
    """An endpoint that cannot be reached, or a URL that is none, is told without a part of it."""
    with leaking("error as it is") as provider:
        url = UNREACHABLE[name] if ":" in UNREACHABLE[name] else provider.url(scheme=UNREACHABLE[name])
        text = told(tmp_path, url, COMMANDS["backfill"], capsys, caplog)
    assert leaks(text) == []


@pytest.mark.parametrize("where", [0, 1, 2, 3])
def test_a_key_alone_in_its_place_does_not_leak(where, tmp_path, capsys, caplog):
    """A URL with one key only, in the path, the query, the user or the host, is hidden just the same."""
    with leaking("error each alone") as provider:
        port = provider.port
        url = (
            f"http://a.node.example:{port}/v2/{KEYS[0]}", f"http://a.node.example:{port}/?key={KEYS[1]}",
            f"http://{KEYS[2]}@a.node.example:{port}/", f"http://{HOST}.node.example:{port}/",
        )[where]  # fmt: skip
        text = told(tmp_path, url, COMMANDS["backfill"], capsys, caplog)
    key = (*KEYS[:3], HOST)[where]
    assert key[:8] not in text.lower()


def test_a_home_filled_through_errors_holds_no_key(tmp_path, capsys, caplog):
    """Where every third answer repeats the keys, neither the tables nor the exports made of the others do."""
    with (
        serving(Replay([recording("stbt")], Faults())) as behind,
        leaking("half", f"{behind}/stbt") as provider,
    ):
        text = told(tmp_path, provider.url(), COMMANDS["backfill"], capsys, caplog)
        text += told(tmp_path, provider.url(), ["show", "supply", "stbt", "--format", "csv"], capsys, caplog)
        text += told(tmp_path, provider.url(), ["query", "SELECT * FROM segments"], capsys, caplog)
        text += told(tmp_path, provider.url(), ["query", "SELECT * FROM endpoints"], capsys, caplog)
    assert "stbt-rpc-1" in text
    assert any(path.suffix == ".parquet" for path in tmp_path.rglob("*"))
    assert leaks(text) == []


@pytest.mark.parametrize("where", ["settings.toml", "chains.toml", ".env"])
def test_a_crash_leaks_nothing_of_urls_in_files(where, tmp_path, capsys, caplog, monkeypatch):
    """A traceback is cleaned of keys that came from a file, not from the command line."""
    url = f"http://{USER}:{WORD}@{HOST}.node.example:1{TAIL}"
    (tmp_path / "config").mkdir()
    if where == "chains.toml":
        text = f'[stbt]\nid = "eip155:900001"\nendpoints = ["{url}"]\nfinality = "finalized"\n'
        (tmp_path / "config" / where).write_text(text)
    elif where == "settings.toml":
        (tmp_path / "config" / where).write_text(f'[rpc]\nstbt = "{url}"\n')
    else:
        (tmp_path / where).write_text(f"RWA_RPC_STBT={url}\n")
    monkeypatch.chdir(tmp_path)

    def crash(*_: object, **__: object) -> None:
        logging.getLogger("aiohttp.client").error("lost %s", url)
        raise RuntimeError(f"lost {url}, that is {WORD[:12]}")

    monkeypatch.setattr("indexer.sync.backfill.backfill", crash)
    with caplog.at_level(logging.DEBUG):
        main(["--home", str(tmp_path), "--config", str(CONFIG), "backfill", "stbt"])
    streams = capsys.readouterr()
    assert "RuntimeError" in streams.err
    assert leaks(streams.out + streams.err + caplog.text) == []


def test_a_follower_leaks_nothing(tmp_path):
    """A process that follows writes no key either, nor what Python says at its end."""
    with leaking("error as it is") as provider:
        rpc = f"stbt={provider.url(host='127.0.0.1')}"
        line = [
            sys.executable,
            "-X",
            "dev",
            "-m",
            "indexer",
            "--home",
            str(tmp_path),
            "--config",
            str(CONFIG),
        ]
        env = {**os.environ, "PYTHONASYNCIODEBUG": "1"}
        process = subprocess.Popen(
            [*line, "--rpc", rpc, "--debug", "follow", "stbt"], stdout=-1, stderr=-1, text=True, env=env
        )
        time.sleep(5)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    assert provider.count > 0
    assert leaks("\n".join([out, err, *kept(tmp_path)])) == []
