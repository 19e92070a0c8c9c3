"""`boxgate latest` over a whole site: results, three-phase meters, TMUs, each readable."""

import json
import unicodedata
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from edge.cli.latest_view import STATUS, status_bits
from edge.cli.newest import PAGE
from edge.journal import Journal, Limits
from edge.site.load import read_site
from edge.words.messages import messages
from protocol.uplink.part import Part, encode_part
from protocol.uplink.quality import Quality
from tests.edge.cli.processes import HEADER, ROOT, Said, assert_one_sentence, call, meters
from tests.edge.site.good import SITE, replaced, write

MIDNIGHT = 1_772_294_400_000
"""2026-03-01 00:00 in Shanghai, ms UTC."""
SECOND = 1000
DAY = 86_400 * SECOND
XIYUAN = ROOT / "examples" / "xiyuan-5"
T1, F1, F3 = "370112900001", "370112910001", "370112910003"
SHOP, STAIRS, HOME = "370112920006", "370112920001", "370112100001"
CT = Quality.CT_APPLIED
TABLES = ("results", "three_phase", "tmus", "single_phase")

THREE = {
    "voltage_a": 2288, "voltage_b": 2289, "voltage_c": 2290,
    "current_a": 134_240, "current_b": 117_920, "current_c": 104_320,
    "active_power": 774_560, "active_power_a": 292_320,
    "reactive_power": -256_800, "power_factor": 949, "energy_forward": 505_375_840,
}  # fmt: skip
ONE = {"voltage_a": 2285, "current_a": 688, "active_power": 1501, "power_factor": 954,
       "energy_forward": 456_920}  # fmt: skip
UNIT = {
    "tmu_map": 1, "tmu_status": 0b10_0000_1001, "oil_temperature": 557,
    "cabinet_temperature": 453, "outdoor_temperature": -63, "humidity": 528,
    "residual_current": 21, "supply_voltage": 1200, "door_openings": 7, "tmu_uptime": 273_845,
}  # fmt: skip
RESULT = {
    "active_power": 774_560, "current_a": 134_240, "current_b": 117_920, "current_c": 104_320,
    "current_n": 25_716, "loading": 2040, "unbalance": 1534, "unbalance_coverage": 9340,
    "energy_day": 12_345, "energy_day_coverage": 10_000,
}  # fmt: skip

Row = tuple[str, int, Mapping[str, int], Quality]


def part(line: str, *rows: Row, kind: str = "sweep") -> Part:
    """A part of these rows: id, seconds after midnight, values, quality."""
    names = {name: None for _, _, values, _ in rows for name in values}
    return Part(
        kind=kind,
        slot=1,
        line=line,
        part=0,
        last=True,
        meters=[row[0] for row in rows],
        t=[MIDNIGHT + row[1] * SECOND for row in rows],
        columns={name: [row[2].get(name) for row in rows] for name in names},
        q=[int(row[3]) for row in rows],
    )


WHOLE = (
    part("b1", (HOME, 1, ONE, Quality(0))),
    part(
        "station",
        (T1, 2, THREE, CT),
        (F1, 3, THREE, CT),
        (STAIRS, 4, ONE, Quality(0)),
        (SHOP, 5, {**THREE, "current_a": 638, "active_power": 4190}, Quality(0)),
        ("tmu1", 6, UNIT, Quality.NO_VALUE),
    ),
    part("station", ("T1", 2, RESULT, CT), ("F1", 3, RESULT, CT), kind="result"),
)


def keep(place: Path, *parts: Part) -> None:
    """These parts in the journal, in this order."""
    journal = Journal(str(place / "journal.db"), uuid.uuid4().hex, Limits())
    for one in parts:
        journal.append(one.kind, one.t[0], encode_part(one))
    journal.close()


def latest(place: Path, *more: str, lang: str = "C", site: Path = XIYUAN) -> Said:
    """`boxgate latest` of it."""
    argv = ("latest", str(site), "--state", str(place), *more)
    return call("boxgate", *argv, env={"LC_ALL": lang})


def objects(said: Said) -> list[dict[str, Any]]:
    """The lines of --json."""
    return [json.loads(line) for line in said.out.splitlines()]


def tables(said: Said, lang: str = "en") -> dict[str, list[str]]:
    """The lines of each table, by the key of its heading; what holds for all under ""."""
    rows = {key: messages()[f"latest_{key}"] for key in TABLES}
    keys = {row.zh if lang == "zh" else row.en: key for key, row in rows.items()}
    found: dict[str, list[str]] = {}
    for block in said.out.rstrip("\n").split("\n\n"):
        lines = block.split("\n")
        key = keys.get(lines[0], "")
        found[key] = lines[1:] if key else lines
    return found


def wide(text: str) -> int:
    """Columns on a terminal."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def test_each_kind_has_a_table_of_its_own_results_first(tmp_path: Path) -> None:
    keep(tmp_path, *WHOLE)
    said = latest(tmp_path)
    assert (said.code, said.err) == (0, "")
    assert list(tables(said)) == ["results", "three_phase", "tmus", "single_phase", ""]
    assert tables(said)[""] == ["all times: 2026-03-01, Asia/Shanghai"]


def test_a_result_says_loading_currents_unbalance_and_the_day_with_what_they_rest_on(
    tmp_path: Path,
) -> None:
    keep(tmp_path, *WHOLE)
    assert tables(latest(tmp_path))["results"] == [
        "     time     loading    P    Ia    Ib    Ic   In unbal cov. today cov.",
        "                    %   kW     A     A     A    A     %    %   kWh    %",
        "T1   00:00:02    20.4 77.5 134.2 117.9 104.3 25.7  15.3   93 123.5  100",
        "  F1 00:00:03    20.4 77.5 134.2 117.9 104.3 25.7  15.3   93 123.5  100",
    ]


def test_feeders_stand_under_their_transformer_whatever_the_order_in_the_journal(
    tmp_path: Path,
) -> None:
    rows: list[Row] = [(name, 2, RESULT, CT) for name in ("F5", "F1", "T2", "F3", "T1")]
    keep(tmp_path, *WHOLE[:2], part("station", *rows, kind="result"))
    lines = tables(latest(tmp_path))["results"][2:]
    assert [line.partition(" 00:")[0].rstrip() for line in lines] == [
        "T1", "  F1", "T2", "  F3", "  F5",
    ]  # fmt: skip


def test_a_three_phase_meter_stands_in_one_row_under_what_it_measures(tmp_path: Path) -> None:
    keep(tmp_path, *WHOLE)
    volts = "228.8 228.9 229.0"
    assert tables(latest(tmp_path))["three_phase"] == [
        "meter        of time        Ua    Ub    Uc     Ia     Ib     Ic     P      Q    PF"
        "     energy",
        "                             V     V     V      A      A      A    kW   kvar     -"
        "        kWh",
        "transformers",
        f"{T1} T1 00:00:02 {volts} 134.24 117.92 104.32 77.46 -25.68 0.949 5053758.40",
        "feeders",
        f"{F1} F1 00:00:03 {volts} 134.24 117.92 104.32 77.46 -25.68 0.949 5053758.40",
        "public supply",
        f"{SHOP} F3 00:00:05 {volts}   0.64 117.92 104.32  0.42 -25.68 0.949 5053758.40",
    ]


def test_a_tmu_says_its_status_in_words(tmp_path: Path) -> None:
    keep(tmp_path, *WHOLE)
    assert tables(latest(tmp_path))["tmus"] == [
        "TMU  of time      oil cabinet outdoor humid. resid. doors       up",
        "                   °C      °C      °C      %      A",
        "tmu1 T1 00:00:06 55.7    45.3    -6.3   52.8  0.021     7 3d 04:04",
        "tmu1: door open, fan on, self-test failed",
    ]
    chinese = tables(latest(tmp_path, lang="zh_CN.UTF-8"), "zh")["tmus"]
    assert chinese[-1] == "tmu1: 门开, 风机运行, 自检失败"


def test_single_phase_meters_keep_their_own_table_without_the_others_columns(
    tmp_path: Path,
) -> None:
    keep(tmp_path, *WHOLE)
    lines = [line.split() for line in tables(latest(tmp_path))["single_phase"]]
    assert lines[0] == [
        "meter", "box", "time", "voltage", "current", "active", "power", "energy", "quality",
    ]  # fmt: skip
    values = ["228.5", "0.688", "150.1", "0.954", "4569.20", "good"]
    assert lines[-2:] == [
        [HOME, "B1-1", "00:00:01", *values],
        [STAIRS, "-", "00:00:04", *values],
    ]


def test_windings_are_shown_where_a_unit_has_them_and_oil_then_only_if_it_has_it(
    tmp_path: Path,
) -> None:
    dry = {name: value for name, value in UNIT.items() if name != "oil_temperature"}
    dry |= {f"winding_temperature_{phase}": 801 for phase in "abc"}
    keep(tmp_path, part("station", ("tmu1", 1, dry, Quality(0))))
    head, units, row, _ = tables(latest(tmp_path))["tmus"]
    assert head.split()[:6] == ["TMU", "of", "time", "wind.", "wind.", "wind."]
    assert units.split()[:6] == ["A", "°C", "B", "°C", "C", "°C"]
    assert row.split()[3:6] == ["80.1", "80.1", "80.1"]
    keep(tmp_path, part("station", ("tmu2", 1, UNIT, Quality(0))))
    head, _, first, second, *_ = tables(latest(tmp_path))["tmus"]
    assert head.split()[3] == "oil"
    assert first.split()[3:5] == ["-", "80.1"]
    assert second.split()[3:5] == ["55.7", "-"]


def test_a_sensor_that_fails_is_a_dash_and_never_0(tmp_path: Path) -> None:
    keep(tmp_path, part("station", ("tmu1", 1, {"tmu_status": 64}, Quality.NO_VALUE)))
    _, _, row, status = tables(latest(tmp_path))["tmus"]
    assert row.split() == ["tmu1", "T1", "00:00:01", *["-"] * 7]
    assert status == "tmu1: sensor fault"


def test_silent_devices_end_it_with_1_and_are_named_below_their_table(tmp_path: Path) -> None:
    silent = Quality.NO_ANSWER
    keep(
        tmp_path,
        *WHOLE,
        part("station", (T1, 60, {}, CT | silent), ("tmu1", 61, {}, silent)),
        part("station", ("T1", 60, {}, CT | silent), kind="result"),
    )
    said = latest(tmp_path)
    assert said.code == 1
    found = tables(said)
    # the time is that of the last value, the reason that of the last try
    assert found["results"][2].split() == ["T1", "00:00:02", *["-"] * 10]
    assert found["results"][-1] == "T1: no answer"
    assert found["three_phase"][3].split() == [T1, "T1", "00:00:02", *["-"] * 10]
    assert found["three_phase"][-1] == f"{T1}: no answer"
    assert found["tmus"][2:] == ["tmu1 T1 00:00:06   -       -       -      -      -     -  -",
                                 "tmu1: no answer"]  # fmt: skip


def test_a_result_that_fails_alone_does_not_change_the_exit_code(tmp_path: Path) -> None:
    keep(tmp_path, *WHOLE, part("station", ("T1", 60, {}, CT), kind="result"))
    assert latest(tmp_path).code == 0


def test_the_newest_result_is_the_one_shown(tmp_path: Path) -> None:
    newer = part("station", ("T1", 9, {**RESULT, "loading": 8112}, CT), kind="result")
    keep(tmp_path, *WHOLE, newer)
    lines = tables(latest(tmp_path))["results"]
    assert lines[2].split()[:3] == ["T1", "00:00:09", "81.1"]
    assert lines[3].split()[:3] == ["F1", "00:00:03", "20.4"]


def test_results_older_than_every_reading_are_found_and_events_passed_over(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path / "journal.db"), uuid.uuid4().hex, Limits())
    devices = [row.id for row in read_site(XIYUAN).meters] + ["tmu1", "tmu2"]
    journal.append("result", MIDNIGHT, encode_part(WHOLE[2]))
    for _ in range(PAGE):
        journal.append("event", MIDNIGHT, b"not a part")
    # all in one part, so that no device is open any more when the result is met
    rows: list[Row] = [(name, 9, ONE, Quality(0)) for name in devices]
    journal.append("sweep", MIDNIGHT, encode_part(part("station", *rows)))
    journal.close()
    said = latest(tmp_path)
    assert (said.code, said.err) == (0, "")
    assert [line.split()[0] for line in tables(said)["results"][2:]] == ["T1", "F1"]


def test_a_station_read_by_the_agent_shows_its_loading_and_its_tmu(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    toml = replaced(
        SITE,
        ("period_s = 60", "period_s = 0"),
        ('[[line]]\nid = "b1"\nbaud = 9600\nlength_m = 180\n', ""),
        ('id = "station"\nbaud = 9600', 'id = "station"\nbaud = 19200'),
        ('lines = ["b1", "station"]', 'lines = ["station"]'),
    )
    write(folder, toml, f"{HEADER}{T1},master,station,dlt645,3ph,ABC,,,,T1,800/5\n")
    with meters(tmp_path, folder):
        state, ports = tmp_path / "state", str(tmp_path / "ports.toml")
        argv = ("--ports", ports, "--state", str(state), "--no-broker", "--sweeps", "1")
        assert call("boxgate", "run", str(folder), *argv).code == 0
    said = latest(state, site=folder)
    assert (said.code, said.err) == (0, "")
    assert list(tables(said)) == ["results", "three_phase", "tmus", ""]
    [result, master, unit] = objects(latest(state, "--json", site=folder))
    for name in ("active_power", "current_a", "current_b"):
        assert result["values"][name] == master["values"][name]
    assert (unit["kind"], unit["meter"]) == ("tmu", "tmu1")


def test_json_names_the_kind_of_every_object(tmp_path: Path) -> None:
    keep(tmp_path, *WHOLE)
    found = objects(latest(tmp_path, "--json", lang="zh_CN.UTF-8"))
    assert [(one["kind"], one.get("meter", one.get("subject")), one["place"]) for one in found] == [
        ("result", "T1", "T1"),
        ("result", "F1", "T1/F1"),
        ("household", HOME, "T1/F1/B1/B1-1"),
        ("master", T1, "T1"),
        ("feeder", F1, "T1/F1"),
        ("public", STAIRS, "T1/F1"),
        ("public", SHOP, "T2/F3"),
        ("tmu", "tmu1", "T1"),
    ]
    result, unit = found[0], found[-1]
    assert result["values"] == {
        "active_power": 77456.0, "current_a": 134.24, "current_b": 117.92, "current_c": 104.32,
        "current_n": 25.716, "loading": 20.4, "unbalance": 15.34, "unbalance_coverage": 93.4,
        "energy_day": 123.45, "energy_day_coverage": 100.0,
    }  # fmt: skip
    assert unit["status"] == ["door_open", "fan_on", "self_test_failed"]
    assert (unit["t"], unit["quality"]) == (MIDNIGHT + 6 * SECOND, "no_value")


def test_a_line_is_shown_with_its_own_results_only(tmp_path: Path) -> None:
    keep(tmp_path, *WHOLE)
    kinds = [one["kind"] for one in objects(latest(tmp_path, "--line", "b1", "--json"))]
    assert set(kinds) == {"household"}
    kinds = [one["kind"] for one in objects(latest(tmp_path, "--line", "station", "--json"))]
    assert kinds.count("result") == 2
    # every device of a line that is named, the one never read too
    assert (kinds.count("tmu"), kinds.count("feeder"), kinds.count("household")) == (2, 5, 0)


def test_devices_are_named_by_address_or_tmu_id_and_come_without_results(tmp_path: Path) -> None:
    keep(tmp_path, *WHOLE)
    said = latest(tmp_path, "--meter", "tmu1", "--meter", F1, "--json")
    assert [one["meter"] for one in objects(said)] == [F1, "tmu1"]
    unread = latest(tmp_path, "--meter", "tmu2")
    assert unread.code == 1
    assert unread.out.splitlines()[-1] == "tmu2: never read"
    assert_one_sentence(latest(tmp_path, "--meter", "tmu9"), "boxgate", "meter_unknown", 2)
    other_line = latest(tmp_path, "--meter", "tmu1", "--line", "b1")
    assert_one_sentence(other_line, "boxgate", "meter_unknown", 2)


@pytest.mark.parametrize("lang", ["C", "zh_CN.UTF-8"])
@pytest.mark.parametrize("days", [1, 2])
def test_full_tables_fit_their_columns(tmp_path: Path, lang: str, days: int) -> None:
    three = THREE | {f"current_{phase}": 999_990 for phase in "abc"}
    three |= {"active_power": 6_299_900, "energy_forward": 999_999_999}
    result = RESULT | {f"current_{phase}": 1_099_900 for phase in "abc"}
    result |= {"active_power": 6_299_900, "current_n": 199_900, "loading": 12_000}
    result |= {"unbalance": 10_000, "unbalance_coverage": 10_000, "energy_day": 999_990}
    unit = UNIT | {"tmu_uptime": 999 * 86_400, "door_openings": 99_999, "residual_current": 32_000}
    unit |= {"cabinet_temperature": -401, "outdoor_temperature": -401, "oil_temperature": 1203}
    later = (days - 1) * DAY // SECOND
    keep(
        tmp_path,
        part("b1", (HOME, later, ONE, Quality(0))),
        part("station", (T1, 2, three, CT), (F3, 2, three, CT), ("tmu1", 6, unit, Quality(0))),
        part("station", ("T1", 2, result, CT), ("F3", 2, result, CT), kind="result"),
    )
    said = latest(tmp_path, lang=lang)
    for key, lines in tables(said, "zh" if lang.startswith("zh") else "en").items():
        most = 100 if key == "three_phase" else 80
        assert [line for line in lines if wide(line) > most] == [], key
    shown = tables(said, "zh" if lang.startswith("zh") else "en")["results"][2]
    assert ("03-01 00:00" in shown) == (days == 2)


def test_every_status_bit_has_its_word_and_one_without_is_numbered() -> None:
    assert status_bits(0) == []
    assert status_bits(0x3FF) == list(STATUS)
    assert status_bits(1 << 12 | 1) == ["door_open", "bit_12"]
    assert all(f"tmu_{key}" in messages() for key in STATUS)


def test_a_status_bit_without_a_word_is_shown_by_its_number(tmp_path: Path) -> None:
    keep(tmp_path, part("station", ("tmu1", 1, {"tmu_status": 1 << 12}, Quality(0))))
    assert tables(latest(tmp_path))["tmus"][-1] == "tmu1: bit 12"
