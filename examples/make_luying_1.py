"""Makes examples/luying-1: one 400 kVA transformer, two feeders, 120 households, half of them 698.

    python examples/make_luying_1.py [FOLDER]

A neighbourhood in the middle of its change of meters: in every box DL/T 645 and DL/T 698.45 take
turns on the same pair of wires. Everything follows from the tables below; there is nothing random
in it, so the committed files are this program's output byte for byte.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

UTILITY = "370113"
"""First six digits of every address in this example; the rest is made up, as the place is."""

HEAD = """\
# Luying 1: one box transformer station with 400 kVA, 120 households in two houses. Every second
# household meter is of 2020 and speaks DL/T 698.45, the others are of 2013 and speak DL/T 645-2007.
#
# The place is invented, with parts as those of xiyuan-5. Its cables are aluminium, but for the
# service drops.

version = 1
id = "luying-1"
name = "绿营1号小区"
timezone = "Asia/Shanghai"
period_s = 60
meters = "meters.csv"

[[transformer]]
id = "T1"
name = "1号变"
model = "S13-400"
rated_kva = 400
vector_group = "Dyn11"
no_load_loss_w = 410
load_loss_w = 4520
impedance_percent = 4.0
tap = "10.25/0.4"
"""

TAIL = """
# Old meters and new ones share a line and its speed; they put 1/8 unit load on it.
{lines}
[[line]]
id = "station"
name = "箱变内"
baud = 9600
length_m = 20

# The transformer's own monitoring unit, Modbus RTU: the third protocol of the station's line.
[[tmu]]
id = "tmu1"
name = "1号变环境监测单元"
transformer = "T1"
line = "station"
unit = 1

[[gateway]]
id = "gw1"
name = "箱变网关"
lines = [{line_ids}, "station"]

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
class House:
    """One building with the feeder that ends at it and the RS-485 line that serves it."""

    building: str
    feeder: str
    feeder_m: int
    stairwells: int

    @property
    def line(self) -> str:
        """Id of its RS-485 line."""
        return self.building.lower()

    @property
    def line_m(self) -> int:
        """Along the feeder, past the stairwells at 16 m, and down a drop of 12 m."""
        return self.feeder_m + 16 * (self.stairwells - 1) + 12


HOUSES = (House("B1", "F1", 90, 5), House("B2", "F2", 130, 5))

HOUSEHOLDS = (("dlt645", "1ph-2013", 10), ("dlt698", "1ph-2020", 20))
"""Protocol, profile and address series of the two generations; they take turns."""

STATION = (
    # kind, name, protocol, profile, phase, feeder, transformer, ct, series
    ("master", "1号变总表", "dlt698", "3ph", "ABC", "", "T1", "800/5", 90),
    ("feeder", "F1 出线表", "dlt645", "3ph", "ABC", "F1", "", "400/5", 91),
    ("feeder", "F2 出线表", "dlt698", "3ph", "ABC", "F2", "", "400/5", 91),
    ("public", "楼道照明 B1", "dlt645", "1ph-2013", "A", "F1", "", "", 92),
    ("public", "楼道照明 B2", "dlt698", "1ph-2020", "B", "F2", "", "", 92),
    ("public", "充电桩", "dlt698", "3ph", "ABC", "F2", "", "", 92),
)

COLUMNS = "id,name,kind,line,protocol,profile,phase,box,household,feeder,transformer,ct"


def site_toml() -> str:
    """The text of site.toml."""
    parts = [HEAD]
    parts += [_feeder(house) for house in HOUSES]
    parts += [_building(house) for house in HOUSES]
    parts += [_box(house, stair) for house in HOUSES for stair in range(1, house.stairwells + 1)]
    ids = ", ".join(f'"{house.line}"' for house in HOUSES)
    parts.append(TAIL.format(lines="".join(_line(house) for house in HOUSES), line_ids=ids))
    return "".join(parts)


def meters_csv() -> str:
    """The text of meters.csv: 120 household meters, a master, 2 feeder and 3 public meters."""
    rows = [COLUMNS]
    places = [(h, stair) for h in HOUSES for stair in range(1, h.stairwells + 1)]
    for place, (house, stair) in enumerate(places):
        for flat in range(12):
            rows.append(_household(house, stair, flat, 12 * place + flat + 1))
    for number, (*row, series) in enumerate(STATION, start=1):
        kind, name, protocol, profile, phase, feeder, transformer, ct = row
        at = f"{_address(series, number)},{name},{kind},station,{protocol},{profile},{phase}"
        rows.append(f"{at},,,{feeder},{transformer},{ct}")
    return "\n".join(rows) + "\n"


def _address(series: int, serial: int) -> str:
    return f"{UTILITY}{series:02d}{serial:04d}"


def _household(house: House, stair: int, flat: int, serial: int) -> str:
    """Two flats a floor, six floors; four on each phase, neighbours on different ones."""
    protocol, profile, series = HOUSEHOLDS[flat % 2]
    box = f"{house.building}-{stair}"
    door = f"{flat // 2 + 1}{flat % 2 + 1:02d}"
    at = f"{_address(series, serial)},,household,{house.line},{protocol},{profile}"
    return f"{at},{'ABC'[flat % 3]},{box},{box}-{door},,,"


def _feeder(house: House) -> str:
    return f"""
[[feeder]]
id = "{house.feeder}"
transformer = "T1"
conductor = "Al 4x240"
length_m = {house.feeder_m}
"""


def _building(house: House) -> str:
    return f"""
[[building]]
id = "{house.building}"
name = "{house.building[1:]}号楼"
feeder = "{house.feeder}"
stairwells = {house.stairwells}
conductor = "Al 4x120"
stairwell_length_m = 16
"""


def _box(house: House, stair: int) -> str:
    return f"""
[[box]]
id = "{house.building}-{stair}"
name = "{house.building[1:]}号楼{stair}单元"
building = "{house.building}"
stairwell = {stair}
positions = 12
conductor = "Cu 35"
length_m = 12
"""


def _line(house: House) -> str:
    return f"""
[[line]]
id = "{house.line}"
name = "{house.building[1:]}号楼"
baud = 9600
length_m = {house.line_m}
unit_load = 0.125
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
