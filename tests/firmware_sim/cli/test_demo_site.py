"""Which site a demo plays: the positional one, --site, an example's name, or the default."""

import json
import pathlib

import pytest

from edge.words import BoxgateError
from firmware_sim.bench_tools.rig import EXAMPLE, EXAMPLES, Rig
from firmware_sim.bench_tools.watch import Tail
from firmware_sim.cli.demo import chosen

LUYING = EXAMPLES / "luying-1"


def test_without_a_word_it_is_xiyuan_5() -> None:
    assert chosen(None, None) == EXAMPLE


def test_an_example_is_found_by_its_name_and_a_folder_is_taken_as_it_is(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert chosen(None, pathlib.Path("luying-1")) == LUYING
    assert chosen(pathlib.Path("luying-1"), None) == LUYING
    assert chosen(None, tmp_path) == tmp_path
    (tmp_path / "luying-1").mkdir()
    # what stands here comes before an example of that name
    assert chosen(None, pathlib.Path("luying-1")) == pathlib.Path("luying-1")


def test_a_name_of_nothing_is_handed_on_as_it_was_written() -> None:
    assert chosen(None, pathlib.Path("nowhere")) == pathlib.Path("nowhere")


def test_two_different_sites_are_refused_and_the_same_twice_is_not() -> None:
    with pytest.raises(BoxgateError) as refused:
        chosen(pathlib.Path("xiyuan-5"), pathlib.Path("luying-1"))
    assert refused.value.key == "demo_two_sites"
    assert chosen(LUYING, LUYING) == LUYING


def test_an_answer_to_a_list_of_objects_is_one_exchange(tmp_path: pathlib.Path) -> None:
    rows = [("a", 1), ("a", 1), ("a", 1), ("b", 1), ("a", 2), ("a", 3), ("a", 3)]
    truth = tmp_path / "truth"
    truth.write_text(
        "".join(json.dumps({"t": t, "meter": meter}) + "\n" for meter, t in rows), encoding="utf-8"
    )
    rig = Rig.__new__(Rig)
    rig._truth, rig._answered, rig._last_told = Tail(truth), 0, None
    assert rig.answered == 4
    with truth.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"t": 3, "meter": "a"}) + "\n")
        file.write(json.dumps({"t": 3, "meter": "b"}) + "\n")
    assert rig.answered == 5
