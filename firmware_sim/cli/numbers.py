"""Numbers on the command line: between two bounds, refused in words a person reads."""

import argparse

MOST = 1_000_000
"""More than anybody means."""
LONGEST = 20
"""Characters of what was given that are said back."""


class Within:
    """An argparse type: an integer between two bounds."""

    read: type[int | float] = int

    def __init__(self, low: int, high: int = MOST) -> None:
        self._low = low
        self._high = high

    def __call__(self, text: str) -> int | float:
        value = self.read(text)
        # a number that is none (nan) is within nothing
        if not self._low <= value <= self._high:
            shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
            raise argparse.ArgumentTypeError(f"{shown} is not within {self._low}..{self._high}")
        return value

    def __repr__(self) -> str:
        # what argparse calls it: invalid number value
        return "number"


class Between(Within):
    """The same of a number with decimals."""

    read = float
