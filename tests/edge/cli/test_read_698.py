"""`boxgate read --protocol dlt698`: a real pty, a scripted meter, and what a person is told."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.cli.main import main
from edge.cli.objects import columns_of, oad_of, rows_of
from edge.words.messages import BoxgateError
from tests.edge import wire698
from tests.edge.cli.line import address_of, apdu_of, far_end, meter698
from tests.edge.cli.processes import METERS, assert_one_sentence, call, is_sentence, meters, site

A = "123456789012"
VOLTS, ENERGY = "20000201", "00100200"
HELD = {
    VOLTS: "1208 99".replace(" ", ""),
    "20000200": "01011208 99".replace(" ", ""),
    ENERGY: "010206000001F40600000064",
}
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(name, "C.UTF-8")


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Exit code, stdout and the last sentence on stderr of `boxgate read PORT …`."""

    def one(port: str, *argv: str) -> tuple[int, str, str]:
        code = main(["read", port, "--protocol", "dlt698", "--timeout", "0.2", *argv])
        said = capfd.readouterr()
        last = said.err.strip().splitlines()[-1:] or [""]
        return code, said.out, last[0].removeprefix("boxgate: ")

    return one


def objects(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_several_items_go_as_one_list_and_each_has_its_line(run: Run) -> None:
    with far_end(meter698(A, HELD)) as line:
        code, out, _ = run(line.path, "--address", A, "voltage_a", "0010", "--json")
        (asked,) = line.requests
    assert apdu_of(asked)[:2] == b"\x05\x02"
    assert apdu_of(asked)[3:] == b"\x02" + bytes.fromhex(VOLTS + ENERGY)
    volts, energy = objects(out)
    assert code == 0
    assert list(volts) == [
        "address", "item", "identifier", "name", "values", "error", "note", "reason", "elapsed_ms",
    ]  # fmt: skip
    assert (volts["address"], volts["item"], volts["identifier"]) == (A, "voltage_a", VOLTS)
    assert (volts["values"][0]["quantity"], volts["values"][0]["value"]) == ("voltage_a", 220.1)
    assert [one["value"] for one in energy["values"]] == [5.0, 1.0]


def test_one_item_is_asked_alone_and_shown(run: Run) -> None:
    with far_end(meter698(A, HELD)) as line:
        code, out, err = run(line.path, "--address", A, VOLTS)
        assert apdu_of(line.requests[0])[:2] == b"\x05\x01"
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == A
    assert out.split()[-2:] == ["220.1", "V"]


@pytest.mark.parametrize(
    ("dar", "key", "name"),
    [
        (6, "read_dar_absent", "DAR 6"),
        (3, "read_dar_denied", "DAR 3"),
        (8, "read_dar_range", "DAR 8"),
        (2, "read_dar_later", "DAR 2"),
    ],
)
def test_a_dar_has_its_name_and_what_to_do_and_the_rest_is_read(
    run: Run, dar: int, key: str, name: str
) -> None:
    with far_end(meter698(A, {**HELD, "20010200": f"dar:{dar:02X}"})) as line:
        code, out, err = run(line.path, "--address", A, "20010200", VOLTS)
    assert code == 1
    assert is_sentence(key, err)
    assert name in err
    assert "20010200" in err
    assert "220.1 V" in out


def test_a_list_refused_as_a_whole_has_each_dar_of_its_own(run: Run) -> None:
    held = {"20010200": "dar:06", "20040200": "dar:03"}
    with far_end(meter698(A, held)) as line:
        code, out, _ = run(line.path, "--address", A, "20010200", "20040200", "--json")
    assert code == 1
    assert [one["error"]["code"] for one in objects(out)] == ["06", "03"]


def test_a_service_that_the_meter_cannot_answer_is_a_refusal(run: Run) -> None:
    def script(request: bytes) -> list[bytes]:
        apdu = bytes((0xEE, apdu_of(request)[2], 1, 0, 0))
        return [wire698.frame(A, wire698.ANSWERED, apdu, 4)]

    with far_end(script) as line:
        code, _, err = run(line.path, "--address", A, VOLTS)
    assert code == 1
    assert is_sentence("read_refused", err)


def test_silence_names_what_to_check(run: Run) -> None:
    with far_end(lambda request: []) as line:
        code, out, err = run(line.path, "--address", A, VOLTS, ENERGY)
        assert len(line.requests) == 3
    assert (code, out) == (1, "")
    assert is_sentence("read_silent_698", err)


def test_another_meter_that_answers_is_named(run: Run) -> None:
    other = "000000000007"
    with far_end(meter698(other, HELD)) as line:
        code, _, err = run(line.path, "--address", A, VOLTS)
    assert code == 1
    assert is_sentence("read_stranger", err)
    assert other in err


def test_a_refusal_is_told_in_chinese(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    with far_end(meter698(A, {VOLTS: "dar:03"})) as line:
        code, out, err = run(line.path, "--address", A, VOLTS)
    assert code == 1
    assert is_sentence("read_dar_denied", err, "zh")
    assert "拒绝" in err
    assert "A相电压" in out


def test_a_wildcard_shows_the_true_address(run: Run) -> None:
    with far_end(meter698(A, HELD)) as line:
        code, out, err = run(line.path, "--address", "AAAAAAAAAAAA", VOLTS)
        assert address_of(line.requests[0]) == "AAAAAAAAAAAA"
        assert line.requests[0][4] == 0x45
    assert code == 0
    assert out.splitlines()[0] == A
    assert is_sentence("read_any", err)


def test_two_meters_that_answer_a_wildcard_one_after_the_other_are_named(run: Run) -> None:
    other = "000000000007"

    def both(request: bytes) -> list[bytes]:
        return [*meter698(A, HELD)(request), *meter698(other, HELD)(request)]

    with far_end(both) as line:
        code, _, err = run(line.path, "--address", "AAAAAAAAAAAA", VOLTS)
    assert code == 1
    assert is_sentence("read_several", err)
    assert A in err
    assert other in err


def test_two_meters_that_collide_on_a_wildcard_are_guessed(run: Run) -> None:
    def collide(request: bytes) -> list[bytes]:
        (answer,) = meter698(A, HELD)(request)
        return [answer[:12] + b"\x55\xaa" + answer[14:]]

    with far_end(collide) as line:
        code, _, err = run(line.path, "--address", "AAAAAAAAAAAA", VOLTS)
    assert code == 1
    assert is_sentence("read_garbled_any", err)


def test_rows_of_a_record_are_asked_by_number_and_by_time(run: Run) -> None:
    def record(request: bytes) -> list[bytes]:
        apdu = apdu_of(request)
        said = bytes((0x85, 3, apdu[2])) + bytes.fromhex("50040200")
        said += bytes.fromhex("02 00 20210200 00 00100200 01 01".replace(" ", ""))
        said += bytes.fromhex("1C07EA0A05000000" + "0101" + "06000001F4" + "0000")
        return [wire698.frame(A, wire698.ANSWERED, said, 4)]

    with far_end(record) as line:
        columns = ("--columns", "energy_forward")
        code, out, _ = run(line.path, "--address", A, "50040200", "--last", "3", *columns)
        assert code == 0
        since = ("--since", "2026-10-05", "--until", "2026-10-06T08:30")
        run(line.path, "--address", A, "5004", *since, *columns)
        newest, ranged = (apdu_of(request)[3:].hex().upper() for request in line.requests)
    asked_columns = "02002021020000" + "00100200"
    assert newest == "50040200" + "0903" + asked_columns
    times = "1C07EA0A05000000" + "1C07EA0A06081E00"
    assert ranged == "50040200" + "02" + "20210200" + times + "00" + asked_columns
    assert "2026-10-05 00:00:00" in out
    assert "5 kWh" in out


def test_a_record_without_rows_says_so(run: Run) -> None:
    def empty(request: bytes) -> list[bytes]:
        said = bytes((0x85, 3, apdu_of(request)[2])) + bytes.fromhex("301102000001000000")
        return [wire698.frame(A, wire698.ANSWERED, said, 4)]

    with far_end(empty) as line:
        code, out, _ = run(line.path, "--address", A, "30110200")
    assert code == 0
    assert "no rows" in out


@pytest.mark.parametrize(
    ("argv", "key"),
    [
        (("--address", A, "voltgae_a"), "read_item_near"),
        (("--address", A, "??"), "read_object"),
        (("--address", A, VOLTS, "--last", "2"), "read_no_record"),
        (("--address", A, "5004", "--until", "2026-10-05"), "read_rows"),
        (("--address", A, "5004", "--since", "2026-10-05", "--last", "2"), "read_rows"),
        (("--address", A, "5004", "--since", "yesterday"), "read_time"),
        (("--address", A, "5004", "--since", "2026-10-05T08:00Z"), "read_time"),
        (("--address", A, VOLTS, "--unit", "1"), "read_not_with"),
        ((VOLTS,), "read_needs"),
    ],
)
def test_a_mistake_is_one_sentence(argv: tuple[str, ...], key: str) -> None:
    said = call("boxgate", "read", "/dev/nowhere", "--protocol", "dlt698", *argv)
    assert_one_sentence(said, "boxgate", key, 2)


@pytest.mark.parametrize(
    ("text", "block", "oad"),
    [
        ("20000200", False, 0x20000200),
        ("0x2000-0201", False, 0x20000201),
        ("0010", False, 0x00100200),
        ("voltage_b", False, 0x20000202),
        ("Voltage_B", True, 0x20000200),
        ("voltage", False, 0x20000200),
        ("energy_forward", False, 0x00100201),
        ("energy_forward_t2", False, 0x00100203),
        ("energy_forward", True, 0x00100200),
        ("current_n", False, 0x20010400),
        ("frequency", False, 0x200F0200),
    ],
)
def test_an_object_has_many_names(text: str, block: bool, oad: int) -> None:
    assert oad_of(text, block) == oad


@pytest.mark.parametrize("text", ["", "20", "200000", "2000020000", "volt", "２０００"])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(BoxgateError):
        oad_of(text)


def test_the_time_of_a_row_is_put_in_front_where_no_time_is_named() -> None:
    assert columns_of(0x50040200, "00100200") == (0x20210200, 0x00100200)
    assert columns_of(0x30110200, "2022 0200".replace(" ", "")) == (0x201E0200, 0x20220200)
    assert columns_of(0x50040200, "00100200,20210200") == (0x00100200, 0x20210200)


def test_events_are_chosen_by_when_they_began_and_the_newest_row_without_a_word() -> None:
    assert rows_of(0x30110200, None, "2026-01-02", None).parts[0] == 0x201E0200
    assert rows_of(0x50040200, None, None, None).parts == (1,)


def test_our_own_meter_is_read_on_its_pty(tmp_path: Path, run: Run) -> None:
    place = site(tmp_path / "site", meters=1)
    table = place / "meters.csv"
    table.write_text(table.read_text().replace("dlt645,1ph-2013", "dlt698,1ph-2020"))
    with meters(tmp_path, place):
        port = str(tmp_path / "dev" / "b1")
        argv = ("--baud", "19200", "--address", METERS[0], "--json")
        code, out, _ = run(port, *argv, "voltage_a", "energy_forward", "50040200", "--last", "40")
    volts, energy, days = objects(out)
    lines = (tmp_path / "truth.jsonl").read_text().splitlines()
    raw = {one["item"]: one["raw"] for one in map(json.loads, lines)}
    assert code == 0
    assert round(volts["values"][0]["value"] * 10) == int(raw["698:20000201"][2:], 16)
    assert round(energy["values"][0]["value"] * 100) == int(raw["698:00100201"][2:], 16)
    # too long for one frame: it came in fragments
    assert sum(one["name"].endswith("freeze time") for one in days["values"]) == 40
