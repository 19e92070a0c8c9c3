"""DL/T 645 framing: whole frames out of whatever a line brings, by both kernels."""

from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cext.streams import addresses, chunked, datas, drain, encode, frames, frames_of

METER = bytes.fromhex("129078563412")
ANSWER = encode(METER, 0x91, bytes.fromhex("00010102 0122"))
OTHER = encode(bytes.fromhex("010000000000"), 0x91, bytes.fromhex("00000100 56341200"))
FALSE_HEADER = bytes.fromhex("68 11 22 33 44 55 66 68 91 C8")


def test_a_frame_shows_its_fields(framing: ModuleType) -> None:
    (frame,) = drain(framing.Scanner645(), b"\xfe" * 4 + ANSWER)
    assert f"{frame.address:012X}" == "123456789012"
    assert frame.control == 0x91
    assert frame.data == bytes.fromhex("000101020122")
    assert frame.identifier == 0x02010100
    assert frame.raw == ANSWER
    assert frame.start == 4


def test_the_identifier_of_a_frame_without_one_is_minus_one(framing: ModuleType) -> None:
    (frame,) = drain(framing.Scanner645(), encode(METER, 0xD1, b"\x02\x00\x00"))
    assert frame.identifier == -1


@pytest.mark.parametrize(("control", "answer"), [(0x11, False), (0x91, True), (0xD1, True)])
def test_a_frame_says_whether_a_meter_sent_it(
    framing: ModuleType, control: int, answer: bool
) -> None:
    (frame,) = drain(framing.Scanner645(), encode(METER, control, b""))
    assert frame.answer is answer


def test_a_frame_is_made_by_a_scanner_only(framing: ModuleType) -> None:
    with pytest.raises(TypeError):
        framing.Frame645()


@pytest.mark.parametrize(
    "name", ["address", "control", "data", "raw", "start", "identifier", "answer"]
)
def test_a_frame_is_read_only(framing: ModuleType, name: str) -> None:
    (frame,) = drain(framing.Scanner645(), ANSWER)
    with pytest.raises(AttributeError):
        setattr(frame, name, 1)


@pytest.mark.parametrize("name", ["noise", "bad"])
def test_the_counters_are_read_only(framing: ModuleType, name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(framing.Scanner645(), name, 1)


@pytest.mark.parametrize("wake", [0, 1, 4, 7, 300])
def test_any_number_of_wake_up_bytes_is_accepted_and_is_not_noise(
    framing: ModuleType, wake: int
) -> None:
    scanner = framing.Scanner645()
    assert [f.start for f in drain(scanner, b"\xfe" * wake + ANSWER)] == [wake]
    assert scanner.noise == 0


@pytest.mark.parametrize("cut", range(1, len(ANSWER)))
def test_a_frame_split_anywhere_is_found(framing: ModuleType, cut: int) -> None:
    assert frames_of(framing, ANSWER[:cut], ANSWER[cut:]) == [ANSWER]


@pytest.mark.parametrize("length", [0, 1, 4, 0x16, 0x68, 200, 201, 255])
def test_every_length_is_accepted(framing: ModuleType, length: int) -> None:
    frame = encode(METER, 0x91, bytes(length))
    assert frames_of(framing, frame) == [frame]
    assert frames_of(framing, *(bytes([b]) for b in frame)) == [frame]


def test_glued_frames_come_out_one_by_one(framing: ModuleType) -> None:
    scanner = framing.Scanner645()
    found = list(drain(scanner, ANSWER + OTHER + b"\xfe" + ANSWER))
    assert [f.raw for f in found] == [ANSWER, OTHER, ANSWER]
    assert [f.start for f in found] == [0, len(ANSWER), len(ANSWER) + len(OTHER) + 1]


def test_starts_count_all_bytes_ever_fed(framing: ModuleType) -> None:
    scanner = framing.Scanner645()
    assert scanner.feed(b"\x01\x02" + ANSWER).start == 2
    assert scanner.feed(b"\xfe" + ANSWER).start == 2 + len(ANSWER) + 1
    assert scanner.feed(ANSWER[:5]) is None
    assert scanner.feed(ANSWER[5:]).start == 3 + 2 * len(ANSWER)


def test_a_frame_full_of_68_and_16_is_one_frame(framing: ModuleType) -> None:
    frame = encode(b"\x68\x16" * 3, 0x68, b"\x35\xe3" * 40)
    assert frames_of(framing, frame) == [frame]
    assert frames_of(framing, *(bytes([b]) for b in frame)) == [frame]


def test_a_bad_checksum_is_counted_and_no_frame(framing: ModuleType) -> None:
    scanner = framing.Scanner645()
    broken = ANSWER[:-2] + bytes([ANSWER[-2] ^ 1, 0x16])
    assert scanner.feed(broken) is None
    assert (scanner.bad, scanner.noise) == (1, len(broken))


def test_a_wrong_end_byte_is_counted_and_no_frame(framing: ModuleType) -> None:
    scanner = framing.Scanner645()
    assert scanner.feed(ANSWER[:-1] + b"\x17") is None
    assert (scanner.bad, scanner.noise) == (1, len(ANSWER))


def test_a_stray_68_before_a_frame_is_passed_over(framing: ModuleType) -> None:
    scanner = framing.Scanner645()
    assert [f.raw for f in drain(scanner, b"\x68" + ANSWER)] == [ANSWER]
    assert (scanner.bad, scanner.noise) == (0, 1)


def test_noise_is_counted_without_its_wake_up_bytes(framing: ModuleType) -> None:
    scanner = framing.Scanner645()
    assert scanner.feed(b"\x00\xfe\x55\xfe" + ANSWER).raw == ANSWER
    assert scanner.feed(b"\x01\x02\xfe") is None
    assert scanner.noise == 4


def test_a_torn_frame_does_not_swallow_the_next(framing: ModuleType) -> None:
    for cut in range(1, len(ANSWER)):
        assert OTHER in frames_of(framing, ANSWER[:cut] + OTHER)
        assert OTHER in frames_of(framing, ANSWER[:cut], OTHER)


def test_a_false_header_does_not_hold_back_the_frame_behind_it(framing: ModuleType) -> None:
    scanner = framing.Scanner645()
    assert scanner.feed(FALSE_HEADER + b"\x00" * 5) is None
    assert scanner.feed(ANSWER[:7]) is None
    assert scanner.feed(ANSWER[7:]).raw == ANSWER
    assert scanner.noise == len(FALSE_HEADER) + 5


@pytest.mark.parametrize("depth", [2, 20, 25])
def test_nor_do_many_false_headers_inside_each_other(framing: ModuleType, depth: int) -> None:
    stream = FALSE_HEADER * depth + ANSWER
    assert frames_of(framing, stream) == [ANSWER]
    assert frames_of(framing, *(bytes([b]) for b in stream)) == [ANSWER]


def test_a_whole_frame_at_hand_is_not_searched_for_frames_inside(framing: ModuleType) -> None:
    inner = bytes((b - 0x33) & 0xFF for b in ANSWER)
    outer = encode(METER, 0x91, inner)
    assert ANSWER in outer
    assert frames_of(framing, outer) == [outer]


def test_a_gap_ends_the_pending_candidate(framing: ModuleType) -> None:
    scanner = framing.Scanner645()
    assert scanner.feed(ANSWER[:9]) is None
    scanner.gap()
    assert scanner.feed(ANSWER[9:]) is None
    assert scanner.noise == len(ANSWER)
    assert scanner.feed(ANSWER).start == len(ANSWER)


def test_a_gap_with_nothing_pending_changes_nothing(framing: ModuleType) -> None:
    scanner = framing.Scanner645()
    scanner.gap()
    assert scanner.feed(b"\x01" + ANSWER).start == 1
    scanner.gap()
    assert scanner.noise == 1


def test_a_gap_loses_no_frame_that_waits_to_be_drained(framing: ModuleType) -> None:
    scanner = framing.Scanner645()
    assert scanner.feed(ANSWER + OTHER + ANSWER[:5]).raw == ANSWER
    scanner.gap()
    assert scanner.feed(b"").raw == OTHER
    assert scanner.feed(b"") is None
    scanner.gap()
    assert scanner.noise == 5


def test_a_caller_that_never_drains_costs_bounded_memory(framing: ModuleType) -> None:
    scanner = framing.Scanner645()
    fed = 0
    for _ in range(2000):
        assert scanner.feed(ANSWER * 3) is not None
        fed += 3
    left = sum(1 for _ in drain(scanner, b""))
    assert left * len(ANSWER) <= framing.LIMIT + 3 * len(ANSWER)
    assert scanner.noise + (2000 + left) * len(ANSWER) == fed * len(ANSWER)


def test_a_megabyte_at_once_loses_nothing(framing: ModuleType) -> None:
    many = 1_000_000 // len(ANSWER)
    assert sum(1 for _ in drain(framing.Scanner645(), ANSWER * many)) == many


@pytest.mark.parametrize("flood", [b"\x68", b"\x68\xff", b"\x68\x16\x16", bytes(range(256))])
@pytest.mark.parametrize("chunk", [1, 7, 4096])
def test_after_endless_headers_a_frame_still_comes_at_once(
    framing: ModuleType, flood: bytes, chunk: int
) -> None:
    scanner = framing.Scanner645()
    stream = (flood * 5000)[:5000]
    for at in range(0, len(stream), chunk):
        assert list(drain(scanner, stream[at : at + chunk])) == []
    assert [f.raw for f in drain(scanner, ANSWER)] == [ANSWER]
    assert scanner.noise == len(stream) - stream.count(0xFE)


class Work:
    """What a scan of some stream costs: checksums taken, bytes in them, bytes held at most."""

    def __init__(self, plain: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        self.checksums = self.summed = self.held = self.searches = 0
        right = plain.right
        work = self

        def counted(raw: bytes) -> bool:
            work.checksums += 1
            work.summed += len(raw)
            return bool(right(raw))

        class Counting(plain.Scanner645):  # type: ignore[misc, name-defined]
            def _search(self) -> object:
                work.searches += 1
                found = super()._search()
                work.held = max(work.held, len(self._window) + len(self._alive))
                return found

        monkeypatch.setattr(plain, "right", counted)
        self.scanner = Counting()

    def feed(self, stream: bytes, chunk: int) -> int:
        """Feed the stream in such chunks; how many frames it gave."""
        found = 0
        for at in range(0, len(stream), chunk):
            for _ in drain(self.scanner, stream[at : at + chunk]):
                found += 1
        return found


FLOODS = {
    "all starts": b"\x68",
    "headers that promise all": b"\x68\xff\xff\xff\xff\xff\xff\x68\x91\xff",
    "headers in headers, ends everywhere": b"\x68\x16\x16\x16\x16\x16\x16\x68\x68\x16",
    "starts and short lengths": b"\x68\x00",
}


@pytest.mark.parametrize("chunk", [1, 64, 10_000])
@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_endless_headers_cost_at_most_one_checksum_a_byte(
    both_framings: tuple[ModuleType, ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    flood: bytes,
    chunk: int,
) -> None:
    work = Work(both_framings[1], monkeypatch)
    stream = (flood * 10_000)[:10_000]
    assert work.feed(stream, chunk) == 0
    # once more for the first one of each chunk that is fed while nothing is pending
    assert work.scanner.bad <= work.checksums <= work.scanner.bad + -(-len(stream) // chunk)
    assert work.scanner.bad <= len(stream)
    assert work.summed <= 267 * work.checksums


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_twice_the_headers_cost_twice_the_work(
    both_framings: tuple[ModuleType, ModuleType], monkeypatch: pytest.MonkeyPatch, flood: bytes
) -> None:
    work = Work(both_framings[1], monkeypatch)
    work.feed((flood * 10_000)[:10_000], 7)
    once = (work.checksums, work.summed, work.searches)
    work.feed((flood * 10_000)[:10_000], 7)
    twice = (work.checksums, work.summed, work.searches)
    # the first 267 bytes are cheaper: nothing is due yet
    for first, both in zip(once, twice, strict=True):
        assert both <= 2 * first + 267 * 267


@pytest.mark.parametrize("chunk", [1, 64, 266])
@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_endless_headers_hold_no_more_than_a_frame_and_a_chunk(
    both_framings: tuple[ModuleType, ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    flood: bytes,
    chunk: int,
) -> None:
    work = Work(both_framings[1], monkeypatch)
    work.feed((flood * 10_000)[:10_000], chunk)
    # 266 bytes, and for each at most one header
    assert 0 < work.held <= 2 * 266
    fed = 10_000
    assert fed - 266 <= work.scanner.noise + 266 <= fed + 266


def test_what_cannot_be_a_frame_yet_is_not_looked_at(
    both_framings: tuple[ModuleType, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work(both_framings[1], monkeypatch)
    assert work.feed(ANSWER, 1) == 1
    assert work.searches <= 3


@pytest.mark.parametrize("length", [0x00, 0x20, 0xC8, 0xFF])
@pytest.mark.parametrize("chunk", [1, 2, 11, 12, 13, 64, 300])
def test_a_frame_inside_a_pending_header_comes_with_its_last_byte(
    framing: ModuleType, length: int, chunk: int
) -> None:
    stream = FALSE_HEADER[:9] + bytes([length]) + b"\x00\x68\x68\x01" + ANSWER
    scanner = framing.Scanner645()
    found = []
    for at in range(0, len(stream), chunk):
        upto = min(at + chunk, len(stream))
        found += [(frame.raw, upto) for frame in drain(scanner, stream[at:upto])]
    assert found == [(ANSWER, len(stream))]


def test_a_gap_ends_every_header_inside_a_pending_one(framing: ModuleType) -> None:
    scanner = framing.Scanner645()
    assert scanner.feed(FALSE_HEADER * 3 + ANSWER[:9]) is None
    scanner.gap()
    assert scanner.noise == 3 * len(FALSE_HEADER) + 9
    assert scanner.feed(ANSWER[9:] + OTHER).raw == OTHER


def test_a_gap_tells_of_what_stands_behind_a_frame_and_is_too_short_for_one(
    framing: ModuleType,
) -> None:
    scanner = framing.Scanner645()
    assert scanner.feed(ANSWER + b"\x00" * 3 + OTHER[:8]).raw == ANSWER
    assert scanner.noise == 3
    scanner.gap()
    assert scanner.noise == 11
    assert scanner.feed(b"") is None


@pytest.mark.parametrize("data", [bytes(255), b"\xcc" * 255, b"\xcb" * 245, b"\xcc" * 244])
def test_the_checksum_of_the_longest_and_heaviest_frames_is_right(
    framing: ModuleType, data: bytes
) -> None:
    frame = encode(b"\xff" * 6, 0xFF, data)
    assert framing.build645(0xFFFFFFFFFFFF, 0xFF, data, 0) == frame
    assert frames_of(framing, frame, frame[:100], frame[100:]) == [frame, frame]
    wrong = frame[:-2] + bytes([frame[-2] ^ 0x80, 0x16])
    assert frames_of(framing, wrong) == []


@given(address=addresses, control=st.integers(0, 255), data=datas, wake=st.integers(0, 7))
def test_build_and_scan_round_trip(
    framing: ModuleType, address: bytes, control: int, data: bytes, wake: int
) -> None:
    number = int.from_bytes(address, "little")
    built = framing.build645(number, control, data, wake)
    assert built == b"\xfe" * wake + encode(address, control, data)
    (frame,) = drain(framing.Scanner645(), built)
    assert (frame.address, frame.control, frame.data) == (number, control, data)
    assert frame.start == wake


@pytest.mark.parametrize(
    ("address", "control", "data", "wake"),
    [
        (-1, 0x11, b"", 0),
        (1 << 48, 0x11, b"", 0),
        (1 << 80, 0x11, b"", 0),
        (0, -1, b"", 0),
        (0, 256, b"", 0),
        (0, 0x11, bytes(256), 0),
        (0, 0x11, b"", -1),
        (0, 0x11, b"", 256),
    ],
)
def test_building_refuses_what_does_not_fit(
    framing: ModuleType, address: int, control: int, data: bytes, wake: int
) -> None:
    with pytest.raises(ValueError, match="must be"):
        framing.build645(address, control, data, wake)


def trace(framing: ModuleType, chunks: list[bytes], gaps: list[bool]) -> list[tuple[object, ...]]:
    scanner = framing.Scanner645()
    out: list[tuple[object, ...]] = []
    for at, chunk in enumerate(chunks):
        frame = scanner.feed(chunk)
        while frame is not None:
            seen = (frame.raw, frame.start, frame.address, frame.control, frame.data)
            out.append((*seen, frame.identifier, repr(frame), scanner.noise, scanner.bad))
            frame = scanner.feed(b"")
        if at < len(gaps) and gaps[at]:
            scanner.gap()
        out.append((scanner.noise, scanner.bad))
    return out


@settings(max_examples=400)
@given(chunks=chunked(), gaps=st.lists(st.booleans(), max_size=14))
def test_both_kernels_say_the_same_of_any_stream(
    both_framings: tuple[ModuleType, ModuleType], chunks: list[bytes], gaps: list[bool]
) -> None:
    compiled, plain = both_framings
    assert trace(compiled, chunks, gaps) == trace(plain, chunks, gaps)


@settings(max_examples=200)
@given(chunks=chunked(pieces=30))
def test_both_kernels_agree_also_when_nobody_drains(
    both_framings: tuple[ModuleType, ModuleType], chunks: list[bytes]
) -> None:
    scanners = [framing.Scanner645() for framing in both_framings]
    for chunk in chunks:
        ours = []
        for scanner in scanners:
            frame = scanner.feed(chunk)
            ours.append((frame and (frame.raw, frame.start), scanner.noise, scanner.bad))
        assert ours[0] == ours[1]


@settings(max_examples=200)
@given(chunks=chunked())
def test_every_frame_given_is_right_and_where_it_says(
    framing: ModuleType, chunks: list[bytes]
) -> None:
    scanner = framing.Scanner645()
    stream = b"".join(chunks)
    upto = 0
    given_bytes = 0
    for chunk in chunks:
        for frame in drain(scanner, chunk):
            raw = frame.raw
            assert frame.start >= upto
            upto = frame.start + len(raw)
            given_bytes += len(raw)
            assert stream[frame.start : upto] == raw
            assert encode(raw[1:7], frame.control, frame.data) == raw
    scanner.gap()
    rest = stream.count(0xFE)
    assert len(stream) - given_bytes - rest <= scanner.noise <= len(stream) - given_bytes


@settings(max_examples=200)
@given(chunks=chunked(pieces=20))
def test_a_frame_kept_stays_as_it_was(framing: ModuleType, chunks: list[bytes]) -> None:
    scanner = framing.Scanner645()
    kept = [(frame, frame.raw) for chunk in chunks for frame in drain(scanner, chunk)]
    for _ in range(100):
        list(drain(scanner, b"\x00" * 50 + ANSWER[:-1]))
    del scanner
    assert all(frame.raw == raw for frame, raw in kept)


@settings(max_examples=200)
@given(
    good=st.lists(frames, min_size=1, max_size=6),
    junk=st.lists(st.binary(max_size=20).map(lambda b: b.replace(b"\x68", b"\x67")), max_size=7),
    cut=st.integers(1, 64),
)
def test_every_frame_between_noise_without_headers_is_given(
    framing: ModuleType, good: list[bytes], junk: list[bytes], cut: int
) -> None:
    # a frame whose own bytes hold another whole frame is left to the test above
    stream = b""
    for at, frame in enumerate(good):
        stream += (junk[at] if at < len(junk) else b"") + frame
    whole = frames_of(framing, stream)
    assert whole == good
    assert frames_of(framing, *(stream[a : a + cut] for a in range(0, len(stream), cut))) == good
