"""A home that several modules read and none changes."""

from pathlib import Path

import pytest
from line_kit import run


@pytest.fixture(scope="session")
def ustb_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recorded USTB, fetched and certified."""
    where = tmp_path_factory.mktemp("ustb")
    run(where, "ustb", verify=True)
    return where
