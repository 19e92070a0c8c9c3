"""The SDM630's firmware: floats from the chip, what it refuses, the map of all authors."""

import csv
import struct
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.hal.loader import UnitCore, firmware, sdm630
from firmware_sim.truth_table import registers
from tests.firmware_sim import modbus
from tests.firmware_sim.firmware import bench645

CHAR_US = 11_000_000 // 9600
MASK = (1 << 30) - 1
UNIT_AT = 0x0A
"""Where the chip's plate has the unit."""


class Bench:
    """One meter and a hand on its clock."""

    def __init__(self, unit: int = 7, **change: int) -> None:
        image = bytearray(bench645.registers(3, **change))
        image[UNIT_AT] = unit
        self.image: bytes | None = bytes(image)
        self.t = 0
        made = sdm630()(bytes(6), 3, self._snapshot, lambda: (), CHAR_US)
        self.core: UnitCore = made  # type: ignore[assignment]

    def _snapshot(self, buf: bytearray) -> None:
        if self.image is None:
            raise OSError(5)
        buf[:] = self.image

    def ask(self, data: bytes) -> bytes | None:
        """A request after a long pause; the answer, or None for silence."""
        self.t += 100_000 + len(data) * CHAR_US
        self.core.on_bytes(data, len(data), self.t & MASK)
        asked = self.t
        while (due := self.core.deadline()) >= 0:
            self.t = max(self.t, asked + ((due - asked) & MASK))
            if n := self.core.on_deadline(self.t & MASK):
                return bytes(self.core.out[:n])
        return None

    def floats(self, start: int, count: int, function: int = 4) -> list[float]:
        """The values of so many registers from `start` on."""
        said = self.ask(modbus.read(start, count, 7, function))
        assert said is not None
        assert modbus.answer(said, 7)[0] == function, said.hex(" ")
        return [one for (one,) in struct.iter_unpack(">f", said[3:-2])]


def single(value: float) -> float:
    """The nearest 32-bit float."""
    found: float = struct.unpack(">f", struct.pack(">f", value))[0]
    return found


def test_the_input_registers_hold_what_the_chip_shows() -> None:
    shown = Bench().floats(0, 76)
    by_register = {2 * place: value for place, value in enumerate(shown)}
    wanted = {
        0: 220.14, 2: 221.23, 4: 219.87, 6: 8.1234, 8: 5.5555, 10: 0.0012,
        12: 1712.64, 14: -987.65, 16: 0.44, 18: 1788.00, 20: 987.65, 22: 0.44,
        24: 432.10, 26: -0.07, 28: 0.0, 30: 0.9578, 32: -1.0, 34: 0.0,
        36: 14.15, 38: 123.45, 40: 359.96, 48: 13.6801, 52: 725.43, 56: 2776.09, 60: 432.03,
        62: 0.9578, 70: 49.987,
    }  # fmt: skip
    assert {place: by_register[place] for place in wanted} == {
        place: single(value) for place, value in wanted.items()
    }
    assert by_register[42] == 0.0


def test_energy_counts_every_tariff_and_both_directions_make_the_total() -> None:
    one = Bench(f1=1600, f2=3200, f3=0, f4=8, r1=0, r2=16, r3=0, r4=0)
    assert one.floats(72, 4) == [single(3.005), single(0.01)]
    assert one.floats(342, 2) == [single(3.015)]


def test_a_part_of_the_registers_is_read_alone() -> None:
    one = Bench()
    assert one.floats(12, 4) == one.floats(0, 76)[6:8]


def test_holding_registers_say_its_unit_and_speed() -> None:
    held = Bench().floats(0, 30, function=3)
    assert (held[5], held[10], held[14]) == (3.0, 7.0, 2.0)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (modbus.read(1, 2, 7), 2),
        (modbus.read(76, 2, 7), 2),
        (modbus.read(74, 4, 7), 2),
        (modbus.read(342, 4, 7), 2),
        (modbus.read(0xFFFE, 2, 7), 2),
        (modbus.read(30, 2, 7, function=3), 2),
        (modbus.read(0, 0, 7), 3),
        (modbus.read(0, 3, 7), 3),
        (modbus.read(0, 82, 7), 3),
        (modbus.frame(7, 4, b"\0\0\0"), 3),
        (modbus.read(0, 1, 7, function=1), 1),
        (modbus.write(20, 9, 7), 1),
    ],
)
def test_what_it_cannot_do_is_an_exception(request_: bytes, code: int) -> None:
    said = Bench().ask(request_)
    assert said is not None
    assert modbus.answer(said, 7) == (request_[1] | 0x80, bytes([code]))


def test_a_chip_that_does_not_answer_is_a_device_failure_and_no_value() -> None:
    one = Bench()
    one.image = None
    said = one.ask(modbus.read(0, 2, 7))
    assert said is not None
    assert modbus.answer(said, 7) == (0x84, bytes([4]))


@pytest.mark.parametrize(
    "request_",
    [modbus.read(0, 2, 8), modbus.read(0, 2, 0), modbus.read(0, 2, 7)[:-1] + b"\0", b"\x07"],
)
def test_what_is_not_for_it_meets_silence(request_: bytes) -> None:
    one = Bench()
    assert one.ask(request_) is None
    assert one.core.idle()
    assert one.ask(modbus.read(0, 2, 7)) is not None


def test_a_plate_without_a_unit_has_the_factorys() -> None:
    one = Bench(unit=0)
    said = one.ask(modbus.read(0, 2, 1))
    assert said is not None
    assert modbus.answer(said, 1)[0] == 4


@given(st.binary(max_size=300))
def test_any_bytes_are_survived_and_the_next_request_is_answered(data: bytes) -> None:
    one = Bench()
    one.ask(data)
    assert one.ask(modbus.read(0, 2, 7)) is not None


@given(st.integers(-(2**47), 2**47), st.sampled_from([1, 100, 1000, 10_000]))
def test_a_fraction_becomes_the_nearest_single(number: int, divisor: int) -> None:
    buf = bytearray(6)
    firmware("lib.float32").put(buf, 1, number, divisor)
    assert buf[0] == buf[5] == 0
    got: float = struct.unpack(">f", buf[1:5])[0]
    over, under = got.as_integer_ratio()
    # no single beside it is nearer
    away = abs(over * divisor - number * under)
    for beside in (-1, 1):
        bits = int.from_bytes(buf[1:5]) + beside
        if 0 <= bits & 0x7FFFFFFF < 0x7F800000 and got:
            near: float = struct.unpack(">f", bits.to_bytes(4))[0]
            up, down = near.as_integer_ratio()
            assert away * down <= abs(up * divisor - number * down) * under
    assert bool(got) == bool(number)
    assert (got < 0) == (number < 0)


def test_a_tie_goes_to_the_even_one_and_a_carry_into_the_exponent() -> None:
    put = firmware("lib.float32").put
    for number, wanted in ((2**24 + 1, 2**24), (2**24 + 3, 2**24 + 4), (2**25 - 1, 2**25)):
        buf = bytearray(4)
        put(buf, 0, number, 1)
        assert struct.unpack(">f", buf) == (wanted,)


def agents() -> list[dict[str, str]]:
    """The agent's rows of this map."""
    text = resources.files("protocol.modbus").joinpath("maps.csv").read_text(encoding="utf-8")
    return [row for row in csv.DictReader(text.splitlines()) if row["map"] == "sdm630"]


def test_the_judge_reads_the_same_registers_as_the_agent() -> None:
    theirs = {row["quantity"]: (int(row["register"]), row["type"]) for row in agents()}
    ours = {
        one.quantity: (one.register, "f32" if (one.form, one.words) == ("float", 2) else one.form)
        for one in registers()["sdm630", "04"]
    }
    assert ours == theirs
