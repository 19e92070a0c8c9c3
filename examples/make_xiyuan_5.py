"""Makes examples/xiyuan-5: two transformers, five feeders, 21 boxes of twelve, 252 households.

    python examples/make_xiyuan_5.py [FOLDER]

Everything follows from the tables below; there is nothing random in it, so the committed files are
this program's output byte for byte.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

UTILITY = "370112"
"""First six digits of every address in this example; the rest is made up."""

HEAD = """\
# Xiyuan 5 after its rebuild: one box transformer station with 400 + 630 kVA, 252 households.
#
# Fifteen of its household meters (6 %) have been replaced by ones of 2020, which speak DL/T 698.45
# on the same lines; a new meter is a new id under the same household.
#
# The source of these figures does not give the conductor material: aluminium is assumed
# throughout, but for the service drops. No-load loss, load loss and impedance are those usual for
# the S13 series. The tap 10.25/0.4 keeps the night voltage below 235.4 V.

version = 1
id = "xiyuan-5"
name = "西苑5号小区"
timezone = "Asia/Shanghai"
period_s = 60
meters = "meters.csv"
"""

TRANSFORMERS = """
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

[[transformer]]
id = "T2"
name = "2号变"
model = "S13-630"
rated_kva = 630
vector_group = "Dyn11"
no_load_loss_w = 570
load_loss_w = 6200
impedance_percent = 4.5
tap = "10.25/0.4"
"""

TAIL = """
# The lines to the houses run beside the cables. Their new meters are set to 9600 baud; from the
# factory a 2013 meter has 2400. They put 1/8 unit load on the pair, so that 48 or 60 of them need
# no repeater.
{lines}
[[line]]
id = "station"
name = "箱变内"
baud = 9600
length_m = 20

# The transformers' own monitoring units, Modbus RTU.
[[tmu]]
id = "tmu1"
name = "1号变环境监测单元"
transformer = "T1"
line = "station"
unit = 1

[[tmu]]
id = "tmu2"
name = "2号变环境监测单元"
transformer = "T2"
line = "station"
unit = 2

[[gateway]]
id = "gw1"
name = "箱变网关"
lines = [{line_ids}, "station"]

# Grid numbers and duties, never persons. The longest match wins.
[[responsibility]]
scope = "area"
grid = "JN-LX-0142"
duty = "grid_manager"

[[responsibility]]
scope = "area"
grid = "JN-LX-R03"
duty = "repair"

[[responsibility]]
scope = "area"
grid = "JN-LX-M01"
duty = "metering"

[[responsibility]]
scope = "building:B5"
grid = "JN-LX-0143"
duty = "grid_manager"
"""


@dataclass(frozen=True, slots=True)
class House:
    """One building with the feeder that ends at it and the RS-485 line that serves it."""

    building: str
    feeder: str
    transformer: str
    conductor: str
    feeder_m: int
    stairwells: int
    feeder_ct: str

    @property
    def line_m(self) -> int:
        """Along the feeder, past the stairwells at 16 m, and down a drop of 12 m."""
        return self.feeder_m + 16 * (self.stairwells - 1) + 12


HOUSES = (
    House("B1", "F1", "T1", "Al 4x240", 110, 4, "400/5"),
    House("B2", "F2", "T1", "Al 4x120", 45, 4, "300/5"),
    House("B3", "F3", "T2", "Al 4x240", 85, 4, "400/5"),
    House("B4", "F4", "T2", "Al 4x240", 120, 4, "400/5"),
    House("B5", "F5", "T2", "Al 4x240", 150, 5, "400/5"),
)

MASTERS = (("T1", "1号变总表", "800/5"), ("T2", "2号变总表", "1000/5"))

PUBLIC = (
    ("F1", "楼道照明 B1", "1ph-2013", "A"),
    ("F2", "楼道照明 B2", "1ph-2013", "B"),
    ("F3", "楼道照明 B3", "1ph-2013", "C"),
    ("F4", "楼道照明 B4", "1ph-2013", "A"),
    ("F5", "楼道照明 B5", "1ph-2013", "B"),
    ("F3", "物业用房", "3ph", "ABC"),
    ("F5", "充电桩", "3ph", "ABC"),
)

OLD, NEW = ("dlt645", "1ph-2013", 10), ("dlt698", "1ph-2020", 20)
"""Protocol, profile and address series of the two generations of household meters."""

EVERY, FIRST = 17, 8
"""One household in seventeen has a new meter: 15, each in another box, five on each phase."""

COLUMNS = "id,name,kind,line,protocol,profile,phase,box,household,feeder,transformer,ct"


def site_toml() -> str:
    """The text of site.toml."""
    parts = [HEAD, TRANSFORMERS]
    parts += [_feeder(house) for house in HOUSES]
    parts += [_building(house) for house in HOUSES]
    parts += [_box(house, stair) for house in HOUSES for stair in range(1, house.stairwells + 1)]
    ids = ", ".join(f'"{house.building.lower()}"' for house in HOUSES)
    parts.append(TAIL.format(lines="".join(_line(house) for house in HOUSES), line_ids=ids))
    return "".join(parts)


def meters_csv() -> str:
    """The text of meters.csv: 252 household meters, 2 master, 5 feeder and 7 public meters."""
    rows = [COLUMNS]
    serial = 0
    for house in HOUSES:
        for stair in range(1, house.stairwells + 1):
            for flat in range(12):
                serial += 1
                rows.append(_household(house, stair, flat, serial))
    for number, (transformer, name, ct) in enumerate(MASTERS, start=1):
        at = f"{_address(90, number)},{name},master,station,dlt645,3ph,ABC"
        rows.append(f"{at},,,,{transformer},{ct}")
    for number, house in enumerate(HOUSES, start=1):
        name = f"{house.feeder} 出线表"
        at = f"{_address(91, number)},{name},feeder,station,dlt645,3ph,ABC"
        rows.append(f"{at},,,{house.feeder},,{house.feeder_ct}")
    for number, (feeder, name, profile, phase) in enumerate(PUBLIC, start=1):
        at = f"{_address(92, number)},{name},public,station,dlt645,{profile},{phase}"
        rows.append(f"{at},,,{feeder},,")
    return "\n".join(rows) + "\n"


def _address(series: int, serial: int) -> str:
    return f"{UTILITY}{series:02d}{serial:04d}"


def _household(house: House, stair: int, flat: int, serial: int) -> str:
    """Two flats a floor, six floors; four on each phase, neighbours on different ones."""
    protocol, profile, series = NEW if serial % EVERY == FIRST else OLD
    box = f"{house.building}-{stair}"
    door = f"{flat // 2 + 1}{flat % 2 + 1:02d}"
    at = f"{_address(series, serial)},,household,{house.building.lower()},{protocol},{profile}"
    return f"{at},{'ABC'[flat % 3]},{box},{box}-{door},,,"


def _feeder(house: House) -> str:
    return f"""
[[feeder]]
id = "{house.feeder}"
transformer = "{house.transformer}"
conductor = "{house.conductor}"
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
id = "{house.building.lower()}"
name = "{house.building[1:]}号楼"
baud = 9600
length_m = {house.line_m}
unit_load = 0.125
"""


def main() -> int:
    """Write both files."""
    default = Path(__file__).parent / "xiyuan-5"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("site.toml", site_toml()), ("meters.csv", meters_csv())):
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
