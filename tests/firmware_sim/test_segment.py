"""The line in virtual time: pacing, collisions, and that looking first changes nothing."""

from collections.abc import Sequence

from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware_sim.clock import Clock
from firmware_sim.frames import single_frame
from firmware_sim.hal.loader import meter645, tmu
from firmware_sim.segment import TICK_MASK, Segment
from firmware_sim.wire import Wire
from tests.firmware_sim import modbus
from tests.firmware_sim.firmware.bench645 import RTC, registers
from tests.firmware_sim.firmware.bench_tmu import sensors
from tests.firmware_sim.frames import answer, read, request

MS = 1_000_000
BAUD = 9600
CHAR = 11_000_000_000 // BAUD
NUMBERS = [f"3701121{n:05d}" for n in range(1, 6)]


class Master:
    """What the master heard: (end, bytes)."""

    def __init__(
        self, numbers: Sequence[str] = NUMBERS, lazy: bool = True, units: Sequence[int] = ()
    ) -> None:
        self.clock = Clock(1_000 * MS)
        self.heard: list[tuple[int, bytes]] = []
        self.segment = Segment(
            self.clock, BAUD, [self._meter(n) for n in numbers], self._hear, lazy
        )
        for unit in units:
            self.segment.add_unit(self._unit(unit))

    def _hear(self, talker: object, data: bytes, end: int) -> None:
        self.heard.append((end, data))

    @staticmethod
    def _meter(number: str):  # type: ignore[no-untyped-def]
        def snapshot(buf: bytearray) -> None:
            buf[:] = registers()

        wire = bytes.fromhex(number)[::-1]
        return wire, meter645()(wire, 1, snapshot, lambda: RTC, CHAR // 1000)

    def _unit(self, unit: int):  # type: ignore[no-untyped-def]
        def snapshot(buf: bytearray) -> None:
            buf[:] = sensors(unit=unit)

        return tmu()(snapshot, self.clock.now // 1000 & TICK_MASK)

    def say(self, data: bytes, pause: int = 0) -> int:
        """The master's bytes arrive after a pause; when."""
        self.clock.run_until(self.clock.now + pause)
        self.segment.from_master(data, self.clock.now)
        return self.clock.now


def test_an_answer_is_heard_whole_when_its_last_character_has_ended() -> None:
    master = Master()
    question = read(NUMBERS[0], "02010100")
    at = master.say(question)
    master.clock.run_until(at + 1000 * MS)
    [(end, data)] = master.heard
    assert answer(data).number == NUMBERS[0]
    ideal = at + len(question) * CHAR + 20 * MS + len(data) * CHAR
    # the firmware counts microseconds
    assert abs(end - ideal) <= 1000


def test_bytes_that_come_faster_than_the_wire_wait_their_turn() -> None:
    master = Master()
    question = read(NUMBERS[0], "02010100")
    at = master.say(question[:10])
    master.say(question[10:], pause=1 * MS)
    master.clock.run_until(at + 1000 * MS)
    [(end, data)] = master.heard
    assert abs(end - (at + (len(question) + len(data)) * CHAR + 20 * MS)) <= 1000


def test_two_meters_of_one_number_talk_at_once_and_equal_bits_pass_for_one() -> None:
    master = Master([NUMBERS[0], NUMBERS[0]])
    master.say(read(NUMBERS[0], "02010100"))
    master.clock.run_until(master.clock.now + 1000 * MS)
    assert master.segment.wire.collisions == 1
    [(_, data)] = master.heard
    assert answer(data).number == NUMBERS[0]


def test_a_wildcard_with_several_meters_on_the_line_is_a_collision() -> None:
    master = Master()
    master.say(request("AAAAAAAAAAAA", 0x13))
    master.clock.run_until(master.clock.now + 1000 * MS)
    assert master.segment.wire.collisions > 0
    assert all(single_frame(data) is None for _, data in master.heard)


def test_a_master_that_talks_into_an_answer_destroys_it() -> None:
    master = Master()
    question = read(NUMBERS[0], "02010100")
    at = master.say(question)
    master.clock.run_until(at + len(question) * CHAR + 30 * MS)
    master.say(b"\x00" * 4)
    master.clock.run_until(at + 2000 * MS)
    assert all(single_frame(data) is None for _, data in master.heard)


def test_the_wire_mixes_what_overlaps_and_delivers_what_lies_behind() -> None:
    clock = Clock()
    heard: list[tuple[object, bytes, int]] = []
    wire = Wire(clock, 11_000, lambda who, data, end: heard.append((who, data, end)))
    wire.talk("a", b"\xf0\xf0\xf0", 0)
    clock.run_until(2 * MS)
    wire.talk("b", b"\x33\x33", 2 * MS)
    clock.run_until(100 * MS)
    assert heard == [("a", b"\xf0\xf0\x30", 3 * MS), ("b", b"\x33", 4 * MS)]


def test_a_queued_burst_is_hit_by_one_that_begins_before_it() -> None:
    clock = Clock()
    heard: list[tuple[object, bytes, int]] = []
    wire = Wire(clock, 11_000, lambda who, data, end: heard.append((who, data, end)))
    wire.talk("a", b"\xf0\xf0", 0)
    wire.talk("a", b"\x0f\x0f", 0)
    clock.run_until(2 * MS - 1)
    wire.talk("b", b"\x33\x33", 1 * MS)
    clock.run_until(100 * MS)
    assert b"".join(data for _, data, _ in heard) == b"\xf0\x30\x03\x0f"


def test_a_flood_is_not_listened_to_beyond_its_bound() -> None:
    master = Master()
    assert master.segment.has_room()
    master.say(bytes(5000))
    assert not master.segment.has_room()
    master.clock.run_until(master.clock.now + 5000 * CHAR)
    assert master.segment.has_room()


def test_meters_and_tmus_of_one_line_answer_each_in_its_protocol() -> None:
    master = Master(units=(1, 2))
    for question in (modbus.read(unit=2), read(NUMBERS[0], "02010100"), modbus.read(unit=1)):
        master.say(question)
        master.clock.run_until(master.clock.now + 500 * MS)
    two, meter, one = (data for _, data in master.heard)
    assert modbus.words(two, 2)[0] == modbus.words(one, 1)[0] == 1
    assert answer(meter).number == NUMBERS[0]
    assert master.segment.wire.collisions == 0


def test_a_tmu_answers_hours_later_though_its_ticks_have_wrapped() -> None:
    master = Master(units=(1,))
    for _ in range(3):
        master.clock.run_until(master.clock.now + 3_600_000 * MS)
        master.say(modbus.read())
    master.clock.run_until(master.clock.now + 500 * MS)
    assert [modbus.words(data)[0] for _, data in master.heard] == [1, 1, 1]


def test_a_tmu_set_to_another_speed_is_not_heard_of_again() -> None:
    master = Master(units=(1,))
    master.say(modbus.write(1, 192))
    master.clock.run_until(master.clock.now + 500 * MS)
    master.say(modbus.read())
    master.clock.run_until(master.clock.now + 500 * MS)
    assert [data for _, data in master.heard] == [modbus.write(1, 192)]


def test_whoever_is_removed_says_nothing_though_it_was_asked() -> None:
    master = Master(units=(1,))
    unit = master.segment._units[0]
    meter = master.segment._cores[0]
    for core, question in ((unit, modbus.read()), (meter, read(NUMBERS[0], "02010100"))):
        at = master.say(question)
        master.clock.run_until(at + len(question) * CHAR + 10 * MS)
        master.segment.remove(core)
        master.clock.run_until(master.clock.now + 2000 * MS)
        master.say(question)
        master.clock.run_until(master.clock.now + 2000 * MS)
    assert master.heard == []


FALSE_HEADER = b"\x68" + bytes(6) + b"\x68\x11\x20"
"""Promises 44 characters: more than one request, less than two."""

SAID = st.tuples(
    st.one_of(
        st.sampled_from([read(n, "02010100") for n in NUMBERS]),
        st.sampled_from([read(n, "0203FF00", 0)[:-9] for n in NUMBERS]),
        st.sampled_from([read(n, "00010000")[7:] for n in NUMBERS]),
        st.just(request("AAAAAAAAAAAA", 0x13)),
        st.just(request("999999999999", 0x08, bytes(6))),
        st.sampled_from([FALSE_HEADER, b"\x68" + bytes(6) + b"\x68\x11\x80"]),
        st.sampled_from([modbus.read(unit=n) for n in (0, 1, 2, 0x68)]),
        st.sampled_from([modbus.read(unit=1)[:5], modbus.read(unit=0x68)[5:]]),
        st.sampled_from([modbus.write(n, v) for n, v in ((0, 2), (0, 0x68), (1, 24), (3, 0x6868))]),
        st.binary(max_size=40),
    ),
    st.sampled_from([0, 1 * MS, 4 * MS, 5 * MS, 30 * MS, 47 * MS, 300 * MS, 700 * MS]),
)


@given(st.lists(SAID, max_size=12))
@example(
    [
        (FALSE_HEADER, 0),
        (read(NUMBERS[0], "02010100"), 1 * MS),
        (read(NUMBERS[1], "02010100"), 1 * MS),
    ]
)
@settings(max_examples=120)
def test_looking_before_delivering_changes_no_byte_and_no_instant(
    script: list[tuple[bytes, int]],
) -> None:
    heard = []
    for lazy in (True, False):
        master = Master(lazy=lazy, units=(1, 0x68))
        for data, pause in script:
            if data:
                master.say(data, pause)
        master.clock.run_until(master.clock.now + 3000 * MS)
        heard.append((master.heard, master.segment.wire.collisions))
    assert heard[0] == heard[1]


def test_a_broadcast_reaches_every_meter_and_nobody_answers() -> None:
    master = Master()
    at = master.say(request("999999999999", 0x16, b"\x99" * 4))
    at = master.say(read(NUMBERS[2], "05010001"), pause=1000 * MS)
    master.clock.run_until(at + 1000 * MS)
    # a freeze was made: refused is only what was, for want of a store
    meters = master.segment._cores
    assert [core.periods.freeze(1, 1) > 0 for core in meters] == [True] * 5  # type: ignore[attr-defined]
    assert [answer(data).control for _, data in master.heard] == [0xD1]


def test_a_meter_is_found_under_the_number_it_was_given() -> None:
    master = Master(NUMBERS[:1])
    master.segment._cores[0].key = True  # type: ignore[attr-defined]
    data = bytes.fromhex("000000000042")[::-1]
    master.say(request("A" * 12, 0x15, data))
    at = master.say(read("000000000042", "02010100"), pause=1000 * MS)
    master.clock.run_until(at + 1000 * MS)
    assert [answer(data).number for _, data in master.heard] == ["000000000042"] * 2


def test_a_meter_that_took_another_speed_hears_nothing_more_at_this_one() -> None:
    master = Master(NUMBERS[:1])
    master.say(request(NUMBERS[0], 0x17, b"\x40"))
    at = master.say(read(NUMBERS[0], "02010100"), pause=1000 * MS)
    master.clock.run_until(at + 1000 * MS)
    assert [answer(data).control for _, data in master.heard] == [0x97]
