"""Addresses, control codes and names of DL/T 645-2007."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.dlt645.frame import (
    ANY_METER,
    address_mask,
    address_number,
    address_text,
    error_names,
    function_name,
    identifier_bytes,
)


@given(st.integers(0, 0xFFFFFFFFFFFF))
def test_an_address_round_trips(number: int) -> None:
    assert address_number(address_text(number)) == number


def test_an_address_is_read_as_printed() -> None:
    assert address_number("123456789012") == 0x123456789012


@pytest.mark.parametrize(
    "text", ["", "12345678901", "1234567890123", "12345678901G", "1_2345678901", " 12345678901",
             "１２３４５６７８９０１２", "0x1234567890", "123456789012\n"]
)  # fmt: skip
def test_what_is_not_twelve_digits_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="12 digits"):
        address_number(text)


@pytest.mark.parametrize(
    ("address", "mask"),
    [
        (0x123456789012, 0xFFFFFFFFFFFF),
        (0xAA3456789012, 0x00FFFFFFFFFF),
        (0xAAAAAAAA9012, 0x00000000FFFF),
        (ANY_METER, 0),
        (0x12AAAAAAAAAA, 0xFFFFFFFFFFFF),
    ],
)
def test_leading_aa_bytes_match_any(address: int, mask: int) -> None:
    assert address_mask(address) == mask


def test_identifiers_go_low_byte_first() -> None:
    assert identifier_bytes(0x02010100) == b"\x00\x01\x01\x02"


@pytest.mark.parametrize("control", [0x11, 0x91, 0xB1, 0xD1])
def test_a_function_is_named_whatever_its_direction(control: int) -> None:
    assert function_name(control) == "read"
    assert function_name(control, "zh") == "读数据"


def test_an_unknown_function_is_named_by_its_number() -> None:
    assert function_name(0x9F) == "function 1F"


def test_error_bits_combine() -> None:
    assert error_names(0x06) == "no requested data; wrong password or not authorised"
    assert error_names(0x06, "zh") == "无请求数据; 密码错或未授权"


@given(st.integers(0, 255), st.sampled_from(["en", "zh"]))
def test_every_error_byte_has_words(code: int, lang: str) -> None:
    assert error_names(code, lang)
