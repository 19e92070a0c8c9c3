"""From the declared world to work: which exchanges the sweep of a line runs, in which order."""

from edge.plan.profiles import profiles
from edge.plan.sweep import Asked
from edge.site.model import Line, Meter, Site
from edge.words import BoxgateError
from protocol.dlt645.read import Read
from protocol.exchange import Exchange

SPOKEN = frozenset({"dlt645"})
"""Protocols this version reads; meters of others are named in the log and left out."""


def readable(site: Site, line: str) -> tuple[Meter, ...]:
    """The meters of a line whose protocol this version speaks."""
    return tuple(meter for meter in site.meters_on(line) if meter.protocol in SPOKEN)


def unreadable(site: Site, line: str) -> tuple[Meter, ...]:
    """The meters of a line that have to wait for their protocol."""
    return tuple(meter for meter in site.meters_on(line) if meter.protocol not in SPOKEN)


def asked(line: Line, meters: tuple[Meter, ...]) -> tuple[Asked, ...]:
    """What a sweep asks of each meter; BoxgateError for a profile without items."""
    return tuple(Asked(meter.id, _exchanges(line, meter)) for meter in meters)


def _exchanges(line: Line, meter: Meter) -> tuple[Exchange, ...]:
    items = profiles().get(meter.profile)
    if items is None:
        known = ", ".join(sorted(profiles()))
        raise BoxgateError("profile_unknown", meter=meter.id, profile=meter.profile, known=known)
    return tuple(Read(meter.id, int(item, 16), wake=line.wake_bytes) for item in items)
