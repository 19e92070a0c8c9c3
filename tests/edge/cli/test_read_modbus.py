"""`boxgate read --protocol modbus`: a real pty, a scripted unit, and what a person is told."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from edge.cli.main import main
from protocol.modbus.table import Block, blocks, marks
from tests.edge.cli.line import Script, far_end
from tests.edge.cli.processes import assert_one_sentence, call, is_sentence
from tests.edge.wire_modbus import frame

UNIT = 3
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(name, "C.UTF-8")


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Exit code, stdout and the sentence on stderr of `boxgate read PORT …`."""

    def one(port: str, *argv: str) -> tuple[int, str, str]:
        fixed = ["--protocol", "modbus", "--unit", str(UNIT), "--timeout", "0.2"]
        code = main(["read", port, *fixed, *argv])
        said = capfd.readouterr()
        return code, said.out, said.err.strip().removeprefix("boxgate: ")

    return one


def objects(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def content(block: Block) -> bytes:
    """The examples of a block's rows, each in its place."""
    data = bytearray(block.content_bytes)
    for field in block.fields:
        at = 2 * (field.register - block.start)
        data[at : at + len(field.example)] = field.example
    return bytes(data)


def holds(registers: bytes) -> Script:
    """A unit that answers reads of registers with these, the first ones asked."""

    def script(request: bytes) -> list[bytes]:
        size = 2 * int.from_bytes(request[4:6], "big")
        data = registers[:size].ljust(size, b"\0")
        return [frame(request[0], request[1], bytes((size,)) + data)]

    return script


def test_registers_by_number_stand_under_their_addresses(run: Run) -> None:
    with far_end(holds(bytes.fromhex("000100FFFFFF"))) as line:
        code, out, err = run(line.path, "03:0010:0003")
        assert line.requests == [frame(UNIT, 3, bytes.fromhex("00100003"))]
    assert (code, err) == (0, "")
    lines = [row.split() for row in out.splitlines()]
    assert lines[0] == [str(UNIT)]
    assert lines[2:] == [
        ["register", "0010", "1"],
        ["register", "0011", "255"],
        ["register", "0012", "65535"],
    ]


def test_coils_by_number_are_yes_or_no(run: Run) -> None:
    with far_end(lambda request: [frame(UNIT, 1, b"\x01\x05")]) as line:
        code, out, _ = run(line.path, "01:0000:0003", "--json")
    assert code == 0
    assert [one["value"] for one in objects(out)[0]["values"]] == [True, False, True]


def test_quantities_of_one_block_are_one_question_and_each_has_its_line(run: Run) -> None:
    (block,) = blocks("sdm630")
    with far_end(holds(content(block))) as line:
        argv = ("--map", "sdm630", "voltage_a", "energy_forward", "current", "--json")
        code, out, _ = run(line.path, *argv)
        assert len(line.requests) == 1
    volts, energy, current = objects(out)
    assert code == 0
    assert (volts["address"], volts["item"], volts["identifier"]) == ("3", "voltage_a", block.text)
    assert [(one["quantity"], one["value"]) for one in volts["values"]] == [("voltage_a", 230.2)]
    assert energy["values"][0]["value"] == 12345.68
    assert [one["value"] for one in current["values"]] == [5.062, 12.346, 0.0]


def test_the_name_of_a_map_is_all_of_it(run: Run) -> None:
    (block,) = blocks("sdm630")
    with far_end(holds(content(block))) as line:
        code, out, _ = run(line.path, "sdm630", "--json")
    (one,) = objects(out)
    assert code == 0
    assert [field["quantity"] for field in one["values"]] == [q.name for q in block.quantities]
    missing = next(field for field in one["values"] if field["quantity"] == "voltage_c")
    assert missing["value"] is None


def test_a_doubtful_map_says_so(run: Run) -> None:
    doubtful = next(name for name, mark in marks().items() if mark)
    with far_end(holds(b"")) as line:
        _, out, _ = run(line.path, doubtful)
    assert "check it against the device's manual" in out


def test_an_exception_is_named_and_what_to_do(run: Run) -> None:
    with far_end(lambda request: [frame(UNIT, 0x84, b"\x02")]) as line:
        code, out, err = run(line.path, "04:1000:0002")
    assert code == 1
    assert is_sentence("read_exception", err)
    assert "illegal data address" in err
    assert "02 illegal data address" in out


def test_a_unit_of_another_map_is_refused_by_its_version(run: Run) -> None:
    with far_end(holds(b"\x00\x09")) as line:
        code, _, err = run(line.path, "tmu-1")
    assert code == 1
    assert is_sentence("read_foreign", err)


def test_silence_names_unit_and_parity(run: Run) -> None:
    with far_end(lambda request: []) as line:
        code, _, err = run(line.path, "04:0000:0001")
        assert len(line.requests) == 3
    assert code == 1
    assert is_sentence("read_silent_unit", err)
    assert f"Unit {UNIT} " in err


@pytest.mark.parametrize(
    ("argv", "key"),
    [
        (("voltage_a",), "read_register"),
        (("05:0000:0001",), "read_register"),
        (("04:0000:0000",), "read_count"),
        (("04:FFFF:0002",), "read_count"),
        (("voltage_a", "--map", "nothing"), "read_map"),
        (("voltgae_a", "--map", "sdm630"), "read_map_near"),
        (("??", "--map", "sdm630"), "read_map_item"),
        (("04:0000:0001", "--address", "1"), "read_not_with"),
        (("04:0000:0001", "--last", "1"), "read_not_with"),
    ],
)
def test_a_mistake_is_one_sentence(argv: tuple[str, ...], key: str) -> None:
    fixed = ("--protocol", "modbus", "--unit", "1")
    said = call("boxgate", "read", "/dev/nowhere", *fixed, *argv)
    assert_one_sentence(said, "boxgate", key, 2)


def test_a_unit_must_be_named_and_be_one() -> None:
    said = call("boxgate", "read", "/dev/nowhere", "--protocol", "modbus", "04:0:1")
    assert_one_sentence(said, "boxgate", "read_needs", 2)
    said = call("boxgate", "read", "/dev/nowhere", "--protocol", "modbus", "--unit", "0", "04:0:1")
    assert_one_sentence(said, "boxgate", "usage", 2)
