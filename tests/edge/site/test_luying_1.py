"""examples/luying-1 is what its generator makes: two generations of meters, half and half."""

import runpy
import sys
from collections import Counter
from pathlib import Path

import pytest

from edge.site.load import load_site
from edge.site.model import Site

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture(scope="module")
def site() -> Site:
    loaded = load_site(EXAMPLES / "luying-1")
    assert loaded.problems == ()
    assert loaded.site is not None
    return loaded.site


def test_the_committed_files_are_the_generators_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["make_luying_1.py", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(EXAMPLES / "make_luying_1.py"), run_name="__main__")
    assert ended.value.code == 0
    for name in ("site.toml", "meters.csv"):
        committed = (EXAMPLES / "luying-1" / name).read_bytes()
        assert (tmp_path / name).read_bytes() == committed, name


def test_the_site_has_the_counts_of_its_header(site: Site) -> None:
    counts = (site.transformers, site.feeders, site.buildings, site.boxes, site.tmus)
    assert [len(rows) for rows in counts] == [1, 2, 1, 3, 1]
    kinds = Counter(meter.kind for meter in site.meters)
    assert kinds == {"household": 29, "master": 1, "feeder": 2, "public": 3}
    boxes = Counter(m.box for m in site.meters if m.kind == "household")
    assert boxes == {"B1-1": 12, "B1-2": 12, "B1-3": 5}


def test_half_of_the_households_and_of_each_phase_speaks_each_protocol(site: Site) -> None:
    households = [m for m in site.meters if m.kind == "household"]
    assert Counter(m.protocol for m in households) == {"dlt645": 15, "dlt698": 14}
    for phase in "ABC":
        spoken = Counter(m.protocol for m in households if m.phase == phase)
        assert abs(spoken["dlt645"] - spoken["dlt698"]) <= 1, phase


def test_the_protocols_share_every_line(site: Site) -> None:
    assert [line.id for line in site.lines] == ["b1", "station"]
    spoken = {line.id: {m.protocol for m in site.meters_on(line.id)} for line in site.lines}
    assert spoken == {"b1": {"dlt645", "dlt698"}, "station": {"dlt645", "dlt698", "modbus"}}
    [charger] = [m for m in site.meters if m.protocol == "modbus"]
    assert (charger.profile, charger.unit, charger.feeder) == ("sdm630", 2, "F2")


def test_both_profiles_of_the_new_meters_are_there(site: Site) -> None:
    new = Counter(m.profile for m in site.meters if m.protocol == "dlt698")
    assert new == {"1ph-2020": 14, "3ph": 3}
