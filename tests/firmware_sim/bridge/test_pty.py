"""Lines on real ptys, read by real serial clients."""

import errno
import os
import resource
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import serial

from edge.words.messages import BoxgateError
from firmware_sim.bridge.bench import Bench, Options
from firmware_sim.bridge.pty import Pty
from firmware_sim.truth import TruthFile
from tests.firmware_sim.bridge.running import WAIT_S, running, truth_of
from tests.firmware_sim.frames import answer, read, request
from tests.firmware_sim.places import LINES, number, site


def client(folder: Path, line: str = "b1", **settings: Any) -> serial.Serial:
    """A serial port as a master opens it."""
    return serial.Serial(str(folder / line), 19200, timeout=WAIT_S, **settings)


def listen(port: serial.Serial) -> bytes:
    """One whole answer: wake-up bytes, header, as many data bytes as it says."""
    burst = b""
    while (head := port.read(1)) == b"\xfe":
        burst += head
    burst += head + port.read(9)
    burst += port.read(burst[-1] + 2)
    return bytes(burst)


def ask(port: serial.Serial, question: bytes) -> bytes:
    """Question and answer."""
    port.write(question)
    return listen(port)


def gather(fd: int, read_some: Callable[[], bytes]) -> bytes:
    """256 bytes, or what came of them before nothing more did."""
    got = b""
    while len(got) < 256 and select.select([fd], [], [], WAIT_S)[0]:
        got += read_some()
    return got


def test_a_pyserial_client_gets_its_answer(tmp_path: Path) -> None:
    with running(tmp_path), client(tmp_path) as port:
        got = answer(ask(port, read(number(1, 2), "02010100")))
    assert (got.number, got.control, got.item) == (number(1, 2), 0x91, "02010100")


def test_every_byte_value_passes_the_pty_unchanged(tmp_path: Path) -> None:
    # opened as it is, without a client's own settings: raw from the start
    pty = Pty(tmp_path / "raw")
    device = os.open(tmp_path / "raw", os.O_RDWR | os.O_NOCTTY)
    try:
        every = bytes(range(256))
        os.write(device, every)
        assert gather(pty.fd, pty.read) == every
        pty.write(every)
        assert gather(device, lambda: os.read(device, 256)) == every
        assert select.select([pty.fd, device], [], [], 0)[0] == []
    finally:
        os.close(device)
        pty.close()


def test_nothing_echoes_and_a_client_may_close_and_come_again(tmp_path: Path) -> None:
    with running(tmp_path):
        for _ in range(3):
            with client(tmp_path, exclusive=True) as port:
                assert answer(ask(port, read(number(1, 1), "02010100"))).control == 0x91


def test_two_lines_answer_at_once_each_with_its_own_meters(tmp_path: Path) -> None:
    with running(tmp_path), client(tmp_path, "b1") as one, client(tmp_path, "b2") as two:
        one.write(read(number(1, 1), "02010100"))
        two.write(read(number(2, 3), "02010100"))
        two_said, one_said = listen(two), listen(one)
    assert answer(one_said).number == number(1, 1)
    assert answer(two_said).number == number(2, 3)


def test_the_wildcard_with_several_meters_gives_no_whole_answer(tmp_path: Path) -> None:
    with running(tmp_path, ("b1",)) as bench, client(tmp_path) as port:
        port.write(request("AAAAAAAAAAAA", 0x13))
        garbled = port.read(22)
        assert len(garbled) == 22
        with pytest.raises(AssertionError):
            answer(garbled)
        assert bench.lines[0].segment.wire.collisions > 0


def test_a_dead_meter_says_nothing_and_the_line_goes_on(tmp_path: Path) -> None:
    options = Options(dead=frozenset({number(1, 1)}))
    with running(tmp_path, options=options), client(tmp_path) as port:
        port.write(read(number(1, 1), "02010100"))
        assert answer(ask(port, read(number(1, 2), "02010100"))).number == number(1, 2)


def test_wake_up_bytes_of_the_answer_are_as_set(tmp_path: Path) -> None:
    for wake in (0, 7):
        options = Options(wake=wake)
        with running(tmp_path, options=options), client(tmp_path) as port:
            assert answer(ask(port, read(number(1, 1), "02010100"))).wake == wake


def test_a_three_phase_meter_behind_a_ct_is_on_its_line(tmp_path: Path) -> None:
    with running(tmp_path), client(tmp_path, "b2") as port:
        got = answer(ask(port, read("370112900002", "0201FF00")))
    assert len(got.raw) == 6
    assert b"\xff" not in got.raw


def test_the_truth_file_holds_exactly_what_was_on_the_wire(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    truth = TruthFile(path)
    heard = []
    with running(tmp_path, truth=truth), client(tmp_path) as port:
        for item in ("02010100", "0203FF00", "0001FF00"):
            got = answer(ask(port, read(number(1, 1), item)))
            heard.append(("b1", got.number, got.item, got.raw.hex().upper()))
            # already in the file when the answer is in hand: no kill can come between
            assert len(truth_of(path)) == len(heard)
        assert answer(ask(port, read(number(1, 1), "05080101"))).control == 0xD1
        assert answer(ask(port, request(number(1, 1), 0x13))).control == 0x93
    truth.close()
    assert [(r["line"], r["meter"], r["item"], r["raw"]) for r in truth_of(path)] == heard


def test_a_truth_file_that_cannot_be_written_stops_the_meters() -> None:
    # an answer without its evidence would make every later comparison worthless
    truth = TruthFile(Path("/dev/full"))
    frame = request(number(1, 1), 0x91, bytes.fromhex("000101020122"))
    with pytest.raises(BoxgateError) as caught:
        truth.note("b1", frame, 0)
    truth.close()
    assert caught.value.key == "sim_truth_write"


def test_a_truth_file_whose_disk_takes_half_a_line_stops_the_meters(tmp_path: Path) -> None:
    truth = TruthFile(tmp_path / "truth.jsonl")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40, hard))
    try:
        with pytest.raises(BoxgateError) as caught:
            truth.note("b1", request(number(1, 1), 0x91, bytes.fromhex("000101020122")), 0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        truth.close()
    assert caught.value.key == "sim_truth_write"


@contextmanager
def forbidden(folder: Path) -> Iterator[None]:
    """A folder in which we may no longer do anything."""
    before = folder.stat().st_mode
    folder.chmod(0)
    if os.geteuid() == 0:
        # to whom nothing is forbidden
        os.seteuid(65534)
    try:
        yield
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
        folder.chmod(before)


def test_where_names_can_no_longer_be_taken_away_all_devices_go_all_the_same(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "dev"
    folder.mkdir()
    bench = Bench(site(), LINES, folder, Options())
    ends = [up.pty.fd for up in bench.lines if up.pty is not None]
    with forbidden(folder), pytest.raises(BoxgateError) as caught:
        bench.close()
    assert caught.value.key == "sim_dir"
    assert len(ends) == len(LINES)
    for fd in ends:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)


def test_a_folder_nobody_may_enter_is_one_sentence_and_costs_no_descriptor(tmp_path: Path) -> None:
    folder = tmp_path / "dev"
    folder.mkdir()
    before = len(os.listdir("/proc/self/fd"))
    with forbidden(folder), pytest.raises(BoxgateError) as caught:
        Pty(folder / "b1")
    assert caught.value.key == "sim_dir"
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_master_that_reads_nothing_loses_answers_and_they_are_counted(tmp_path: Path) -> None:
    pty = Pty(tmp_path / "full")
    try:
        for _ in range(40):
            pty.write(bytes(1024))
        assert pty.dropped > 0
    finally:
        pty.close()


def test_a_stale_name_is_replaced_and_our_own_is_taken_away(tmp_path: Path) -> None:
    link = tmp_path / "b1"
    link.symlink_to("/dev/pts/no-such")
    pty = Pty(link)
    assert link.resolve() == Path(pty.device)
    pty.close()
    assert not link.is_symlink()


def test_a_name_that_another_bench_has_taken_over_is_left_to_it(tmp_path: Path) -> None:
    first = Pty(tmp_path / "b1")
    second = Pty(tmp_path / "b1")
    first.close()
    assert (tmp_path / "b1").resolve() == Path(second.device)
    second.close()


def test_a_file_in_the_place_of_the_name_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "b1").write_text("mine")
    with pytest.raises(BoxgateError) as caught:
        Pty(tmp_path / "b1")
    assert caught.value.key == "sim_link_taken"
    assert (tmp_path / "b1").read_text() == "mine"


def test_a_line_that_cannot_come_up_takes_the_others_down_again(tmp_path: Path) -> None:
    (tmp_path / "b2").write_text("mine")
    with pytest.raises(BoxgateError):
        Bench(site(), LINES, tmp_path, Options())
    assert not (tmp_path / "b1").is_symlink()


def test_a_meter_that_cannot_be_made_leaves_no_name_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(Bench, "_meter", none)
    with pytest.raises(OSError, match="Too many open files"):
        Bench(site(), LINES, tmp_path, Options())
    assert list(tmp_path.iterdir()) == []


def test_an_independent_dlt645_client_reads_our_meter(tmp_path: Path) -> None:
    # PyPI dlt645 3.2.0: takes the address in wire order, so the digit pairs go in reversed
    from dlt645 import MeterClientService, disable_logging

    disable_logging()
    wire_order = bytes.fromhex(number(1, 1))[::-1].hex()
    path = tmp_path / "truth.jsonl"
    truth = TruthFile(path)
    with running(tmp_path, truth=truth):
        peer = MeterClientService.new_rtu_client(str(tmp_path / "b1"), 19200, 8, 1, "N", WAIT_S)
        try:
            assert peer.connect()
            assert peer.set_address(wire_order)
            voltage, energy = peer.read_02(0x02010100), peer.read_00(0x00010000)
        finally:
            peer.disconnect()
    truth.close()
    raw = {r["item"]: bytes.fromhex(r["raw"])[::-1].hex() for r in truth_of(path)}
    assert voltage is not None
    assert energy is not None
    assert voltage.value == pytest.approx(int(raw["02010100"]) / 10)
    assert energy.value == pytest.approx(int(raw["00010000"]) / 100)
