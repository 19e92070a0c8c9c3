"""Whatever a declared file is on disk: another encoding, empty, huge, a folder, no text at all."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.site.load import (
    Loaded,
    load_gateway,
    load_ports,
    load_site,
    read_site,
)
from edge.site.meterlist import read_meter_list
from edge.words.messages import BoxgateError
from tests.edge.site.good import METERS, SITE, write

NAMED = METERS.replace(",ct\n", ",ct,name\n").replace(",F1,,\n", ",F1,,,楼道照明\n")


def only(result: Loaded) -> str:
    assert result.site is None
    assert len(result.problems) == 1, [p.text("en") for p in result.problems]
    return result.problems[0].text("en")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_meter_list_is_read_in_the_encodings_spreadsheets_use(
    tmp_path: Path, encoding: str
) -> None:
    site = load_site(write(tmp_path, meters=NAMED.encode(encoding))).site
    assert site is not None
    assert [meter.name for meter in site.meters if meter.name] == ["楼道照明"]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_meter_list_is_read_with_the_delimiters_spreadsheets_use(
    tmp_path: Path, delimiter: str
) -> None:
    result = load_site(write(tmp_path, meters=NAMED.replace(",", delimiter)))
    assert result.problems == ()


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_line_ends_of_any_system_give_the_same_line_numbers(tmp_path: Path, end: str) -> None:
    meters = METERS.replace("370112000002", "x").replace("\n", end)
    found = load_site(write(tmp_path, meters=meters)).problems
    assert [(p.key, p.line) for p in found] == [("site_address_wrong", 3)]


def test_empty_rows_are_passed_over_and_still_counted(tmp_path: Path) -> None:
    meters = METERS.replace("370112000002", "\n,,,\n\nx")
    found = load_site(write(tmp_path, meters=meters)).problems
    assert [(p.key, p.line) for p in found] == [("site_address_wrong", 6)]


def test_a_short_address_is_filled_with_zeros_and_warned_of(tmp_path: Path) -> None:
    meters = METERS.replace("370112000001", "12000001")
    result = load_site(write(tmp_path, meters=meters))
    assert result.site is not None
    assert result.site.meters[0].id == "000012000001"
    (problem,) = result.problems
    assert problem.severity == "warning"
    assert "read as 000012000001" in problem.text("en")


def test_ratios_become_integers_of_the_meter(tmp_path: Path) -> None:
    site = read_site(write(tmp_path))
    master = next(meter for meter in site.meters if meter.kind == "master")
    assert (master.ct_primary, master.ct_secondary, master.pt_primary) == (800, 5, 1)


def test_the_digest_follows_every_byte_of_both_files(tmp_path: Path) -> None:
    digests = [read_site(write(tmp_path)).digest]
    digests.append(read_site(write(tmp_path, SITE + "\n")).digest)
    digests.append(read_site(write(tmp_path, SITE, METERS + "\n")).digest)
    assert len(set(digests)) == 3
    assert all(len(digest) == 16 for digest in digests)


def test_a_site_may_be_named_by_its_file_or_its_folder(tmp_path: Path) -> None:
    write(tmp_path)
    assert read_site(tmp_path) == read_site(tmp_path / "site.toml")


@pytest.mark.parametrize("name", ["site.toml", "meters.csv"])
def test_an_empty_file_is_told_so(tmp_path: Path, name: str) -> None:
    (write(tmp_path) / name).write_bytes(b"\xef\xbb\xbf \n")
    assert f"{name}:1: {name} is empty; restore it" in only(load_site(tmp_path))


@pytest.mark.parametrize("name", ["site.toml", "meters.csv"])
def test_a_file_of_100_mb_is_refused_by_its_size_alone(tmp_path: Path, name: str) -> None:
    # sparse: reading it would find a hundred million zeros, not a size
    os.truncate(write(tmp_path) / name, 100_000_000)
    limit = {"site.toml": 1, "meters.csv": 8}[name]
    text = only(load_site(tmp_path))
    assert f"{name} has 100 MB, more than the {limit} MB" in text
    assert "check that it is the right file" in text


@pytest.mark.parametrize("name", ["site.toml", "meters.csv"])
def test_a_folder_in_place_of_a_file_is_told_so(tmp_path: Path, name: str) -> None:
    (write(tmp_path) / name).unlink()
    (tmp_path / name).mkdir()
    assert f"{name} is a folder where a file is expected" in only(load_site(tmp_path))


@pytest.mark.parametrize("name", ["site.toml", "meters.csv"])
def test_a_missing_file_is_told_with_how_to_make_one(tmp_path: Path, name: str) -> None:
    (write(tmp_path) / name).unlink()
    text = only(load_site(tmp_path))
    assert f"{name} is not there; check the path, or make a draft: boxgate new" in text


def test_a_file_that_cannot_be_read_is_told_with_the_cause(tmp_path: Path) -> None:
    (write(tmp_path) / "site.toml").unlink()
    # a link to itself: unreadable for root too, who may read every mode
    (tmp_path / "site.toml").symlink_to("site.toml")
    text = only(load_site(tmp_path))
    assert "site.toml cannot be read (Too many levels of symbolic links)" in text


def test_a_pipe_in_place_of_a_file_is_never_opened(tmp_path: Path) -> None:
    (write(tmp_path) / "meters.csv").unlink()
    os.mkfifo(tmp_path / "meters.csv")
    assert "meters.csv is not a text file" in only(load_site(tmp_path))


@pytest.mark.parametrize("magic", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0"])
def test_an_excel_workbook_is_told_to_be_saved_as_csv(tmp_path: Path, magic: bytes) -> None:
    write(tmp_path, meters=magic + b"\0" * 100)
    assert "Excel workbook" in only(load_site(tmp_path))
    assert "CSV UTF-8" in only(load_site(tmp_path))


def test_a_binary_file_is_told_so(tmp_path: Path) -> None:
    for data in (b"\x7fELF\0\0\0\xff\xff", METERS.encode() + b"\0"):
        write(tmp_path, meters=data)
        assert "meters.csv is not a text file" in only(load_site(tmp_path))


def test_a_header_without_rows_is_told_so(tmp_path: Path) -> None:
    write(tmp_path, meters=METERS.split("\n")[0])
    found = [p.text("en") for p in load_site(tmp_path).problems]
    assert any("no meters under its header; add one row" in text for text in found)


def test_a_quote_left_open_is_told_with_its_row(tmp_path: Path) -> None:
    meters = METERS.replace("370112000002", '"370112000002' + "x" * 200_000)
    found = load_site(write(tmp_path, meters=meters)).problems
    (problem,) = [p for p in found if p.key == "site_csv_syntax"]
    assert problem.line == 3
    assert "look for a quote that is not closed" in problem.text("en")


@pytest.mark.parametrize(
    "bomb",
    [
        "a = " + "[" * 3000,
        "a = [\n" + "[\n" * 200_000,
        "a = " + "{a=" * 1000,
        "a = " + "9" * 3999,
        "x = " + "\n,".join(["9" * 3900] * 2),
        ".".join("a" * 1000) + " = 1",
        "[" + ".".join("a" * 1000) + "]",
        "a" * 100_000,
        "a = 0x" + "f" * 3900,
    ],
)
def test_texts_made_to_hurt_end_in_a_sentence(tmp_path: Path, bomb: str) -> None:
    result = load_site(write(tmp_path, site=bomb))
    assert result.site is None
    assert all(len(p.text("en")) < 400 for p in result.problems)


@pytest.mark.parametrize("bomb", [".".join("a" * 60) + " = 1", "[" + ".".join("a" * 60) + "]"])
def test_a_key_of_sixty_parts_is_refused_before_it_costs_time(tmp_path: Path, bomb: str) -> None:
    write(tmp_path, site=SITE + bomb)
    (problem,) = load_site(tmp_path).problems
    assert problem.key == "site_toml_deep"
    assert problem.line == len(SITE.split("\n"))


def test_a_whole_number_of_thousands_of_digits_ends_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.site.document.LINE_LIMIT", 100_000)
    write(tmp_path, site=SITE.replace("period_s = 60", "period_s = " + "9" * 5000))
    assert "too long to be meant" in only(load_site(tmp_path))


def test_control_characters_of_a_file_never_reach_the_terminal(tmp_path: Path) -> None:
    meters = METERS.replace("370112000001", "\x1b[31m")
    text = only(load_site(write(tmp_path, meters=meters)))
    assert "\x1b" not in text


FOUND = settings(
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

TOML_PIECES = st.sampled_from(
    [
        *SITE.split("\n"),
        "[line.b1]",
        "[[",
        "]]",
        "= ",
        '"',
        "'''",
        "{",
        "}",
        "#",
        "\\",
        "1e999",
        "-",
    ]
)
CSV_PIECES = st.sampled_from([*METERS.replace("\n", ",").split(","), '"', ";", "\t", "0/0", "\0"])


@FOUND
@given(st.binary(max_size=300))
def test_any_bytes_as_site_toml_end_in_problems(tmp_path: Path, data: bytes) -> None:
    write(tmp_path)
    (tmp_path / "site.toml").write_bytes(data)
    result = load_site(tmp_path)
    assert (result.site is None) == any(p.severity == "error" for p in result.problems)


@FOUND
@given(st.lists(st.tuples(TOML_PIECES, st.sampled_from(["\n", " ", ""])), max_size=60))
def test_any_shuffle_of_a_site_ends_in_problems_with_lines_in_the_file(
    tmp_path: Path, pieces: list[tuple[str, str]]
) -> None:
    text = "".join(piece + gap for piece, gap in pieces)
    write(tmp_path, site=text)
    for load in (load_site, load_gateway, load_ports):
        path = tmp_path if load is load_site else tmp_path / "site.toml"
        for problem in load(path).problems:
            problem.text("en")
            if problem.file.endswith(".toml"):
                assert 1 <= problem.line <= max(1, len(text.split("\n")))


@FOUND
@given(st.binary(max_size=300))
def test_any_bytes_as_meters_csv_end_in_problems(tmp_path: Path, data: bytes) -> None:
    result = load_site(write(tmp_path, meters=data))
    assert result.site is None
    assert result.problems


@FOUND
@given(st.lists(st.tuples(CSV_PIECES, st.sampled_from([",", "\n", ""])), max_size=80))
def test_any_shuffle_of_a_meter_list_ends_in_problems(
    tmp_path: Path, pieces: list[tuple[str, str]]
) -> None:
    text = METERS.split("\n")[0] + "\n" + "".join(piece + gap for piece, gap in pieces)
    result = load_site(write(tmp_path, meters=text))
    for problem in result.problems:
        problem.text("zh")
    assert (result.site is None) == any(p.severity == "error" for p in result.problems)


@FOUND
@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_any_bytes_as_the_utilitys_list_give_meters_or_a_sentence(
    tmp_path: Path, data: bytes
) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(data)
    try:
        found = read_meter_list(path)
    except BoxgateError as error:
        said = (error.exit_code, bool(error.text("en")))
    else:
        said = (2, bool(found.meters))
    assert said == (2, True)
