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
    assert [len(rows) for rows in counts] == [1, 2, 2, 10, 1]
    kinds = Counter(meter.kind for meter in site.meters)
    assert kinds == {"household": 120, "master": 1, "feeder": 2, "public": 3}


def test_half_of_each_box_and_of_each_phase_speaks_each_protocol(site: Site) -> None:
    for box in site.boxes:
        spoken = Counter((m.phase, m.protocol) for m in site.meters if m.box == box.id)
        phases = [(phase, protocol) for phase in "ABC" for protocol in ("dlt645", "dlt698")]
        assert spoken == dict.fromkeys(phases, 2), box.id


def test_both_protocols_share_every_line(site: Site) -> None:
    assert [line.id for line in site.lines] == ["b1", "b2", "station"]
    for line in site.lines:
        assert {m.protocol for m in site.meters_on(line.id)} == {"dlt645", "dlt698"}


def test_both_profiles_of_the_new_meters_are_there(site: Site) -> None:
    new = Counter(m.profile for m in site.meters if m.protocol == "dlt698")
    assert new == {"1ph-2020": 61, "3ph": 3}
