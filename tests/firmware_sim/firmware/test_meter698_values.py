"""The 698 meter: the values of the 645 meter on the same chip, to the digit; its services."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.firmware_sim.firmware import bench645
from tests.firmware_sim.firmware.bench698 import Bench, frame, get, peer
from tests.firmware_sim.frames import NUMBER, answer, digits, read
from tests.firmware_sim.held import Held

SIGNED = {"0F": 1, "10": 2, "05": 4, "14": 8}
PLAIN = {"11": 1, "12": 2, "06": 4, "15": 8}


def number(data: str) -> int:
    """An integer Data."""
    assert len(data) == 2 + 2 * (SIGNED | PLAIN)[data[:2]]
    return int.from_bytes(bytes.fromhex(data[2:]), signed=data[:2] in SIGNED)


def of_645(said: bytes | None, signed: bool) -> int:
    """The digits a 645 meter gives, as an integer of its last digit."""
    text = digits(answer(said or b"").raw)
    if signed and int(text[0], 16) >= 8:
        return -int(f"{int(text[0], 16) - 8}{text[1:]}")
    return int(text)


PAIRS = [
    *((f"20000{2}0{i}", f"02010{i}00", False) for i in (1, 2, 3)),
    *((f"20010{2}0{i}", f"02020{i}00", True) for i in (1, 2, 3)),
    *((f"20030{2}0{i}", f"02070{i}00", False) for i in (1, 2, 3)),
    *((f"2004020{i}", f"02030{i - 1}00", True) for i in (1, 2, 3, 4)),
    *((f"2005020{i}", f"02040{i - 1}00", True) for i in (1, 2, 3, 4)),
    *((f"2006020{i}", f"02050{i - 1}00", True) for i in (1, 2, 3, 4)),
    *((f"200A020{i}", f"02060{i - 1}00", True) for i in (1, 2, 3, 4)),
    ("20010400", "02800001", True),
    ("200F0200", "02800002", False),
    ("20070201", "02800003", True),
    ("20170200", "02800004", True),
    ("20180200", "02800005", True),
    ("20190200", "02800006", True),
    ("20100200", "02800007", True),
    ("20110200", "02800008", False),
    ("20120200", "02800009", False),
    ("20130200", "0280000A", False),
    *((f"00{q:X}0020{t + 1}", f"00{q:02X}{t:02X}00", q in (0, 3, 4))
      for q in range(11) for t in range(5)),
    *((f"00{q:X}{p}0201", f"00{q + 0x14 * p:02X}0000", q in (3, 4))
      for q in range(1, 11) for p in (1, 2, 3)),
]  # fmt: skip


@pytest.mark.parametrize("elements", [1, 3])
def test_every_value_is_that_of_the_645_meter_on_the_same_chip(elements: int) -> None:
    held = Held(elements)
    ours, theirs = Bench(elements, memory=held.store), bench645.Bench(elements, memory=held.store)
    equal = 0
    for oad, item, signed in PAIRS:
        value, said = ours.value(oad), theirs.ask(read(NUMBER, item))
        missing = answer(said or b"").control != 0x91 or set(digits(answer(said or b"").raw)) == {
            "F"
        }
        assert value.startswith("dar 6") is missing, (oad, item)
        if not missing:
            assert number(value) == of_645(said, signed), (oad, item)
            equal += 1
    assert equal == (34 if elements == 1 else len(PAIRS))


def test_a_demand_is_that_of_the_645_meter_with_its_minute() -> None:
    held = Held(3)
    ours, theirs = Bench(3, memory=held.store), bench645.Bench(3, memory=held.store)
    for q in range(1, 11):
        for tariff in range(5):
            value = ours.value(f"10{q:X}0020{tariff + 1}")
            raw = digits(answer(theirs.ask(read(NUMBER, f"01{q:02X}{tariff:02X}00")) or b"").raw)
            assert value[:4] == "0202"
            assert number(value[4:14]) == int(raw[10:])
            year, month, day, hour, minute = (
                int(value[16 + i : 18 + i + (2 if not i else 0)], 16) for i in (0, 4, 6, 8, 10)
            )
            assert f"{year - 2000:02}{month:02}{day:02}{hour:02}{minute:02}" == raw[:10]
    assert Bench(1, memory=Held(1).store).value("10100201") == "dar 6"


def test_a_whole_attribute_is_the_array_of_its_elements() -> None:
    bench = Bench(3, memory=Held(3).store)
    for oad, count in [("00100200", 5), ("20000200", 3), ("20040200", 4), ("10100200", 5)]:
        parts = "".join(bench.value(f"{oad[:6]}0{i + 1}") for i in range(count))
        assert bench.value(oad) == f"01{count:02}{parts}"
        assert bench.value(f"{oad[:6]}0{count + 1}") == "dar 6"


@pytest.mark.parametrize(
    ("oad", "data"),
    [
        ("00100300", "59FE21"), ("00300300", "dar 6"), ("00100500", "59FC21"),
        ("20000300", "59FF26"), ("20010300", "59FD24"), ("20040300", "59FF1B"),
        ("200F0300", "59FE2F"), ("20100300", "59FF09"),
        ("00100401", "15" + f"{19_212_399 * 25 // 4:016X}"),
        ("40000200", "1C07EA0810141F2D"), ("40010200", "0906" + NUMBER),
        ("40020200", "0906" + NUMBER), ("41000200", "110F"), ("41040200", "0A0432323056"),
        ("41090200", "0600000640"), ("41120200", "040805"), ("F1010200", "1600"),
        ("400C0200", "02051102110211041104" + "1102"), ("20150200", "042000000000"),
        ("20000900", "dar 6"), ("20010205", "dar 6"), ("AAAA0200", "dar 4"), ("20300200", "dar 4"),
    ],
)  # fmt: skip
def test_an_object_of_a_single_phase_meter_reads_as_it_should(oad: str, data: str) -> None:
    assert Bench().value(oad) == data


def test_a_list_is_answered_in_order_and_what_is_refused_takes_nothing_from_the_rest() -> None:
    data = Bench().serve(get("20000201", "AAAA0200", "200F0200", piid=0xC9))
    assert data.hex() == "85028903" + "20000201" + "01120899" + "aaaa0200" + "0004" + (
        "200f0200" + "01121387" + "0000"
    )
    assert len(peer.decode_apdu(data).attributes) == 3


def test_a_time_tag_is_accepted() -> None:
    tag = bytes.fromhex("01 07EA0810141F2D 010005")
    assert Bench().serve(get("20000201")[:-1] + tag)[:8].hex() == "8501052000020101"


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("030700", "8307000000"),
        ("0505070003" + "00", "85050701000300" + "0b0000"),
        ("060107" + "40000200" + "1C07EA0810141F2D00", "860107400002000300" + "00"),
        ("060107" + "41030200" + "1101" + "00", "860107410302000700" + "00"),
        ("060107" + "20000200" + "120001" + "00", "860107200002000300" + "00"),
        ("060107" + "AAAA0200" + "120001" + "00", "860107aaaa02000400" + "00"),
        ("070107" + "40007F00" + "1C07EA0810141F2D00", "87010740007f00030000" + "00"),
        ("070107" + "43000100" + "0000", "87010743000100030000" + "00"),
        ("090107" + "0000", "ee07020000"),
        ("770107" + "0000", "ee07020000"),
        ("050907" + "0000", "ee07010000"),
        ("050107" + "200002", "ee07010000"),
        ("050107" + "2000020100FF", "ee07010000"),
        ("1000" + "00", "90021600"),
    ],
)
def test_a_service_is_answered_as_it_should(request_: str, expected: str) -> None:
    data = Bench().serve(bytes.fromhex(request_))
    assert data.hex() == expected
    if data[0] != 0x90:
        peer.decode_apdu(data)


def test_what_may_be_set_is_read_back_and_logged() -> None:
    bench = Bench()
    data = bench.serve(bytes.fromhex("060107410302000A0441423132" + "00"))
    assert data.hex() == "860107410302000000" + "00"
    assert bench.value("41030200") == "0A0441423132"
    then = bench.serve(bytes.fromhex("06030701" + "410302000A024142" + "4103020000" + "00"))
    assert then.hex() == "86030701" + "4103020000" + "41030200" + "010a024142" + "0000"
    assert bench.value("30120400") == "120002"


def test_a_public_connection_settles_how_long_frames_may_be() -> None:
    offer = "0207" + "0010" + "FF" * 8 + "FF" * 16 + "0080" + "0080" + "01" + "0400" + "00000064"
    bench = Bench()
    got = peer.decode_apdu(bench.serve(bytes.fromhex(offer + "00" + "00")))
    assert int(got.result) == 0
    long = frame(get(*["43000300"] * 3))
    assert bench.ask(long).control == 0xE3
    assert bench.serve(bytes.fromhex("030700")).hex() == "8307000000"
    assert bench.ask(long).control == 0xC3
    refused = peer.decode_apdu(bench.serve(bytes.fromhex(offer + "01" + "023131" + "00")))
    assert int(refused.result) == 1


@pytest.mark.parametrize(
    ("told", "taken"), [("1F32", True), ("2419", True), ("2500", False), ("1900", False)]
)
def test_the_broadcast_time_is_taken_within_five_minutes_and_not_answered(
    told: str, taken: bool
) -> None:
    bench = Bench()
    apdu = bytes.fromhex("07010740007F00" + "1C07EA081014" + told + "00")
    for _ in range(2):
        assert bench.ask(frame(apdu, "AA", kind=3, client=0)) is None
    assert bench.value("40000200")[-4:] == (told if taken else "1F2D")
    assert bench.value("30160400") == f"12000{int(taken)}"


@settings(max_examples=200)
@given(st.binary(min_size=1, max_size=40), st.sampled_from([b"", b"\5\1", b"\5\2", b"\5\3", b"\5\4"
       , b"\6\1", b"\6\2", b"\6\3", b"\7\1", b"\7\2", b"\7\3", b"\2"]))  # fmt: skip
def test_any_apdu_is_answered_readably_or_met_with_silence(data: bytes, head: bytes) -> None:
    bench = Bench(memory=Held(1).store)
    got = bench.ask(frame(head + data))
    if got is not None and got.control == 0xC3:
        assert bytes(got.payload)[0] >= 0x82
    assert bench.value("20000201") == "120899"
