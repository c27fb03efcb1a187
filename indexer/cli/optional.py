"""An option whose value may be left out: `--plot` and `--plot FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from typer.core import TyperCommand

HERE = "-"
"""What stands for a value that was left out."""


class PlotCommand(TyperCommand):
    """A command whose `--plot` may stand alone; what comes after it is its file where it has an ending."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, with_value("--plot", args))


def with_value(option: str, arguments: list[str]) -> list[str]:
    """Return *arguments* with HERE after each *option* that has no file after it."""
    out: list[str] = []
    for at, argument in enumerate(arguments):
        after = arguments[at + 1] if at + 1 < len(arguments) else "-"
        alone = after.startswith("-") or not Path(after).suffix
        out += [argument, HERE] if argument == option and alone else [argument]
    return out
