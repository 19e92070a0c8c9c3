"""From the declared world to work: which exchanges the sweep of a line runs, in which order.

The cheapest way of each protocol: of DL/T 645 one exchange an item or block, of DL/T 698.45 one
list of all, of Modbus as few blocks of registers as hold the map.
"""

from collections.abc import Callable

from edge.plan.profiles import profiles
from edge.plan.sweep import Asked
from edge.site.model import Line, Meter, Site, Tmu
from edge.words import BoxgateError
from protocol.dlt645.read import Read
from protocol.dlt698.read import ReadObjects
from protocol.exchange import DLT645, DLT698, MODBUS, Exchange
from protocol.modbus.read import ReadRegisters
from protocol.modbus.table import blocks, maps

ORDER = (DLT645, DLT698, MODBUS)
"""Of the protocols within a sweep."""


def readable(site: Site, line: str) -> tuple[Meter, ...]:
    """The meters of a line whose protocol this version speaks, one protocol after the other.

    A change of protocol costs a line its longer silence and a wake-up, so there are few.
    """
    meters = (meter for meter in site.meters_on(line) if meter.protocol in SPOKEN)
    return tuple(sorted(meters, key=lambda meter: ORDER.index(meter.protocol)))


def unreadable(site: Site, line: str) -> tuple[Meter, ...]:
    """The meters of a line that have to wait for their protocol."""
    return tuple(meter for meter in site.meters_on(line) if meter.protocol not in SPOKEN)


def devices(site: Site, line: str) -> tuple[str, ...]:
    """Ids of all that a sweep of the line reads: meters by protocol and site, then TMUs."""
    meters = tuple(meter.id for meter in readable(site, line))
    return meters + tuple(tmu.id for tmu in _tmus(site, line))


def asked(site: Site, line: Line) -> tuple[Asked, ...]:
    """What a sweep asks of each device; BoxgateError for a profile without items."""
    meters = tuple(
        Asked(meter.id, SPOKEN[meter.protocol](line, meter)) for meter in readable(site, line.id)
    )
    return meters + tuple(
        Asked(tmu.id, _registers(tmu.id, tmu.unit, tmu.map)) for tmu in _tmus(site, line.id)
    )


def _tmus(site: Site, line: str) -> tuple[Tmu, ...]:
    return tuple(tmu for tmu in site.tmus if tmu.line == line)


def _items(meter: Meter) -> tuple[str, ...]:
    items = profiles().get((meter.profile, meter.protocol))
    if items is None:
        known = ", ".join(name for name, protocol in profiles() if protocol == meter.protocol)
        raise BoxgateError("profile_unknown", meter=meter.id, profile=meter.profile, known=known)
    return items


def _by_645(line: Line, meter: Meter) -> tuple[Exchange, ...]:
    wake = line.wake_bytes
    return tuple(Read(meter.id, int(item, 16), wake=wake) for item in _items(meter))


def _by_698(line: Line, meter: Meter) -> tuple[Exchange, ...]:
    return (ReadObjects(meter.id, _items(meter), wake=line.wake_bytes),)


def _by_modbus(_line: Line, meter: Meter) -> tuple[Exchange, ...]:
    return _registers(meter.id, meter.unit, meter.profile)


def _registers(device: str, unit: int, name: str) -> tuple[Exchange, ...]:
    if name not in maps():
        known = ", ".join(maps())
        raise BoxgateError("profile_unknown", meter=device, profile=name, known=known)
    return tuple(ReadRegisters(device, unit, block) for block in blocks(name))


SPOKEN: dict[str, Callable[[Line, Meter], tuple[Exchange, ...]]] = {
    DLT645: _by_645,
    DLT698: _by_698,
    MODBUS: _by_modbus,
}
"""How each protocol that this version reads asks a meter for all of its profile."""
