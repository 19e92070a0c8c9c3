"""`run --frames`: every frame of the lines as hex with its decoded meaning, on stdout.

The lines must never wait for a terminal: frames go through a bounded queue, and what does not fit
is counted and said.
"""

import queue
import sys
import threading
import time

from cext.framing import FrameModbus
from cext.framing698 import Frame698
from edge.bus.master import Heard, Spoke
from edge.words import language
from edge.words.verbs import discard
from protocol.dlt645.describe import describe as describe_645
from protocol.dlt698.describe import describe as describe_698
from protocol.modbus.describe import describe as describe_modbus

ROOM = 1000


class FramePrinter:
    """A thread that prints what the lines' taps give it."""

    def __init__(self) -> None:
        self.dropped = 0
        self._frames: queue.Queue[tuple[str, Spoke | Heard, float] | None] = queue.Queue(ROOM)
        self._spoke_at: dict[str, int] = {}
        self._thread = threading.Thread(target=self._run, name="frames", daemon=True)
        self._thread.start()

    def tap(self, line: str, item: Spoke | Heard) -> None:
        """From a line's thread: never waits."""
        # an answer is looked at when the gap behind it is over: its own time is earlier
        wall = time.time() - (time.monotonic_ns() - item.at) / 1e9
        try:
            self._frames.put_nowait((line, item, wall))
        except queue.Full:
            self.dropped += 1

    def close(self, timeout_s: float = 1.0) -> None:
        """Print what is there and end."""
        try:
            self._frames.put(None, timeout=timeout_s)
        except queue.Full:
            return
        self._thread.join(timeout_s)

    def _run(self) -> None:
        said = 0
        while (given := self._frames.get()) is not None:
            try:
                print(self._text(*given), flush=True)
                if self.dropped > said:
                    print(f"  ({self.dropped - said} frames not shown)", flush=True)
                    said = self.dropped
            except OSError:
                # the reader went away (| head), the disk behind > FILE is full: reading meters
                # goes on, unseen
                discard(sys.stdout)
                return

    def _text(self, line: str, item: Spoke | Heard, wall: float) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(wall)) + f".{int(wall * 1000) % 1000:03d}"
        if isinstance(item, Spoke):
            self._spoke_at[line] = item.at
            return f"{clock} {line} > {item.raw.hex(' ').upper()}\n{' ' * 13}{said(item)}"
        delay = (item.at - self._spoke_at.get(line, item.at)) / 1e6
        mark = "" if item.verdict in ("done", "again") else f"  [{item.verdict}]"
        return (
            f"{clock} {line} < {item.frame.raw.hex(' ').upper()}\n"
            f"{' ' * 13}{said(item)}  ({delay:.0f} ms){mark}"
        )


def said(item: Spoke | Heard) -> str:
    """What a frame of a trace means, in the language of the program."""
    lang = language()
    if isinstance(item, Heard):
        match item.frame:
            case FrameModbus() as frame:
                return describe_modbus(frame, lang)
            case Frame698() as frame:
                return describe_698(frame, lang)
            case frame:
                return describe_645(frame, lang)
    match item.protocol:
        case "modbus":
            return describe_modbus(item.raw, lang, answer=False)
        case "dlt698":
            return describe_698(item.raw, lang)
    return describe_645(item.raw, lang)
