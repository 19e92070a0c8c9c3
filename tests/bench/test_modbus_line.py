"""bench/modbus_line: how long the line was silent, and what its computed limit is."""

import pytest

from bench.modbus_line import char_ns, figures, gap_ns, measure, silences

OWN = 1000
"""An answer ends so long after its request."""


def test_silence_is_from_the_end_of_an_answer_to_the_next_request() -> None:
    assert list(silences([0, 1100, 2300], [1000, 2100], OWN)) == [100, 200]


def test_a_request_written_into_an_answer_is_a_silence_below_zero() -> None:
    assert list(silences([0, 900], [1000], OWN)) == [-100]


def test_a_request_that_was_not_answered_is_followed_by_no_silence() -> None:
    # the answer that ends at 4000 is that to the second request
    assert list(silences([0, 3000, 4100], [4000], OWN)) == [100]


def test_a_request_after_a_wait_in_which_nothing_came_and_the_one_behind_it_do_not_count() -> None:
    # the answer to 0 stood still until 3900; that to 3000 came at 4000
    requests, ends = [0, 3000, 4100, 5300], [3900, 4000, 5200]
    assert list(silences(requests, ends, OWN, {3000})) == [100]


def test_t3_5_is_fixed_above_19200_baud() -> None:
    assert gap_ns(19200) == pytest.approx(3.5 * char_ns(19200))
    assert gap_ns(115200) == 1_750_000


def test_a_short_run_reads_the_units_and_keeps_the_silence() -> None:
    (run,) = measure((115200,), exchanges=60)
    assert run.failed == 0
    assert run.exchanges >= 60
    assert run.utilisation <= 1.0
    assert run.least_silence >= run.allowed_silence
    assert [figure.unit for figure in figures([run])] == ["%", "char"]
