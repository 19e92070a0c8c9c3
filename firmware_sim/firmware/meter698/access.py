"""The password of a connection, and the lock behind it (CONNECT mechanism 01, sheet §2).

There is one password, a visible-string; whoever connects with it is a programmer (orders.py). Five
wrong ones in a row lock the meter until the next day of its clock, as its sister of DL/T 645 does.
"""

TRIES = 5
DAY = 86400
# what it leaves the factory with [E], and the longest it takes
FACTORY = b"00000000"
LONGEST = 16
# characters of a visible-string
FIRST = 0x20
LAST = 0x7E


class Access:
    """The password of one meter."""

    def __init__(self):
        self.password = FACTORY
        # wrong ones in a row, and the day of its clock on which it is locked
        self.wrong = 0
        self.day = -1

    def opens(self, buf, start: int, end: int, now: int) -> bool:
        """Whether buf[start:end] is the password and the meter is not locked at this second."""
        if now // DAY == self.day:
            return False
        right = end - start == len(self.password)
        for i in range(len(self.password)):
            if right and buf[start + i] != self.password[i]:
                right = False
        if right:
            self.wrong = 0
            return True
        self.wrong += 1
        if self.wrong >= TRIES:
            self.wrong = 0
            self.day = now // DAY
        return False

    def change(self, buf, start: int, end: int) -> bool:
        """Let buf[start:end] be the password; False if it cannot be one."""
        if not 1 <= end - start <= LONGEST:
            return False
        for i in range(start, end):
            if not FIRST <= buf[i] <= LAST:
                return False
        self.password = bytes(buf[start:end])
        return True
