"""The one line that people read about a Modbus frame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.modbus.describe import describe
from tests.cext.rtu import encode
from tests.protocol.modbus.wire import answer, framed, with_register


def raw(unit: int, function: int, data: str) -> bytes:
    return encode(unit, function, bytes.fromhex(data))


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (raw(1, 4, "0000 0011"), "unit 1 read input registers request 0000 × 17 (tmu-1)"),
        (raw(1, 4, "0002 0001"), "unit 1 read input registers request 0002 × 1"),
        (raw(9, 3, "000C 0002"), "unit 9 read holding registers request 000C × 2"),
        (raw(9, 3, "04 42C80000"), "unit 9 read holding registers answer = 42 C8 00 00"),
        (raw(9, 3, "05 42C80000"),
         "unit 9 read holding registers answer (length does not fit: 05 42 C8 00 00)"),
        (raw(1, 2, "02 0301"), "unit 1 read discrete inputs answer = 03 01"),
        (raw(1, 4, ""), "unit 1 read input registers answer (length does not fit)"),
        (raw(1, 0x84, "02"),
         "unit 1 read input registers exception answer 02 illegal data address"),
        (raw(1, 0x84, "0E"), "unit 1 read input registers exception answer 0E exception 0E"),
        (raw(1, 0x84, "0202"),
         "unit 1 read input registers exception answer (length does not fit: 02 02)"),
        (raw(1, 5, "0000 FF00"), "unit 1 write coil request 0000 = on"),
        (raw(1, 5, "0001 0000"), "unit 1 write coil request 0001 = off"),
        (raw(1, 6, "0003 0320"), "unit 1 write register request 0003 = 0320"),
        (raw(1, 6, "0003"), "unit 1 write register request (length does not fit: 00 03)"),
        (raw(1, 16, "0003 0001 02 0320"), "unit 1 write registers request 0003 × 1 = 03 20"),
        (raw(1, 16, "0003 0001"), "unit 1 write registers answer 0003 × 1"),
        (raw(1, 16, "0003 0001 04 0320"),
         "unit 1 write registers request (length does not fit: 00 03 00 01 04 03 20)"),
        (raw(0, 6, "0003 0320"), "all units write register request 0003 = 0320"),
        (raw(1, 0x41, "0102"), "unit 1 function 41 request 01 02"),
        (raw(1, 7, ""), "unit 1 read exception status request"),
    ],
)  # fmt: skip
def test_raw_bytes_are_described(frame: bytes, said: str) -> None:
    assert describe(frame) == said


def test_an_answer_of_the_tmu_is_shown_in_its_map_s_words() -> None:
    said = describe(framed(answer()))
    assert said == describe(answer())
    assert said.startswith(
        "unit 1 read input registers answer tmu-1: register map version 1,"
        " status bits of the unit 265, top-oil temperature 45.3 °C,"
        " winding temperature phase A no value, winding temperature phase B 77.0 °C,"
    )
    assert "outdoor air temperature -9.2 °C" in said
    assert "residual current 40.000 A" in said


def test_an_answer_of_another_map_version_is_not_put_into_words_that_may_be_wrong() -> None:
    said = describe(answer(with_register(0, 2)))
    assert said.startswith("unit 1 read input registers answer = 00 02 01 09")


def test_chinese_names_come_from_the_tables() -> None:
    assert describe(raw(1, 0x84, "02"), "zh") == "单元 1 读输入寄存器 异常应答 02 数据地址非法"
    assert "变压器顶层油温 45.3 °C, A相绕组温度 无数据" in describe(answer(), "zh")


def test_who_knows_the_direction_is_believed() -> None:
    frame = raw(1, 1, "03 010203")
    assert describe(frame) == "unit 1 read coils request 0301 × 515"
    assert describe(frame, answer=True) == "unit 1 read coils answer = 01 02 03"
    assert describe(framed(frame)) == describe(frame, answer=True)
    echo = raw(1, 6, "0003 0320")
    assert describe(echo, answer=True) == "unit 1 write register answer 0003 = 0320"


def test_a_wrong_crc_is_named_with_the_right_one() -> None:
    said = describe(bytes.fromhex("01 04 00 00 00 00 71 CB"))
    assert said == "no whole frame (CRC does not fit, would be F0 0A): 01 04 00 00 00 00 71 CB"


def test_bytes_that_can_be_no_frame_are_shown_as_hex() -> None:
    assert describe(b"\x01\x04") == "no whole frame: 01 04"
    assert describe(b"") == "no whole frame"
    assert describe(bytes(300)).endswith("… (300)")


frames = st.builds(encode, st.integers(0, 255), st.integers(0, 255), st.binary(max_size=252))


@given(
    st.binary(max_size=300) | frames,
    st.sampled_from(["en", "zh", "fr"]),
    st.sampled_from([None, True, False]),
)
def test_any_bytes_have_one_line(data: bytes, lang: str, answer: bool | None) -> None:
    said = describe(data, lang, answer)
    assert said
    assert len(said.splitlines()) == 1


@given(st.integers(1, 0x7F), st.binary(min_size=1, max_size=251))
def test_any_frame_of_a_scanner_has_one_line(function: int, data: bytes) -> None:
    data = bytes([len(data)]) + data if function <= 4 or function == 23 else data
    assert len(describe(framed(encode(1, function, data))).splitlines()) == 1
