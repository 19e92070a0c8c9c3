"""Figures of a bench: what was to be reached, what was, in one table."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure against its goal; `at_least` says which way is good."""

    name: str
    reached: float
    goal: float
    at_least: bool = True
    unit: str = "x"
    note: str = ""

    @property
    def met(self) -> bool:
        """Is the goal reached?"""
        return self.reached >= self.goal if self.at_least else self.reached <= self.goal


def table(figures: Iterable[Figure]) -> str:
    """The figures as lines of text."""
    rows = [
        (
            figure.name,
            f"{'>=' if figure.at_least else '<='} {figure.goal:g} {figure.unit}",
            f"{figure.reached:.2f} {figure.unit}",
            "PASS" if figure.met else "MISS",
            figure.note,
        )
        for figure in figures
    ]
    rows.insert(0, ("figure", "to reach", "reached", "", ""))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
