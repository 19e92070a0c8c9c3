"""One question for anything, its answer kept as it came.

A field engineer asks for anything, also for what no table has, and wants to see what the meter
really sent. So these exchanges believe nothing of the data but that it is the answer to what was
asked: same meter, function and identifier or objects, follow-ups in order (DL/T 645-2007 §7,
DL/T 698.45 §7.2).
"""

from cext.framing import Frame645
from cext.framing698 import Frame698
from protocol.dlt645.ask import Ask
from protocol.dlt698.get import Build, Get
from protocol.dlt698.question import Outcome
from protocol.exchange import Again, Done, NotMine, Refused, Request, Verdict


class Collect(Ask):
    """An Ask that takes data of any length, and remembers the frame that ended it."""

    __slots__ = ("frames", "last")

    def __init__(self, address: str, identifier: int, extra: bytes = b"", wake: int = 4) -> None:
        super().__init__(address, identifier, extra, wake)
        self.last: Frame645 | None = None
        """The frame that ended it: the answer, the last of its frames, or an error answer."""
        self.frames = 0
        """How many frames the answer came in."""

    def start(self) -> Request:
        """The request; begins anew."""
        self.last = None
        self.frames = 0
        return super().start()

    def on_frame(self, frame: Frame645) -> Verdict:
        """What this frame means to the question."""
        verdict = super().on_frame(frame)
        self.frames += isinstance(verdict, Again | Done)
        if isinstance(verdict, Done | Refused):
            self.last = frame
        return verdict

    def fits(self, data: bytes) -> bool:
        """Always: what it means is said beside the bytes."""
        return True


class Objects(Get):
    """A Get that remembers who answered, and what came also where all of it was refused."""

    __slots__ = ("came", "meter", "refused")

    def __init__(self, address: str, build: Build, wake: int = 4) -> None:
        super().__init__(address, build, wake)
        self.meter = self.address
        """The address of the meter that answered; the one asked until then."""
        self.came: Outcome | None = None
        """Every attribute or record that came, refused ones too."""
        self.refused: Refused | None = None
        """The whole question was refused, by ERROR-Response or in a block of several."""

    def start(self) -> Request:
        """The request; begins anew."""
        self.meter, self.came, self.refused = self.address, None, None
        return super().start()

    def on_frame(self, frame: Frame698) -> Verdict:
        """What this frame means to the question."""
        verdict = super().on_frame(frame)
        if not isinstance(verdict, NotMine):
            self.meter = frame.address.hex().upper()
        if isinstance(verdict, Refused):
            self.refused = verdict
        return verdict

    def _end(self, outcome: Outcome) -> Verdict:
        verdict = super()._end(outcome)
        if not isinstance(verdict, NotMine):
            self.came = outcome
        return verdict
