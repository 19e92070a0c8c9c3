"""Data of every type: there and back, bounds, any bytes."""

import json
import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.dlt698.axdr import TYPES, Bits, Data, decode_data, encode_data, show_data
from protocol.dlt698.wire import MOST_DEPTH
from tests.protocol.dlt698.strategies import DATA, FLAT, LEAVES, leaf, nested

HOLDERS = {0x01, 0x02, 0x58, 0x5A, 0x5C}


def test_every_type_is_tried() -> None:
    assert set(LEAVES) | HOLDERS == set(TYPES)


@pytest.mark.parametrize("tag", sorted(LEAVES))
def test_every_type_comes_back_as_it_was(tag: int) -> None:
    @given(leaf(tag))
    @settings(max_examples=30)
    def there_and_back(data: Data) -> None:
        assert decode_data(encode_data(data)) == data

    there_and_back()


@given(st.one_of(DATA, nested(FLAT)))
@settings(max_examples=80)
def test_data_within_data_come_back_as_they_were(data: Data) -> None:
    sent = encode_data(data)
    assert decode_data(sent) == data
    json.loads(msgspec.json.encode(show_data(data)))


@given(st.binary(max_size=80))
@settings(max_examples=250)
def test_any_bytes_are_data_or_none(raw: bytes) -> None:
    data = decode_data(raw)
    if data is not None:
        json.loads(msgspec.json.encode(show_data(data)))


@given(st.one_of(DATA, nested(FLAT)), st.data())
@settings(max_examples=100)
def test_data_that_end_too_early_are_none(data: Data, draw: st.DataObject) -> None:
    sent = encode_data(data)
    size = draw.draw(st.integers(0, len(sent) - 1))
    assert decode_data(sent[:size]) is None
    assert decode_data(sent + b"\x00") is None


@pytest.mark.parametrize(
    ("sent", "tag", "value"),
    [
        ("0500FFFFFF", 0x05, 0x00FFFFFF),
        ("05FFFFFFFE", 0x05, -2),
        ("06FFFFFFFE", 0x06, 0xFFFFFFFE),
        ("0FFF", 0x0F, -1),
        ("10FF6A", 0x10, -150),
        ("12096D", 0x12, 2413),
        ("150000000000BC614E", 0x15, 12345678),
        ("14FFFFFFFFFFFFFFFF", 0x14, -1),
        ("0410 8004", 0x04, Bits(16, b"\x80\x04")),
        ("0403 A0", 0x04, Bits(3, b"\xa0")),
        ("173FC00000", 0x17, 1.5),
        ("1C07EA0A05080030", 0x1C, bytes.fromhex("07EA0A05080030")),
        ("098104 01020304", 0x09, b"\x01\x02\x03\x04"),
        ("09820004 01020304", 0x09, b"\x01\x02\x03\x04"),
    ],
)
def test_bytes_are_read_as_the_standard_has_them(sent: str, tag: int, value: object) -> None:
    assert decode_data(bytes.fromhex(sent)) == Data(tag, value)


@pytest.mark.parametrize("tag", [0x07, 0x08, 0x0B, 0x13, 0x1D, 0x4F, 0x61, 0xFF])
def test_an_unknown_type_is_none(tag: int) -> None:
    assert decode_data(bytes((tag,)) + bytes(40)) is None


@pytest.mark.parametrize("length", ["80", "85 0000000001", "FF"])
def test_a_length_of_an_unknown_form_is_none(length: str) -> None:
    assert decode_data(b"\x09" + bytes.fromhex(length) + b"\x00" * 8) is None


def deep(levels: int) -> bytes:
    return b"\x01\x01" * levels + b"\x00"


def test_data_nest_only_so_deep() -> None:
    assert decode_data(deep(MOST_DEPTH - 1)) is not None
    assert decode_data(deep(MOST_DEPTH)) is None
    assert decode_data(deep(20000)) is None


def test_a_count_that_lies_is_none() -> None:
    assert decode_data(bytes.fromhex("0184FFFFFFFF") + b"\x00" * 100) is None
    assert decode_data(b"\x01\x82\x01\x00" + b"\x00" * 255) is None
    assert decode_data(b"\x01\x82\x01\x00" + b"\x00" * 256) is not None


@pytest.mark.parametrize(
    "data",
    [
        Data(0x12, -1),
        Data(0x12, 65536),
        Data(0x0F, 128),
        Data(0x09, "text"),
        Data(0x1C, bytes(6)),
        Data(0x04, Bits(9, b"\x00")),
        Data(0x4F, 0),
        Data(0x17, 1e300),
    ],
)
def test_what_a_type_does_not_hold_is_not_written(data: Data) -> None:
    with pytest.raises(ValueError, match=r".+"):
        encode_data(data)


def test_a_float_that_is_no_number_is_shown_as_none() -> None:
    data = decode_data(bytes.fromhex("177FC00000"))
    assert data is not None
    assert math.isnan(data.value)
    assert json.loads(msgspec.json.encode(show_data(data))) == {"float32": None}
