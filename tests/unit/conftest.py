"""A home that several modules read and none changes."""

from pathlib import Path

import pytest
from homes import Homes


@pytest.fixture(scope="session")
def ustb_home(homes: Homes) -> Path:
    """The recorded USTB, fetched and certified."""
    return homes.certified("ustb").home
