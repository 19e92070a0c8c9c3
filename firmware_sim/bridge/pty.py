"""A serial device of our own: a raw pty under a name that stays.

The bench keeps both ends open, so a program that closes the device and opens it again finds it as
it was, and the bench never sees a hang-up. A pty has no parity: the port map says N.
"""

import errno
import os
import tty
from pathlib import Path

from edge.words.messages import BoxgateError

READ_SIZE = 1024


class Pty:
    """One pty; `link` is the name to open it by."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self.dropped = 0
        """Bytes nobody read in time: the pty's buffer was full."""
        try:
            self.fd, self._device = os.openpty()
        except OSError as error:
            raise BoxgateError("sim_no_pty", line=link.name, cause=error.strerror) from error
        try:
            tty.setraw(self._device)
            os.set_blocking(self.fd, False)
            self.device = os.ttyname(self._device)
            self._name()
        except (BoxgateError, OSError):
            self._close_ends()
            raise

    def read(self) -> bytes:
        """What the master has written since; empty when nothing."""
        try:
            return os.read(self.fd, READ_SIZE)
        except BlockingIOError:
            return b""
        except OSError as error:
            # EIO: no reader at this instant, while another program reopens the device
            if error.errno == errno.EIO:
                return b""
            raise

    def write(self, data: bytes) -> None:
        """Hand the master these bytes at once; what does not fit is dropped and counted."""
        try:
            written = os.write(self.fd, data)
        except BlockingIOError:
            written = 0
        self.dropped += len(data) - written

    def close(self) -> None:
        """Take the name away, if it is still ours, and close both ends.

        BoxgateError when the name cannot be taken away; the ends are closed all the same.
        """
        try:
            # first the name: a number that is free again may soon be somebody's terminal
            if self.link.is_symlink() and os.readlink(self.link) == self.device:
                self.link.unlink()
        except FileNotFoundError:
            # somebody took it, or its folder, away meanwhile
            return
        except OSError as error:
            raise BoxgateError("sim_dir", path=self.link.parent, cause=error.strerror) from error
        finally:
            self._close_ends()

    def _close_ends(self) -> None:
        os.close(self.fd)
        os.close(self._device)

    def _name(self) -> None:
        draft = self.link.with_name(f".{self.link.name}.{os.getpid()}")
        try:
            if self.link.exists() and not self.link.is_symlink():
                raise BoxgateError("sim_link_taken", path=self.link)
            os.symlink(self.device, draft)
            os.replace(draft, self.link)
        except OSError as error:
            raise BoxgateError("sim_dir", path=self.link.parent, cause=error.strerror) from error
