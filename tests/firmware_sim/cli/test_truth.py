"""The judge: equal is equal to the last digit, and every way to be wrong is found."""

import argparse
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge.site.model import Tmu
from edge.words.messages import BoxgateError, messages
from firmware_sim.cli import truth as verb
from firmware_sim.judge import Reading, Truth, judge, load_truth
from firmware_sim.truth_table import ONE, Ratio, answered, items, registers
from protocol.quantity import quantities
from tests.firmware_sim.places import site

METER = "370112100001"
OTHER = "370112100002"
T0 = 1_795_409_960_000

RAW = {"02010100": "0122", "0203FF00": "826200826200FFFFFFFFFFFF", "00010000": "25188802"}
"""220.1 V, 0.6282 kW total and A, 2881825 x 0.01 kWh."""
VALUES = {
    "voltage_a": 220.1,
    "active_power": 628.2,
    "active_power_a": 628.2,
    "active_power_b": None,
    "active_power_c": None,
    "energy_forward": 28818.25,
}


def lines(*records: dict[str, Any]) -> str:
    """JSON lines."""
    return "".join(json.dumps(record) + "\n" for record in records)


def truth(sweeps: int = 2, meters: tuple[str, ...] = (METER, OTHER)) -> list[dict[str, Any]]:
    """A truth file: some sweeps, ten seconds apart."""
    return [
        {"t": T0 + 10_000 * n + 100 * i, "line": "b1", "meter": meter, "item": item, "raw": raw}
        for n in range(sweeps)
        for meter in meters
        for i, (item, raw) in enumerate(RAW.items())
    ]


def readings(sweeps: int = 2, meters: tuple[str, ...] = (METER, OTHER)) -> list[dict[str, Any]]:
    """What arrived of it, a little later by the gateway's clock."""
    return [
        {"meter": meter, "quantity": name, "t": T0 + 10_000 * n + 130, "value": value}
        for n in range(sweeps)
        for meter in meters
        for name, value in VALUES.items()
    ]


def run(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    true: list[dict[str, Any]],
    read: list[dict[str, Any]],
    *options: str,
) -> tuple[int, dict[str, Any]]:
    """The verb with --json: exit code and report."""
    (tmp_path / "truth").write_text(lines(*true))
    (tmp_path / "read").write_text(lines(*read))
    parser = argparse.ArgumentParser()
    verb.add_arguments(parser)
    files = [str(tmp_path / "truth"), str(tmp_path / "read")]
    code = verb.run(parser.parse_args([*files, "--json", *options]))
    return code, json.loads(capsys.readouterr().out)


def test_equal_and_complete_is_a_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = run(tmp_path, capsys, truth(), readings())
    assert (code, report["reason"]) == (0, None)
    assert report["equal"] == report["compared"] == 2 * 2 * len(VALUES)
    assert report["meters_complete"] == report["meters_due"] == 2


@pytest.mark.parametrize("index", range(len(RAW)))
def test_one_corrupted_digit_in_the_truth_file_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], index: int
) -> None:
    true = truth()
    raw = true[index]["raw"]
    true[index]["raw"] = raw[0] + str((int(raw[1]) + 1) % 10) + raw[2:]
    code, report = run(tmp_path, capsys, true, readings())
    assert code == 1
    assert report["different"] == 1
    assert METER in report["reason"]


def test_the_last_digit_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    read = readings()
    read[0]["value"] = 220.10000000001
    assert run(tmp_path, capsys, truth(), read)[0] == 1


def test_a_value_invented_for_a_missing_phase_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    read = readings()
    read[3]["value"] = 0
    code, report = run(tmp_path, capsys, truth(), read)
    assert code == 1
    assert report["first_different"][0]["answered"] == "no value"


def test_a_reading_nobody_answered_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    late = [
        *readings(),
        {"meter": METER, "quantity": "voltage_a", "t": T0 + 60_000, "value": 220.1},
    ]
    code, report = run(tmp_path, capsys, truth(), late)
    assert (code, report["readings_without_truth"]) == (1, 1)


def test_an_answer_three_seconds_away_is_another_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    read = [r | {"t": r["t"] + 3000} for r in readings()]
    code, report = run(tmp_path, capsys, truth(), read)
    assert (code, report["compared"]) == (1, 0)
    assert report["readings_without_truth"] == 2 * 2 * 4


def test_the_same_reading_twice_uses_no_record_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    read = readings()
    code, report = run(tmp_path, capsys, truth(), [*read, read[0]])
    assert (code, report["readings_without_truth"]) == (1, 1)


def test_too_few_sweeps_are_incomplete(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = run(tmp_path, capsys, truth(), readings(), "--sweeps", "3")
    assert (code, report["meters_complete"]) == (1, 0)


def test_a_meter_that_lacks_one_quantity_is_incomplete(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    read = [r for r in readings() if (r["meter"], r["quantity"]) != (OTHER, "energy_forward")]
    code, report = run(tmp_path, capsys, truth(), read)
    assert (code, report["short"]) == (1, [OTHER])
    assert report["truth_without_reading"] == 2


def test_readings_without_values_prove_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    read = [r | {"value": None} for r in readings()]
    code, report = run(tmp_path, capsys, truth(), read)
    assert code == 1
    assert report["readings_without_value"] > 0


def test_nothing_at_all_is_no_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, capsys, [], [])[0] == 1


def test_an_answer_asked_again_and_not_read_is_allowed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    true = truth()
    again = [true[0] | {"t": true[0]["t"] + 700}]
    code, report = run(tmp_path, capsys, true + again, readings())
    assert (code, report["truth_without_reading"]) == (0, 1)


def test_meters_of_the_site_that_never_answered_are_missed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--site", str(SITE), "--line", "b1")
    code, report = run(tmp_path, capsys, truth(), readings(), *options)
    assert code == 1
    assert report["meters_due"] == 48
    assert report["meters_complete"] == 2


def test_other_lines_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    true = truth(meters=(METER,)) + [r | {"line": "b2"} for r in truth(meters=(OTHER,))]
    code, report = run(tmp_path, capsys, true, readings(), "--line", "b1")
    assert (code, report["meters_due"]) == (0, 1)


def test_a_last_line_cut_off_by_a_kill_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "truth"
    path.write_text(lines(*truth())[:-20])
    assert sum(map(len, load_truth(path, None).values())) == 2 * 2 * len(VALUES) - 1


@pytest.mark.parametrize("bad", ["not json\n", "[1]\n", '{"t": 1}\n', '{"t":1,"line":"b1"}\n'])
def test_a_broken_line_is_named(tmp_path: Path, bad: str) -> None:
    path = tmp_path / "truth"
    path.write_text(bad + lines(*truth()))
    with pytest.raises(BoxgateError) as caught:
        load_truth(path, None)
    assert caught.value.key == "sim_truth_line"
    assert "1" in caught.value.text()


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BoxgateError) as caught:
        load_truth(tmp_path / "none", None)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("item", "raw", "expected"),
    [
        ("02030000", "342180", {"active_power": Decimal("-213.4")}),
        ("02020100", "0100AA", {"current_a": None}),
        ("02020100", "000000", {"current_a": Decimal("0.000")}),
        ("02800007", "4583", {"meter_temperature": Decimal("-34.5")}),
        ("02060100", "5809", {"power_factor_a": Decimal("0.958")}),
        ("00010000", "999999F9", {"energy_forward": None}),
        ("02010100", "0122", {"voltage_a": Decimal("220.1")}),
        ("0001FF00", "0100000002000000", {"energy_forward": Decimal("0.01"),
                                          "energy_forward_t1": Decimal("0.02")}),
    ],
)  # fmt: skip
def test_raw_digits_read_as_the_standard_says(
    item: str, raw: str, expected: dict[str, Decimal | None]
) -> None:
    assert items()[item].values(bytes.fromhex(raw)) == expected


@given(st.sampled_from(sorted(items())), st.binary(max_size=40))
def test_any_raw_bytes_are_read_without_an_exception(item: str, raw: bytes) -> None:
    for value in items()[item].values(raw).values():
        assert value is None or value.is_finite()


def test_the_table_speaks_the_vocabulary() -> None:
    for item in items().values():
        assert set(item.quantities) <= set(quantities())
        for name in item.quantities:
            assert quantities()[name].exponent == item.power_of_ten - item.decimals
            assert quantities()[name].signed == item.signed


def test_the_register_table_speaks_the_vocabulary_and_covers_the_map_without_a_gap() -> None:
    for one in (one for rows in registers().values() for one in rows):
        assert quantities()[one.quantity].exponent == one.exponent
        if one.form != "float":
            assert quantities()[one.quantity].signed == (one.form == "signed")
    rows = registers()["tmu-1", "04"]
    covered = [one.register + n for one in rows for n in range(one.words)]
    assert covered == list(range(17))


TMU_RAW = (
    "0001 0209 020B 8000 8000 8000 0183 FFCD 028E 9C40 0001 1170 0000 0003 0003 04B3 0100"
).replace(" ", "")


def test_a_tmus_registers_read_as_its_map_says() -> None:
    assert answered("04:0000:0011", bytes.fromhex(TMU_RAW)) == {
        "tmu_map": 1,
        "tmu_status": 0x209,
        "oil_temperature": Decimal("52.3"),
        "winding_temperature_a": None,
        "winding_temperature_b": None,
        "winding_temperature_c": None,
        "cabinet_temperature": Decimal("38.7"),
        "outdoor_temperature": Decimal("-5.1"),
        "humidity": Decimal("65.4"),
        "residual_current": Decimal("40.000"),
        "tmu_uptime": 70_000,
        "door_openings": 3,
        "tmu_reset_cause": 3,
        "supply_voltage": Decimal("12.03"),
        "tmu_firmware": 256,
    }


def test_a_part_of_the_registers_gives_what_lies_whole_within_it() -> None:
    assert answered("04:000B:0003", bytes.fromhex("117000000003")) == {"door_openings": 3}
    assert answered("03:0000:0001", bytes.fromhex("0001")) == {}


ITEMS = (
    st.text(max_size=14)
    | st.just("04:0000:0011")
    | st.builds(lambda oad: f"698:{oad.hex()}", st.binary(max_size=6))
    | st.sampled_from(["698:00100200", "698:20000201", "698:50020200", "sdm630:04:0000:004C"])
)


@example("698:", b"")
@example("698:2000", b"")
@given(ITEMS, st.binary(max_size=40))
def test_any_item_and_raw_bytes_are_read_or_refused_as_a_value_error(item: str, raw: bytes) -> None:
    try:
        answered(item, raw)
    except ValueError:
        assert ":" in item


def test_what_stands_behind_a_ct_is_compared_in_primary_values() -> None:
    ratio = Ratio(ct=(400, 5), pt=(100, 1))
    table = {
        "02010100": ("0122", Decimal("22010.0")),
        "02020100": ("010000", Decimal("0.080")),
        "02030000": ("826200", Decimal("5025600.0")),
        "02060100": ("5809", Decimal("0.958")),
        "00010000": ("25188802", Decimal("230546000.00")),
        "02800002": ("9949", Decimal("49.99")),
    }
    for item, (raw, expected) in table.items():
        assert list(items()[item].values(bytes.fromhex(raw), ratio).values()) == [expected], item


def test_a_ratio_that_does_not_divide_rounds_half_away_from_zero() -> None:
    for raw, expected in (("010000", "0.003"), ("010080", "-0.003")):
        got = items()["02020100"].values(bytes.fromhex(raw), Ratio(ct=(5, 2)))
        assert got == {"current_a": Decimal(expected)}
    assert items()["02020100"].values(bytes.fromhex("FFFFFF"), Ratio(ct=(3, 2))) == {
        "current_a": None
    }


SITE = Path(__file__).parents[3] / "examples" / "xiyuan-5"
FEEDER = "370112910001"


def station(value: float) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Truth and readings of a feeder meter (400/5) and a TMU."""
    true = [
        {"t": T0, "line": "station", "meter": FEEDER, "item": "02030000", "raw": "826200"},
        {"t": T0, "line": "station", "meter": "tmu1", "item": "04:0000:0011", "raw": TMU_RAW},
    ]
    read = [
        {"meter": FEEDER, "quantity": "active_power", "t": T0 + 9, "value": value, "kind": "sweep"},
        {"meter": "tmu1", "quantity": "oil_temperature", "t": T0 + 9, "value": 52.3},
        {"meter": "T1", "quantity": "loading", "t": T0, "value": 46.01, "kind": "result"},
    ]
    return true, read


def test_with_a_site_a_feeder_meter_is_judged_by_its_primary_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--site", str(SITE), "--line", "station", "--sweeps", "1")
    code, report = run(tmp_path, capsys, *station(50256.0), *options)
    assert (report["equal"], report["different"], report["readings_without_truth"]) == (2, 0, 0)
    assert (code, report["meters_due"]) == (1, 16)
    code, report = run(tmp_path, capsys, *station(628.2), *options)
    assert (report["equal"], report["different"]) == (1, 1)


def test_results_of_the_gateway_are_no_readings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    true, read = station(628.2)
    _, report = run(tmp_path, capsys, true, read, "--sweeps", "1")
    assert (report["compared"], report["readings_without_truth"]) == (2, 0)


def test_a_tmu_that_never_answered_is_missed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, report = run(tmp_path, capsys, *station(50256.0), "--site", str(SITE), "--sweeps", "1")
    assert report["meters_due"] == 252 + 14 + 2
    assert {"tmu2", "370112910002"} <= set(report["short"])


def test_an_oil_type_is_not_expected_to_show_what_a_dry_type_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    units = tuple(Tmu(id=f"u{n}", transformer=f"t{n}", line="b2", unit=n) for n in (1, 2))
    place = site(tmus=units)
    dry = msgspec.structs.replace(place.transformers[0], id="t2", insulation="dry")
    place = msgspec.structs.replace(place, transformers=(*place.transformers, dry))
    monkeypatch.setattr("edge.site.load.read_site", lambda _: place)
    due, ratios = verb._site(Path("desk"), None)
    assert due["u1"] != due["u2"]
    assert ratios == {"370112900001": Ratio(ct=(400, 5)), "370112900002": Ratio(ct=(800, 5))}


def test_no_ratio_is_no_ratio() -> None:
    assert Ratio((1, 1), (1, 1)) == ONE


def test_a_meter_not_reached_takes_no_answer_from_a_reading_that_has_one() -> None:
    answers = [Truth(1000, Decimal(1)), Truth(2000, Decimal(2)), Truth(3000, Decimal(3))]
    read = [
        Reading(METER, "voltage_a", 500, None),
        Reading(METER, "voltage_a", 1000, Decimal(1)),
        Reading(METER, "voltage_a", 2000, Decimal(2)),
    ]
    report = judge({(METER, "voltage_a"): answers}, read, {METER: ""})
    assert (report.equal, report.missing, report.different, report.untrue) == (2, 1, [], [])


def test_records_are_used_in_order() -> None:
    key = (METER, "voltage_a")
    true = {key: [Truth(0, Decimal(1)), Truth(900, Decimal(2)), Truth(1800, Decimal(3))]}
    read = [Reading(*key, t, Decimal(v)) for t, v in ((10, 1), (910, 2), (1810, 3))]
    report = judge(true, read, {METER: ""})
    assert (report.equal, report.unread, report.sweeps) == (3, 0, {METER: 3})


def test_every_sentence_of_the_bench_fits_both_languages() -> None:
    ours = [row for key, row in messages().items() if key.startswith("sim_")]
    assert len(ours) >= 12
    for row in ours:
        assert len(row.en) <= 200
        assert len(row.zh) <= 200
