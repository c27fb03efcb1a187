"""Whatever is typed after `rwa`, the shell sees one of the agreed exit codes and sentences, never a traceback."""

from __future__ import annotations

import io
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from fuzz_arguments import command_lines
from fuzz_kit import fuzzed
from hypothesis import strategies as st
from line_kit import CONFIG, differing, digests_of, recording, run

from indexer.cli.main import main

CODES = frozenset({0, 2, 3, 4, 5, 6, 7})
TERMINATED = 143
ENDLESS = frozenset({"follow", "replay"})
STOPPED_AFTER = 4.0
NAME = "ustb"
KEY = "s3cr3tk3y0123456789"


class Refuses(BaseHTTPRequestHandler):
    """An endpoint that takes no key."""

    def do_POST(self) -> None:
        self.send_error(401)

    def log_message(self, *_: object) -> None:
        """Nothing is told."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Refuses)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/{KEY}"
    server.shutdown()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder to stand in, with a small home under the default name and files of all kinds; the home's digests."""
    folder = tmp_path_factory.mktemp("shell")
    logs = recording(NAME).logs
    run(folder / "rwa-data", NAME, last=logs[len(logs) // 8].block)
    (folder / "a-folder").mkdir()
    (folder / "a-file").write_text("nothing of use\n")
    (folder / "a-link").symlink_to("a-link")
    (folder / "bad.csv").write_text("token,effective_at,price\nustb,2026-02-30,NaN\n")
    (folder / "bad.json.gz").write_bytes(b"\x1f\x8b" + b"x" * 50)
    (folder / "bad.toml").write_text("[[")
    return folder, digests_of(folder / "rwa-data")


@contextmanager
def standing_in(folder: Path, **environment: str) -> Iterator[None]:
    before, kept = Path.cwd(), dict(os.environ)
    os.chdir(folder)
    for name in [name for name in os.environ if name.startswith("RWA_")]:
        del os.environ[name]
    os.environ.update(environment)
    try:
        yield
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(kept)


def rwa(arguments: list[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr; what runs on and on is told to stop, as a service manager would."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", errors) for errors in ("strict", "backslashreplace"))
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    timer = threading.Timer(STOPPED_AFTER, os.kill, (os.getpid(), signal.SIGTERM))
    if not ENDLESS.isdisjoint(arguments):
        timer.start()
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = main(arguments)
    finally:
        timer.cancel()
        signal.signal(signal.SIGTERM, before)
    out.flush()
    err.flush()
    return code, out.buffer.getvalue().decode(), err.buffer.getvalue().decode()


def hold(arguments: list[str]) -> None:
    code, out, err = rwa(arguments)
    assert code in CODES | {TERMINATED}, err
    if code == TERMINATED:
        return  # the signal may have met the test itself
    assert "Traceback" not in err + out
    assert "This is a bug" not in err
    assert KEY not in err
    if code:
        assert err.strip()


@fuzzed(60, data=st.data())
def test_in_an_empty_folder_every_line_ends_well(data, url, tmp_path_factory):
    """Where there is no home yet."""
    with standing_in(tmp_path_factory.mktemp("empty"), RWA_CONFIG=str(CONFIG)):
        hold(data.draw(command_lines(url)))


@fuzzed(60, data=st.data())
def test_over_a_filled_home_every_line_ends_well(data, url, filled):
    """Where there is one, in the default place."""
    with standing_in(filled[0], RWA_CONFIG=str(CONFIG)):
        hold(data.draw(command_lines(url)))


def test_the_filled_home_is_as_it_was(filled):
    """No line that failed, and none that did not, changed a figure."""
    assert differing(filled[1], digests_of(filled[0] / "rwa-data")) == []
