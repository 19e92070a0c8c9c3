"""Sweep parts for the watch, said in a word per device."""

from collections.abc import Mapping
from pathlib import Path

from edge.analysis.watch import Watch
from edge.site.load import read_site
from protocol.uplink.event import Event
from protocol.uplink.part import Part
from protocol.uplink.quality import Quality

SITE = read_site(Path(__file__).parents[3] / "examples" / "xiyuan-5")
B1 = tuple(meter.id for meter in SITE.meters_on("b1"))
BOX = {box.id: tuple(m.id for m in SITE.meters if m.box == box.id) for box in SITE.boxes}
STATION = (*(meter.id for meter in SITE.meters_on("station")), "tmu1", "tmu2")
LINES = {"b1": B1, "station": STATION}

T0 = 1_800_000_000_000
PERIOD_MS = 60_000

WORDS = {
    "ok": (2201, Quality(0)),
    "some": (2201, Quality.NO_ANSWER),
    "silent": (None, Quality.NO_ANSWER),
    "garbled": (None, Quality.GARBLED),
    "down": (None, Quality.LINE_DOWN),
    "unreached": (None, Quality.NOT_REACHED),
    "refused": (None, Quality.REFUSED),
    "refused-silent": (None, Quality.REFUSED | Quality.NO_ANSWER),
    "refused-unreached": (None, Quality.REFUSED | Quality.NOT_REACHED),
    "silent-unreached": (None, Quality.NO_ANSWER | Quality.NOT_REACHED),
    "none": (None, Quality.NO_VALUE | Quality.CT_APPLIED),
}
"""Word -> (voltage, quality bits) of a row."""


def sweep_part(
    line: str, slot: int, rows: Mapping[str, str], number: int = 0, last: bool = True
) -> Part:
    """A part of the slot's sweep; device n is asked n x 10 ms after the slot's start."""
    said = [WORDS[word] for word in rows.values()]
    begin = T0 + slot * PERIOD_MS + number * 10_000
    return Part(
        slot=slot,
        line=line,
        part=number,
        last=last,
        meters=list(rows),
        t=[begin + 10 * place for place in range(len(rows))],
        columns={"voltage_a": [value for value, _ in said]},
        q=[int(bits) for _, bits in said],
    )


class Run:
    """A watch, slot after slot; every device not named answers."""

    def __init__(self, lines: Mapping[str, tuple[str, ...]] = LINES) -> None:
        self.due = lines
        self.watch = Watch(SITE, lines)
        self.slot = 0
        self.told: list[Event] = []

    @property
    def now(self) -> int:
        """The wall clock: the end of the slot."""
        return T0 + (self.slot + 1) * PERIOD_MS

    def sweep(self, line: str = "b1", rest: str = "ok") -> list[Event]:
        """A sweep in which every device gave the same."""
        return self.sweep_of(line, {}, rest)

    def sweep_of(self, line: str, rows: Mapping[str, str], rest: str = "ok") -> list[Event]:
        """A sweep with these words for these devices, `rest` for the others, "" = no row."""
        self.slot += 1
        said = {device: rows.get(device, rest) for device in self.due[line]}
        part = sweep_part(line, self.slot, {name: word for name, word in said.items() if word})
        return self.note(self.watch.part(part, self.now))

    def note(self, events: list[Event]) -> list[Event]:
        """Remembers them."""
        self.told += events
        return events

    def port(self, state: str, line: str = "b1", reason: str = "") -> list[Event]:
        """A word of the line's port."""
        return self.note(self.watch.line(line, state, reason, self.now))


def named(events: list[Event]) -> list[tuple[str, str, str]]:
    """(type, subject, "begins" | "ends") of each."""
    return [(e.type, e.subject, "begins" if e.until is None else "ends") for e in events]
