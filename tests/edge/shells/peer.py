"""A scripted meter side on a real pty: for every request it plays back what the test says."""

import os
import pty
import select
import threading
import tty
from collections.abc import Callable

from tests.edge.wire_modbus import crc

Script = Callable[[bytes], list[tuple[float, bytes]]]
"""A whole request -> what is written, each after so many seconds."""

HEAD, TAIL = 10, 2
"""Of a DL/T 645 request: up to its length, and behind its data."""
MODBUS_REQUEST = 8
READ_INPUT = 4
DEADLINE_S = 20.0


class Peer:
    """Answers by script: 645 reads of 16 bytes, without their wake-up bytes, and Modbus fn 04."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[bytes] = []
        self.asked = threading.Condition()
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self._end_out, self._end_in = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait_requests(self, count: int) -> None:
        """Until so many requests have come."""
        with self.asked:
            assert self.asked.wait_for(lambda: len(self.requests) >= count, DEADLINE_S)

    def close(self) -> None:
        """Unplug: the device goes away under whoever has it open."""
        os.write(self._end_in, b"!")
        self._thread.join(DEADLINE_S)
        for fd in (self._master, self._slave, self._end_in, self._end_out):
            os.close(fd)

    def _run(self) -> None:
        pending = b""
        while True:
            ready, _, _ = select.select((self._master, self._end_out), (), (), DEADLINE_S)
            if self._end_out in ready or not ready:
                return
            pending += os.read(self._master, 1024)
            while b"\x68" in pending:
                rest = pending[pending.index(b"\x68") :]
                if len(rest) < HEAD or len(rest) < (size := HEAD + rest[HEAD - 1] + TAIL):
                    break
                pending = rest[size:]
                self._serve(rest[:size])
            if is_modbus(pending):
                request, pending = pending, b""
                self._serve(request)

    def _serve(self, request: bytes) -> None:
        with self.asked:
            self.requests.append(request)
            self.asked.notify_all()
        for delay, data in self.script(request):
            if delay and select.select((self._end_out,), (), (), delay)[0]:
                return
            os.write(self._master, data)


def is_modbus(request: bytes) -> bool:
    """Whether it is a whole Modbus request to read input registers."""
    return (
        len(request) == MODBUS_REQUEST
        and request[1] == READ_INPUT
        and crc(request[:-2]) == request[-2:]
    )


def address_of(request: bytes) -> str:
    """The 12 digits a request is for."""
    return request[1:7][::-1].hex()
