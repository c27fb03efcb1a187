"""The property tests share the small scenes of unit/, which are plain modules."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
