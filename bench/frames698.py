"""DL/T 698.45 frames: the compiled kernels against their plain twins and PyPI dlt698 (C++).

Part of `python -m bench.frames`. Answers are those of one GET NormalList of five objects: voltage,
current, power, power factor, energy; one element of each, or all there are.
"""

import random
import time
from collections.abc import Sequence
from typing import Any

from bench.rounds import Figure, Run, chunks, each, judge, own, show, take
from cext import build, framing698, framing698_py, values698, values698_py

ANSWERS = 2000

WHAT = {
    "answer": "feed of one whole 698 answer -> frame",
    "integers": "one 698 answer of five objects -> integers",
    "encode": "a 698 request",
    "noisy 1..64": "noisy 698 stream, chunks of 1..64, per intact frame",
    "noisy 1": "noisy 698 stream, byte by byte, per intact frame",
}
FIGURES = (
    Figure("answer", "compiled", "dlt698", 4, True),
    Figure("integers", "compiled", "dlt698", 4, True),
    Figure("encode", "compiled", "dlt698", 4, True),
    Figure("noisy 1..64", "compiled", "dlt698", 4, True),
    Figure("noisy 1", "compiled", "dlt698", 4, True),
    Figure("integers", "compiled", "plain", 15, True),
)

OBJECTS = ((0x2000, 0x12, 3), (0x2001, 0x05, 3), (0x2004, 0x05, 4), (0x200A, 0x10, 4),
           (0x0010, 0x06, 5))  # fmt: skip
"""Of each object its type and how many elements it has."""
WIDTH = {0x12: 2, 0x05: 4, 0x10: 2, 0x06: 4}
ELEMENTS = tuple((oi << 16 | 0x0201, 1) for oi, _, _ in OBJECTS)
WHOLE = tuple((oi << 16 | 0x0200, count) for oi, _, count in OBJECTS)
ASKED = b"\x05\x02\x01\x05" + b"".join(oad.to_bytes(4, "big") for oad, _ in WHOLE) + b"\x00"


def corpus(dice: random.Random, asked: Sequence[tuple[int, int]]) -> list[bytes]:
    """Whole frames that answer what was asked, with any numbers, each from another meter."""
    out = []
    for _ in range(ANSWERS):
        apdu = b"\x85\x02\x01\x05"
        for (oad, count), (_, tag, _) in zip(asked, OBJECTS, strict=True):
            apdu += oad.to_bytes(4, "big") + b"\x01"
            if oad & 0xFF == 0:
                apdu += bytes([1, count])
            for _ in range(count):
                apdu += bytes([tag]) + dice.randbytes(WIDTH[tag])
        meter = dice.randbytes(6)
        out.append(framing698_py.build698(0xC3, meter, 0, 0, 0x10, apdu + b"\x00\x00", 0))
    return out


def noisy(dice: random.Random, answers: Sequence[bytes]) -> tuple[bytes, int]:
    """10 % garbage, 3 % truncated, 3 % bad sum, 1 % false headers, 0..4 FE; how many are intact."""
    stream, intact = bytearray(), 0
    for answer in answers:
        stream += b"\xfe" * dice.randrange(5)
        kind = dice.random()
        if kind < 0.10:
            stream += dice.randbytes(dice.randrange(1, 40))
        elif kind < 0.13:
            stream += answer[: dice.randrange(1, len(answer))]
            continue
        elif kind < 0.16:
            stream += answer[:-2] + bytes([answer[-2] ^ dice.randrange(1, 256), 0x16])
            continue
        elif kind < 0.17:
            stream += b"\x68\x80\x00\xc3\x05" + dice.randbytes(9)
        stream += answer
        intact += 1
    # so that what a torn frame at the very end holds back comes as well
    return bytes(stream) + b"\xfe" * framing698_py.LEAST, intact


def reading(
    frames: Any, layouts: Any, over: Sequence[tuple[Sequence[tuple[int, int]], list[bytes]]]
) -> Run:
    """Answers to frames to tuples of integers. Checked: each answer gives all that was asked."""
    feed = frames.Scanner698().feed
    pairs = []
    for asked, answers in over:
        layout = layouts.Layout698(tuple(asked))
        pairs += [(answer, layout.unpack) for answer in answers]
    for answer, unpack in pairs:
        if None in (unpack(feed(answer), 1) or (None,)):
            raise SystemExit(f"{layouts.__name__}: no integers of an answer")

    def run() -> int:
        start = time.perf_counter_ns()
        for answer, unpack in pairs:
            unpack(feed(answer), 1)
        return time.perf_counter_ns() - start

    return own(run)


def encoding(kernel: Any, meters: Sequence[bytes]) -> Run:
    """A request to each meter."""
    build698 = kernel.build698

    def run() -> int:
        start = time.perf_counter_ns()
        for meter in meters:
            build698(0x43, meter, 0, 0, 0x10, ASKED, 0)
        return time.perf_counter_ns() - start

    return own(run)


def streaming(kernel: Any, over: Sequence[bytes], intact: int) -> Run:
    """The master's loop over a stream; checked for every intact frame and none else."""

    def run() -> int:
        feed = kernel.Scanner698().feed
        found = 0
        start = time.perf_counter_ns()
        for data in over:
            frame = feed(data)
            while frame is not None:
                found += 1
                frame = feed(b"")
        taken = time.perf_counter_ns() - start
        if found != intact:
            raise SystemExit(f"{kernel.__name__}: {found} frames of {intact}")
        return taken

    return own(run)


def peer(
    answers: Sequence[bytes], meters: Sequence[bytes], cut: dict[str, list[bytes]], intact: int
) -> dict[str, Run]:
    """The same by PyPI dlt698, by its C++ calls without its Python layer. An answer is read to its
    objects, not to integers: those would be five more calls and more."""
    from dlt698 import _native as native

    decode_frame, decode_apdu = native.decode_frame, native.decode_apdu
    frame_of, address_of, encode_frame = native.Frame, native.ServerAddress, native.encode_frame
    limits = native.Limits(max_frame_bytes=framing698_py.LEAST)
    decoder = native.FrameStreamDecoder

    def read(answer: bytes) -> object:
        return decode_apdu(decode_frame(answer).payload)

    def encode(meter: bytes) -> object:
        return encode_frame(
            frame_of(control=0x43, client=0x10, payload=ASKED, server=address_of(bytes=meter))
        )

    def stream(over: Sequence[bytes]) -> Run:
        def run() -> int:
            feed = decoder(limits).feed
            found = 0
            start = time.perf_counter_ns()
            for data in over:
                for one in feed(data):
                    found += one.__class__ is frame_of
            taken = time.perf_counter_ns() - start
            if found != intact:
                raise SystemExit(f"dlt698: {found} frames of {intact}")
            return taken

        return own(run)

    ours = framing698_py.build698(0x43, meters[0], 0, 0, 0x10, ASKED, 0)
    if encode(meters[0][::-1]) != ours:
        raise SystemExit("dlt698 builds another request: the comparison would be empty")
    return {
        "answer": each(decode_frame, answers),
        "integers": each(read, answers),
        "encode": each(encode, meters),
        **{name: stream(over) for name, over in cut.items()},
    }


def report(with_peer: bool) -> int:
    """Measure, print the table and the verdicts; how many figures were missed."""
    dice = random.Random(698)
    asked = [(ELEMENTS, corpus(dice, ELEMENTS)), (WHOLE, corpus(dice, WHOLE))]
    answers = [answer for pair in zip(asked[0][1], asked[1][1], strict=True) for answer in pair]
    meters = [dice.randbytes(6) for _ in answers]
    stream, intact = noisy(dice, answers)
    cut = {"noisy 1..64": chunks(dice, stream, 64), "noisy 1": chunks(dice, stream, 1)}
    per = dict.fromkeys(WHAT, len(answers)) | dict.fromkeys(cut, intact)
    runs: dict[str, dict[str, Run]] = {row: {} for row in WHAT}
    kernels = {"plain": (framing698_py, values698_py)}
    if build.kernel(framing698.picked) == build.kernel(values698.picked) == "compiled":
        kernels = {"compiled": (framing698.picked, values698.picked), **kernels}
    for column, (frames, layouts) in kernels.items():
        runs["answer"][column] = each(frames.Scanner698().feed, answers)
        runs["integers"][column] = reading(frames, layouts, asked)
        runs["encode"][column] = encoding(frames, meters)
        for row, over in cut.items():
            runs[row][column] = streaming(frames, over, intact)
    if with_peer:
        for row, run in peer(answers, meters, cut, intact).items():
            runs[row]["dlt698"] = run
    taken = take(runs)
    show(WHAT, taken, per, ("compiled", "plain", "dlt698"))
    print()
    return judge(FIGURES, WHAT, taken)
