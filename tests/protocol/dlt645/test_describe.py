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
        (0x91, di("02030000") + b"\x12\x12\x00",
         f"{METER} read answer 02030000 active power total = 121.2 W"),
        (0x91, di("0201FF00") + b"\x01\x22\xff\xff\x03\x22",
         f"{METER} read answer 0201FF00 voltage phases A B C = 220.1 V, no value, 220.3 V"),
        (0x91, di("02010100") + b"\x01",
         f"{METER} read answer 02010100 voltage phase A = no value, data as sent 01"
         " (length does not fit: 1 bytes)"),
        (0x91, di("0201FE00") + b"\x01",
         f"{METER} read answer 0201FE00 = data as sent 01 (identifier not in the table)"),
        (0xB1, di("0001FF00") + b"\x01",
         f"{METER} read answer 0001FF00 forward active energy total and tariffs"
         " = data as sent 01 (more follows: read on with the next sequence number)"),
        (0x12, di("0001FF00") + b"\x01",
         f"{METER} read on request 0001FF00 forward active energy total and tariffs"
         " = frame sequence number 1"),
        (0x91, di("00010001") + b"\x12\x12\x00\x00",
         f"{METER} read answer 00010001 forward active energy total settlement day 1 ago"
         " = 12.12 kWh"),
        (0x91, di("02800008") + b"\x60\x03",
         f"{METER} read answer 02800008 clock battery voltage = 3.6 V"),
        (0x91, di("01010000") + b"\x12\x34\x00\x04\x03\x02\x01\x26",
         f"{METER} read answer 01010000 maximum demand forward active total"
         " = maximum demand 0.3412 kW, time of occurrence 2026-01-02 03:04"),
        (0x91, di("04000502") + b"\x01\x00",
         f"{METER} read answer 04000502 meter status word 2 = active power reversed phase A"),
        (0x91, di("04000502") + b"\x00\x00",
         f"{METER} read answer 04000502 meter status word 2 = no bit set"),
        (0xD1, b"\x02", f"{METER} read error answer 02 no requested data"),
        (0xD1, b"", f"{METER} read error answer no reason given"),
        (0x13, b"", f"{METER} read address request communication address"),
        (0x93, di(METER), f"{METER} read address answer communication address = {METER}"),
        (0x08, bytes.fromhex("341208230726"),
         f"{METER} broadcast time request meter clock = time 2026-07-23 08:12:34"),
        (0x16, bytes.fromhex("99999999"), f"{METER} freeze request = period at once"),
        (0x94, b"", f"{METER} write answer"),
        (0x1F, b"\x01\x02", f"{METER} function 1F request = data as sent 01 02"),
        (0x81, bytes.fromhex("1090 12341200"),
         f"{METER} 1997 read answer 9010 forward active energy total = 1234.12 kWh"
         " (DL/T 645-1997 dialect)"),
    ],
)  # fmt: skip
def test_a_frame_is_described(control: int, data: bytes, said: str) -> None:
    assert describe(frame(METER, control, data)) == said


def test_chinese_names_come_from_the_quantity() -> None:
    answer = frame(METER, 0x91, di("02010100") + b"\x01\x22")
    assert describe(answer, "zh") == f"{METER} 读数据 应答 02010100 A相电压 = 220.1 V"


def test_wildcard_and_broadcast_are_named() -> None:
    assert describe(frame("AA" * 6, 0x13, b"")).endswith("(any meter (wildcard address))")
    assert describe(frame("99" * 6, 0x08, bytes(6))).endswith("(all meters (broadcast): no answer)")


def test_a_doubtful_row_is_marked() -> None:
    said = describe(frame(METER, 0x91, di("02080100") + b"\x12\x12"))
    assert said.endswith("([?] one source only: check against a meter)")


def test_a_long_answer_is_cut_after_its_first_values() -> None:
    said = describe(frame(METER, 0x91, di("020A01FF") + b"\x12\x12" * 21))
    assert said.count(" %") == 12
    assert "… (21)" in said


def test_long_data_is_cut_and_counted() -> None:
    said = describe(frame(METER, 0x1F, bytes(200)))
    assert said.endswith("00 … (599)")
    assert len(said) < 200


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
