"""Makes examples/luying-1: a 200 kVA transformer, two feeders, 29 households, half of them 698.

    python examples/make_luying_1.py [FOLDER]

A neighbourhood in the middle of its change of meters: in every box DL/T 645 and DL/T 698.45 take
turns on the same pair of wires, and the station's line has a Modbus meter besides. Everything
follows from the tables below; there is nothing random in it, so the committed files are this
program's output byte for byte.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

UTILITY = "370113"
"""First six digits of every address in this example; the rest is made up, as the place is."""

HEAD = """\
# Luying 1: one box transformer station with 200 kVA, 29 households in one house. Every second
# household meter is of 2020 and speaks DL/T 698.45, the others are of 2013 and speak DL/T 645-2007.
#
# The place is invented, with parts as those of xiyuan-5. Its cables are aluminium, but for the
# service drops. The second feeder serves the property and a charging pile, whose meter is an SDM630
# on Modbus RTU: the station's line carries three protocols.

version = 1
id = "luying-1"
name = "绿营1号小区"
timezone = "Asia/Shanghai"
period_s = 60
meters = "meters.csv"

[[transformer]]
id = "T1"
name = "1号变"
model = "S13-200"
rated_kva = 200
vector_group = "Dyn11"
no_load_loss_w = 240
load_loss_w = 2730
impedance_percent = 4.0
tap = "10.25/0.4"
"""

BUILDING_TABLE = """
[[building]]
id = "B1"
name = "1号楼"
feeder = "F1"
stairwells = 3
conductor = "Al 4x120"
stairwell_length_m = 16
"""

TAIL = """
# Old meters and new ones share a line and its speed; they put 1/8 unit load on it. It goes along
# the feeder, past the stairwells and down a drop.
[[line]]
id = "b1"
name = "1号楼"
baud = 9600
length_m = 134
unit_load = 0.125

[[line]]
id = "station"
name = "箱变内"
baud = 9600
length_m = 20

# The transformer's own monitoring unit, Modbus RTU, as the charging pile's meter.
[[tmu]]
id = "tmu1"
name = "1号变环境监测单元"
transformer = "T1"
line = "station"
unit = 1

[[gateway]]
id = "gw1"
name = "箱变网关"
lines = ["b1", "station"]

# Grid numbers and duties, never persons. The longest match wins.
[[responsibility]]
scope = "area"
grid = "LY-0007"
duty = "grid_manager"

[[responsibility]]
scope = "area"
grid = "LY-R01"
duty = "repair"

[[responsibility]]
scope = "area"
grid = "LY-M01"
duty = "metering"
"""


@dataclass(frozen=True, slots=True)
class Cable:
    """One feeder."""

    feeder: str
    conductor: str
    length_m: int


HOUSE, PLANT = Cable("F1", "Al 4x120", 90), Cable("F2", "Al 4x120", 40)
"""To the house; to the property's room and the charging pile."""

BUILDING = "B1"
STAIRWELLS = (12, 12, 5)
"""Households of each; the last one has fewer floors."""

HOUSEHOLDS = (("dlt645", "1ph-2013", 10), ("dlt698", "1ph-2020", 20))
"""Protocol, profile and address series of the two generations; they take turns."""

STATION = (
    # kind, name, protocol, profile, phase, feeder, transformer, ct, series
    ("master", "1号变总表", "dlt698", "3ph", "ABC", "", "T1", "300/5", 90),
    ("feeder", "F1 出线表", "dlt645", "3ph", "ABC", "F1", "", "250/5", 91),
    ("feeder", "F2 出线表", "dlt698", "3ph", "ABC", "F2", "", "200/5", 91),
    ("public", "楼道照明", "dlt645", "1ph-2013", "A", "F1", "", "", 92),
    ("public", "物业", "dlt698", "3ph", "ABC", "F2", "", "", 92),
    ("public", "充电桩", "modbus", "sdm630", "ABC", "F2", "", "", 92),
)

UNITS = {"充电桩": 2}
"""Unit of a Modbus meter; the monitoring unit of the same line is 1."""

COLUMNS = "id,name,kind,line,protocol,profile,unit,phase,box,household,feeder,transformer,ct"


def site_toml() -> str:
    """The text of site.toml."""
    stairs = range(1, len(STAIRWELLS) + 1)
    parts = [HEAD, _feeder(HOUSE), _feeder(PLANT), BUILDING_TABLE, *map(_box, stairs), TAIL]
    return "".join(parts)


def meters_csv() -> str:
    """The text of meters.csv: 29 household meters, a master, 2 feeder and 3 public meters."""
    rows = [COLUMNS]
    for stair, flats in enumerate(STAIRWELLS, start=1):
        before = sum(STAIRWELLS[: stair - 1])
        rows += [_household(stair, flat, before + flat + 1) for flat in range(flats)]
    for number, (*row, series) in enumerate(STATION, start=1):
        kind, name, protocol, profile, phase, feeder, transformer, ct = row
        at = f"{_address(series, number)},{name},{kind},station,{protocol},{profile}"
        rows.append(f"{at},{UNITS.get(name, '')},{phase},,,{feeder},{transformer},{ct}")
    return "\n".join(rows) + "\n"


def _address(series: int, serial: int) -> str:
    return f"{UTILITY}{series:02d}{serial:04d}"


def _household(stair: int, flat: int, serial: int) -> str:
    """Two flats a floor; the phases take turns, neighbours are on different ones."""
    # over the whole house, so that the old ones are one more than the new ones
    protocol, profile, series = HOUSEHOLDS[(serial - 1) % 2]
    box = f"{BUILDING}-{stair}"
    door = f"{flat // 2 + 1}{flat % 2 + 1:02d}"
    at = f"{_address(series, serial)},,household,b1,{protocol},{profile},"
    return f"{at},{'ABC'[flat % 3]},{box},{box}-{door},,,"


def _feeder(cable: Cable) -> str:
    return f"""
[[feeder]]
id = "{cable.feeder}"
transformer = "T1"
conductor = "{cable.conductor}"
length_m = {cable.length_m}
"""


def _box(stair: int) -> str:
    return f"""
[[box]]
id = "{BUILDING}-{stair}"
name = "1号楼{stair}单元"
building = "{BUILDING}"
stairwell = {stair}
positions = 12
conductor = "Cu 35"
length_m = 12
"""


def main() -> int:
    """Write both files."""
    default = Path(__file__).parent / "luying-1"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("site.toml", site_toml()), ("meters.csv", meters_csv())):
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
