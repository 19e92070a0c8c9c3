"""The desk of analysis: accepted sweep parts in, one result part a line and sweep out.

Theory of operation. Of every part it keeps the rows of master and feeder meters, until the line's
sweep is over; then all of them go through the load calculator at once and leave as one part of
kind "result". A sweep is over with its last part, or when a part of another slot of that line comes
(an agent killed between two parts leaves a sweep without its end). So at most one sweep a line is
open, and no more rows of it than the line has points.

The desk asks for no time and keeps nothing on disk: what it needs after a restart stands in its own
results, see `restore`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.analysis.loading import COLUMNS, MEASURED, Loading, Reading
from edge.analysis.points import points
from edge.site.model import Site
from protocol.uplink.part import Part

KIND = "result"
_SENSIBLE = range(-(2**63) + 1, 2**63)
"""What the calculator can be given; anything else is passed over as missing."""


@dataclass(slots=True)
class _Open:
    """The sweep of a line that is not over yet."""

    slot: int
    readings: dict[int, Reading] = field(default_factory=dict)
    """By point: a meter stands in a sweep once, and what is said again replaces what was."""


class Desk:
    """Results of the points of a site."""

    def __init__(self, site: Site) -> None:
        self._points = points(site)
        self._point_of: Mapping[str, int] = {
            point.meter: at for at, point in enumerate(self._points)
        }
        self._loading = Loading(self._points, site.timezone)
        self._open: dict[str, _Open] = {}

    @property
    def counters(self) -> dict[str, int]:
        """What the calculator passed over: late samples, restarts of a point, absurd values."""
        return self._loading.counters

    def take(self, part: Part) -> tuple[Part, ...]:
        """The results that this accepted part makes due: none, or one of its own sweep.

        Two, the older one first, when the line's sweep before had no end. Parts that are no sweep
        give nothing.
        """
        if part.kind != "sweep":
            return ()
        given: list[Part] = []
        opened = self._open.get(part.line)
        if opened is not None and opened.slot != part.slot:
            given.append(self._result(part.line, self._open.pop(part.line)))
        for reading in self._readings(part):
            opened = self._open.setdefault(part.line, _Open(part.slot))
            opened.readings[reading.point] = reading
        if part.last and part.line in self._open:
            given.append(self._result(part.line, self._open.pop(part.line)))
        return tuple(given)

    def concerns(self, part: Part) -> bool:
        """Whether a master or feeder meter is a row of this part."""
        return any(meter in self._point_of for meter in part.meters)

    def restore(self, result: Part) -> None:
        """Go on with the day's energy of an earlier result; other parts are passed over.

        To be given the newest result of each line at start, before the first `take`. More and
        older ones do no harm, in any order: of each point the newest that says something counts.
        """
        if result.kind == KIND:
            self._loading.restore(result)

    def _readings(self, part: Part) -> list[Reading]:
        found = []
        for row, meter in enumerate(part.meters):
            point = self._point_of.get(meter)
            if point is None:
                continue
            values = {
                name: value
                for name in MEASURED
                if (column := part.columns.get(name)) is not None
                and (value := column[row]) is not None
                and value in _SENSIBLE
            }
            t = part.t[row]
            if "active_power" in values and "active_power" in part.dt:
                t += part.dt["active_power"][row]
            if t not in _SENSIBLE:
                t = part.t[row]
            found.append(Reading(point, t, values, part.q[row]))
        return found

    def _result(self, line: str, opened: _Open) -> Part:
        readings = [opened.readings[point] for point in sorted(opened.readings)]
        columns = self._loading.results(readings)
        return Part(
            kind=KIND,
            slot=opened.slot,
            line=line,
            part=0,
            last=True,
            meters=[self._points[reading.point].id for reading in readings],
            t=[reading.t for reading in readings],
            columns={name: columns[name] for name in COLUMNS},
            q=[reading.q for reading in readings],
        )
