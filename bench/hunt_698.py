"""The hunt for DL/T 698.45 bytes: frames, APDUs within right frames, fragments; see hunt_frames.py.

Link frames are proven by two CRCs, so altered bytes of a frame seldom reach the APDU's reader.
Half of the altered cases therefore alter the APDU and frame it rightly after that. A find is an
exception, two answers of the twins, a right APDU that is not read or is written differently, an
integer of the short way that the general reader reads otherwise, fragments put together wrongly, or
more altered frames taken for good than CRC-16 lets through.
"""

import random
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import msgspec

from bench.apdus698 import Dice698, bomb, lie
from bench.hunting import Case, Chunks, Found, Lane, case, mutated, noise, twins
from cext import framing698_py
from protocol.decode import decode
from protocol.dlt698.apdu import Apdu, encode, parse, to_json
from protocol.dlt698.axdr import ARRAY, INTEGERS, Data
from protocol.dlt698.fragments import Fragments, Keep, Whole, split

NASTY = b"\x68\x16\xfe\x33\x43\xc3\x05\x85\x01\x02\xff\x00\x80\x82"
LAYOUTS_KEPT = 4096
_CONTROL = {False: (0x43, 0x03, 0x4B), True: (0xC3, 0xC3, 0x83, 0xCB)}
_FRAGMENT, _ANSWER = 0x20, 0x80


class Hunt698:
    """The cases of one seed against both kernels."""

    let_through = 1 / 8192
    """1 of 65536 by a CRC, and room for chance; a whole frame has two."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.right = Dice698(self.dice)
        self.kernels = twins("framing698", "values698")

    def frame(self, apdu: bytes, control: int = 0) -> bytes:
        """The APDU in a frame of any address, scrambled or not."""
        dice = self.dice
        answer = bool(apdu) and apdu[0] >= _ANSWER
        return framing698_py.build698(
            control or dice.choice(_CONTROL[answer]),
            dice.randbytes(dice.choice((6, 6, 6, 1, 16))),
            dice.choice((0, 0, 0, 1, 2, 3)),
            dice.choice((0, 0, 1)),
            dice.choice((0, 0x10)),
            apdu,
            dice.choice((0, 4)),
        )

    def cases(self, lane: Lane) -> Iterator[Case]:
        """Cases without end; `about` is the APDU that must be read, None = any outcome will do."""
        dice = self.dice
        while True:
            apdu = self.right.apdu()
            if lane.name == "mutated":
                yield self.altered(apdu)
                continue
            match dice.randrange(8):
                case 0 | 1 | 2:
                    # noise behind it could begin with what looks like a header: none here
                    yield case(dice, noise(dice, b"\xfe\x16\x00") + self.frame(apdu), b"", apdu)
                case 3:
                    yield case(dice, b"".join(self.conversation(apdu)))
                case 4:
                    yield case(dice, self.frame(dice.randbytes(dice.randrange(60))))
                case _:
                    yield case(dice, noise(dice, NASTY))

    def altered(self, apdu: bytes) -> Case:
        """One case with something wrong: in the frame, or in the APDU of a right frame."""
        dice = self.dice
        match dice.randrange(8):
            case 0 | 1 | 2 | 3:
                frame = self.frame(apdu)
                return case(dice, mutated(dice, frame, NASTY), frame)
            case 4:
                return case(dice, self.frame(lie(dice, apdu)))
            case 5 if dice.random() < 0.2:
                return case(dice, self.frame(bomb(dice)))
            case 6:
                pieces = self.conversation(apdu)
                dice.shuffle(pieces)
                return case(dice, b"".join(pieces[: dice.randint(1, 8)]))
            case _:
                return case(dice, self.frame(mutated(dice, apdu, NASTY)))

    def conversation(self, apdu: bytes) -> list[bytes]:
        """The APDU in fragments as frames, some twice."""
        dice = self.dice
        if len(apdu) < 2:
            return [self.frame(apdu)]
        address, control = dice.randbytes(6), 0xE3 if apdu[0] >= _ANSWER else 0x63
        out = []
        for piece in split(apdu, dice.randint(max(1, len(apdu) // 6), len(apdu) - 1)):
            one = framing698_py.build698(control, address, 0, 0, 0, piece, 0)
            out += [one] * dice.choice((1, 1, 1, 2))
        return out

    def one(self, lane: Lane, case: Case) -> None:
        """One case by both kernels and all readers above them."""
        ways = [scanned(kernel[0], case.chunks, case.gap) for kernel in self.kernels]
        if any(seen != ways[0][1] for _, seen in ways):
            raise Found("the twins saw different things")
        frames = ways[-1][0]
        if case.frame and case.frame.lstrip(b"\xfe") not in case.stream:
            lane.altered += 1
            lane.passed += bool(frames)
        decoded, _ = decode(case.stream, None, "zh" if lane.cases & 1 else "en")
        msgspec.json.encode(decoded)
        for frame in frames:
            lane.frames += 1
            bears_out(frame)
            if not frame.fragment:
                self.read(lane, frame.data)
        if isinstance(case.about, bytes) and case.gap < 0:
            self.must(case.about, frames)
        if frames and all(frame.fragment for frame in frames):
            self.assembled(frames)

    def must(self, apdu: bytes, frames: list[Any]) -> None:
        """A right frame is found, and its APDU is read and written as it stood."""
        if [frame.data for frame in frames] != [apdu]:
            raise Found(f"the frame with {apdu.hex().upper()} was not found")
        read = parse(apdu)
        if not isinstance(read, Apdu):
            raise Found(f"a right APDU was not read: {read}")
        if encode(read) != apdu:
            raise Found(f"a right APDU was written as {encode(read).hex().upper()}")

    def read(self, lane: Lane, apdu: bytes) -> None:
        """What is read is written so that it is read the same; both ways to integers agree."""
        read = parse(apdu)
        if not isinstance(read, Apdu):
            return
        msgspec.json.encode(to_json(read))
        again = encode(read)
        twice = parse(again)
        if not isinstance(twice, Apdu) or encode(twice) != again:
            raise Found(f"written as {again.hex().upper()}, which is read as something else")
        if read.service == "GET-Response" and read.kind in (1, 2) and read.results:
            self.integers(lane, read, apdu)

    def integers(self, lane: Lane, read: Apdu, apdu: bytes) -> None:
        """The short way through an answer by both kernels, against the general reader."""
        counts = [_integers(result.outcome) for result in read.results]
        asked = tuple(
            (result.oad, min(max(len(one or ()), 1), 8))
            for result, one in zip(read.results, counts, strict=True)
        )
        ways = [
            kernel[1].Layout698(asked).unpack_data(apdu, read.number) for kernel in self.kernels
        ]
        if ways[0] != ways[-1]:
            raise Found(f"the twins unpacked {ways}")
        if ways[0] is None:
            return
        want: list[int | None] = []
        for (_, size), one in zip(asked, counts, strict=True):
            if one is None:
                raise Found("the short way read what holds no integers")
            want += (one + [None] * size)[:size]
        if list(ways[0]) != want:
            raise Found(f"the short way read {ways[0]}, the general one {want}")
        lane.values += sum(value is not None for value in want)

    def assembled(self, frames: list[Any]) -> None:
        """Nothing is put together but neighbours in their order, and no more than is allowed."""
        most = self.dice.choice((1 << 16, 40))
        there = Fragments(most)
        run: list[bytes] = []
        for frame in frames:
            taken = there.take(frame.data)
            if there.held > most:
                raise Found(f"{there.held} bytes held where {most} are allowed")
            kind = frame.data[1] >> 6 if len(frame.data) > 1 else 2
            if isinstance(taken, Keep) and taken.acknowledgement != bytes(
                (frame.data[0], frame.data[1] & 0x0F | 0x80)
            ):
                raise Found(f"{frame.data[:2].hex()} acknowledged by {taken.acknowledgement.hex()}")
            if isinstance(taken, Keep) and run[-1:] != [frame.data]:
                run = [frame.data] if kind == 0 else [*run, frame.data]
            if isinstance(taken, Whole):
                parts = [*run, frame.data]
                numbers = [int.from_bytes(one[:2], "little") % 4096 for one in parts]
                first = numbers[0]
                if numbers != [(first + at) % 4096 for at in range(len(parts))]:
                    raise Found(f"fragments {numbers} were put together")
                if taken.apdu != b"".join(one[2:] for one in parts):
                    raise Found("fragments were put together as something else")
                run = []


def _integers(outcome: Any) -> list[int | None] | None:
    """The integers of an outcome as the general reader has it; None where they are none."""
    if not isinstance(outcome, Data):
        return []
    many = outcome.value if outcome.tag == ARRAY else (outcome,)
    if any(one.tag not in INTEGERS and one.tag != 0 for one in many):
        return None
    return [one.value for one in many]


def scanned(kernel: ModuleType, chunks: Chunks, gap: int) -> tuple[list[Any], list[object]]:
    """The frames one kernel finds, and all that can be seen of its way there."""
    scanner = kernel.Scanner698()
    found, seen = [], list[object]()

    def drain(data: bytes) -> None:
        frame = scanner.feed(data)
        while frame is not None:
            found.append(frame)
            seen.append((frame.raw, frame.start, frame.address, frame.control, frame.data))
            seen.append((frame.client, frame.logical, frame.address_type, frame.answer))
            frame = scanner.feed(b"")

    for at, chunk in enumerate(chunks):
        drain(chunk)
        if at == gap:
            scanner.gap()
            drain(b"")
        seen.append((scanner.noise, scanner.bad))
    scanner.gap()
    drain(b"")
    seen.append((scanner.noise, scanner.bad))
    return found, seen


def crc(covered: bytes) -> bytes:
    """CRC-16/X.25 by arithmetic of its own here, low byte first."""
    register = 0xFFFF
    for byte in covered:
        register = register >> 8 ^ _TABLE[(register ^ byte) & 0xFF]
    return (register ^ 0xFFFF).to_bytes(2, "little")


def _entry(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ 0x8408 if value & 1 else value >> 1
    return value


_TABLE = tuple(_entry(value) for value in range(256))


def bears_out(frame: Any) -> None:
    """The frame is what the standard says of its own bytes."""
    raw = frame.raw
    size = (raw[4] & 15) + 1
    header = 6 + size
    body = raw[header + 2 : -3]
    if frame.control & 0x08:
        body = bytes((value - 0x33) % 256 for value in body)
    right = (
        raw[0] == 0x68
        and raw[-1] == 0x16
        and int.from_bytes(raw[1:3], "little") + 2 == len(raw)
        and crc(raw[1:header]) == raw[header : header + 2]
        and crc(raw[1:-3]) == raw[-3:-1]
        and frame.address == raw[5 : 5 + size][::-1]
        and frame.client == raw[5 + size]
        and frame.data == body
    )
    if not right:
        raise Found("a frame that its bytes do not bear out")
