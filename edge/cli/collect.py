"""One question for any identifier, its answer kept as it came.

A field engineer asks for anything, also for what no table has, and wants to see what the meter
really sent. So this exchange believes nothing of the data but that it is the answer to what was
asked: same meter, function, identifier, follow-up frames in order (DL/T 645-2007 §7).
"""

from cext.framing import Frame645
from protocol.dlt645.ask import Ask
from protocol.exchange import Again, Done, Refused, Request, Verdict


class Collect(Ask):
    """An Ask that takes data of any length, and remembers the frame that ended it."""

    __slots__ = ("frames", "last")

    def __init__(self, address: str, identifier: int, wake: int = 4) -> None:
        super().__init__(address, identifier, wake=wake)
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
