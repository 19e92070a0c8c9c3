"""`boxgate read`: a real pty, a scripted meter, and what a person is told of it."""

import json
import os
import pty
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge.cli.main import main
from edge.cli.naming import identifier_of
from edge.words.messages import BoxgateError
from tests.edge.cli.processes import METERS, assert_one_sentence, call, is_sentence, meters, site
from tests.edge.shells.peer import Peer, Script, address_of
from tests.edge.wire645 import answer, frame, volts

A = "123456789012"


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(name, "C.UTF-8")


@contextmanager
def meter(script: Script) -> Iterator[Peer]:
    peer = Peer(script)
    try:
        yield peer
    finally:
        peer.close()


def item_of(request: bytes) -> str:
    return bytes((byte - 0x33) & 0xFF for byte in request[10:14])[::-1].hex().upper()


def holds(items: dict[str, bytes]) -> Script:
    """A meter of any address with these items, every other one refused."""

    def script(request: bytes) -> list[tuple[float, bytes]]:
        address = A if address_of(request).startswith("aa") else address_of(request)
        item = item_of(request)
        if item in items:
            return [(0, answer(address, item, items[item]))]
        return [(0, frame(address, 0xD1, b"\x02"))]

    return script


VOLTS = {"02010100": volts(2201), "0201FF00": volts(2201) + b"\xff" * 4}
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Exit code, stdout and the sentence on stderr of `boxgate read PORT …`."""

    def one(port: str, *argv: str) -> tuple[int, str, str]:
        code = main(["read", port, "--baud", "9600", "--timeout", "0.2", *argv])
        said = capfd.readouterr()
        return code, said.out, said.err.strip().removeprefix("boxgate: ")

    return one


def objects(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_a_quantity_and_a_block_are_read_and_shown(run: Run) -> None:
    with meter(holds(VOLTS)) as peer:
        code, out, err = run(peer.path, "--address", A, "voltage_a", "0201FF00")
        assert (code, err) == (0, "")
        assert [item_of(r) for r in peer.requests] == ["02010100", "0201FF00"]
    lines = out.splitlines()
    assert lines[0] == A
    assert "02010100 voltage phase A" in lines[1]
    assert lines[2].split()[-2:] == ["220.1", "V"]
    assert out.count("no value") == 2


def test_json_is_one_line_an_item(run: Run) -> None:
    with meter(holds(VOLTS)) as peer:
        code, out, _ = run(peer.path, "--address", A, "voltage_a", "voltage", "--json")
    assert code == 0
    single, block = objects(out)
    assert list(single) == [
        "address", "item", "identifier", "name", "values", "error", "note", "reason", "elapsed_ms",
    ]  # fmt: skip
    assert (single["address"], single["identifier"]) == (A, "02010100")
    assert single["values"][0]["quantity"] == "voltage_a"
    assert (block["item"], block["identifier"]) == ("voltage", "0201FF00")
    assert [field["value"] for field in block["values"]] == [220.1, None, None]


def test_block_reads_the_block_a_quantity_stands_in(run: Run) -> None:
    with meter(holds(VOLTS)) as peer:
        assert run(peer.path, "--address", A, "voltage_a", "--block")[0] == 0
        assert [item_of(r) for r in peer.requests] == ["0201FF00"]


@pytest.mark.parametrize(
    ("argv", "asked"),
    [
        (("06000002",), "06000002 01"),
        (("06010000", "--last", "12"), "06010000 0C"),
        # minute, hour, day, month, year: low byte first
        (("06010001", "--since", "2026-10-05T08:30"), "06010001 01 3008051026"),
        (("06000002", "--since", "2026-10-05", "--last", "3"), "06000001 03 0000051026"),
    ],
)
def test_load_records_are_asked_by_number_and_time(
    run: Run, argv: tuple[str, ...], asked: str
) -> None:
    with meter(holds({})) as peer:
        run(peer.path, "--address", A, *argv)
        data = bytes((byte - 0x33) & 0xFF for byte in peer.requests[0][10:-2])
    identifier, *extra = asked.split()
    assert data == bytes.fromhex(identifier)[::-1] + b"".join(map(bytes.fromhex, extra))


def test_load_records_are_shown_with_their_times_beside_a_plain_item(run: Run) -> None:
    record = bytes.fromhex("1508231126") + volts(2201) * 3 + bytes(9) + b"\x99\x49" + b"\xaa" * 6
    block = b"\xa0\xa0" + bytes([len(record)]) + record
    block += bytes([sum(block) & 0xFF, 0xE5])
    with meter(holds({"06010002": block * 2, **VOLTS})) as peer:
        code, out, err = run(peer.path, "--address", A, "06010002", "02010100", "--last", "2")
    assert (code, err) == (0, "")
    assert "record 2: time" in out
    assert out.count("2026-11-23 08:15") == 2
    assert out.count("220.1 V") == 7


def test_wake_up_bytes_are_as_many_as_wanted() -> None:
    fd, device = pty.openpty()
    tty.setraw(device)
    path = os.ttyname(device)
    assert main(["read", path, "--address", A, "voltage_a", "--timeout", "0.05", "--wake", "7"])
    sent = os.read(fd, 4096)
    os.close(fd)
    os.close(device)
    asked = frame(A, 0x11, bytes.fromhex("02010100")[::-1], 7)
    assert sent == asked * 3


def test_a_silent_meter_is_asked_three_times_and_named(run: Run) -> None:
    with meter(lambda request: []) as peer:
        code, out, err = run(peer.path, "--address", A, "voltage_a", "0201FF00")
        assert [item_of(r) for r in peer.requests] == ["02010100"] * 3
    assert (code, out) == (1, "")
    assert is_sentence("read_silent", err)
    assert A in err
    assert peer.path in err


def test_one_lost_answer_is_asked_for_again(run: Run) -> None:
    lost = [1]

    def script(request: bytes) -> list[tuple[float, bytes]]:
        return [] if lost and lost.pop() else holds(VOLTS)(request)

    with meter(script) as peer:
        assert run(peer.path, "--address", A, "voltage_a")[0] == 0
        assert len(peer.requests) == 2


def test_bytes_without_a_frame_are_told_from_silence(run: Run) -> None:
    with meter(lambda request: [(0, b"\x12\x34\x56")]) as peer:
        code, _, err = run(peer.path, "--address", A, "voltage_a")
    assert code == 1
    assert is_sentence("read_garbled", err)


def test_what_a_meter_refuses_is_named_and_the_rest_is_read(run: Run) -> None:
    with meter(holds(VOLTS)) as peer:
        code, out, err = run(peer.path, "--address", A, "02FF0000", "voltage_a")
    assert code == 1
    assert is_sentence("read_refused", err)
    assert "no requested data" in err
    assert "220.1 V" in out


def test_a_refusal_stands_in_the_json_as_well(run: Run) -> None:
    with meter(holds(VOLTS)) as peer:
        code, out, _ = run(peer.path, "--address", A, "02FF0000", "--json")
    (one,) = objects(out)
    assert code == 1
    assert one["error"]["code"] == "02"
    assert one["values"] == []


def test_silence_stands_in_the_json_as_its_reason(run: Run) -> None:
    with meter(lambda request: []) as peer:
        code, out, _ = run(peer.path, "--address", A, "voltage_a", "0201FF00", "--json")
    assert code == 1
    assert [one["reason"] for one in objects(out)] == ["silent", "silent"]


def test_a_wildcard_warns_and_shows_the_true_address(run: Run) -> None:
    with meter(holds(VOLTS)) as peer:
        code, out, err = run(peer.path, "--address", "aaaaaaaaaaaa", "voltage_a")
    assert code == 0
    assert out.splitlines()[0] == A
    assert is_sentence("read_any", err)


def test_an_item_of_no_table_is_read_and_shown_as_sent(run: Run) -> None:
    with meter(holds({"02FE0100": b"\x01\x02\x03"})) as peer:
        code, out, _ = run(peer.path, "--address", A, "02FE0100")
    assert code == 0
    assert "01 02 03" in out


def test_a_short_address_is_filled_with_zeros(run: Run) -> None:
    with meter(holds(VOLTS)) as peer:
        assert run(peer.path, "--address", "12", "voltage_a")[0] == 0
        assert address_of(peer.requests[0]) == "000000000012"


def test_an_adapter_that_is_pulled_out_is_one_sentence_and_3(
    capfd: pytest.CaptureFixture[str],
) -> None:
    fd, device = pty.openpty()
    tty.setraw(device)
    path = os.ttyname(device)

    def pull_out() -> None:
        os.read(fd, 100)
        os.close(device)
        os.close(fd)

    puller = threading.Thread(target=pull_out)
    puller.start()
    code = main(["read", path, "--address", A, "voltage_a", "--timeout", "5"])
    puller.join(20)
    assert code == 3
    err = capfd.readouterr().err.strip().removeprefix("boxgate: ")
    assert is_sentence("tool_port_lost", err)
    assert path in err


@pytest.mark.parametrize(
    ("argv", "key", "code"),
    [
        (("/dev/nowhere", "--address", A, "voltage_a"), "tool_port_absent", 3),
        (("/etc/passwd", "--address", A, "voltage_a"), "tool_port_kind", 3),
        (("/dev/nowhere", "--address", "12345678901Z", "voltage_a"), "read_address", 2),
        (("/dev/nowhere", "--address", "1234567890123", "voltage_a"), "read_address", 2),
        (("/dev/nowhere", "--address", A, "voltgae_a"), "read_item_near", 2),
        (("/dev/nowhere", "--address", A, "??"), "read_item", 2),
        (("/dev/nowhere", "voltage_a"), "read_needs", 2),
        (("/dev/nowhere", "--address", A, "voltage_a", "--last", "2"), "read_no_load", 2),
        (("/dev/nowhere", "--address", A, "0201FF00", "--since", "2026-10-05"), "read_no_load", 2),
        (("/dev/nowhere", "--address", A, "06000001"), "read_load_since", 2),
        (("/dev/nowhere", "--address", A, "06000002", "--since", "soon"), "read_time", 2),
        (("/dev/nowhere", "--address", A, "06000002", "--until", "2026-10-05"), "read_not_with", 2),
    ],
)
def test_a_mistake_is_one_sentence(argv: tuple[str, ...], key: str, code: int) -> None:
    assert_one_sentence(call("boxgate", "read", *argv), "boxgate", key, code)


def test_our_own_meters_are_read_on_their_pty(tmp_path: Path, run: Run) -> None:
    place = site(tmp_path / "site", meters=1)
    with meters(tmp_path, place):
        port = str(tmp_path / "dev" / "b1")
        code, out, _ = run(port, "--address", METERS[0], "voltage_a", "00010000", "--json")
    raw = [json.loads(line)["raw"] for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    assert code == 0
    values = [one["values"][0]["value"] for one in objects(out)]
    digits = [int(bytes.fromhex(one)[::-1].hex()) for one in raw]
    assert [round(values[0] * 10), round(values[1] * 100)] == digits


@pytest.mark.parametrize(
    ("text", "block", "identifier"),
    [
        ("0201FF00", False, 0x0201FF00),
        ("0x0201ff00", False, 0x0201FF00),
        ("02-01-FF-00", False, 0x0201FF00),
        ("voltage_b", False, 0x02010200),
        ("Voltage_B", False, 0x02010200),
        ("voltage", False, 0x0201FF00),
        ("voltage_b", True, 0x0201FF00),
        ("active_power", False, 0x02030000),
        ("active_power", True, 0x0203FF00),
        ("energy_forward_t2", False, 0x00010200),
        ("frequency", True, 0x02800002),
    ],
)
def test_an_item_has_many_names(text: str, block: bool, identifier: int) -> None:
    assert identifier_of(text, block) == identifier


@pytest.mark.parametrize("text", ["", "0201FF", "0201FF0000", "volt", "０２０１０１００"])
def test_what_is_no_item_is_refused(text: str) -> None:
    with pytest.raises(BoxgateError):
        identifier_of(text)
