"""DL/T 698.45 framing: whole frames out of whatever a line brings, by both kernels."""

from types import ModuleType
from typing import Any

import pytest

from tests.cext.streams import drain
from tests.cext.streams698 import ANSWER, METER, OTHER, PROVEN, crc, encode, fits, frames_of


def one(framing698: ModuleType, *chunks: bytes) -> Any:
    """The one frame in the chunks."""
    scanner = framing698.Scanner698()
    (frame,) = [frame for chunk in chunks for frame in drain(scanner, chunk)]
    return frame


def test_the_encoder_of_these_tests_is_right() -> None:
    assert crc(b"123456789") == bytes.fromhex("6E 90")
    printed = "68 17 00 43 05 00 00 00 00 00 00 00 72 79 05 01 00 20 00 02 01 00 3D A7 16"
    request = bytes.fromhex("05 01 00 20 00 02 01 00")
    assert encode(0x43, 0, bytes(6), 0, request) == bytes.fromhex(printed)
    assert fits(ANSWER)
    assert not fits(ANSWER[:-2] + b"\x00\x16")


def test_a_frame_shows_its_fields(framing698: ModuleType) -> None:
    frame = one(framing698, b"\xfe" * 4 + ANSWER)
    assert frame.address.hex() == "123456789012"
    assert (frame.control, frame.client, frame.answer) == (0xC3, 0x10, True)
    assert (frame.address_type, frame.logical) == (0, 0)
    assert (frame.scrambled, frame.fragment) == (False, False)
    assert frame.data == bytes.fromhex("85 01 00 20000201 01 12 096D 00 00")
    assert (frame.raw, frame.start) == (ANSWER, 4)
    assert repr(frame) == f"<Frame698 {ANSWER.hex(' ').upper()} at 4>"


@pytest.mark.parametrize(
    ("flag", "kind", "logical"),
    [(0x00, 0, 0), (0x40, 1, 0), (0x80, 2, 0), (0xC0, 3, 0), (0x10, 0, 1), (0x70, 1, 3)],
)
def test_the_flag_of_the_address_is_taken_apart(
    framing698: ModuleType, flag: int, kind: int, logical: int
) -> None:
    frame = one(framing698, encode(0x43, flag, b"\xaa", 0, b"\x05"))
    assert (frame.address_type, frame.logical, frame.address) == (kind, logical, b"\xaa")


@pytest.mark.parametrize("length", range(1, 17))
def test_every_length_of_an_address_is_read_high_byte_first(
    framing698: ModuleType, length: int
) -> None:
    sent = bytes(range(0x20, 0x20 + length))
    frame = one(framing698, encode(0xC3, 0, sent, 0x77, b"\x85\x01"))
    assert frame.address == sent[::-1]
    assert (frame.client, frame.data) == (0x77, b"\x85\x01")


@pytest.mark.parametrize("control", range(0, 256, 8))
def test_the_bits_of_the_control_code_are_told(framing698: ModuleType, control: int) -> None:
    frame = one(framing698, encode(control, 0, METER, 0, b"\x33\x32\x00\xff"))
    assert frame.answer is (control >= 0x80)
    assert frame.fragment is (control & 0x20 != 0)
    assert frame.scrambled is (control & 0x08 != 0)


def test_scrambled_data_is_given_plain_and_the_sums_are_over_the_bytes_as_sent(
    framing698: ModuleType,
) -> None:
    frame = one(framing698, encode(0xCB, 0, METER, 0, b"\x33\x32\x00\xff"))
    assert frame.data == b"\x00\xff\xcd\xcc"


def test_a_frame_is_made_by_a_scanner_only(framing698: ModuleType) -> None:
    with pytest.raises(TypeError):
        framing698.Frame698()


@pytest.mark.parametrize(
    "name",
    ["address", "address_type", "logical", "client", "control", "data", "raw", "start", "answer",
     "fragment", "scrambled"],
)  # fmt: skip
def test_a_frame_is_read_only(framing698: ModuleType, name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(one(framing698, ANSWER), name, 1)


@pytest.mark.parametrize("name", ["noise", "bad"])
def test_the_counters_are_read_only(framing698: ModuleType, name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(framing698.Scanner698(), name, 1)


@pytest.mark.parametrize("wake", [0, 1, 4, 7, 300])
def test_any_number_of_wake_up_bytes_is_accepted_and_is_not_noise(
    framing698: ModuleType, wake: int
) -> None:
    scanner = framing698.Scanner698()
    assert [f.start for f in drain(scanner, b"\xfe" * wake + ANSWER)] == [wake]
    assert scanner.noise == 0


@pytest.mark.parametrize("cut", range(1, len(ANSWER)))
def test_a_frame_split_anywhere_is_found(framing698: ModuleType, cut: int) -> None:
    assert frames_of(framing698, ANSWER[:cut], ANSWER[cut:]) == [ANSWER]


def test_a_frame_comes_with_its_last_byte(framing698: ModuleType) -> None:
    scanner = framing698.Scanner698()
    for value in ANSWER[:-1]:
        assert scanner.feed(bytes([value])) is None
    assert scanner.feed(ANSWER[-1:]).raw == ANSWER


@pytest.mark.parametrize("length", [0, 1, 4, 0x59, 0x68, 255, 256, 1000, 2031])
def test_every_length_up_to_the_limit_is_accepted(framing698: ModuleType, length: int) -> None:
    frame = encode(0xC3, 0, METER, 0, bytes(length))
    assert frames_of(framing698, frame) == [frame]
    assert frames_of(framing698, *(bytes([b]) for b in frame)) == [frame]


def test_a_frame_longer_than_the_limit_is_noise(framing698: ModuleType) -> None:
    frame = encode(0xC3, 0, METER, 0, bytes(2032))
    assert len(frame) == 2049
    scanner = framing698.Scanner698()
    assert list(drain(scanner, frame)) == []
    assert (scanner.noise, scanner.bad) == (2049, 0)


def test_a_higher_limit_takes_longer_frames(framing698: ModuleType) -> None:
    frame = encode(0xC3, 0, METER, 0, bytes(16368))
    assert len(frame) == framing698.MOST
    scanner = framing698.Scanner698(limit=framing698.MOST)
    assert [f.raw for f in drain(scanner, frame)] == [frame]


@pytest.mark.parametrize("limit", [-1, 0, 2047, 16386, 1 << 80])
def test_a_limit_out_of_bounds_is_refused(framing698: ModuleType, limit: int) -> None:
    with pytest.raises(ValueError, match=r"limit must be 2048\.\.16385"):
        framing698.Scanner698(limit)


def with_length(word: int, size: int) -> bytes:
    """A frame of this size whose length field says otherwise; both sums are right."""
    header = word.to_bytes(2, "little") + b"\xc3\x05" + METER + b"\x00"
    header += crc(header)
    data = bytes(size - len(header) - 4)
    return b"\x68" + header + data + crc(header + data) + b"\x16"


def test_a_length_in_kilobytes_is_read(framing698: ModuleType) -> None:
    frame = with_length(0x4001, 1026)
    assert frames_of(framing698, frame) == [frame]


@pytest.mark.parametrize("word", [0x8040, 0xC001, 0x4000, 0x4002, 0x7FFF, 0x3FFF, 0, 9, 14])
def test_a_length_that_lies_holds_nothing_back(framing698: ModuleType, word: int) -> None:
    scanner = framing698.Scanner698()
    assert [f.raw for f in drain(scanner, with_length(word, 0x42) + ANSWER)] == [ANSWER]
    assert scanner.bad == 0


def test_glued_frames_come_out_one_by_one(framing698: ModuleType) -> None:
    scanner = framing698.Scanner698()
    found = list(drain(scanner, ANSWER + OTHER + b"\xfe" + ANSWER))
    assert [f.raw for f in found] == [ANSWER, OTHER, ANSWER]
    assert [f.start for f in found] == [0, len(ANSWER), len(ANSWER) + len(OTHER) + 1]


def test_starts_count_all_bytes_ever_fed(framing698: ModuleType) -> None:
    scanner = framing698.Scanner698()
    assert scanner.feed(b"\x01\x02" + ANSWER).start == 2
    assert scanner.feed(b"\xfe" + ANSWER).start == 2 + len(ANSWER) + 1
    assert scanner.feed(ANSWER[:5]) is None
    assert scanner.feed(ANSWER[5:]).start == 3 + 2 * len(ANSWER)


@pytest.mark.parametrize(
    ("at", "bad"), [(1, 0), (3, 0), (4, 0), (7, 0), (11, 0), (13, 0), (14, 1), (27, 1), (-3, 1),
                    (-1, 1)],
)  # fmt: skip
def test_a_changed_byte_makes_noise_and_a_bad_frame_where_the_header_was_proven(
    framing698: ModuleType, at: int, bad: int
) -> None:
    broken = bytearray(ANSWER)
    broken[at] ^= 0x40
    scanner = framing698.Scanner698()
    assert list(drain(scanner, bytes(broken))) == []
    scanner.gap()
    assert (scanner.bad, scanner.noise) == (bad, len(ANSWER))
    assert scanner.feed(ANSWER).raw == ANSWER


def test_noise_is_counted_without_its_wake_up_bytes(framing698: ModuleType) -> None:
    scanner = framing698.Scanner698()
    assert scanner.feed(b"\x00\xfe\x55\xfe" + ANSWER).raw == ANSWER
    assert scanner.feed(b"\x01\x02\xfe") is None
    assert scanner.noise == 4


@pytest.mark.parametrize("cut", range(1, 24))
def test_a_false_header_holds_nothing_back_once_its_check_sum_should_have_come(
    framing698: ModuleType, cut: int
) -> None:
    false = (b"\x68\x80\x00\xc3\x0f" + bytes(range(0x70, 0x88)))[:cut]
    scanner = framing698.Scanner698()
    first = scanner.feed(false)
    assert first is None
    assert [f.raw for f in drain(scanner, ANSWER)] == [ANSWER]
    assert (scanner.noise, scanner.bad) == (len(false), 0)


def test_a_frame_carried_in_a_frame_is_not_taken_for_one_of_the_line(
    framing698: ModuleType,
) -> None:
    outer = encode(0x43, 0, METER, 0, b"\x09\x07" + ANSWER + b"\x00")
    assert frames_of(framing698, outer) == [outer]
    assert frames_of(framing698, *(bytes([b]) for b in outer)) == [outer]


def test_the_frame_behind_a_torn_one_comes_when_the_torn_ones_length_is_up(
    framing698: ModuleType,
) -> None:
    for cut in range(1, len(ANSWER)):
        scanner = framing698.Scanner698()
        found = [f.raw for f in drain(scanner, ANSWER[:cut] + OTHER)]
        found += [f.raw for f in drain(scanner, OTHER)]
        assert found == [OTHER, OTHER]


def test_or_at_a_silence(framing698: ModuleType) -> None:
    scanner = framing698.Scanner698()
    assert scanner.feed(PROVEN + OTHER + ANSWER + OTHER[:20]) is None
    scanner.gap()
    assert [f.raw for f in drain(scanner, b"")] == [OTHER, ANSWER]
    assert (scanner.noise, scanner.bad) == (len(PROVEN) + 20, 0)


def test_no_frame_reaches_across_a_silence(framing698: ModuleType) -> None:
    scanner = framing698.Scanner698()
    assert scanner.feed(PROVEN + OTHER + ANSWER[:20]) is None
    scanner.gap()
    assert [f.raw for f in drain(scanner, ANSWER[20:] + OTHER)] == [OTHER, OTHER]
    assert scanner.noise == len(PROVEN) + len(ANSWER)


def test_a_gap_ends_the_pending_candidate(framing698: ModuleType) -> None:
    scanner = framing698.Scanner698()
    assert scanner.feed(ANSWER[:9]) is None
    scanner.gap()
    assert scanner.noise == 9
    assert scanner.feed(ANSWER[9:]) is None
    assert scanner.feed(ANSWER).start == len(ANSWER)
    assert scanner.noise == len(ANSWER)


def test_a_gap_with_nothing_pending_changes_nothing(framing698: ModuleType) -> None:
    scanner = framing698.Scanner698()
    scanner.gap()
    assert scanner.feed(b"\x01" + ANSWER).start == 1
    scanner.gap()
    assert scanner.noise == 1


def test_a_gap_loses_no_frame_that_waits_to_be_drained(framing698: ModuleType) -> None:
    scanner = framing698.Scanner698()
    assert scanner.feed(ANSWER + OTHER + ANSWER[:5]).raw == ANSWER
    scanner.gap()
    assert scanner.feed(b"").raw == OTHER
    assert scanner.feed(b"") is None
    assert scanner.noise == 5


def test_a_caller_that_never_drains_costs_bounded_memory(framing698: ModuleType) -> None:
    scanner = framing698.Scanner698()
    for _ in range(2000):
        assert scanner.feed(ANSWER * 3) is not None
    left = sum(1 for _ in drain(scanner, b""))
    assert left * len(ANSWER) <= 2 * framing698.LEAST + 3 * len(ANSWER)
    assert scanner.noise + (2000 + left) * len(ANSWER) == 6000 * len(ANSWER)


def test_a_megabyte_at_once_loses_nothing(framing698: ModuleType) -> None:
    many = 1_000_000 // len(ANSWER)
    assert sum(1 for _ in drain(framing698.Scanner698(), ANSWER * many)) == many


@pytest.mark.parametrize(
    "flood", [b"\x68", b"\x68\x40\x00\xc3\x05", b"\x68\xff\x07", bytes(range(256)), PROVEN[:13]]
)
@pytest.mark.parametrize("chunk", [1, 7, 4096])
def test_after_endless_false_headers_a_frame_still_comes_at_once(
    framing698: ModuleType, flood: bytes, chunk: int
) -> None:
    scanner = framing698.Scanner698()
    stream = (flood * 5000)[:5000]
    for at in range(0, len(stream), chunk):
        assert list(drain(scanner, stream[at : at + chunk])) == []
    # as many zeros as an unfinished header can wait for
    assert [f.raw for f in drain(scanner, bytes(24) + ANSWER)] == [ANSWER]


def weighings(plain: ModuleType, stream: bytes, chunk: int) -> int:
    """How often the plain scanner weighs a candidate in the stream fed in such chunks."""

    class Counting(plain.Scanner698):  # type: ignore[misc, name-defined]
        count = 0

        def _assess(self, at: int) -> int:
            Counting.count += 1
            return int(super()._assess(at))

    scanner = Counting()
    for at in range(0, len(stream), chunk):
        for _ in drain(scanner, stream[at : at + chunk]):
            pass
    return Counting.count


@pytest.mark.parametrize("flood", [b"\x68", b"\x68\x40\x00\xc3\x05", PROVEN])
@pytest.mark.parametrize("chunk", [1, 64, 20_000])
def test_the_weighings_of_endless_headers_grow_with_the_bytes_alone(
    both_framings698: tuple[ModuleType, ModuleType], flood: bytes, chunk: int
) -> None:
    _, plain = both_framings698
    assert weighings(plain, (flood * 20_000)[:20_000], chunk) <= 5 * flood.count(0x68) * (
        20_000 // len(flood) + 1
    )


def test_a_long_frame_that_comes_byte_by_byte_is_weighed_five_times(
    both_framings698: tuple[ModuleType, ModuleType],
) -> None:
    _, plain = both_framings698
    assert weighings(plain, encode(0xC3, 0, METER, 0, bytes(2000)), 1) <= 5


@pytest.mark.parametrize(
    "changed",
    [{"control": -1}, {"control": 256}, {"address": b""}, {"address": bytes(17)},
     {"address_type": 4}, {"logical": 4}, {"client": 256}, {"client": 1 << 80}, {"wake": -1},
     {"wake": 256}, {"data": bytes(16369)}],
    ids=str,
)  # fmt: skip
def test_building_refuses_what_does_not_fit(
    framing698: ModuleType, changed: dict[str, object]
) -> None:
    fields: dict[str, object] = {"control": 0x43, "address": METER, "address_type": 0}
    fields |= {"logical": 0, "client": 0, "data": b"", "wake": 4}
    with pytest.raises(ValueError, match="must be"):
        framing698.build698(*(fields | changed).values())


def test_the_longest_frame_can_be_built(framing698: ModuleType) -> None:
    built = framing698.build698(0x43, METER, 0, 0, 0, bytes(16368), 0)
    assert len(built) == framing698.MOST
    assert fits(built)
