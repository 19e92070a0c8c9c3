"""Status words: each bit is set by what it means and by nothing else (DL/T 645-2007 04 00 05)."""

import pytest

from tests.firmware_sim.firmware.bench645 import Bench
from tests.firmware_sim.firmware.test_orders import value

SOUND = {"reading_mv": 3600, "pa": 100_000, "pb": 100_000, "pc": 100_000}
SOUND |= {"qa": 50_000, "qb": 50_000, "qc": 50_000, "ic": 55_555}


def meter(elements: int = 3, **change: int) -> Bench:
    """A sound meter with some of its chip's registers changed."""
    return Bench(elements, **SOUND | change)  # type: ignore[arg-type]


def words(bench: Bench) -> list[int]:
    """Words 1 to 7."""
    return [int(value(bench, f"040005{n:02X}"), 16) for n in range(1, 8)]


def test_a_sound_meter_has_no_bit_set() -> None:
    assert words(meter()) == [0] * 7


@pytest.mark.parametrize(
    ("change", "bits"),
    [
        ({"clock_mv": 2599}, {1: 2}),
        ({"reading_mv": 2599}, {1: 3}),
        ({"pa": -100_000}, {2: 0, 4: 6}),
        ({"pc": -200_001}, {1: 4, 2: 2, 6: 6}),
        ({"qb": -100_001}, {1: 5, 2: 5}),
        ({"ua": 15_599, "ia": 251}, {4: 0}),
        ({"ub": 15_539, "ib": 10}, {5: 1}),
        ({"uc": 26_461}, {6: 2}),
    ],
    ids=lambda one: "-".join(map(str, one)),
)
def test_a_bit_says_what_it_means(change: dict[str, int], bits: dict[int, int]) -> None:
    expected = [1 << bits[n] if n in bits else 0 for n in range(1, 8)]
    assert words(meter(**change)) == expected


def test_a_phase_without_voltage_and_current_is_lost_and_one_with_current_is_low() -> None:
    low, loss, gone = 1 << 1, 1 << 0, 1 << 7
    assert words(meter(ua=5000, ia=0))[3] == low | gone
    assert words(meter(ua=5000, ia=5000))[3] == low | loss


def test_word_3_shows_the_key_and_the_block_is_all_seven() -> None:
    bench = meter()
    bench.meter.key = True  # type: ignore[attr-defined]
    assert words(bench) == [0, 0, 1 << 3, 0, 0, 0, 0]
    # digits come highest first: word 7 before word 1
    assert value(bench, "040005FF") == "0000" * 4 + "0008" + "0000" * 2


def test_a_single_phase_meter_has_no_word_of_the_phases_it_has_not() -> None:
    shown = words(meter(1, ua=26_461, ub=0, uc=0))
    assert shown == [0, 0, 0, 1 << 2, 0, 0, 0]
