"""Modbus RTU streams as a bad line makes them, and an encoder of its own, bit by bit."""

import itertools
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from hypothesis import strategies as st

from tests.cext.streams import drain


def crc(data: bytes) -> bytes:
    """CRC-16 as the specification describes it (V1.02 §6.2.2), low byte first."""
    register = 0xFFFF
    for value in data:
        register ^= value
        for _ in range(8):
            carry = register & 1
            register >>= 1
            if carry:
                register ^= 0xA001
    return bytes([register % 256, register // 256])


def encode(unit: int, function: int, data: bytes) -> bytes:
    """A whole RTU frame, built here."""
    body = bytes([unit, function]) + data
    return body + crc(body)


@dataclass(frozen=True)
class Question:
    """What a scanner is told to expect, and the answers that fit it."""

    unit: int
    function: int
    length: int
    """0 = the answer's own byte count says it."""

    @property
    def counted(self) -> bool:
        return self.function <= 4 or self.function == 0x17 or not self.length

    def answer(self, content: bytes) -> bytes:
        """An answer with this content, repeated or cut to the length."""
        if not self.length:
            content = content[:251]
            return encode(self.unit, self.function, bytes([len(content)]) + content)
        room = self.length - (5 if self.counted else 4)
        body = (content * (room // len(content) + 1))[:room] if content else bytes(room)
        return encode(self.unit, self.function, bytes([room]) * self.counted + body)

    def refusal(self, code: int) -> bytes:
        """The exception answer with this code."""
        return encode(self.unit, self.function | 0x80, bytes([code]))

    @property
    def head(self) -> bytes:
        """How an answer begins."""
        return bytes([self.unit, self.function]) + bytes([max(7, self.length) - 5]) * self.counted

    def fits(self, raw: bytes) -> bool:
        """Whether these bytes are an answer to the question, said by other means."""
        if raw[-2:] != crc(raw[:-2]) or raw[0] != self.unit:
            return False
        if raw[1] == self.function:
            whole = not self.length or len(raw) == self.length
            return whole and (not self.counted or raw[2] == len(raw) - 5)
        return raw[1] == self.function | 0x80 and len(raw) == 5


def scanner_of(framing: ModuleType, question: Question) -> Any:
    """A fresh scanner that expects the answer."""
    scanner = framing.ScannerModbus()
    scanner.expect(question.unit, question.function, question.length)
    return scanner


def frames_of(framing: ModuleType, question: Question, *chunks: bytes) -> list[bytes]:
    """The raw bytes of all answers in the chunks, by a fresh scanner."""
    scanner = scanner_of(framing, question)
    return [frame.raw for chunk in chunks for frame in drain(scanner, chunk)]


questions = st.builds(
    Question,
    st.sampled_from([0, 1, 4, 5, 0x84, 247, 255]),
    st.sampled_from([1, 2, 3, 4, 5, 6, 16, 17, 23, 0x7F]),
    st.sampled_from([0, 5, 6, 7, 8, 9, 39, 255, 256]),
)


@st.composite
def pieces(draw: st.DrawFn, question: Question) -> bytes:
    """One piece of a stream: an answer, or what a line makes of one."""
    answer = question.answer(draw(st.binary(max_size=12) | st.just(question.head)))
    match draw(
        st.sampled_from(
            ["good", "good", "refusal", "torn", "bad", "head", "other", "noise", "flood"]
        )
    ):
        case "refusal":
            return question.refusal(draw(st.integers(0, 255)))
        case "torn":
            return answer[: draw(st.integers(0, len(answer) - 1))]
        case "bad":
            at = draw(st.integers(0, len(answer) - 1))
            return answer[:at] + bytes([answer[at] ^ draw(st.integers(1, 255))]) + answer[at + 1 :]
        case "head":
            return question.head
        case "other":
            return draw(questions).answer(b"\x00")
        case "noise":
            return draw(st.binary(max_size=30))
        case "flood":
            return question.head * draw(st.integers(1, 100))
    return answer


@st.composite
def lines(draw: st.DrawFn, most: int = 8) -> tuple[Question, list[bytes]]:
    """A question and a faulty stream cut anywhere."""
    question = draw(questions)
    stream = b"".join(draw(st.lists(pieces(question), max_size=most)))
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    if len(stream) < 600 and draw(st.booleans()):
        cuts = list(range(len(stream)))
    return question, [stream[a:b] for a, b in itertools.pairwise([0, *cuts, len(stream)])]
