"""Where a device stands, and who has the duty there.

A place is the ids from the transformer down, joined by "/": "T1/F1/B1/B1-1" is a box, "T1/F1" a
feeder, "" the whole area. Ids hold no "/", so a place says its levels without a doubt.
"""

from collections.abc import Iterable

from edge.site.model import Meter, Site, Tmu

LEVELS = ("transformer", "feeder", "building", "box")
"""What the parts of a place are, in order; the words of a responsibility's scope."""


def transformer_place(transformer: str) -> str:
    """The place of a transformer."""
    return transformer


def feeder_place(site: Site, feeder: str) -> str:
    """The place of a feeder, "T1/F1"; the id alone where the site has no such feeder."""
    found = next((one for one in site.feeders if one.id == feeder), None)
    return feeder if found is None else f"{found.transformer}/{feeder}"


def building_place(site: Site, building: str) -> str:
    """The place of a building, "T1/F1/B1"; the id alone where the site has no such building."""
    found = next((one for one in site.buildings if one.id == building), None)
    return building if found is None else f"{feeder_place(site, found.feeder)}/{building}"


def box_place(site: Site, box: str) -> str:
    """The place of a box, "T1/F1/B1/B1-1"; the id alone where the site has no such box."""
    found = next((one for one in site.boxes if one.id == box), None)
    return box if found is None else f"{building_place(site, found.building)}/{box}"


def meter_place(site: Site, meter: Meter) -> str:
    """The narrowest place the site names for a meter: its box, else its feeder, its transformer."""
    if meter.box:
        return box_place(site, meter.box)
    if meter.feeder:
        return feeder_place(site, meter.feeder)
    return transformer_place(meter.transformer)


def tmu_place(site: Site, tmu: Tmu) -> str:
    """The place of a TMU: its transformer."""
    return transformer_place(tmu.transformer)


def common_place(places: Iterable[str]) -> str:
    """The narrowest place that holds them all, "" = the area (or none given)."""
    split = [place.split("/") for place in places]
    shared: list[str] = []
    for parts in zip(*split, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return "/".join(shared)


def duty(site: Site, place: str, duty: str) -> str:
    """Grid number and duty a matter of that place goes to: "JN-LX-0142/repair", the longest
    matching scope wins; "" where nobody in the site has that duty."""
    parts = place.split("/") if place else []
    ids = {
        f"{level}:{part}": deep
        for deep, (level, part) in enumerate(zip(LEVELS, parts, strict=False), 1)
    }
    ids["area"] = 0
    grids = {
        ids[one.scope]: one.grid
        for one in site.responsibilities
        if one.duty == duty and one.scope in ids
    }
    return f"{grids[max(grids)]}/{duty}" if grids else ""
