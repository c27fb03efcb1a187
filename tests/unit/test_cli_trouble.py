import gc
import logging
import signal

import pytest

from indexer.cli.trouble import TERMINATED, debugging, discreet, explain, interrupted, redacted, terminable
from indexer.config import secrets
from indexer.floor import errors

KEY = "0123456789abcdef0123456789abcdef"
URL = f"https://eth-mainnet.node.example/v2/{KEY}"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.Usage("x"), 2),
        (errors.Mismatch("x"), 3),
        (errors.NoEndpoint("x"), 4),
        (errors.HomeBusy("x"), 5),
        (errors.StoreUnusable("x"), 6),
        (errors.Halted("x"), 7),
    ],
)
def test_each_error_has_its_exit_code_and_one_sentence(error, code, capsys):
    """An error raised on purpose is a sentence without a traceback."""
    assert explain(error, [], debug=False) == code
    assert capsys.readouterr().err == "Error: x\n"


def test_debug_adds_the_traceback(capsys):
    """With --debug an expected error shows where it came from."""
    explain(errors.Usage("x"), [], debug=True)
    assert "indexer.floor.errors.Usage: x" in capsys.readouterr().err


def test_an_unexpected_error_is_called_a_bug(capsys):
    """Anything else exits with 1 and names itself a bug of ours."""
    assert explain(KeyError("supply"), [], debug=False) == 1
    assert capsys.readouterr().err.startswith("This is a bug in rwa-indexer: KeyError: 'supply'\n")


@pytest.mark.parametrize(
    "said",
    [
        f"cannot reach {URL}",
        f"Cannot connect to host eth-mainnet.node.example:443 ssl:default ({KEY})",
        f"HTTP 403 for url: {URL}?x=1",
    ],
)
def test_a_bug_report_holds_no_part_of_an_endpoint(said, capsys):
    """A library's message may hold the URL, its host or its key: none of them is printed."""
    explain(RuntimeError(said), ["--rpc", f"ethereum={URL}"], debug=False)
    shown = capsys.readouterr().err
    assert KEY not in shown
    assert "node.example" not in shown


def test_a_url_that_nobody_gave_is_hidden_too():
    """A URL of unknown origin is hidden whole."""
    assert redacted(f"asked {URL}, refused") == "asked (hidden), refused"


def test_an_endpoint_of_the_environment_is_known(monkeypatch):
    """The key of an RWA_RPC_ variable is hidden where it stands alone."""
    monkeypatch.setenv("RWA_RPC_ETHEREUM", URL)
    assert KEY not in redacted(f"bad key {KEY}")


def test_errors_of_several_tasks_are_each_said_once(capsys):
    """A group of expected errors is their sentences, without repeats."""
    group = BaseExceptionGroup("", [errors.NoEndpoint("a"), ExceptionGroup("", [errors.NoEndpoint("a")])])
    assert explain(group, [], debug=False) == 4
    assert capsys.readouterr().err == "Error: a\n"


def test_a_group_with_a_bug_in_it_is_a_bug(capsys):
    """One unexpected error among expected ones is not hidden by them."""
    assert explain(ExceptionGroup("", [errors.Usage("a"), KeyError("b")]), [], debug=False) == 1
    assert "KeyError" in capsys.readouterr().err


def test_a_sentence_with_control_characters_is_escaped(capsys):
    """What an endpoint said cannot command the terminal."""
    explain(errors.NoEndpoint("node said \x1b[2J"), [], debug=False)
    assert capsys.readouterr().err == "Error: node said \\x1b[2J\n"


def test_sigterm_ends_in_an_orderly_way(capsys):
    """SIGTERM unwinds the command, so that locks are given back, and the handler is put back after."""
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as stopped, terminable():
        signal.raise_signal(signal.SIGTERM)
    assert stopped.value.code == TERMINATED
    assert signal.getsignal(signal.SIGTERM) is before
    assert interrupted(TERMINATED) == 143
    assert capsys.readouterr().err == "Terminated; what was committed is kept.\n"


def test_a_query_that_a_signal_ended_is_the_signals_end():
    """DuckDB makes an error of its own of SIGTERM and of Ctrl-C; the shell sees the signal."""
    with pytest.raises(SystemExit) as stopped, terminable():  # noqa: PT012 - the signal needs its handler
        try:
            signal.raise_signal(signal.SIGTERM)
        except SystemExit:
            raise RuntimeError("Query interrupted") from None
    assert stopped.value.code == TERMINATED
    with pytest.raises(KeyboardInterrupt), terminable():
        raise RuntimeError("Query interrupted")


def test_what_is_no_signal_stays_an_error():
    """Any other error passes as it is."""
    with pytest.raises(RuntimeError, match="else"), terminable():
        raise RuntimeError("something else")


@pytest.mark.parametrize(("value", "wanted"), [("", False), ("0", False), ("1", True)])
def test_debugging_may_come_from_the_environment(monkeypatch, value, wanted):
    """RWA_DEBUG turns tracebacks on; empty and 0 are off."""
    monkeypatch.setenv("RWA_DEBUG", value)
    assert debugging(flag=False) is wanted


def test_what_libraries_log_is_cleaned(caplog):
    """A log line and its traceback, as asyncio writes them of a task that nobody awaited, hold no key."""
    secrets.remember([URL])
    with discreet(), caplog.at_level(logging.DEBUG):
        lost = OSError(f"cannot reach {URL}: {KEY[:12]}")
        logging.getLogger("aiohttp.client").error(
            "Task exception was never retrieved: %s", URL, exc_info=lost
        )
    logging.getLogger("after").warning("plain %s", "words")
    assert "OSError" in caplog.text
    assert KEY[:12] not in caplog.text
    assert "node.example" not in caplog.text
    assert "plain words" in caplog.text


def test_an_exception_that_python_ignores_is_cleaned(capsys):
    """What a finalizer raises is told without a key."""

    class Leaking:
        def __del__(self):
            raise RuntimeError(f"closing {URL}")

    with discreet():
        Leaking()
        gc.collect()
    told = capsys.readouterr().err
    assert "RuntimeError" in told
    assert KEY not in told
