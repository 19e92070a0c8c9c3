"""What is due on the lines of a run: which devices, and which of them must give as much."""

from collections.abc import Collection
from dataclasses import dataclass

from edge.site.model import Meter, Site
from firmware_sim.played import is_modbus, plays


@dataclass(frozen=True, slots=True)
class Devices:
    """Everything read on some lines of a site, in the site's order."""

    kinds: dict[str, str]
    """Id -> what it is like: devices of one kind give the same quantities in a whole sweep."""
    lines: dict[str, str]
    """Id -> the line it is on."""
    households: tuple[str, ...]
    station: tuple[str, ...]
    """All others: master, feeder and public meters, then TMUs."""

    def on(self, line: str) -> tuple[str, ...]:
        """The devices of one line."""
        return tuple(device for device, place in self.lines.items() if place == line)


def devices_on(site: Site, lines: Collection[str]) -> Devices:
    """What is due on these lines."""
    meters = [m for m in site.meters if m.line in lines and plays(m)]
    tmus = [t for t in site.tmus if t.line in lines and plays(t)]
    insulation = {t.id: t.insulation for t in site.transformers}
    return Devices(
        kinds={m.id: like(m) for m in meters}
        | {t.id: f"tmu-{insulation[t.transformer]}" for t in tmus},
        lines={m.id: m.line for m in meters} | {t.id: t.line for t in tmus},
        households=tuple(m.id for m in meters if m.kind == "household"),
        station=tuple(m.id for m in meters if m.kind != "household") + tuple(t.id for t in tmus),
    )


def like(meter: Meter) -> str:
    """What kind a meter is: those of one kind give the same quantities in a whole sweep."""
    phases = "three-phase" if meter.phase == "ABC" else "single-phase"
    if is_modbus(meter):
        return f"{phases} {meter.profile}"
    return phases if meter.protocol == "dlt645" else f"{phases} {meter.protocol}"
