"""A small site with nothing wrong, to be spoilt one way at a time."""

from dataclasses import dataclass
from pathlib import Path

from edge.site.load import Loaded, load_site
from edge.site.problem import Problem

SITE = """\
version = 1
id = "luying"
name = "Luying"
timezone = "Asia/Shanghai"
period_s = 60

[[transformer]]
id = "T1"
model = "S13-400"
rated_kva = 400
vector_group = "Dyn11"
no_load_loss_w = 410
load_loss_w = 4520
impedance_percent = 4.0
tap = "10/0.4"

[[feeder]]
id = "F1"
transformer = "T1"
conductor = "Al 4x240"
length_m = 110

[[feeder]]
id = "F2"
transformer = "T1"
conductor = "Al 4x120"
length_m = 45

[[building]]
id = "B1"
feeder = "F1"
stairwells = 2

[[box]]
id = "B1-1"
building = "B1"
stairwell = 1

[[line]]
id = "b1"
baud = 9600
length_m = 180

[[line]]
id = "station"
baud = 9600

[[tmu]]
id = "tmu1"
transformer = "T1"
line = "station"
unit = 1

[[gateway]]
id = "gw1"
lines = ["b1", "station"]

[[responsibility]]
scope = "area"
grid = "JN-LX-0142"
duty = "grid_manager"
"""

HEADER = "id,kind,line,protocol,profile,phase,box,household,feeder,transformer,ct"

METERS = f"""\
{HEADER}
370112000001,household,b1,dlt645,1ph-2013,A,B1-1,B1-1-101,,,
370112000002,household,b1,dlt698,1ph-2020,B,B1-1,B1-1-102,,,
370112000003,household,b1,dlt645,3ph,ABC,B1-1,B1-1-201,,,
370112009001,master,station,dlt645,3ph,ABC,,,,T1,800/5
370112009101,feeder,station,dlt645,3ph,ABC,,,F1,,400/5
370112009201,public,station,dlt645,1ph-2013,C,,,F1,,
"""


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A site on disk after its change, and what was said of it."""

    loaded: Loaded
    folder: Path
    lines: dict[str, list[str]]

    def only(self) -> Problem:
        """The one problem; more or fewer is a failure of the test."""
        assert len(self.loaded.problems) == 1, [p.text("en") for p in self.loaded.problems]
        return self.loaded.problems[0]

    def at(self, problem: Problem) -> str:
        """The text of the line that the problem points at."""
        return self.lines[Path(problem.file).name][problem.line - 1]


def write(folder: Path, site: str = SITE, meters: str | bytes = METERS) -> Path:
    """Both files in the folder."""
    (folder / "site.toml").write_text(site, encoding="utf-8")
    data = meters.encode() if isinstance(meters, str) else meters
    (folder / "meters.csv").write_bytes(data)
    return folder


def replaced(text: str, *changes: tuple[str, str]) -> str:
    """The text with the first occurrence of each old part replaced; the part must be there."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def spoil_site(folder: Path, *changes: tuple[str, str]) -> Spoiled:
    """The good site with changes in site.toml, loaded."""
    return loaded(folder, replaced(SITE, *changes), METERS)


def spoil_meters(folder: Path, *changes: tuple[str, str]) -> Spoiled:
    """The good site with changes in meters.csv, loaded."""
    return loaded(folder, SITE, replaced(METERS, *changes))


def loaded(folder: Path, site: str, meters: str) -> Spoiled:
    """Both texts written and loaded."""
    write(folder, site, meters)
    lines = {"site.toml": site.split("\n"), "meters.csv": meters.split("\n")}
    return Spoiled(load_site(folder), folder, lines)
