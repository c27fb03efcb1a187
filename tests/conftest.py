"""Tests of every folder share the helpers of scenario/, which are plain modules."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "scenario"))

SEEDS = 500


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("simulator")
    group.addoption("--seeds", type=int, default=SEEDS, help=f"simulated runs of each kind ({SEEDS})")
    group.addoption("--seed", type=int, default=None, help="run this one seed of the simulator again")


@pytest.fixture(scope="session")
def seeds(pytestconfig: pytest.Config) -> range:
    """The seeds that the simulator runs."""
    one = pytestconfig.getoption("--seed")
    return range(pytestconfig.getoption("--seeds")) if one is None else range(one, one + 1)
