"""A record too long for one answer, given block by block: GET Next (DL/T 698.45-2017 7.4.3.5).

Theory of operation

    keep(...)     the answer to GET Record was cut: the request and where the next row stands
    begin(block)  what the client asks for by the last block it got: the next one, or the one it
                  was sent, once more; 0 or a DAR

Blocks are numbered from 0 [?]. Rows are those of the clock at the first block, so that they stand
where they stood. Only a record of freezes is cut: its rows never change, those of events may.
"""

BAD_BLOCK = 14
NO_TRANSFER = 11
NONE = -1
# bytes of OAD, RSD and RCSD that are remembered
ROOM = 256


class Cut:
    """Where a block begins and ends: n of the row (-1 = the first), rows given before it."""

    def __init__(self):
        self.request = bytearray(ROOM)
        self.size = 0
        # the block that was sent last; NONE = nothing is going on
        self.block = NONE
        # the clock of all blocks, s
        self.now = 0
        self.n = NONE
        self.given = 0
        # the row behind the block, and the rows up to it; more = there are such
        self.next_n = NONE
        self.next_given = 0
        self.more = False

    def forget(self, now: int) -> None:
        """No transfer; the first block of another begins at this second."""
        self.block = self.n = NONE
        self.given = 0
        self.now = now
        self.more = False

    def stop(self, n: int, given: int) -> None:
        """The rows end here for want of room."""
        self.next_n = n
        self.next_given = given
        self.more = True

    def keep(self, data, start: int, end: int) -> None:
        """Remember the question data[start:end] of the first block."""
        for i in range(start, end):
            self.request[i - start] = data[i]
        self.size = end - start
        self.block = 0

    def begin(self, got: int) -> int:
        """The client has block `got`; 0 or a DAR."""
        if self.block == NONE:
            return NO_TRANSFER
        if got == self.block and self.more:
            self.n = self.next_n
            self.given = self.next_given
            self.block += 1
        elif got != self.block - 1:
            return BAD_BLOCK
        self.more = False
        return 0
