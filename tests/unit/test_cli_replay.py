import dataclasses

import pytest

from indexer.cli.replay import READERS, faults_of
from indexer.floor.errors import Usage
from indexer.serve.misbehave import Faults

TOKEN = "0x" + "ab" * 20


def test_every_fault_can_be_asked_for():
    """Each field of Faults has a way to be typed."""
    assert set(READERS) == {field.name for field in dataclasses.fields(Faults)}


def test_faults_are_read_each_in_its_own_type():
    """Counts, shares, flags, lists, places and overrides are told apart."""
    typed = [
        "range-cap=500", "error_rate=0.2", "no_batch", "error_kinds=http_500,hang", "drop_logs=12:3,12:4",
        "no_input=0xab,0xcd", f"call_override={TOKEN}:0x18160ddd:-1",
    ]  # fmt: skip
    assert faults_of(typed) == Faults(
        range_cap=500,
        error_rate=0.2,
        no_batch=True,
        error_kinds=("http_500", "hang"),
        drop_logs=frozenset({(12, 3), (12, 4)}),
        no_input=("0xab", "0xcd"),
        call_override={(TOKEN, "0x18160ddd"): -1},
    )


def test_a_share_of_lost_logs_is_a_share():
    """drop_logs without places is a share of all logs."""
    assert faults_of(["drop_logs=0.05"]).drop_logs == 0.05


@pytest.mark.parametrize(
    "typed",
    ["nope", "range_cap", "range_cap=many", "no_batch=maybe", "error_kinds=", "call_override=0xab:+1"],
)
def test_what_cannot_be_read_is_refused_by_name(typed):
    """A wrong fault is a sentence with what was typed."""
    with pytest.raises(Usage, match=typed.partition("=")[0]):
        faults_of([typed])
