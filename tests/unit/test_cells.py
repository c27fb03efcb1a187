from datetime import date, datetime
from decimal import Decimal

import pytest

from indexer.floor.cells import jsonable, plain, safe, text, width


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (Decimal("0E-18"), "0"),
        (Decimal("12.500000000000000000"), "12.5"),
        (Decimal(2**256 - 1), str(2**256 - 1)),
        (Decimal(10**30), "1" + "0" * 30),
        (Decimal("-0.000000000000000001"), "-0.000000000000000001"),
    ],
)
def test_a_decimal_is_written_with_every_digit_and_no_exponent(value, wanted):
    """Decimals keep all digits, lose trailing zeros, and never turn into an exponent."""
    assert plain(value) == wanted


def test_terminal_sequences_are_shown_not_obeyed():
    """An escape sequence in a chain's string comes out as visible text."""
    assert safe("USD\x1b[2J\x07") == "USD\\x1b[2J\\x07"


def test_a_right_to_left_override_is_shown():
    """Direction overrides, which could make a name look like another, become escapes."""
    assert safe("BU\u202eIDL") == "BU\\u202eIDL"


def test_a_line_break_cannot_start_a_row():
    """A line break in a value is written as an escape."""
    assert safe("a\r\nb\u2028c") == "a\\x0d\\x0ab\\u2028c"


def test_ordinary_letters_of_any_script_are_kept():
    """Letters that are no control characters stay as they are."""
    assert safe("Ørsted 债券 €") == "Ørsted 债券 €"


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, ""),
        (True, "true"),
        (7, "7"),
        (b"\x01\xff", "0x01ff"),
        (date(2025, 1, 31), "2025-01-31"),
        (datetime(2025, 1, 31, 16, 0, 1), "2025-01-31T16:00:01Z"),  # noqa: DTZ001 - times are UTC without a zone
        ([Decimal("1.50"), None], '["1.5", null]'),
    ],
)
def test_every_kind_of_value_has_one_text(value, wanted):
    """Times carry their Z, bytes their 0x, NULL is empty."""
    assert text(value) == wanted


def test_json_holds_decimals_as_text():
    """A decimal becomes a JSON string, for a JSON number would become a float."""
    assert jsonable({"supply": Decimal("1.10"), "block": 5}) == {"supply": "1.1", "block": 5}


def test_json_has_no_bare_nan():
    """NaN, which JSON does not know, becomes text."""
    assert jsonable(float("nan")) == "nan"


def test_wide_letters_count_as_two_columns():
    """East Asian letters take two columns of a terminal, combining marks none."""
    assert width("债券e\u0301") == 5
