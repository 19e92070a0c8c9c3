"""The hunt for Modbus RTU bytes: answers to a question, altered and strewn with noise.

An RTU answer is proven by its CRC and by what was asked alone. A find is an exception, two answers
of the twins, a frame that is no answer to the question, or more altered answers taken for good than
CRC-16 lets through.
"""

import random
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import msgspec

from bench.hunting import Case, Chunks, Found, Lane, case, mutated, noise, twins
from protocol.decode import decode
from protocol.exchange import Done
from protocol.modbus.read import ReadRegisters
from protocol.modbus.table import blocks

NASTY = b"\x01\x04\x84\x03\x83\x22\x02\x00\xff"
UNIT = 1
QUESTIONS = ((1, 6), (2, 7), (3, 9), (4, 25), (5, 8), (6, 8), (15, 8), (16, 8), (23, 11))
"""Function and length of the whole answer."""
_EXCEPTION = 0x80


def crc(data: bytes) -> bytes:
    """CRC-16 by arithmetic of its own here, low byte first (V1.02 §6.2.2)."""
    register = 0xFFFF
    for byte in data:
        register = register >> 8 ^ _TABLE[(register ^ byte) & 0xFF]
    return register.to_bytes(2, "little")


def _entry(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value


_TABLE = tuple(_entry(value) for value in range(256))


class HuntModbus:
    """The cases of one seed against both kernels."""

    let_through = 1 / 4096
    """1 of 65536 by the CRC; a stream has as many places to begin as the answer's head has."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.kernels = twins("framing")
        self.blocks = blocks("tmu-1")

    def cases(self, lane: Lane) -> Iterator[Case]:
        """Cases without end; `about` is what was asked, or the block of a map that was."""
        dice = self.dice
        while True:
            block = dice.choice(self.blocks) if dice.random() < 0.3 else None
            asked = dice.choice(QUESTIONS)
            if block is not None:
                asked = (block.function, block.answer_bytes)
            about = (asked, block)
            frame = self.answer(*asked, version=block is not None)
            if lane.name == "mutated":
                yield case(dice, mutated(dice, frame, NASTY), frame, about)
            elif dice.random() < 0.5:
                yield case(dice, noise(dice, b"\xff\x00") + frame, b"", about)
            else:
                yield case(dice, noise(dice, NASTY), b"", about)

    def answer(self, function: int, length: int, version: bool = False) -> bytes:
        """A whole answer with any contents, one time in ten a refusal."""
        dice = self.dice
        if dice.random() < 0.1:
            body = bytes((UNIT, function | _EXCEPTION, dice.randrange(16)))
        else:
            counted = function <= 4 or function == 23
            data = dice.randbytes(length - 4 - counted)
            if version and dice.random() < 0.9:
                data = b"\x00\x01" + data[2:]
            body = bytes((UNIT, function)) + bytes((len(data),)) * counted + data
        return body + crc(body)

    def one(self, lane: Lane, case: Case) -> None:
        """One case by both kernels and the readers above them."""
        (function, length), block = case.about
        expect = (UNIT, function, length)
        ways = [scanned(kernel[0], expect, case.chunks, case.gap) for kernel in self.kernels]
        if any(seen != ways[0][1] for _, seen in ways):
            raise Found("the twins saw different things")
        frames = ways[-1][0]
        if case.frame and case.frame not in case.stream:
            lane.altered += 1
            lane.passed += bool(frames)
        decoded, _ = decode(case.stream, None, "zh" if lane.cases & 1 else "en")
        msgspec.json.encode(decoded)
        for frame in frames:
            lane.frames += 1
            bears_out(frame, function, length)
            if block is not None:
                verdict = ReadRegisters("tmu1", UNIT, block).on_frame(frame)
                if isinstance(verdict, Done):
                    lane.values += sum(value.scaled is not None for value in verdict.values)


def scanned(
    kernel: ModuleType, expect: tuple[int, int, int], chunks: Chunks, gap: int
) -> tuple[list[Any], list[object]]:
    """The frames one kernel finds, and all that can be seen of its way there."""
    scanner = kernel.ScannerModbus()
    scanner.expect(*expect)
    found, seen = [], list[object]()
    for at, chunk in enumerate(chunks):
        frame = scanner.feed(chunk)
        while frame is not None:
            found.append(frame)
            seen.append((frame.raw, frame.start, frame.unit, frame.function, frame.data))
            frame = scanner.feed(b"")
        if at == gap:
            scanner.gap()
        seen.append((scanner.noise, scanner.bad))
    scanner.gap()
    seen.append((scanner.noise, scanner.bad))
    return found, seen


def bears_out(frame: Any, function: int, length: int) -> None:
    """The frame is an answer to the question, by its own bytes."""
    raw = frame.raw
    refusal = raw[1] == function | _EXCEPTION and len(raw) == 5
    counted = function <= 4 or function == 23
    whole = raw[1] == function and len(raw) == length and (not counted or raw[2] == len(raw) - 5)
    if not ((refusal or whole) and raw[0] == UNIT and raw[-2:] == crc(raw[:-2])):
        raise Found("a frame that is no answer to the question")
    if (frame.unit, frame.function, frame.data) != (raw[0], raw[1], raw[2:-2]):
        raise Found("a frame that its bytes do not bear out")
