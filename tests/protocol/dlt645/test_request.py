"""Requests as bytes: by the standard's text, and read back by the meaning of a frame."""

from collections.abc import Callable

import pytest

from protocol.dlt645 import request
from protocol.dlt645.find import find
from protocol.dlt645.meaning import meaning
from protocol.dlt645.request import EVERY
from tests.cext.streams import encode

METER = "123456789012"
WIRE = bytes.fromhex(METER)[::-1]
RIGHT = "02 563412 44332211"


@pytest.mark.parametrize(
    ("built", "address", "control", "data"),
    [
        (request.read(METER, 0x00010000), WIRE, 0x11, "00000100"),
        (request.read_on(METER, 0x03300001, 1), WIRE, 0x12, "01003003 01"),
        (request.read(METER, 0x06000002, request.load_extra(3)), WIRE, 0x11, "02000006 03"),
        (request.read(METER, 0x06000001, request.load_extra(2, (26, 7, 23, 15, 30))),
         WIRE, 0x11, "01000006 02 3015230726"),
        (request.read_address(), b"\xaa" * 6, 0x13, ""),
        (request.broadcast_time((26, 7, 23, 12, 34, 56)), b"\x99" * 6, 0x08, "563412230726"),
        (request.freeze(METER, (EVERY, 1, 0, 0)), WIRE, 0x16, "00000199"),
        (request.freeze("9" * 12, (EVERY,) * 4), b"\x99" * 6, 0x16, "99999999"),
        (request.write(METER, 0x04000103, b"\x15", "02123456", "11223344"),
         WIRE, 0x14, "03010004" + RIGHT + "15"),
        (request.write_address(METER), b"\xaa" * 6, 0x15, "129078563412"),
        (request.change_speed(METER, 9600), WIRE, 0x17, "20"),
        (request.change_password(METER, 0x04000C03, "02123456", "02654321"),
         WIRE, 0x18, "030C0004 02563412 02214365"),
        (request.clear_demand(METER, "02123456", "11223344"), WIRE, 0x19, RIGHT),
        (request.clear_meter(METER, "02123456", "11223344"), WIRE, 0x1A, RIGHT),
        (request.clear_events(METER, 0xFFFFFFFF, "02123456", "11223344"),
         WIRE, 0x1B, RIGHT + "FFFFFFFF"),
        (request.relay(METER, 0x1B, (99, 12, 30, 0, 0, 0), "02123456", "11223344"),
         WIRE, 0x1C, RIGHT + "1B00 000000301299"),
        (request.terminal(METER, 1), WIRE, 0x1D, "01"),
        (request.security(METER, 0x070000FF, "11223344", b"\x01"),
         WIRE, 0x03, "FF000007 44332211 01"),
    ],
)  # fmt: skip
def test_a_request_is_the_standards_and_reads_back(
    built: bytes, address: bytes, control: int, data: str
) -> None:
    assert built == b"\xfe" * 4 + encode(address, control, bytes.fromhex(data))
    ((frame,), why) = find(built)
    assert why == ""
    said = meaning(frame)
    assert "length" not in said.note
    assert all(field.value is not None for field in said.values)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: request.read("12345", 0x00010000),
        lambda: request.read_on(METER, 0x00010000, 0),
        lambda: request.read_on(METER, 0x00010000, 256),
        lambda: request.load_extra(0),
        lambda: request.load_extra(256),
        lambda: request.load_extra(1, (26, 7, 23)),
        lambda: request.broadcast_time((2026, 7, 23, 12, 34, 56)),
        lambda: request.freeze(METER, (1, 1, 1)),
        lambda: request.change_speed(METER, 1000),
        lambda: request.write(METER, 0x04000103, b"", "123456", "11223344"),
        lambda: request.write(METER, 0x04000103, b"", "02123456", "１１２２３３４４"),
        lambda: request.write_address("12345678901A"),
    ],
)
def test_what_does_not_fit_is_refused(wrong: Callable[[], bytes]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        wrong()
