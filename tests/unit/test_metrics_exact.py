"""exact_balance and exact_value: 256-bit products, cut, in DuckDB."""

from decimal import Decimal
from fractions import Fraction

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.metrics.exact import register, share, worth

LARGEST = 10**38 - 1


@pytest.mark.parametrize(
    ("units", "numerator", "denominator", "wanted"),
    [
        (1, 2, 3, 0),
        (10**30, 10**30 + 1, 10**30, 10**30 + 1),
        (LARGEST, LARGEST, LARGEST, LARGEST),
        (LARGEST, LARGEST - 1, LARGEST, LARGEST - 1),
        (0, LARGEST, 1, 0),
        (1, 0, 5, 0),
        (-1, 1, 3, -1),
        (1, 1, 0, None),
        (LARGEST, 2, 1, None),
        (None, 1, 1, None),
        (1, None, 1, None),
        (1, 1, None, None),
    ],
)
def test_units_times_numerator_over_denominator(units, numerator, denominator, wanted):
    """The quotient is cut; NULL where a factor is NULL, the denominator zero, or 38 digits do not hold it."""
    con = duckdb.connect()
    register(con)
    given = [None if figure is None else Decimal(figure) for figure in (units, numerator, denominator)]
    casts = ", ".join(["CAST(? AS DECIMAL(38, 0))"] * 3)
    ((made,),) = con.execute(f"SELECT exact_balance({casts}, 0::DECIMAL(38, 0))", given).fetchall()
    assert made == wanted


@pytest.mark.parametrize(
    ("units", "addend", "wanted"), [(4, 5, 0), (5, 5, 1), (14, 5, 1), (15, 5, 2), (10**30, None, None)]
)
def test_an_addend_rounds_to_nearest(units, addend, wanted):
    """Half of the denominator as the addend rounds a half up; a NULL addend gives NULL."""
    con = duckdb.connect()
    register(con)
    given = [Decimal(units), None if addend is None else Decimal(addend)]
    tenths = "1::DECIMAL(38, 0), 10::DECIMAL(38, 0)"
    sql = f"SELECT exact_balance(CAST(? AS DECIMAL(38, 0)), {tenths}, CAST(? AS DECIMAL(38, 0)))"
    ((made,),) = con.execute(sql, given).fetchall()
    assert made == wanted


def test_a_share_may_pass_through_2_to_the_256():
    """The product is a Python integer: 2^256-1 units at a price of one stay what they are."""
    assert share(2**256 - 1, 10**20, 10**20 * 2**200) == (2**256 - 1) // 2**200
    assert share(2**256 - 1, 1, 1) is None


def test_a_column_of_many_chunks_with_nulls():
    """Ten thousand rows, every third NULL, are the quotients that Python makes."""
    con = duckdb.connect()
    register(con)
    rows = con.execute(
        "SELECT i, exact_balance("
        " CASE WHEN i % 3 = 0 THEN NULL ELSE CAST(i AS DECIMAL(38, 0)) * 1000000000000000000 END,"
        " CAST(1234567890123456789012345678 AS DECIMAL(38, 0)), CAST(1000000007 AS DECIMAL(38, 0)), 0::DECIMAL(38, 0))"
        " FROM range(10000) AS numbers (i)"
    ).fetchall()
    numerator, denominator = 1234567890123456789012345678, 1000000007
    exact = [i * 10**18 * numerator // denominator for i in range(10000)]
    wanted = [None if i % 3 == 0 or figure >= 10**38 else figure for i, figure in enumerate(exact)]
    assert [made for _, made in sorted(rows)] == wanted


def test_registering_twice_is_harmless():
    """A second run on the same connection finds the function there."""
    con = duckdb.connect()
    register(con)
    register(con)
    ((made,),) = con.execute(
        "SELECT exact_balance(6::DECIMAL(38,0), 7::DECIMAL(38,0), 2::DECIMAL(38,0), 0::DECIMAL(38,0))"
    ).fetchall()
    assert made == 21


@given(st.integers(-(10**38) + 1, 10**38 - 1), st.integers(0, 10**38 - 1))
def test_a_value_is_cut_toward_zero(amount: int, price: int):
    """The product of two figures of 18 decimals is cut to 6, or None where it passes 38 digits."""
    true = Fraction(amount, 10**18) * Fraction(price, 10**18)
    cut = int(abs(true) * 10**6)
    assert worth(amount, price) == (None if cut >= 10**38 else cut if true >= 0 else -cut)


def test_a_value_in_sql():
    """exact_value takes token units and a price, and gives NULL where one of them is."""
    con = duckdb.connect()
    register(con)
    sql = "SELECT exact_value(CAST(? AS DECIMAL(38, 18)), CAST(? AS DECIMAL(38, 18)))"
    assert con.execute(sql, ["3", "1.333333333333333333"]).fetchall() == [(Decimal("3.999999"),)]
    assert con.execute(sql, ["3", None]).fetchall() == [(None,)]
    assert con.execute(sql, ["99999999999999999999", "99999999999999999999"]).fetchall() == [(None,)]
