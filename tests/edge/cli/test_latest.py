"""`boxgate latest`: what the journal last heard of every meter, beside an agent and after it."""

import json
import os
import pty
import select
import subprocess
import uuid
from pathlib import Path

import pytest

from edge.cli.newest import LOOK_BACK, PAGE
from edge.journal import Journal, Limits
from edge.words.messages import language
from protocol.uplink.part import Part, encode_part
from protocol.uplink.quality import Quality
from tests.edge.cli.processes import (
    DEADLINE_S,
    METERS,
    Said,
    assert_one_sentence,
    call,
    command,
    environment,
    meters,
    parts,
    port_map,
    site,
    started,
    until,
)

MIDNIGHT = 1_772_294_400_000
"""2026-03-01 00:00 in Shanghai, ms UTC."""
SECOND = 1000


def row(meter: str, at: int, value: int | None = 2201, quality: int = 0) -> Part:
    """A part of one meter: a voltage and an energy, or nothing."""
    energy = None if value is None else 8_809_700
    return Part(
        slot=at // 60_000,
        line="b1",
        part=0,
        last=True,
        meters=[meter],
        t=[at],
        columns={"voltage_a": [value], "energy_forward": [energy]},
        q=[quality],
    )


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a site of three meters."""
    site(tmp_path / "site", 3)
    return tmp_path


def keep(place: Path, *rows: Part) -> None:
    """These parts in the journal, in this order."""
    (place / "state").mkdir(exist_ok=True)
    path = str(place / "state" / "journal.db")
    journal = Journal(path, uuid.uuid4().hex, Limits())
    for part in rows:
        journal.append("sweep", part.t[0], encode_part(part))
    journal.close()


def latest(place: Path, *more: str, lang: str = "C") -> Said:
    """`boxgate latest` of it."""
    argv = ("latest", str(place / "site"), "--state", str(place / "state"), *more)
    return call("boxgate", *argv, env={"LC_ALL": lang})


def objects(said: Said) -> list[dict[str, object]]:
    """The lines of --json."""
    return [json.loads(line) for line in said.out.splitlines()]


def test_the_table_has_a_row_for_each_meter_with_all_digits_in_the_sites_time(place: Path) -> None:
    keep(place, row(METERS[0], MIDNIGHT), row(METERS[1], MIDNIGHT + SECOND, 2200))
    said = latest(place)
    assert (said.code, said.err) == (0, "")
    assert [line.split() for line in said.out.splitlines()] == [
        ["meter", "box", "time", "voltage", "energy", "quality"],
        ["a", "forward"],
        ["V", "kWh"],
        [METERS[0], "B1-1", "00:00:00", "220.1", "88097.00", "good"],
        [METERS[1], "B1-1", "00:00:01", "220.0", "88097.00", "good"],
        ["all", "times:", "2026-03-01,", "Asia/Shanghai"],
    ]


def test_rows_of_several_days_carry_their_day(place: Path) -> None:
    keep(place, row(METERS[0], MIDNIGHT), row(METERS[1], MIDNIGHT - SECOND))
    said = latest(place)
    assert " 03-01 00:00 " in said.out
    assert " 02-28 23:59 " in said.out
    assert "all times" not in said.out


def test_a_meter_that_fell_silent_ends_it_with_1_and_shows_why(place: Path) -> None:
    silent = Quality.NO_ANSWER | Quality.CLOCK_UNTRUSTED
    keep(
        place,
        row(METERS[0], MIDNIGHT, quality=Quality.CLOCK_UNTRUSTED),
        row(METERS[1], MIDNIGHT + SECOND, quality=Quality.CLOCK_UNTRUSTED),
        row(METERS[1], MIDNIGHT + 2 * SECOND, None, silent),
    )
    said = latest(place)
    assert (said.code, said.err) == (1, "")
    [line] = [line for line in said.out.splitlines() if line.startswith(METERS[1])]
    # the time is that of its last value, the reason that of its last try
    assert line.split() == [METERS[1], "B1-1", "00:00:01", "-", "-", "no", "answer"]
    assert said.out.splitlines()[-1] == "all readings: clock not set"


def test_json_has_an_object_a_line_with_numbers_and_both_times(place: Path) -> None:
    keep(
        place,
        row(METERS[0], MIDNIGHT, quality=Quality.CLOCK_HOLDING),
        row(METERS[1], MIDNIGHT),
        row(METERS[1], MIDNIGHT + SECOND, None, Quality.NO_ANSWER),
    )
    said = latest(place, "--json", lang="zh_CN.UTF-8")
    assert (said.code, said.err) == (1, "")
    first, second = objects(said)
    values = {"voltage_a": 220.1, "energy_forward": 88097.0}
    assert first == {
        "kind": "household",
        "meter": METERS[0],
        "line": "b1",
        "place": "T1/F1/B1/B1-1",
        "box": "B1-1",
        "household": "B1-1-101",
        "t": MIDNIGHT,
        "read_at": MIDNIGHT,
        "quality": "clock_holding",
        "values": values,
    }
    assert (second["t"], second["read_at"]) == (MIDNIGHT + SECOND, MIDNIGHT)
    assert (second["quality"], second["values"]) == ("no_answer", {})


def test_a_meter_never_read_is_left_out_unless_it_is_named(place: Path) -> None:
    keep(place, row(METERS[0], MIDNIGHT))
    assert latest(place).code == 0
    assert METERS[1] not in latest(place).out
    for how in (("--meter", METERS[1]), ("--line", "b1")):
        said = latest(place, *how)
        assert said.code == 1
        [line] = [line for line in said.out.splitlines() if line.startswith(METERS[1])]
        assert line.endswith("never read")
    [one] = objects(latest(place, "--meter", METERS[1], "--json"))
    assert (one["t"], one["read_at"], one["quality"]) == (None, None, "never_read")


def test_a_named_meter_may_leave_out_leading_zeros_no_others_do(place: Path) -> None:
    keep(place, row(METERS[0], MIDNIGHT), row(METERS[1], MIDNIGHT))
    found = objects(latest(place, "--json", "--meter", METERS[1]))
    assert [one["meter"] for one in found] == [METERS[1]]
    said = latest(place, "--meter", METERS[1][1:])
    assert_one_sentence(said, "boxgate", "meter_unknown", 2)


def test_a_value_behind_many_silent_sweeps_is_still_found(place: Path) -> None:
    assert 3 * PAGE < LOOK_BACK
    silent = [
        row(METERS[1], MIDNIGHT + n * SECOND, None, Quality.NO_ANSWER) for n in range(1, 3 * PAGE)
    ]
    keep(place, row(METERS[1], MIDNIGHT), *silent)
    [one] = objects(latest(place, "--json"))
    assert one["read_at"] == MIDNIGHT


def test_an_empty_journal_ends_in_a_sentence(place: Path) -> None:
    keep(place)
    assert_one_sentence(latest(place), "boxgate", "nothing_read", 1)


def test_no_journal_ends_in_a_sentence_and_makes_none(place: Path) -> None:
    assert_one_sentence(latest(place), "boxgate", "journal_missing", 2)
    assert not (place / "state").exists()


def test_the_chinese_table_stands_in_columns(place: Path) -> None:
    keep(place, row(METERS[0], MIDNIGHT), row(METERS[1], MIDNIGHT, None, Quality.NO_ANSWER))
    said = latest(place, lang="zh_CN.UTF-8")
    assert language({"LC_ALL": "zh_CN.UTF-8"}) == "zh"
    lines = said.out.splitlines()
    assert lines[0].split() == ["电表", "表箱", "时间", "A相电压", "正向有功", "质量"]
    assert lines[-2].split()[-1] == "无应答"
    columns = [
        sum(2 if ord(c) > 0x2E7F else 1 for c in line.partition(mark)[0])
        for line, mark in ((lines[0], "质量"), (lines[-3], "正常"), (lines[-2], "无应答"))
    ]
    assert len(set(columns)) == 1


def test_a_full_single_phase_row_fits_80_columns(place: Path) -> None:
    columns: dict[str, list[int | None]] = {
        "voltage_a": [2201],
        "current_a": [12_345],
        "active_power": [23_456],
        "power_factor": [1000],
        "energy_forward": [9_999_999],
    }
    quality = [int(Quality.CLOCK_UNTRUSTED)]
    part = Part(
        slot=1, line="b1", part=0, last=True, meters=[METERS[0]], t=[MIDNIGHT], columns=columns,
        q=quality,
    )  # fmt: skip
    keep(place, part)
    for lang in ("C", "zh_CN.UTF-8"):
        for line in latest(place, lang=lang).out.splitlines():
            assert sum(2 if ord(c) > 0x2E7F else 1 for c in line) <= 80, line


def test_on_a_terminal_it_is_the_same_table(place: Path) -> None:
    keep(place, row(METERS[0], MIDNIGHT))
    ours, theirs = pty.openpty()
    argv = ("latest", str(place / "site"), "--state", str(place / "state"))
    process = subprocess.Popen(command("boxgate", *argv), env=environment(), stdout=theirs)
    os.close(theirs)
    seen = b""
    while select.select([ours], [], [], DEADLINE_S)[0]:
        try:
            seen += os.read(ours, 4096)
        except OSError:
            # the terminal's last writer has ended
            break
    os.close(ours)
    assert process.wait(DEADLINE_S) == 0
    assert seen.decode().replace("\r\n", "\n") == latest(place).out


def test_beside_a_running_agent_and_after_it(tmp_path: Path) -> None:
    folder = site(tmp_path / "site", 2)
    with meters(tmp_path, folder):
        argv = ("run", str(folder), "--ports", str(tmp_path / "ports.toml"), "--no-broker")
        state = ("--state", str(tmp_path / "state"))
        with started(tmp_path / "run", *command("boxgate", *argv, *state)) as agent:
            until(lambda: bool(parts(tmp_path / "state")), agent, "a sweep is in the journal")
            beside = latest(tmp_path, "--json")
            assert agent.poll() is None
            agent.terminate()
            assert agent.wait(DEADLINE_S) == 0
    assert beside.code == 0
    assert [one["meter"] for one in objects(beside)] == list(METERS[:2])
    after = latest(tmp_path, "--json")
    assert [one["meter"] for one in objects(after)] == list(METERS[:2])
    newer = zip(objects(after), objects(beside), strict=True)
    assert all(int(str(b["t"])) >= int(str(a["t"])) for b, a in newer)


def test_the_state_folder_of_gateway_toml_is_used(place: Path) -> None:
    keep(place, row(METERS[0], MIDNIGHT))
    config = port_map(place / "gateway.toml")
    config.write_text(f'version = 1\nstate = "{place / "state"}"\n')
    said = call("boxgate", "latest", str(place / "site"), "--config", str(config), "--json")
    assert [one["meter"] for one in objects(said)] == [METERS[0]]
