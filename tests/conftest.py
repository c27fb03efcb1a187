"""Tests of every folder share the helpers of scenario/, which are plain modules."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "scenario"))

SEEDS = 100
"""Enough for every change; `--seeds 1000` and more take minutes."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("simulator")
    group.addoption(
        "--seeds", type=int, default=SEEDS, help=f"simulated runs, a fifth of them followers ({SEEDS})"
    )
    group.addoption("--seed", type=int, default=None, help="run this one seed of the simulator again")
    parser.addoption(
        "--every-recording", action="store_true", help="all faults at once over each recorded chain"
    )


@pytest.fixture(scope="session")
def backfill_seeds(pytestconfig: pytest.Config) -> range:
    """The seeds that the simulator runs backfills of."""
    return _chosen(pytestconfig, pytestconfig.getoption("--seeds") * 4 // 5)


@pytest.fixture(scope="session")
def follow_seeds(pytestconfig: pytest.Config) -> range:
    """The seeds that the simulator runs followers of."""
    return _chosen(pytestconfig, pytestconfig.getoption("--seeds") // 5)


def _chosen(pytestconfig: pytest.Config, many: int) -> range:
    one = pytestconfig.getoption("--seed")
    return range(many) if one is None else range(one, one + 1)
