"""The settings of a long run hold while it lasts and no longer."""

import gc

import pyarrow as pa
import pytest

from indexer.floor.process import for_many_rows


def test_memory_that_arrow_frees_stays_with_the_process():
    """Within a long run Arrow takes its memory from the C library."""
    with for_many_rows():
        assert pa.default_memory_pool().backend_name == "system"


def test_cycles_are_looked_for_seldom():
    """Within a long run the collector waits for more objects than usual."""
    usual = gc.get_threshold()[0]
    with for_many_rows():
        assert gc.get_threshold()[0] > usual


def test_what_was_set_before_is_put_back():
    """After a long run, also one that failed, the process has its own settings again."""
    before = gc.get_threshold(), pa.default_memory_pool().backend_name
    with pytest.raises(KeyError), for_many_rows():
        raise KeyError
    assert (gc.get_threshold(), pa.default_memory_pool().backend_name) == before
