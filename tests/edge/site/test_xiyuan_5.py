"""examples/xiyuan-5 is what its generator makes, and what the reference site's figures say."""

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
    loaded = load_site(EXAMPLES / "xiyuan-5")
    assert loaded.problems == ()
    assert loaded.site is not None
    return loaded.site


def test_the_committed_files_are_the_generators_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["make_xiyuan_5.py", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(EXAMPLES / "make_xiyuan_5.py"), run_name="__main__")
    assert ended.value.code == 0
    for name in ("site.toml", "meters.csv"):
        committed = (EXAMPLES / "xiyuan-5" / name).read_bytes()
        assert (tmp_path / name).read_bytes() == committed, name


def test_the_site_has_the_reference_counts(site: Site) -> None:
    counts = (site.transformers, site.feeders, site.buildings, site.boxes, site.tmus)
    assert [len(rows) for rows in counts] == [2, 5, 5, 21, 2]
    kinds = Counter(meter.kind for meter in site.meters)
    assert kinds == {"household": 252, "master": 2, "feeder": 5, "public": 7}


def test_every_box_has_twelve_households_four_on_each_phase(site: Site) -> None:
    for box in site.boxes:
        phases = Counter(m.phase for m in site.meters if m.box == box.id)
        assert phases == {"A": 4, "B": 4, "C": 4}, box.id


def test_transformers_and_feeders_have_the_reference_figures(site: Site) -> None:
    assert [(t.rated_kva, t.no_load_loss_w, t.load_loss_w, t.impedance_percent, t.tap)
            for t in site.transformers] == [
        (400, 410, 4520, 4.0, "10.25/0.4"),
        (630, 570, 6200, 4.5, "10.25/0.4"),
    ]  # fmt: skip
    assert [(f.transformer, f.conductor, f.length_m) for f in site.feeders] == [
        ("T1", "Al 4x240", 110),
        ("T1", "Al 4x120", 45),
        ("T2", "Al 4x240", 85),
        ("T2", "Al 4x240", 120),
        ("T2", "Al 4x240", 150),
    ]


def test_instrument_transformers_have_the_reference_ratios(site: Site) -> None:
    ratios = {
        (m.transformer or m.feeder): (m.ct_primary, m.ct_secondary)
        for m in site.meters
        if m.kind in ("master", "feeder")
    }
    assert ratios["T1"] == (800, 5)
    assert ratios["T2"] == (1000, 5)
    assert ratios["F2"] == (300, 5)
    assert all(ratios[feeder] == (400, 5) for feeder in ("F1", "F3", "F4", "F5"))


def test_households_are_on_their_buildings_line_and_the_rest_on_the_station_line(
    site: Site,
) -> None:
    assert [line.id for line in site.lines] == ["b1", "b2", "b3", "b4", "b5", "station"]
    assert {line.baud for line in site.lines} == {9600}
    assert [len(site.meters_on(line.id)) for line in site.lines] == [48, 48, 48, 48, 60, 14]
    for meter in site.meters:
        home = meter.kind == "household"
        assert meter.line == (meter.box[:2].lower() if home else "station")


def test_the_file_says_that_the_conductor_is_assumed() -> None:
    assert "aluminium is assumed" in (EXAMPLES / "xiyuan-5" / "site.toml").read_text("utf-8")


def test_fifteen_households_have_a_new_meter_each_in_another_box_five_on_each_phase(
    site: Site,
) -> None:
    new = [meter for meter in site.meters if meter.protocol == "dlt698"]
    assert {(m.kind, m.profile) for m in new} == {("household", "1ph-2020")}
    assert Counter(m.phase for m in new) == {"A": 5, "B": 5, "C": 5}
    assert len({m.box for m in new}) == len(new) == 15
    assert {m.line for m in new} == {"b1", "b2", "b3", "b4", "b5"}
