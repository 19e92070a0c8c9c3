"""A line with meters of both protocols: who hears what, and that looking first changes nothing."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware_sim.clock import Clock
from firmware_sim.frames import link_frame, single_frame
from firmware_sim.hal.loader import MeterCore, meter645, meter698, tmu
from firmware_sim.segment import DLT645, DLT698, TICK_MASK, Segment
from tests.firmware_sim import frames, modbus
from tests.firmware_sim import frames698 as new
from tests.firmware_sim.firmware.bench645 import RTC, registers
from tests.firmware_sim.firmware.bench_tmu import sensors

MS = 1_000_000
BAUD = 9600
CHAR = 11_000_000_000 // BAUD
OLD = [f"3701131{n:05d}" for n in range(1, 4)]
NEW = [f"3701132{n:05d}" for n in range(1, 4)]


class Master:
    """A line with three meters of each protocol and a TMU, and what its master heard."""

    def __init__(self, lazy: bool = True, unit: int = 1) -> None:
        self.clock = Clock(1_000 * MS)
        self.heard: list[tuple[int, bytes]] = []
        self.segment = Segment(self.clock, BAUD, (), self._hear, lazy)
        self.ears: dict[str, list[bytes]] = {}
        for old, later in zip(OLD, NEW, strict=True):
            self._join(old, DLT645)
            self._join(later, DLT698)
        self.segment.add_unit(
            tmu()(lambda buf: fill(buf, sensors(unit=unit)), self.clock.now // 1000 & TICK_MASK)
        )

    def _join(self, number: str, protocol: str) -> None:
        wire = bytes.fromhex(number)[::-1]
        maker = meter645() if protocol == DLT645 else meter698()
        core = maker(wire, 1, lambda buf: fill(buf, registers()), lambda: RTC, CHAR // 1000)
        self._listen(number, core)
        self.segment.add_meter(wire, core, protocol)

    def _listen(self, number: str, core: MeterCore) -> None:
        heard = self.ears[number] = []
        on_bytes = core.on_bytes

        def hear(buf: bytes, n: int, t: int) -> None:
            heard.append(bytes(buf[:n]))
            on_bytes(buf, n, t)

        core.on_bytes = hear  # type: ignore[method-assign]

    def _hear(self, talker: object, data: bytes, end: int) -> None:
        self.heard.append((end, data))

    def say(self, data: bytes, pause: int = 0) -> None:
        """The master's bytes arrive after a pause."""
        self.clock.run_until(self.clock.now + pause)
        self.segment.from_master(data, self.clock.now)

    def rest(self, ms: int = 1500) -> None:
        """Let so much time pass."""
        self.clock.run_until(self.clock.now + ms * MS)


def fill(buf: bytearray, image: bytes) -> None:
    buf[:] = image


def test_three_protocols_take_turns_on_one_pair() -> None:
    master = Master()
    for question in (
        frames.read(OLD[0], "02010100"),
        new.get(NEW[0], "20000201"),
        modbus.read(unit=1),
        new.get(NEW[2], "20000201", "20010201", "20040201", "200A0201", "00100201"),
        frames.read(OLD[2], "00010000"),
    ):
        master.say(question)
        master.rest(600)
    first, second, unit, many, last = (data for _, data in master.heard)
    assert frames.answer(first).number == OLD[0]
    assert frames.answer(last).number == OLD[2]
    assert modbus.words(unit)[0] == 1
    one, several = link_frame(second), link_frame(many)
    assert one is not None
    assert several is not None
    assert (one.meter, one.control) == (NEW[0], 0xC3)
    assert one.data == bytes.fromhex("85 01 00 20000201 01 12 0899 00 00")
    assert (several.meter, several.data[:4]) == (NEW[2], b"\x85\x02\x00\x05")
    assert master.segment.wire.collisions == 0


def test_a_whole_frame_is_heard_by_the_meter_it_names_and_by_no_other() -> None:
    master = Master()
    for question in (new.get(NEW[1], "20000201"), frames.read(OLD[1], "02010100")):
        master.say(question)
        master.rest()
    assert {number for number, heard in master.ears.items() if heard} == {NEW[1], OLD[1]}


@pytest.mark.parametrize(
    ("question", "ears"),
    [
        (new.get("AAAAAAAAAAAA", "20000201", kind=1), NEW),
        (new.get("3701132AAAAA", "20000201", kind=1), NEW),
        (new.get("AAAAAAAAAAAA", "20000201"), NEW),
        (new.frame(0x43, b"\x05", "AA", kind=3), NEW),
        (new.get("000000000001", "20000201"), NEW),
        (frames.read("000000000001", "02010100"), OLD),
        (frames.request("AAAAAAAAAAAA", 0x13), OLD),
        (new.get(NEW[0], "20000201")[:-1], OLD + NEW),
        (new.frame(0x43, b"\x68", NEW[0]), [*OLD, *NEW]),
        (frames.request(OLD[0], 0x11, b"\x35\x00\x00\x00"), [*OLD, *NEW]),
        (b"\xfe\x00\x11", []),
    ],
)
def test_others_hear_what_may_be_for_them(question: bytes, ears: list[str]) -> None:
    master = Master()
    master.say(question)
    master.rest()
    heard = {number for number, bursts in master.ears.items() if question in bursts}
    assert heard == set(ears)


EMBEDDED = new.get(NEW[0], "20000201", piid=5)
SAID = st.tuples(
    st.one_of(
        st.sampled_from([new.get(number, "20000201") for number in NEW]),
        st.sampled_from([new.get(number, "20000201", "00100201", piid=7) for number in NEW]),
        st.sampled_from([new.get(number, "20000201")[:-9] for number in NEW]),
        st.sampled_from([new.get(number, "20000201")[9:] for number in NEW]),
        st.sampled_from([frames.read(number, "02010100") for number in OLD]),
        st.sampled_from([frames.read(number, "02010100")[:-5] for number in OLD]),
        st.just(new.get("AAAAAAAAAAAA", "20000201", kind=1)),
        st.just(new.frame(0x43, bytes.fromhex("05 01 00 20000201 00"), "AA", kind=3)),
        st.just(frames.request("AAAAAAAAAAAA", 0x13)),
        # one protocol's frame inside the other's
        st.just(frames.request(OLD[0], 0x14, bytes((b - 0x33) % 256 for b in EMBEDDED))),
        st.just(new.frame(0x43, frames.read(OLD[1], "02010100"), NEW[1])),
        st.just(modbus.read(unit=1)),
        st.binary(max_size=40),
    ),
    st.sampled_from([0, 1 * MS, 4 * MS, 30 * MS, 47 * MS, 300 * MS, 700 * MS]),
)


@given(st.lists(SAID, max_size=10))
@example([(frames.request(OLD[0], 0x14, bytes((b - 0x33) % 256 for b in EMBEDDED)), 0)])
@example([(new.frame(0x43, frames.read(OLD[1], "02010100"), NEW[1]), 0)])
@settings(max_examples=80)
def test_looking_before_delivering_changes_no_byte_and_no_instant(
    script: list[tuple[bytes, int]],
) -> None:
    heard = []
    for lazy in (True, False):
        master = Master(lazy=lazy)
        for data, pause in script:
            if data:
                master.say(data, pause)
        master.rest(3000)
        heard.append((master.heard, master.segment.wire.collisions))
    assert heard[0] == heard[1]


def test_neither_protocols_meters_answer_the_others_question() -> None:
    for question in (new.get(OLD[0], "20000201"), frames.read(NEW[0], "02010100")):
        master = Master(lazy=False)
        master.say(question)
        master.rest()
        assert master.heard == []
        assert single_frame(question) is None or link_frame(question) is None
