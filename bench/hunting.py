"""What every hunt is made of: lanes of cases, bytes altered, cut, strewn with noise, twins."""

import importlib
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

Chunks = list[bytes]


class Found(Exception):
    """What was hunted for; says what was wrong."""


@dataclass(slots=True)
class Lane:
    """One kind of case and what came of it."""

    name: str
    cases: int = 0
    frames: int = 0
    values: int = 0
    altered: int = 0
    passed: int = 0
    """Altered frames that came out as a frame with other content than was sent."""
    took: float = 0.0
    slowest: float = 0.0
    """The case that took longest, s."""


@dataclass(frozen=True, slots=True)
class Case:
    """One stream in chunks; `about` is what a find tells besides its bytes."""

    chunks: Chunks
    gap: int
    """The chunk behind which the line fell silent; -1 = it never did."""
    frame: bytes = b""
    """The frame that was altered in it; b"" = none was."""
    about: Any = None

    @property
    def stream(self) -> bytes:
        """All of it."""
        return b"".join(self.chunks)


class Hunter(Protocol):
    """One protocol's cases against both kernels."""

    dice: random.Random
    let_through: float
    """Of the altered frames this part may pass for good, by the odds of the checksum."""

    def cases(self, lane: Lane) -> Iterator[Case]:
        """Cases without end."""

    def one(self, lane: Lane, case: Case) -> None:
        """One case by both kernels; Found for what is wrong."""


def run(hunter: Hunter, lane: Lane, count: int, until: float) -> None:
    """Cases until `count` are done or the time has come; Found with its bytes."""
    started = before = time.monotonic()
    for case in hunter.cases(lane):
        if lane.cases >= count or before >= until:
            break
        try:
            hunter.one(lane, case)
        except Exception as error:
            where = " ".join(chunk.hex().upper() for chunk in case.chunks)
            raise Found(
                f"{lane.name} case {lane.cases}: {error!r}; about {case.about!s:.80}, "
                f"gap after chunk {case.gap}, chunks {where}"
            ) from error
        lane.cases += 1
        now = time.monotonic()
        lane.slowest = max(lane.slowest, now - before)
        before = now
    lane.took = time.monotonic() - started
    if lane.passed > 10 + lane.altered * hunter.let_through:
        raise Found(f"{lane.passed} of {lane.altered} altered frames passed for good")


def twins(*names: str) -> list[tuple[ModuleType, ...]]:
    """The plain kernels of these names, and where they are compiled those."""
    plain = tuple(importlib.import_module(f"cext.{name}_py") for name in names)
    try:
        compiled = tuple(importlib.import_module(f"cext.{name}_c") for name in names)
    except ImportError:
        print("the kernels are not compiled: the plain twins alone are hunted through")
        return [plain]
    return [plain, compiled]


def mutated(dice: random.Random, frame: bytes, nasty: bytes, most: int = 4) -> bytes:
    """The bytes with one to `most` changes: altered, lost, doubled, put in, cut off."""
    out = bytearray(frame)
    for _ in range(dice.randint(1, most)):
        at = dice.randrange(len(out)) if out else 0
        match dice.randrange(6):
            case 0 if out:
                out[at] ^= 1 << dice.randrange(8)
            case 1 if out:
                out[at] = dice.choice(nasty)
            case 2 if out:
                del out[at]
            case 3 if out:
                out.insert(at, out[at])
            case 4:
                out.insert(at, dice.randrange(256))
            case _:
                del out[at:]
                out += dice.choice((b"", frame[:10], frame[-3:]))
    return bytes(out)


def noise(dice: random.Random, nasty: bytes) -> bytes:
    """Random bytes, half the time of those only that mean something to a scanner."""
    size = dice.randrange(60)
    if dice.random() < 0.5:
        return dice.randbytes(size)
    return bytes(dice.choices(nasty, k=size))


def cut(dice: random.Random, stream: bytes) -> Chunks:
    """The stream whole, byte by byte, or in pieces."""
    most = dice.choice((1, 3, 20, 64, 1000))
    out, at = [], 0
    while at < len(stream):
        upto = at + dice.randint(1, most)
        out.append(stream[at:upto])
        at = upto
    return out


def case(dice: random.Random, stream: bytes, frame: bytes = b"", about: Any = None) -> Case:
    """The stream cut up, one time in five with a silence somewhere."""
    chunks = cut(dice, stream)
    gap = dice.randrange(len(chunks) + 1) if dice.random() < 0.2 else -1
    return Case(chunks, gap, frame, about)
