"""One event a place: what is said of a silent meter, box or line, and when it is over."""

import msgspec
import pytest

from edge.analysis.happenings import UPDATES_MOST
from protocol.uplink.event import Event
from tests.edge.analysis.sweeps import B1, BOX, SITE, STATION, T0, Run, named, sweep_part

METER = B1[5]
BOX_1 = dict.fromkeys(BOX["B1-1"], "silent")


def only(events: list[Event]) -> Event:
    assert len(events) == 1, named(events)
    return events[0]


# ---- meters -----------------------------------------------------------------------------------


def test_all_well_is_no_event() -> None:
    run = Run()
    for _ in range(3):
        assert run.sweep("b1") + run.sweep("station") == []


def test_a_meter_is_silent_after_two_sweeps_and_over_with_its_first_answer() -> None:
    run = Run()
    run.sweep()
    assert run.sweep_of("b1", {METER: "silent"}) == []
    begun = only(run.sweep_of("b1", {METER: "silent"}))
    assert (begun.type, begun.subject, begun.place) == ("meter_silent", METER, "T1/F1/B1/B1-1")
    assert (begun.severity, begun.duty) == ("warning", "JN-LX-M01/metering")
    assert (begun.cause, begun.until) == ("no answer", None)
    assert begun.since == T0 + 2 * 60_000 + 50
    assert begun.evidence["silent_sweeps"] == 2
    assert begun.evidence["last_answer_ms"] == T0 + 60_000 + 50
    assert run.sweep_of("b1", {METER: "silent"}) == []
    ended = only(run.sweep())
    assert (ended.id, ended.until) == (begun.id, T0 + 5 * 60_000 + 50)
    assert ended.until is not None
    assert ended.evidence["lasted_ms"] == ended.until - begun.since


def test_one_silent_sweep_between_answers_is_nothing() -> None:
    run = Run()
    for _ in range(3):
        assert run.sweep() == []
        assert run.sweep_of("b1", {METER: "silent"}) == []


def test_a_meter_never_heard_is_said_after_two_sweeps_too() -> None:
    run = Run()
    assert run.sweep_of("b1", {METER: "silent"}) == []
    begun = only(run.sweep_of("b1", {METER: "silent"}))
    assert (begun.type, begun.cause) == ("meter_silent", "never answered")
    assert begun.evidence["last_answer_ms"] is None


def test_garbled_answers_are_silence_and_said_to_be_garbled() -> None:
    run = Run()
    run.sweep()
    run.sweep_of("b1", {METER: "garbled"})
    assert only(run.sweep_of("b1", {METER: "garbled"})).cause == "garbled answers only"


UNPROVEN = ["down", "unreached", "refused-unreached", "silent-unreached", ""]


@pytest.mark.parametrize("word", UNPROVEN)
def test_what_proves_nothing_neither_begins_nor_ends_anything(word: str) -> None:
    run = Run()
    run.sweep()
    for _ in range(3):
        assert run.sweep_of("b1", {METER: word}) == []
    run.sweep_of("b1", {METER: "silent"})
    assert run.sweep_of("b1", {METER: word}) == []
    begun = only(run.sweep_of("b1", {METER: "silent"}))
    assert run.sweep_of("b1", {METER: word}) == []
    assert only(run.sweep()).id == begun.id


@pytest.mark.parametrize("word", ["refused", "none", "some"])
def test_a_meter_that_says_anything_is_not_silent(word: str) -> None:
    run = Run()
    run.sweep()
    for _ in range(3):
        assert run.sweep_of("b1", {METER: word}) == []
    run.sweep_of("b1", {METER: "silent"})
    begun = only(run.sweep_of("b1", {METER: "silent"}))
    assert only(run.sweep_of("b1", {METER: word})).id == begun.id


def test_a_refusal_of_long_ago_does_not_hide_silence() -> None:
    run = Run()
    run.sweep()
    run.sweep_of("b1", {METER: "refused-silent"})
    assert only(run.sweep_of("b1", {METER: "refused-silent"})).type == "meter_silent"


def test_a_tmu_is_watched_as_a_meter_is() -> None:
    run = Run()
    run.sweep("station")
    run.sweep_of("station", {"tmu2": "silent"})
    begun = only(run.sweep_of("station", {"tmu2": "silent"}))
    assert (begun.subject, begun.place, begun.evidence["kind"]) == ("tmu2", "T2", "tmu")


# ---- boxes ------------------------------------------------------------------------------------


def test_a_box_whose_meters_all_fall_silent_is_one_event_after_one_sweep() -> None:
    run = Run()
    run.sweep()
    begun = only(run.sweep_of("b1", BOX_1))
    assert (begun.type, begun.subject, begun.place) == ("box_silent", "B1-1", "T1/F1/B1/B1-1")
    assert begun.severity == "critical"
    assert begun.duty == "JN-LX-0142/grid_manager,JN-LX-R03/repair"
    assert begun.evidence == {
        "line": "b1",
        "due_meters": 12,
        "heard_meters": 12,
        "silent_meters": 12,
    }
    assert begun.since == T0 + 2 * 60_000 + 110
    for _ in range(3):
        assert run.sweep_of("b1", BOX_1) == []
    assert only(run.sweep()).id == begun.id


def test_the_duty_of_a_box_is_that_of_its_own_building() -> None:
    run = Run({"b5": tuple(meter.id for meter in SITE.meters_on("b5"))})
    run.sweep("b5")
    begun = only(run.sweep_of("b5", dict.fromkeys(BOX["B5-2"], "silent")))
    assert begun.duty == "JN-LX-0143/grid_manager,JN-LX-R03/repair"


def test_a_box_takes_over_the_events_of_its_meters() -> None:
    run = Run()
    run.sweep()
    for _ in range(2):
        run.sweep_of("b1", {METER: "silent"})
    assert named(run.sweep_of("b1", BOX_1)) == [
        ("meter_silent", METER, "ends"),
        ("box_silent", "B1-1", "begins"),
    ]


def test_a_meter_that_never_answered_does_not_hide_its_box() -> None:
    run = Run()
    for _ in range(2):
        run.sweep_of("b1", {METER: "silent"})
    told = run.sweep_of("b1", BOX_1)
    assert named(told)[-1] == ("box_silent", "B1-1", "begins")
    assert told[-1].evidence["heard_meters"] == 11


def test_two_silent_meters_are_no_sign_of_their_box() -> None:
    two = BOX["B1-1"][:2]
    run = Run({"b1": (*two, *BOX["B1-2"])})
    run.sweep()
    run.sweep_of("b1", dict.fromkeys(two, "silent"))
    told = run.sweep_of("b1", dict.fromkeys(two, "silent"))
    assert named(told) == [("meter_silent", meter, "begins") for meter in two]


def test_one_answer_from_the_box_and_it_is_its_meters() -> None:
    run = Run()
    run.sweep()
    rows = {**BOX_1, METER: "ok"}
    assert run.sweep_of("b1", rows) == []
    told = run.sweep_of("b1", rows)
    assert {event.type for event in told} == {"meter_silent"}
    assert len(told) == 11


def test_a_box_back_amid_a_sweep_blames_no_meter_for_its_first_half() -> None:
    run = Run()
    run.sweep()
    run.sweep_of("b1", BOX_1)
    run.sweep_of("b1", BOX_1)
    half = dict.fromkeys(BOX["B1-1"][:6], "silent")
    assert named(run.sweep_of("b1", half)) == [("box_silent", "B1-1", "ends")]
    assert run.sweep() == []


def test_a_meter_that_stays_behind_when_its_box_comes_back_is_said_again_under_a_new_id() -> None:
    run = Run()
    run.sweep()
    for _ in range(2):
        run.sweep_of("b1", {METER: "silent"})
    run.sweep_of("b1", BOX_1)
    assert named(run.sweep_of("b1", {METER: "silent"})) == [("box_silent", "B1-1", "ends")]
    run.sweep_of("b1", {METER: "silent"})
    run.sweep_of("b1", {METER: "silent"})
    ids = {event.id for event in run.told if event.type == "meter_silent"}
    assert len(ids) == 2


def test_a_box_that_never_answered_is_one_event_after_two_sweeps() -> None:
    run = Run()
    assert run.sweep_of("b1", BOX_1) == []
    begun = only(run.sweep_of("b1", BOX_1))
    assert (begun.type, begun.cause) == ("box_silent", "never answered")


def test_a_box_on_two_lines_is_left_to_its_meters() -> None:
    box = BOX["B1-1"]
    run = Run({"b1": (*box[:6], *BOX["B1-2"]), "b2": (*box[6:], *BOX["B2-2"])})
    run.sweep("b1")
    run.sweep("b2")
    for _ in range(2):
        run.sweep_of("b1", BOX_1)
    assert {event.type for event in run.told} == {"meter_silent"}


# ---- lines ------------------------------------------------------------------------------------


def test_a_silent_line_is_one_event_not_forty_eight() -> None:
    run = Run()
    run.sweep()
    begun = only(run.sweep(rest="silent"))
    assert (begun.type, begun.subject, begun.place) == ("line_silent", "b1", "T1/F1/B1")
    assert begun.evidence == {"due_devices": 48, "heard_devices": 48, "silent_devices": 48}
    assert begun.duty == "JN-LX-M01/metering"
    for _ in range(3):
        assert run.sweep(rest="silent") == []
    assert named(run.sweep()) == [("line_silent", "b1", "ends")]


def test_a_silent_line_takes_over_the_events_of_its_boxes_and_meters() -> None:
    run = Run()
    run.sweep()
    rows = {**BOX_1, B1[-1]: "silent"}
    for _ in range(2):
        run.sweep_of("b1", rows)
    assert named(run.sweep(rest="silent")) == [
        ("box_silent", "B1-1", "ends"),
        ("meter_silent", B1[-1], "ends"),
        ("line_silent", "b1", "begins"),
    ]


def test_a_line_never_heard_is_one_event_after_two_sweeps() -> None:
    run = Run()
    assert run.sweep(rest="silent") == []
    begun = only(run.sweep(rest="silent"))
    assert (begun.type, begun.cause) == ("line_silent", "never answered")
    assert begun.evidence["heard_devices"] == 0


def test_a_silent_line_whose_sweeps_are_cut_blames_no_meter_before_all_were_asked() -> None:
    run = Run()
    run.sweep()
    first = dict.fromkeys(B1[:20], "silent")
    assert run.sweep_of("b1", first, rest="unreached") == []
    assert run.sweep_of("b1", first, rest="unreached") == []
    second = dict.fromkeys(B1[20:], "silent")
    assert named(run.sweep_of("b1", second, rest="unreached")) == [("line_silent", "b1", "begins")]


def test_another_lines_silence_is_not_this_ones() -> None:
    run = Run()
    run.sweep("b1")
    run.sweep("station")
    only(run.sweep("station", rest="silent"))
    assert run.sweep("b1") == []


def test_the_place_of_a_line_all_over_the_station_is_the_area() -> None:
    run = Run()
    run.sweep("station")
    assert only(run.sweep("station", rest="silent")).place == ""


def test_a_line_of_one_device_is_judged_as_the_device() -> None:
    run = Run({"b1": B1[:1]})
    run.sweep()
    assert run.sweep(rest="silent") == []
    assert only(run.sweep(rest="silent")).type == "meter_silent"


def test_a_box_still_dead_when_its_line_comes_back_is_said_then() -> None:
    run = Run()
    run.sweep()
    run.sweep(rest="silent")
    assert named(run.sweep_of("b1", BOX_1)) == [("line_silent", "b1", "ends")]
    assert named(run.sweep_of("b1", BOX_1)) == [("box_silent", "B1-1", "begins")]


# ---- ports ------------------------------------------------------------------------------------


def test_a_line_is_down_from_its_port_going_to_its_coming_back() -> None:
    run = Run()
    run.port("up")
    run.sweep()
    begun = only(run.port("down", reason="/dev/ttyUSB0: no such device"))
    assert (begun.type, begun.subject, begun.place) == ("line_down", "b1", "T1/F1/B1")
    assert (begun.cause, begun.since) == ("/dev/ttyUSB0: no such device", run.now)
    assert begun.evidence == {"due_devices": 48}
    assert run.sweep(rest="down") == []
    ended = only(run.port("up"))
    assert (ended.id, ended.until) == (begun.id, run.now)
    assert ended.evidence["lasted_ms"] == 60_000


def test_a_port_down_from_the_start_is_said() -> None:
    run = Run()
    assert only(run.port("down")).cause == "the port is gone"


@pytest.mark.parametrize("state", ["stopped", "starting", ""])
def test_other_states_of_a_line_say_nothing_of_its_port(state: str) -> None:
    run = Run()
    assert run.port(state) == []
    begun = only(run.port("down"))
    assert run.port(state) == []
    assert only(run.port("up")).id == begun.id


def test_a_port_told_again_is_no_second_event_and_a_new_reason_updates_a_few_times() -> None:
    run = Run()
    begun = only(run.port("down", reason="gone"))
    assert run.port("down", reason="gone") == []
    updated = only(run.port("down", reason="busy"))
    assert (updated.id, updated.until, updated.cause) == (begun.id, None, "busy")
    for number in range(3 * UPDATES_MOST):
        run.port("down", reason=f"attempt {number}")
    assert len(run.told) == 1 + UPDATES_MOST


def test_silence_in_a_sweep_in_which_the_port_went_away_proves_nothing() -> None:
    run = Run()
    run.sweep()
    run.slot += 1
    rows = dict.fromkeys(B1[:24], "silent")
    run.note(run.watch.part(sweep_part("b1", run.slot, rows, last=False), run.now))
    run.port("down")
    run.port("up")
    rows = dict.fromkeys(B1[24:], "silent")
    assert run.watch.part(sweep_part("b1", run.slot, rows, number=1), run.now) == []
    assert named(run.sweep(rest="silent")) == [("line_silent", "b1", "begins")]


def test_silence_while_the_port_is_away_proves_nothing() -> None:
    run = Run()
    run.sweep()
    run.port("down")
    for _ in range(3):
        assert run.sweep(rest="silent") == []
    run.port("up")
    assert run.sweep() == []


def test_a_silent_line_whose_port_goes_away_is_down_and_not_silent_too() -> None:
    run = Run()
    run.sweep()
    run.sweep(rest="silent")
    assert named(run.port("down")) == [("line_silent", "b1", "ends"), ("line_down", "b1", "begins")]
    back = run.now
    run.port("up")
    assert only(run.sweep(rest="silent")).since >= back


def test_a_silent_meter_stays_said_over_a_port_that_comes_and_goes() -> None:
    run = Run()
    run.sweep()
    for _ in range(2):
        run.sweep_of("b1", {METER: "silent"})
    run.port("down")
    run.sweep(rest="down")
    run.port("up")
    assert named(run.sweep()) == [("meter_silent", METER, "ends")]


# ---- parts ------------------------------------------------------------------------------------


def test_a_sweep_in_parts_is_judged_when_its_last_part_is_in() -> None:
    run = Run()
    run.sweep()
    parts = [
        sweep_part("b1", 9, dict.fromkeys(B1[:30], "silent"), last=False),
        sweep_part("b1", 9, dict.fromkeys(B1[30:], "silent"), number=1),
    ]
    assert run.watch.part(parts[0], run.now) == []
    assert named(run.watch.part(parts[1], run.now)) == [("line_silent", "b1", "begins")]


def test_a_sweep_without_last_part_is_closed_by_the_next_one() -> None:
    run = Run()
    run.sweep()
    lost = sweep_part("b1", 8, dict.fromkeys(B1, "silent"), last=False)
    assert run.watch.part(lost, run.now) == []
    nothing = sweep_part("b1", 9, {}, last=False)
    assert named(run.watch.part(nothing, run.now)) == [("line_silent", "b1", "begins")]


def test_results_strange_lines_and_strange_devices_are_passed_over() -> None:
    run = Run({"b1": B1})
    run.sweep()
    for _ in range(3):
        assert run.watch.part(sweep_part("b9", 1, {"x": "silent"}), run.now) == []
        assert run.watch.part(sweep_part("b1", 1, {STATION[0]: "silent"}), run.now) == []
        assert run.watch.line("b9", "down", "", run.now) == []


def test_a_result_part_is_no_sweep() -> None:
    run = Run()
    run.sweep()
    for _ in range(3):
        rows = sweep_part("b1", 1, dict.fromkeys(B1, "silent"))
        result = msgspec.structs.replace(rows, kind="result")
        assert run.watch.part(result, run.now) == []


# ---- the gateway ------------------------------------------------------------------------------


def test_a_start_is_an_event_that_is_over_at_once() -> None:
    run = Run()
    event = only(run.watch.started("1.2", "3f9c", T0))
    assert (event.type, event.subject, event.since, event.until) == (
        "gateway_started",
        "gw1",
        T0,
        T0,
    )
    assert event.evidence == {
        "version": "1.2",
        "epoch": "3f9c",
        "config": SITE.digest,
        "lines": 2,
        "devices": len(B1) + len(STATION),
    }
    assert only(run.watch.started("1.2", "3f9c", T0)).id != event.id


def test_a_journal_that_refuses_is_one_event_until_it_takes_again() -> None:
    run = Run()
    assert run.watch.journal("", T0) == []
    begun = only(run.watch.journal("the disk is full", T0))
    assert (begun.type, begun.cause, begun.severity) == (
        "journal_refused",
        "the disk is full",
        "critical",
    )
    assert run.watch.journal("the disk is full", T0 + 1) == []
    assert only(run.watch.journal("input/output error", T0 + 2)).id == begun.id
    ended = only(run.watch.journal("", T0 + 500))
    assert (ended.id, ended.until, ended.evidence["lasted_ms"]) == (begun.id, T0 + 500, 500)
    assert run.watch.journal("", T0 + 600) == []


def test_a_clock_set_back_ends_nothing_before_it_began() -> None:
    run = Run()
    run.watch.journal("the disk is full", T0)
    ended = only(run.watch.journal("", T0 - 5_000))
    assert ended.until == ended.since
