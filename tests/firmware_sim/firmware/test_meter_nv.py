"""What a DL/T 645 meter knows when its power comes back, whenever it went."""

from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta

from firmware_sim.hal.flash import Flash
from firmware_sim.hal.loader import firmware, nv_memory
from tests.firmware_sim.firmware.bench645 import Bench
from tests.firmware_sim.firmware.cuts import cut_within, image
from tests.firmware_sim.firmware.test_orders import (
    AFTERNOON,
    CALENDAR,
    EVERYBODY,
    FACTORY,
    OPERATOR,
    clock,
    do,
    value,
    write,
)
from tests.firmware_sim.frames import NUMBER, answer, read, request
from tests.firmware_sim.held import Held, stamp

OTHER = "370112109999"
NIGHT = bytes.fromhex("595923311226")


def on(flash: Flash, when: datetime = AFTERNOON, elements: int = 1) -> Bench:
    """The meter of this flash after its power has come."""
    bench = Bench(elements, memory=Held(elements).store, nv=nv_memory(flash))
    clock(bench, when)
    return bench


def password(bench: Bench, old: bytes, new: bytes) -> int:
    """18: the control code of the answer."""
    return do(bench, 0x18, bytes.fromhex("030C0004") + old + new).control


def relay(bench: Bench, what: int) -> int:
    """1C: the control code of the answer."""
    return do(bench, 0x1C, FACTORY + OPERATOR + bytes((what, 0)) + NIGHT).control


def test_what_was_written_stands_there_when_the_power_comes_back() -> None:
    flash = Flash()
    before = on(flash)
    rows = [row for row in firmware("meter645.settings").ROWS if row[5] >= 0]
    for d2, d1, d0, size, _, _ in rows:
        item = f"04{d2:02X}{d1:02X}{d0:02X}"
        assert write(before, item, CALENDAR.get(item, bytes([0x21] * size))).control == 0x94
    after = on(flash)
    for d2, d1, d0, _, _, _ in rows:
        item = f"04{d2:02X}{d1:02X}{d0:02X}"
        assert value(after, item) == value(before, item), item


def test_without_a_flash_it_begins_as_it_left_the_factory() -> None:
    bench = Bench(memory=Held(1).store)
    clock(bench, AFTERNOON)
    assert write(bench, "04000103", b"\x30").control == 0x94
    assert value(Bench(), "04000103") == "15"


def test_its_passwords_are_those_it_was_given() -> None:
    flash = Flash()
    new = b"\x02\x11\x22\x33"
    assert password(on(flash), FACTORY, new) == 0x98
    after = on(flash)
    assert write(after, "04000103", b"\x30").control == 0xD4
    assert write(after, "04000103", b"\x30", new).control == 0x94


def test_wrong_passwords_count_on_and_the_lock_lasts_its_day() -> None:
    flash = Flash()
    wrong = b"\x02\x99\x99\x99"
    for _ in range(5):
        # each try after a power-on of its own
        assert write(on(flash), "04000103", b"\x30", wrong).control == 0xD4
    assert write(on(flash), "04000103", b"\x30").control == 0xD4
    evening = AFTERNOON.replace(hour=23, minute=59)
    assert write(on(flash, evening), "04000103", b"\x30").control == 0xD4
    assert write(on(flash, evening + timedelta(minutes=2)), "04000103", b"\x30").control == 0x94


def test_its_number_is_the_one_it_was_given_and_its_plate_the_old_one() -> None:
    flash = Flash()
    assert write(on(flash), "04000401", bytes.fromhex(OTHER)[::-1]).control == 0x94
    after = on(flash)
    assert after.ask(read(NUMBER, "02010100")) is None
    assert value(after, "04000401", OTHER) == OTHER
    assert value(after, "04000402", OTHER) == NUMBER


def test_it_listens_at_the_speed_it_was_set_to() -> None:
    flash = Flash()
    assert do(on(flash), 0x17, b"\x08").control == 0x97
    assert on(flash).meter.rate == 2400


def test_its_clock_is_off_the_boards_as_it_was_set() -> None:
    flash = Flash()
    told = AFTERNOON - timedelta(days=3, minutes=7)
    assert write(on(flash), "0400010C", stamp(told)[:3] + b"\x04" + stamp(told)[3:]).control == 0x94
    assert value(on(flash, AFTERNOON + timedelta(seconds=9)), "04000102") == "145309"


def test_a_broadcast_of_the_time_is_still_the_only_one_of_its_day() -> None:
    flash = Flash()
    for minute, shown in ((2, "150200"), (4, "150200")):
        bench = on(flash)
        data = stamp(AFTERNOON + timedelta(minutes=minute))
        assert bench.ask(request(EVERYBODY, 0x08, data)) is None
        assert value(on(flash), "04000102") == shown


def test_an_open_relay_stays_open_and_its_record_is_there() -> None:
    flash = Flash()
    assert relay(on(flash), 0x1A) == 0x9C
    after = on(flash)
    assert int(value(after, "04000503"), 16) & 0x10
    assert value(after, "1D000001") == "000001"
    assert value(after, "1D000101") == value(on(flash), "1D000101") != ""
    assert relay(after, 0x1C) == 0x9C
    assert not int(value(on(flash), "04000503"), 16) & 0x10


def test_programming_clears_and_freezes_are_still_recorded() -> None:
    flash = Flash()
    bench = on(flash, elements=3)
    write(bench, "04000103", b"\x30")
    do(bench, 0x19, b"\x04\0\0\0" + OPERATOR)
    do(bench, 0x1B, FACTORY + OPERATOR + bytes.fromhex("FF001103"))
    do(bench, 0x16, b"\x99" * 4)
    later = AFTERNOON + timedelta(hours=1)
    clock(bench, later)
    items = ("03300000", "03300001", "03300200", "03300201", "03300301", "05010001", "03110000")
    before = [bench.ask(read(NUMBER, item)) for item in items]
    assert all(answer(one or b"").control in (0x91, 0xB1) for one in before)
    after = on(flash, later, elements=3)
    assert [after.ask(read(NUMBER, item)) for item in items] == before


def test_a_read_writes_nothing() -> None:
    flash = Flash()
    bench = on(flash)
    for item in ("02010100", "0001FF00", "04000103", "03300001", "0311FF00", "05060101"):
        bench.ask(read(NUMBER, item))
    bench.ask(request("AAAAAAAAAAAA", 0x13, b""))
    assert (flash.programmed, sum(flash.erased)) == (0, 0)


def test_it_is_kept_before_the_answer_says_so() -> None:
    flash = Flash()
    bench = on(flash)
    bench.hear(
        request(NUMBER, 0x14, bytes.fromhex("03010004") + FACTORY + OPERATOR + b"\x30"), 1000
    )
    assert value(on(deepcopy(flash)), "04000103") == "30"
    assert bench.say() is not None


def test_a_flash_that_fails_shows_in_status_word_1_and_the_meter_goes_on() -> None:
    flash = Flash()
    bench = on(flash)
    assert not int(value(bench, "04000501"), 16) & 1 << 13
    flash.stuck = frozenset(range(len(flash.data)))
    assert write(bench, "04000103", b"\x30").control == 0x94
    assert int(value(bench, "04000501"), 16) & 1 << 13
    assert value(bench, "04000103") == "30"


def test_what_has_gone_bad_is_not_believed_and_shows_until_something_is_kept_again() -> None:
    flash = Flash()
    write(on(flash), "04000103", b"\x30")
    flash.data[1000] ^= 1
    after = on(flash)
    assert value(after, "04000103") == "15"
    assert int(value(after, "04000501"), 16) & 1 << 13
    write(after, "04000103", b"\x31")
    again = on(flash)
    assert (value(again, "04000103"), int(value(again, "04000501"), 16) & 1 << 13) == ("31", 0)


Order = Callable[[Bench], object]
ORDERS: tuple[Order, ...] = (
    lambda bench: write(bench, "04000103", b"\x30"),
    lambda bench: password(bench, FACTORY, b"\x02\x11\x22\x33"),
    lambda bench: write(bench, "04000103", b"\x31", b"\x02\x77\x77\x77"),
    lambda bench: password(bench, b"\x02\x11\x22\x33", FACTORY),
    lambda bench: write(bench, "04010001", CALENDAR["04010001"]),
    lambda bench: relay(bench, 0x1A),
    lambda bench: do(bench, 0x16, b"\x99" * 4),
    lambda bench: do(bench, 0x17, b"\x40"),
    lambda bench: do(bench, 0x1B, FACTORY + OPERATOR + b"\xff" * 4),
    lambda bench: bench.ask(request(EVERYBODY, 0x08, stamp(AFTERNOON + timedelta(minutes=1)))),
    lambda bench: write(bench, "04000401", bytes.fromhex(OTHER)[::-1]),
)
"""A day of orders, each with the one before it done."""


def test_a_power_cut_at_any_byte_of_any_order_leaves_the_meter_of_before_or_after() -> None:
    flash = Flash()
    # a log with room for the half of them, so that a snapshot falls among them
    for n in range(12):
        write(on(flash), "04000103", bytes([n]))
    seen = 0
    renewed = flash.erased[:]
    for order in ORDERS:
        done = deepcopy(flash)
        order(on(done))
        olds, news = image(flash, "meter645"), image(done, "meter645")
        assert olds != news
        # the snapshot's every byte is cut at in test_nv.py; here each seventh of it
        step = 7 if done.erased != flash.erased else 1
        for one in cut_within(flash, on, order, step, torn=0x2D):
            assert image(one, "meter645") in (olds, news)
            seen += 1
        flash = done
    assert flash.erased != renewed
    assert seen > 500


def test_the_meter_of_before_or_after_answers_as_such() -> None:
    """The same as above in what is said on the line, for the order that sets most at once."""
    flash = Flash()
    write(on(flash), "04000103", b"\x11")
    items = ("04000401", "03300000", "03300001")
    seen = set()
    for one in cut_within(
        flash, on, lambda bench: write(bench, "04000401", bytes.fromhex(OTHER)[::-1])
    ):
        after = on(one)
        number = answer(after.ask(request("AAAAAAAAAAAA", 0x13, b"")) or b"").number
        seen.add((number, *(value(after, item, number) for item in items)))
    assert {one[:3] for one in seen} in (
        {(NUMBER, NUMBER, "000001")},
        {(NUMBER, NUMBER, "000001"), (OTHER, OTHER, "000002")},
    )
    assert len(seen) == len({one[0] for one in seen})


def test_a_life_of_orders_wears_no_block_out() -> None:
    flash = Flash()
    bench = on(flash)
    orders = 400
    for n in range(orders):
        write(bench, "04000103", bytes([n & 0x7F]))
    # 20 years of 20 orders a day, 100,000 erases a block
    life = 20 * 365 * 20
    worn = max(flash.erased) * life / orders
    assert worn < 0.1 * 100_000
    assert nv_memory(flash).generation == sum(flash.erased) // 2
