"""`boxgate sniff PORT`: listen to a line, say what is said on it, send nothing."""

import argparse
import datetime
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from edge.bus.timing import line_timing
from edge.cli.annotate import direction_text, function_text, name_text, value_text
from edge.cli.device import add_device, line_of, port_of
from edge.cli.ear import Ear, Overheard
from edge.cli.pcap import Pcap
from edge.shells.clock import monotonic_ns
from edge.shells.listen import Listener
from edge.words.messages import BoxgateError, language, say
from edge.words.verbs import tell
from protocol.decoded import Decoded

_LONGEST_WAIT_S = 0.5
_MS = 1_000_000


class Heard(msgspec.Struct):
    """One line of --json: a frame, or noise (`frame` null)."""

    at: str
    """Wall time of its first bit, ISO 8601 with milliseconds, UTC."""
    hex: str
    frame: Decoded | None
    gap_ms: float | None
    """Silence before it."""
    delay_ms: float | None
    """Of an answer: since its question ended."""
    question: str | None
    """Of an answer: the hex of its question."""
    reason: str | None
    """Of noise: what was not understood."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's own arguments."""
    add_device(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object a line for each frame")
    parser.add_argument(
        "--pcap", type=Path, metavar="FILE", help="write the frames to FILE for Wireshark as well"
    )
    parser.add_argument(
        "--seconds", type=_seconds, metavar="S", help="end after S seconds (default: Ctrl-C)"
    )


def run(args: argparse.Namespace) -> int:
    """Listen until told to end; 3 when there is no port."""
    line = line_of(args, wake=0, answer_ms=500)
    port = port_of(args, line)
    lang = "en" if args.json else language()
    ear = Ear(line_timing(line).char_ns, lang)
    with ExitStack() as stack:
        listener = Listener(port, args.baud)
        stack.callback(listener.close)
        pcap = stack.enter_context(_capture(args.pcap)) if args.pcap else None
        wakeup, stop = _on_signals(stack)
        facts: dict[str, Any] = {"port": args.port, "baud": line.baud, "parity": line.parity}
        tell("boxgate", say("sniff_listening", **facts))
        shown = _Shown(args.json, args.pcap, pcap, lang)
        began = monotonic_ns()
        until = began + round(args.seconds * 1e9) if args.seconds else None
        try:
            while not stop and (until is None or monotonic_ns() < until):
                data = listener.read(_wait_s(ear, until), wakeup)
                now = monotonic_ns()
                shown.show(ear.feed(now, data) if data else _quiet(ear, now))
        finally:
            shown.show(ear.silence())
            seconds = round((monotonic_ns() - began) / 1e9)
            key = (
                "sniff_done" if ear.heard else "sniff_only_noise" if ear.noise else "sniff_nothing"
            )
            counts: dict[str, Any] = {
                "frames": ear.heard,
                "answered": shown.answered,
                "noise": ear.noise,
            }
            tell("boxgate", say(key, seconds=seconds, **facts, **counts))
    return 0


def _quiet(ear: Ear, now: int) -> list[Overheard]:
    return ear.silence() if ear.wake and now >= ear.wake else []


def _wait_s(ear: Ear, until: int | None) -> float:
    now = monotonic_ns()
    ends = [now + round(_LONGEST_WAIT_S * 1e9)]
    ends += [end for end in (ear.wake, until) if end]
    return max(0.0, (min(ends) - now) / 1e9)


class _Shown:
    """Where what was heard goes: the terminal or JSON lines, and the capture."""

    def __init__(self, as_json: bool, path: Path | None, pcap: Pcap | None, lang: str) -> None:
        self.answered = 0
        self._json = msgspec.json.Encoder() if as_json else None
        self._path = path
        self._pcap = pcap
        self._lang = lang
        # one offset for the whole run: a clock that is set meanwhile must not bend the delays
        self._offset = time.time_ns() - monotonic_ns()

    def show(self, heard: list[Overheard]) -> None:
        """Each in turn, at once."""
        for one in heard:
            self.answered += one.delay_ns is not None
            if self._pcap is not None:
                said = one.said
                way, protocol = (said.direction, said.protocol) if said else ("", "")
                try:
                    self._pcap.packet(one.end + self._offset, one.raw, way, protocol, one.delay_ns)
                except OSError as error:
                    raise _pcap_error(self._path, error) from error
            print(self._object(one) if self._json else "\n".join(self._text(one)), flush=True)

    def _object(self, one: Overheard) -> str:
        moment = datetime.datetime.fromtimestamp((one.at + self._offset) / 1e9, datetime.UTC)
        line = Heard(
            at=moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            hex=one.raw.hex(" ").upper(),
            frame=one.said,
            gap_ms=_ms(one.gap_ns),
            delay_ms=_ms(one.delay_ns),
            question=one.asked.raw.hex(" ").upper() if one.asked else None,
            reason=one.reason or None,
        )
        assert self._json is not None
        return self._json.encode(line).decode()

    def _text(self, one: Overheard) -> Iterator[str]:
        at = one.at + self._offset
        clock = time.strftime("%H:%M:%S", time.localtime(at // 10**9)) + f".{at // _MS % 1000:03d}"
        said = one.said
        mark = {"request": ">", "response": "<"}.get(said.direction, "*") if said else "?"
        yield f"{clock} {mark} {one.raw.hex(' ').upper()}"
        indent = " " * 15
        if said is None:
            yield f"{indent}{one.reason}"
            return
        times = [
            f"{name} {ns / _MS:.0f} ms"
            for name, ns in (("delay", one.delay_ns), ("gap", one.gap_ns))
            if ns is not None and not (name == "gap" and one.delay_ns is not None)
        ]
        if self._lang == "zh":
            times = [t.replace("delay", "延时").replace("gap", "间隔") for t in times]
        parts = [said.protocol, said.address, function_text(said, self._lang)]
        parts += [direction_text(said, self._lang), said.identifier, name_text(said, self._lang)]
        yield indent + " ".join(filter(None, parts)) + (f"  ({', '.join(times)})" if times else "")
        if said.values:
            values = (f"{field.name} = {value_text(field, self._lang)}" for field in said.values)
            yield f"{indent}{'; '.join(values)}"
        if said.error is not None:
            yield f"{indent}{said.error.code} {said.error.text}"
        if said.note:
            yield f"{indent}({said.note})"


@contextmanager
def _capture(path: Path) -> Iterator[Pcap]:
    try:
        with path.open("wb") as file:
            pcap = Pcap(file)
            yield pcap
    except OSError as error:
        raise _pcap_error(path, error) from error


def _pcap_error(path: Path | None, error: OSError) -> BoxgateError:
    return BoxgateError("sniff_pcap", path=path, cause=error.strerror or str(error))


def _on_signals(stack: ExitStack) -> tuple[int, list[int]]:
    """A descriptor that becomes readable with SIGINT or SIGTERM, and the list that they fill.

    A second one ends the process where it stands: behind a pager that is not read it stands in a
    print, and would never look at the list.
    """
    stop: list[int] = []

    def received(number: int, _: object) -> None:
        if stop:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        stop.append(number)

    out, into = os.pipe()
    for fd in (out, into):
        os.set_blocking(fd, False)
        stack.callback(os.close, fd)
    stack.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(into))
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.signal(number, received)
        stack.callback(signal.signal, number, before)
    return out, stop


def _ms(ns: int | None) -> float | None:
    return None if ns is None else round(ns / _MS, 3)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text} is not within 0..1000000")
    return value
