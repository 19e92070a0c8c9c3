"""A serial port that is only listened to: opened for reading, never written to.

Linux raises DTR and RTS whenever a serial device is opened; no flag prevents it. Where RTS drives
the transceiver that would hold the line and silence everybody on it, so RTS is let go at once. DTR
and everything else is left, and HUPCL is cleared, so that closing the port moves nothing either.
The device is locked (flock): two readers of one port take each other's bytes.
"""

import contextlib
import errno
import fcntl
import os
import select
import struct
import termios
from typing import Any

from edge.shells.port import PortError
from edge.site.model import Port

READ_AT_MOST = 4096
_RTS = struct.pack("I", termios.TIOCM_RTS)
_BAUD = {
    rate: getattr(termios, f"B{rate}")
    for rate in (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
}
BAUD_RATES = tuple(_BAUD)


class Listener:
    """An open port; PortError says in one sentence why it could not be had."""

    def __init__(self, port: Port, baud: int) -> None:
        self.path = port.port
        try:
            self.fd = os.open(self.path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError as error:
            raise self._refusal(error, port) from error
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _set(self.fd, baud, port.parity or "E")
        except (OSError, termios.error) as error:
            os.close(self.fd)
            raise self._refusal(error, port) from error
        # a pty has no such wire
        with contextlib.suppress(OSError):
            fcntl.ioctl(self.fd, termios.TIOCMBIC, _RTS)

    def read(self, timeout_s: float, wakeup: int = -1) -> bytes:
        """What has come within the time, empty = nothing or `wakeup` became readable.

        PortError when the port has gone.
        """
        watch = [self.fd] if wakeup < 0 else [self.fd, wakeup]
        ready, _, _ = select.select(watch, (), (), timeout_s)
        if self.fd not in ready:
            return b""
        try:
            data = os.read(self.fd, READ_AT_MOST)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._lost(error.strerror or str(error)) from error
        if not data:
            raise self._lost(os.strerror(errno.EIO))
        return data

    def close(self) -> None:
        """Let the device go."""
        os.close(self.fd)

    def _lost(self, reason: str) -> PortError:
        return PortError("tool_port_lost", port=self.path, reason=reason)

    def _refusal(self, error: Exception, port: Port) -> PortError:
        code = error.args[0] if error.args and isinstance(error.args[0], int) else None
        match code:
            case errno.EWOULDBLOCK | errno.EBUSY:
                return PortError("tool_port_busy", port=self.path)
            case errno.EACCES | errno.EPERM:
                return PortError("tool_port_denied", port=self.path)
            case errno.ENOENT | errno.ENXIO | errno.ENODEV:
                return PortError("tool_port_absent", port=self.path)
            case errno.ENOTTY | errno.EISDIR:
                return PortError("tool_port_kind", port=self.path)
            case errno.EINVAL:
                return PortError("tool_port_settings", port=self.path, parity=port.parity or "E")
        reason = os.strerror(code) if code else str(error)
        return PortError("tool_port_failed", port=self.path, reason=reason)


def _set(fd: int, baud: int, parity: str) -> None:
    """Raw, 8 data bits, 1 stop bit, this speed and parity; nothing is set a second time.

    termios.error where fd is no terminal or does not take it.
    """
    modes: list[Any] = termios.tcgetattr(fd)
    control = modes[2] & ~(termios.CSIZE | termios.CSTOPB | termios.PARENB | termios.PARODD)
    control = (control & ~(termios.HUPCL | termios.CRTSCTS)) | termios.CS8
    control |= termios.CREAD | termios.CLOCAL
    if parity != "N":
        control |= termios.PARENB | (termios.PARODD if parity == "O" else 0)
    characters = modes[6]
    characters[termios.VMIN], characters[termios.VTIME] = 1, 0
    rate = _BAUD[baud]
    # input flags 0: a byte of wrong parity still comes, and the checksum finds it
    termios.tcsetattr(fd, termios.TCSANOW, [0, 0, control, 0, rate, rate, characters])
