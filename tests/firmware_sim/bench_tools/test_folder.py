"""Where a run keeps its files: alone, and without those of the run before."""

import pathlib

import pytest

from edge.words import BoxgateError
from firmware_sim.bench_tools.folder import folder_of_run


def test_what_a_new_run_would_be_taken_for_goes_and_the_rest_stays(tmp_path: pathlib.Path) -> None:
    old = ("truth.jsonl", "readings.jsonl", "mosquitto.db", "state/journal.db", "state/else")
    (tmp_path / "state").mkdir()
    for name in old:
        (tmp_path / name).write_text("old", encoding="utf-8")
    with folder_of_run(tmp_path) as folder:
        left = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    assert left == [pathlib.Path("state/else")]


def test_a_second_run_leaves_the_folder_of_one_that_runs_as_it_is(tmp_path: pathlib.Path) -> None:
    truth = tmp_path / "truth.jsonl"
    with folder_of_run(tmp_path):
        truth.write_text("of the first", encoding="utf-8")
        with pytest.raises(BoxgateError) as caught, folder_of_run(tmp_path):
            pass
        assert caught.value.key == "demo_keep_used"
        assert truth.exists()
    with folder_of_run(tmp_path):
        assert not truth.exists()
