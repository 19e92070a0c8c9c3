"""`boxgate new`: a utility's meter list to a draft that `check` reads, without people in it."""

import os
from pathlib import Path

import pytest

from edge.cli.main import main
from edge.site.load import load_site

CHINESE = """\
电能表资产号,用户姓名,联系电话,楼栋,单元,户号,相别,表箱,端口,表号,规约,距离
3730000000000000000001,某某,13800000000,1号楼,1单元,101室,A相,1,1,370112000001,DL/T645-2007,1
3730000000000000000002,某某,13800000000,1号楼,二单元,102室,Ｂ,1,1,370112000002,698.45,2
3730000000000000000003,某某,13800000000,2号楼,1单元,201室,三相,1,2,370112000003,645,2
"""
ENGLISH = """\
Meter No.,Building,Stairwell,Flat,Phase
370112000001,Rose,1,101,A
370112000002,Rose,2,102,B
370112000003,Lily,1,201,C
"""


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")


def new(tmp_path: Path, text: str | bytes, *more: str) -> int:
    path = tmp_path / "list.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return main(["new", str(path), str(tmp_path / "site-7"), *more])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_chinese_list_becomes_a_draft_that_check_reads(tmp_path: Path, encoding: str) -> None:
    assert new(tmp_path, CHINESE.encode(encoding)) == 0
    loaded = load_site(tmp_path / "site-7")
    assert loaded.site is not None, [p.text("en") for p in loaded.problems]
    rows = [(m.id, m.line, m.protocol, m.profile, m.phase, m.box) for m in loaded.site.meters]
    assert rows == [
        ("370112000001", "line1", "dlt645", "1ph-2013", "A", "B1-1-1"),
        ("370112000002", "line1", "dlt698", "1ph-2020", "B", "B1-2-1"),
        ("370112000003", "line2", "dlt645", "3ph", "ABC", "B2-1-1"),
    ]
    assert [m.household for m in loaded.site.meters] == ["B1-1-101", "B1-2-102", "B2-1-201"]
    assert [b.stairwells for b in loaded.site.buildings] == [2, 1]


def test_an_english_list_becomes_a_draft_with_a_line_for_each_building(tmp_path: Path) -> None:
    assert new(tmp_path, ENGLISH, "--id", "garden", "--timezone", "Asia/Urumqi") == 0
    site = load_site(tmp_path / "site-7").site
    assert site is not None
    assert (site.id, site.timezone) == ("garden", "Asia/Urumqi")
    assert [line.id for line in site.lines] == ["rose", "lily"]
    assert site.gateways[0].lines == ("rose", "lily")


def test_what_the_list_cannot_know_is_marked_and_check_warns_of_every_mark(
    tmp_path: Path,
) -> None:
    assert new(tmp_path, ENGLISH) == 0
    text = (tmp_path / "site-7" / "site.toml").read_text()
    marks = [p for p in load_site(tmp_path / "site-7").problems if p.key == "site_draft_left"]
    assert len(marks) == text.count("# fill in") >= 10
    assert all("fill in" in text.split("\n")[p.line - 1] for p in marks)


def test_personal_data_is_left_out_and_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new(tmp_path, CHINESE) == 0
    out = capsys.readouterr().out
    assert "Left out as personal data, which a site never holds: 用户姓名, 联系电话." in out
    written = "".join(path.read_text() for path in (tmp_path / "site-7").iterdir())
    assert "某某" not in written
    assert "13800000000" not in written


def test_columns_that_are_not_understood_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new(tmp_path, CHINESE) == 0
    assert "Left out because not understood: 距离;" in capsys.readouterr().out


def test_the_next_step_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert new(tmp_path, ENGLISH) == 0
    out = capsys.readouterr().out
    assert "Draft written, meters: 3" in out
    assert f"boxgate check {tmp_path}/site-7" in out


def test_a_phase_the_list_does_not_have_stays_empty_for_check_to_ask(tmp_path: Path) -> None:
    assert new(tmp_path, ENGLISH.replace(",B\n", ",\n")) == 0
    loaded = load_site(tmp_path / "site-7")
    (error,) = [p for p in loaded.problems if p.severity == "error"]
    assert "meter 370112000002 lacks phase" in error.text("en")


def test_no_row_is_lost_whatever_its_address(tmp_path: Path) -> None:
    assert new(tmp_path, ENGLISH.replace("370112000002", "3.7E+11")) == 0
    assert (tmp_path / "site-7" / "meters.csv").read_text().count("\n") == 4
    found = load_site(tmp_path / "site-7").problems
    assert "site_address_excel" in {p.key for p in found}


def test_one_box_label_in_two_buildings_makes_two_boxes(tmp_path: Path) -> None:
    text = "address,building,box,phase\n370112000001,B1,BX-99,A\n370112000002,B2,BX-99,A\n"
    assert new(tmp_path, text) == 0
    site = load_site(tmp_path / "site-7").site
    assert site is not None
    assert [(box.id, box.building) for box in site.boxes] == [("BX-99", "B1"), ("B2-BX-99", "B2")]


@pytest.mark.parametrize("name", ["site.toml", "meters.csv"])
def test_nothing_that_is_there_is_overwritten(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "site-7"
    folder.mkdir()
    (folder / name).write_text("mine")
    assert new(tmp_path, ENGLISH) == 2
    assert "is there already and is not overwritten" in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == [name]
    assert (folder / name).read_text() == "mine"


@pytest.mark.parametrize("magic", [b"PK\x03\x04rest", b"\xd0\xcf\x11\xe0\xa1\xb1rest"])
def test_a_workbook_gets_a_sentence_that_says_how_to_save_it(
    tmp_path: Path, magic: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new(tmp_path, magic) == 2
    error = capsys.readouterr().err
    assert "Excel workbook" in error
    assert "save it as CSV UTF-8" in error


def test_a_list_without_addresses_is_told_which_columns_it_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new(tmp_path, "楼栋,姓名\n1,某某\n") == 2
    error = capsys.readouterr().err
    assert "no column with the meter address; name it 表号 or address" in error
    assert "found: 楼栋" in error
    assert "姓名" not in error


def test_a_list_without_rows_is_told_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert new(tmp_path, "表号\n") == 2
    assert "no meters under its header" in capsys.readouterr().err


def test_a_missing_list_is_told_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", str(tmp_path / "none.csv"), str(tmp_path / "x")]) == 2
    assert "none.csv is not there" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_a_folder_that_cannot_be_made_is_told_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "site-7").write_text("a file")
    assert new(tmp_path, ENGLISH) == 2
    assert "site-7" in capsys.readouterr().err


def test_half_a_draft_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.open

    def full_disk(self: Path, *args: object, **kwargs: object) -> object:
        if self.name == "meters.csv":
            raise OSError(28, os.strerror(28))
        return real(self, *args, **kwargs)  # type: ignore[call-overload]

    path = tmp_path / "list.csv"
    path.write_text(ENGLISH)
    monkeypatch.setattr(Path, "open", full_disk)
    assert main(["new", str(path), str(tmp_path / "d")]) == 2
    assert list((tmp_path / "d").iterdir()) == []


def test_an_id_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert new(tmp_path, ENGLISH, "--id", "a b") == 2
    assert "1 to 64 letters" in capsys.readouterr().err
