"""`boxgate decode`: the JSON to the letter, one line an input, and the table for eyes."""

import io
import json
import subprocess
import unicodedata
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.cli.annotate import annotated
from edge.cli.hexinput import LONGEST, parse
from edge.cli.main import main
from protocol.decode import decode
from tests.edge.cli.processes import ROOT, command, environment

ENERGY = "68 61 01 00 00 00 00 68 91 08 33 33 34 33 59 33 33 33 8A 16"
BLOCK = "FE FE 68 12 90 78 56 34 12 68 91 0A 33 32 34 35 34 55 46 55 32 32 77 16"
REFUSED = "68 12 90 78 56 34 12 68 D1 01 39 91 16"
MODBUS = "01 04 04 43 66 33 34 1B 38"


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(name, "C.UTF-8")


def decoded(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, Any]:
    """The one JSON line of one input."""
    assert main(["decode", "--json", *argv]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def piped(stdin: bytes, *argv: str) -> list[str]:
    """What a process says to these lines."""
    ended = subprocess.run(
        command("boxgate", "decode", *argv),
        cwd=ROOT,
        env=environment(),
        input=stdin,
        capture_output=True,
        timeout=20,
        check=True,
    )
    assert ended.stderr == b""
    return ended.stdout.decode().splitlines()


def columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def test_the_json_of_one_answer_is_to_the_letter(capsys: pytest.CaptureFixture[str]) -> None:
    found = decoded(capsys, ENERGY)
    assert list(found) == ["input", "frames", "reason"]
    (frame,) = found["frames"]
    keys = (
        "protocol start length direction address control function identifier name values error note"
    )
    assert list(frame) == keys.split()
    assert found["input"] == ENERGY
    assert found["reason"] is None
    assert frame["protocol"] == "dlt645-2007"
    assert (frame["start"], frame["length"]) == (0, 20)
    assert frame["direction"] == "response"
    assert (frame["address"], frame["control"]) == ("000000000161", "91")
    assert frame["identifier"] == "00010000"
    (value,) = frame["values"]
    assert list(value) == ["name", "quantity", "value", "unit"]
    assert (value["quantity"], value["value"], value["unit"]) == ("energy_forward", 0.26, "kWh")
    assert frame["error"] is None


def test_all_arguments_joined_are_one_input(capsys: pytest.CaptureFixture[str]) -> None:
    found = decoded(capsys, *ENERGY.split())
    assert found["frames"][0]["identifier"] == "00010000"
    assert found["input"] == ENERGY


def test_start_and_length_leave_the_wake_up_bytes_out(capsys: pytest.CaptureFixture[str]) -> None:
    (frame,) = decoded(capsys, BLOCK)["frames"]
    assert (frame["start"], frame["length"]) == (2, 22)
    assert [v["value"] for v in frame["values"]] == [220.1, 221.3, None]


def test_an_error_answer_has_its_code_and_text(capsys: pytest.CaptureFixture[str]) -> None:
    (frame,) = decoded(capsys, REFUSED)["frames"]
    assert list(frame["error"]) == ["code", "text"]
    assert frame["error"]["code"] == "06"
    assert "password" in frame["error"]["text"]
    assert frame["values"] == []


def test_a_wrong_checksum_is_named_with_the_right_one(capsys: pytest.CaptureFixture[str]) -> None:
    found = decoded(capsys, ENERGY.replace("8A 16", "7A 16"))
    assert found["frames"] == []
    assert "checksum: expected 8A, got 7A" in found["reason"]


def test_what_stands_beside_a_good_frame_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    found = decoded(capsys, f"11 22 33 {ENERGY}")
    assert len(found["frames"]) == 1
    assert "11 22 33" in found["reason"]


def test_every_line_of_stdin_gets_exactly_one_line() -> None:
    text = f"{ENERGY}\n\nzz\n{MODBUS}\r\n\xff\xfe\n{BLOCK}".encode("latin-1")
    lines = [json.loads(line) for line in piped(text, "--json")]
    assert [len(line["frames"]) for line in lines] == [1, 0, 0, 1, 0, 1]
    assert lines[1]["reason"] == "no bytes"
    assert "zz" in lines[2]["reason"]
    assert lines[3]["frames"][0]["protocol"] == "modbus-rtu"
    assert lines[3]["input"] == MODBUS


def test_a_line_without_end_is_refused_and_the_next_one_read() -> None:
    lines = piped(b"68 " * (LONGEST // 3 + 9) + b"\n" + ENERGY.encode() + b"\n", "--json")
    first, second = map(json.loads, lines)
    assert first["frames"] == []
    assert str(LONGEST) in first["reason"]
    assert len(second["frames"]) == 1


def test_an_empty_stdin_gives_nothing() -> None:
    assert piped(b"", "--json") == []


@pytest.mark.parametrize(
    "text",
    [
        "68610100",
        " 68 61\t01 00 ",
        "0x68 0x61 0x01 0x00",
        "0x68,0x61,0x1,0x0",
        "0x68610100",
        "0X680X610X010X00",
        "68-61-01-00",
        "68:61:01:00",
        "68h 61H 01h 00H",
        "\\x68\\x61\\x01\\x00",
        "[68, 61, 01, 00]",
        "6861 0100",
    ],
)
def test_hex_is_understood_however_it_is_pasted(text: str) -> None:
    assert parse(text) == (b"\x68\x61\x01\x00", "")


@pytest.mark.parametrize("text", ["6", "68 6", "68 G1", "0x", "６８", "68 61 x", "", "  "])
def test_what_is_no_hex_is_refused_with_a_reason(text: str) -> None:
    data, reason = parse(text)
    assert data is None
    assert reason
    assert reason.isascii()


@given(st.text(max_size=60))
def test_no_text_breaks_the_input(text: str) -> None:
    data, reason = parse(text)
    assert (data is None) == bool(reason)


@given(st.binary(min_size=1, max_size=60))
def test_bytes_written_as_hex_come_back(data: bytes) -> None:
    assert parse(data.hex(" ")) == parse(data.hex()) == parse(f"0x{data.hex()}") == (data, "")


def test_the_protocol_can_be_forced(capsys: pytest.CaptureFixture[str]) -> None:
    assert decoded(capsys, "--protocol", "dlt645-2007", MODBUS)["frames"] == []
    assert len(decoded(capsys, "--protocol", "modbus-rtu", MODBUS)["frames"]) == 1
    assert decoded(capsys, "--protocol", "modbus-rtu", REFUSED)["frames"] == []


def test_json_is_english_whatever_the_language(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    english = decoded(capsys, ENERGY)
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert decoded(capsys, ENERGY) == english


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("C.UTF-8", ["wake-up", "address", "identifier", "data -33H", "checksum", "no value"]),
        ("zh_CN.UTF-8", ["前导", "地址", "数据标识", "数据 -33H", "校验", "无数据"]),
    ],
)
def test_the_table_names_every_field_of_a_frame(
    lang: str,
    words: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LC_ALL", lang)
    assert main(["decode", BLOCK]) == 0
    out = capsys.readouterr().out
    assert [word for word in words if word not in out] == []
    assert "220.1 V" in out
    assert "123456789012" in out
    assert "01 22 13 22 FF FF" in out


def test_every_byte_of_an_input_stands_in_its_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", BLOCK]) == 0
    rows = capsys.readouterr().out.splitlines()[1:]
    shown = "".join(row[:24] for row in rows if not row.startswith("    "))
    assert bytes.fromhex(shown) == bytes.fromhex(BLOCK)


@given(st.binary(max_size=80), st.sampled_from(["en", "zh"]))
def test_no_table_is_wider_than_a_terminal(garbage: bytes, lang: str) -> None:
    data = bytes.fromhex(BLOCK) + garbage + bytes.fromhex(MODBUS)
    found, reason = decode(data, None, lang)
    assert [line for line in annotated(data, found, reason, lang) if columns(line) > 80] == []


def test_long_words_and_notes_in_chinese_fit_a_terminal() -> None:
    data = bytes.fromhex(ENERGY)
    (one,), _ = decode(data, None, "zh")
    said = msgspec.structs.replace(one, note="说明文字 " * 30, name="长名称" * 40)
    lines = annotated(data, [said], "原因 " * 60 + "长" * 90, "zh")
    assert [line for line in lines if columns(line) > 80] == []
    assert sum(line.count("长名称") for line in lines) >= 35


def test_each_line_of_stdin_is_shown_over_its_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{ENERGY}\n{MODBUS}\n"))
    assert main(["decode"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"> {ENERGY}\n")
    assert f"\n> {MODBUS}\n" in out


def test_an_unknown_protocol_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["decode", "--protocol", "profibus", ENERGY])
    assert ended.value.code == 2
    assert "profibus" in capsys.readouterr().err
