"""Tells at the end how many cases each fuzz test ran; the helpers of unit/ are at hand too."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzz_kit import cases

sys.path.append(str(Path(__file__).parents[1] / "unit"))

KEY = "cases"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    before = sum(cases.values())
    try:
        return (yield)
    finally:
        item.user_properties.append((KEY, sum(cases.values()) - before))


def pytest_terminal_summary(terminalreporter) -> None:
    """One line with the sum, and in a longer run one for each test."""
    told = {
        report.nodeid.rpartition("::")[2]: value
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", [])
        if name == KEY and report.when == "call"
    }
    ran = {name: count for name, count in told.items() if count}
    if terminalreporter.config.get_verbosity() > 0:
        for name, count in sorted(ran.items()):
            terminalreporter.write_line(f"fuzzed {count:>8,} cases  {name}")
    if ran:
        terminalreporter.write_line(f"fuzzed {sum(ran.values()):,} cases in {len(ran)} tests")
