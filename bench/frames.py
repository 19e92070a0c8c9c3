"""DL/T 645 frames: the compiled kernels against their plain twins and PyPI dlt645, in one run.

`python -m bench.frames` prints one table for these, one for Modbus RTU (bench/modbus.py) and one
for DL/T 698.45 (bench/frames698.py); `--assert` exits 1 when a figure is missed. How it is measured
stands in bench/rounds.py.
"""

import argparse
import logging
import random
import sys
import time
from array import array
from collections.abc import Sequence
from typing import Any

from bench import frames698, modbus
from bench.rounds import Figure, Run, Taken, chunks, each, judge, own, ratio, show, take
from cext import build, framing, framing_py, values, values_py
from protocol.dlt645.table import items

DISTINCT, ANSWERS = 200, 2000
"""Different answers, and how many a run takes: a fresh answer is in the cache, so few are many."""

PEER_FOUND: set[str] = set()

FIGURES = (
    Figure("answer", "compiled", "plain", 20, True),
    Figure("answer", "compiled", "dlt645", 160, True),
    Figure("integers", "compiled", "dlt645", 130, True),
    Figure("taken", "compiled", "dlt645", 130, True),
    Figure("encode", "compiled", "dlt645", 75, True),
    Figure("noisy 1..64", "compiled", "dlt645", 120, True),
    Figure("noisy 1", "compiled", "dlt645", 25, True),
    Figure("answer", "plain", "dlt645", 8, True),
    Figure("taken", "plain", "dlt645", 8, False),
    Figure("encode", "plain", "dlt645", 8, False),
    Figure("noisy 1..64", "plain", "dlt645", 8, False),
    Figure("noisy 1", "plain", "dlt645", 8, False),
)
AT_MOST_EMPTY = 3.0
"""One answer to integers costs at most so many empty compiled calls taking bytes."""

WHAT = {
    "answer": "feed of one whole answer -> frame",
    "integers": "one whole answer -> frame -> scaled integers",
    "taken": "one awaited answer -> scaled integers",
    "empty": "empty call taking bytes",
    "encode": "a read request",
    "noisy 1..64": "noisy stream, chunks of 1..64, per intact frame",
    "noisy 1": "noisy stream, byte by byte, per intact frame",
}


def corpus(dice: random.Random) -> list[bytes]:
    """Answers as meters give them: U, I, P, PF, energy; single and FF blocks; with 4 FE."""
    asked = [0x02010100, 0x02020100, 0x02030000, 0x02060000, 0x00010000]
    asked += [0x0201FF00, 0x0202FF00, 0x0203FF00, 0x0206FF00, 0x0001FF00]
    out = []
    for at in range(DISTINCT):
        item = items()[asked[at % len(asked)]]
        fields = b"".join(
            bytes.fromhex(f"{dice.randrange(10 ** (2 * item.width - 1)):0{2 * item.width}d}")[::-1]
            for _ in item.quantities
        )
        data = item.identifier.to_bytes(4, "little") + fields
        address = int(f"{dice.randrange(10**12):012d}", 16)
        out.append(framing_py.build645(address, 0x91, data, 4))
    return out * (ANSWERS // DISTINCT)


def noisy(dice: random.Random, answers: Sequence[bytes]) -> tuple[bytes, list[bytes]]:
    """10 % garbage, 3 % truncated, 3 % bad checksum, 1 % false headers, 0..4 FE; intact frames."""
    stream, intact = bytearray(), []
    for answer in answers:
        frame = answer[4:]
        stream += b"\xfe" * dice.randrange(5)
        kind = dice.random()
        if kind < 0.10:
            stream += dice.randbytes(dice.randrange(1, 40))
        elif kind < 0.13:
            stream += frame[: dice.randrange(1, len(frame))]
            continue
        elif kind < 0.16:
            stream += frame[:-2] + bytes([frame[-2] ^ dice.randrange(1, 256), 0x16])
            continue
        elif kind < 0.17:
            stream += b"\x68" + dice.randbytes(6).replace(b"\x68", b"\x67") + b"\x68\x91\xc8"
        stream += frame
        intact.append(frame)
    # so that a parser which holds frames back behind a false header still gives all in the end
    return bytes(stream) + b"\xfe" * 300, intact


def reading(kernel: Any, layouts: Any, answers: Sequence[bytes]) -> Run:
    """Answers to frames to tuples of integers; layouts are made before, as an exchange makes them
    before it asks."""
    feed = kernel.Scanner645().feed
    pairs = [(answer, _unpack(layouts, answer)) for answer in answers]

    def run() -> int:
        start = time.perf_counter_ns()
        for answer, unpack in pairs:
            unpack(feed(answer), 4)
        return time.perf_counter_ns() - start

    return own(run)


_MADE: dict[tuple[str, int], Any] = {}


def _unpack(layouts: Any, answer: bytes) -> Any:
    frame = framing_py.Scanner645().feed(answer)
    assert frame is not None
    item = items()[frame.identifier]
    key = (layouts.__name__, item.identifier)
    if key not in _MADE:
        _MADE[key] = layouts.Layout(((item.width, item.signed),) * len(item.quantities)).unpack
    return _MADE[key]


def taking(kernel: Any, layouts: Any, answers: Sequence[bytes]) -> Run:
    """Awaited answers to integers in one call; what is awaited is said before, as by an exchange
    before it asks. Checked: an answer not taken ends the bench."""
    scanner = kernel.Scanner645()
    awaited: dict[bytes, Any] = {}
    for answer in answers:
        if answer not in awaited:
            frame = framing_py.Scanner645().feed(answer)
            assert frame is not None
            item = items()[frame.identifier]
            layout = layouts.Layout(((item.width, item.signed),) * len(item.quantities))
            out = array("q", bytes(8 * len(item.quantities)))
            made = layouts.Answer645(scanner, frame.address, frame.identifier, layout, out)
            if not made.take(answer) or tuple(out) != layout.unpack(
                kernel_frame(kernel, answer), 4
            ):
                raise SystemExit(f"{layouts.__name__}: an answer was not taken")
            awaited[answer] = made.take
    pairs = [(answer, awaited[answer]) for answer in answers]

    def run() -> int:
        start = time.perf_counter_ns()
        for answer, take_it in pairs:
            take_it(answer)
        return time.perf_counter_ns() - start

    return own(run)


def kernel_frame(kernel: Any, answer: bytes) -> Any:
    """The answer as that kernel's frame."""
    return kernel.Scanner645().feed(answer)


def encoding(kernel: Any, addresses: Sequence[int]) -> Run:
    """A read request for each address."""
    build645, data = kernel.build645, b"\x00\x01\x01\x02"

    def run() -> int:
        start = time.perf_counter_ns()
        for address in addresses:
            build645(address, 0x11, data, 4)
        return time.perf_counter_ns() - start

    return own(run)


def prove(kernel: Any, over: Sequence[bytes], intact: Sequence[bytes]) -> int:
    """That every intact frame comes at once and none else; how many bytes are thrown away."""
    scanner = kernel.Scanner645()
    fed, found = 0, []
    for data in over:
        before, fed = fed, fed + len(data)
        frame = scanner.feed(data)
        while frame is not None:
            found.append(frame.raw)
            if not before < frame.start + len(frame.raw) <= fed:
                raise SystemExit(f"{kernel.__name__}: a frame was held back")
            frame = scanner.feed(b"")
    if found != list(intact):
        raise SystemExit(f"{kernel.__name__}: {len(found)} frames for {len(intact)} intact ones")
    return int(scanner.noise)


def streaming(kernel: Any, over: Sequence[bytes], intact: Sequence[bytes]) -> Run:
    """The master's loop over a stream. Checked: every intact frame comes with the chunk that holds
    its last byte, none else comes, and a timed run throws away as many bytes."""
    noise = prove(kernel, over, intact)

    def run() -> int:
        scanner = kernel.Scanner645()
        feed = scanner.feed
        start = time.perf_counter_ns()
        for data in over:
            frame = feed(data)
            while frame is not None:
                frame = feed(b"")
        taken = time.perf_counter_ns() - start
        if scanner.noise != noise:
            raise SystemExit(f"{kernel.__name__}: other frames than at first")
        return taken

    return own(run)


def peer(answers: Sequence[bytes], cut: dict[str, list[bytes]], intact: int) -> dict[str, Run]:
    """The same by PyPI dlt645."""
    # here, because the import alone takes half a second
    from dlt645.protocol.protocol import DLT645Protocol
    from dlt645.service.clientsvc import client_service

    logging.disable(logging.CRITICAL)
    # the address check is stubbed out in favour of the peer: one client for all answers
    client_service.validate_device = lambda *_: True
    client = client_service.MeterClientService.new_tcp_client("127.0.0.1", 1, 1.0)
    deserialize = DLT645Protocol.deserialize
    handle = client.handle_response
    address, data = bytes.fromhex("129078563412"), b"\x00\x01\x01\x02"

    def read(answer: bytes) -> object:
        return handle(deserialize(answer))

    def encode(_: bytes) -> object:
        return DLT645Protocol.build_frame(address, 0x11, data, 4)

    def stream(over: Sequence[bytes]) -> Run:
        remaining = DLT645Protocol.deserialize_with_remaining
        found, pending = 0, b""
        for chunk in over:
            pending, frame = remaining(pending + chunk)
            while frame is not None:
                found += 1
                pending, frame = remaining(pending)
        PEER_FOUND.add(f"dlt645 gave {found} of {intact} intact frames of the noisy stream")

        def run() -> int:
            pending = b""
            start = time.perf_counter_ns()
            for chunk in over:
                pending, frame = remaining(pending + chunk)
                while frame is not None:
                    pending, frame = remaining(pending)
            return time.perf_counter_ns() - start

        return own(run)

    singles = [answer for answer in answers if len(answer) <= 4 + 12 + 4 + 4]
    if any(read(answer) is None for answer in singles):
        raise SystemExit("dlt645 read no value of an answer: the comparison would be empty")
    return {
        "answer": each(deserialize, answers),
        # the peer gives its value of the same answer, however ours is taken
        "integers": scaled(each(read, singles), len(answers) / len(singles)),
        "taken": scaled(each(read, singles), len(answers) / len(singles)),
        "encode": each(encode, answers),
        **{name: stream(over) for name, over in cut.items()},
    }


def scaled(run: Run, by: float) -> Run:
    """The run's time as if it had gone over more (the peer reads no FF blocks)."""
    return lambda: int(run() * by)


def measure(with_peer: bool) -> tuple[Taken, dict[str, int]]:
    """Nanoseconds of every round by row and column, and what each row is divided by."""
    dice = random.Random(645)
    answers = corpus(dice)
    stream, intact = noisy(dice, answers)
    cut = {"noisy 1..64": chunks(dice, stream, 64), "noisy 1": chunks(dice, stream, 1)}
    addresses = [int(f"{dice.randrange(10**12):012d}", 16) for _ in answers]
    per = dict.fromkeys(WHAT, len(answers)) | dict.fromkeys(cut, len(intact))
    runs: dict[str, dict[str, Run]] = {row: {} for row in WHAT}
    kernels = {"plain": (framing_py, values_py)}
    if build.kernel(framing.picked) == build.kernel(values.picked) == "compiled":
        kernels = {"compiled": (framing.picked, values.picked), **kernels}
        nothing = framing.picked.Scanner645()
        empty = [b""] * len(answers)
        runs["empty"]["compiled"] = each(nothing.feed, empty)
    for column, (frames, layouts) in kernels.items():
        runs["answer"][column] = each(frames.Scanner645().feed, answers)
        runs["integers"][column] = reading(frames, layouts, answers)
        runs["taken"][column] = taking(frames, layouts, answers)
        runs["encode"][column] = encoding(frames, addresses)
        for row, over in cut.items():
            runs[row][column] = streaming(frames, over, intact)
    if with_peer:
        for row, run in peer(answers, cut, len(intact)).items():
            runs[row]["dlt645"] = run
    return take(runs), per


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(prog="bench.frames", description=__doc__)
    parser.add_argument("--assert", dest="strict", action="store_true", help="exit 1 on a MISS")
    parser.add_argument(
        "--no-peer", action="store_true", help="without PyPI dlt645, pymodbus and dlt698"
    )
    args = parser.parse_args(argv)
    taken, per = measure(not args.no_peer)
    show(WHAT, taken, per, ("compiled", "plain", "dlt645"))
    print("\n".join([*sorted(PEER_FOUND), ""]))
    missed = judge(FIGURES, WHAT, taken)
    if "compiled" in taken["empty"]:
        got = ratio(taken["taken"]["compiled"], taken["empty"]["compiled"])
        missed += got > AT_MOST_EMPTY
        word = "PASS" if got <= AT_MOST_EMPTY else "MISS"
        name = f"{WHAT['taken']}: against an empty call taking bytes"
        print(f"{name:<78}<={AT_MOST_EMPTY:>5.0f} x{got:>8.1f} x  {word}")
    print()
    missed += modbus.report(not args.no_peer)
    print()
    missed += frames698.report(not args.no_peer)
    return 1 if args.strict and missed else 0


if __name__ == "__main__":
    sys.exit(main())
