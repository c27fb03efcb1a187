"""The commands on a real home: the one that `rwa demo` makes."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.cli.main import main
from indexer.serve.misbehave import Faults
from indexer.serve.recording import Recording
from indexer.serve.replay import Replay, serving
from indexer.store.home import writing

RECORDINGS = Path(__file__).parents[1] / "recordings"
TOTAL_SUPPLY = "0x18160ddd"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    """No setting comes from the environment."""
    for name in [name for name in os.environ if name.startswith("RWA_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home that the demo made, and what it printed."""
    place = tmp_path_factory.mktemp("demo") / "home"
    done = subprocess.run(
        [sys.executable, "-m", "indexer", "demo", "--home", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return place, done.stdout


def answer(home, capsys, *arguments):
    """The JSON rows of a command on the demo's home."""
    assert main(["--home", str(home[0]), *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def played(**faults):
    """A local endpoint of the recorded USTB."""
    return serving(Replay([Recording(RECORDINGS / "ustb.json.gz")], Faults(**faults)))


def test_the_demo_says_that_its_chains_are_recorded(home):
    """The first words of the demo are honest about what is real and what is simulated."""
    assert "recorded chains" in home[1]
    assert "simulated activity" in home[1]


def test_the_demo_passes_its_certificates(home):
    """Every token of the demo is compared with its contract, and nothing differs."""
    part = home[1].partition("Certificates:")[2].partition("supply of")[0]
    assert "verdict pass" in part
    assert [line.split()[0] for line in part.splitlines()[4:8]] == ["ustb", "stbt", "wstbt", "tbill"]


def test_the_demo_fits_a_hundred_columns(home):
    """Every line of the demo is readable in 100 columns."""
    assert max(len(line) for line in home[1].splitlines() if str(home[0]) not in line) <= 104


def test_the_demo_runs_again_on_its_home(home, capsys):
    """A second run on the same folder fetches no logs and ends well."""
    before = answer(
        home, capsys, "query", "SELECT chain_id, filter_id, first, last FROM segments ORDER BY ALL"
    )
    assert main(["demo", "--home", str(home[0])]) == 0
    capsys.readouterr()
    assert (
        answer(home, capsys, "query", "SELECT chain_id, filter_id, first, last FROM segments ORDER BY ALL")
        == before
    )


def test_the_demo_leaves_another_folder_alone(tmp_path, capsys):
    """A folder that holds something else is refused, not filled."""
    (tmp_path / "thesis.txt").write_text("mine")
    assert main(["demo", "--home", str(tmp_path)]) == 2
    assert "holds something else" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    "command",
    [
        ["show", "supply", "ustb"],
        ["show", "balances", "stbt", "--at", "300"],
        ["query", "SELECT count(*) FROM transfers"],
        ["status"],
    ],
)
def test_reading_imports_neither_web3_nor_sqlalchemy(home, command):
    """The read path pays for DuckDB and Arrow only."""
    code = (
        "import sys\nfrom indexer.cli.main import main\n"
        f"code = main({['--home', str(home[0]), *command]!r})\n"
        "print('IMPORTED', code, *[m for m in ('web3', 'sqlmodel', 'sqlalchemy', 'alembic') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "IMPORTED 0"


@pytest.mark.parametrize(
    "what", ["supply", "rollforward", "holders", "balances", "flows", "transfers", "nav", "product"]
)
def test_every_answer_comes_in_every_format(home, what, capsys):
    """Each answer of `rwa show` is a table, JSON with every column, and CSV with the same ones."""
    rows = answer(home, capsys, "show", what, "stbt")
    assert ({"product", "day"} if what == "product" else {"token", "chain_id"}) <= set(rows[0])
    assert main(["--home", str(home[0]), "show", what, "stbt", "--format", "csv"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].split(",") == list(rows[0])
    assert len(out) == len(rows) + 1
    assert main(["--home", str(home[0]), "show", what, "stbt"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 100


def test_status_names_chains_without_canaries_in_a_line(home, capsys):
    """Where nothing proves that old logs are there, one sentence on stderr says so; -q leaves it out."""
    assert main(["--home", str(home[0]), "status"]) == 0
    (said,) = [line for line in capsys.readouterr().err.splitlines() if "canary" in line]
    assert said.startswith("Nothing proves that the endpoints of ")
    assert main(["--home", str(home[0]), "-q", "status"]) == 0
    assert "canary" not in capsys.readouterr().err


def test_supply_ends_with_a_row_for_now(home, capsys):
    """The last row of supply is the newest indexed block, with every digit as text."""
    last = answer(home, capsys, "show", "supply", "ustb")[-1]
    assert (last["as_of"], last["block_number"], last["supply"]) == ("now", 394, "18562425.439527")


def test_a_product_is_its_tokens(home, capsys):
    """--product asks for all tokens of a product, a row each and no total."""
    rows = answer(home, capsys, "show", "supply", "stbt", "--product", "--at", "400")
    assert [row["token"] for row in rows] == ["stbt", "wstbt"]


def test_supply_can_be_drawn(home, capsys):
    """--plot draws and prints no rows."""
    assert main(["--home", str(home[0]), "show", "supply", "stbt", "--plot"]) == 0
    assert capsys.readouterr().out.startswith("supply of stbt on eip155:900001\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["supply", "benji"], "benji is not in this home; fetch it first: `rwa backfill benji`"),
        (["flows", "buidl", "--product"], "buidl and buidl-i are not in this home"),
        (["supply", "stbt", "--chain", "ethereum"], "This home has stbt on stbt, not on ethereum"),
    ],
)
def test_what_is_not_in_the_home_is_refused(home, capsys, arguments, said):
    """A token or a chain that was never fetched is no empty answer: what to do is said."""
    assert main(["--home", str(home[0]), "show", *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("command", ["metrics", "rebuild", "status"])
def test_a_command_on_what_is_not_in_the_home_is_refused(home, capsys, command):
    """Work on a token that was never fetched is not done in silence."""
    assert main(["--home", str(home[0]), command, "benji"]) == 2
    assert "benji is not in this home; fetch it first" in capsys.readouterr().err


def test_days_without_a_row_name_those_of_the_home(home, capsys):
    """An empty answer says which days there are, also where supply was to be drawn."""
    asked = ["--home", str(home[0]), "show", "supply", "stbt", "--from", "2010-01-01"]
    assert main([*asked, "--to", "2010-02-01"]) == 0
    assert "This home has stbt from 2023-09-05 to 2024-01-09." in capsys.readouterr().err
    assert main([*asked[:-1], "2030-01-01", "--plot"]) == 0
    assert "There is no day to draw" in capsys.readouterr().err


def printed():
    """Every command on the demo's home and every query that README and docs print, as arguments."""
    root = RECORDINGS.parents[1]
    pages = {path: path.read_text() for path in (root / "README.md", *sorted((root / "docs").rglob("*.md")))}
    for path, text in pages.items():
        commands = re.findall(r"^rwa --home rwa-demo (.+)$", text, re.MULTILINE)
        # A server runs until it is stopped; tests/scenario/test_serve.py has it.
        asked = [shlex.split(command) for command in commands if not command.startswith("serve")]
        asked += [["query", sql] for sql in re.findall(r'rwa query "(SELECT [^"…]+)"', text)]
        blocks = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
        asked += [["query", sql] for sql in blocks if not sql.startswith("CREATE ROLE")]  # PostgreSQL's own
        yield from (pytest.param(one, id=f"{path.stem} {' '.join(one)[:40]}") for one in asked)


@pytest.mark.parametrize("arguments", list(printed()))
def test_what_the_pages_print_runs(home, capsys, arguments):
    """A reader can copy each command and each query of README and docs."""
    assert main(["--home", str(home[0]), *arguments]) == 0
    assert "Error" not in capsys.readouterr().err


def test_a_query_says_when_it_was_cut(home, capsys):
    """Rows beyond the limit are not dropped in silence."""
    assert main(["--home", str(home[0]), "query", "SELECT * FROM transfers", "--limit", "2", "--json"]) == 0
    out, err = capsys.readouterr()
    assert len(json.loads(out)) == 2
    assert "first 2 rows" in err


def test_a_query_of_the_exact_size_was_not_cut(home, capsys):
    """Where the limit is just enough there is nothing to say."""
    assert main(["--home", str(home[0]), "query", "SELECT 1 AS n", "--limit", "1"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "sql", ["DROP VIEW logs", "SELECT 1; SELECT 2", "SELECT * FROM read_text('/etc/hostname')"]
)
def test_a_query_that_does_more_than_read_tables_is_refused(home, sql, capsys):
    """Anything but one SELECT over the tables ends with 2."""
    assert main(["--home", str(home[0]), "query", sql]) == 2
    assert capsys.readouterr().out == ""


def test_a_total_supply_that_is_off_by_one_wei_exits_3(home, capsys):
    """verify prints both figures and exits with 3 where the contract says another one."""
    contract = answer(home, capsys, "tokens", "ustb")[0]["address"]
    with played(call_override={(contract, TOTAL_SUPPLY): 1}) as url:
        assert main(["--home", str(home[0]), "--rpc", f"ustb={url}", "verify", "ustb", "--json"]) == 3
    out, err = capsys.readouterr()
    row = json.loads(out)[0]
    assert row["verdict"] == "fail"
    assert int(row["contract_supply_raw"]) - int(row["supply_raw"]) == 1
    assert "ustb on eip155:900005 at block 394" in err


def test_without_an_endpoint_a_backfill_exits_4(home, capsys):
    """A chain without an endpoint is a sentence with what to give, and 4."""
    assert main(["--home", str(home[0]), "backfill", "ustb"]) == 4
    assert "--rpc ustb=" in capsys.readouterr().err


def test_a_second_writer_exits_5_and_a_reader_does_not(home, capsys):
    """While somebody writes, another backfill is refused and reading goes on."""
    with writing(home[0]):
        assert main(["--home", str(home[0]), "metrics", "ustb"]) == 5
        assert main(["--home", str(home[0]), "show", "supply", "ustb", "--at", "300"]) == 0
    assert "Another rwa process" in capsys.readouterr().err


def test_doctor_finds_a_working_endpoint(home, capsys):
    """doctor on a working home has nothing that fails."""
    with played(range_cap=100) as url:
        rows = answer(home, capsys, "--rpc", f"ustb={url}", "doctor", "--probe")
    states = {row["check"]: row["state"] for row in rows}
    assert states == dict.fromkeys(
        ["configuration", "home", "disk", "database", "lake", "endpoint"], "ok"
    ) | {"canaries": "warn", "clock": "warn"}
    told = next(row["detail"] for row in rows if row["check"] == "endpoint")
    assert "logs of 10" in told


def test_doctor_exits_4_where_no_endpoint_works(home, capsys):
    """doctor names the endpoint that cannot be reached, never its URL."""
    rpc = "ustb=http://127.0.0.1:9/secret-key-0123456789"
    assert main(["--home", str(home[0]), "--rpc", rpc, "doctor", "--chain", "ustb"]) == 4
    out, err = capsys.readouterr()
    assert "ustb-rpc-1" in out
    assert "secret" not in out + err


def test_doctor_tells_a_wrong_chain(home, capsys):
    """An endpoint of another chain is a finding with both ids."""
    with played(wrong_chain_id=1) as url:
        assert main(["--home", str(home[0]), "--rpc", f"ustb={url}", "doctor", "--json"]) == 4
    row = next(row for row in json.loads(capsys.readouterr().out) if row["check"] == "endpoint")
    assert row["state"] == "fail"
    assert "900005" in row["detail"]


def test_doctor_shows_a_refused_configuration(tmp_path, capsys):
    """Where the configuration is refused the rest is still looked at, and the exit code is 2."""
    (tmp_path / "chains.toml").write_text("[ethereum\n")
    assert main(["--home", str(tmp_path / "h"), "--config", str(tmp_path), "doctor", "--json"]) == 2
    rows = json.loads(capsys.readouterr().out)
    assert [(row["check"], row["state"]) for row in rows[:2]] == [("configuration", "fail"), ("home", "ok")]


def test_an_import_is_told_and_read_again(home, tmp_path, capsys):
    """A file from stdin or disk, what it did, and its prices in navs; hostile names come out as escapes."""
    told = tmp_path / "navs.csv"
    told.write_text("token,day,price,currency\nustb,2024-03-01,10.5,USD\n")
    first = answer(home, capsys, "import", "navs", str(told), "--source", "A\x1b[2J")
    assert [(row["table"], row["added"], row["note"]) for row in first] == [
        ("imported_navs", 1, "computed again: ustb")
    ]
    assert answer(home, capsys, "import", "navs", str(told), "--source", "A\x1b[2J")[0]["unchanged"] == 1
    assert (
        main(["--home", str(home[0]), "query", "SELECT price, source FROM navs WHERE kind = 'import'"]) == 0
    )
    shown = capsys.readouterr().out
    assert "10.5" in shown
    assert "A\\x1b[2J" in shown
