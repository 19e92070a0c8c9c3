"""What the field advises: warnings on sites that are right, and the time a sweep needs."""

from pathlib import Path

import pytest

from edge.site.fields import profiles
from edge.site.load import load_site, read_site
from edge.site.practice import line_use
from tests.edge.site.good import METERS, SITE, Spoiled, loaded, spoil_meters, spoil_site, write


def household(number: int, box: str = "B1-1") -> str:
    return f"37011210{number:04d},household,b1,dlt645,1ph-2013,A,{box},h{number},,,\n"


def many(count: int) -> str:
    return METERS + "".join(household(number) for number in range(count))


def warned(spoiled: Spoiled, line: str, *words: str) -> None:
    """Exactly one warning, at that line, with these words; the site is still there."""
    problem = spoiled.only()
    assert spoiled.loaded.site is not None
    assert problem.severity == "warning"
    assert spoiled.at(problem).startswith(line), spoiled.at(problem)
    for word in words:
        assert word in problem.text("en"), problem.text("en")


def test_more_than_32_unit_loads_on_a_line_are_warned_of(tmp_path: Path) -> None:
    site = SITE.replace("stairwell = 1\n", "stairwell = 1\npositions = 40\n")
    assert loaded(tmp_path, site, many(29)).loaded.problems == ()
    words = ("line b1 has 33 unit loads, RS-485 assures 32", "declare unit_load", "repeaters")
    warned(loaded(tmp_path, site, many(30)), "[[line]]", *words)


@pytest.mark.parametrize("remedy", ["unit_load = 0.125", "repeaters = 1"])
def test_declared_light_meters_or_a_repeater_end_that_warning(tmp_path: Path, remedy: str) -> None:
    site = SITE.replace("stairwell = 1\n", "stairwell = 1\npositions = 40\n")
    site = site.replace('id = "b1"\n', f'id = "b1"\n{remedy}\n')
    assert loaded(tmp_path, site, many(30)).loaded.problems == ()


def test_a_line_over_1200_m_is_warned_of(tmp_path: Path) -> None:
    assert spoil_site(tmp_path, ("length_m = 180", "length_m = 1200")).loaded.problems == ()
    spoiled = spoil_site(tmp_path, ("length_m = 180", "length_m = 1201"))
    warned(spoiled, "length_m = 1201", "line b1 is 1201 m long", "1200 m; add a repeater")


def test_a_box_with_more_households_than_positions_is_warned_of(tmp_path: Path) -> None:
    spoiled = spoil_site(tmp_path, ("stairwell = 1\n", "stairwell = 1\npositions = 2\n"))
    words = ("box B1-1 has 3 household meters for 2 positions", "correct")
    warned(spoiled, "positions = 2", *words)


def test_a_sweep_that_cannot_fit_its_period_is_warned_of_with_both_times(tmp_path: Path) -> None:
    spoiled = spoil_site(tmp_path, ("period_s = 60", "period_s = 1"))
    problems = [p for p in spoiled.loaded.problems if "line b1" in p.text("en")]
    (problem,) = problems
    assert "(3 devices) needs about 1.4 s, the period is 1 s; raise period_s" in problem.text("en")
    assert spoiled.at(problem) == "baud = 9600"


def test_back_to_back_reading_has_no_period_to_fit(tmp_path: Path) -> None:
    assert spoil_site(tmp_path, ("period_s = 60", "period_s = 0")).loaded.problems == ()


def test_the_minimal_sweep_time_is_request_delay_answer_and_idle(tmp_path: Path) -> None:
    site = read_site(write(tmp_path))
    # five exchanges of 20 + 24, seven of 20 + 28, one list; 11 bits at 9600 baud
    characters = 5 * 44 + 7 * 48 + profiles()["1ph-2020", "dlt698"].wire_bytes
    expected = characters * 11 / 9600 + 12 * (0.020 + 0.030) + 0.020 + 33 / 9600
    assert line_use(site, site.line("b1")).seconds == pytest.approx(expected)


def test_the_transformers_unit_takes_its_own_time_on_the_line(tmp_path: Path) -> None:
    with_tmu = read_site(write(tmp_path))
    tmu = SITE[SITE.index("[[tmu]]") : SITE.index("[[gateway]]")]
    without = read_site(write(tmp_path, SITE.replace(tmu, "")))
    more = (
        line_use(with_tmu, with_tmu.line("station")).seconds
        - line_use(without, without.line("station")).seconds
    )
    assert more == pytest.approx((8 + 39) * 11 / 9600 + 0.020 + 3.5 * 11 / 9600)


def test_a_line_with_nothing_on_it_is_warned_of(tmp_path: Path) -> None:
    site = SITE.replace('lines = ["b1",', 'lines = ["b9", "b1",') + '\n[[line]]\nid = "b9"\n'
    warned(loaded(tmp_path, site, METERS), 'id = "b9"', "no meter and no TMU; remove it")


def test_a_period_that_does_not_divide_the_day_is_warned_of(tmp_path: Path) -> None:
    spoiled = spoil_site(tmp_path, ("period_s = 60", "period_s = 70"))
    warned(spoiled, "period_s = 70", "does not divide a day", "use for example 60")


def test_a_transformer_without_master_meter_is_warned_of(tmp_path: Path) -> None:
    row = next(row for row in METERS.split("\n") if ",master," in row)
    spoiled = spoil_meters(tmp_path, (row + "\n", ""))
    warned(spoiled, 'id = "T1"', "no master meter", "add a meter of kind master")


def test_two_master_meters_of_one_transformer_are_warned_of(tmp_path: Path) -> None:
    row = "370112009002,master,station,dlt645,3ph,ABC,,,,T1,800/5\n"
    spoiled = loaded(tmp_path, SITE, METERS + row)
    warned(spoiled, "370112009002", "line 5", "both master meters", "remove one")


def test_a_household_with_two_meters_is_warned_of(tmp_path: Path) -> None:
    spoiled = spoil_meters(tmp_path, ("B1-1-102", "b1-1-101"))
    warned(spoiled, "370112000002", "household b1-1-101", "line 2", "remove the old row")


def test_households_that_are_not_named_are_warned_of_once(tmp_path: Path) -> None:
    spoiled = spoil_meters(tmp_path, ("B1-1-101", ""), ("B1-1-102", ""))
    warned(spoiled, "370112000001", "2 household meters have no household", "fill in the column")


def test_a_value_of_the_draft_that_is_still_marked_is_warned_of(tmp_path: Path) -> None:
    spoiled = spoil_site(tmp_path, ("rated_kva = 400", "rated_kva = 400  # fill in: nameplate"))
    warned(spoiled, "rated_kva = 400  # fill in", "write the true value and remove the mark")


def test_a_machine_without_time_zone_data_is_told_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(name: str) -> None:
        raise KeyError(name)

    monkeypatch.setattr("edge.site.fields.zoneinfo.ZoneInfo", nothing)
    (problem,) = load_site(write(tmp_path)).problems
    assert "no time zone data" in problem.text("en")
    assert "apt install tzdata" in problem.text("en")


@pytest.mark.parametrize(("ct", "most"), [("", "100 A"), ("1/1", "100 A"), ("400/5", "480 A")])
def test_a_master_meter_that_cannot_measure_its_transformer_is_warned_of(
    tmp_path: Path, ct: str, most: str
) -> None:
    spoiled = spoil_meters(tmp_path, ("T1,800/5", f"T1,{ct}"))
    row = "370112009001,master,station"
    warned(spoiled, row, f"measures up to {most}", "T1 is rated 577 A", "correct ct")


@pytest.mark.parametrize("ct", ["500/5", "600/1", "5000/5"])
def test_a_master_meter_that_reaches_the_rated_current_is_well(tmp_path: Path, ct: str) -> None:
    assert spoil_meters(tmp_path, ("T1,800/5", f"T1,{ct}")).loaded.problems == ()


def test_a_transformer_small_enough_for_a_direct_meter_needs_no_ct(tmp_path: Path) -> None:
    site = SITE.replace("rated_kva = 400", "rated_kva = 50")
    assert loaded(tmp_path, site, METERS.replace("T1,800/5", "T1,")).loaded.problems == ()
