"""Passwords of the levels 0..9, and the lock behind them (DL/T 645-2007 7.5-7.12).

A level's password is three bytes as on the line, P0 first; a greater level may do less. Five wrong
ones in a row lock the meter until the next day of its clock.
"""

LEVELS = 10
TRIES = 5
DAY = 86400


class Locks:
    """The passwords of one meter; all are 000000 as it leaves the factory."""

    def __init__(self):
        self.passwords = bytearray(3 * LEVELS)
        self.wrong = 0
        # the day of its clock on which it is locked
        self.day = -1

    def locked(self, now: int) -> bool:
        """Whether wrong passwords have locked the meter today."""
        return now // DAY == self.day

    def opens(self, buf, at: int, highest: int, now: int) -> bool:
        """Whether PA P0 P1 P2 at buf[at] lets one do what the level `highest` may."""
        if self.locked(now):
            return False
        level = buf[at]
        right = level < LEVELS
        for i in range(3):
            if right and buf[at + 1 + i] != self.passwords[3 * level + i]:
                right = False
        if not right:
            self.wrong += 1
            if self.wrong >= TRIES:
                self.wrong = 0
                self.day = now // DAY
            return False
        self.wrong = 0
        return level <= highest

    def change(self, buf, at: int) -> None:
        """The level at buf[at] gets the password behind it."""
        for i in range(3):
            self.passwords[3 * buf[at] + i] = buf[at + 1 + i]
