"""One meter's end of a line in bytes and ticks: pauses, deadlines, the answer that waits.

What the cores of both protocols share. A core derives from it and gives two methods:

    _frame(at, t)   a whole, checked frame stands at rx.buf[at]; its last byte came at tick t
    _sent()         the answer in `out` has been handed over

and calls `_answer_after(t, n)` when n bytes of `out` are to go out. A pause of more than 500 ms
between two bytes ends a frame that has begun. A new answer replaces one that has not yet gone out.
"""

from lib import ticks

GAP_US = 500000


class Line:
    """Receiver, deadlines and answer buffer of one meter.

    rx: its receiver (put, frame, reset; n bytes in buf, looked at from `at` on). out: the buffer
    answers stand in.
    char_us: one character on the line. delay_us: from a request's last byte to the answer.
    """

    def open(self, rx, out, char_us, delay_us) -> None:
        """What a core's constructor calls first."""
        self.out = out
        self.delay_us = delay_us
        # the line speed it was told to take, bit/s; 0 = the one of its plate
        self.rate = 0
        # how long what has come may lie in the UART's driver before on_bytes is told
        self.late_us = 0
        self._rx = rx
        self._last = 0
        self._due = 0
        self._at = 0
        self._set_char(char_us)

    def on_bytes(self, buf, n: int, t: int) -> None:
        """n bytes of buf have come from the line, the last one at tick t."""
        if n <= 0:
            return
        rx = self._rx
        if rx.n:
            first = ticks.add(t, -(n - 1) * self.char_us)
            if ticks.diff(first, self._last) > self._gap:
                rx.reset()
        self._last = t
        done = 0
        while done < n:
            done += rx.put(buf, done, n)
            at = rx.frame()
            while at >= 0:
                behind = n - done + rx.n - rx.at
                self._frame(at, ticks.add(t, -behind * self.char_us) if behind else t)
                at = rx.frame()

    def deadline(self) -> int:
        """When on_deadline is to be called next, a tick; -1 = nothing waits."""
        if not self._rx.n:
            return self._at if self._due else -1
        end = ticks.add(self._last, self._gap + self.late_us + 1)
        if self._due and ticks.diff(self._at, end) < 0:
            return self._at
        return end

    def on_deadline(self, t: int) -> int:
        """Do what is due at tick t; the length of the answer in `out` to send now, or 0."""
        if self._rx.n and ticks.diff(t, self._last) > self._gap + self.late_us:
            self._rx.reset()
        n = self._due
        if n and ticks.diff(t, self._at) >= 0:
            self._due = 0
            self._sent()
            return n
        return 0

    def idle(self) -> bool:
        """Nothing received that waits for more, nothing to send."""
        return not self._due and not self._rx.n

    def _set_char(self, char_us: int) -> None:
        self.char_us = char_us
        # a character that begins just within the pause is over one character later
        self._gap = GAP_US + char_us

    def _answer_after(self, t: int, n: int) -> None:
        """n bytes of `out` answer what ended at tick t."""
        self._due = n
        self._at = ticks.add(t, self.delay_us)

    def _frame(self, at: int, t: int) -> None:
        raise NotImplementedError

    def _sent(self) -> None:
        return
