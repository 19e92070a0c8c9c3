"""The hunt for bytes that a decoder stumbles over: random and mutated frames, by millions.

`scripts/hunt frames`; here are the cases of DL/T 645, beside it those of 698.45 (hunt_698.py) and
Modbus RTU (hunt_modbus.py). Every case is a short stream in chunks. It goes through the scanners of
both kernels, every frame found through layouts, awaited answers, reads and descriptions. A find is
an exception, two answers where the twins must give one, a frame that its own bytes do not bear out,
or more altered frames taken for good than an eight-bit checksum lets through.
"""

import argparse
import random
import sys
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any

import msgspec

from bench.hunt_698 import Hunt698
from bench.hunt_modbus import HuntModbus
from bench.hunting import Case, Chunks, Found, Hunter, Lane, case, mutated, noise, run, twins
from cext import framing_py
from protocol.decode import decode
from protocol.dlt645.describe import describe
from protocol.dlt645.meaning import meaning
from protocol.dlt645.read import Read
from protocol.dlt645.table import Item, items

COUNT = 1_000_000
LET_THROUGH = 1 / 128
"""Altered frames that may pass for good: 1 of 256 by their checksum, and room for chance."""
CONTROLS = (0x11, 0x12, 0x13, 0x91, 0x91, 0x91, 0xB1, 0xD1, 0x92, 0xB2, 0x93, 0x94, 0x9C, 0xD4)
NASTY = b"\x68\x16\xfe\x33\x32\x91\xff\x00"


def answer(dice: random.Random, item: Item, address: int) -> bytes:
    """A whole frame as meters and masters send them, often an answer with digits in it."""
    control = dice.choice(CONTROLS)
    identifier = item.identifier
    if dice.random() < 0.3:
        # anywhere in the wider tables: tariff, settlement, record, what no meter has
        identifier = int.from_bytes(
            bytes(
                (dice.randrange(8), *dice.choices((0, 1, 2, 3, 16, 0xFF, dice.randrange(256)), k=3))
            )
        )
    data = identifier.to_bytes(4, "little")
    match dice.randrange(4):
        case 0:
            data = dice.randbytes(dice.choice((0, 1, 3, 4, 5, 12, 40, 200, 255)))
        case 1:
            data += b"\xff" * item.size
        case 2:
            data += dice.randbytes(item.size)
        case _:
            data += bytes.fromhex(f"{dice.randrange(10 ** (2 * item.size)):0{2 * item.size}d}")
    return framing_py.build645(address, control, data[:255], 0)


def scanned(kernel: ModuleType, chunks: Chunks, gap: int) -> tuple[list[Any], list[object]]:
    """The frames one kernel finds, and all that can be seen of its way there."""
    scanner = kernel.Scanner645()
    found, seen = [], list[object]()
    for at, chunk in enumerate(chunks):
        frame = scanner.feed(chunk)
        while frame is not None:
            found.append(frame)
            seen.append((frame.raw, frame.start, frame.address, frame.control, frame.identifier))
            seen.append((frame.data, frame.answer))
            frame = scanner.feed(b"")
        if at == gap:
            scanner.gap()
        seen.append((scanner.noise, scanner.bad))
    scanner.gap()
    seen.append((scanner.noise, scanner.bad))
    return found, seen


def bears_out(frame: Any) -> None:
    """The frame is what the standard says of its own bytes, by arithmetic of its own here."""
    raw = frame.raw
    right = (
        raw[0] == raw[7] == 0x68
        and raw[-1] == 0x16
        and len(raw) == 12 + raw[9]
        and sum(raw[:-2]) % 256 == raw[-2]
        and f"{frame.address:012x}" == raw[6:0:-1].hex()
        and frame.data == bytes((value - 0x33) % 256 for value in raw[10:-2])
    )
    if not right:
        raise Found("a frame that its bytes do not bear out")


class Hunt:
    """The cases of one seed against both kernels."""

    let_through = LET_THROUGH

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.table = list(items().values())
        self.kernels = twins("framing", "values")
        self.layouts = {
            item.identifier: [
                values.Layout(((item.width, item.signed),) * len(item.quantities))
                for _, values in self.kernels
            ]
            for item in self.table
        }

    def cases(self, lane: Lane) -> Iterator[Case]:
        """Cases without end; `about` is the item and the address."""
        dice = self.dice
        while True:
            item = dice.choice(self.table)
            address = int(f"{dice.randrange(10**12):012d}", 16)
            frame, about = answer(dice, item, address), (item, address)
            if lane.name == "mutated":
                yield case(dice, mutated(dice, frame, NASTY), frame, about)
            elif dice.random() < 0.5:
                yield case(dice, noise(dice, NASTY) + frame + noise(dice, NASTY), b"", about)
            else:
                yield case(dice, noise(dice, NASTY), b"", about)

    def one(self, lane: Lane, case: Case) -> None:
        """One case by both kernels."""
        item, address = case.about
        ways = [scanned(framing, case.chunks, case.gap) for framing, _ in self.kernels]
        if any(seen != ways[0][1] for _, seen in ways):
            raise Found("the twins saw different things")
        if case.frame and case.frame not in case.stream:
            lane.altered += 1
            lane.passed += bool(ways[0][0])
        self.awaited(case.stream, item, address)
        lang = "zh" if lane.cases & 1 else "en"
        decoded, _ = decode(case.stream, None, lang)
        msgspec.json.encode(decoded)
        for pair in zip(*(found for found, _ in ways), strict=True):
            lane.frames += 1
            bears_out(pair[0])
            self.unpacked(lane, pair, item)
            msgspec.json.encode(meaning(pair[-1], lang))
            text = describe(pair[0].raw, lang)
            if not text or "\n" in text:
                raise Found(f"a description that is not one line: {text!r}")
            Read(f"{address:012X}", item).on_frame(pair[-1])

    def unpacked(self, lane: Lane, pair: Sequence[Any], item: Item) -> None:
        """The frame's fields by both kernels."""
        got = [
            layout.unpack(frame, 4)
            for layout, frame in zip(self.layouts[item.identifier], pair, strict=True)
        ]
        if got[-1] != got[0]:
            raise Found(f"the twins unpacked {got}")
        lane.values += sum(value is not None for value in got[0] or ())

    def awaited(self, stream: bytes, item: Item, address: int) -> None:
        """The stream in one piece as the awaited answer; it must say what feed and unpack say."""
        said = []
        for (framing, values), layout in zip(
            self.kernels, self.layouts[item.identifier], strict=True
        ):
            scanner = framing.Scanner645()
            out = array("q", bytes(8 * len(item.quantities)))
            taker = values.Answer645(scanner, address, item.identifier, layout, out)
            taken = taker.take(stream)
            said.append((taken, out.tolist()))
            if not taken:
                continue
            frame = framing.Scanner645().feed(stream)
            fields = layout.unpack(frame, 4)
            whole = [values.MISSING if value is None else value for value in fields]
            if (frame.address, frame.control, frame.identifier, whole) != (
                *(address, 0x91, item.identifier),
                out.tolist(),
            ):
                raise Found("an answer was taken that feed and unpack read otherwise")
        if said[-1] != said[0]:
            raise Found(f"the twins took {said}")


HUNTS: dict[str, Callable[[int], Hunter]] = {
    "dlt645": Hunt,
    "dlt698": Hunt698,
    "modbus": HuntModbus,
}
LANES = ("random", "mutated")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/hunt frames", description=__doc__)
    parser.add_argument("--protocol", choices=HUNTS, help="those of one protocol only")
    parser.add_argument("--count", type=int, default=COUNT, help="cases of each kind")
    parser.add_argument("--seconds", type=float, default=None, help="stop after so long")
    parser.add_argument("--seed", type=int, default=None, help="the cases of that seed again")
    args = parser.parse_args(argv)
    seed = random.SystemRandom().randrange(2**32) if args.seed is None else args.seed
    hunts = [args.protocol] if args.protocol else list(HUNTS)
    share = float("inf") if args.seconds is None else args.seconds / (len(hunts) * len(LANES))
    for protocol in hunts:
        for lane in map(Lane, LANES):
            try:
                run(HUNTS[protocol](seed), lane, args.count, time.monotonic() + share)
            except Found as found:
                print(f"hunt frames --protocol {protocol} --seed {seed}: {found}")
                return 1
            print(
                f"{protocol} {lane.name:<8} {lane.cases:>9,} cases in {lane.took:,.0f} s, slowest "
                f"{1000 * lane.slowest:,.0f} ms: {lane.frames:,} frames, {lane.values:,} values, "
                f"{lane.passed:,} of {lane.altered:,} altered frames passed",
                flush=True,
            )
    print(f"hunt frames --seed {seed}: nothing found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
