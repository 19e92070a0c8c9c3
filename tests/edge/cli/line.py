"""A line on a real pty whose far end is a script: any protocol, a whole request at a time."""

import os
import pty
import select
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.edge import wire698
from tests.edge.wire_modbus import crc

Script = Callable[[bytes], list[bytes]]
"""A request without its wake-up bytes -> what comes back, one write each."""
DEADLINE_S = 20.0


class FarEnd:
    """Meters and units as a script, and the requests they heard."""

    def __init__(self, script: Script) -> None:
        self.requests: list[bytes] = []
        self._script = script
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self._end_out, self._end_in = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """The device goes away."""
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
            pending = (pending + os.read(self._master, 4096)).lstrip(b"\xfe")
            size = whole(pending)
            if size:
                request, pending = pending[:size], pending[size:]
                self.requests.append(request)
                for answer in self._script(request):
                    os.write(self._master, answer)


def whole(data: bytes) -> int:
    """Length of the request that begins these bytes; 0 = not all of it has come."""
    if data[:1] == b"\x68":
        size = int.from_bytes(data[1:3], "little") + 2 if len(data) > 2 else 0
        return size if 0 < size <= len(data) else 0
    return 8 if len(data) >= 8 and crc(data[:6]) == data[6:8] else 0


@contextmanager
def far_end(script: Script) -> Iterator[FarEnd]:
    """The line, up until the block ends."""
    line = FarEnd(script)
    try:
        yield line
    finally:
        line.close()


def apdu_of(request: bytes) -> bytes:
    """What a 698 request with an address of six bytes asks, its time tag off."""
    return request[14:-4]


def address_of(request: bytes) -> str:
    """The 12 digits a 698 request is for."""
    return request[5:11][::-1].hex().upper()


def meter698(address: str, objects: dict[str, str]) -> Script:
    """A meter with these OADs (hex) and their Data, or "dar:06"; others are DAR 4."""

    def script(request: bytes) -> list[bytes]:
        apdu = apdu_of(request)
        kind, number = apdu[1], apdu[2]
        many = kind == 2
        body = apdu[4:] if many else apdu[3:]
        oads = [body[at : at + 4].hex().upper() for at in range(0, len(body), 4)]
        said = bytes((0x85, kind, number)) + (bytes((len(oads),)) if many else b"")
        for oad in oads:
            said += bytes.fromhex(oad) + result(objects.get(oad, "dar:04"))
        return [wire698.frame(address, wire698.ANSWERED, said + b"\0\0", 4)]

    return script


def result(data: str) -> bytes:
    """A Get-Result: choice 00 and a DAR, or choice 01 and Data."""
    kind, _, code = data.partition(":")
    return bytes.fromhex("00" + code) if kind == "dar" else bytes.fromhex("01" + data)
