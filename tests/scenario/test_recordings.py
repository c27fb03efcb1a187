"""The whole line over the recorded chains: nothing differs, and what is made to differ is found."""

from __future__ import annotations

import gzip
import json
import random
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from indexer.config.address import checksummed
from indexer.serve.misbehave import Faults

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from check_recordings import line, rows, truth  # noqa: E402 - found through the path above
from check_recordings.command import main  # noqa: E402 - the same
from check_recordings.compare import Tally  # noqa: E402 - the same
from check_recordings.ours import kept_reads, opened  # noqa: E402 - the same
from check_recordings.printed import lines  # noqa: E402 - the same

RECORDINGS = ROOT / "tests" / "recordings"
CONFIG = RECORDINGS / "config"
NAMES = (
    "ustb", "stbt", "tbill", "dstoken", "rusdy_audit2023", "rousg", "usdo", "backed", "maple", "xaum_main",
    "xaum_side", "benji",
)  # fmt: skip
READING = {"backed": "SPYx", "rusdy_audit2023": "rUSDY", "rousg": "rOUSG"}
"""Files with a token whose price or multiplier moves without a log, and that token."""

PAIR = ("xaum_main", "xaum_side")
"""Two chains of one token, which go through the line together."""

ASKED = line.Asked(CONFIG, rows.load(RECORDINGS / "flows.toml"))
TOTAL_SUPPLY = "0x18160ddd"
Raw = dict[str, Any]


class Played(NamedTuple):
    """A file that went through the line, its home, and what came of it."""

    recording: truth.Recording
    home: Path
    fetched: line.Fetched
    report: line.Report


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Played]:
    """Each file by name, once through the line as it is; files of one token in one home."""

    @cache
    def through(name: str) -> Played:
        if name == PAIR[1]:
            first = through(PAIR[0])
            return compared(truth.load(path_of(name)), ASKED, first.home, first.fetched)
        names = PAIR if name in PAIR else (name,)
        home = tmp_path_factory.mktemp(name)
        recordings = [truth.load(path_of(each)) for each in names]
        return compared(recordings[0], ASKED, home, line.fetched(recordings, ASKED, home))

    return through


@pytest.fixture(scope="module", params=NAMES)
def played(request: pytest.FixtureRequest, clean: Callable[[str], Played]) -> Played:
    """Every file, once through the line as it is."""
    return clean(request.param)


def path_of(name: str) -> Path:
    return RECORDINGS / f"{name}.json.gz"


def play(path: Path, asked: line.Asked, home: Path, every: int = 1) -> Played:
    """Send a file through the line; of its samples only each *every*-th is compared, which saves time."""
    recording = truth.load(path)
    tokens = tuple(token._replace(samples=token.samples[::every]) for token in recording.tokens)
    recording = recording._replace(tokens=tokens)
    return compared(recording, asked, home, line.fetched([recording], asked, home))


def compared(recording: truth.Recording, asked: line.Asked, home: Path, fetched: line.Fetched) -> Played:
    return Played(recording, home, fetched, line.compared(recording, asked, home, fetched))


def text_of(report: line.Report) -> str:
    return "\n".join(lines(report))


def tallies(report: line.Report) -> Iterator[tuple[str, Tally]]:
    for token in report.tokens:
        for tally in token.tallies:
            yield token.key, tally


def raw_of(name: str) -> Raw:
    with gzip.open(RECORDINGS / f"{name}.json.gz", "rt", encoding="utf-8") as file:
        raw: Raw = json.load(file)
    return raw


def written(raw: Raw, path: Path) -> Path:
    path.write_text(json.dumps(raw), encoding="utf-8")
    return path


def test_nothing_differs(played: Played) -> None:
    """Every supply point, balance, address count, change and flow of a configured token is the truth's."""
    assert played.report.exit_code == 0, text_of(played.report)
    found = {(key, tally.what): tally for key, tally in tallies(played.report)}
    assert not any(tally.unknown for tally in found.values()), text_of(played.report)
    for token in played.recording.tokens:
        counts = found[token.key, "address counts"]
        assert counts.compared + counts.reverting == len(token.samples) > 40
        assert found[token.key, "supply points"].compared > 50
        assert found[token.key, "balances"].compared > 300


def test_only_prices_that_no_log_tells_are_read(played: Played) -> None:
    """Derive reads within its budget, nothing where logs tell all, and verify's answers are not kept as reads."""
    assert played.report.refused == ()
    assert bool(played.report.reads) == (played.recording.chain in READING)
    with opened(played.home, CONFIG) as con:
        kept = kept_reads(con, played.recording)
    assert kept <= sum(played.report.reads.values())


def test_each_configured_token_is_certified(played: Played) -> None:
    """Verify finds no holder wrong, and passes every token whose figures rest on no read."""
    with opened(played.home, CONFIG) as con:
        found = con.execute(
            "SELECT token, verdict, holders_wrong FROM certificates WHERE chain_id = ?",
            [played.recording.chain_id],
        ).fetchall()
    assert {token for token, _, _ in found} == {t.token for t in played.report.tokens}
    reading = {t.token for t in played.report.tokens if t.reading}
    for token, verdict, wrong in found:
        assert verdict in {"pass", "read"} if token in reading else verdict == "pass", (token, verdict)
        assert not wrong


def test_every_day_adds_up(played: Played) -> None:
    """Of every token each day that is over has a roll-forward that adds up, with its rounding in bounds."""
    for token in played.report.tokens:
        found = {tally.what: tally for tally in token.tallies}
        assert found["roll-forward days"].compared > 100
        assert found["roll-forward days"].differing == ()
        assert found["rounding within its bound"].differing == ()


@pytest.fixture(scope="module")
def unread(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Played]:
    """Each file by name, once through the line without a read."""

    @cache
    def through(name: str) -> Played:
        return play(path_of(name), ASKED._replace(reads=False), tmp_path_factory.mktemp("unread"), every=5)

    return through


@pytest.mark.parametrize("name", READING)
def test_without_reads_only_what_needs_them_is_null(name: str, unread: Callable[[str], Played]) -> None:
    """--no-reads leaves every other token exact, and says NULL with a reason where a price is not told."""
    report = unread(name).report
    assert report.exit_code == 0, text_of(report)
    assert report.reads == {}
    for token in report.tokens:
        assert bool(token.unknown) == (token.key == READING[name]), text_of(report)
        found = {tally.what: tally for tally in token.tallies}
        for what in ("points of total shares", "balances in shares", "changes of totalShares by transaction"):
            assert what not in found or found[what].unknown == 0


def test_rousg_without_reads_is_exact_up_to_its_second_oracle(unread: Callable[[str], Played]) -> None:
    """The first oracle logs each price: supply is NULL without reads from OracleSet on, and not before."""
    oracle_set = "0xc1d3048301c0d23629a2532c8defa6d68f8e1a0e4157918769e9fb1b2eeb888e"
    log = next(log for log in raw_of("rousg")["logs"] if log["topics"][0] == oracle_set)
    with opened(unread("rousg").home, CONFIG) as con:
        found = con.execute(
            "SELECT block_number, supply_raw, why_null FROM supply_changes WHERE token = 'rousg' "
            "AND block_number IS NOT NULL"
        ).fetchall()
    switched = int(log["blockNumber"], 16)
    assert {block for block, supply, _ in found if supply is None}
    assert all(supply is not None for block, supply, _ in found if block < switched)
    assert all(bool(why) == (supply is None) for _, supply, why in found)


def _supply(raw: Raw, key: str) -> None:
    change = raw["truth"]["per_block_changes"][key]["totalSupply"][-2]
    change[1] = str(int(change[1]) + 1)


def _balance(raw: Raw, key: str) -> None:
    balances = raw["truth"]["samples"][20]["tokens"][key]["balances"]
    holder = min(balances)
    balances[holder] = str(int(balances[holder]) + 1)


def _holders(raw: Raw, key: str) -> None:
    raw["truth"]["samples"][20]["tokens"][key]["holders"] += 1


def _flow(raw: Raw, key: str) -> None:
    booked = next(b["minted"] for b in raw["truth"]["flows_per_utc_day"][key].values() if "minted" in b)
    booked["amount"] = str(int(booked["amount"]) + 1)


def _count(raw: Raw, key: str) -> None:
    booked = next(
        b["transferred"] for b in raw["truth"]["flows_per_utc_day"][key].values() if "transferred" in b
    )
    booked["count"] += 1


CHANGES: Mapping[str, Callable[[Raw, str], None]] = {
    "supply points": _supply,
    "balances": _balance,
    "address counts": _holders,
    "flow minted": _flow,
    "flow transferred": _count,
}


def test_each_changed_truth_value_is_found(clean: Callable[[str], Played], tmp_path: Path) -> None:
    """A truth that is off by one in five places differs once in each, a supply also before and after it."""
    raw = raw_of("ustb")
    for change in CHANGES.values():
        change(raw, "USTB")
    changed = truth.load(written(raw, tmp_path / "ustb.json"))
    ustb = clean("ustb")
    report = line.compared(changed, ASKED, ustb.home, ustb.fetched)
    assert report.exit_code == 3
    wanted = dict.fromkeys(CHANGES, 1) | {"changes of totalSupply by block": 2}
    assert {t.what: len(t.differing) for _, t in tallies(report) if t.differing} == wanted


def test_one_changed_log_ends_the_command_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One mint whose logged amount is one base unit more makes supply differ, and verify fail."""
    raw = raw_of("ustb")
    token = raw["tokens"]["USTB"]["address"].lower()
    zero = "0x" + "0" * 64
    mint = next(
        log for log in raw["logs"] if log["address"].lower() == token and log["topics"][1:2] == [zero]
    )
    mint["data"] = f"0x{int(mint['data'], 16) + 1:064x}"
    assert main([str(written(raw, tmp_path / "ustb.json"))]) == 3
    said = capsys.readouterr().out
    assert re.search(r"supply points +\d+ compared, +[1-9]", said)
    assert "verify: exit code 3" in said


def test_a_total_supply_off_by_one_fails_verify(tmp_path: Path) -> None:
    """A node whose totalSupply is one base unit more than the events' makes `rwa verify` exit with 3."""
    path = RECORDINGS / "ustb.json.gz"
    address = truth.load(path).tokens[0].address
    wrong = ASKED._replace(faults=Faults(call_override={(address, TOTAL_SUPPLY): 1}))
    report = play(path, wrong, tmp_path / "home", every=10).report
    assert (report.verified, report.exit_code) == (3, 3)
    assert not any(tally.differing for _, tally in tallies(report))


class Change(NamedTuple):
    """A row of supply_changes."""

    cause: str
    supply: object
    why: str | None


@pytest.fixture(scope="module")
def no_inputs(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """STBT's file through the line, from an endpoint that has no transaction."""
    blind = ASKED._replace(faults=Faults(no_input=True))
    return play(RECORDINGS / "stbt.json.gz", blind, tmp_path_factory.mktemp("blind"))


def test_stbt_without_inputs_is_never_wrong(no_inputs: Played) -> None:
    """Without inputs supply and balances are NULL with a reason or right; shares are right throughout."""
    of_stbt = {tally.what: tally for key, tally in tallies(no_inputs.report) if key == "STBT"}
    for what in ("supply points", "supply as shown", "balances", "address counts", "amounts that are NULL"):
        assert of_stbt[what].differing == (), text_of(no_inputs.report)
    assert of_stbt["supply points"].unknown > 0
    assert of_stbt["amounts that are NULL"].unknown > 0
    for what in ("points of total shares", "balances in shares", "changes of totalShares by transaction"):
        assert (of_stbt[what].differing, of_stbt[what].unknown) == ((), 0), text_of(no_inputs.report)


def test_stbt_without_inputs_is_known_again_at_each_re_sync(no_inputs: Played) -> None:
    """Supply is NULL from the first gap to the next InterestsDistributed, and known again there."""
    with opened(no_inputs.home, CONFIG) as con:
        found = con.execute(
            "SELECT cause, supply_raw, why_null FROM supply_changes WHERE token = 'stbt' "
            "ORDER BY block_number, log_index"
        ).fetchall()
    gaps, null = 0, False
    for change in (Change(*row) for row in found):
        if change.cause == "rebase":
            null = False
        elif change.supply is None and not null:
            gaps, null = gaps + 1, True
        assert (change.supply is None) == null
        assert bool(change.why) == null
    assert gaps > 0


@pytest.mark.parametrize("name", [name for name in NAMES if name != PAIR[1]])
def test_other_addresses_give_the_same_answers(
    name: str, clean: Callable[[str], Played], tmp_path: Path
) -> None:
    """Random addresses in place of all of a file and its configuration leave every figure as it is."""
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")
    names = PAIR if name in PAIR else (name,)
    draw, swaps = random.Random(seed), {}
    for each in names:
        swaps |= swapped_addresses(raw_of(each), draw)
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config)
    for path in config.rglob("*.toml"):
        path.write_text(swapped(path.read_text(encoding="utf-8"), swaps), encoding="utf-8")
    for each in names:
        with gzip.open(path_of(each), "rt", encoding="utf-8") as file:
            text = swapped(file.read(), swaps)
        # The blooms of its headers speak of the old addresses; one of zeros tells nothing.
        text = re.sub(r'"logsBloom": ?"0x[0-9a-f]{512}"', f'"logsBloom": "0x{"0" * 512}"', text)
        (tmp_path / f"{each}.json").write_text(text, encoding="utf-8")
    recordings = [truth.load(tmp_path / f"{each}.json") for each in names]
    asked, home = ASKED._replace(config=config), tmp_path / "home"
    fetched = line.fetched(recordings, asked, home)
    as_it_is = clean(name)
    assert fetched.verified == 0, fetched.verdicts
    assert {token.address for token in recordings[0].tokens}.isdisjoint(
        token.address for token in as_it_is.recording.tokens
    )
    assert figures(home, config) == figures(as_it_is.home, CONFIG)


def figures(home: Path, config: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every daily table without its addresses, publication times and certificates."""
    tables = ("supply_daily", "supply_rollforward", "holders_daily", "flows_daily", "activity_daily")
    with opened(home, config) as con:
        return {
            table: con.execute(f"SELECT * EXCLUDE (published_at) FROM {table} ORDER BY ALL").fetchall()
            for table in tables
        }


def swapped_addresses(raw: Raw, draw: random.Random) -> dict[str, str]:
    """A random address for every address that the file names, lower-case, without 0x."""
    named = {*raw["contracts"], *raw["roles"]}
    for token in raw["tokens"].values():
        named |= {token["address"], *token["addresses"]}
    for row in raw["txs"]:
        transaction = dict(zip(raw["tx_fields"], row, strict=True))
        named |= {transaction["from"], transaction["to_or_created"]}
    known = {address[2:].lower() for address in named if address} - {"0" * 40}
    return {address: f"{draw.getrandbits(160):040x}" for address in sorted(known)}


def swapped(text: str, swaps: Mapping[str, str]) -> str:
    """*text* with every address exchanged, alone or inside a word of data, in either spelling."""
    for old, new in swaps.items():
        text = text.replace(checksummed("0x" + old)[2:], checksummed("0x" + new)[2:]).replace(old, new)
    return text
