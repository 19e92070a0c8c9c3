"""The sensor front end's image, read back by the firmware's own map."""

from dataclasses import replace

from edge.site.model import Line, Tmu
from firmware_sim.hal.loader import firmware
from firmware_sim.world.cabinet import TmuState
from firmware_sim.world.sensors import SIZE, sensor_image

S = firmware("tmu.sensors")
UNIT = Tmu(id="tmu1", transformer="t1", line="b2", unit=7)
LINE = Line(id="b2", baud=19200, parity="O")
STATE = TmuState(
    oil=61.26,
    winding=None,
    cabinet=40.04,
    outdoor=-12.34,
    humidity=55.55,
    residual=0.0425,
    supply=12.034,
    door=True,
    smoke=False,
    water=True,
)
NONE = 0x8000


def test_the_image_is_as_long_as_the_firmwares_map_and_of_its_kind() -> None:
    image = sensor_image(UNIT, LINE, STATE)
    assert len(image) == SIZE == S.SIZE
    assert S.is_ours(image)


def test_the_switches_say_unit_speed_and_parity() -> None:
    image = sensor_image(UNIT, LINE, STATE)
    assert (image[S.UNIT], image[S.PARITY]) == (7, 1)
    assert int.from_bytes(image[S.SPEED : S.SPEED + 2], "big") == 192


def test_the_firmware_reads_what_the_sensors_see() -> None:
    image = sensor_image(UNIT, LINE, STATE)
    assert [S.temperature(image, n) for n in range(6)] == [613, NONE, NONE, NONE, 400, -123]
    assert (S.humidity(image), S.residual(image), S.supply(image)) == (556, 43, 1203)
    assert image[S.CONTACTS] == 0b101
    assert not S.failed(image)


def test_a_dry_type_has_windings_and_no_oil() -> None:
    image = sensor_image(UNIT, LINE, replace(STATE, oil=None, winding=(80.0, 81.11, -1.06)))
    assert [S.temperature(image, n) for n in range(4)] == [NONE, 800, 811, -11]


def test_a_failed_sensor_gives_nothing() -> None:
    image = sensor_image(UNIT, LINE, STATE, failed=0b1_0000_0001)
    assert (S.temperature(image, 0), S.supply(image)) == (NONE, NONE)
    assert S.failed(image)


def test_what_no_register_can_show_stands_at_its_end() -> None:
    image = sensor_image(UNIT, LINE, replace(STATE, oil=1e4, outdoor=-1e4, residual=1e9))
    assert S.temperature(image, 0) == 3277
    assert S.temperature(image, 5) == -3277
    assert S.residual(image) == 0x7FFF
