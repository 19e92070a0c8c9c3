"""The form language: what bytes say under each format, and the bytes of what was said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.dlt645.form import Cell, Got, cell, form, write


@pytest.mark.parametrize(
    ("format", "sent", "value"),
    [
        ("XXXXXX.XX/kWh", "56 34 12 00", 123456),
        ("XX", "15", 15),
        ("±XXX.XXX/A", "17 00 80", -17),
        ("±XXX.XXX/A", "00 00 80", 0),
        ("XXX.X/V", "01 A2", None),
        ("XXX.X/V", "FF FF", None),
        ("±XX.XX", "FF 7F", None),
        ("YYMMDDhhmm", "34 12 28 02 26", "2026-02-28 12:34"),
        ("YYMMDDhhmmss", "56 34 12 29 02 24", "2024-02-29 12:34:56"),
        ("YYMMDDhhmmss", "00 00 00 29 02 25", None),
        ("YYMMDDhhmmss", "00 00 00 29 02 26", None),
        ("YYMMDDhhmmss", "00 00 00 31 04 26", None),
        ("YYMMDDhhmmss", "00 00 00 00 00 00", None),
        ("YYMMDDhhmm", "34 12 28 13 26", None),
        ("YYMMDDhhmm", "60 12 28 12 26", None),
        ("YYMMDDhhmm", "00 24 28 12 26", None),
        ("MMDDhhmm", "59 23 31 12", "12-31 23:59"),
        ("DDhh", "00 01", "01 00"),
        ("DDhh", "99 99", None),
        ("hhmm", "00 24", "24:00"),
        ("hhmm", "01 24", None),
        ("hhmmss", "00 00 00", "00:00:00"),
        ("#6", "12 90 78 56 34 12", "123456789012"),
        ("#6", "81 04 00 07 21 3A", "3A2107000481"),
        ("#6", "FF FF FF FF FF FF", None),
        ("id4", "FF FF FF FF", "FFFFFFFF"),
        ("A6", "00 00 56 30 32 32", "220V"),
        ("A6", "00 00 56 30 32 0A", None),
        ("A4", "00 00 00 00", ""),
        ("raw3", "FF 01 0A", "FF 01 0A"),
        ("bits2(status1)", "04 80", 0x8004),
        ("bits2(status1)", "FF FF", None),
        ("code1", "FF", 255),
        ("code1(relay)", "1B", 0x1B),
    ],
)
def test_bytes_are_read_as_the_format_says(format: str, sent: str, value: object) -> None:
    assert cell(format).read(bytes.fromhex(sent)) == value


@pytest.mark.parametrize("text", ["XXX", "foo", "YYM", "x:", "A", "bits(x)", "X.X.X", ""])
def test_what_is_no_format_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a|half"):
        cell(text)


@pytest.mark.parametrize("text", ["[XX]*nowhere"])
def test_an_unknown_axis_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no axis"):
        form(text)


def test_parts_follow_one_another_as_on_the_wire() -> None:
    found = form("count:XXXXXX minutes:XXXXXX/min").read(bytes.fromhex("010000 022000"))
    assert found is not None
    assert [(got.cell.key, got.value, got.cell.unit) for got in found] == [
        ("count", 1, ""),
        ("minutes", 2002, "min"),
    ]


def test_a_repetition_goes_along_its_axis() -> None:
    found = form("[a:XX b:XX]*phase").read(bytes.fromhex("010203040506"))
    assert found is not None
    assert [(got.cell.key, got.number, got.value) for got in found] == [
        ("a", 1, 1), ("b", 1, 2), ("a", 2, 3), ("b", 2, 4), ("a", 3, 5), ("b", 3, 6)
    ]  # fmt: skip


@pytest.mark.parametrize(("length", "rounds"), [(4, 1), (8, 2), (20, 5), (256, 64)])
def test_an_open_repetition_is_as_long_as_the_data(length: int, rounds: int) -> None:
    found = form("[XXXXXX.XX]*tariff").read(bytes(length))
    assert found is not None
    assert [got.number for got in found] == list(range(rounds))


@pytest.mark.parametrize("length", [0, 3, 5, 260])
def test_a_length_between_rounds_gives_nothing(length: int) -> None:
    assert form("[XXXXXX.XX]*tariff").read(bytes(length)) is None


def test_the_rest_is_taken_as_it_is() -> None:
    found = form("time:hhmm more:raw*").read(bytes.fromhex("0112 FF00"))
    assert found is not None
    assert [got.value for got in found] == ["12:01", "FF 00"]


@pytest.mark.parametrize(
    ("format", "size"),
    [("XX XX.XX", 3), ("[XX]*phase hhmm", 5), ("[XX]*tariff", None), ("XX raw*", None)],
)
def test_a_form_knows_its_size(format: str, size: int | None) -> None:
    assert form(format).size == size


def test_data_that_is_not_there_has_no_values() -> None:
    assert [got.value for got in form("XX [hhmm]*phase [XX]*tariff").empty()] == [None] * 5


@st.composite
def held(draw: st.DrawFn) -> tuple[Cell, int | str | None]:
    whole, after = draw(st.integers(1, 5)), draw(st.integers(0, 4))
    whole += (whole + after) % 2
    signed = draw(st.booleans())
    top = 10 ** (whole + after) * (8 if signed else 10) // 10 - 1
    number = draw(st.none() | st.integers(-top if signed else 0, top))
    dot = "." + "X" * after if after else ""
    return cell(("±" if signed else "") + "X" * whole + dot), number


@given(held())
def test_a_number_round_trips(given: tuple[Cell, int | str | None]) -> None:
    part, number = given
    sent = part.write(number)
    assert len(sent) == part.size
    assert part.read(sent) == number


@given(
    st.sampled_from(["YYMMDDhhmm", "YYMMDDhhmmss", "MMDDhhmm", "hhmm", "hhmmss", "YYMMDD", "DDhh"]),
    st.binary(min_size=6, max_size=6),
)
def test_a_time_that_has_a_value_is_those_bytes(pairs: str, data: bytes) -> None:
    part = cell(pairs)
    data = data[: part.size]
    value = part.read(data)
    if value is not None:
        assert write((Got(part, value),)) == data


@given(
    st.sampled_from(
        ["XX", "±XXX.X", "YYMMDDhhmm", "#6", "id4", "A32", "raw*", "bits2(phase)", "code1(relay)",
         "[XX hhmm]*tariff", "[XX]*+", "raw* [XX]*3"]
    ),
    st.binary(max_size=80),
)  # fmt: skip
def test_no_data_raises(text: str, data: bytes) -> None:
    found = form(text).read(data)
    if found is not None:
        assert len(write(found)) == len(data)


@pytest.mark.parametrize(
    ("format", "value"),
    [("XX", 100), ("±XX", 80), ("XX", -1), ("A4", "12345"), ("#6", "12"), ("raw2", "01")],
)
def test_what_does_not_fit_is_not_written(format: str, value: int | str) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        cell(format).write(value)
