"""Tests of every folder share the helpers of scenario/, which are plain modules."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "scenario"))
