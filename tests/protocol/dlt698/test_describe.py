"""One line for people about a frame."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.dlt698.apdu import Apdu, encode
from protocol.dlt698.describe import describe
from protocol.dlt698.fragments import fragment_data
from tests.protocol.dlt698.strategies import ANY_APDU
from tests.protocol.dlt698.wire import METER, frame
from tests.protocol.dlt698.wire import encode as framed

ASK = "05 01 00 20000201 00"
ANSWER = "85 02 00 02 20000201 01 12 0899 20040201 01 05 FFFFE890 00 00"


@pytest.mark.parametrize(
    ("data", "control", "lang", "line"),
    [
        (ASK, 0x43, "en", "GET-Request Normal request 20000201 voltage phase A"),
        (ASK, 0x43, "zh", "读取请求 Normal 请求 20000201 A相电压"),
        (
            ANSWER,
            0xC3,
            "en",
            "GET-Response NormalList answer 20000201 20040201"
            " = voltage phase A 220.1 V, active power total -600.0 W",
        ),
        (
            "85 01 00 200F0200 00 04 00 00",
            0xC3,
            "en",
            "GET-Response Normal error answer 200F0200 grid frequency 04 object undefined",
        ),
        (
            "85 01 00 200F0200 01 00 00 00",
            0xC3,
            "zh",
            "读取响应 Normal 应答 200F0200 = 电网频率 无数据",
        ),
    ],
)
def test_a_frame_is_one_line(data: str, control: int, lang: str, line: str) -> None:
    assert describe(frame(data, control), lang) == f"{METER} {line}"


def test_raw_bytes_are_described_by_their_first_frame() -> None:
    raw = b"\xfe\xfe" + framed(bytes.fromhex(ASK), 0x43)
    assert describe(raw) == describe(frame(ASK, 0x43))
    assert describe(b"\x68\x01") == "no whole frame: 68 01"
    assert describe(b"", "zh") == "没有完整的帧: "


def test_a_fragment_is_shown_as_one() -> None:
    assert "fragment 3, middle" in describe(frame(fragment_data(3, 3, b"x"), 0xE3))


def test_a_long_list_is_cut() -> None:
    oads = "20000201" * 100
    line = describe(frame(f"05 02 00 64 {oads} 00", 0x43))
    assert len(line) < 200
    many = "20000201 01 12 0899" * 100
    assert describe(frame(f"85 02 00 64 {many} 00 00")).endswith("… (100)")


@settings(max_examples=150)
@given(ANY_APDU, st.sampled_from([0x43, 0xC3, 0x83, 0xE3]), st.booleans())
def test_any_apdu_is_one_line(one: Apdu, control: int, zh: bool) -> None:
    line = describe(frame(encode(one)[:1500], control), "zh" if zh else "en")
    assert METER in line
    assert "\n" not in line


@settings(max_examples=150)
@given(st.binary(max_size=60))
def test_any_bytes_are_one_line(data: bytes) -> None:
    assert "\n" not in describe(data)
    assert "\n" not in describe(frame(data))
