"""The one line that people read about a frame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cext.framing import Scanner645
from protocol.dlt645.describe import describe
from tests.cext.streams import frames
from tests.protocol.dlt645.wire import di, frame

METER = "123456789012"


@pytest.mark.parametrize(
    ("control", "data", "said"),
    [
        (0x11, di("02010100"), f"{METER} read request 02010100 voltage phase A"),
        (0x91, di("02010100") + b"\x01\x22",
         f"{METER} read answer 02010100 voltage phase A = 220.1 V"),
        (0x91, di("02060000") + b"\x01\x85",
         f"{METER} read answer 02060000 power factor total = -0.501"),
        (0x91, di("0201FF00") + b"\x01\x22\xff\xff\x03\x22",
         f"{METER} read answer 0201FF00 voltage phase A … voltage phase C"
         " = 220.1 V, no value, 220.3 V"),
        (0x91, di("02010100") + b"\x01",
         f"{METER} read answer 02010100 voltage phase A (length does not fit: 01)"),
        (0x91, di("0201FE00") + b"\x01", f"{METER} read answer 0201FE00 (not in the table) 01"),
        (0xB1, di("0001FF00") + b"\x01",
         f"{METER} read answer 0001FF00 forward active energy total … forward active energy"
         " tariff 4 01 (more follows)"),
        (0xD1, b"\x02", f"{METER} read error answer 02 no requested data"),
        (0xD1, b"", f"{METER} read error answer"),
        (0x13, b"", f"{METER} read address request"),
        (0x1F, b"\x01\x02", f"{METER} function 1F request 01 02"),
    ],
)  # fmt: skip
def test_a_frame_is_described(control: int, data: bytes, said: str) -> None:
    assert describe(frame(METER, control, data)) == said


def test_chinese_names_come_from_the_quantity() -> None:
    answer = frame(METER, 0x91, di("02010100") + b"\x01\x22")
    assert describe(answer, "zh") == f"{METER} 读数据 应答 02010100 A相电压 = 220.1 V"


def test_wildcard_and_broadcast_are_named() -> None:
    assert "(any meter)" in describe(frame("AA" * 6, 0x13, b""))
    assert "(all meters)" in describe(frame("99" * 6, 0x08, bytes(6)))


def test_raw_bytes_are_described_as_their_frame() -> None:
    whole = frame(METER, 0xD1, b"\x02")
    assert describe(b"\xfe\xfe" + whole.raw) == describe(whole)


def test_bytes_without_a_frame_are_shown_as_hex() -> None:
    assert describe(b"\x68\x01") == "no whole frame: 68 01"
    assert describe(bytes(60)).endswith("… (60)")


@given(st.binary(max_size=300) | frames, st.sampled_from(["en", "zh", "fr"]))
def test_any_bytes_have_one_line(data: bytes, lang: str) -> None:
    said = describe(data, lang)
    assert said
    assert len(said.splitlines()) == 1


@given(frames)
def test_any_frame_has_one_line(data: bytes) -> None:
    found = Scanner645().feed(data)
    assert found is not None
    assert len(describe(found).splitlines()) == 1
