"""A line's serial device: opened once with everything set, read and written without blocking.

Nothing is reconfigured after opening: on a pty with parity set every later change fails with
EINVAL, and some adapters glitch the line. A device is locked for this process (flock, by pyserial's
`exclusive`): two masters on one pair destroy each other's frames.
"""

import contextlib
import errno
import fcntl
import os
import select
import termios
import time

import serial
from serial.rs485 import RS485Settings

from edge.site.model import Line, Port
from edge.words import BoxgateError

WRITE_DEADLINE_S = 2.0
READ_AT_MOST = 4096
GONE = (errno.EIO, errno.ENODEV, errno.ENXIO)
"""What any call on a device that has been unplugged says."""


class PortError(BoxgateError):
    """The port cannot be opened or was lost; the sentence says why."""


class SerialPort:
    """An open serial device of one line."""

    def __init__(self, line: Line, port: Port) -> None:
        self.line = line.id
        self.path = port.port
        self._rts = port.direction == "rts"
        self._char_s = (10 if line.parity == "N" else 11) / line.baud
        self._serial = _open(line, port)
        self.fd: int = self._serial.fileno()
        """For select."""
        if port.direction == "kernel":
            self._kernel_direction()

    def take(self) -> bytes:
        """What has come, without asking select first; empty = nothing, or the port is gone.

        Which of both, select and read() tell.
        """
        try:
            return os.read(self.fd, READ_AT_MOST)
        except OSError:
            return b""

    def read(self) -> bytes:
        """What has come, after select found the port readable; PortError when it is gone.

        Only then: a terminal in pyserial's mode (VMIN 0) reads as empty both when nothing has
        come and when it has been hung up.
        """
        try:
            data = os.read(self.fd, READ_AT_MOST)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._gone(error) from error
        if not data:
            raise self._gone(OSError(errno.EIO, os.strerror(errno.EIO)))
        return data

    def write(self, data: bytes) -> None:
        """Hand all of it to the device. PortError when it is gone or takes nothing any more."""
        if self._rts:
            self._write_with_rts(data)
        else:
            self._write(data)

    def close(self) -> None:
        """Let the device go; a device that is already gone closes all the same."""
        with contextlib.suppress(OSError, termios.error):
            self._serial.close()

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        until = time.monotonic() + WRITE_DEADLINE_S
        while rest:
            try:
                rest = rest[os.write(self.fd, rest) :]
            except BlockingIOError:
                left = until - time.monotonic()
                if left <= 0 or not select.select((), (self.fd,), (), left)[1]:
                    full = OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
                    raise self._gone(full) from None
            except OSError as error:
                raise self._gone(error) from error

    def _write_with_rts(self, data: bytes) -> None:
        """RTS drives the transceiver: up while our bytes leave, down before the meter answers."""
        try:
            self._serial.rts = True
            self._write(data)
            termios.tcdrain(self.fd)
            self._serial.rts = False
        except (OSError, termios.error) as error:
            code = _errno(error)
            if code in GONE:
                raise self._gone(OSError(code, os.strerror(code))) from error
            raise PortError("port_direction", line=self.line, port=self.path, mode="rts") from error

    def _kernel_direction(self) -> None:
        try:
            self._serial.rs485_mode = RS485Settings()
        except (OSError, ValueError, serial.SerialException) as error:
            self.close()
            raise PortError(
                "port_direction", line=self.line, port=self.path, mode="kernel"
            ) from error

    def _gone(self, error: OSError) -> PortError:
        return PortError(
            "port_lost", line=self.line, port=self.path, reason=error.strerror or str(error)
        )


def _open(line: Line, port: Port) -> serial.Serial:
    """pyserial opens and sets the device; every failure becomes one sentence."""
    parity = port.parity or line.parity
    try:
        device = serial.Serial(
            port=port.port,
            baudrate=line.baud,
            bytesize=serial.EIGHTBITS,
            parity=parity,
            stopbits=serial.STOPBITS_ONE,
            timeout=0,
            write_timeout=0,
            exclusive=True,
        )
        flags = fcntl.fcntl(device.fileno(), fcntl.F_GETFL)
        fcntl.fcntl(device.fileno(), fcntl.F_SETFL, flags | os.O_NONBLOCK)
    except (OSError, ValueError, serial.SerialException, termios.error) as error:
        raise _refusal(line.id, port.port, parity, error) from error
    return device


def _errno(error: BaseException) -> int | None:
    """The system's error number: pyserial keeps it, or that of the termios.error behind it."""
    code = getattr(error, "errno", None)
    if code is None and error.args and isinstance(error.args[0], int):
        code = error.args[0]
    if code is None and error.__context__ is not None:
        return _errno(error.__context__)
    return code


def _refusal(line: str, path: str, parity: str, error: Exception) -> PortError:
    code = _errno(error)
    text = os.strerror(code) if code else str(error)
    if code in (errno.EWOULDBLOCK, errno.EBUSY) or "exclusively lock" in str(error):
        return PortError("port_busy", line=line, port=path)
    if code in (errno.EACCES, errno.EPERM):
        return PortError("port_denied", line=line, port=path)
    if code in (errno.ENOENT, errno.ENXIO, errno.ENODEV):
        return PortError("port_absent", line=line, port=path)
    if code in (errno.ENOTTY, errno.EISDIR):
        return PortError("port_kind", line=line, port=path)
    if code == errno.EINVAL:
        return PortError("port_settings", line=line, port=path, parity=parity)
    return PortError("port_failed", line=line, port=path, reason=text)
