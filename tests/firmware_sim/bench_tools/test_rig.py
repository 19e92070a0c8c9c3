"""A rig that does not come up, and its tools: nothing of it stays, nothing waits for ever."""

import pathlib
import threading

import pytest

from edge.words import BoxgateError
from firmware_sim.bench_tools import rig as module
from firmware_sim.bench_tools.children import Child
from firmware_sim.bench_tools.rig import Rig, rig, tool
from tests.firmware_sim.processes import wait_gone

DEADLINE_S = 20.0


def test_one_whose_agent_does_not_start_leaves_no_thread_and_no_process(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []
    heard: list[str] = []

    def meters(self: Rig) -> Child:
        return self._children.python(
            "meters", "-c", "import signal; print('ready'); signal.pause()"
        )

    def agent(self: Rig) -> Child:
        started.extend(child.pid for child in self._children._running)
        heard.append(self.headend.said())
        raise BoxgateError("child_missing", name="agent", cause="none")

    monkeypatch.setattr(Rig, "_meters", meters)
    monkeypatch.setattr(Rig, "_agent", agent)
    before = threading.active_count()
    with pytest.raises(BoxgateError) as caught, rig(keep=tmp_path):
        pass
    assert caught.value.key == "child_missing"
    assert threading.active_count() == before
    assert len(started) == 3, "meters, broker, head-end"
    assert heard == ["ready"], "what an agent sends before that would be lost"
    for pid in started:
        wait_gone(pid, DEADLINE_S)


def test_a_tool_that_does_not_end_is_ended_and_said_so() -> None:
    with pytest.raises(BoxgateError) as caught:
        tool("timeit", "import signal; signal.pause()", within_s=0.5)
    assert caught.value.key == "demo_tool_slow"
    assert caught.value.facts["name"].startswith("timeit import signal")


def test_the_judge_of_a_long_run_is_given_longer(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []

    def slow(*_: str, within_s: float) -> tuple[int, str]:
        given.append(within_s)
        return 1, "?"

    monkeypatch.setattr(module, "tool", slow)
    one = Rig.__new__(Rig)
    one.site_path, one.lines, one._whole = tmp_path, ("b1",), True
    one.truth_file, one.readings_file = tmp_path / "truth", tmp_path / "readings"
    one.readings_file.touch()
    for size in (0, 100_000_000):
        with one.truth_file.open("wb") as file:
            file.truncate(size)
        one.check(2)
    assert given[1] - given[0] == pytest.approx(200.0)
