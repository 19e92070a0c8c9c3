"""Modbus RTU framing: the awaited answer out of whatever a line brings, by both kernels."""

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cext.rtu import Question, crc, encode, frames_of, lines, questions, scanner_of
from tests.cext.streams import drain

TMU = Question(1, 4, 39)
WRITE = Question(1, 16, 8)
ANSWER = TMU.answer(bytes(range(40)))
OTHER = TMU.answer(b"\x01\x04\x22\x01\x84\x02")
REFUSAL = TMU.refusal(2)


def test_an_answer_shows_its_fields(framing: ModuleType) -> None:
    (frame,) = drain(scanner_of(framing, TMU), b"\x00\x07" + ANSWER)
    assert (frame.unit, frame.function, frame.answer) == (1, 4, True)
    assert frame.data == bytes([34, *range(34)])
    assert frame.raw == ANSWER
    assert frame.start == 2


def test_an_exception_answer_has_its_bit_and_its_code(framing: ModuleType) -> None:
    (frame,) = drain(scanner_of(framing, TMU), REFUSAL)
    assert (frame.unit, frame.function, frame.data) == (1, 0x84, b"\x02")
    assert frame.raw == REFUSAL == bytes.fromhex("01 84 02 C2 C1")


def test_an_answer_is_made_by_a_scanner_only(framing: ModuleType) -> None:
    with pytest.raises(TypeError):
        framing.FrameModbus()


@pytest.mark.parametrize("name", ["unit", "function", "data", "raw", "start", "answer"])
def test_an_answer_is_read_only(framing: ModuleType, name: str) -> None:
    (frame,) = drain(scanner_of(framing, TMU), ANSWER)
    with pytest.raises(AttributeError):
        setattr(frame, name, 1)


@pytest.mark.parametrize("name", ["noise", "bad"])
def test_the_counters_are_read_only(framing: ModuleType, name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(framing.ScannerModbus(), name, 1)


def test_before_a_question_all_is_noise(framing: ModuleType) -> None:
    scanner = framing.ScannerModbus()
    assert scanner.feed(ANSWER) is None
    assert scanner.noise == len(ANSWER)
    scanner.expect(1, 4, 39)
    assert scanner.feed(b"") is None
    assert scanner.feed(ANSWER).start == len(ANSWER)


@pytest.mark.parametrize("question", [TMU, WRITE, Question(247, 3, 255), Question(4, 4, 7)])
def test_an_answer_split_anywhere_is_found(framing: ModuleType, question: Question) -> None:
    answer = question.answer(b"\x00\x01\x80")
    for cut in range(1, len(answer)):
        assert frames_of(framing, question, answer[:cut], answer[cut:]) == [answer]
    assert frames_of(framing, question, *(bytes([b]) for b in answer)) == [answer]


@pytest.mark.parametrize(
    "stray",
    [
        pytest.param(encode(2, 4, ANSWER[2:-2]), id="another unit"),
        pytest.param(encode(1, 3, ANSWER[2:-2]), id="another function"),
        pytest.param(Question(1, 4, 41).answer(b""), id="another length"),
        pytest.param(encode(1, 4, bytes([32]) + ANSWER[3:-2]), id="another byte count"),
        pytest.param(encode(1, 0x83, b"\x02"), id="an exception of another function"),
        pytest.param(encode(2, 0x84, b"\x02"), id="an exception of another unit"),
        pytest.param(encode(1, 4, bytes.fromhex("0000 0011")), id="the echo of the question"),
    ],
)
def test_what_is_not_awaited_is_noise(framing: ModuleType, stray: bytes) -> None:
    scanner = scanner_of(framing, TMU)
    found = [frame.raw for frame in drain(scanner, stray + ANSWER)]
    assert found == [ANSWER]
    assert (scanner.noise, scanner.bad) == (len(stray), 0)


@pytest.mark.parametrize("at", range(len(ANSWER)))
def test_no_answer_with_a_wrong_bit_is_framed(framing: ModuleType, at: int) -> None:
    for bit in range(8):
        broken = ANSWER[:at] + bytes([ANSWER[at] ^ 1 << bit]) + ANSWER[at + 1 :]
        assert frames_of(framing, TMU, broken) == []


def test_a_wrong_crc_is_counted(framing: ModuleType) -> None:
    scanner = scanner_of(framing, TMU)
    broken = ANSWER[:-1] + bytes([ANSWER[-1] ^ 1])
    assert scanner.feed(broken) is None
    assert (scanner.bad, scanner.noise) == (1, len(broken))


def test_the_crc_stands_low_byte_first(framing: ModuleType) -> None:
    assert frames_of(framing, TMU, ANSWER[:-2] + ANSWER[:-3:-1]) == []


def test_a_torn_answer_does_not_swallow_the_next(framing: ModuleType) -> None:
    for cut in range(1, len(ANSWER)):
        assert frames_of(framing, TMU, ANSWER[:cut], OTHER) == [OTHER]
        assert frames_of(framing, TMU, ANSWER[:cut] + OTHER) == [OTHER]


def test_a_false_start_does_not_hold_back_the_answer_behind_it(framing: ModuleType) -> None:
    scanner = scanner_of(framing, TMU)
    assert scanner.feed(TMU.head * 3 + b"\x01\x84") is None
    assert scanner.feed(ANSWER).raw == ANSWER
    assert scanner.noise == 11


def test_what_stands_in_an_answer_is_never_taken_for_one(framing: ModuleType) -> None:
    outer = TMU.answer(b"\x00" + REFUSAL + b"\x00")
    assert REFUSAL in outer
    assert frames_of(framing, TMU, outer) == [outer]
    assert frames_of(framing, TMU, *(bytes([b]) for b in outer)) == [outer]


def test_answers_one_behind_the_other_come_out_one_by_one(framing: ModuleType) -> None:
    found = list(drain(scanner_of(framing, TMU), ANSWER + REFUSAL + b"\x55" + OTHER))
    assert [frame.raw for frame in found] == [ANSWER, REFUSAL, OTHER]
    assert [frame.start for frame in found] == [0, 39, 45]


@pytest.mark.parametrize("cut", range(1, len(ANSWER)))
def test_a_new_question_finds_what_is_pending_for_it(framing: ModuleType, cut: int) -> None:
    scanner = framing.ScannerModbus()
    scanner.expect(1, 16, 60)
    # pending for the old question, and in its data the beginning of the new one's answer
    assert scanner.feed(b"\x01\x10" + ANSWER[:cut]) is None
    scanner.expect(1, 4, 39)
    assert scanner.feed(ANSWER[cut:]).raw == ANSWER
    assert scanner.noise == 2


@pytest.mark.parametrize("cut", range(len(ANSWER)))
def test_a_new_question_ends_the_old_one(framing: ModuleType, cut: int) -> None:
    scanner = scanner_of(framing, TMU)
    assert scanner.feed(ANSWER[:cut]) is None
    scanner.expect(2, 4, 39)
    assert scanner.feed(ANSWER[cut:]) is None
    assert list(drain(scanner, ANSWER)) == []


def test_a_new_question_finds_what_waits_to_be_drained(framing: ModuleType) -> None:
    scanner = scanner_of(framing, TMU)
    written = WRITE.answer(b"\x00\x16\x00\x02")
    assert scanner.feed(ANSWER + ANSWER + written).raw == ANSWER
    scanner.expect(1, 16, 8)
    assert scanner.feed(b"").raw == written


def test_a_refused_question_leaves_the_old_one_standing(framing: ModuleType) -> None:
    scanner = scanner_of(framing, TMU)
    with pytest.raises(ValueError, match="must be"):
        scanner.expect(2, 4, 257)
    assert scanner.feed(ANSWER).raw == ANSWER


@pytest.mark.parametrize(
    ("unit", "function", "length"),
    [(-1, 4, 39), (256, 4, 39), (1, 0, 39), (1, 0x80, 39), (1, 1 << 70, 39), (1, 4, 4),
     (1, 4, 257), (1, 4, 1 << 70)],
)  # fmt: skip
def test_a_question_that_has_no_answer_is_refused(
    framing: ModuleType, unit: int, function: int, length: int
) -> None:
    with pytest.raises(ValueError, match="must be"):
        framing.ScannerModbus().expect(unit, function, length)


def test_a_gap_ends_what_is_pending(framing: ModuleType) -> None:
    scanner = scanner_of(framing, TMU)
    assert scanner.feed(ANSWER[:9]) is None
    scanner.gap()
    assert scanner.feed(ANSWER[9:]) is None
    assert scanner.noise == len(ANSWER)
    assert scanner.feed(ANSWER).start == len(ANSWER)


def test_a_gap_under_a_new_question_ends_what_the_old_one_left(framing: ModuleType) -> None:
    scanner = scanner_of(framing, TMU)
    assert scanner.feed(ANSWER[:-1]) is None
    scanner.expect(1, 4, 39)
    scanner.gap()
    assert scanner.feed(ANSWER[-1:]) is None
    assert scanner.noise == len(ANSWER)


def test_a_gap_loses_no_answer_that_waits_to_be_drained(framing: ModuleType) -> None:
    scanner = scanner_of(framing, TMU)
    assert scanner.feed(ANSWER + OTHER + ANSWER[:5]).raw == ANSWER
    scanner.gap()
    assert scanner.feed(b"").raw == OTHER
    assert scanner.feed(b"") is None
    scanner.gap()
    assert scanner.noise == 5


def test_a_caller_that_never_drains_costs_bounded_memory(framing: ModuleType) -> None:
    scanner = scanner_of(framing, TMU)
    for _ in range(2000):
        assert scanner.feed(ANSWER * 3) is not None
    left = sum(1 for _ in drain(scanner, b""))
    assert left * len(ANSWER) <= framing.LIMIT + 3 * len(ANSWER)
    assert scanner.noise + (2000 + left) * len(ANSWER) == 6000 * len(ANSWER)


@pytest.mark.parametrize("question", [TMU, Question(5, 5, 256), Question(4, 4, 256)])
@pytest.mark.parametrize("chunk", [1, 7, 4096])
def test_after_endless_false_starts_an_answer_still_comes(
    framing: ModuleType, question: Question, chunk: int
) -> None:
    scanner = scanner_of(framing, question)
    stream = (question.head * 5000)[:5000]
    for at in range(0, len(stream), chunk):
        assert scanner.feed(stream[at : at + chunk]) is None
        # a drained scanner holds less than one answer
        assert at + len(stream[at : at + chunk]) - scanner.noise < question.length
    answer = question.answer(b"\x00")
    assert [frame.raw for frame in drain(scanner, answer)] == [answer]
    assert scanner.noise == len(stream)


@given(
    unit=st.integers(0, 255),
    function=st.integers(0, 255),
    data=st.binary(max_size=40) | st.binary(min_size=245, max_size=252),
)
def test_a_frame_is_built_as_the_specification_says(
    framing: ModuleType, unit: int, function: int, data: bytes
) -> None:
    assert framing.build_modbus(unit, function, data) == encode(unit, function, data)


def test_a_request_known_from_a_manual_is_built(framing: ModuleType) -> None:
    built = framing.build_modbus(1, 3, bytes.fromhex("000C0002"))
    assert built == bytes.fromhex("01 03 00 0C 00 02 04 08")


@pytest.mark.parametrize(
    ("unit", "function", "data"),
    [(-1, 3, b""), (256, 3, b""), (1 << 80, 3, b""), (1, -1, b""), (1, 256, b""),
     (1, 3, bytes(253))],
)  # fmt: skip
def test_building_refuses_what_does_not_fit(
    framing: ModuleType, unit: int, function: int, data: bytes
) -> None:
    with pytest.raises(ValueError, match="must be"):
        framing.build_modbus(unit, function, data)


@given(question=questions, content=st.binary(max_size=20))
def test_every_answer_round_trips(framing: ModuleType, question: Question, content: bytes) -> None:
    answer = question.answer(content)
    (frame,) = drain(scanner_of(framing, question), answer)
    assert (frame.unit, frame.function) == (question.unit, question.function)
    assert (frame.data, frame.raw, frame.start) == (answer[2:-2], answer, 0)


@settings(max_examples=200)
@given(line=lines())
def test_every_frame_given_answers_the_question_and_stands_where_it_says(
    framing: ModuleType, line: tuple[Question, list[bytes]]
) -> None:
    question, chunks = line
    scanner = scanner_of(framing, question)
    stream, upto, framed = b"".join(chunks), 0, 0
    for chunk in chunks:
        for frame in drain(scanner, chunk):
            assert frame.start >= upto
            upto = frame.start + len(frame.raw)
            framed += len(frame.raw)
            assert stream[frame.start : upto] == frame.raw
            assert question.fits(frame.raw)
    scanner.gap()
    assert scanner.noise == len(stream) - framed


@settings(max_examples=200)
@given(line=lines(), cut=st.integers(1, 64))
def test_the_frames_do_not_depend_on_how_the_bytes_are_cut(
    framing: ModuleType, line: tuple[Question, list[bytes]], cut: int
) -> None:
    question, chunks = line
    stream = b"".join(chunks)
    whole = frames_of(framing, question, stream)
    assert frames_of(framing, question, *chunks) == whole
    again = (stream[at : at + cut] for at in range(0, len(stream), cut))
    assert frames_of(framing, question, *again) == whole


@settings(max_examples=200)
@given(
    question=questions,
    contents=st.lists(st.binary(max_size=20), min_size=1, max_size=6),
    junk=st.lists(st.binary(max_size=30), max_size=7),
    cut=st.integers(1, 64),
)
def test_every_answer_between_noise_without_its_unit_is_given(
    framing: ModuleType, question: Question, contents: list[bytes], junk: list[bytes], cut: int
) -> None:
    unit = bytes([question.unit])
    answers = [question.answer(content) for content in contents]
    stream = b""
    for at, answer in enumerate(answers):
        stream += (junk[at].replace(unit, b"") if at < len(junk) else b"") + answer
    chunks = (stream[at : at + cut] for at in range(0, len(stream), cut))
    assert frames_of(framing, question, *chunks) == answers


@settings(max_examples=200)
@given(question=questions, noise=st.binary(max_size=300), content=st.binary(max_size=20))
def test_after_any_noise_and_a_gap_the_next_answer_is_given(
    framing: ModuleType, question: Question, noise: bytes, content: bytes
) -> None:
    scanner = scanner_of(framing, question)
    list(drain(scanner, noise))
    scanner.gap()
    answer = question.answer(content)
    assert [frame.raw for frame in drain(scanner, answer)] == [answer]


@settings(max_examples=200)
@given(line=lines(most=20))
def test_an_answer_kept_stays_as_it_was(
    framing: ModuleType, line: tuple[Question, list[bytes]]
) -> None:
    question, chunks = line
    scanner = scanner_of(framing, question)
    kept = [(frame, frame.raw) for chunk in chunks for frame in drain(scanner, chunk)]
    for _ in range(50):
        list(drain(scanner, b"\x00" * 50 + question.head))
    del scanner
    assert all(frame.raw == raw for frame, raw in kept)


def seen(scanner: Any, frame: Any) -> tuple[object, ...]:
    """All that can be told of a frame and its scanner."""
    names = ("raw", "start", "unit", "function", "data", "answer")
    fields = tuple(getattr(frame, name) for name in names) if frame is not None else ()
    return (*fields, repr(frame), scanner.noise, scanner.bad)


@settings(max_examples=400)
@given(
    line=lines(),
    second=questions,
    acts=st.lists(st.sampled_from(["", "", "gap", "first", "second", "leave"]), max_size=14),
)
def test_both_kernels_say_the_same_whatever_comes(
    both_framings: tuple[ModuleType, ModuleType],
    line: tuple[Question, list[bytes]],
    second: Question,
    acts: list[str],
) -> None:
    first, chunks = line
    scanners = [framing.ScannerModbus() for framing in both_framings]
    for at, chunk in enumerate(chunks):
        act = acts[at] if at < len(acts) else "first"
        said: list[list[tuple[object, ...]]] = [[], []]
        for scanner, out in zip(scanners, said, strict=True):
            if act in ("first", "second"):
                question = first if act == "first" else second
                scanner.expect(question.unit, question.function, question.length)
            frame = scanner.feed(chunk)
            while frame is not None and act != "leave":
                out.append(seen(scanner, frame))
                frame = scanner.feed(b"")
            out.append(seen(scanner, frame))
            if act == "gap":
                scanner.gap()
            out.append(seen(scanner, None))
        assert said[0] == said[1]


def test_the_encoder_of_these_tests_is_right() -> None:
    assert crc(bytes.fromhex("01 04 01 56 00 02")) == bytes.fromhex("90 27")


def test_an_answer_that_alone_knows_its_length_is_framed_by_its_byte_count(
    framing: ModuleType,
) -> None:
    question = Question(1, 0x11, 0)
    for size in (0, 1, 30, 251):
        answer = question.answer(bytes(range(size)))
        assert len(answer) == 5 + size
        assert frames_of(framing, question, b"\x07" + answer[:4], answer[4:]) == [answer]


def test_a_byte_count_beyond_any_frame_is_refused_at_once(framing: ModuleType) -> None:
    question = Question(1, 0x11, 0)
    answer = question.answer(b"\x05\xff")
    assert frames_of(framing, question, b"\x01\x11\xfc" + answer) == [answer]


def test_the_answer_to_a_read_and_write_has_the_byte_count_asked(framing: ModuleType) -> None:
    question = Question(1, 0x17, 9)
    right = question.answer(b"\x12\x34")
    lies = encode(1, 0x17, b"\x05" + bytes(4))
    assert frames_of(framing, question, lies + right) == [right]
