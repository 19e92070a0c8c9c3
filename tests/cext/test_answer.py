"""An awaited answer taken from bytes to integers in one call, by both kernels."""

import importlib
from array import array
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cext.streams import encode

ADDRESS, IDENTIFIER = 0x123456789012, 0x0201FF00
METER = bytes.fromhex("129078563412")
FIELDS = ((2, False), (3, True))
ANSWER = encode(METER, 0x91, bytes.fromhex("00FF0102 0122 563492"))
FALSE_HEADER = bytes.fromhex("68 11 22 33 44 55 66 68 91 C8")


def scanner_of(values: ModuleType) -> Any:
    """A scanner of the framing kernel that goes with this values kernel."""
    return importlib.import_module(values.__name__.replace("values", "framing")).Scanner645()


class Awaiting:
    """An answer that is awaited, and what came of it."""

    def __init__(self, values: ModuleType, fields: Any = FIELDS) -> None:
        self.scanner = scanner_of(values)
        self.out = array("q", [7] * len(fields))
        layout = values.Layout(fields)
        made = values.Answer645(self.scanner, ADDRESS, IDENTIFIER, layout, self.out)
        self.take = made.take


@pytest.mark.parametrize("wake", [0, 1, 4, 300])
def test_the_awaited_answer_gives_its_integers(values: ModuleType, wake: int) -> None:
    awaiting = Awaiting(values)
    assert awaiting.take(b"\xfe" * wake + ANSWER) is True
    assert awaiting.out.tolist() == [2201, -123456]


def test_what_was_taken_counts_as_fed_and_not_as_noise(values: ModuleType) -> None:
    awaiting = Awaiting(values)
    assert awaiting.take(b"\xfe\xfe" + ANSWER)
    assert awaiting.scanner.feed(ANSWER).start == 2 + len(ANSWER)
    assert (awaiting.scanner.noise, awaiting.scanner.bad) == (0, 0)


def test_no_value_is_the_least_integer(values: ModuleType) -> None:
    awaiting = Awaiting(values)
    frame = encode(METER, 0x91, bytes.fromhex("00FF0102 FFFF 563412"))
    assert awaiting.take(frame)
    assert awaiting.out.tolist() == [values.MISSING, 123456]
    assert values.MISSING == -(2**63)


DATA = bytes.fromhex("00FF0102 0122 563492")
OTHERS = {
    "nothing": b"",
    "wake-up bytes": b"\xfe" * 40,
    "another meter's": encode(METER[::-1], 0x91, DATA),
    "a refusal": encode(METER, 0xD1, b"\x02"),
    "one with more to follow": encode(METER, 0xB1, DATA),
    "the request": encode(METER, 0x11, DATA[:4]),
    "another item": encode(METER, 0x91, b"\x01" + DATA[1:]),
    "a byte less": encode(METER, 0x91, DATA[:-1]),
    "a byte more": encode(METER, 0x91, DATA + b"\x00"),
    "a wrong checksum": ANSWER[:-2] + bytes([ANSWER[-2] ^ 1, 0x16]),
    "a wrong end": ANSWER[:-1] + b"\x17",
    "half of it": ANSWER[:12],
    "noise in front": b"\x00" + ANSWER,
    "noise behind": ANSWER + b"\x00",
    "two of them": ANSWER + ANSWER,
}


@pytest.mark.parametrize("data", OTHERS.values(), ids=OTHERS)
def test_anything_else_is_left_to_feed_and_changes_nothing(values: ModuleType, data: bytes) -> None:
    awaiting = Awaiting(values)
    assert awaiting.take(data) is False
    assert awaiting.out.tolist() == [7, 7]
    assert (awaiting.scanner.noise, awaiting.scanner.bad) == (0, 0)
    assert awaiting.scanner.feed(b"\xfe" + ANSWER).start == 1


@pytest.mark.parametrize("pending", [b"\x68", ANSWER[:9], FALSE_HEADER])
def test_nothing_is_taken_past_what_is_pending(values: ModuleType, pending: bytes) -> None:
    awaiting = Awaiting(values)
    assert awaiting.scanner.feed(pending) is None
    assert awaiting.take(ANSWER) is False
    assert awaiting.scanner.feed(ANSWER).start == len(pending)
    assert awaiting.take(ANSWER)


def test_nor_past_a_frame_that_waits_to_be_drained(values: ModuleType) -> None:
    awaiting = Awaiting(values)
    assert awaiting.scanner.feed(ANSWER + ANSWER).raw == ANSWER
    assert awaiting.take(ANSWER) is False
    assert awaiting.scanner.feed(b"").raw == ANSWER


@pytest.mark.parametrize(
    "out", [array("q"), array("q", [0]), array("q", [0] * 3), array("l", [0, 0]), [0, 0], None]
)
def test_integers_need_a_place_each(values: ModuleType, out: Any) -> None:
    with pytest.raises(ValueError, match="out must be"):
        values.Answer645(scanner_of(values), ADDRESS, IDENTIFIER, values.Layout(FIELDS), out)


def test_their_place_cannot_go_away(values: ModuleType) -> None:
    awaiting = Awaiting(values)
    with pytest.raises(BufferError):
        awaiting.out.append(1)


@pytest.mark.parametrize(
    ("address", "identifier"), [(-1, 0), (1 << 48, 0), (0, -1), (0, 1 << 32), (1 << 80, 0)]
)
def test_what_no_answer_can_have_is_refused(
    values: ModuleType, address: int, identifier: int
) -> None:
    with pytest.raises(ValueError, match="must be 0"):
        values.Answer645(
            scanner_of(values), address, identifier, values.Layout(FIELDS), array("q", [0, 0])
        )


def test_the_longest_answer_is_taken_and_a_longer_never(values: ModuleType) -> None:
    fields = ((8, False),) * 31
    data = IDENTIFIER.to_bytes(4, "little") + b"\x11" * 248
    longest = Awaiting(values, (*fields, (3, False)))
    assert longest.take(encode(METER, 0x91, data + b"\x22" * 3))
    assert longest.out.tolist() == [1111111111111111] * 31 + [222222]
    beyond = Awaiting(values, (*fields, (4, False)))
    for frame in (b"", b"\xfe" * 268, encode(METER, 0x91, data + b"\x22" * 3)):
        assert beyond.take(frame) is False


@given(
    numbers=st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=9),
    spoil=st.tuples(st.integers(0, 60), st.integers(0, 255)),
    signed=st.booleans(),
)
def test_both_kernels_take_the_same(
    both_values: tuple[ModuleType, ModuleType],
    numbers: list[int],
    spoil: tuple[int, int],
    signed: bool,
) -> None:
    data = IDENTIFIER.to_bytes(4, "little") + b"".join(n.to_bytes(2, "little") for n in numbers)
    frame = bytearray(encode(METER, 0x91, data))
    frame[spoil[0] % len(frame)] ^= spoil[1]
    said = []
    for kernel in both_values:
        awaiting = Awaiting(kernel, ((2, signed),) * len(numbers))
        taken = awaiting.take(bytes(frame))
        said.append((taken, awaiting.out.tolist()))
        found = scanner_of(kernel).feed(bytes(frame))
        if taken:
            fields = kernel.Layout(((2, signed),) * len(numbers)).unpack(found, 4)
            assert [kernel.MISSING if n is None else n for n in fields] == awaiting.out.tolist()
    assert said[0] == said[1]
    assert said[0][0] is (spoil[1] == 0)
