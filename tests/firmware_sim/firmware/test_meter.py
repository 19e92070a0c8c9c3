"""The meter core: what it answers, and what it meets with silence (DL/T 645-2007)."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.firmware_sim.firmware.bench645 import CHAR_US, SECOND, Bench
from tests.firmware_sim.frames import NUMBER, answer, digits, read, request

VECTORS = Path(__file__).parents[2] / "vectors" / "dlt645.jsonl"


def value(bench: Bench, item: str) -> str:
    """The digits a meter gives for an item."""
    said = bench.ask(read(NUMBER, item))
    assert said is not None
    got = answer(said)
    assert (got.number, got.control, got.item) == (NUMBER, 0x91, item)
    return digits(got.raw)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("02010100", "2201"),  # 220.14 V
        ("02020100", "008123"),  # 8.1234 A
        ("02030000", "017126"),  # 1.71264 kW
        ("02030100", "017126"),
        ("02040100", "004321"),
        ("02050000", "017880"),
        ("02060100", "0958"),  # 0.9578
        ("02800001", "808001"),  # -8.0006 A
        ("02800002", "4999"),  # 49.987 Hz
        ("02800007", "0346"),  # 34.56 degrees
        ("00010000", "01200774"),  # 19212399 pulses, 16 each 0.01 kWh
        ("00010100", "00000001"),
        ("00010200", "01200001"),
        ("00010300", "00000000"),
        ("00010400", "00000771"),
        ("00020000", "00000010"),
        ("04000401", NUMBER),
        ("04000101", "26081600"),  # Sunday is 00
        ("04000102", "203145"),
    ],
)
def test_an_item_reads_as_its_register_says(item: str, expected: str) -> None:
    assert value(Bench(), item) == expected


def test_the_total_counts_pulses_that_no_tariff_shows_yet() -> None:
    bench = Bench(f1=10, f2=10, f3=10, f4=10)
    # 40 pulses are 0.02 kWh; each tariff alone shows nothing
    assert value(bench, "00010000") == "00000002"
    assert digits(answer(bench.ask(read(NUMBER, "0001FF00")) or b"").raw) == "0" * 32 + "00000002"


def test_combined_energy_is_forward_plus_reverse() -> None:
    assert value(Bench(f1=1600, f2=0, f3=0, f4=0, r4=16 * 25), "00000000") == "00000125"


def test_the_counter_rolls_over_behind_its_last_digit() -> None:
    assert value(Bench(f1=16 * 99_999_999, f2=16, f3=0, f4=0), "00010000") == "00000000"


def test_a_single_phase_meter_shows_blanks_for_the_phases_it_has_not() -> None:
    bench = Bench()
    assert value(bench, "02010200") == "FFFF"
    assert value(bench, "0201FF00") == "FFFFFFFF" + "2201"
    assert value(bench, "0203FF00") == "FFFFFF" * 2 + "017126" * 2


def test_a_three_phase_meter_gives_every_element_with_its_sign() -> None:
    bench = Bench(elements=3)
    assert value(bench, "0201FF00") == "2199" + "2212" + "2201"
    # total of 1.71264 - 0.98765 + 0.00044 kW; the sign is the top bit
    assert value(bench, "0203FF00") == "000004" + "809877" + "017126" + "007254"
    assert value(bench, "0206FF00") == "0000" + "9000" + "0958" + "0958"


def test_a_value_beyond_the_digits_shows_the_top() -> None:
    assert value(Bench(ia=2_000_000_000), "02020100") == "799999"
    assert value(Bench(ia=-2_000_000_000), "02020100") == "F99999"


def test_a_small_negative_value_that_rounds_to_nothing_has_no_sign() -> None:
    assert value(Bench(pa=-4), "02030100") == "000000"


@pytest.mark.parametrize(
    "item",
    [
        "00010001",
        "00010500",
        "00030000",
        "02080100",
        "02010000",
        "05060101",
        "0280000B",
        "07000001",
    ],
)
def test_an_unknown_identifier_is_refused_as_no_requested_data(item: str) -> None:
    got = answer(Bench().ask(read(NUMBER, item)) or b"")
    assert (got.control, got.data) == (0xD1, b"\x02")


@pytest.mark.parametrize(
    ("control", "data", "error"),
    [
        (0x11, b"\x00", 0x01),
        (0x11, bytes(5), 0x02),
        (0x11, bytes(10), 0x02),
        (0x12, bytes(5), 0x02),
        (0x14, bytes(11), 0x01),
        (0x14, bytes(13), 0x02),
        (0x17, b"\x30", 0x08),
        (0x17, b"\x00", 0x08),
        (0x18, bytes(12), 0x01),
        (0x19, bytes(8)[:7] + b"\x00\x00", 0x01),
        (0x1A, bytes(8), 0x04),
        (0x1C, bytes(16), 0x01),
        (0x1D, b"\x03", 0x01),
    ],
)
def test_what_the_meter_does_not_do_is_refused_by_its_error(
    control: int, data: bytes, error: int
) -> None:
    got = answer(Bench().ask(request(NUMBER, control, data)) or b"")
    assert (got.control, got.data) == (control | 0xC0, bytes([error]))


@pytest.mark.parametrize("number", ["370112100002", "999999999999", "AAAAAAAA0002", "0AAAAAAAAAAA"])
def test_a_frame_for_another_number_meets_silence(number: str) -> None:
    assert Bench().ask(read(number, "02010100")) is None


@pytest.mark.parametrize("number", ["AAAAAAAAAAAA", "AAAAAAAA0001", "AA0112100001"])
def test_a_wildcard_is_answered_with_the_real_number(number: str) -> None:
    got = answer(Bench().ask(read(number, "02010100")) or b"")
    assert got.number == NUMBER


def test_the_address_is_read_with_13() -> None:
    got = answer(Bench().ask(request("AAAAAAAAAAAA", 0x13)) or b"")
    assert (got.control, got.number, digits(got.data)) == (0x93, NUMBER, NUMBER)


@pytest.mark.parametrize("control", [0x08, 0x03, 0x15, 0x00, 0x1F, 0x91, 0xD1])
def test_broadcast_functions_answers_and_unknown_functions_meet_silence(control: int) -> None:
    assert Bench().ask(request(NUMBER, control, bytes(6))) is None


def test_a_wrong_checksum_or_end_meets_silence() -> None:
    good = read(NUMBER, "02010100")
    assert Bench().ask(good[:-2] + bytes([good[-2] ^ 1]) + good[-1:]) is None
    assert Bench().ask(good[:-1] + b"\x17") is None


@pytest.mark.parametrize("wake", [0, 1, 4, 7])
def test_any_number_of_wake_up_bytes_is_accepted(wake: int) -> None:
    assert Bench().ask(read(NUMBER, "02010100", wake)) is not None


def test_a_new_request_behind_noise_and_a_false_header_is_found() -> None:
    assert Bench().ask(b"\x68\x00\x68\x68" + read(NUMBER, "02010100")) is not None
    false = b"\x68" + bytes(6) + b"\x68\x11\x00\x00\x00"
    assert Bench().ask(false + read(NUMBER, "02010100")) is not None


def test_the_answer_begins_after_the_set_delay_and_the_set_wake_up_bytes() -> None:
    bench = Bench(delay_us=35_000, wake=2)
    bench.hear(read(NUMBER, "02010100"))
    said = bench.say()
    assert said is not None
    assert said[0] == 35_000
    assert answer(said[1]).wake == 2


def test_bytes_behind_the_request_do_not_delay_the_answer() -> None:
    bench = Bench()
    bench.hear(read(NUMBER, "02010100") + b"\x00" * 3)
    said = bench.say()
    assert said is not None
    assert said[0] == 20_000 - 3 * CHAR_US


def test_a_pause_of_more_than_500_ms_ends_a_frame_that_has_begun() -> None:
    frame = read(NUMBER, "02010100")
    for pause, answered in ((499_000, True), (502_000, False)):
        bench = Bench()
        bench.hear(frame[:12])
        bench.hear(frame[12:], pause_us=pause)
        assert (bench.say() is not None) is answered, pause


def test_the_meter_forgets_half_a_frame_at_its_own_deadline() -> None:
    bench = Bench()
    bench.hear(read(NUMBER, "02010100")[:12])
    assert not bench.meter.idle()
    assert bench.say() is None
    assert bench.meter.idle()


def test_a_long_burst_is_no_pause() -> None:
    bench = Bench()
    frame = request(NUMBER, 0x14, bytes(255))
    bench.hear(frame[:1])
    # 270 characters as one piece take 310 ms, which is their own length, not silence
    bench.hear(b"\x68" * 200 + frame, pause_us=300_000)
    assert bench.say() is not None


def test_a_new_request_replaces_the_answer_that_waits() -> None:
    bench = Bench()
    bench.hear(read(NUMBER, "02010100"))
    bench.hear(read(NUMBER, "02800002", 0), pause_us=1000)
    said = bench.say()
    assert said is not None
    assert answer(said[1]).item == "02800002"
    assert bench.meter.deadline() == -1


def test_the_ticks_may_wrap_anywhere() -> None:
    for t in ((1 << 30) - 10 * CHAR_US, (1 << 30) - 25_000, (1 << 30) - 1):
        bench = Bench(t=t)
        bench.hear(read(NUMBER, "02010100"))
        said = bench.say()
        assert said is not None
        assert said[0] == 20_000


def test_other_meters_frames_cost_no_look_at_the_chip() -> None:
    bench = Bench()
    bench.ask(read("370112100002", "02010100"))
    assert bench.snapshots == 0


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=6), st.integers(0, 600_000))
@settings(max_examples=150)
def test_any_bytes_are_survived_and_the_meter_answers_afterwards(
    pieces: list[bytes], pause: int
) -> None:
    bench = Bench()
    for piece in pieces:
        bench.hear(piece, pause_us=pause)
    bench.say()
    assert bench.ask(read(NUMBER, "02010100")) is not None


NOISE = st.one_of(
    st.just(read(NUMBER, "02010100")),
    st.just(read(NUMBER, "0203FF00", 0)),
    st.just(read("370112100002", "02010100")),
    st.just(request("AAAAAAAAAAAA", 0x13)),
    st.binary(max_size=30),
    st.just(b"\x68" * 9),
    st.just(b"\x68" + bytes(6) + b"\x68\x11\x40"),
)


@given(st.lists(NOISE, max_size=6), st.lists(st.integers(1, 40), min_size=1, max_size=8))
@settings(max_examples=150)
def test_any_chunking_gives_the_same_answer_at_the_same_time(
    parts: list[bytes], sizes: list[int]
) -> None:
    stream = b"".join(parts)
    whole = Bench()
    whole.hear(stream)
    cut = Bench()
    at = turn = 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        cut.hear(stream[at : at + size])
        at += size
        turn += 1
    assert cut.t == whole.t
    assert cut.meter.idle() == whole.meter.idle()
    assert cut.say() == whole.say()


def vectors() -> list[dict[str, object]]:
    """Requests written down by other people."""
    records = [json.loads(line) for line in VECTORS.read_text(encoding="utf-8").splitlines()]
    return [record for record in records if record["direction"] == "request"]


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: str(vector["hex"])[:60])
def test_requests_of_other_people_are_answered_or_met_with_silence_as_they_mean(
    vector: dict[str, object],
) -> None:
    meaning = vector["meaning"]
    assert isinstance(meaning, dict)
    address = str(meaning.get("address", ""))
    number = address if address.isdecimal() and address != "9" * 12 else NUMBER
    said = Bench(number=number).ask(bytes.fromhex(str(vector["hex"])))
    if not vector["valid"] or meaning["control"] in ("01", "08", "1F"):
        assert said is None
        return
    assert said is not None
    got = answer(said)
    assert got.number == number
    assert got.control & 0x1F == int(str(meaning["control"]), 16)
    if got.control == 0x91:
        assert got.item == meaning["di"]


def test_silence_lasts_as_long_as_nothing_is_asked() -> None:
    bench = Bench()
    bench.t += SECOND
    assert bench.meter.deadline() == -1
    assert bench.meter.on_deadline(bench.t) == 0


@pytest.mark.parametrize("noise", range(518, 528))
def test_a_request_at_the_very_end_of_a_full_buffer_is_answered(noise: int) -> None:
    bench = Bench()
    bench.hear(b"\xfe" * noise + request(NUMBER, 0x13, wake=0))
    assert answer((bench.say() or (0, b""))[1]).control == 0x93


def test_a_request_that_meets_silence_takes_back_the_answer_that_waits() -> None:
    bench = Bench()
    bench.hear(read(NUMBER, "02010100"))
    bench.hear(request(NUMBER, 0x1F))
    assert bench.say() is None
    # what is not for it takes nothing back
    bench.hear(read(NUMBER, "02010100"))
    bench.hear(read("370112109999", "02010100"))
    assert bench.say() is not None
