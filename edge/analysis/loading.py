"""Loading of transformers and feeders: rows of a sweep to result columns, by cext.load.

Formulas, standards, inputs and coverage of each column stand in docs/results.md. Here only names
change: a meter's row is a sample of its point, and the kernel's MISSING is None.

There are two calculators: what was read by a clock that had never been set has a past of its own.
A gateway without a clock chip wakes in 1970; its first sweeps must not end the day that was
restored.
"""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cext.load import MEMORY, MISSING, RESULT, SAMPLE, LoadCalculator
from edge.analysis.day import Days
from edge.analysis.points import Point
from protocol.uplink.part import Part
from protocol.uplink.quality import Quality

PASSED_ON = (
    *("active_power", "active_power_a", "active_power_b", "active_power_c"),
    *("reactive_power", "reactive_power_a", "reactive_power_b", "reactive_power_c"),
    *("current_a", "current_b", "current_c"),
)
"""What a result repeats from its meter's row, so that it can be read by itself."""

COMPUTED = RESULT[2:]
COLUMNS = (*PASSED_ON, *COMPUTED)
"""The columns of every result, in this order."""

MEASURED = SAMPLE[3:]
"""What is taken of a meter's row."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a sweep says of one point's meter."""

    point: int
    """Place of the point in the list of points."""
    t: int
    """UTC ms of the powers, or of the row where they did not come."""
    values: Mapping[str, int]
    """Primary scaled integers by quantity; what is missing is left out."""
    q: int


class Loading:
    """The running state of all points, and their results."""

    def __init__(self, points: Sequence[Point], timezone: str) -> None:
        self._points = tuple(points)
        self._number = {point.id: at for at, point in enumerate(self._points)}
        self._days = Days(timezone)
        rated = [(point.rated_power, point.rated_current) for point in self._points]
        self._trusted, self._untrusted = LoadCalculator(rated), LoadCalculator(rated)

    @property
    def counters(self) -> dict[str, int]:
        """What the calculators passed over: late samples, points begun anew, absurd values."""
        both = (self._trusted, self._untrusted)
        return {
            "late": sum(one.late for one in both),
            "restarts": sum(one.restarts for one in both),
            "absurd": sum(one.absurd for one in both),
        }

    def results(self, readings: Sequence[Reading]) -> dict[str, list[int | None]]:
        """COLUMNS for these readings, a place for each; all None where a meter gave nothing."""
        width = len(RESULT)
        computed: dict[int, array[int]] = {}
        for calculator in (self._trusted, self._untrusted):
            samples = array("q")
            for reading in readings:
                if self._calculator(reading.q) is calculator:
                    samples.extend(self._sample(reading))
            found = calculator.feed(samples)
            for at in range(0, len(found), width):
                computed[found[at]] = found[at : at + width]
        nothing = array("q", [MISSING]) * width
        columns: dict[str, list[int | None]] = {
            name: [reading.values.get(name) for reading in readings] for name in PASSED_ON
        }
        for place, name in enumerate(RESULT[2:], start=2):
            column = (computed.get(reading.point, nothing)[place] for reading in readings)
            columns[name] = [None if value == MISSING else value for value in column]
        return columns

    def restore(self, result: Part) -> None:
        """Take up the day of each point where a result of an earlier run left it.

        Rows without energy and rows older than what is known are passed over, so results may be
        given in any order, and several: a meter silent in the newest has its day in an older one.
        """
        for row, name in enumerate(result.meters):
            point = self._number.get(name)
            start = self._days.start(result.t[row])
            if point is None or start is None:
                continue
            known = {"point": point, "t_ms": result.t[row], "day_start_ms": start}
            for column in MEMORY[3:]:
                value = result.columns.get(column, [None] * len(result.meters))[row]
                known[column] = MISSING if value is None else value
            if any(known[column] != MISSING for column in MEMORY[3:]):
                row_of_memory = array("q", [known[column] for column in MEMORY])
                self._calculator(result.q[row]).restore(row_of_memory)

    def _calculator(self, q: int) -> LoadCalculator:
        return self._untrusted if q & Quality.CLOCK_UNTRUSTED else self._trusted

    def _sample(self, reading: Reading) -> list[int]:
        start = self._days.start(reading.t)
        sample = [reading.point, reading.t, MISSING if start is None else start]
        return sample + [reading.values.get(name, MISSING) for name in MEASURED]
