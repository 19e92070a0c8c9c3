"""Sweep parts of a small station, as the journal holds them, for the tests of analysis."""

from collections.abc import Mapping
from pathlib import Path

from edge.site.load import read_site
from edge.site.model import Site
from protocol.uplink.part import Part

NOON = 1_799_985_600_000
"""2027-01-15 12:00 in Shanghai."""
MIDNIGHT = NOON - 12 * 3_600_000
MINUTE = 60_000

T1, T2 = "370112900001", "370112900002"
F1, F2 = "370112910001", "370112910002"

COLUMNS = (
    *("voltage_a", "voltage_b", "voltage_c", "current_a", "current_b", "current_c"),
    *("active_power", "active_power_a", "active_power_b", "active_power_c"),
    *("reactive_power", "reactive_power_a", "reactive_power_b", "reactive_power_c"),
)

Values = Mapping[str, int]


def xiyuan() -> Site:
    """The reference site."""
    return read_site(Path(__file__).parents[3] / "examples" / "xiyuan-5")


def loaded(watts: int = 50_000, amps: int = 220, reactive: int = 0) -> dict[str, int]:
    """The same in every phase; `watts` and `reactive` of one phase, in W and var."""
    found = {f"voltage_{x}": 2300 for x in "abc"}
    found |= {f"current_{x}": amps * 1000 for x in "abc"}
    found |= {"active_power": 30 * watts, "reactive_power": 30 * reactive}
    found |= {f"active_power_{x}": 10 * watts for x in "abc"}
    found |= {f"reactive_power_{x}": 10 * reactive for x in "abc"}
    return found


def part(
    rows: Mapping[str, Values],
    t: int = NOON,
    slot: int = 7,
    number: int = 0,
    last: bool = True,
    q: int = 256,
    line: str = "station",
    kind: str = "sweep",
) -> Part:
    """A part with a row for each meter; a meter without values has not answered."""
    return Part(
        kind=kind,
        slot=slot,
        line=line,
        part=number,
        last=last,
        meters=list(rows),
        t=[t + 500 * at for at in range(len(rows))],
        columns={name: [row.get(name) for row in rows.values()] for name in COLUMNS},
        q=[q if row else q | 4 for row in rows.values()],
    )


def value(result: Part, place: str, column: str) -> int | None:
    """One value of a result."""
    return result.columns[column][result.meters.index(place)]
