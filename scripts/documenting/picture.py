"""docs/img/demo.svg: a terminal that shows what `rwa demo` really prints."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

COLUMNS = 100
SHOWN = ("Certificates:", "supply of", "rollforward of", "flows of")
"""The parts of the output that fit a picture, by how they begin; the rest is left out."""

FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
SVG = f"""\
<svg class="rich-terminal" viewBox="0 0 {{width}} {{height}}" xmlns="http://www.w3.org/2000/svg">
<style>
.{{unique_id}}-matrix {{{{ font-family: {FONT}; font-size: {{char_height}}px; line-height: {{line_height}}px; }}}}
.{{unique_id}}-title {{{{ font-family: sans-serif; font-size: 18px; font-weight: bold; }}}}
{{styles}}
</style>
<defs>
<clipPath id="{{unique_id}}-clip-terminal">
<rect x="0" y="0" width="{{terminal_width}}" height="{{terminal_height}}" />
</clipPath>
{{lines}}
</defs>
{{chrome}}
<g transform="translate({{terminal_x}}, {{terminal_y}})" clip-path="url(#{{unique_id}}-clip-terminal)">
{{backgrounds}}
<g class="{{unique_id}}-matrix">
{{matrix}}
</g>
</g>
</svg>
"""
"""rich's own frame without the font that it would load from a server."""


def demo() -> str:
    """Return the picture of a fresh run: the command, then the shown parts of its output as they are."""
    parts = _printed().split("\n\n")
    shown = [part for part in parts if _shown(part, parts)]
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(Text.assemble(("$ ", "green"), ("scripts/demo", "bold")))
    for part in shown:
        console.print()
        first, _, rest = part.partition("\n")
        console.print(Text(first, "bold cyan" if first.startswith(SHOWN) else ""))
        if rest:
            console.print(Text(rest))
    return console.export_svg(title="rwa demo", theme=DIMMED_MONOKAI, code_format=SVG, unique_id="demo")


def _shown(part: str, parts: list[str]) -> bool:
    """Whether *part* belongs to a shown answer: it begins one, or goes on with one as a second table."""
    at = parts.index(part)
    while at and not _begins(parts[at]):
        at -= 1
    return parts[at].startswith(SHOWN)


def _begins(part: str) -> bool:
    """Whether *part* opens with a sentence and not with the columns of a table that goes on."""
    first, _, rest = part.partition("\n")
    return ": " in first or not rest.startswith("─") or first.endswith(",")


def _printed() -> str:
    environment = os.environ | {"COLUMNS": str(COLUMNS)}
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        run = subprocess.run(
            [sys.executable, "-m", "indexer", "--quiet", "demo"],
            cwd=folder,
            env=environment | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
            check=True,
            capture_output=True,
            text=True,
        )
    return run.stdout
