"""What a TMU knows when its power comes back: its settings, whenever it went."""

from firmware_sim.hal.flash import Flash
from firmware_sim.hal.loader import nv_memory
from tests.firmware_sim.firmware.bench_tmu import Bench
from tests.firmware_sim.firmware.cuts import cut_within
from tests.firmware_sim.modbus import read, words, write, write_many

SETTINGS = 7


def on(flash: Flash, nv: bool = True, **change: int) -> Bench:
    """The unit of this flash after its power has come."""
    return Bench(nv=nv_memory(flash, "tmu") if nv else None, **change)


def holding(bench: Bench, unit: int = 1) -> list[int]:
    """All holding registers."""
    return words(bench.ask(read(0, SETTINGS, function=3, unit=unit)) or b"", unit)


def test_settings_stand_when_the_power_comes_back() -> None:
    flash = Flash()
    bench = on(flash)
    bench.ask(write(3, 700))
    bench.ask(write_many(5, 990, 250))
    assert holding(on(flash)) == [1, 96, 2, 700, 850, 990, 250]
    assert holding(on(flash, nv=False)) == [1, 96, 2, 650, 850, 950, 500]


def test_unit_and_speed_hold_and_what_nobody_wrote_follows_the_switches() -> None:
    flash = Flash()
    on(flash).ask(write(0, 9))
    after = on(flash, parity=0, unit=5)
    assert (after.core.rate, holding(after, 9)[:3]) == (9600, [9, 96, 0])


def test_a_limit_that_was_set_is_watched_from_the_first_look_on() -> None:
    flash = Flash()
    on(flash).ask(write(3, 400))
    assert words(on(flash).ask(read(1, 1)) or b"")[0] & 1 << 3
    assert not words(on(flash, nv=False).ask(read(1, 1)) or b"")[0] & 1 << 3


def test_a_limit_that_was_raised_leaves_nothing_of_the_lower_one() -> None:
    flash = Flash()
    on(flash).ask(write(3, 700))
    # above the factory's 65 degrees, and not yet back below it by its hysteresis
    assert not words(on(flash, oil=6700).ask(read(1, 1)) or b"")[0] & 1 << 3
    assert words(on(flash, nv=False, oil=6700).ask(read(1, 1)) or b"")[0] & 1 << 3


def test_a_read_and_a_refused_write_change_no_flash() -> None:
    flash = Flash()
    bench = on(flash)
    holding(bench)
    bench.ask(read())
    bench.ask(write(0, 300))
    bench.ask(write_many(5, 990, 1))
    assert (flash.programmed, sum(flash.erased)) == (0, 0)


def test_a_cut_at_any_byte_leaves_all_of_a_write_or_nothing() -> None:
    flash = Flash()
    # until the next write needs the other area
    for n in range(15):
        on(flash).ask(write(3, 600 + n))
    seen: set[tuple[int, ...]] = set()
    before = holding(on(flash))
    order = write_many(3, 501, 502, 503, 104)
    for one in cut_within(flash, on, lambda bench: bench.ask(order), torn=0x96):
        seen.add(tuple(holding(on(one))))
    after = (*before[:3], 501, 502, 503, 104)
    assert tuple(before) in seen
    assert seen <= {tuple(before), after}
    bench = on(flash)
    bench.ask(order)
    assert holding(bench) == list(after)


def test_an_image_with_values_no_register_takes_is_not_taken() -> None:
    flash = Flash()
    nv = nv_memory(flash, "tmu")
    nv.put(0, bytearray([0x7F]) + bytearray(b"\xff\xff" * SETTINGS))
    nv.commit()
    assert holding(on(flash)) == [1, 96, 2, 650, 850, 950, 500]
