"""A home with flipped bits, cut or lost files is told with the command that mends it; its figures are never wrong."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fuzz_kit import fuzzed
from hypothesis import strategies as st
from line_kit import CONFIG, recording, run
from test_fuzz_arguments import rwa, standing_in

NAME = "ustb"
READS = {
    "supply": ["show", "supply", NAME, "--json"],
    "balances": ["show", "balances", NAME, "--json"],
    "transfers": ["show", "transfers", NAME, "--json"],
    "flows": ["query", "SELECT * FROM flows_daily ORDER BY ALL", "--json"],
    "logs": ["query", "SELECT * EXCLUDE (data) FROM logs ORDER BY block_number, log_index", "--json"],
    "segments": ["query", "SELECT first, last, last_hash FROM segments ORDER BY ALL", "--json"],
}
MENDS = ("rwa repair --store", "rwa backfill", "rwa rebuild")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A small home, and what each reader says of it while it is sound."""
    folder = tmp_path_factory.mktemp("whole")
    logs = recording(NAME).logs
    run(folder / "rwa-data", NAME, last=logs[len(logs) // 8].block)
    with standing_in(folder, RWA_CONFIG=str(CONFIG)):
        said = {name: rwa(arguments) for name, arguments in READS.items()}
    assert {name: err for name, (code, _, err) in said.items() if code} == {}
    return folder, {name: out for name, (_, out, _) in said.items()}


@st.composite
def damages(draw: st.DrawFn, size: int) -> tuple[str, int, int]:
    """What happens to a file of *size* bytes: how, at which byte, how much."""
    how = draw(st.sampled_from(["flip", "flip", "flip", "cut", "blank", "lose", "zeros", "grow", "swap"]))
    return how, draw(st.integers(0, max(0, size - 1))), draw(st.integers(1, 5000))


def damage(path: Path, how: str, at: int, much: int) -> None:
    body = bytearray(path.read_bytes())
    if how == "flip" and body:
        body[at] ^= 1 << much % 8
    elif how == "cut":
        del body[at:]
    elif how == "blank":
        body.clear()
    elif how == "zeros":
        body[at : at + much] = bytes(len(body[at : at + much]))
    elif how == "grow":
        body += bytes(much)
    elif how == "swap":
        body[:at], body[at:] = body[-at:] if at else b"", body[: len(body) - at]
    path.write_bytes(body)
    if how == "lose":
        path.unlink()


def files_of(home: Path) -> list[Path]:
    return sorted(
        path.relative_to(home) for path in home.rglob("*") if path.is_file() and path.suffix != ".lock"
    )


@fuzzed(12, data=st.data())
def test_a_damaged_home_tells_it_or_gives_the_right_figures(data, whole):
    """Whatever byte of whatever file is wrong: the answer of before, or a sentence with a command."""
    folder, sound = whole
    with TemporaryDirectory() as place:
        home = Path(shutil.copytree(folder / "rwa-data", Path(place) / "rwa-data"))
        path = home / data.draw(st.sampled_from(files_of(home)))
        how = data.draw(damages(path.stat().st_size))
        damage(path, *how)
        asked = data.draw(st.sampled_from(sorted(READS)))
        with standing_in(Path(place), RWA_CONFIG=str(CONFIG)):
            code, out, err = rwa(READS[asked])
            assert code in (0, 2, 6), err
            assert "Traceback" not in err
            if code == 0:
                assert out == sound[asked]
            else:
                assert any(command in err for command in MENDS), err
            status, _, told = rwa(["status"])
            assert status in (0, 2, 6), told
            assert "Traceback" not in told


@fuzzed(3, data=st.data())
def test_a_damaged_home_is_mended_by_the_command_that_is_named(data, whole):
    """After `rwa repair --store` a reader is right, or what is missing is said."""
    folder, sound = whole
    with TemporaryDirectory() as place:
        home = Path(shutil.copytree(folder / "rwa-data", Path(place) / "rwa-data"))
        path = home / data.draw(st.sampled_from(files_of(home)))
        damage(path, *data.draw(damages(path.stat().st_size)))
        with standing_in(Path(place), RWA_CONFIG=str(CONFIG)):
            mended, out, err = rwa(["repair", "--store"])
            assert mended in (0, 2, 6), err
            assert "Traceback" not in err
            asked = data.draw(st.sampled_from(sorted(READS)))
            code, said, trouble = rwa(READS[asked])
            assert code in (0, 2, 6), trouble
            if code == 0 and "backfill" not in out + err:
                assert said == sound[asked]
