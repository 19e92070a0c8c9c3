"""From the declared world to work: which exchanges the sweep of a line runs, in which order."""

from edge.plan.profiles import profiles
from edge.plan.sweep import Asked
from edge.site.model import Line, Meter, Site, Tmu
from edge.words import BoxgateError
from protocol.dlt645.read import Read
from protocol.exchange import Exchange
from protocol.modbus.read import ReadRegisters
from protocol.modbus.table import blocks

SPOKEN = frozenset({"dlt645"})
"""Protocols of meters this version reads; others are named in the log and left out."""

TMU_MAP = "tmu-1"
"""Our box unit's register map: protocol/modbus/maps.csv."""


def readable(site: Site, line: str) -> tuple[Meter, ...]:
    """The meters of a line whose protocol this version speaks."""
    return tuple(meter for meter in site.meters_on(line) if meter.protocol in SPOKEN)


def unreadable(site: Site, line: str) -> tuple[Meter, ...]:
    """The meters of a line that have to wait for their protocol."""
    return tuple(meter for meter in site.meters_on(line) if meter.protocol not in SPOKEN)


def devices(site: Site, line: str) -> tuple[str, ...]:
    """Ids of all that a sweep of the line reads: meters in the site's order, then TMUs."""
    meters = tuple(meter.id for meter in readable(site, line))
    return meters + tuple(tmu.id for tmu in _tmus(site, line))


def asked(site: Site, line: Line) -> tuple[Asked, ...]:
    """What a sweep asks of each device; BoxgateError for a profile without items."""
    meters = tuple(Asked(meter.id, _exchanges(line, meter)) for meter in readable(site, line.id))
    return meters + tuple(Asked(tmu.id, _registers(tmu)) for tmu in _tmus(site, line.id))


def _tmus(site: Site, line: str) -> tuple[Tmu, ...]:
    return tuple(tmu for tmu in site.tmus if tmu.line == line)


def _exchanges(line: Line, meter: Meter) -> tuple[Exchange, ...]:
    items = profiles().get(meter.profile)
    if items is None:
        known = ", ".join(sorted(profiles()))
        raise BoxgateError("profile_unknown", meter=meter.id, profile=meter.profile, known=known)
    return tuple(Read(meter.id, int(item, 16), wake=line.wake_bytes) for item in items)


def _registers(tmu: Tmu) -> tuple[Exchange, ...]:
    return tuple(ReadRegisters(tmu.id, tmu.unit, block) for block in blocks(TMU_MAP))
