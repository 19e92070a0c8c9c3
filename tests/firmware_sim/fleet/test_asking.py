"""What the fleet's master asks and takes for right, against frames worked out by hand."""

from firmware_sim.fleet.asking import ITEMS
from tests.firmware_sim.firmware.bench645 import registers
from tests.firmware_sim.frames import NUMBER, answer, digits, read

WIRE = bytes.fromhex(NUMBER)[::-1]
ENERGY, VOLTAGE, POWER = ITEMS


def test_a_question_is_the_frame_of_the_standard() -> None:
    for item in ITEMS:
        assert item.question(WIRE) == read(NUMBER, item.identifier)


def test_the_right_answer_shows_the_chips_registers() -> None:
    chip = bytearray(registers())
    chip[0x10:0x12] = (22015).to_bytes(2, "big")
    chip[0x30:0x34] = (1_234_564).to_bytes(4, "big")
    chip[0x60:0x70] = b"".join(n.to_bytes(4, "big") for n in (16 * 5 + 15, 16 * 7 + 1, 0, 0))
    shown = {item: digits(answer(item.answer(WIRE, bytes(chip))).raw) for item in ITEMS}
    assert shown == {ENERGY: "00000013", VOLTAGE: "2202", POWER: "123456"}
    told = answer(VOLTAGE.answer(WIRE, bytes(chip)))
    assert (told.wake, told.number, told.control, told.item) == (4, NUMBER, 0x91, "02010100")
