"""`rwa follow` as the process that operators run: signals, kills, and going on."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from pathlib import Path

from anvil_kit import CHAIN, deployed, mine, running, send, url_of
from own_chain import Named, home_of, write_config
from test_follow import PATIENCE, Place, act, assert_equal, caught_up, frontier

ENDS = {signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGKILL: -signal.SIGKILL}


def started(place: Place) -> subprocess.Popen[str]:
    """Start the command as a shell would, where Ctrl-C ends it also if this process was put into the background."""
    settings = place.home.settings
    before = [
        "--home",
        str(settings.home),
        "--config",
        str(settings.config),
        "--rpc",
        f"anvil={url_of(place.web3)}",
    ]
    return subprocess.Popen(
        [sys.executable, "-m", "indexer", *before, "follow", "ledger"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=take_interrupts,  # noqa: PLW1509 - it takes no lock that a thread could hold
    )  # fmt: skip


def take_interrupts() -> None:
    """Undo what a shell does to a background job, that its children inherit: it ignores SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_every_way_to_end_keeps_what_was_committed(tmp_path: Path) -> None:
    """SIGTERM ends with 143, Ctrl-C with 130, both in good order; after kill -9 it goes on all the same."""
    draw = random.Random(9)
    with running(finality=64) as web3:
        contract, block = deployed(web3, "Ledger")
        send(web3, contract.functions.mint(web3.eth.accounts[0], 10**30))
        mine(web3, 1)
        config = write_config(
            tmp_path / "config", "anvil", CHAIN, [Named("ledger", contract.address, decimals=18, start=block)]
        )
        place = Place(web3, contract, home_of(tmp_path / "home", config, f"anvil={url_of(web3)}"))
        for number, code in ENDS.items():
            process = started(place)
            try:
                act(place, 6, draw)
                asyncio.run(caught_up(place))
                reached = frontier(place)
                act(place, 2, draw)
                process.send_signal(number)
                out, err = process.communicate(timeout=PATIENCE)
            finally:
                process.kill()
            assert process.returncode == code, err
            assert out == ""
            assert "Traceback" not in err
            now = frontier(place)
            assert reached is not None
            assert now is not None
            assert now >= reached
            assert place.home.values("SELECT following FROM heads") == [number == signal.SIGKILL]
            if number != signal.SIGKILL:
                assert "what was committed is kept" in err
        process = started(place)
        try:
            act(place, 1, draw)
            asyncio.run(caught_up(place))
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)
        assert_equal(place)
