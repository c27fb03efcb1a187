"""`rwa serve` over a recorded home: the figures of the command line, whole commits only, and nothing that writes."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from decimal import Decimal
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import pyarrow as pa
import pytest
from line_kit import run, settings_for
from pyarrow import parquet

from indexer.cli.main import main
from indexer.metrics.answers import ANSWERS
from indexer.serve.http.guards import Rules, rules
from indexer.serve.http.listings import LISTED
from indexer.serve.http.run import beside

LOCAL = rules("127.0.0.1", [], [], None)
NAME = "stbt"


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def rows(self) -> list[dict[str, Any]]:
        return self.json["rows"]


class Client(NamedTuple):
    """Asks one server; each request on a connection of its own."""

    url: str

    def get(self, path: str, headers: Mapping[str, str] | None = None, **query: Any) -> Answer:
        return self.send("GET", path + (f"?{urlencode(query, doseq=True)}" if query else ""), headers)

    def send(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        con = HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        try:
            con.request(method, target, body, dict(headers or {}))
            got = con.getresponse()
            return Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
        finally:
            con.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("served") / "home"
    run(made, NAME, verify=True)
    return made


@pytest.fixture(scope="module")
def client(home: Path) -> Iterator[Client]:
    with served(home) as made:
        yield made


class served:  # noqa: N801 - reads as the context that it is
    """A server over *home* while the context lasts."""

    def __init__(self, home: Path, allowed: Rules = LOCAL) -> None:
        self._held = beside(*settings_for(home, []), allowed, ("127.0.0.1", 0))

    def __enter__(self) -> Client:
        client = Client(self._held.__enter__())
        while client.get("/ready", {"authorization": "none"}).status == 503:
            pass
        return client

    def __exit__(self, *error: object) -> None:
        self._held.__exit__(None, None, None)


@pytest.mark.parametrize("what", [name for name in ANSWERS if name != "product"])
def test_an_answer_is_that_of_the_command_line(client: Client, home: Path, what: str, capsys: Any) -> None:
    """Every answer has the same rows as `rwa show`, amounts to the last digit."""
    config = str(settings_for(home, [])[0].config)
    assert main(["--home", str(home), "--config", config, "show", what, "stbt", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    found = client.get(f"/v1/{what}/stbt", limit=10_000)
    assert found.status == 200
    assert len(told) > 0
    assert found.rows == told


def test_the_forms_hold_the_same_rows(client: Client) -> None:
    """JSON, CSV, Arrow and Parquet tell the same amounts; the Accept header chooses as format= does."""
    rows = client.get("/v1/supply/stbt").rows
    sheet = list(csv.DictReader(io.StringIO(client.get("/v1/supply/stbt", format="csv").body.decode())))
    stream = client.get("/v1/supply/stbt", {"accept": "application/vnd.apache.arrow.stream"})
    arrow = pa.ipc.open_stream(stream.body).read_all()
    columns = parquet.read_table(io.BytesIO(client.get("/v1/supply/stbt", format="parquet").body))
    assert [row["supply"] or None for row in sheet] == [row["supply"] for row in rows]
    assert arrow.equals(columns)
    assert arrow.schema.field("supply").type == pa.decimal128(38, 18)
    assert [row["supply"] and Decimal(row["supply"]) for row in rows] == arrow["supply"].to_pylist()


def test_pages_follow_each_other_without_a_gap(client: Client) -> None:
    """The pages of a listing and of an answer, one after the other, are the whole; CSV names the next in Link."""
    for path in ("/v1/transfers", "/v1/flows/stbt"):
        whole = client.get(path, limit=10_000).rows
        found, cursor = [], None
        while True:
            page = client.get(path, limit=97, **({"cursor": cursor} if cursor else {}))
            assert page.status == 200, page.body
            found += page.rows
            cursor = page.json["next"]
            if cursor is None:
                break
        assert len(whole) > 97
        assert found == whole
    link = client.get("/v1/transfers", format="csv", limit=5).headers["link"]
    target = link.partition("<")[2].partition(">")[0]
    assert len(client.send("GET", target).body.splitlines()) == 6


def test_what_did_not_change_is_not_sent_again(client: Client) -> None:
    """An ETag answers 304 for the same question in the same form, and not for another."""
    first = client.get("/v1/supply/stbt")
    tag = {"if-none-match": first.headers["etag"]}
    again = client.get("/v1/supply/stbt", tag)
    assert (again.status, again.body) == (304, b"")
    assert client.get("/v1/supply/stbt", tag, limit=5).status == 200
    assert client.get("/v1/supply/stbt", tag, format="csv").status == 200


def test_a_page_tells_as_of_which_block_it_holds(client: Client) -> None:
    """as_of names the frontier of each token on each chain in question, and its certificate."""
    [as_of] = client.get("/v1/supply/stbt").json["as_of"]
    assert as_of["token"] == "stbt"
    assert as_of["block_number"] == as_of["certified_block"] > 0
    assert as_of["certificate"] == "pass"


def test_no_rows_say_what_there_is(client: Client) -> None:
    """Days outside the home are no silence: the note names the days that there are."""
    page = client.get("/v1/supply/stbt", **{"from": "2031-01-01", "to": "2031-01-02"}).json
    assert page["rows"] == []
    assert page["note"].startswith("This home has stbt from 20")


@pytest.mark.parametrize(
    ("target", "status", "said"),
    [
        ("/v1/supply/nosuch", 404, "is unknown"),
        ("/v1/supply/ustb", 404, "is not in this home"),
        ("/v1/nosuch", 404, "nothing at this path"),
        ("/v1/supply/stbt?form=csv", 400, "form is no parameter here"),
        ("/v1/supply/stbt?format=xml", 400, "csv"),
        ("/v1/supply/stbt?at=2024-13-01", 400, "not a day of the calendar"),
        ("/v1/supply/stbt?from=2024-01-02&to=2024-01-01", 400, "lies after"),
        ("/v1/supply/stbt?at=5&from=2024-01-01", 400, "one of the two"),
        ("/v1/supply/stbt?chain=nosuch", 400, "is not in the configuration"),
        ("/v1/supply/stbt?limit=0", 400, "limit"),
        ("/v1/supply/stbt?cursor=bm9uc2Vuc2U", 400, "cursor is not one that this server gave"),
        ("/v1/supply/stbt?cursor=MDAwMDAwMDAwMDAwMDAwMDAwMDAuNQ", 410, "no longer kept"),
        ("/v1/tokens?chain=stbt", 400, "chain is no parameter here"),
        ("/v1/rollforward/stbt?basis=gross", 400, "there are total and circulating"),
        ("/v1/sql", 400, "q: Field required"),
    ],
)
def test_what_cannot_be_answered_is_a_sentence(client: Client, target: str, status: int, said: str) -> None:
    """A wrong name, parameter or path is refused with what to do, and the right code."""
    found = client.send("GET", target)
    assert found.status == status, found.body
    assert said in found.json["error"]


HOSTILE = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/proc/self/environ')",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM read_parquet('http://127.0.0.1:9/x.parquet')",
    "SELECT * FROM read_parquet('s3://bucket/x.parquet')",
    "ATTACH '{out}/other.db' AS other",
    "ATTACH ':memory:' AS other",
    "COPY (SELECT 1) TO '{out}/copy.csv'",
    "COPY (SELECT 1) TO '{lake}/copied.parquet'",
    "COPY transfers FROM '/etc/passwd'",
    "EXPORT DATABASE '{out}/export'",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "RESET memory_limit",
    "PRAGMA database_list",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE certificates",
    "DROP TABLE certificates",
    "DELETE FROM certificates",
    "INSERT INTO certificates SELECT * FROM certificates",
    "UPDATE certificates SET verdict = 'pass'",
    "CREATE TABLE x AS SELECT 1",
    "CREATE OR REPLACE VIEW transfers AS SELECT 1",
    "CREATE MACRO f(a) AS a",
    "CALL pragma_version()",
    "EXPLAIN ANALYZE SELECT 1",
    "VACUUM",
    "CHECKPOINT",
    "BEGIN TRANSACTION",
    "USE memory",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "WITH x AS (SELECT 1) DELETE FROM certificates",
    "SELECT",
    "",
    ";",
    "\x00",
    "SELECT 'x",
    "/* */",
]


@pytest.mark.parametrize("sql", HOSTILE)
def test_sql_that_does_more_than_read_tables_is_refused(
    client: Client, home: Path, tmp_path: Path, sql: str
) -> None:
    """Files, settings, writes, several statements and what is no SQL are a sentence, and change nothing."""
    lake = home / "lake"
    before = sorted(lake.rglob("*"))
    sql = sql.replace("{lake}", str(lake)).replace("{out}", str(tmp_path))
    body = json.dumps({"sql": sql}).encode()
    found = client.send("POST", "/v1/sql", {"content-type": "application/json"}, body)
    assert found.status == 400, found.body
    assert found.json["error"]
    assert sorted(lake.rglob("*")) == before
    assert list(tmp_path.iterdir()) == []


def test_sql_answers(client: Client) -> None:
    """One SELECT has its rows, by GET and by POST, cut at the limit."""
    sql = "SELECT effect, count(*) AS n, sum(amount) AS amount FROM transfers GROUP BY effect ORDER BY effect"
    got = client.get("/v1/sql", q=sql)
    posted = client.send(
        "POST", "/v1/sql", {"content-type": "application/json"}, json.dumps({"sql": sql}).encode()
    )
    assert got.rows == posted.rows
    assert {row["effect"] for row in got.rows} >= {"mint", "burn", "move"}
    assert len(client.get("/v1/sql", q="SELECT * FROM transfers", limit=3).rows) == 3


def test_an_endless_query_is_stopped(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A join that never ends is stopped with a sentence, and the next request is answered."""
    monkeypatch.setattr("indexer.serve.http.routes.SQL_SECONDS", 0.3)
    endless = "SELECT count(*) FROM range(1000000) a, range(1000000) b, range(1000000) c WHERE a.range + b.range = 7"
    found = client.get("/v1/sql", q=endless)
    assert found.status == 400
    assert "was stopped" in found.json["error"]
    assert client.get("/v1/sql", q="SELECT 1 AS one").rows == [{"one": 1}]


def test_a_commit_is_seen_whole(tmp_path: Path) -> None:
    """A page begun before a commit goes on in the same rows; a new request has the new ones."""
    tmp_home = tmp_path / "home"
    run(tmp_home, NAME, last=120)
    with served(tmp_home) as client:
        whole = client.get("/v1/transfers", limit=10_000).rows
        first = client.get("/v1/transfers", limit=10)
        tag = first.headers["etag"]
        run(tmp_home, NAME)
        while client.get("/v1/transfers", limit=10).headers["etag"] == tag:
            pass
        rest = client.get("/v1/transfers", limit=10_000, cursor=first.json["next"])
        assert first.rows + rest.rows == whole
        assert len(client.get("/v1/transfers", limit=10_000).rows) > len(whole)


def test_every_path_is_described(client: Client) -> None:
    """The description names each answer and listing, says stock or flow, and has a schema for every column."""
    told = client.get("/openapi.json").json
    for name in ANSWERS:
        operation = told["paths"][f"/v1/{name}/{{name}}"]["get"]
        assert operation["description"].split(":")[0].split(",")[0] in {"Stock", "Flow", "Ratio"}
    for name in LISTED:
        assert f"/v1/{name}" in told["paths"]
    assert "422" not in json.dumps(told)


def test_a_home_of_its_own_name_only(client: Client) -> None:
    """A Host header that is not this server's is refused, so that no page elsewhere reads through a user's browser."""
    assert client.get("/v1/tokens", {"host": "evil.example"}).status == 421
    assert client.get("/v1/tokens", {"host": "localhost:1"}).status == 200
    answer = client.get("/v1/tokens", {"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers
    assert client.send("POST", "/v1/sql", {"origin": "https://evil.example"}, b"{}").status == 403
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_token_is_asked_for(home: Path) -> None:
    """With a token every route but /health and /ready wants it, and another origin gets only what it was allowed."""
    token, friend = "t0k3n-of-sixteen-letters", "https://dash.example"
    with served(home, rules("127.0.0.1", [], [friend], token)) as client:
        right = {"authorization": f"Bearer {token}"}
        for path in ("/v1/tokens", "/openapi.json", "/metrics"):
            assert client.get(path).status == 401
            assert client.get(path, {"authorization": "Bearer wrong"}).status == 401
            assert client.get(path, right).status == 200
        assert client.get("/health").status == 200
        asked = client.send(
            "OPTIONS", "/v1/tokens", {"origin": friend, "access-control-request-method": "GET"}
        )
        assert (asked.status, asked.headers["access-control-allow-origin"]) == (204, friend)
        assert (
            client.get("/v1/tokens", right | {"origin": friend}).headers["access-control-allow-origin"]
            == friend
        )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "0.0.0.0"], "ask for a token with --token-file"),
        (["--token-file", "nosuch"], "cannot be read"),
        (["--host", "192.0.2.1", "--open"], "Nothing can listen at 192.0.2.1"),
    ],
)
def test_a_server_that_may_not_start_says_why(
    home: Path, capsys: Any, arguments: list[str], said: str
) -> None:
    """A public address without a token, and an address that cannot be had, exit 2 with a sentence."""
    assert main(["--home", str(home), "serve", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_without_a_home_serve_says_what_to_do(tmp_path: Path, capsys: Any) -> None:
    """A folder without data is refused as by every other command that reads."""
    assert main(["--home", str(tmp_path), "serve", "--port", "0"]) == 2
    assert "rwa backfill" in capsys.readouterr().err


def test_monitors_are_told(client: Client) -> None:
    """/metrics counts requests by route, never by path, and tells rows and certificates of the home."""
    client.get("/v1/supply/stbt")
    client.get("/v1/made/up/path")
    told = client.get("/metrics").body.decode()
    assert 'rwa_http_requests_total{route="/v1/supply/{name}",status="200"}' in told
    assert "made/up" not in told
    assert 'rwa_certificates{verdict="pass"}' in told
    assert 'rwa_rows{table="transfers"}' in told


def test_health_turns_red_with_a_chain(tmp_path: Path, home: Path) -> None:
    """A chain whose follower has gone silent makes /health 503 and names it; without a follower all is ok."""
    mine = Path(shutil.copytree(home, tmp_path / "home"))
    with served(mine) as client:
        assert client.get("/health").json == {"state": "ok", "red": {}}
        with closing(sqlite3.connect(mine / "rwa.db")) as con, con:
            long_ago = "2024-01-01 00:00:00.000000"
            con.execute("UPDATE heads SET following = 1, seen_at = ?, advanced_at = ?", (long_ago, long_ago))
        while (told := client.get("/health")).status == 200:
            pass
        assert told.json == {"state": "red", "red": {NAME: "silent"}}
        assert 'rwa_chain_red{chain="stbt",state="silent"} 1.0' in client.get("/metrics").body.decode()


ROUTES = ("/v1/rollforward/{name}", "/v1/segments", "/v1/sql", "/health", "/metrics")
"""One route of each kind: all answers take the same parameters, and so do all listings."""


def test_what_is_described_is_what_is_answered(
    client: Client, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Schemathesis finds no 5xx, no undocumented answer, and no parameter that is taken though it is wrong.

    One of its checks is left out: that every request that fits the schema is taken. A schema cannot say that a token
    is in this home, or that a text is SQL. `--every-route` asks every route.
    """
    tool = Path(sys.executable).with_name("schemathesis")
    checks = ["--checks", "all", "--exclude-checks", "positive_data_acceptance", "--phases", "coverage"]
    every = request.config.getoption("--every-route")
    routes = [] if every else [word for route in ROUTES for word in ("--include-path", route)]
    command = [tool, "run", f"{client.url}/openapi.json", *checks, *routes, "--seed", "7", "--no-color"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-5_000:]
    print(next(line for line in done.stdout.splitlines() if " generated, " in line))


def test_a_segment_that_changes_is_told(tmp_path: Path, home: Path) -> None:
    """What was proved of a segment since is in the next answer, though no figure changed."""
    mine = Path(shutil.copytree(home, tmp_path / "home"))
    with served(mine) as client:
        before = client.get("/v1/segments")
        with closing(sqlite3.connect(mine / "rwa.db")) as con, con:
            con.execute("UPDATE segments SET proof = 'receipts'")
        while (after := client.get("/v1/segments")).headers["etag"] == before.headers["etag"]:
            pass
        assert {row["proof"] for row in after.rows} == {"receipts"}
