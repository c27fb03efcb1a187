"""Tests of every folder share the helpers of scenario/, which are plain modules."""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.config import load as reading
from indexer.config.model import Registry

sys.path.insert(0, str(Path(__file__).parent / "scenario"))

from homes import Homes, homes_of

SEEDS = 1_000
"""Simulated runs in every `scripts/test`. Of ten, seven are backfills: both kinds cost the same then, a core each."""
BACKFILLS = 7


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("simulator")
    group.addoption(
        "--seeds", type=int, default=SEEDS, help=f"simulated runs, three of ten followers ({SEEDS})"
    )
    group.addoption("--seed", type=int, default=None, help="run this one seed of the simulator again")
    parser.addoption(
        "--every-recording", action="store_true", help="all faults at once over each recorded chain"
    )
    parser.addoption(
        "--every-route", action="store_true", help="made-up requests to each route of the HTTP API"
    )


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Homes:
    """Homes that are filled once in a whole run."""
    return homes_of(tmp_path_factory)


@pytest.fixture(scope="session")
def backfill_seeds(pytestconfig: pytest.Config) -> range:
    """The seeds that the simulator runs backfills of."""
    return _chosen(pytestconfig, pytestconfig.getoption("--seeds") * BACKFILLS // 10)


@pytest.fixture(scope="session")
def follow_seeds(pytestconfig: pytest.Config) -> range:
    """The seeds that the simulator runs followers of."""
    return _chosen(pytestconfig, pytestconfig.getoption("--seeds") * (10 - BACKFILLS) // 10)


def _chosen(pytestconfig: pytest.Config, many: int) -> range:
    one = pytestconfig.getoption("--seed")
    return range(many) if one is None else range(one, one + 1)


@pytest.fixture(autouse=True, scope="session")
def one_reading_of_a_configuration() -> Iterator[None]:
    """Commands in one process read files that hold the same again only once: a registry is a function of them."""
    read: dict[tuple[object, ...], Registry] = {}
    as_it_is = reading.load

    def load(config: Path, overlay: Path | None = None) -> Registry:
        try:
            key = (config, overlay, _held(config), overlay and _held(overlay))
        except OSError:
            return as_it_is(config, overlay)
        if key not in read:
            read[key] = as_it_is(config, overlay)
        return read[key]

    reading.load = load
    yield
    reading.load = as_it_is


def _held(folder: Path) -> str:
    """Return the digest of a folder's files."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    told = hashlib.sha256()
    for path in files:
        told.update(f"{path} {path.stat().st_size} ".encode() + path.read_bytes())
    return told.hexdigest()
