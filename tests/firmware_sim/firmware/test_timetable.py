"""The tables of tariffs as they are written: what is refused, recorded, shown to be in force."""

import pytest

from tests.firmware_sim.firmware.tariffed import (
    DAY,
    HOUR,
    SWITCH,
    Played,
    counted,
    minute,
    program,
    program698,
    shown,
)


def test_status_word_3_names_the_sets_in_force() -> None:
    one, other = Played(), Played(protocol="meter698")
    program(one)
    program698(other)
    one.write("04000106", minute(SWITCH + DAY))
    zones = SWITCH + DAY
    assert other.set("40080200", f"1C{zones.year:04X}{bytes(zones.timetuple()[1:6]).hex()}") == 0
    for now, bits in ((SWITCH - HOUR, 0), (SWITCH, 1), (SWITCH + DAY, 1 | 1 << 5)):
        one.now = other.now = now
        assert int(one.shown("04000503"), 16) == bits
        assert other.value("20140203") == f"0410{bits:04X}"
    # the set in force stays so when its switch is taken away, also without power
    one.write("04000107", bytes(5))
    one.restart()
    assert int(one.shown("04000503"), 16) == 1 | 1 << 5


@pytest.mark.parametrize(
    ("item", "data", "error"),
    [
        ("04010000", "020101010107" + "010110", 0x10),
        ("04010001", "040000020008040022040022" + "040023", 0x20),
        ("04010001", "050000020008040022040022", 0x40),
        ("04010001", "000000020008040022040022", 0x01),
        ("04010001", "040000020008040024040022", 0x01),
        ("04010001", "040000026008040022040022", 0x01),
        ("04010001", "040000020022040008040022", 0x01),
        ("04010001", "0400000200080400220400", 0x01),
        ("04010000", "030101010107", 0x01),
        ("04010000", "020101013002", 0x01),
        ("04010000", "020107010101", 0x01),
        ("04000107", "6012200826", 0x01),
        ("04000802", "03", 0x01),
        ("04030001", "01310226", 0x01),
    ],
)
def test_what_is_no_calendar_is_refused_with_its_error_bit(
    item: str, data: str, error: int
) -> None:
    meter = Played()
    before = meter.shown(item)
    got = meter.write(item, bytes.fromhex(data))
    assert (got.control, got.data) == (0xD4, bytes([error]))
    assert meter.shown(item) == before
    assert meter.shown("03300000") == "000000"


def test_a_switch_may_be_taken_away_and_a_table_is_recorded() -> None:
    meter = Played()
    program(meter)
    assert meter.write("04000107", bytes(5)).control == 0x94
    meter.restart()
    meter.now = SWITCH + DAY
    assert meter.energies() == shown(counted(meter.meter, meter.now))
    assert meter.shown("03300500") == "000002"
    assert meter.shown("03300000") == "000004"
