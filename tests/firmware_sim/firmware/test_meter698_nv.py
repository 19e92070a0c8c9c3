"""What a DL/T 698.45 meter knows when its power comes back, whenever it went."""

from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from functools import partial

from firmware_sim.hal.flash import Flash
from firmware_sim.hal.loader import firmware, nv_memory, run_main
from protocol.dlt698 import requests as ask
from protocol.dlt698.apdu import Apdu, parse
from protocol.dlt698.parts import Dar
from tests.firmware_sim.firmware.bench698 import BROADCAST, FACTORY, Bench, frame, get, peer
from tests.firmware_sim.firmware.cuts import cut_within, image
from tests.firmware_sim.firmware.rows698 import at
from tests.firmware_sim.firmware.test_meter698_access import (
    NEW_PASSWORD,
    OCTOBER,
    OTHER,
    SLOW,
    TIME,
    WRONG,
    clock,
    counts,
)
from tests.firmware_sim.firmware.test_meter698_limits import STORED, curve
from tests.firmware_sim.frames import NUMBER
from tests.firmware_sim.hal.test_main import MS, board
from tests.firmware_sim.held import NOW, Held

CUSTOMER, ASSET = "40030200", "41030200"
TOLD, COUNT = 0x20210200, 0x20230200


def on(flash: Flash, when: datetime = NOW, elements: int = 1) -> Bench:
    """The meter of this flash after its power has come."""
    bench = Bench(elements, memory=Held(elements).store, nv=nv_memory(flash, "meter698"))
    clock(bench, when)
    return bench


def programmer(flash: Flash, password: bytes = FACTORY, when: datetime = NOW) -> Bench:
    """The same, connected to by its password."""
    bench = on(flash, when)
    assert bench.connect(password) == 0
    return bench


def everybody(bench: Bench, apdu: str) -> None:
    """A broadcast."""
    assert bench.ask(frame(bytes.fromhex(apdu), "AA", kind=BROADCAST)) is None


def tell(bench: Bench, when: datetime) -> None:
    """The time by broadcast."""
    everybody(bench, "07010040007F001C" + at(when).hex() + "00")


def fault(bench: Bench) -> bool:
    """Bit 13 of status word 1."""
    return bool(int(bench.value("20140201")[4:], 16) & 1 << 13)


def rows(bench: Bench, oad: int, *columns: int) -> bytes:
    """All rows of a record as they are answered."""
    return bench.serve(ask.encode_get_record(oad, ask.newest(10), columns, 7))


def test_what_anybody_may_set_stands_there_when_the_power_comes_back() -> None:
    flash = Flash()
    before = on(flash)
    assert before.set(CUSTOMER, "0906112233445566") == 0
    assert before.set(ASSET, "0A20" + "41" * 31 + "5A") == 0
    assert before.serve(curve(5, *STORED, depth=100))[7] == 0
    after = on(flash, NOW + timedelta(hours=3))
    clock(before, NOW + timedelta(hours=3))
    for oad in (CUSTOMER, ASSET, "50020300", "30120400"):
        assert after.value(oad) == before.value(oad), oad
    assert after.value(CUSTOMER) == "0906112233445566"
    # since when the curve is as it is
    columns = (TOLD, COUNT)
    assert rows(after, 0x50020200, *columns) == rows(before, 0x50020200, *columns)
    assert rows(after, 0x30120200, 0x20220200, 0x201E0200) == rows(
        before, 0x30120200, 0x20220200, 0x201E0200
    )


def test_a_shorter_text_and_none_come_back_as_they_were_set() -> None:
    flash = Flash()
    for data in ("0A00", "0A0141", "0A20" + "42" * 32, "0A0143"):
        assert on(flash).set(ASSET, data) == 0
        assert on(flash).value(ASSET) == data


def test_without_a_flash_it_begins_as_it_left_the_factory() -> None:
    bench = Bench(memory=Held(1).store)
    assert bench.set(ASSET, "0A0141") == 0
    assert Bench(memory=Held(1).store).value(ASSET) == Bench().value(ASSET) != "0A0141"


def test_a_new_flash_is_the_state_of_the_factory_and_no_fault() -> None:
    assert on(Flash()).value(ASSET) == Bench().value(ASSET)
    assert not fault(on(Flash()))


def test_its_password_is_the_one_it_was_given_and_no_connection_outlives_the_power() -> None:
    flash = Flash()
    assert programmer(flash).set("44010200", NEW_PASSWORD) == 0
    assert on(flash).connect() == 1
    after = on(flash)
    assert after.set("40010200", "0906" + OTHER) == 3
    assert after.connect(b"abc") == 0


def test_wrong_passwords_count_on_and_the_lock_lasts_its_day() -> None:
    flash = Flash()
    for _ in range(5):
        # each try after a power-on of its own
        assert on(flash).connect(WRONG) == 1
    assert on(flash).connect() == 1
    evening = NOW.replace(hour=23, minute=59)
    assert on(flash, evening).connect() == 1
    assert on(flash, evening + timedelta(minutes=2)).connect() == 0


def test_its_number_is_the_one_it_was_given_and_its_plate_the_old_one() -> None:
    flash = Flash()
    assert programmer(flash).set("40010200", "0906" + OTHER) == 0
    after = on(flash)
    assert after.ask(frame(get("20000201"))) is None
    assert after.value("40010200", OTHER) == "0906" + OTHER
    assert after.value("40020200", OTHER) == "0906" + NUMBER
    assert counts(after, OTHER) == (1, 0)


def test_it_listens_at_the_speed_it_was_set_to() -> None:
    flash = Flash()
    assert on(flash).meter.rate == 0
    assert programmer(flash).act("F2017F00", SLOW) == 0
    after = on(flash)
    assert (after.meter.rate, after.meter.char_us) == (2400, 4583)
    assert after.value("F2010201")[-14:] == "03020801001600"


def test_its_clock_is_off_the_boards_as_it_was_set() -> None:
    for year in (b"\x07\xd1", b"\x08\x32"):
        flash = Flash()
        told = "1C" + year.hex().upper() + TIME[6:]
        assert programmer(flash).set("40000200", told) == 0
        after = on(flash, NOW + timedelta(seconds=9))
        assert after.value("40000200") == told[:-2] + "09"
        assert counts(after) == (0, 1)


def test_a_broadcast_of_the_time_is_still_the_only_one_of_its_day_and_is_recorded() -> None:
    flash = Flash()
    first = NOW + timedelta(minutes=2)
    for told in (first, NOW + timedelta(minutes=4)):
        tell(on(flash), told)
        assert on(flash).value("40000200") == "1C" + at(first).hex().upper()
    assert counts(on(flash)) == (0, 1)


def test_freezes_told_and_their_numbers_are_still_there() -> None:
    flash = Flash()
    bench = on(flash)
    for n in range(4):
        clock(bench, NOW - timedelta(minutes=9 - n))
        everybody(bench, "07010050000300" + "00" + "00")
    tell(bench, NOW - timedelta(minutes=3))
    # one of a clock that is set off from the board's: its columns are of that instant
    everybody(bench, "07010050000300" + "00" + "00")
    columns = (TOLD, COUNT, 0x00100200)
    clock(bench, NOW)
    before = rows(bench, 0x50000200, *columns)
    apdu = parse(before)
    assert isinstance(apdu, Apdu)
    outcome = apdu.records[0].outcome
    assert not isinstance(outcome, Dar)
    assert [row[1].value for row in outcome] == [5, 4, 3]
    assert rows(on(flash, NOW), 0x50000200, *columns) == before


def test_a_read_a_connection_and_its_release_write_nothing() -> None:
    flash = Flash()
    bench = on(flash)
    bench.connect(None)
    bench.value("20000201")
    rows(bench, 0x50040200, TOLD)
    rows(bench, 0x30120200, 0x20220200)
    bench.serve(bytes.fromhex("030700"))
    bench.connect()
    assert (flash.programmed, sum(flash.erased)) == (0, 0)


def test_it_is_kept_before_the_answer_says_so() -> None:
    flash = Flash()
    bench = on(flash)
    bench.hear(frame(bytes.fromhex("060107" + ASSET + "0A0141" + "00")), 1000)
    assert on(deepcopy(flash)).value(ASSET) == "0A0141"
    assert bench.say() is not None


def test_a_flash_that_fails_shows_in_status_word_1_and_the_meter_goes_on() -> None:
    flash = Flash()
    bench = on(flash)
    flash.stuck = frozenset(range(len(flash.data)))
    assert bench.set(ASSET, "0A0141") == 0
    assert fault(bench)
    assert bench.value(ASSET) == "0A0141"


def test_what_has_gone_bad_is_not_believed_and_shows_until_something_is_kept_again() -> None:
    flash = Flash()
    on(flash).set(ASSET, "0A0141")
    place = next(i for i, byte in enumerate(flash.data) if byte not in (0, 0xFF, 0x5A))
    flash.data[place + 1] ^= 1
    after = on(flash)
    assert after.value(ASSET) == Bench().value(ASSET)
    assert fault(after)
    after.set(ASSET, "0A0142")
    again = on(flash)
    assert (again.value(ASSET), fault(again)) == ("0A0142", False)


def test_the_board_starts_with_what_its_flash_holds() -> None:
    flash = Flash()
    assert programmer(flash).set("40010200", "0906" + OTHER) == 0
    one = board(2000)
    one.listen(frame(get("20000201")), 50 * MS, 9600)
    one.listen(frame(get("40020200"), OTHER), 900 * MS, 9600)
    run_main(one, "meter698", "rp2040", flash)
    [(_, _, data)] = one.sent
    assert bytes(peer.decode_frame(data.lstrip(b"\xfe")).payload)[10:16].hex() == NUMBER


Order = Callable[[Bench], object]
ORDERS: tuple[tuple[bytes, Order], ...] = (
    (b"", lambda bench: bench.set(ASSET, "0A0441424344")),
    (b"", lambda bench: bench.set(CUSTOMER, "0906112233445566")),
    (b"", lambda bench: bench.serve(curve(5, *STORED, depth=100))),
    (FACTORY, lambda bench: bench.set("44010200", NEW_PASSWORD)),
    (b"abc", lambda bench: bench.act("F2017F00", SLOW)),
    (b"", lambda bench: tell(bench, NOW + timedelta(minutes=1))),
    (b"", lambda bench: bench.connect(WRONG)),
    (b"", lambda bench: bench.connect(b"abc")),
    (b"", lambda bench: everybody(bench, "07010050000300" + "00" + "00")),
    (b"abc", lambda bench: bench.set("40000200", TIME)),
    (b"abc", lambda bench: bench.set("40010200", "0906" + OTHER)),
)
"""A day of orders, each with the one before it done, and by which password ("" = none)."""


def ready(flash: Flash, password: bytes) -> Bench:
    """The meter that is to get an order, connected to where that is needed."""
    return programmer(flash, password) if password else on(flash)


def test_a_power_cut_at_any_byte_of_any_order_leaves_the_meter_of_before_or_after() -> None:
    flash = Flash()
    # a log with room for the half of them, so that a snapshot falls among them
    for n in range(9):
        on(flash).set(ASSET, f"0A01{0x41 + n:02X}")
    renewed = flash.erased[:]
    seen = 0
    for password, order in ORDERS:
        done = deepcopy(flash)
        order(ready(done, password))
        olds, news = image(flash, "meter698"), image(done, "meter698")
        assert olds != news
        for one in cut_within(flash, partial(ready, password=password), order, torn=0x2D):
            assert image(one, "meter698") in (olds, news)
            seen += 1
        flash = done
    assert flash.erased != renewed
    assert seen > 800


def test_the_meter_of_before_or_after_answers_as_such() -> None:
    """The same as above in what is said on the line, for the order that sets most at once."""
    flash = Flash()
    on(flash).set(ASSET, "0A0141")
    items = ("40010200", "30120400", "40000200")
    seen = set()
    asked = bytes.fromhex(f"06020702400102000906{OTHER}40000200{TIME}00")
    for one in cut_within(flash, programmer, lambda bench: bench.serve(asked)):
        after = on(one)
        number = NUMBER if after.ask(frame(get("20000201"))) else OTHER
        seen.add(tuple(after.value(item, number) for item in items))
    old = ("0906" + NUMBER, "120001", "1C" + at(NOW).hex().upper())
    new = ("0906" + OTHER, "120002", "1C" + at(OCTOBER).hex().upper())
    assert seen <= {old, new}
    assert old in seen


def test_a_life_of_orders_wears_no_block_out() -> None:
    flash = Flash()
    bench = on(flash)
    orders = 400
    for n in range(orders):
        bench.set(ASSET, "0A20" + f"{n & 0x7F:02X}" * 32)
    # 20 years of 20 orders a day, 100,000 erases a block
    worn = max(flash.erased) * 20 * 365 * 20 / orders
    assert worn < 0.1 * 100_000
    assert nv_memory(flash, "meter698").generation == sum(flash.erased)


def test_figures_of_either_sign_and_beyond_31_bits_are_kept_whole() -> None:
    keep = firmware("lib.wide")
    buf = bytearray(5)
    for value in (0, 1, -1, 2**31, -(2**31) - 1, 3_200_000_000, -3_200_000_000, 2**39 - 1):
        assert keep.put_wide(buf, 0, value) == 5
        assert keep.get_wide(buf, 0) == value
