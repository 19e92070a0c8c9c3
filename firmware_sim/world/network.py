"""The cables of a site: what flows through each, what each loses, and the voltage at every place.

A tree per transformer: bus, feeder head (where its meter is), feeder end, stairwell by stairwell
along the house, drop to the box. A backward-forward sweep gives, for every five-minute block, the
phase currents from P and Q, the neutral as their vector sum, and for each phase
  drop = Z·(I + I_N) turned into the phase's own axis, of which the part in the axis counts;
  loss = that drop times I*: summed over the phases exactly R·(Ia² + Ib² + Ic² + In²).
What is neglected stands in docs/world.md.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from edge.site.conductors import conductor
from edge.site.model import Building, Site, Transformer
from firmware_sim.world.flow import NOTHING, Blocks
from firmware_sim.world.shape import BLOCKS, SHARES, share

PHASES = "ABC"
NIGHT_KV = 10.3
"""The medium voltage at 04:00."""
PEAK_KV = 10.0
"""The medium voltage at the neighbourhood's peak."""
NIGHT_SHARE = share(4.0)
"""What is drawn at 04:00, of the peak."""
PASSES = 2
"""The second pass has currents from voltages that are right within 0.2 %."""

_TURN_B = complex(-0.5, -math.sqrt(3) / 2)
_TURN_C = _TURN_B.conjugate()
TURNS = (1 + 0j, _TURN_B, _TURN_C)
"""Where each phase's axis lies in the network."""

Column = TypeVar("Column")
Place = tuple[str, str]
"""Kind and id of a node: bus T1, head F1, end F1, stair B1/2, box B1-2; nowhere."""
NOWHERE: Place = ("nowhere", "")


@dataclass(slots=True)
class Node:
    """One place and the cable that leads to it."""

    place: Place
    parent: int
    """Index in the tree; -1 = a transformer's bus."""
    z: complex
    """Of one phase, ohm."""
    z_neutral: complex
    open_v: tuple[float, ...] = ()
    """Of a bus: phase voltage without load, each block."""


@dataclass(frozen=True, slots=True)
class Station:
    """The voltage behind one transformer without load, from medium voltage and tap."""

    volts_per_kv: float

    def open_v(self, of_peak: float) -> float:
        """Phase voltage when the neighbourhood draws this share of its peak, V."""
        kv = PEAK_KV + (NIGHT_KV - PEAK_KV) * (1 - of_peak) / (1 - NIGHT_SHARE)
        return min(kv, NIGHT_KV) * self.volts_per_kv


def station(transformer: Transformer | None) -> Station:
    """The station of a transformer; without one, of a plain 10/0.4."""
    high, low = (transformer.tap if transformer else "10/0.4").split("/")
    return Station(float(low) * 1000 / float(high) / math.sqrt(3))


class Tree:
    """All places of a site; parents stand before their children."""

    def __init__(self, site: Site) -> None:
        self.nodes: list[Node] = []
        self.index: dict[Place, int] = {}
        self.stations: dict[int, Station] = {}
        for transformer in site.transformers:
            self._root(("bus", transformer.id), _series(transformer), station(transformer))
        self._root(NOWHERE, 0j, station(None))
        for feeder in site.feeders:
            head = self._add(("head", feeder.id), ("bus", feeder.transformer), 0j)
            self._add(("end", feeder.id), head, _cable(feeder.conductor, feeder.length_m))
        for building in site.buildings:
            self._house(site, building)
        for box in site.boxes:
            stair = ("stair", f"{box.building}/{box.stairwell}")
            self._add(("box", box.id), stair, _cable(box.conductor, box.length_m))

    def root(self, index: int) -> int:
        """The bus that feeds a place."""
        while self.nodes[index].parent >= 0:
            index = self.nodes[index].parent
        return index

    def under(self, index: int, above: int) -> bool:
        """True if current to the place `index` passes the place `above`."""
        while index > above:
            index = self.nodes[index].parent
        return index == above

    def _house(self, site: Site, building: Building) -> None:
        """One place a stairwell; the first one stands at the feeder's end."""
        last = max([building.stairwells, *_stairwells(site, building)])
        above, z = ("end", building.feeder), 0j
        for stairwell in range(1, last + 1):
            above = self._add(("stair", f"{building.id}/{stairwell}"), above, z)
            z = _cable(building.conductor, building.stairwell_length_m)

    def _root(self, place: Place, z: complex, behind: Station) -> None:
        open_v = tuple(behind.open_v(of_peak) for of_peak in SHARES)
        self.index[place] = len(self.nodes)
        self.stations[len(self.nodes)] = behind
        # a delta winding leaves the neutral of the bus where it is
        self.nodes.append(Node(place, -1, z, 0j, open_v))

    def _add(self, place: Place, above: Place, z: complex) -> Place:
        parent = self.index.get(above, self.index[NOWHERE])
        self.index[place] = len(self.nodes)
        self.nodes.append(Node(place, parent, z, z))
        return place


@dataclass(frozen=True, slots=True)
class Solution:
    """What the cables carry; all lists by node, then phase, then block."""

    loads: list[list[Blocks]]
    """What is drawn at and below a place, VA."""
    losses: list[list[Blocks]]
    """What the cables below a place lose, VA."""
    drops: list[list[tuple[float, ...]]]
    """From the open transformer to a place, V."""


def solve(tree: Tree, drawn: Mapping[int, Sequence[Sequence[Blocks]]]) -> Solution:
    """The flow in every block; `drawn` is, by node and phase, the loads that hang there."""
    own = [
        _added(phase) for node in range(len(tree.nodes)) for phase in drawn.get(node, ((), (), ()))
    ]
    blocks = [
        _block(tree.nodes, block, [column[block] for column in own]) for block in range(BLOCKS)
    ]
    loads, losses, drops = (list(zip(*part, strict=True)) for part in zip(*blocks, strict=True))
    return Solution(_by_node(loads), _by_node(losses), _by_node(drops))


def _block(
    nodes: Sequence[Node], block: int, drawn: list[complex]
) -> tuple[list[complex], list[complex], list[float]]:
    """Loads, losses and drops of one block, three values a node."""
    volts = [node.open_v[block] if node.open_v else 0.0 for node in nodes for _ in PHASES]
    for n, node in enumerate(nodes):
        if node.parent >= 0:
            volts[3 * n : 3 * n + 3] = volts[3 * node.parent : 3 * node.parent + 3]
    opened = volts[:]
    lost = [0j] * len(drawn)
    for _ in range(PASSES):
        currents = [va.conjugate() / v for va, v in zip(drawn, volts, strict=True)]
        _gather(nodes, currents)
        for n, node in enumerate(nodes):
            at, above = 3 * n, 3 * node.parent
            behind = volts[above : above + 3] if node.parent >= 0 else opened[at : at + 3]
            if node.z:
                own = currents[at : at + 3]
                neutral = own[0] + own[1] * _TURN_B + own[2] * _TURN_C
                for phase, turn in enumerate(TURNS):
                    drop = node.z * own[phase] + node.z_neutral * neutral * turn.conjugate()
                    behind[phase] -= drop.real
                    lost[at + phase] = drop * own[phase].conjugate()
            volts[at : at + 3] = behind
    loads = drawn[:]
    _gather(nodes, loads)
    through = lost[:]
    _gather(nodes, through)
    # what the way to a place loses is above it: so no meter sees its transformer's own loss
    below = [all_of_it - own for all_of_it, own in zip(through, lost, strict=True)]
    return loads, below, [e - v for e, v in zip(opened, volts, strict=True)]


def _gather(nodes: Sequence[Node], values: list[complex]) -> None:
    """Add to each place what its children have."""
    for n in range(len(nodes) - 1, -1, -1):
        if (parent := nodes[n].parent) >= 0:
            for phase in range(3):
                values[3 * parent + phase] += values[3 * n + phase]


def _by_node(columns: list[Column]) -> list[list[Column]]:
    return [columns[at : at + 3] for at in range(0, len(columns), 3)]


def _added(columns: Sequence[Blocks]) -> Blocks:
    return tuple(map(sum, zip(*columns, strict=True))) if columns else NOTHING


def _stairwells(site: Site, building: Building) -> list[int]:
    return [box.stairwell for box in site.boxes if box.building == building.id]


def _cable(text: str, length_m: float) -> complex:
    """Series impedance of one phase, ohm; a cable without figures drops and loses nothing."""
    known = conductor(text)
    return complex(known.r_ohm_km, known.x_ohm_km) * length_m / 1000 if known else 0j


def _series(transformer: Transformer) -> complex:
    """Short-circuit impedance of one phase on the low side, ohm: Pk and uk (IEC 60076-1)."""
    base = transformer.rated_voltage_v**2 / (transformer.rated_kva * 1000)
    z = base * transformer.impedance_percent / 100
    r = base * transformer.load_loss_w / (transformer.rated_kva * 1000)
    return complex(r, math.sqrt(max(0.0, z * z - r * r)))
