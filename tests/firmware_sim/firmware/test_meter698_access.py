"""The 698 meter and its programmer: a connection by password, and what it opens."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.dlt698.apdu import Apdu, parse
from protocol.dlt698.parts import Dar
from tests.firmware_sim.firmware.bench645 import SECOND
from tests.firmware_sim.firmware.bench698 import (
    FACTORY,
    RELEASE,
    Bench,
    connect,
    frame,
    get,
    peer,
    piece,
)
from tests.firmware_sim.frames import NUMBER
from tests.firmware_sim.held import NOW, Held

OTHER = "370112109999"
WRONG = b"11111111"
DENIED, UNDEFINED, MISMATCH, OUT_OF_RANGE, BAUD = 3, 4, 7, 8, 16
TIME = "1C07EA0A05080000"
OCTOBER = datetime(2026, 10, 5, 8, 0, 0)
NEW_PASSWORD = "0A03616263"
PORT = "0203" + "51F2010201" + "5F{}02080100" + "1600"
SLOW = PORT.format("03")
ORDERS = (
    ("set", "40000200", TIME),
    ("set", "40010200", "0906" + OTHER),
    ("set", "44010200", NEW_PASSWORD),
    ("act", "40007F00", TIME),
    ("act", "50000300", "00"),
    ("act", "F2017F00", SLOW),
)
"""What a programmer alone may have done."""


def order(bench: Bench, kind: str, what: str, data: str) -> int:
    """The DAR of a SET or an ACTION."""
    return bench.set(what, data) if kind == "set" else bench.act(what, data)


def clock(bench: Bench, now: datetime) -> None:
    """The board's clock."""
    bench.rtc = (now.year, now.month, now.day, 0, now.hour, now.minute, now.second, 0)


def counts(bench: Bench, number: str = NUMBER) -> tuple[int, int]:
    """How often it was programmed, its clock set."""
    return tuple(int(bench.value(oad, number)[2:], 16) for oad in ("30120400", "30160400"))  # type: ignore[return-value]


def number_of(said: tuple[int, bytes] | None) -> str:
    """Whom an answer comes from."""
    assert said is not None
    return bytes(peer.decode_frame(said[1].lstrip(b"\xfe")).server.bytes)[::-1].hex().upper()


def last(bench: Bench, event: str) -> list[Any]:
    """Start and end of the newest record of an event."""
    asked = bytes.fromhex(f"050307{event}0200" + "0901" + "02" + "00201E0200" + "0020200200" + "00")
    apdu = parse(bench.serve(asked))
    assert isinstance(apdu, Apdu)
    outcome = apdu.records[0].outcome
    assert not isinstance(outcome, Dar)
    (row,) = outcome
    return [datetime(int.from_bytes(one.value[:2], "big"), *one.value[2:]) for one in row]


@pytest.mark.parametrize("what", ORDERS)
@pytest.mark.parametrize("password", [None, WRONG, b"", FACTORY + b"0", FACTORY[:-1]])
def test_without_the_password_all_of_it_is_denied_and_nothing_happens(
    password: bytes | None, what: tuple[str, str, str]
) -> None:
    bench = Bench()
    assert bench.connect(password) == (0 if password is None else 1)
    assert order(bench, *what) == DENIED
    assert (bench.value("40000200"), bench.value("40010200")) == (
        "1C07EA0810141F2D", "0906" + NUMBER,
    )  # fmt: skip
    assert counts(bench) == (0, 0)
    assert (bench.meter.rate, bench.meter.freezes.kept(0x5000, 0)) == (0, 0)
    assert bench.connect() == 0


@pytest.mark.parametrize("what", ORDERS)
def test_with_the_password_all_of_it_is_done(what: tuple[str, str, str]) -> None:
    bench = Bench()
    assert bench.connect() == 0
    assert order(bench, *what) == 0


def test_a_connection_by_password_settles_how_long_frames_may_be_too() -> None:
    bench = Bench()
    assert bench.connect(most=128) == 0
    assert bench.ask(frame(get(*["43000300"] * 3))).control == 0xE3


@pytest.mark.parametrize("end", [RELEASE, connect(None), connect(WRONG), connect(version=0x11)])
def test_release_and_any_other_connect_end_it(end: bytes) -> None:
    bench = Bench()
    assert bench.connect() == 0
    bench.serve(end)
    assert bench.set("40000200", TIME) == DENIED


def test_it_ends_when_nothing_was_asked_for_as_long_as_was_agreed() -> None:
    for seconds, dar in ((100, 0), (101, DENIED)):
        bench = Bench()
        clock(bench, NOW)
        assert bench.connect(timeout_s=100) == 0
        clock(bench, NOW + timedelta(seconds=seconds))
        assert bench.set("40010200", "0906" + OTHER) == dar


def test_it_is_of_the_client_that_connected_alone() -> None:
    bench = Bench()
    assert bench.connect(client=0x10) == 0
    assert bench.set("40000200", TIME, client=0x11) == DENIED
    assert bench.set("40000200", TIME, client=0x10) == 0


def test_five_wrong_passwords_lock_it_until_its_next_day() -> None:
    bench = Bench()
    clock(bench, NOW)
    for _ in range(5):
        assert bench.connect(WRONG) == 1
    assert bench.connect() == 1
    clock(bench, NOW.replace(hour=23, minute=59, second=59))
    assert bench.connect() == 1
    assert bench.set("40000200", TIME) == DENIED
    assert bench.connect(None) == 0
    clock(bench, NOW.replace(hour=0, minute=0, second=0) + timedelta(days=1))
    assert bench.connect() == 0


def test_four_wrong_ones_and_a_right_one_begin_the_count_anew() -> None:
    bench = Bench()
    for _ in range(2):
        for _ in range(4):
            assert bench.connect(WRONG) == 1
        assert bench.connect() == 0


def test_another_version_counts_as_no_try() -> None:
    bench = Bench()
    for _ in range(5):
        assert bench.connect(WRONG, version=0x11) == 5
    assert bench.connect() == 0


def test_other_mechanisms_are_refused_by_their_own_result() -> None:
    for mechanism, result in ((2, 2), (3, 4)):
        bench = Bench()
        asked = connect(None)[:-2] + bytes([mechanism]) + b"\1\0\1\0" + b"\0"
        assert int(peer.decode_apdu(bench.serve(asked)).result) == result
        assert bench.set("40000200", TIME) == DENIED


def test_the_password_is_changed_and_never_read() -> None:
    bench = Bench()
    assert bench.value("44010200") == "dar 3"
    bench.connect()
    assert bench.set("44010200", NEW_PASSWORD) == 0
    assert bench.value("44010200") == "dar 3"
    assert counts(bench) == (1, 0)
    assert bench.set("40000200", TIME) == 0
    assert bench.connect() == 1
    assert bench.connect(b"abc") == 0


@pytest.mark.parametrize(
    ("data", "dar"),
    [
        ("0A00", OUT_OF_RANGE), ("0A11" + "41" * 17, OUT_OF_RANGE), ("0A10" + "41" * 16, 0),
        ("0A020741", OUT_OF_RANGE), ("0A02417F", OUT_OF_RANGE), ("0A8101" + "41", 0),
        ("0903616263", MISMATCH), ("1101", MISMATCH), ("00", MISMATCH),
    ],
)  # fmt: skip
def test_a_password_is_1_to_16_visible_characters(data: str, dar: int) -> None:
    bench = Bench()
    bench.connect()
    assert bench.set("44010200", data) == dar
    assert bench.connect() == (0 if dar else 1)
    assert counts(bench) == (int(not dar), 0)


@pytest.mark.parametrize("what", ORDERS[0::3])
def test_the_clock_is_set_to_any_time_and_recorded_from_to(what: tuple[str, str, str]) -> None:
    bench = Bench(memory=Held(1).store)
    clock(bench, NOW)
    bench.connect()
    assert order(bench, *what) == 0
    assert bench.value("40000200") == TIME
    assert counts(bench) == (0, 1)
    assert last(bench, "3016") == [NOW, OCTOBER]
    clock(bench, NOW + timedelta(minutes=1))
    assert bench.value("40000200") == "1C07EA0A05080100"


@pytest.mark.parametrize(
    ("data", "dar"),
    [
        ("1C07EA0D05080000", OUT_OF_RANGE), ("1CFFFFFFFFFFFFFF", OUT_OF_RANGE),
        ("1C083401010000" + "00", OUT_OF_RANGE), ("1C0833" + "0C1F173B3B", 0),
        ("00", MISMATCH), ("0907" + "07EA0A05080000", MISMATCH),
    ],
)  # fmt: skip
def test_what_is_no_time_does_not_set_the_clock(data: str, dar: int) -> None:
    bench = Bench()
    bench.connect()
    for kind, what in (("set", "40000200"), ("act", "40007F00")):
        assert order(bench, kind, what, data) == dar
    assert counts(bench) == (0, 0 if dar else 2)


def test_it_answers_as_it_was_asked_and_then_by_its_new_number() -> None:
    bench = Bench()
    bench.connect()
    bench.hear(frame(bytes.fromhex(f"060107400102000906{OTHER}00")), SECOND)
    assert number_of(bench.say()) == NUMBER
    assert bench.ask(frame(get("20000201"))) is None
    assert bench.value("40010200", OTHER) == "0906" + OTHER
    # the number on its plate stays
    assert bench.value("40020200", OTHER) == "0906" + NUMBER
    assert counts(bench, OTHER) == (1, 0)
    assert bench.set("40010200", "0906" + NUMBER, OTHER) == 0
    assert bench.value("40010200") == "0906" + NUMBER


def test_the_fragments_of_that_answer_still_come_by_the_old_number() -> None:
    bench = Bench()
    assert bench.connect(most=100) == 0
    items = f"400102000906{OTHER}" + "410302000A0141" * 19
    assert bench.ask(frame(bytes.fromhex("06020714" + items + "00"))).control == 0xE3
    bench.hear(frame(piece(b"", 2, 0), control=0x63))
    assert number_of(bench.say()) == NUMBER
    assert bench.value("40010200", OTHER) == "0906" + OTHER


@pytest.mark.parametrize(
    ("data", "dar"),
    [
        ("0905" + OTHER[2:], OUT_OF_RANGE), ("0907" + OTHER + "00", OUT_OF_RANGE),
        ("0906" + "37011210999A", OUT_OF_RANGE), ("0906" + "A70112109999", OUT_OF_RANGE),
        ("0A06" + OTHER, MISMATCH),
    ],
)  # fmt: skip
def test_what_is_no_number_is_not_taken(data: str, dar: int) -> None:
    bench = Bench()
    bench.connect()
    assert bench.set("40010200", data) == dar
    assert bench.value("40010200") == "0906" + NUMBER
    assert counts(bench) == (0, 0)


def test_the_port_shows_its_speed_and_takes_another_behind_the_answer() -> None:
    bench = Bench()
    one = "02030A05" + b"RS485".hex().upper() + "5F{}020801001600"
    assert bench.value("F2010200") == "0101" + one.format("06")
    assert bench.value("F2010201") == one.format("06")
    bench.connect()
    bench.hear(frame(bytes.fromhex(f"070107F2017F00{SLOW}00")), SECOND)
    assert bench.meter.rate == 0
    assert bench.say() is not None
    assert bench.meter.rate == 2400
    assert bench.meter.char_us == 11_000_000 // 2400
    assert bench.value("F2010201") == one.format("03")
    assert counts(bench) == (1, 0)


@pytest.mark.parametrize(
    ("data", "dar"),
    [
        *((PORT.format(f"{code:02X}"), 0) for code in (2, 3, 4, 6, 7, 8, 9, 10)),
        *((PORT.format(code), BAUD) for code in ("00", "01", "05", "0B", "FF")),
        (SLOW.replace("5F0302", "5F0301"), OUT_OF_RANGE),
        (SLOW.replace("5F030208", "5F030207"), OUT_OF_RANGE),
        (SLOW.replace("F2010201", "F2010202"), OUT_OF_RANGE),
        (SLOW[:-2] + "01", OUT_OF_RANGE),
        (SLOW.replace("0203", "0204", 1) + "00", MISMATCH),
        ("0202" + SLOW[4:-4], MISMATCH),
        (SLOW.replace("5F0302080100", "0904" + "03020801"), MISMATCH),
        (SLOW[4:14], MISMATCH),
        ("00", MISMATCH),
    ],
)
def test_a_speed_is_one_of_the_list_at_8e1_on_its_only_port(data: str, dar: int) -> None:
    bench = Bench()
    bench.connect()
    assert bench.act("F2017F00", data) == dar
    assert bool(bench.meter.rate) is (not dar)
    assert counts(bench) == (int(not dar), 0)


def test_what_nobody_may_stays_denied_in_the_connection() -> None:
    bench = Bench()
    bench.connect()
    for oad, data in (("41000200", "1101"), ("40020200", "0906" + OTHER), ("F1010200", "1601"),
                      ("40000300", "1600"), ("00100200", "0600000000")):  # fmt: skip
        assert bench.set(oad, data) == DENIED, oad
    assert bench.act("43000100", "00") == DENIED
    assert bench.act("AAAA0100", "00") == UNDEFINED
    assert counts(bench) == (0, 0)


def test_a_freeze_at_once_is_one_more_row() -> None:
    bench = Bench()
    bench.connect()
    for n in (1, 2):
        assert bench.act("50000300", "00") == 0
        assert bench.meter.freezes.kept(0x5000, 0) == n


def test_a_list_is_done_item_by_item_and_shown_as_it_then_is() -> None:
    bench = Bench()
    bench.connect()
    asked = "06030702" + f"400102000906{OTHER}4001020000" + f"40000200{TIME}4000020000" + "00"
    said = bench.serve(bytes.fromhex(asked))
    assert said.hex().upper() == (
        "86030702" + "4001020000" + "40010200010906" + OTHER
        + "4000020000" + "4000020001" + TIME + "0000"
    )  # fmt: skip


def test_everybody_is_told_nothing_that_needs_a_password() -> None:
    bench = Bench()
    bench.connect()
    for data in (f"060101400102000906{OTHER}00", f"070101F2017F00{SLOW}00"):
        assert bench.ask(frame(bytes.fromhex(data), "AA", kind=3)) is None
    assert bench.ask(frame(connect(WRONG), "AA", kind=3)) is None
    assert (bench.meter.rate, bench.value("40010200")) == (0, "0906" + NUMBER)
    assert bench.meter.access.wrong == 0


@settings(max_examples=200, derandomize=True)
@given(
    st.sampled_from(["40000200", "40010200", "44010200", "40007F00", "F2017F00", "50000300"]),
    st.one_of(
        st.binary(min_size=1, max_size=24),
        st.sampled_from([TIME, "0906" + OTHER, NEW_PASSWORD, SLOW]).map(bytes.fromhex),
    ),
    st.booleans(),
)
def test_any_data_of_a_programmer_is_answered_readably_and_the_meter_goes_on(
    what: str, data: bytes, sets: bool
) -> None:
    bench = Bench()
    bench.connect()
    got = bench.ask(frame(bytes([6 if sets else 7, 1, 7]) + bytes.fromhex(what) + data + b"\0"))
    assert isinstance(parse(bytes(got.payload)), Apdu)
    number = bytes(bench.meter.number)[::-1].hex().upper()
    assert bench.value("20000201", number) == "120899"
