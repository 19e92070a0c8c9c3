"""The area a fleet is made of: four lines of household meters on one feeder, built in code.

A fleet larger than one area is the same area again and again, each time later in its day and with
other registers (chips.py), so that the world's memory does not grow with the fleet.
"""

from typing import Literal, get_args

from edge.site.model import Box, Building, Feeder, Gateway, Line, Meter, Site, Transformer

LINES = 4
METERS = 63
"""Household meters on one line."""
BAUD = 2400
MANUFACTURER = "3701"

Phase = Literal["A", "B", "C"]


def number(line: int, meter: int) -> str:
    """The 12 digits of one meter of a fleet, unique over 99999 lines."""
    return f"{MANUFACTURER}{line:05d}{meter:03d}"


def area(lines: int = LINES, meters: int = METERS, baud: int = BAUD) -> Site:
    """A neighbourhood of so many lines and meters on each, a building a line."""
    names = [f"b{line}" for line in range(lines)]
    phases: tuple[Phase, ...] = get_args(Phase)
    return Site(
        id="fleet",
        timezone="Asia/Shanghai",
        period_s=0,
        transformers=(
            Transformer(
                id="t1",
                rated_kva=630,
                vector_group="Dyn11",
                no_load_loss_w=570,
                load_loss_w=6200,
                impedance_percent=4.5,
            ),
        ),
        feeders=(Feeder(id="f1", transformer="t1", conductor="AL240", length_m=80),),
        buildings=tuple(Building(id=f"h{name}", feeder="f1", stairwells=1) for name in names),
        boxes=tuple(
            Box(id=f"x{name}", building=f"h{name}", stairwell=1, positions=meters) for name in names
        ),
        lines=tuple(Line(id=name, baud=baud) for name in names),
        tmus=(),
        gateways=(Gateway(id="g1", lines=tuple(names)),),
        responsibilities=(),
        meters=tuple(
            Meter(
                id=number(line, meter),
                kind="household",
                line=names[line],
                profile="1ph-2013",
                phase=phases[meter % 3],
                box=f"x{names[line]}",
                household=f"{names[line]}-{meter}",
            )
            for line in range(lines)
            for meter in range(meters)
        ),
        digest="0" * 16,
    )
