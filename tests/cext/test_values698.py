"""DL/T 698.45 answers as integers, by both kernels."""

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.dlt698.apdu import Apdu, parse
from protocol.dlt698.parts import Dar
from tests.cext.streams698 import METER, encode

VOLTAGE, CURRENT, POWER, ENERGY = 0x20000200, 0x20010200, 0x20040201, 0x00100200
TAIL = b"\x00\x00"
TAGGED = b"\x00\x01" + bytes.fromhex("07E8 02 1D 17 3B 00 01 0005")
INTEGERS = {0x05: (4, True), 0x06: (4, False), 0x0F: (1, True), 0x10: (2, True), 0x11: (1, False),
            0x12: (2, False), 0x14: (8, True), 0x15: (8, False), 0x16: (1, False)}  # fmt: skip


def answer(results: str, kind: int = 2, piid: int = 1, tail: bytes = TAIL) -> bytes:
    """A GET answer with these results in hex."""
    return bytes([0x85, kind, piid]) + bytes.fromhex(results) + tail


ONE = answer("20000201 01 12 0899", kind=1)
TWO = answer("02 20000200 01 0103 12 0898 12 0899 12 089A  20040201 01 05 FFFFFFFE")


def test_a_list_of_objects_is_one_row_of_integers(values698: ModuleType) -> None:
    layout = values698.Layout698(((VOLTAGE, 3), (POWER, 1)))
    assert layout.size == 4
    assert layout.unpack_data(TWO, 1) == (2200, 2201, 2202, -2)


def test_one_object_may_come_alone_or_as_a_list_of_one(values698: ModuleType) -> None:
    layout = values698.Layout698(((0x20000201, 1),))
    assert layout.unpack_data(ONE, 1) == (2201,)
    assert layout.unpack_data(answer("01 20000201 01 12 0899"), 1) == (2201,)


def test_it_is_read_from_a_frame_scrambled_or_not(
    values698: ModuleType, framing698: ModuleType
) -> None:
    layout = values698.Layout698(((0x20000201, 1),))
    for control, data in ((0xC3, ONE), (0xCB, bytes((b + 0x33) % 256 for b in ONE))):
        frame = framing698.Scanner698().feed(encode(control, 0, METER, 0, data))
        assert layout.unpack(frame, 1) == (2201,)


def test_a_fragment_is_no_answer(values698: ModuleType, framing698: ModuleType) -> None:
    frame = framing698.Scanner698().feed(encode(0xE3, 0, METER, 0, ONE))
    assert values698.Layout698(((0x20000201, 1),)).unpack(frame, 1) is None


@pytest.mark.parametrize(
    ("data", "value"),
    [("05 80000000", -(2**31)), ("05 7FFFFFFF", 2**31 - 1), ("06 FFFFFFFF", 2**32 - 1),
     ("0F 80", -128), ("10 8000", -32768), ("10 7FFF", 32767), ("11 FF", 255), ("12 FFFF", 65535),
     ("14 8000000000000001", -(2**63) + 1), ("14 7FFFFFFFFFFFFFFF", 2**63 - 1),
     ("15 7FFFFFFFFFFFFFFF", 2**63 - 1), ("16 FF", 255), ("06 00000000", 0)],
)  # fmt: skip
def test_every_type_of_integer_is_read_whole(values698: ModuleType, data: str, value: int) -> None:
    layout = values698.Layout698(((ENERGY, 1),))
    assert layout.unpack_data(answer(f"00100200 01 {data}", kind=1), 1) == (value,)


@pytest.mark.parametrize("data", ["15 8000000000000000", "15 FFFFFFFFFFFFFFFF",
                                  "14 8000000000000000"])  # fmt: skip
def test_a_number_that_does_not_fit_is_left_to_the_general_reader(
    values698: ModuleType, data: str
) -> None:
    layout = values698.Layout698(((ENERGY, 1),))
    assert layout.unpack_data(answer(f"00100200 01 {data}", kind=1), 1) is None


@pytest.mark.parametrize(
    ("result", "values"),
    [
        ("00 06", (None, None)),
        ("00 00", (None, None)),
        ("01 00", (None, None)),
        ("01 0100", (None, None)),
        ("01 0101 12 0001", (1, None)),
        ("01 12 0001", (1, None)),
        ("01 0102 00 12 0001", (None, 1)),
        ("01 0103 12 0001 12 0002 12 0003", (1, 2)),
        ("01 018103 12 0001 12 0002 12 0003", (1, 2)),
        ("01 01820003 12 0001 12 0002 12 0003", (1, 2)),
    ],
)
def test_what_the_meter_lacks_is_missing_and_what_nobody_asked_is_passed_over(
    values698: ModuleType, result: str, values: tuple[int | None, ...]
) -> None:
    layout = values698.Layout698(((VOLTAGE, 2), (POWER, 1)))
    data = answer(f"02 20000200 {result} 20040201 01 05 00000007")
    assert layout.unpack_data(data, 1) == (*values, 7)


@pytest.mark.parametrize("piid", [1, 0x41, 0x81, 0xC1])
def test_priority_and_a_waiting_report_do_not_change_the_number(
    values698: ModuleType, piid: int
) -> None:
    layout = values698.Layout698(((0x20000201, 1),))
    data = ONE[:2] + bytes([piid]) + ONE[3:]
    assert layout.unpack_data(data, 1) == (2201,)
    assert layout.unpack_data(data, 2) is None


def test_a_time_tag_behind_the_answer_is_accepted(values698: ModuleType) -> None:
    layout = values698.Layout698(((0x20000201, 1),))
    assert layout.unpack_data(ONE[:-2] + TAGGED, 1) == (2201,)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        ONE[:3],
        ONE[:-1],
        ONE[:-2],
        ONE + b"\x00",
        ONE[:-2] + TAGGED[:-1],
        ONE[:-2] + b"\x01\x00",
        b"\x05" + ONE[1:],
        b"\x85\x03" + ONE[2:],
        b"\x85\x05" + ONE[2:],
        TWO,
        answer("20000200 01 12 0899", kind=1),
        answer("20000201 02 12 0899", kind=1),
        answer("20000201 01 17 3F800000", kind=1),
        answer("20000201 01 0A 01 31", kind=1),
        answer("20000201 01 0201 12 0899", kind=1),
        answer("20000201 01 0101 0101 12 0899", kind=1),
        answer("20000201 01 0102 12 0899", kind=1),
        answer("20000201 01 0180", kind=1),
        answer("20000201 01 0183000001 12 0899", kind=1),
        answer("20000201 01 0184FFFFFFFF 12 0899", kind=1),
        answer("20000201 01", kind=1, tail=b"\x01"),
        answer("00", kind=2),
    ],
    ids=lambda data: data.hex(),
)
def test_what_is_not_plainly_the_answer_is_left_to_the_general_reader(
    values698: ModuleType, data: bytes
) -> None:
    assert values698.Layout698(((0x20000201, 1),)).unpack_data(data, 1) is None


def test_the_answer_to_one_object_is_not_read_on_into_a_second(values698: ModuleType) -> None:
    glued = answer("20000201 01 12 0899 20040201 01 05 00000001", kind=1)
    assert values698.Layout698(((0x20000201, 1), (POWER, 1))).unpack_data(glued, 1) is None


def test_objects_in_another_order_are_not_the_answer(values698: ModuleType) -> None:
    assert values698.Layout698(((POWER, 1), (VOLTAGE, 3))).unpack_data(TWO, 1) is None


@pytest.mark.parametrize(
    "asked",
    [(), ((VOLTAGE, 1),) * 128, ((-1, 1),), ((1 << 32, 1),), ((VOLTAGE, 0),), ((VOLTAGE, 1025),),
     ((VOLTAGE, 1000), (POWER, 25))],
    ids=lambda asked: f"{len(asked)}",
)  # fmt: skip
def test_a_layout_that_no_answer_can_have_is_refused(
    values698: ModuleType, asked: tuple[tuple[int, int], ...]
) -> None:
    with pytest.raises(ValueError, match=r"OAD|integers"):
        values698.Layout698(asked)


integers = st.sampled_from(sorted(INTEGERS)).flatmap(
    lambda tag: st.binary(min_size=INTEGERS[tag][0], max_size=INTEGERS[tag][0]).map(
        lambda raw: bytes([tag]) + raw
    )
)
elements = integers | st.just(b"\x00")
arrays = st.lists(elements, max_size=9).map(lambda some: bytes([1, len(some)]) + b"".join(some))
results = (elements | arrays).map(lambda data: b"\x01" + data) | st.integers(0, 255).map(
    lambda dar: bytes([0, dar])
)


@st.composite
def answers(draw: st.DrawFn) -> tuple[tuple[tuple[int, int], ...], bytes]:
    """What was asked, and an answer to it."""
    oads = draw(st.lists(st.integers(0, 0xFFFFFFFF), min_size=1, max_size=6))
    asked = tuple((oad, draw(st.integers(1, 12))) for oad in oads)
    body = b"".join(oad.to_bytes(4, "big") + draw(results) for oad in oads)
    alone = len(oads) == 1 and draw(st.booleans())
    head = b"\x85\x01\x05" if alone else b"\x85\x02\x05" + bytes([len(oads)])
    return asked, head + body + draw(st.sampled_from([TAIL, TAGGED]))


def said_by_peer(data: bytes, asked: tuple[tuple[int, int], ...]) -> tuple[int | None, ...]:
    """The integers as PyPI dlt698 reads them."""
    native = pytest.importorskip("dlt698")._native
    out: list[int | None] = []
    for (_, wanted), one in zip(asked, native.decode_apdu(data).attributes, strict=True):
        value: Any = None if isinstance(one.result, int) else one.result.value
        row = [part.value for part in value] if isinstance(value, list) else [value]
        out += ([None if v is None else int(v) for v in row] + [None] * wanted)[:wanted]
    return tuple(out)


@settings(max_examples=200)
@given(given=answers())
def test_the_integers_are_those_that_the_peer_reads(
    values698: ModuleType, given: tuple[tuple[tuple[int, int], ...], bytes]
) -> None:
    asked, data = given
    got = values698.Layout698(asked).unpack_data(data, 5)
    if got is not None:
        assert got == said_by_peer(data, asked)
    else:
        # nothing else may stand in the way
        assert b"\x15" in data or b"\x14\x80" + bytes(7) in data


def said_by_reader(data: bytes, asked: tuple[tuple[int, int], ...]) -> tuple[int | None, ...]:
    """The integers as the general reader of the protocol room reads them."""
    read = parse(data)
    assert isinstance(read, Apdu), read
    out: list[int | None] = []
    for (oad, wanted), one in zip(asked, read.results, strict=True):
        assert one.oad == oad
        value = None if isinstance(one.outcome, Dar) else one.outcome.value
        row = [part.value for part in value] if isinstance(value, tuple) else [value]
        out += (row + [None] * wanted)[:wanted]
    return tuple(out)


@settings(max_examples=300)
@given(given=answers(), at=st.integers(0, 200), by=st.integers(0, 255))
def test_what_is_read_of_a_mutated_answer_the_general_reader_reads_as_well(
    values698: ModuleType, given: tuple[tuple[tuple[int, int], ...], bytes], at: int, by: int
) -> None:
    asked, data = given
    broken = bytearray(data)
    broken[at % len(data)] ^= by
    got = values698.Layout698(asked).unpack_data(bytes(broken), 5)
    if got is not None:
        assert got == said_by_reader(bytes(broken), asked)


@settings(max_examples=500)
@given(
    given=answers(),
    at=st.integers(0, 200),
    by=st.integers(0, 255),
    upto=st.none() | st.integers(0, 200),
)
def test_both_kernels_say_the_same_of_any_answer_mutated_or_cut(
    both_values698: tuple[ModuleType, ModuleType],
    given: tuple[tuple[tuple[int, int], ...], bytes],
    at: int,
    by: int,
    upto: int | None,
) -> None:
    asked, data = given
    broken = bytearray(data)
    broken[at % len(data)] ^= by
    said = [kernel.Layout698(asked).unpack_data(bytes(broken)[:upto], 5) for kernel in
            both_values698]  # fmt: skip
    assert said[0] == said[1]


@settings(max_examples=200)
@given(body=st.binary(max_size=60), tail=st.sampled_from([b"", TAIL, TAGGED]))
def test_both_kernels_say_the_same_of_any_bytes(
    both_values698: tuple[ModuleType, ModuleType], body: bytes, tail: bytes
) -> None:
    asked = ((int.from_bytes(body[:4].ljust(4, b"\x00"), "big"), 3),)
    data = b"\x85\x01\x05" + body + tail
    said = [kernel.Layout698(asked).unpack_data(data, 5) for kernel in both_values698]
    assert said[0] == said[1]
