"""The view: golden pictures, and that nothing overflows, whatever is said and however small."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.monitor import Frame, Link, Picture, draw
from edge.monitor.canvas import Line, line_width, plain
from edge.words.messages import messages
from protocol.uplink.state import LineHealth
from tests.edge.monitor import feed

PICTURES = Path(__file__).parent / "pictures"
LINK = Link("mqtt://127.0.0.1:1883", True, feed.NOW)
GONE = Link("mqtt://127.0.0.1:1883", False, feed.NOW - 35_000, "Connection refused")


def filled(*others: str) -> Picture:
    """The feed, and other gateways beside it."""
    picture = Picture()
    said = feed.whole()
    for other in others:
        said += feed.whole(other, "other-1")
    for topic, payload in said:
        picture.take(topic, payload, feed.NOW - 3_000)
    return picture


def text(lines: list[Line]) -> str:
    """As a file."""
    return "".join(f"{plain(one)}\n" for one in lines)


def drawn(picture: Picture, columns: int, rows: int, lang: str = "en", link: Link = LINK) -> str:
    """The picture as text."""
    return text(draw(picture, Frame(columns, rows, lang, feed.NOW, link)))


def golden(name: str, found: str) -> None:
    """Equal to the file byte for byte; BOXGATE_PICTURES=write makes it anew, to be looked at."""
    path = PICTURES / name
    if os.environ.get("BOXGATE_PICTURES") == "write":
        path.write_bytes(found.encode())
    assert path.read_bytes() == found.encode()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (200, 60)])
def test_the_whole_site_on_one_screen(columns: int, rows: int, lang: str) -> None:
    golden(f"site-{columns}x{rows}-{lang}.txt", drawn(filled(), columns, rows, lang))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_broker_and_a_gateway_that_are_gone_leave_what_was_last_said(lang: str) -> None:
    picture = filled()
    picture.take(*feed.will(), feed.NOW - 40_000)
    late = Frame(80, 24, lang, feed.NOW + 300_000, GONE)
    golden(f"gone-80x24-{lang}.txt", text(draw(picture, late)))


def test_several_gateways_are_a_list_with_the_first_in_detail() -> None:
    golden("many-80x30-en.txt", drawn(filled("gw2", "gw3"), 80, 30))


def test_a_chosen_gateway_is_shown_and_stays_in_the_list() -> None:
    picture = filled(*(f"g{n}" for n in range(20)))
    for chosen in picture.gateways:
        frame = Frame(80, 24, "en", feed.NOW, LINK, chosen)
        lines = [plain(one) for one in draw(picture, frame)]
        site, gateway = chosen
        assert [one for one in lines if one.startswith(f" > {gateway} {site}")]
        assert [one for one in lines if one.startswith(f" {gateway} {site}")]


def test_nothing_said_yet_tells_what_to_check() -> None:
    assert "No gateway has said anything yet" in drawn(Picture(), 120, 24)


@settings(max_examples=60)
@given(st.integers(1, 260), st.integers(1, 90), st.sampled_from(["en", "zh"]), st.booleans())
def test_no_size_is_overflown(columns: int, rows: int, lang: str, many: bool) -> None:
    picture = filled("gw2", "gw3", "gw4") if many else filled()
    for link in (LINK, GONE):
        lines = draw(picture, Frame(columns, rows, lang, feed.NOW, link))
        assert len(lines) == rows
        assert [one for one in lines if line_width(one) > columns] == []


def of_lines(**states: str) -> Picture:
    """All lines well but those named, which are in that state."""
    picture = Picture()
    well = LineHealth(state="up", read=60, due=60, sweeps=40, sweep_ms=24_000, utilisation=0.98)
    health = dict.fromkeys(feed.LINES, well)
    for name, word in states.items():
        health[name] = LineHealth(state=word, reason=f"{name}: no port", due=48, sweeps=3)
    picture.take(*feed.card(), feed.NOW)
    picture.take(*feed.state(lines=health), feed.NOW)
    return picture


def test_lines_that_are_well_share_one_row_where_rows_are_short() -> None:
    lines = drawn(of_lines(), 80, 21).splitlines()
    about = [one for one in lines if "lines up" in one or one[3:5] == "b1"]
    assert about == ["   6 lines up, 24.0 s a sweep, 98 % used"]


def test_a_line_that_is_down_stands_by_name_above_those_that_are_well() -> None:
    lines = drawn(of_lines(b3="down"), 80, 21).splitlines()
    place = next(n for n, one in enumerate(lines) if one.startswith("!  line b3 "))
    assert "down" in lines[place]
    assert "b3: no port" in lines[place]
    assert lines[place + 1].startswith("   5 lines up")


def test_lines_with_the_same_wrong_share_a_row() -> None:
    lines = drawn(of_lines(b1="down", b2="down", b3="down"), 80, 21).splitlines()
    assert (
        len([one for one in lines if "down" in one and one.startswith("!  line b1, b2, b3")]) == 1
    )


def test_before_the_first_readings_it_says_that_they_are_to_come() -> None:
    assert "no reading yet: the first come within" in drawn(of_lines(), 80, 24)
    assert "no reading yet" not in drawn(filled(), 80, 24)


def test_what_the_broker_does_not_let_us_read_is_said() -> None:
    denied = Link(LINK.url, True, feed.NOW, "boxgate/1/+/+/event: Not authorized")
    assert "read boxgate/1/+/+/event: Not authorized" in drawn(filled(), 100, 24, link=denied)


@pytest.mark.parametrize("rows", range(14, 24))
def test_what_does_not_fit_is_counted(rows: int) -> None:
    lines = drawn(filled(), 80, rows).splitlines()
    feeders = [one for one in lines if one[3:5] in ("F1", "F2", "F3", "F4", "F5")]
    more = [one for one in lines if one.strip().endswith("more")]
    start = next(n for n, one in enumerate(lines) if one.strip().startswith("feeder"))
    if len(feeders) < 5:
        after = lines[start : start + len(feeders) + 2]
        assert [one for one in after if f"+{5 - len(feeders)} more" in one]
    assert more


def test_transformers_outlast_everything_else() -> None:
    lines = drawn(filled(), 80, 9).splitlines()
    assert [one for one in lines if one.startswith("!! T1")]


@given(st.text(max_size=60))
@settings(max_examples=40)
def test_no_text_from_the_broker_moves_the_cursor(name: str) -> None:
    picture = Picture()
    said = [feed.card(name=name), feed.state(version=name)]
    said.append(feed.event(name or "x", name, name, since=feed.NOW, cause=name))
    for topic, payload in said:
        picture.take(topic, payload, feed.NOW)
    for columns in (80, 200):
        lines = draw(picture, Frame(columns, 24, "zh", feed.NOW, LINK))
        whole = "".join(span.text for one in lines for span in one)
        assert whole.isprintable()
        assert [one for one in lines if line_width(one) > columns] == []


@pytest.mark.parametrize("number", [1e308, -1e308, 1e-300, -0.0, 12345678.9])
def test_a_senseless_number_is_cut_and_breaks_nothing(number: float) -> None:
    picture = filled()
    names = ("loading", "loading_a", "current_a", "active_power", "apparent_power", "unbalance")
    columns: dict[str, list[float | None]] = {name: [number] for name in names}
    said = feed.batch("station", ["T1"], columns, kind="result", at=feed.NOW, seq=90)
    picture.take(*said, feed.NOW)
    levels: dict[str, list[float | None]] = {"voltage_a": [number]}
    picture.take(*feed.batch("b1", ["370112100001"], levels, at=feed.NOW, seq=91), feed.NOW)
    for columns_, rows in ((80, 24), (200, 60)):
        lines = draw(picture, Frame(columns_, rows, "en", feed.NOW, LINK))
        assert [one for one in lines if line_width(one) > columns_] == []


def test_every_mark_is_there_without_colour() -> None:
    lines = drawn(filled(), 200, 60).splitlines()
    assert [one for one in lines if one.startswith("!! T1")]
    assert [one for one in lines if one.startswith("!  F1")]
    assert [one for one in lines if one.startswith("!  b3") and "down" in one]
    assert [one for one in lines if " ! T2/F5/B5/B5-3" in one]
    assert [one for one in lines if " ? T2/F3/B3/B3-1" in one]


def test_every_word_of_the_view_is_short_enough_for_its_column() -> None:
    for lang in ("en", "zh"):
        lines = drawn(filled(), 80, 24, lang).splitlines()
        heads = [one for one in lines if one.startswith("   ") and "~" in one]
        assert heads == []
    assert all(key in messages() for key in ("monitor_legend", "monitor_keys"))
