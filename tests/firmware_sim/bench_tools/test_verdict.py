"""The judge's word on several lines is one word."""

import json
import pathlib

from firmware_sim.bench_tools.verdict import Verdict, judged

PATH = pathlib.Path("x")


class Judge:
    """Stands for `boxgate-sim truth`: one answer a line."""

    def __init__(self, *answers: tuple[int, str]) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, *arguments: str) -> tuple[int, str]:
        self.asked.append(arguments)
        return self._answers.pop(0)


def said(equal: int, different: int = 0, reason: str | None = None) -> str:
    return json.dumps({"equal": equal, "different": different, "reason": reason})


def test_all_lines_at_once_are_asked_without_a_line() -> None:
    judge = Judge((0, said(7)))
    assert judged(judge, PATH, PATH, PATH, (None,), 2) == Verdict(7, 0, 0, 0, "")
    assert "--line" not in judge.asked[0]


def test_counts_add_up_and_the_first_reason_stands() -> None:
    judge = Judge((0, said(7)), (1, said(5, 1, "it differs")), (1, said(0, 0, "later")))
    found = judged(judge, PATH, PATH, PATH, ("b1", "b2", "b3"), 2)
    assert found == Verdict(12, 1, 0, 0, "it differs")
    assert not found.honest


def test_a_judge_that_cannot_judge_is_heard() -> None:
    found = judged(Judge((1, "boxgate-sim: no such file")), PATH, PATH, PATH, (None,), 2)
    assert found.reason == "boxgate-sim: no such file"


def test_nothing_compared_proves_nothing() -> None:
    assert not judged(Judge((0, said(0))), PATH, PATH, PATH, (None,), 1).honest
