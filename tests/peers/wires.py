"""Two serial devices joined by a pair of wires: what one end writes the other reads."""

import os
import pty
import select
import threading
import tty

DEADLINE_S = 20.0


class Wires:
    """Two ptys and a thread that carries bytes between them; `near` and `far` are their names."""

    def __init__(self) -> None:
        self._ends = [pty.openpty() for _ in range(2)]
        for _, device in self._ends:
            tty.setraw(device)
        self.near, self.far = (os.ttyname(device) for _, device in self._ends)
        self._stop_out, self._stop_in = os.pipe()
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Cut the wires."""
        os.write(self._stop_in, b"!")
        self._thread.join(DEADLINE_S)
        for fd in (*(fd for pair in self._ends for fd in pair), self._stop_in, self._stop_out):
            os.close(fd)

    def _carry(self) -> None:
        (first, _), (second, _) = self._ends
        other = {first: second, second: first}
        while True:
            ready, _, _ = select.select([first, second, self._stop_out], (), ())
            if self._stop_out in ready:
                return
            for fd in ready:
                os.write(other[fd], os.read(fd, 1024))
