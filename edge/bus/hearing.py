"""What one line says, as whole frames, whatever protocol the question on it is in.

A pair may carry DL/T 645 and DL/T 698.45 meters and Modbus RTU units side by side. Bytes go to the
scanner of the question being asked; between questions to that of the last one, so that noise and
foreign talk are still counted. An answer that comes late, into a question of another protocol, is
noise there: no scanner can make an answer of another's. What a scanner still holds when the line
turns to another protocol is given up with the silence before the question, so nothing waits in it.

Some adapters hand our own request back. On 645 and 698 that echo is a whole frame of its own and
the exchange passes it over. A Modbus echo can't be framed (the scanner knows the awaited answer
only), so it is taken off in front of the answer here, byte for byte. A write's answer is the same
bytes as its request, so nothing is taken off where both are equally long.
"""

from dataclasses import dataclass

from cext.framing import Frame645, FrameModbus, Scanner645, ScannerModbus
from cext.framing698 import Frame698, Scanner698
from protocol.exchange import DLT645, DLT698, MODBUS, Request

Frame = Frame645 | Frame698 | FrameModbus


@dataclass(slots=True)
class _Ear:
    """One protocol's scanner and how many bytes it was ever fed."""

    scanner: Scanner645 | Scanner698 | ScannerModbus
    fed: int = 0


class Hearing:
    """The scanners of one line and what has come since the last request."""

    def __init__(self) -> None:
        self.protocol = DLT645
        """Of the question asked last."""
        self.back = 0
        """Bytes since the request, without its echo and without what was passed over."""
        self.echoes = 0
        """Modbus requests that came back; those of the others are frames, the master's to count."""
        self._modbus = ScannerModbus()
        self._ears = {
            DLT645: _Ear(Scanner645()),
            DLT698: _Ear(Scanner698()),
            MODBUS: _Ear(self._modbus),
        }
        self._ear = self._ears[DLT645]
        self._scanner = self._ear.scanner
        self._fed = 0
        self._echo = b""
        self._held = b""

    @property
    def noise(self) -> int:
        """Bytes that belong to no frame; only ever grows."""
        return sum(ear.scanner.noise for ear in self._ears.values())

    @property
    def bad(self) -> int:
        """Candidates refused for their checksum or end; only ever grows."""
        return sum(ear.scanner.bad for ear in self._ears.values())

    def ask(self, request: Request) -> None:
        """This is written now: what was pending is over, its answer is listened for."""
        self.gap()
        self.back = 0
        if request.protocol is not self.protocol and request.protocol != self.protocol:
            self._turn(request.protocol)
        expect = request.expect
        if expect is not None:
            unit, function, length = expect
            self._modbus.expect(unit, function, length)
            self._echo = request.data if length != len(request.data) else b""

    def feed(self, data: bytes) -> Frame | None:
        """The next whole frame; feed(b"") until None."""
        if self._echo and data:
            data = self._without_echo(data)
        if data:
            self.back += len(data)
            self._fed += len(data)
        return self._scanner.feed(data)

    def behind(self, frame: Frame) -> int:
        """How many bytes have come behind this frame of the present scanner."""
        return self._fed - frame.start - len(frame.raw)

    def pass_over(self, frame: Frame) -> None:
        """The frame and all before it is not the answer's."""
        self.back = self.behind(frame)

    def gap(self) -> None:
        """Silence: what is pending, or looked like an echo, will not be continued."""
        held, self._held, self._echo = self._held, b"", b""
        if held:
            # the beginning of our request alone holds no whole answer
            self.feed(held)
        self._scanner.gap()

    def _turn(self, protocol: str) -> None:
        """To another protocol's scanner; the one that is left keeps no bytes."""
        while self._scanner.feed(b"") is not None:
            # a frame whole behind a torn one, which only the silence has ended: nobody's any more
            self._scanner.gap()
        self._ear.fed = self._fed
        self.protocol, self._ear = protocol, self._ears[protocol]
        self._scanner, self._fed = self._ear.scanner, self._ear.fed

    def _without_echo(self, data: bytes) -> bytes:
        """`data` without what of our request comes back in it; held until that is certain."""
        same = min(len(self._echo), len(data))
        if data[:same] != self._echo[:same]:
            # no echo, or none any more: an answer may begin as its request does
            data, self._held, self._echo = self._held + data, b"", b""
            return data
        self._held += data[:same]
        self._echo = self._echo[same:]
        if not self._echo:
            self._held = b""
            self.echoes += 1
        return data[same:]
