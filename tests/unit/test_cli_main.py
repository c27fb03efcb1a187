import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from indexer.cli.main import COMMANDS, app, main

DOCS = Path(__file__).parents[2] / "docs" / "cli.md"
HEAVY = ("web3", "sqlmodel", "sqlalchemy", "pyarrow", "duckdb", "pydantic", "rich", "aiohttp", "numpy")
CONTRACT = {
    "tokens", "chains", "terms", "config", "plan", "backfill", "metrics", "rebuild", "verify", "status", "show",
    "query", "league", "import", "replay", "serve",
    "doctor", "demo", "follow", "reconcile", "export", "repair", "audit",
}  # fmt: skip


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Every command runs in an empty folder, with no setting from the environment."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("RWA_")]:
        monkeypatch.delenv(name)


def imported_by(*arguments):
    """The heavy modules that a fresh process has after running the command."""
    code = (
        "import sys\nfrom indexer.cli.main import main\n"
        f"main({list(arguments)!r})\n"
        f"print('IMPORTED', *[m for m in {HEAVY!r} if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].split()[1:]


def test_help_imports_nothing_heavy():
    """`rwa --help` is instant because no engine, database or network library is loaded."""
    assert imported_by("--help") == []


@pytest.mark.parametrize("name", ["backfill", "show", "query", "demo"])
def test_a_commands_help_imports_nothing_heavy(name):
    """Each command's help is light too; typer itself looks at parameters with pydantic."""
    assert set(imported_by(name, "--help")) <= {"pydantic"}


def test_the_commands_are_those_that_were_agreed():
    """No command is missing, none is there under another name."""
    assert set(COMMANDS) == CONTRACT


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_commands_help_has_an_example_of_itself(name):
    """The help of a command ends in a line that one can copy."""
    shown = CliRunner().invoke(app, [name, "--help"])
    assert shown.exit_code == 0
    assert re.search(rf"Example: rwa .*\b{name}\b", shown.stdout)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_and_option_is_documented(name):
    """docs/cli.md speaks of each command; each option of its help stands there too."""
    text = DOCS.read_text("utf-8")
    assert f"`rwa {name}" in text
    shown = CliRunner().invoke(app, [name, "--help"]).stdout
    missing = [option for option in re.findall(r"^ +(--[a-z-]+)", shown, re.MULTILINE) if option not in text]
    assert missing == []


def test_every_option_before_the_command_is_documented():
    """docs/cli.md has each global option."""
    text = DOCS.read_text("utf-8")
    shown = CliRunner().invoke(app, ["--help"]).stdout
    found = re.findall(r"^ +(?:-q, )?(--[a-z-]+)", shown, re.MULTILINE)
    assert {"--home", "--rpc", "--quiet"} <= set(found)
    assert [option for option in found if option not in text and "completion" not in option] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["backfil", "ustb"], "Did you mean 'backfill'"),
        (["show", "price", "ustb"], "rollforward"),
        (["show", "supply"], "Missing argument"),
        (["show", "supply", "nope"], "Token 'nope' is unknown"),
        (["show", "supply", "ustb", "--at", "noon"], "--at 'noon'"),
        (["show", "supply", "ustb", "--at", "5", "--from", "2025-01-01"], "one of the two"),
        (["show", "supply", "ustb", "--known-on", "2999-01-01"], "lies in the future"),
        (["show", "supply", "ustb", "--known-on", "2025-01-01", "--at", "5"], "--known-on tells days"),
        (["show", "supply", "ustb", "--at", "9" * 23], "past every block"),
        (["show", "supply", "ustb", "--from", "2025-01-02", "--to", "2025-01-01"], "lies after --to"),
        (["show", "balances", "ustb", "--to", "2025-01-01"], "Balances is told of one moment"),
        (["show", "price", "ustb"], "'what': 'price' is not one of"),
        (["show", "transfers", "ustb", "--plot"], "Entries of the ledger are no picture"),
        (["show", "supply", "ustb"], "There is no data in"),
        (["show", "supply", "ustb", "--chain", "moon"], "--chain 'moon'"),
        (["query", "SELECT 1"], "There is no data in"),
        (["status"], "no tokens yet"),
        (["backfill"], "no tokens yet"),
        (["import", "prices", "x.csv"], "external-supply"),
        (["import", "navs", "x.csv"], "x.csv cannot be read (No such file or directory)"),
        (["backfill", "--all", "ustb"], "--all takes every indexed token"),
        (["backfill", "ustb", "--since", "3m"], "--since '3m'"),
        (["show", "supply", "ustb", "--limit", "9" * 4000], "--limit"),
        (["query", "SELECT 1", "--limit", str(2**63)], "--limit"),
        (["backfill", "ustb", "--workers", "0"], "--workers"),
        (["tokens", "--json", "--format", "csv"], "contradict"),
        (["tokens", "0x123"], "is not an EVM address"),
        (["--sql", "some", "tokens"], "--sql"),
        (["--rpc", "ethereum", "tokens"], "--rpc"),
        (["--config", "nowhere", "tokens"], "nowhere"),
        (["replay", "nowhere.json.gz"], "nowhere.json.gz"),
    ],
)
def test_wrong_use_is_a_sentence_and_exit_2(arguments, said, capsys):
    """Whatever is typed wrongly is refused with 2 and says what it was about, without a traceback."""
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "Traceback" not in err


def test_a_global_option_after_the_command_is_told_its_place(capsys):
    """`rwa tokens --home X` says where --home belongs."""
    assert main(["tokens", "--home", "x"]) == 2
    assert "--home stands before the command" in capsys.readouterr().err


def test_a_refused_rpc_option_does_not_repeat_its_key(capsys):
    """What was given with --rpc may hold a key, so no error shows it."""
    assert main(["--rpc", "ethereum=ftp://secret-key-0123456789", "tokens"]) == 2
    assert main(["--rpc", "moon=https://node.example/secret-key-0123456789", "tokens"]) == 2
    assert main(["tokens", "--rpc", "ethereum=https://node.example/secret-key-0123456789"]) == 2
    assert "secret" not in capsys.readouterr().err


def test_without_arguments_the_help_is_shown(capsys):
    """A bare `rwa` shows what there is."""
    assert main([]) == 0
    assert "backfill" in capsys.readouterr().out


def test_the_version_is_printed(capsys):
    """--version names the distribution."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("rwa-indexer ")


def test_a_reader_that_has_seen_enough_is_no_error():
    """`rwa tokens | head -1` ends without a word on stderr."""
    command = [sys.executable, "-m", "indexer", "tokens", "--format", "csv"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        running.stdout.close()
        assert running.wait(timeout=30) == 0
        assert running.stderr.read() == ""


def test_an_address_says_which_token_it_is(capsys):
    """`rwa tokens 0x…` answers with the token at that address."""
    assert main(["tokens", "ustb", "--format", "csv"]) == 0
    address = re.search("0x[0-9a-f]{40}", capsys.readouterr().out)[0]
    assert main(["tokens", address, "--format", "csv"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("ustb,")


def test_an_address_that_is_no_token_is_said_to_be_none(capsys):
    """An address that nobody configured is an answer, not an error."""
    assert main(["tokens", "0x" + "12" * 20, "--json"]) == 0
    out, err = capsys.readouterr()
    assert out == "[]\n"
    assert "is no token" in err


def test_tokens_without_a_name_are_told_by_platform(capsys):
    """`rwa tokens` has a row for each of the ten platforms: what is indexed, what is known only, how sure."""
    assert main(["tokens", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 10
    for row in rows:
        assert row["indexed"] + row["known"] == row["contracts"] == row["high"] + row["medium"] + row["low"]


def test_all_tokens_are_a_row_for_each_contract(capsys):
    """`rwa tokens --all` lists the contracts that the platforms' rows count, and takes no names."""
    assert main(["tokens", "--json"]) == 0
    counted = sum(row["contracts"] for row in json.loads(capsys.readouterr().out))
    assert main(["tokens", "--all", "--format", "csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == counted + 1
    assert main(["tokens", "--all", "ustb"]) == 2


def test_a_platform_is_its_tokens(capsys):
    """`rwa tokens PLATFORM` lists the contracts of its tokens."""
    assert main(["tokens", "superstate", "--json"]) == 0
    assert {row["token"] for row in json.loads(capsys.readouterr().out)} == {"ustb", "uscc"}


def test_one_address_on_two_chains_is_two_rows(capsys):
    """An address that is one token on Ethereum and another on Base is both, each with its chain."""
    assert main(["tokens", "0xaD55aebc9b8c03FC43cd9f62260391c13c23e7c0", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {(row["token"], row["chain"]) for row in rows} == {("cusdo", "ethereum"), ("usdo", "base")}


def test_a_lookalike_is_told_from_the_token(capsys):
    """An address that only calls itself like a token is no row, and is said to be another thing."""
    assert main(["tokens", "0xfa4c775800a63f16214ef4215cad5da983b7a314", "--json"]) == 0
    out, err = capsys.readouterr()
    assert out == "[]\n"
    assert "is not BUIDL of securitize" in err


def test_a_token_warns_of_its_lookalikes(capsys):
    """Who asks for a token by name hears of the contracts that may be taken for it."""
    assert main(["tokens", "buidl", "--json"]) == 0
    assert "Look-alike: 0xfa4c775800a63f16214ef4215cad5da983b7a314 on bsc" in capsys.readouterr().err


def test_an_address_of_many_tokens_is_told_once(capsys):
    """A wallet that 605 tokens share is one sentence for each of its roles."""
    assert main(["tokens", "0x5F7A4c11bde4f218f0025Ef444c369d838ffa2aD"]) == 0
    told = capsys.readouterr().err.splitlines()
    assert "issuer_float of 605 tokens" in told[0]
    assert len(told) == 2


def test_chains_that_are_only_known_have_no_endpoint(capsys):
    """`rwa chains` has the chains of tokens that are not indexed too."""
    assert main(["chains", "--json"]) == 0
    rows = {row["chain"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["ethereum"]["endpoints"]
    assert (rows["solana"]["endpoints"], rows["solana"]["tokens"]) == (None, 0)
    assert rows["solana"]["known"] > 0


def test_terms_are_those_of_a_tokens_platform(capsys):
    """`rwa terms TOKEN` says who may buy it, with the document and its date."""
    assert main(["terms", "ustb", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["term"] for row in rows] == ["region", "investors", "structure", "fees", "redemption"]
    assert {row["platform"] for row in rows} == {"superstate"}
    assert all(row["as_of"] and row["source"] for row in rows)


def test_config_shows_where_a_value_came_from(capsys, monkeypatch):
    """`rwa config` has the origin of each value, and of an endpoint its name only."""
    monkeypatch.setenv("RWA_RPC_ETHEREUM", "https://node.example/secret-key-0123456789")
    assert main(["--home", "here", "config", "--format", "csv"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^home,.*/here,flag$", out, re.MULTILINE)
    assert "rpc ethereum,ethereum-rpc-1,environment" in out
    assert "secret" not in out
