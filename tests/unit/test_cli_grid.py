from decimal import Decimal

from indexer.cli.grid import Grid, compact, lines

ADDRESS = "0x" + "ab" * 20


def test_decimal_points_stand_below_each_other():
    """Numbers of one column are padded so that their points align."""
    shown = list(lines(Grid(("supply",), ((Decimal("1234.5"),), (Decimal("0.125"),), (Decimal(7),)))))
    assert shown[2:] == ["1234.5", "   0.125", "   7"]


def test_unknown_is_written_as_null():
    """A missing figure is NULL in a table, to the right like the others."""
    shown = list(lines(Grid(("supply",), ((Decimal(100000),), (None,)))))
    assert shown[2:] == ["100000", "  NULL"]


def test_text_that_every_row_shares_is_told_once():
    """Columns with the same text in each row leave the grid and are named apart."""
    told = compact(Grid(("token", "day"), (("ustb", "a"), ("ustb", "b"))))
    assert told.common == (("token", "ustb"),)
    assert told.grid.names == ("day",)


def test_columns_of_nothing_are_named_not_dropped():
    """A column of NULLs and one of zeros are left out, each by name under its own heading."""
    rows = (("a", Decimal(0), None), ("b", Decimal("0E-18"), None))
    told = compact(Grid(("day", "fees", "why_null"), rows))
    assert (told.zero, told.null) == (("fees",), ("why_null",))


def test_a_single_row_keeps_its_zeros():
    """Where there is one row, a zero is an answer."""
    assert compact(Grid(("fees",), ((Decimal(0),),))).grid.names == ("fees",)


def test_a_grid_of_nothing_but_shared_text_is_shown_whole():
    """Compacting never leaves a grid without columns."""
    grid = Grid(("token",), (("ustb",), ("ustb",)))
    assert compact(grid).grid == grid


def test_addresses_are_whole_where_there_is_room():
    """Without a limit nothing is shortened."""
    assert ADDRESS in "\n".join(lines(Grid(("holder",), ((ADDRESS,),))))


def test_addresses_are_shortened_where_the_width_needs_it():
    """Within a limit, hexadecimal text keeps its start and its end."""
    shown = list(lines(Grid(("holder", "balance"), ((ADDRESS, Decimal(10**30)),)), 60))
    assert shown[-1] == f"0xababab…abab  {10**30}"


def test_long_sentences_become_notes_below_the_table():
    """A sentence that does not fit is numbered and stands once below the rows."""
    why = "history starts before the first covered block"
    shown = list(lines(Grid(("day", "why_null"), (("2025-01-01", why), ("2025-01-02", why))), 40))
    assert shown[2:] == ["2025-01-01  [1]", "2025-01-02  [1]", f"[1] {why}"]


def test_what_never_fits_becomes_a_block_a_row():
    """Where even that is too wide, each row is written as name and value, with nothing shortened."""
    names = tuple(f"column_{n}" for n in range(9))
    shown = list(lines(Grid(names, (tuple(range(9)), (ADDRESS, *range(8)))), 40))
    assert shown[0] == "column_0  0"
    assert f"column_0  {ADDRESS}" in shown
