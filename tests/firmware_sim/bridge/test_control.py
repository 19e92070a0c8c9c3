"""Faults while the bench runs: a line's device goes and comes back, a meter dies and lives."""

import itertools
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from types import SimpleNamespace

import pytest
import serial

from edge.words.messages import BoxgateError
from firmware_sim.bridge.bench import Bench, Options
from firmware_sim.bridge.control import Control
from firmware_sim.clock import NEVER
from firmware_sim.truth import TruthFile
from firmware_sim.world.drift import drift_of
from protocol.dlt698 import requests as ask698
from protocol.dlt698.get import GetRecord
from protocol.exchange import Done
from tests.firmware_sim import modbus
from tests.firmware_sim.bridge.running import BAUD, WAIT_S, running, truth_of, until
from tests.firmware_sim.bridge.test_meter698_on_pty import HOUSE, SITE, WORLD, Line, rows
from tests.firmware_sim.bridge.test_pty import ask
from tests.firmware_sim.frames import answer, digits, read, request
from tests.firmware_sim.held import EPOCH
from tests.firmware_sim.places import LINES, number, site

FIRST, SECOND = number(1, 1), number(1, 2)


@dataclass
class Desk:
    """A pipe for commands and what was answered."""

    input: int
    output: int
    told: list[str] = field(default_factory=list)

    def control(self, bench: Bench) -> Control:
        """The other end, for the bench."""
        return Control(self.output, bench, self.told.append)

    def say(self, *commands: str) -> list[str]:
        """Give commands; their answers."""
        before = len(self.told)
        os.write(self.input, "".join(f"{one}\n" for one in commands).encode())
        until(lambda: len(self.told) >= before + len(commands))
        return self.told[before:]


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A control pipe."""
    output, given = os.pipe()
    yield Desk(given, output)
    os.close(given)
    os.close(output)


def client(folder: Path, line: str = "b1", timeout: float = WAIT_S) -> serial.Serial:
    """A serial port as a master opens it."""
    return serial.Serial(str(folder / line), BAUD, timeout=timeout)


def test_a_broken_line_hangs_up_and_the_mended_one_answers_by_its_old_name(
    tmp_path: Path, desk: Desk
) -> None:
    with running(tmp_path, control=desk.control):
        with client(tmp_path) as port:
            assert answer(ask(port, read(FIRST, "02010100"))).number == FIRST
            assert desk.say("break line b1") == ["ok break line b1"]
            assert not (tmp_path / "b1").is_symlink()
            with pytest.raises((serial.SerialException, OSError)):
                ask(port, read(FIRST, "02010100"))
        with client(tmp_path, "b2") as other:
            assert answer(ask(other, read(number(2, 1), "02010100"))).number == number(2, 1)
        assert desk.say("mend line b1") == ["ok mend line b1"]
        with client(tmp_path) as port:
            assert answer(ask(port, read(SECOND, "02010100"))).number == SECOND


def test_what_was_said_on_a_broken_line_is_not_true(tmp_path: Path, desk: Desk) -> None:
    path = tmp_path / "truth.jsonl"
    truth = TruthFile(path)
    options = Options(delay_ms=300)
    with running(tmp_path, ("b1",), truth, options, desk.control) as bench:
        with client(tmp_path) as port:
            port.write(read(FIRST, "02010100"))
            until(lambda: bench.lines[0].segment._said > 0)
            desk.say("break line b1")
            until(lambda: bench.clock.next_at() == NEVER)
            assert bench.lines[0].segment.answer_end > 0
        desk.say("mend line b1")
        with client(tmp_path) as port:
            ask(port, read(SECOND, "02010100"))
    truth.close()
    assert [record["meter"] for record in truth_of(path)] == [SECOND]


def test_a_broken_meter_is_silent_until_it_is_mended(tmp_path: Path, desk: Desk) -> None:
    with running(tmp_path, control=desk.control) as bench, client(tmp_path) as port:
        assert desk.say(f"break meter {FIRST}") == [f"ok break meter {FIRST}"]
        port.write(read(FIRST, "02010100"))
        assert answer(ask(port, read(SECOND, "02010100"))).number == SECOND
        assert (bench.lines[0].meters, bench.lines[0].silent) == (2, 1)
        desk.say(f"mend meter {FIRST}")
        assert answer(ask(port, read(FIRST, "02010100"))).number == FIRST


def test_a_meter_dead_from_the_start_can_be_mended(tmp_path: Path, desk: Desk) -> None:
    options = Options(dead=frozenset({FIRST}))
    with running(tmp_path, control=desk.control, options=options), client(tmp_path) as port:
        desk.say(f"mend meter {FIRST}")
        assert answer(ask(port, read(FIRST, "02010100"))).number == FIRST


def test_what_a_meter_was_set_to_outlives_its_power(tmp_path: Path, desk: Desk) -> None:
    order = bytes.fromhex("03010004") + b"\x02\0\0\0" + b"\x78\x56\x34\x12" + b"\x30"
    with running(tmp_path, control=desk.control), client(tmp_path) as port:
        assert answer(ask(port, request(FIRST, 0x14, order))).control == 0x94
        desk.say(f"break meter {FIRST}", f"mend meter {FIRST}")
        assert digits(answer(ask(port, read(FIRST, "04000103"))).raw) == "30"
        assert digits(answer(ask(port, read(SECOND, "04000103"))).raw) == "15"


def power_offs(port: serial.Serial, meter: str) -> tuple[int, list[tuple[str, str]]]:
    """How often a 645 meter says its power was off, and (start, end) of the two newest."""
    count = int(digits(answer(ask(port, read(meter, "03110000"))).raw))
    found = [digits(answer(ask(port, read(meter, f"031100{n:02X}"))).raw) for n in (1, 2)]
    # digits come highest first: end, start
    return count, [(one[12:], one[:12]) for one in found]


def clock_of(port: serial.Serial, meter: str) -> str:
    """Date and time a 645 meter shows, as its records have it."""
    shown = digits(answer(ask(port, read(meter, "0400010C"))).raw)
    # YY MM DD, weekday, hh mm ss
    return shown[:6] + shown[8:]


def test_a_meters_power_off_stands_in_its_record_by_its_own_clock(
    tmp_path: Path, desk: Desk
) -> None:
    with running(tmp_path, control=desk.control), client(tmp_path) as port:
        before, drawn = power_offs(port, FIRST)
        others = power_offs(port, SECOND)
        first = clock_of(port, FIRST)
        desk.say(f"break meter {FIRST}")
        mark = clock_of(port, SECOND)
        until(lambda: clock_of(port, SECOND) != mark)
        desk.say(f"mend meter {FIRST}")
        count, ((start, end), older) = power_offs(port, FIRST)
        assert count == before + 1
        assert first <= start <= end
        # it begins with the first whole second without power, which may be the one to come
        until(lambda: clock_of(port, FIRST) >= end)
        assert older == drawn[0]
        assert power_offs(port, SECOND) == others


def test_a_power_off_is_stamped_by_a_clock_that_was_set(tmp_path: Path, desk: Desk) -> None:
    told = bytes.fromhex("01010004") + b"\4\0\0\0" + b"\x78\x56\x34\x12" + b"\x01\x05\x02\x35"
    with running(tmp_path, control=desk.control), client(tmp_path) as port:
        assert answer(ask(port, request(FIRST, 0x14, told))).control == 0x94
        first = clock_of(port, FIRST)
        assert first >= "350205"
        desk.say(f"break meter {FIRST}", f"mend meter {FIRST}")
        _, ((start, end), (drawn, _)) = power_offs(port, FIRST)
        assert first <= start <= end
        until(lambda: clock_of(port, FIRST) >= end)
        assert drawn < "35"


def test_a_record_of_a_power_off_outlives_the_next_one(tmp_path: Path, desk: Desk) -> None:
    with running(tmp_path, control=desk.control), client(tmp_path) as port:
        before, _ = power_offs(port, FIRST)
        desk.say(f"break meter {FIRST}", f"mend meter {FIRST}")
        _, (once, _) = power_offs(port, FIRST)
        desk.say(f"break meter {FIRST}", f"break meter {FIRST}", f"mend meter {FIRST}")
        desk.say(f"mend meter {FIRST}")
        count, (_, older) = power_offs(port, FIRST)
        assert (count, older) == (before + 2, once)


def test_a_meter_dead_from_the_start_was_off_since_then(tmp_path: Path, desk: Desk) -> None:
    options = Options(dead=frozenset({FIRST}), drift_ppm=0.0)
    with running(tmp_path, control=desk.control, options=options) as bench:
        began = bench._world.local(bench._began_ms + 999)
        year, month, day, _, hour, minute, second = began[:7]
        expected = f"{year % 100:02d}{month:02d}{day:02d}{hour:02d}{minute:02d}{second:02d}"
        with client(tmp_path) as port:
            until(lambda: clock_of(port, SECOND) > expected)
            desk.say(f"mend meter {FIRST}")
            _, ((start, _), _) = power_offs(port, FIRST)
    assert start == expected


def test_a_698_meter_has_its_power_off_in_object_3011(tmp_path: Path, desk: Desk) -> None:
    columns = (0x20220200, 0x201E0200, 0x20200200)
    found = []
    with running(tmp_path, control=desk.control, place=SITE) as bench:
        line = Line(tmp_path, "b1")
        for _ in range(2):
            asked = GetRecord(HOUSE, 0x30110200, ask698.newest(2), columns)
            assert line.run(asked) == Done(())
            found.append(rows(asked))
            desk.say(f"break meter {HOUSE}", f"mend meter {HOUSE}")
        line.port.close()
        began = bench._began_ms
    (before, _), (new, older) = found
    assert (new[0], older) == (before[0] + 1, before)
    off_ms = (new[1] - EPOCH).total_seconds() * 1000 - WORLD.utc_offset_ms
    off_ms += EPOCH.replace(tzinfo=UTC).timestamp() * 1000
    drift = drift_of(WORLD.seed, HOUSE)
    assert drift.shown(began) <= off_ms <= drift.shown(began) + 1000 * WAIT_S * 2
    assert new[2] >= new[1]


def test_every_clock_runs_as_fast_as_the_bench_is_told(tmp_path: Path) -> None:
    with running(tmp_path, options=Options(drift_ppm=1000.0)), client(tmp_path) as port:
        told = [clock_of(port, one) for one in (FIRST, SECOND)]
    # each was last set at an instant of its own, months ago
    assert told[0][:10] != told[1][:10]


def test_a_tmu_that_comes_back_has_kept_what_it_was_set_to(tmp_path: Path, desk: Desk) -> None:
    with running(tmp_path, control=desk.control), client(tmp_path, "b2") as port:
        port.write(modbus.write(3, 700))
        assert port.read(8) == modbus.write(3, 700)
        desk.say("break meter tmu1", "mend meter tmu1")
        port.write(modbus.read(3, 1, function=3))
        assert modbus.words(port.read(7)) == [700]


def test_saying_it_twice_is_harmless(tmp_path: Path, desk: Desk) -> None:
    with running(tmp_path, control=desk.control):
        words = ("break line b1", "break line b1", "mend line b1", "mend line b1")
        assert desk.say(*words) == [f"ok {one}" for one in words]
        words = (f"break meter {FIRST}",) * 2 + (f"mend meter {FIRST}",) * 2
        assert desk.say(*words) == [f"ok {one}" for one in words]
        with client(tmp_path) as port:
            assert answer(ask(port, read(FIRST, "02010100"))).number == FIRST


def test_whatever_else_is_said_is_an_error_and_the_bench_goes_on(
    tmp_path: Path, desk: Desk
) -> None:
    with running(tmp_path, control=desk.control):
        wrong = ("break", "mend line", "shut line b1", "break line b1 b2", "break bus b1", "\0ÿ")
        unknown = ("break line b9", "mend meter 000000000000", "break meter " + "9" * 4000)
        for told in desk.say(*wrong, *unknown):
            assert told.startswith("error ")
        (tmp_path / "b1").unlink()
        desk.say("break line b1")
        (tmp_path / "b1").write_text("mine")
        assert desk.say("mend line b1")[0].startswith("error ")
        (tmp_path / "b1").unlink()
        assert desk.say("mend line b1") == ["ok mend line b1"]


class Nothing:
    """Something that cannot be broken; notes what was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def _note(self, name: str) -> None:
        self.asked.append(name)
        if name == "bad":
            raise BoxgateError("sim_control_device", device=name)

    break_line = mend_line = break_device = mend_device = _note


def feed(*pieces: bytes) -> tuple[list[str], list[str], Callable[[], int | None]]:
    """What was done and told when these bytes came, then the end."""
    nothing, told = Nothing(), list[str]()
    output, given = os.pipe()
    control = Control(output, nothing, told.append)
    for piece in pieces:
        os.write(given, piece)
        control.read()
    os.close(given)
    control.read()
    os.close(output)
    return nothing.asked, told, lambda: control.fd


def test_a_command_may_come_in_pieces_and_several_at_once() -> None:
    asked, told, _ = feed(b"break li", b"ne b1\nmend line b1\n\n  break  meter\tx \n")
    assert asked == ["b1", "b1", "x"]
    assert told == ["ok break line b1", "ok mend line b1", "ok break meter x"]


def test_a_command_whose_end_never_came_is_refused_and_not_obeyed() -> None:
    asked, told, _ = feed(b"mend line b1\nbreak line b1")
    assert asked == ["b1"]
    assert [text.split()[0] for text in told] == ["ok", "error"]
    assert "break line b1" in told[-1]


def test_the_end_of_the_input_ends_the_commands_only() -> None:
    _, told, fd = feed()
    assert (told, fd()) == ([], None)


def test_an_endless_line_is_bounded_and_refused_whole() -> None:
    asked, told, _ = feed(b"break line " + b"x" * 3000, b"y" * 3000, b" \nbreak line b1\n")
    assert asked == ["b1"]
    assert [text.split()[0] for text in told] == ["error", "ok"]


def test_a_command_is_done_at_the_instant_it_comes(
    tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    instants = itertools.count(10**12, 400_000_000)
    passing = SimpleNamespace(monotonic_ns=lambda: next(instants), time_ns=time.time_ns)
    monkeypatch.setattr("firmware_sim.bridge.bench.time", passing)
    bench = Bench(site(baud=BAUD), LINES, tmp_path, Options())
    try:
        os.write(desk.input, f"break meter {FIRST}\n".encode())
        rounds = iter((True, False))
        bench.serve(lambda: next(rounds), None, desk.control(bench))
        # a look at the clock since: the one that is the next
        assert bench.clock.now == next(instants) - 400_000_000
        assert bench._off[FIRST][0] == bench.wall_ms()
    finally:
        bench.close()
