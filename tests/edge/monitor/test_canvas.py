"""Text on the grid: columns of wide characters, cuts, bars, scales, escapes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.monitor.canvas import (
    Span,
    Style,
    ansi,
    bar,
    beside,
    cell,
    clean,
    cut,
    fitted,
    line,
    line_width,
    plain,
    scale,
    width,
)
from edge.monitor.times import span, stamp, zone

NOW = 1_800_013_210_000


@given(st.text(), st.integers(0, 30))
def test_a_cell_takes_exactly_its_columns(text: str, size: int) -> None:
    assert width(cell(clean(text), size)) == size


@given(st.text(), st.integers(0, 30))
def test_a_cut_text_says_that_it_was_cut(text: str, size: int) -> None:
    text = clean(text)
    found = cut(text, size)
    assert width(found) <= size
    assert found == text or size == 0 or found.endswith("~")


@given(st.lists(st.text(max_size=8), max_size=6), st.integers(1, 30))
def test_a_fitted_line_is_no_wider_and_whole_where_it_fits(texts: list[str], size: int) -> None:
    spans = line(*map(clean, texts))
    found = fitted(spans, size)
    assert line_width(found) <= size
    assert (found == spans) == (line_width(spans) <= size)


def test_chinese_characters_take_two_columns() -> None:
    assert width("1号变") == 5
    assert cell("变压器", 5) == "变压~"
    assert cell("变压器", 4) == "变~ "


def test_what_takes_no_column_or_moves_the_cursor_is_gone() -> None:
    assert clean("a\x1b[2Jb\r\nc\u0301d\u200be") == "a?[2Jb??cd?e"


@pytest.mark.parametrize(
    ("percent", "drawn"),
    [
        (0.0, "[----------]"),
        (50.0, "[#####-----]"),
        (100.0, "[##########]"),
        (100.1, "[#########>]"),
        (900.0, "[#########>]"),
        (None, "[?         ]"),
    ],
)
def test_a_bar_is_as_long_as_the_loading(percent: float | None, drawn: str) -> None:
    assert bar(percent, 12) == drawn


def test_a_scale_shows_limits_range_and_mean() -> None:
    assert scale(10.0, 15.0, 20.0, (0.0, 20.0), 24) == " |          =====o===== "
    assert scale(-90.0, 5.0, 90.0, (0.0, 20.0), 24)[0] == "="


@given(st.floats(allow_nan=False), st.floats(allow_nan=False), st.integers(10, 80))
def test_a_scale_is_as_wide_as_asked(low: float, high: float, size: int) -> None:
    assert len(scale(low, low, high, (198.0, 235.4), size)) == size


def test_colour_is_left_out_where_it_is_not_wanted() -> None:
    spans = line(Span("a", Style.WARN), Span("b", Style.GOOD), Span("c", Style.TITLE))
    assert "38;5" in ansi(spans, colour=True)
    assert ansi(spans, colour=False) == "\x1b[1ma\x1b[0mb\x1b[1;7mc\x1b[0m"


def test_blocks_stand_side_by_side() -> None:
    rows = beside([line("ab"), line("变压")], [line("x"), line("y"), line("z")], 4)
    assert [plain(row) for row in rows] == ["ab    x", "变压  y", "      z"]


@pytest.mark.parametrize(
    ("ms", "said"),
    [(None, "-"), (-5, "0 s"), (179_999, "179 s"), (180_000, "3 min"), (10**15, "9999 d")],
)
def test_a_duration_has_one_unit(ms: int | None, said: str) -> None:
    assert span(ms) == said


def test_a_time_is_as_short_as_its_day_allows() -> None:
    where = zone("Asia/Shanghai")
    assert stamp(NOW, NOW, where) == "19:40:10"
    assert stamp(NOW - 86_400_000, NOW, where) == "01-14 19:40"
    assert stamp(NOW - 40 * 86_400_000, NOW, where) == "2026-12-06"
    assert stamp(2**63 - 1, NOW, where) == "-"


@pytest.mark.parametrize("name", ["", "Asia", "/etc", "../x", "No/Where", "a\0b", "x" * 300])
def test_a_time_zone_that_is_none_is_utc(name: str) -> None:
    assert str(zone(name)) == "UTC"
