"""The walk is whole: no message is raised that no bad input, and no test by name, ends in."""

import ast

from edge.words.messages import messages
from tests.edge.cli.bad_cases import walk
from tests.edge.cli.processes import ROOT

HERE = "tests/edge/cli/test_bad_input.py"
OWN = "tests/edge/cli/test_own_faults.py"
COMMANDED = "test_a_bench_answers_a_wrong_command_in_one_sentence_and_goes_on"
CHILDREN = "tests/firmware_sim/bench_tools/test_children.py"
READ = "tests/edge/cli/test_read.py"
READ_698 = "tests/edge/cli/test_read_698.py"
READ_MODBUS = "tests/edge/cli/test_read_modbus.py"
SNIFF = "tests/edge/cli/test_sniff.py"
LISTEN = "tests/edge/shells/test_listen.py"
ELSEWHERE = {
    "broker_none": (CHILDREN, "test_without_mosquitto_amqtt_serves"),
    "child_ended": (CHILDREN, "test_waiting_for_a_child_that_ends_tells_its_last_words"),
    "child_missing": (CHILDREN, "test_a_program_that_is_not_there_is_one_sentence"),
    "child_slow": (CHILDREN, "test_waiting_has_a_deadline_that_names_the_log"),
    "demo_different": (
        "tests/firmware_sim/cli/test_demo.py",
        "test_one_falsified_digit_ends_it_with_1_and_the_reason",
    ),
    "demo_failed": (
        "tests/firmware_sim/cli/test_demo.py",
        "test_a_reading_lost_on_the_way_ends_it_with_1_and_names_it",
    ),
    "demo_keep_used": (
        "tests/firmware_sim/bench_tools/test_folder.py",
        "test_a_second_run_leaves_the_folder_of_one_that_runs_as_it_is",
    ),
    "demo_needs_mosquitto": (CHILDREN, "test_amqtt_is_refused_where_sessions_must_survive"),
    "demo_no_journal": (
        "tests/firmware_sim/bench_tools/test_accepted.py",
        "test_a_journal_that_is_none_is_one_sentence",
    ),
    "demo_tool_slow": (
        "tests/firmware_sim/bench_tools/test_rig.py",
        "test_a_tool_that_does_not_end_is_ended_and_said_so",
    ),
    "demo_two_sites": (
        "tests/firmware_sim/cli/test_demo_site.py",
        "test_two_different_sites_are_refused_and_the_same_twice_is_not",
    ),
    "install_broken": (OWN, "test_an_installation_that_is_not_whole_is_said_so"),
    "journal_gone": (
        "tests/edge/journal/test_faults.py",
        "test_a_file_removed_under_its_journal_is_said_at_every_prune",
    ),
    "journal_locked": (
        HERE,
        "test_a_state_folder_that_another_agent_has_is_named_with_its_process",
    ),
    "journal_set_aside": (
        "tests/edge/journal/test_faults.py",
        "test_a_file_found_corrupt_in_use_is_replaced_and_said",
    ),
    "journal_slow": (OWN, "test_a_journal_that_does_not_open_in_time_is_given_up"),
    "journal_too_large": (
        "tests/edge/journal/test_store.py",
        "test_an_oversized_body_is_refused",
    ),
    "nothing_read": ("tests/edge/cli/test_latest.py", "test_an_empty_journal_ends_in_a_sentence"),
    "port_busy": (HERE, "test_a_port_that_another_program_has_is_named_busy"),
    "port_denied": (HERE, "test_what_no_process_here_can_meet_at_a_port_has_its_sentence"),
    "port_lost": (
        "tests/edge/shells/test_line_on_pty.py",
        "test_a_port_that_goes_away_comes_back_by_itself",
    ),
    "port_settings": (HERE, "test_what_no_process_here_can_meet_at_a_port_has_its_sentence"),
    "profile_unknown": (OWN, "test_a_profile_without_items_is_named"),
    "read_address": (READ, "test_a_mistake_is_one_sentence"),
    "read_count": (READ_MODBUS, "test_a_mistake_is_one_sentence"),
    "read_dar_absent": (READ_698, "test_a_dar_has_its_name_and_what_to_do_and_the_rest_is_read"),
    "read_dar_denied": (READ_698, "test_a_dar_has_its_name_and_what_to_do_and_the_rest_is_read"),
    "read_dar_later": (READ_698, "test_a_dar_has_its_name_and_what_to_do_and_the_rest_is_read"),
    "read_dar_range": (READ_698, "test_a_dar_has_its_name_and_what_to_do_and_the_rest_is_read"),
    "read_exception": (READ_MODBUS, "test_an_exception_is_named_and_what_to_do"),
    "read_foreign": (READ_MODBUS, "test_a_unit_of_another_map_is_refused_by_its_version"),
    "read_garbled_any": (READ_698, "test_two_meters_that_collide_on_a_wildcard_are_guessed"),
    "read_load_since": (READ, "test_a_mistake_is_one_sentence"),
    "read_map": (READ_MODBUS, "test_a_mistake_is_one_sentence"),
    "read_map_item": (READ_MODBUS, "test_a_mistake_is_one_sentence"),
    "read_map_near": (READ_MODBUS, "test_a_mistake_is_one_sentence"),
    "read_needs": (READ, "test_a_mistake_is_one_sentence"),
    "read_no_load": (READ, "test_a_mistake_is_one_sentence"),
    "read_no_record": (READ_698, "test_a_mistake_is_one_sentence"),
    "read_not_with": (READ_698, "test_a_mistake_is_one_sentence"),
    "read_object": (READ_698, "test_a_mistake_is_one_sentence"),
    "read_register": (READ_MODBUS, "test_a_mistake_is_one_sentence"),
    "read_rows": (READ_698, "test_a_mistake_is_one_sentence"),
    "read_several": (
        READ_698,
        "test_two_meters_that_answer_a_wildcard_one_after_the_other_are_named",
    ),
    "read_silent_698": (READ_698, "test_silence_names_what_to_check"),
    "read_silent_unit": (READ_MODBUS, "test_silence_names_unit_and_parity"),
    "read_stranger": (READ_698, "test_another_meter_that_answers_is_named"),
    "read_time": (READ_698, "test_a_mistake_is_one_sentence"),
    "read_garbled": (READ, "test_bytes_without_a_frame_are_told_from_silence"),
    "read_item": (READ, "test_a_mistake_is_one_sentence"),
    "read_item_near": (READ, "test_a_mistake_is_one_sentence"),
    "read_refused": (READ, "test_what_a_meter_refuses_is_named_and_the_rest_is_read"),
    "read_silent": (READ, "test_a_silent_meter_is_asked_three_times_and_named"),
    "sim_control_device": (HERE, COMMANDED),
    "sim_control_line": (HERE, COMMANDED),
    "sim_control_words": (HERE, COMMANDED),
    "sim_dir_used": (
        "tests/firmware_sim/cli/test_up.py",
        "test_a_second_bench_leaves_a_folder_in_use_as_it_is_and_takes_it_over_after_a_kill",
    ),
    "sim_fleet_part": (
        "tests/firmware_sim/fleet/test_shards.py",
        "test_a_part_that_ends_early_is_an_error_and_leaves_no_process",
    ),
    "sim_kit_compile": (
        "tests/firmware_sim/cli/test_flash_kit.py",
        "test_what_mpy_cross_refuses_is_named_and_nothing_is_written",
    ),
    "sim_kit_mpy": (
        "tests/firmware_sim/cli/test_flash_kit.py",
        "test_without_mpy_cross_it_says_what_to_install_and_writes_nothing",
    ),
    "sim_link_taken": (
        "tests/firmware_sim/bridge/test_pty.py",
        "test_a_file_in_the_place_of_the_name_is_refused_and_kept",
    ),
    "sim_no_pty": (OWN, "test_a_machine_without_pseudo_terminals_says_so"),
    "sniff_pcap": (SNIFF, "test_a_capture_that_cannot_be_written_is_one_sentence"),
    "tool_port_absent": (SNIFF, "test_no_port_is_one_sentence_and_3"),
    "tool_port_busy": (SNIFF, "test_a_port_in_use_is_left_alone"),
    "tool_port_denied": (LISTEN, "test_why_a_port_cannot_be_opened_is_one_sentence"),
    "tool_port_failed": (LISTEN, "test_why_a_port_cannot_be_opened_is_one_sentence"),
    "tool_port_kind": (SNIFF, "test_no_port_is_one_sentence_and_3"),
    "tool_port_lost": (READ, "test_an_adapter_that_is_pulled_out_is_one_sentence_and_3"),
    "tool_port_settings": (
        LISTEN,
        "test_settings_that_are_refused_are_told_and_the_port_is_let_go",
    ),
}
"""Messages that no bad input can reach in a process here: key -> (file, the test that does)."""


def raised() -> set[str]:
    """Every message key that the programs raise by a literal, or by a choice of two."""
    keys: set[str] = set()
    for room in ("edge", "firmware_sim", "protocol"):
        for file in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                match node:
                    case ast.Call(
                        func=ast.Name(id="BoxgateError" | "PortError" | "JournalError"),
                        args=[key, *_],
                    ):
                        keys |= said(key)
    return keys


def said(key: ast.expr) -> set[str]:
    """The keys an argument may be."""
    match key:
        case ast.Constant(value=str(word)):
            return {word}
        case ast.IfExp(body=one, orelse=other):
            return said(one) | said(other)
    return set()


def test_every_message_that_is_raised_is_walked_or_named_by_a_test_elsewhere() -> None:
    walked = {case.key for case in walk()}
    assert raised() - walked - set(ELSEWHERE) == set()
    assert set(ELSEWHERE) - raised() == set(), "no longer raised"
    for key, (path, test) in ELSEWHERE.items():
        assert f"def {test}(" in (ROOT / path).read_text(encoding="utf-8"), key


def test_every_exit_code_of_the_walk_is_that_of_the_table() -> None:
    assert [case.id for case in walk() if messages()[case.key].exit != case.code] == []
