"""The meters of a line as a picture on a terminal: a column a box, a cell a meter.

    B1-1
    224.4 V  0.34 ▁
    225.8 V  2.61 ▄
    197.2 V! 0.29 ▁      ! = outside 198.0 … 235.4 V (GB/T 12325)

Power in kW; the bar is full at FULL_W. Nothing depends on colour.
"""

from collections.abc import Mapping, Sequence

from edge.site.model import Meter

BARS = "▁▂▃▄▅▆▇█"
FULL_W = 6000.0
LOWEST_V, HIGHEST_V = 198.0, 235.4
CELL = 17
GAP = "  "

Latest = Mapping[str, Mapping[str, float]]
"""Meter -> quantity -> newest value in its unit."""


def street(meters: Sequence[Meter], latest: Latest, columns: int) -> list[str]:
    """The picture in lines of at most `columns` characters; boxes that do not fit go below."""
    boxes: dict[str, list[Meter]] = {}
    for meter in meters:
        boxes.setdefault(meter.box or meter.kind, []).append(meter)
    across = max(1, (columns + len(GAP)) // (CELL + len(GAP)))
    names = list(boxes)
    lines: list[str] = []
    for first in range(0, len(names), across):
        row = names[first : first + across]
        lines.append(GAP.join(name[:CELL].ljust(CELL) for name in row).rstrip())
        for place in range(max(len(boxes[name]) for name in row)):
            cells = [
                _cell(latest.get(boxes[name][place].id, {})) if place < len(boxes[name]) else ""
                for name in row
            ]
            lines.append(GAP.join(cell.ljust(CELL) for cell in cells).rstrip())
    return lines


def _cell(values: Mapping[str, float]) -> str:
    volts, watts = values.get("voltage_a"), values.get("active_power")
    if volts is None or watts is None:
        return "·"
    mark = " " if LOWEST_V <= volts <= HIGHEST_V else "!"
    level = min(len(BARS) - 1, max(0, int(abs(watts) / FULL_W * len(BARS))))
    return f"{volts:5.1f} V{mark}{watts / 1000:6.2f} {BARS[level]}"
