"""Modbus RTU answers: the compiled scanner against its plain twin and PyPI pymodbus, in one run.

Part of `python -m bench.frames`. Answers are those of the TMU's map: 17 registers, 39 bytes; and
answers of 10 registers, taken to the numbers in them.
"""

import logging
import random
import struct
import time
from collections.abc import Sequence
from typing import Any

from bench.rounds import Figure, Run, chunks, each, judge, own, show, take
from cext import build, framing, framing_py
from protocol.modbus.read import ReadRegisters
from protocol.modbus.table import blocks

ANSWERS = 2000

WHAT = {
    "answer": "feed of one whole Modbus answer -> frame",
    "registers": "one Modbus answer of 10 registers -> 10 numbers",
    "values": "one whole Modbus answer -> values",
    "encode": "a Modbus request",
    "noisy 1..64": "noisy RTU stream, chunks of 1..64, per intact frame",
    "noisy 1": "noisy RTU stream, byte by byte, per intact frame",
}
FIGURES = (
    Figure("answer", "compiled", "plain", 20, True),
    Figure("answer", "compiled", "pymodbus", 30, True),
    Figure("registers", "compiled", "pymodbus", 30, True),
    Figure("encode", "compiled", "plain", 5, True),
)
RECOVERED = 0.99
"""Of the intact frames of a noisy stream, at least."""

(BLOCK,) = blocks("tmu-1")
EXCHANGE = ReadRegisters("tmu1", 1, BLOCK)
EXPECT = (1, BLOCK.function, BLOCK.answer_bytes)
ASKED = b"\x00\x00\x00\x11"
TEN = (1, 3, 25)
"""Unit, function and length of an answer of 10 registers."""


def corpus(dice: random.Random) -> list[bytes]:
    """Answers with anything in the registers but the map's version."""
    return [
        framing_py.build_modbus(1, 4, bytes([34, 0, 1]) + dice.randbytes(32))
        for _ in range(ANSWERS)
    ]


def tens(dice: random.Random) -> list[bytes]:
    """Answers of 10 registers with anything in them."""
    return [framing_py.build_modbus(1, 3, b"\x14" + dice.randbytes(20)) for _ in range(ANSWERS)]


def noisy(dice: random.Random, answers: Sequence[bytes]) -> tuple[bytes, list[bytes]]:
    """10 % garbage, 3 % truncated, 3 % bad CRC, 1 % false starts; and which are intact."""
    stream, intact = bytearray(), []
    for answer in answers:
        kind = dice.random()
        if kind < 0.10:
            stream += dice.randbytes(dice.randrange(1, 40))
        elif kind < 0.13:
            stream += answer[: dice.randrange(1, len(answer))]
            continue
        elif kind < 0.16:
            stream += answer[:-1] + bytes([answer[-1] ^ dice.randrange(1, 256)])
            continue
        elif kind < 0.17:
            stream += b"\x01\x04\x22"
        stream += answer
        intact.append(answer)
    return bytes(stream), intact


def scanner_of(kernel: Any) -> Any:
    """A scanner that expects the answers."""
    scanner = kernel.ScannerModbus()
    scanner.expect(*EXPECT)
    return scanner


def reading(kernel: Any, answers: Sequence[bytes]) -> Run:
    """Answers to values under their quantities, as the line master gets them."""
    feed, on_frame = scanner_of(kernel).feed, EXCHANGE.on_frame

    def run() -> int:
        start = time.perf_counter_ns()
        for answer in answers:
            on_frame(feed(answer))
        return time.perf_counter_ns() - start

    return own(run)


def numbers(kernel: Any, answers: Sequence[bytes]) -> Run:
    """Answers of 10 registers to their numbers."""
    scanner, unpack = kernel.ScannerModbus(), struct.Struct(">x10H").unpack
    scanner.expect(*TEN)
    feed = scanner.feed

    def run() -> int:
        start = time.perf_counter_ns()
        for answer in answers:
            unpack(feed(answer).data)
        return time.perf_counter_ns() - start

    return own(run)


def encoding(kernel: Any) -> Run:
    """Requests."""
    build_modbus, times = kernel.build_modbus, range(ANSWERS)

    def run() -> int:
        start = time.perf_counter_ns()
        for _ in times:
            build_modbus(1, 4, ASKED)
        return time.perf_counter_ns() - start

    return own(run)


def streaming(kernel: Any, over: Sequence[bytes], intact: int) -> Run:
    """The master's loop over a stream; checked for the share of intact frames, and none else."""

    def run() -> int:
        feed = scanner_of(kernel).feed
        found = 0
        start = time.perf_counter_ns()
        for data in over:
            frame = feed(data)
            while frame is not None:
                found += 1
                frame = feed(b"")
        taken = time.perf_counter_ns() - start
        if not RECOVERED * intact <= found <= intact:
            raise SystemExit(f"{kernel.__name__}: {found} Modbus frames of {intact}")
        return taken

    return own(run)


def recovered(kernel: Any, over: Sequence[bytes], intact: Sequence[bytes]) -> int:
    """How many of the intact frames of a stream come, in their order; SystemExit for any other."""
    feed = scanner_of(kernel).feed
    due = iter(intact)
    found = 0
    for data in over:
        frame = feed(data)
        while frame is not None:
            if frame.raw not in due:  # an iterator: those before it are lost
                raise SystemExit(f"{kernel.__name__}: a frame that was not sent whole")
            found += 1
            frame = feed(b"")
    return found


def peer(answers: Sequence[bytes], ten: Sequence[bytes]) -> dict[str, Run]:
    """The same by PyPI pymodbus: its framer, its framer and decoder, its encoder."""
    from pymodbus.framer import FramerRTU
    from pymodbus.pdu import DecodePDU
    from pymodbus.pdu.register_message import ReadInputRegistersRequest

    logging.disable(logging.CRITICAL)
    framer = FramerRTU(DecodePDU(False))
    handle, frame_of = framer.handleFrame, framer.buildFrame

    def read(answer: bytes) -> object:
        return handle(answer, 1, 0)[1]

    def registers(answer: bytes) -> object:
        return handle(answer, 1, 0)[1].registers  # type: ignore[union-attr]

    def encode(_: bytes) -> object:
        return frame_of(ReadInputRegistersRequest(dev_id=1, address=0, count=17))

    if read(answers[0]) is None or encode(b"") != framing_py.build_modbus(1, 4, ASKED):
        raise SystemExit("pymodbus read no answer: the comparison would be empty")
    return {
        "answer": each(framer.decode, answers),
        "registers": each(registers, ten),
        "values": each(read, answers),
        "encode": each(encode, answers),
    }


def peer_found(over: Sequence[bytes]) -> int:
    """How many frames of a noisy stream pymodbus gives from a buffer that grows."""
    from pymodbus.exceptions import ModbusIOException
    from pymodbus.framer import FramerRTU
    from pymodbus.pdu import DecodePDU

    handle, pending, found = FramerRTU(DecodePDU(False)).handleFrame, b"", 0
    for data in over:
        pending += data
        try:
            used, pdu = handle(pending, 0, 0)
        except ModbusIOException:
            # it does not say how much of the buffer it has used
            pending = b""
            continue
        pending = pending[used:]
        found += pdu is not None
    return found


def report(with_peer: bool) -> int:
    """Measure, print the table and the verdicts; how many figures were missed."""
    dice = random.Random(4)
    answers = corpus(dice)
    stream, intact = noisy(dice, answers)
    cut = {"noisy 1..64": chunks(dice, stream, 64), "noisy 1": chunks(dice, stream, 1)}
    per = dict.fromkeys(WHAT, ANSWERS) | dict.fromkeys(cut, len(intact))
    ten = tens(dice)
    runs: dict[str, dict[str, Run]] = {row: {} for row in WHAT}
    kernels = {"plain": framing_py}
    if build.kernel(framing.picked) == "compiled":
        kernels = {"compiled": framing.picked, **kernels}
    for column, kernel in kernels.items():
        runs["answer"][column] = each(scanner_of(kernel).feed, answers)
        runs["registers"][column] = numbers(kernel, ten)
        runs["values"][column] = reading(kernel, answers)
        runs["encode"][column] = encoding(kernel)
        for row, over in cut.items():
            runs[row][column] = streaming(kernel, over, len(intact))
    if with_peer:
        for row, run in peer(answers, ten).items():
            runs[row]["pymodbus"] = run
    taken = take(runs)
    show(WHAT, taken, per, ("compiled", "plain", "pymodbus"))
    if with_peer:
        found = peer_found(cut["noisy 1..64"])
        print(f"pymodbus gave {found} of {len(intact)} intact frames of the noisy RTU stream")
    print()
    missed = judge(FIGURES, WHAT, taken)
    for row, over in cut.items():
        share = min(recovered(kernel, over, intact) for kernel in kernels.values()) / len(intact)
        missed += share < RECOVERED
        word = "PASS" if share >= RECOVERED else "MISS"
        name = f"{WHAT[row].removesuffix(', per intact frame')}: intact frames recovered"
        print(f"{name:<78}>={100 * RECOVERED:>5.0f} %{100 * share:>8.1f} %  {word}")
    return missed
